"""Words of English that stand for one another: inflected, derived, or just another word for it."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

_IRREGULAR_WORDS = """
people:person children:child men:man women:woman wives:wife taxa:taxon media:medium medias:medium
criteria:criterion genera:genus phyla:phylum born:birth died:death die:death dead:death wrote:write
written:write won:win sang:sing sung:sing spoke:speak spoken:speak led:lead made:make held:hold
bought:buy built:build taught:teach chose:choose flew:fly organisation:organization
organisations:organization programme:program programmes:program theatre:theater centre:center
"""
_IRREGULAR: Mapping[str, str] = dict(pair.split(":") for pair in _IRREGULAR_WORDS.split())
_UNCHANGED = frozenset({"species", "series", "news", "physics", "mathematics"})
# Taken off one after another, the longest first, so that "administrative" and "administration", "territory"
# and "territorial" meet. Taking too much costs rank only: the parser chooses.
_SUFFIX_TEXT = """
ically ations ation ators ator ative ional ments ment ings ing ities ity ists ist isms ism ials ial
ively ives ive ions ion ally als al ably ibly able ible ances ance ences ence ants ant ents ent ers er
ors or edly ed ies ied iers ier ous ness ly ic ics es s y e i
"""
_SUFFIXES = sorted(_SUFFIX_TEXT.split(), key=len, reverse=True)
_INFLECTIONS = frozenset({"ed", "ing", "er"})

SYNONYMS: Mapping[str, tuple[str, ...]] = {
    "who": ("human", "person"),
    "whom": ("human", "person"),
    "person": ("human",),
    "man": ("human",),
    "woman": ("human",),
    "movie": ("film",),
    "film": ("movie",),
    "show": ("television series", "television program"),
    "series": ("television series",),
    "book": ("literary work", "written work", "novel"),
    "song": ("single", "musical work"),
    "country": ("sovereign state", "state"),
    "company": ("business", "enterprise", "organization"),
    "firm": ("business",),
    "town": ("human settlement", "city"),
    "village": ("human settlement",),
    "where": ("geographic location", "human settlement"),
    "place": ("geographic location", "human settlement"),
    "event": ("occurrence",),
    "team": ("sports team", "sports club"),
    "club": ("association football club", "sports club"),
    "band": ("musical group", "musical ensemble"),
    "party": ("political party",),
    "job": ("occupation", "profession"),
    "school": ("educational institution",),
    "university": ("higher education institution",),
    "prize": ("award",),
    "species": ("taxon",),
    "illness": ("disease",),
    "gender": ("sex", "sex or gender"),
    "dad": ("father",),
    "mom": ("mother",),
    "mum": ("mother",),
    "husband": ("spouse",),
    "wife": ("spouse",),
    "married": ("spouse",),
    "marry": ("spouse",),
    "kid": ("child",),
    "son": ("child",),
    "daughter": ("child",),
    "brother": ("sibling",),
    "sister": ("sibling",),
    "starred": ("cast member",),
    "starring": ("cast member",),
    "star": ("cast member",),
    "actor": ("cast member",),
    "actress": ("cast member",),
    "wrote": ("author", "screenwriter"),
    "written": ("author", "screenwriter"),
    "sang": ("performer",),
    "singer": ("performer",),
    "released": ("publication date",),
    "came out": ("publication date",),
    "come out": ("publication date",),
    "premiered": ("publication date",),
    "born": ("place of birth", "date of birth"),
    "died": ("place of death", "date of death", "cause of death"),
    "founded": ("founded by", "inception"),
    "old": ("date of birth",),
    "tall": ("height",),
    "long": ("duration", "length"),
    "won": ("award received", "winner"),
    "played": ("cast member", "member of sports team"),
    "plays": ("cast member", "member of sports team"),
    "located": ("country", "located in the administrative territorial entity"),
    "nationality": ("country of citizenship",),
}
"""A handful of everyday words, or pairs of words, -> labels that they may stand for."""


_NATIONALITY_WORDS = """
afghan:Afghanistan albanian:Albania algerian:Algeria american:United_States argentine:Argentina
argentinian:Argentina armenian:Armenia australian:Australia austrian:Austria azerbaijani:Azerbaijan
bangladeshi:Bangladesh belarusian:Belarus belgian:Belgium bolivian:Bolivia
bosnian:Bosnia_and_Herzegovina brazilian:Brazil british:United_Kingdom bulgarian:Bulgaria
cambodian:Cambodia cameroonian:Cameroon canadian:Canada chilean:Chile chinese:China colombian:Colombia
congolese:Congo croatian:Croatia cuban:Cuba cypriot:Cyprus czech:Czech_Republic danish:Denmark
dutch:Netherlands ecuadorian:Ecuador egyptian:Egypt english:England estonian:Estonia ethiopian:Ethiopia
finnish:Finland french:France georgian:Georgia german:Germany ghanaian:Ghana greek:Greece
hungarian:Hungary icelandic:Iceland indian:India indonesian:Indonesia iranian:Iran iraqi:Iraq
irish:Ireland israeli:Israel italian:Italy jamaican:Jamaica japanese:Japan jordanian:Jordan kenyan:Kenya
korean:South_Korea latvian:Latvia lebanese:Lebanon libyan:Libya lithuanian:Lithuania malaysian:Malaysia
maltese:Malta mexican:Mexico mongolian:Mongolia moroccan:Morocco nepalese:Nepal nigerian:Nigeria
norwegian:Norway pakistani:Pakistan palestinian:Palestine peruvian:Peru philippine:Philippines
filipino:Philippines polish:Poland portuguese:Portugal romanian:Romania russian:Russia scottish:Scotland
serbian:Serbia singaporean:Singapore slovak:Slovakia slovenian:Slovenia somali:Somalia spanish:Spain
sudanese:Sudan swedish:Sweden swiss:Switzerland syrian:Syria taiwanese:Taiwan thai:Thailand
tunisian:Tunisia turkish:Turkey ukrainian:Ukraine uruguayan:Uruguay venezuelan:Venezuela
vietnamese:Vietnam welsh:Wales
"""
NATIONALITIES: Mapping[str, str] = dict(
    pair.replace("_", " ").split(":") for pair in _NATIONALITY_WORDS.split()
)
"""Adjective -> country."""


def singular(word: str) -> str:
    """A noun in its singular, as well as endings tell it.

    >>> singular("countries"), singular("people"), singular("films")
    ('country', 'person', 'film')
    """
    if word in _UNCHANGED:
        return word
    word = _IRREGULAR.get(word, word)
    if word.endswith("ies") and len(word) > 4 and word != "movies":
        return word[:-3] + "y"
    if word.endswith(("ches", "shes", "sses", "xes")):
        return word[:-2]
    return word[:-1] if word.endswith("s") and not word.endswith(("ss", "us", "is")) else word


@lru_cache(maxsize=50_000)
def stem(word: str) -> str:
    """A crude stem of a lower-case word: only good for comparing with other stems.

    >>> stem("territories") == stem("territorial"), stem("films") == stem("film")
    (True, True)
    """
    if word in _UNCHANGED:
        return word
    word = singular(word)
    shorter = True
    while shorter:
        shorter = False
        for suffix in _SUFFIXES:
            least = 3 if suffix in _INFLECTIONS else 5 if len(suffix) > 2 else 4
            if not word.endswith(suffix) or len(word) - len(suffix) < least:
                continue
            if suffix == "s" and word.endswith(("ss", "us", "is")):
                continue
            word, shorter = word[: -len(suffix)], True
            if suffix in _INFLECTIONS and word[-1] == word[-2] and word[-1] not in "ls":
                word = word[:-1]  # "winner", "planned"
            break
    return word
