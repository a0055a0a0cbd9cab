"""English for synthesis: the table of wordings, templates, plurals and pronouns."""

from __future__ import annotations

import random
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from kgqa.synthesis.verbs import third_person

_CHOICE = re.compile(r"\[([^\[\]]*)\]")
_SLOT = re.compile(r"\{([xyzTtvn]'?s?)\}")
_NO_PRONOUN = re.compile(
    r"\b(?:the|a|an|genre|series|continent|character|track|domain|surname|anthem|zone|plays?|speak|spoken) $",
    re.IGNORECASE,
)
_IRREGULAR = {
    "person": "people",
    "human": "humans",
    "child": "children",
    "series": "series",
    "species": "species",
}
_BEHIND_NOUN = re.compile(r"( (?:of|in|for|under|at|on|with|from|by) )")
_VOWEL_START = re.compile(r"\b([Aa]) (?=[aeioAEIO])")
_PLURAL_VERBS = {
    "was": "were",
    "is": "are",
    "does": "do",
    "has": "have",
    "Is": "Are",
    "Was": "Were",
    "Does": "Do",
    "Has": "Have",
    "Isn't": "Aren't",
    "Wasn't": "Weren't",
    "Doesn't": "Don't",
    "Hasn't": "Haven't",
}
_SINGULAR_CLAUSE = re.compile(
    r"^(that|who) (are|have|border|play|speak|use|follow|belong|contain|include|take|live|work|last|cost)\b"
)


_MAY_MEAN_ANOTHER = ("that", "max", "min", "more", "less", "last", "early")


@dataclass(frozen=True)
class Name:
    """How something is called at one place of a dialogue: subject, object and possessive case."""

    subject: str
    object: str
    possessive: str
    plural: bool = False
    full: str = ""  # for where no pronoun can stand: "the genre it"

    @classmethod
    def of(cls, text: str, *, plural: bool = False) -> Name:
        """A name that is the same in every case."""
        return cls(text, text, text + ("'" if text.endswith("s") and plural else "'s"), plural)


HE = Name("he", "him", "his")
SHE = Name("she", "her", "her")
IT = Name("it", "it", "its")
THEY = Name("they", "them", "their", plural=True)


@dataclass(frozen=True)
class RelationWording:
    """What the table says of one relation; the nouns may be empty, ``templates`` holds every kind of them.

    ``called`` are other nouns for the object: a book's author is its writer, too. ``only`` has words that
    are said of subjects of some types alone: a film plays no music.
    """

    noun: str
    nouns: str
    templates: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    called: tuple[str, ...] = ()
    only: Mapping[str, frozenset[str]] = field(default_factory=dict)
    own: bool = False
    only_for: tuple[str, ...] = ()
    holder: bool = False

    def __getitem__(self, kind: str) -> tuple[str, ...]:
        return self.templates.get(kind, ())


@dataclass(frozen=True)
class Wordings:
    """Relations and types by name.

    ``shared``: kind of template -> a template that several relations have -> these with its kind there, the
    first one of which it means wherever an entity has it ("Where is she from?", "Who are its members?").
    ``alike``: label of some other graph's relation, and what that leads to -> the relation worded alike.
    ``same_noun``: a noun -> the relations whose object is called so, the first one of which it means.
    ``roles``: an occupation -> what somebody with it is spoken of as ("the player").
    ``groups``: types whose members are several people, so that "they" is said of them.
    ``popular``: types whose members people chat about, more often than about others.
    """

    relations: Mapping[str, RelationWording]
    types: Mapping[str, tuple[tuple[str, str], ...]]
    shared: Mapping[str, Mapping[str, tuple[tuple[str, str], ...]]]
    alike: Mapping[tuple[str, str], str]
    same_noun: Mapping[str, tuple[str, ...]]
    roles: Mapping[str, tuple[str, ...]]
    groups: frozenset[str]
    popular: frozenset[str]


_TABLES = ("works", "people", "places", "organisations", "types")
"""Files of the table, in ``wordings/``; of two relations worded alike the one that comes first is meant."""


