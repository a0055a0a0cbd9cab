"""What is said of many, in relation to others: "directed {n'}", "were directed by {n'}", "did {n} direct".

Read off the wording of a relation: its templates are questions, and a question for one end says how the
other end is spoken of. So every relation that can be asked about at all can be counted with, both ways,
whether its wording is the table's or made of its label.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from kgqa.synthesis.english import RelationWording, expansions
from kgqa.synthesis.value_labels import PREPOSITIONS, as_many
from kgqa.synthesis.verbs import of_base, participle, taken_as_base, third_person

_SLOT = re.compile(r"\{n'?\}")
_AT = rf"(?:{'|'.join(PREPOSITIONS)}|by|from|of|with|about|next to|part of|out of|against|under|than)"
_BARE = re.compile(rf"^(?:are |were )?(?:{'|'.join(PREPOSITIONS)}|by|of) \{{n'?\}}$")
_BEFORE_NO_AMOUNT = re.compile(
    r"^(?:of|with|are of)\b|\b(?:about|include) \{n'?\}|^(?:are|were) \{n'?\}( a)?$"
)
_FOR_ONE = re.compile(
    r"(?:\b(?:a|an|the|its|series|genre|character|track|surname|continents?|zone)|whose [\w ]+) \{n'?\}"
)
_TO_BE = {"is": "are", "was": "were", "are": "are", "were": "were"}
_HELPERS = ("did ", "do ", "does ", "has ", "is ", "was ", "can ")
_NO_VERB = ("have", "ever", "also", "originally")
_ONE = {"are": "is", "were": "was", "have": "has", "do": "does", "did": "did"}
_SETTLED = {"located", "based", "situated", "kept", "married", "set", "known", "found", "spoken", "used"}
"""Participles of what lasts: "are located", where of others it is "were directed" as well."""
_ACTS = re.compile(
    r"^(?:stud|graduat|play|work|appear|participat|compet|liv|resid|serv|di|belong)(?:i?ed|d)$"
)
"""Participles of what somebody does, not of what is done to them: "studied at"."""
_ODD = re.compile(
    r"^(?:is|has|have|was|were|where|who|what|when|how|which|from|does|do|on|in|at|by|for|of|to|same|after|"
    r"applies|belongs|season|within|next)\b|\b(?:by|in|of|at|for|to|with|from|on|after|as|is|won|starring|under|over)$"
    r"|^[A-Z]{1,3}$|\bor\b|[(),]|^\w+ \w+ed$"
)


@dataclass(frozen=True)
class Phrase:
    """``text`` said of many, ``one`` said of one (or nothing); ``{n}`` and ``{n'}`` are for the others.

    ``kind`` and ``template`` are what it was made of: a template of the wording, its choices made.
    """

    text: str
    one: str
    kind: str
    template: str

    @property
    def loose(self) -> bool:
        """Whether it says little of the relation: "in {n'}"."""
        return _BARE.match(self.text.removeprefix("that ")) is not None

    @property
    def single(self) -> bool:
        """Whether the others can only be one: "the genre {n}"."""
        return _FOR_ONE.search(self.text) is not None

    @property
    def uncounted(self) -> bool:
        """Whether an amount cannot stand in it: "about {n'}" says "around" as well."""
        return self.single or (_BEFORE_NO_AMOUNT.search(self.text) is not None and " as " not in self.text)


@dataclass(frozen=True)
class Phrases:
    """What is said of those at one end of a relation.

    verbs    predicate: "directed {n'}", "have {n'} as director"
    clauses  stands behind a noun: "directed by {n'}", "that {n} directed"
    fronted  stands behind a noun that is asked for: "did {n} direct"
    """

    verbs: tuple[Phrase, ...] = ()
    clauses: tuple[Phrase, ...] = ()
    fronted: tuple[Phrase, ...] = ()


@dataclass
class _Found:
    """Phrases while they are gathered, by their text."""

    verbs: dict[str, Phrase] = field(default_factory=dict)
    clauses: dict[str, Phrase] = field(default_factory=dict)
    fronted: dict[str, Phrase] = field(default_factory=dict)

    def add(self, where: dict[str, Phrase], text: str, one: str, source: tuple[str, str]) -> None:
        text = re.sub(r"\s+", " ", text).strip()
        noun = re.search(r" as (?:the |their |its |a |an )?([^{}]+)$", text)
        if noun and not is_noun(noun[1]):
            return
        if len(_SLOT.findall(text)) == 1 and "{" not in _SLOT.sub("", text):
            where.setdefault(text, Phrase(text, one, *source))

    def verb(self, text: str, source: tuple[str, str], one: str | None = None) -> None:
        self.add(self.verbs, text, said_of_one(text) if one is None else one, source)

    def clause(self, text: str, source: tuple[str, str]) -> None:
        said = re.match(r"^that (?!\{)(.+)$", text)
        one = f"that {said_of_one(said[1])}" if said else text.replace(" among their ", " among its ")
        self.add(self.clauses, text, one, source)

    def front(self, text: str, source: tuple[str, str]) -> None:
        first, _, rest = text.partition(" ")
        if first in _ONE:
            self.add(self.fronted, text, f"{_ONE[first]} {rest}", source)

    def done(self) -> Phrases:
        return Phrases(tuple(self.verbs.values()), tuple(self.clauses.values()), tuple(self.fronted.values()))


def phrases_of(
    wording: RelationWording, *, nouns: Sequence[str] = (), labels: Sequence[str] = ()
) -> tuple[Phrases, Phrases]:
    """What is said of a relation's subjects, and of its objects.

    Args:
        nouns: words for the object, "director".
        labels: what the relation is called; read where it is no noun ("located on terrain feature").

    >>> row = RelationWording("director", "directors", {"back": ("Which {T} did {y} direct?",)})
    >>> subjects, objects = phrases_of(row)
    >>> subjects.fronted[0].text, objects.verbs[0].text, objects.verbs[0].one
    ('did {n} direct', "directed {n'}", "directed {n'}")
    """
    subjects, objects = _Found(), _Found()
    for kind, reader in (("that", _from_that), ("back", _from_back), ("ask", _from_ask), ("is", _from_is)):
        for template in wording[kind]:
            for text in expansions(template):
                reader(text, (kind, text), subjects, objects)
    for label in labels:
        _from_label(label, subjects)
    for place, noun in enumerate(n for n in dict.fromkeys(nouns) if is_noun(n)):
        _from_noun(noun, subjects, objects, first=place == 0)
    for found, other in ((list(subjects.verbs.values()), objects), (list(objects.verbs.values()), subjects)):
        for phrase in found:
            fronted = put_first(phrase.text)
            if fronted and not (phrase.kind == "noun" and other is subjects):
                other.front(fronted, (phrase.kind, phrase.template))
    for found_here in (subjects, objects):
        for phrase in list(found_here.verbs.values()):
            if phrase.kind != "noun" and phrase.one:
                found_here.clause(f"that {phrase.text}", (phrase.kind, phrase.template))
    return subjects.done(), objects.done()


def is_noun(label: str) -> bool:
    """Whether a label is a noun: not "applies to jurisdiction" or "spoken in", but "given name"."""
    first, _, rest = label.partition(" ")
    if _ODD.search(label) or third_person(first) is not None:
        return False
    verb = participle(first)
    if verb is not None and first == verb.past != verb.participle:
        return False  # "took part"
    return not (_is_only_participle(first) and (not rest or re.match(rf"{_AT}\b", rest) is not None))


# --- what is said of many, of one, not, and as a question --------------------------------------------------


def said_of_one(text: str) -> str:
    """``borders {n'}`` for "border {n'}"; nothing where the verb is not known.

    >>> said_of_one("are members of {n'}"), said_of_one("wrote {n'}"), said_of_one("border {n'}")
    ("is a member of {n'}", "wrote {n'}", "borders {n'}")
    """
    first, space, rest = text.partition(" ")
    some = re.match(r"(\w+[^s])s of \{", rest)
    if some and first in ("are", "were"):  # "are citizens of"
        a = "an" if some[1][0] in "aeio" else "a"
        return f"{_ONE[first]} {a} {some[1]} of {rest.partition(' of ')[2]}"
    if first in _ONE:
        return _ONE[first] + space + rest
    base = of_base(first)
    if base is not None and base.base != base.past:
        return base.third + space + rest
    return text if participle(first) is not None else ""


def put_first(text: str) -> str:
    """The predicate with the others in front of it: ``did {n} direct`` for "directed {n'}", or nothing.

    >>> put_first("were directed by {n'}"), put_first("have {n'} as director"), put_first("directed {n'}")
    ('were {n} directed by', 'do {n} have as director', 'did {n} direct')
    """
    helper, base, rest = _taken_apart(text)
    rest = _SLOT.sub("", rest)
    behind = re.search(r"\b(?:the|a|an) \w+$", rest.strip()) is not None and text.endswith("}")
    if not helper or behind or re.match(r"^(?:the|a|an) ", rest.strip()):
        return ""
    fronted = re.sub(r"\s+", " ", f"{helper} {{n}} {base} {rest}").strip()
    return "" if re.search(r" (?:a|an|the)$", fronted) else fronted


def denied(text: str) -> str:
    """``did not direct {n'}`` for "directed {n'}"; nothing where the verb is not known."""
    helper, base, rest = _taken_apart(text)
    return re.sub(r"\s+", " ", f"{helper} not {base} {rest}").strip() if helper else ""


def asked(one: str, who: str) -> str:
    """``did X direct {n'}`` for "directed {n'}" said of one; nothing where the verb is not known."""
    helper, base, rest = _taken_apart(one)
    return re.sub(r"\s+", " ", f"{helper} {who} {base} {rest}").strip() if helper else ""


def _taken_apart(text: str) -> tuple[str, str, str]:
    """Helping verb, the verb's base where there is one, and what is left."""
    first, _, rest = text.partition(" ")
    if first in ("are", "were", "is", "was", "did", "do", "does"):
        return first, "", rest
    if first in ("have", "has"):
        return ("do" if first == "have" else "does"), "have", rest
    base = of_base(first)
    if base is not None and base.base != base.past:
        return "do", base.base, rest
    verb = participle(first)
    if verb is not None and verb.past == first:
        return "did", verb.base, rest
    shown = third_person(first)
    return ("does", shown.base, rest) if shown is not None else ("", "", "")


def _is_only_participle(word: str) -> bool:
    return participle(word) is not None and of_base(word) is None


# --- reading templates -----------------------------------------------------------------------------------


def _from_that(text: str, source: tuple[str, str], subjects: _Found, objects: _Found) -> None:
    """``directed by {y'}``, ``that border {y'}``, ``that {y} directed``."""
    text = text.replace("{y'}", "{n'}").replace("{y}", "{n}")
    relative = re.match(r"^(?:(?:that|who) )?\{n\} (\w+)( .+)?$", text)
    if relative:
        verb, rest = participle(relative[1]), relative[2] or ""
        if verb is not None and verb.past == relative[1] and "{" not in rest:
            subjects.clause(f"that {{n}} {relative[1]}{rest}", source)
            objects.verb(f"{relative[1]}{rest} {{n'}}", source)
            subjects.front(f"did {{n}} {verb.base}{rest}", source)
        return
    said = re.match(r"^(?:that|who) (.+)$", text)
    if said:
        subjects.verb(said[1].replace("{n}", "{n'}"), source)
        return
    first = text.split(" ", 1)[0]
    text = text.replace("{n}", "{n'}")
    if first in ("whose", "where", "in", "from", "on", "to") and not re.match(r"^\w+ \{n'\}$", text):
        return  # "whose capital is", "in which": of one only
    if participle(first) is not None or first in ("part", "next", "about", "famous", "together"):
        subjects.clause(text, source)
        for be in ("are",) if first in _SETTLED or participle(first) is None else ("are", "were"):
            subjects.verb(f"{be} {text}", source)
    elif first == "with":
        subjects.clause(text, source)
        if re.search(r" (?:as|by) ", text):
            subjects.verb("have" + text.removeprefix("with"), source)
    elif re.match(r"[a-z]+ing ", text):
        subjects.clause(text, source)
    elif _BARE.match(text):
        subjects.clause(text, source)
        if first != "of":
            subjects.verb(f"are {text}", source)


def _from_back(text: str, source: tuple[str, str], subjects: _Found, objects: _Found) -> None:
    """``Which {T} did {y} direct?``, ``Which {T} were directed by {y'}?``"""
    active = re.match(r"^(?:Which \{T\}|What \{T\}|What) (did|does) \{y\} (\w+)( [^{}]+)?\?$", text)
    if active:
        rest = active[3] or ""
        if active[2] in _NO_VERB or _is_only_participle(active[2]):
            return
        verb = taken_as_base(active[2])
        subjects.front(f"{'did' if active[1] == 'did' else 'do'} {{n}} {active[2]}{rest}", source)
        objects.verb(f"{verb.past if active[1] == 'did' else verb.base}{rest} {{n'}}", source)
        return
    passive = re.match(r"^(?:Which|What) \{T\} ([^{}]+ \{y'?\}[^{}]*)\?$", text)
    if passive and not passive[1].startswith(_HELPERS):
        said = passive[1].replace("are there ", "are ")
        subjects.verb(re.sub(r"\{y'?\}", "{n'}", said), source)


def _from_ask(text: str, source: tuple[str, str], subjects: _Found, objects: _Found) -> None:
    """``Who directed {x'}?``, ``Which genre does {x} belong to?``"""
    doing = re.match(r"^(?:Who|What) (\w+)( [^{}]+)? \{x'\}\?$", text)
    if doing and participle(doing[1]) is not None and doing[1] not in ("did", "was", "is"):
        objects.verb(f"{doing[1]}{doing[2] or ''} {{n'}}", source)
        return
    done = re.match(r"^(?:What|Which|Who|Whom)( [^{}]+)? (did|does) \{x\} (\w+)( [^{}]+)?\?$", text)
    if done and done[3] != "have" and " of " not in (done[1] or ""):
        verb, rest = taken_as_base(done[3]), done[4] or ""
        if rest and not re.fullmatch(rf" {_AT}", rest):
            return
        objects.front(f"{'did' if done[2] == 'did' else 'do'} {{n}} {done[3]}{rest}", source)
        subjects.verb(f"{verb.past if done[2] == 'did' else verb.base}{rest} {{n'}}", source)


def _from_is(text: str, source: tuple[str, str], subjects: _Found, objects: _Found) -> None:
    """``Did {y} direct {x'}?``, ``Was {x} directed by {y'}?``"""
    match = re.match(r"^(Did|Does|Is|Was) \{([xy])\} (\w+)( [^{}]+)? \{([xy])'?\}( as [\w ]+)?\?$", text)
    if match is None or match[2] == match[5]:
        return
    found, first, rest = (subjects if match[2] == "x" else objects), match[3], match[4] or ""
    after = match[6] or ""
    if match[1] in ("Did", "Does"):
        verb = taken_as_base(first)
        if first == "have" and after:
            found.verb(f"have{rest} {{n'}}{after}", source)
        elif first not in _NO_VERB:
            found.verb(f"{verb.past if match[1] == 'Did' else verb.base}{rest} {{n'}}{after}", source)
    elif participle(first) is not None and rest:
        found.verb(f"{_TO_BE[match[1].lower()]} {first}{rest} {{n'}}{after}", source)
        found.clause(f"{first}{rest} {{n'}}{after}", source)


def _from_label(label: str, subjects: _Found) -> None:
    """``located on terrain feature``, ``indigenous to``, ``applies to jurisdiction``."""
    source = ("label", label)
    match = re.fullmatch(rf"(?:is |was |are |were )?(\w+) ({_AT})(?: \w+){{0,2}}(?: \(\w+\))?", label)
    if match is None:
        return
    first, at = match[1], match[2]
    shown = third_person(first)
    if _ACTS.match(first):
        subjects.verb(f"{first} {at} {{n'}}", source)
    elif participle(first) is not None and at != "of":
        subjects.clause(f"{first} {at} {{n'}}", source)
        subjects.verb(f"are {first} {at} {{n'}}", source)
    elif shown is not None:
        subjects.verb(f"{shown.base} {at} {{n'}}", source)
    elif at == "to" and re.search(r"(?:ous|ic|ive|ent|al)$", first):
        subjects.clause(f"{first} to {{n'}}", source)
        subjects.verb(f"are {first} to {{n'}}", source)


def _from_noun(noun: str, subjects: _Found, objects: _Found, *, first: bool) -> None:
    """``have {n'} as director``, ``are the director of {n'}``"""
    source = ("noun", noun)
    for verb, one in (("have", "has"), ("list", "lists"), ("show", "shows"), ("name", "names"))[
        : 1 + 3 * first
    ]:
        subjects.verb(f"{verb} {{n'}} as {noun}", source, f"{one} {{n'}} as {noun}")
    subjects.verb(f"have {{n'}} as their {noun}", source, f"has {{n'}} as its {noun}")
    subjects.clause(f"with {{n'}} as {noun}", source)
    subjects.clause(f"whose {noun} is {{n'}}", source)
    subjects.clause(f"that have {{n'}} as {noun}", source)
    subjects.front(f"are {{n}} the {noun} of", source)
    objects.verb(f"are the {noun} of {{n'}}", source)
    if participle(noun.split(" ")[-1]) is None:  # but no "languages spokens"
        many = as_many(noun)
        objects.verb(f"are {many} of {{n'}}", source, f"is the {noun} of {{n'}}")
        if first:
            objects.verb(f"are among the {many} of {{n'}}", source)
            subjects.verb(f"have {{n'}} among their {many}", source, f"has {{n'}} among its {many}")
            subjects.clause(f"with {{n'}} among their {many}", source)
            subjects.clause(f"whose {many} include {{n'}}", source)
    objects.clause(f"that are the {noun} of {{n'}}", source)
    if first:
        objects.verb(f"are listed as {noun} of {{n'}}", source)
        objects.clause(f"listed as {noun} of {{n'}}", source)
        for verb in ("recorded", "given", "named"):
            objects.verb(f"are {verb} as {noun} of {{n'}}", source)
            objects.clause(f"{verb} as {noun} of {{n'}}", source)
    objects.front(f"do {{n}} have as {noun}", source)