@cache
def wordings() -> Wordings:
    """The table that comes with kgqa."""
    folder = Path(__file__).with_name("wordings")
    table: dict[str, Any] = {}
    for name in _TABLES:
        table |= tomllib.loads((folder / f"{name}.toml").read_text(encoding="utf-8"))
    roles = {name: tuple(words) for name, words in table.pop("roles").items()}
    groups, popular = (frozenset(table.pop(key)["types"]) for key in ("groups", "popular"))
    types = {name: tuple((one, many) for one, many in words) for name, words in table.pop("types").items()}
    alike = {
        (label, leads): name
        for leads, rows in table.pop("alike").items()
        for name, labels in rows.items()
        for label in labels
    }
    relations = {}
    for name, row in table.items():
        noun = row["noun"]
        lists = {key: tuple(texts) for key, texts in row.items() if isinstance(texts, list)}
        called, only_for = lists.pop("called", ()), lists.pop("for", ())
        relations[name] = RelationWording(
            noun,
            row.get("nouns", plural(noun)),
            lists,
            called,
            {word: frozenset(types) for word, types in row.get("only", {}).items()},
            own=row.get("own", False),
            only_for=only_for,
            holder=row.get("holder", False),
        )
    questions = _shared(relations, ("ask", "back", "short"))
    shared = {kind: _shared(relations, (kind,)) for kind in _MAY_MEAN_ANOTHER}
    named: dict[str, list[str]] = {}
    for name, wording in relations.items():
        for noun in (wording.noun, *wording.called):
            named.setdefault(noun, []).append(name)
    same_noun = {noun: tuple(names) for noun, names in named.items() if len(names) > 1}
    shared |= {"ask": questions, "back": questions, "short": questions}
    return Wordings(relations, types, shared, alike, same_noun, roles, groups, popular)


def _shared(
    relations: Mapping[str, RelationWording], kinds: tuple[str, ...]
) -> dict[str, tuple[tuple[str, str], ...]]:
    owners: dict[str, list[tuple[str, str]]] = {}
    for kind in kinds:
        for name, wording in relations.items():
            for text in {skeleton(e) for template in wording[kind] for e in expansions(template)}:
                owners.setdefault(text, []).append((name, kind))
    return {text: tuple(names) for text, names in owners.items() if len(names) > 1}


def plural(noun: str) -> str:
    """The plural of an English noun phrase, by rule.

    >>> plural("city"), plural("country of origin"), plural("town in Ohio")
    ('cities', 'countries of origin', 'towns in Ohio')
    """
    parts = _BEHIND_NOUN.split(noun, maxsplit=1)
    head, of, rest = parts if len(parts) == 3 else (noun, "", "")
    before, space, last = head.rpartition(" ")
    if last.lower() in _IRREGULAR:
        last = _IRREGULAR[last.lower()]
    elif re.search(r"(series|species)$", last) or ((before or of) and re.search(r"([^su]s|men)$", last)):
        pass  # "miniseries", "Academy Awards" are many already
    elif re.search(r"[^aeiou]y$", last):
        last = last[:-1] + "ies"
    elif re.search(r"(s|x|ch|sh)$", last):
        last += "es"
    else:
        last += "s"
    return before + space + last + of + rest


def lowered(label: str) -> str:
    """A type's label as a noun: "Academic Paper" is "academic paper", "VAT rate" stays."""
    return re.sub(r"\b[A-Z](?=[a-z])", lambda match: match[0].lower(), label)


def reads_like(alias: str, words: set[str], is_person: bool) -> bool:
    """Whether an alias is a shorter or, of a person, a fuller form of the label with these words."""
    said = set(re.findall(r"\w+", alias.lower()))
    shared = {word for word in said & words if len(word) > 2}
    return bool(shared) and (said < words or (is_person and len(said - words) <= 2))


_SIGNS = "[]|{}"
_AS_WORDS = str.maketrans(_SIGNS, "\ue000\ue001\ue002\ue003\ue004")
_AS_SIGNS = {said: chr(sign) for sign, said in _AS_WORDS.items()}


def literally(text: str) -> str:
    """The text as a part of a template that says just this: its brackets are no choices and no slots.

    >>> fill(literally("[REC|2]") + " by {x'}", random.Random(1), x=HE)
    '[REC|2] by him'
    """
    return text.translate(_AS_WORDS)


def without_signs(label: str) -> str:
    """A label that is to be a word of templates, without what is a sign in them: a noun has no brackets."""
    return re.sub(r"\s+", " ", label.translate(dict.fromkeys(map(ord, _SIGNS), " "))).strip()


def expand(template: str, rng: random.Random) -> str:
    """The template with one of each of its choices taken."""
    while (match := _CHOICE.search(template)) is not None:
        taken = rng.choice(match.group(1).split("|"))
        template = template[: match.start()] + taken + template[match.end() :]
    return template


def expansions(template: str) -> list[str]:
    """The template in all its choices, spaces made single."""
    match = _CHOICE.search(template)
    if match is None:
        return [re.sub(r"\s+", " ", template).strip()]
    start, end = template[: match.start()], template[match.end() :]
    return [e for taken in match.group(1).split("|") for e in expansions(start + taken + end)]


def skeleton(template: str) -> str:
    """What is left of a template to compare: one slot for both ends and for pronouns, no "and" before it.

    >>> skeleton("And who wrote it?"), skeleton("Who wrote {x'}?")
    ('who wrote {e}?', 'who wrote {e}?')
    """
    text = re.sub(
        r"\{[xy]'?(s?)\}|\b(?:it|they|them)\b", lambda m: "{e's}" if m[1] else "{e}", template.lower()
    )
    text = re.sub(r"^and (?=\w+ \S)", "", re.sub(r"\s+", " ", text).strip())
    return re.sub(r"^(who|what|where)'s ", r"\1 is ", text)


def fill(template: str, rng: random.Random, /, **names: Name | str) -> str:
    """Make one of a template's choices and put the names in; a sentence gets its capital letter later."""
    text = expand(template, rng)

    def put(match: re.Match[str]) -> str:
        slot = match.group(1)
        given = names[slot[0]]
        if isinstance(given, str):
            return given
        if given.full and _NO_PRONOUN.search(text, 0, match.start()):
            return given.full + ("'s" if slot.endswith("s") else "")
        return (
            given.possessive if slot.endswith("s") else given.object if slot.endswith("'") else given.subject
        )

    text = _SLOT.sub(put, text)
    for given in names.values():
        if isinstance(given, Name) and given.plural:
            text = _agree(text, given)
    return tidy(text).translate(_AS_SIGNS)


def tidy(text: str) -> str:
    """With single spaces, none before a mark, "an" before a vowel and no "the it"."""
    text = re.sub(r" +(?=[?.,])", "", re.sub(r"\s+", " ", text)).strip()
    text = re.sub(r"(?<!\.)\.\.(?!\.)", ".", text)  # "F.C.."
    text = re.sub(r"\ban? (?=(?:the|that|this) )", "", text)
    text = re.sub(r"\b[Tt]he ([Tt]he|that|this|it|he|she|him|her|they|them)\b", r"\1", text)
    return _VOWEL_START.sub(lambda match: f"{match.group(1)}n ", text)


def _agree(text: str, name: Name) -> str:
    """Verbs beside a plural name: "was they" becomes "were they"."""
    said = re.escape(name.subject)
    verbs = "|".join(_PLURAL_VERBS)
    text = re.sub(rf"\b({verbs}) (?={said}\b)", lambda m: _PLURAL_VERBS[m.group(1)] + " ", text)
    text = re.sub(rf"\b(\w+)'s (?={said}\b)", r"\1 are ", text)  # "Where's they"
    text = re.sub(rf"(?<={said} )({verbs})\b", lambda m: _PLURAL_VERBS[m.group(1)], text, count=1)
    return re.sub(rf"(?<=\b{said} )(\w+s)\b", _said_of_many, text, count=1)


def _said_of_many(match: re.Match[str]) -> str:
    """``play`` for "plays" behind a plural name."""
    verb = third_person(match[1])
    return verb.base if verb is not None else match[1]


def singular_clause(clause: str) -> str:
    """The clause after one instead of many: "that border France" becomes "that borders France"."""

    def put(match: re.Match[str]) -> str:
        verb = {"are": "is", "have": "has"}.get(match.group(2), match.group(2) + "s")
        return f"{match.group(1)} {verb}"

    return _SINGULAR_CLAUSE.sub(put, clause)


def sentence(text: str) -> str:
    """With a capital letter in front."""
    return text[:1].upper() + text[1:]


_NO_CLAUSE = r"(?!(?:that|which|who|whom|are|is|was|were|listed|with)\b|of the\b)[\w'-]+"
_OF_PRONOUN = re.compile(
    rf"\b[Tt]he ({_NO_CLAUSE}(?: {_NO_CLAUSE}){{0,5}}?) of (him|her|it|them)\b(?! and| or)"
)
_POSSESSIVES = {"him": "his", "her": "her", "it": "its", "them": "their"}


def with_possessive(text: str) -> str:
    """``her father`` for "the father of her"."""
    return _OF_PRONOUN.sub(lambda match: f"{_POSSESSIVES[match.group(2)]} {match.group(1)}", text)
