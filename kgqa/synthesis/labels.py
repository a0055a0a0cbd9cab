"""How one asks about a relation of which only its label is known, and what it leads to.

A label is read as one of a few patterns: "created by", "kept in", "student of", "in country", "depicts"
(and of values "opened on", "year completed", "annual visitors": ``value_labels``), anything else as a noun.
The templates are those of ``wordings``.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

from kgqa.synthesis.english import RelationWording, plural, without_signs
from kgqa.synthesis.value_labels import PLACING, PREPOSITIONS, Templates, as_many, dated, measured
from kgqa.synthesis.verbs import participle, third_person

Leads: TypeAlias = Literal["people", "places", "things", "times", "amounts", "texts"]


KIND = RelationWording(
    "type",
    "types",
    {
        "ask": ("What is {x}?", "What [kind|sort] of thing is {x}?", "What is the type of {x'}?"),
        "is": ("Is {x} a {y}?",),
    },
)
"""The wording of what says of a thing what it is."""


@dataclass(frozen=True)
class Ends:
    """What a relation leads to; ``word`` is the one type of all objects, if they have one.

    ``own_kind`` says that the subjects are of that type too: no "employee of an employee"; ``somebody`` that
    one asks who it is although it is no person ("Who is the publisher?").
    """

    leads: Leads = "things"
    word: str = ""
    own_kind: bool = False
    somebody: bool = False


def words_for(label: str, ends: Ends) -> RelationWording:
    """The wording of a relation, made of its label.

    >>> words_for("kept in", Ends("places", "museum"))["ask"][0]
    'Where [is|was] {x} kept?'
    """
    label = bare(label)
    if ends.leads == "times":
        return dated(label)
    if ends.leads == "amounts":
        return measured(label)
    if ends.leads == "texts":
        return RelationWording(label, plural(label), noun_templates(label, ends))
    for read in (_by_somebody, _somewhere, _one_of, _in_something, _doing, _being):
        found = read(label, ends)
        if found is not None:
            noun = "" if ends.own_kind else ends.word
            if read is _by_somebody:
                noun = _doer(label)
            return RelationWording(noun, plural(noun) if noun else "", found, own=read is _by_somebody)
    return RelationWording(label, as_many(label), noun_templates(label, ends))


def bare(label: str) -> str:
    """A label without brackets and the verb that only joins: "has skill", "is a part of"."""
    return re.sub(r"^(?:is|was|are|were|has been|has|have)(?: an?| the)? (?=\w)", "", without_signs(label))


def is_noun(label: str, ends: Ends) -> bool:
    """Whether a label is read as a noun."""
    if ends.leads in ("amounts", "texts"):
        return True
    patterns: tuple[Callable[[str, Ends], Templates | None], ...]
    patterns = (_by_somebody, _somewhere, _one_of, _in_something, _doing, _being)
    return not any(read(label, ends) for read in patterns)


def _who(ends: Ends) -> str:
    return "Who" if ends.leads == "people" else "[Who|What]" if ends.somebody else "What"


def _of_type(ends: Ends) -> str:
    return f"[Which|What] {ends.word}" if ends.word else _who(ends)


def _doer(label: str) -> str:
    """``creator`` for "created by"."""
    verb = participle(label.removesuffix(" by"))
    assert verb is not None
    base = verb.base.removesuffix("e")
    return base + ("or" if base.endswith(("at", "ct", "dit", "ent", "sor")) else "er")


# --- relations to entities ------------------------------------------------------------------------------


def _by_somebody(label: str, ends: Ends) -> Templates | None:
    """``created by``."""
    match = re.fullmatch(r"(\w+) by", label)
    verb = participle(match[1]) if match else None
    if verb is None:
        return None
    done, did = verb.participle, verb.past
    who = "Who" if ends.leads in ("people", "things") else _of_type(ends)
    return {
        "ask": (
            f"{who} {did} {{x'}}?",
            f"{who} {did} {{x'}}?",
            f"{who} was {{x}} {done} by?",
            f"By whom was {{x}} {done}?",
            f"{{x}} was {done} by [who|whom]?",
            "Who is {x} by?",
            *((f"Which {ends.word} {did} {{x'}}?",) if ends.word else ()),
        ),
        "short": (f"{done} by who?", f"Who {did} it?", f"And who {did} it?"),
        "back": (
            f"What did {{y}} {verb.base}?",
            f"[Which|What] {{T}} did {{y}} {verb.base}?",
            f"Which {{T}} did {{y}} {verb.base}?",
            f"Which {{T}} were {done} by {{y'}}?",
            f"[List|Name|Show me] [all|the] {{T}} {done} by {{y'}}.",
            f"What {{T}} [has {{y}} {done}|are by {{y'}}]?",
        ),
        "that": (f"{done} by {{y'}}", "by {y'}", f"that {{y}} {did}", f"{{y}} {did}"),
        "is": (f"Did {{y}} {verb.base} {{x'}}?", f"Was {{x}} {done} by {{y'}}?", "Is {x} by {y'}?"),
    }


def _somewhere(label: str, ends: Ends) -> Templates | None:
    """``kept in``, ``exhibited at``, ``translated into``, ``found in taxon``."""
    match = re.fullmatch(rf"(\w+) ({'|'.join(PREPOSITIONS)})(?: ([\w ]+))?", label)
    verb = participle(match[1]) if match else None
    if match is None or verb is None:
        return None
    done, at = verb.participle, match[2]
    if match[3]:
        ends = replace(ends, word=match[3])
    where = ends.leads == "places" or at in ("in", "at", "near", "inside")
    ask = [f"Where [is|was] {{x}} {done}?"] * 2 if where else []
    ask += [f"{_of_type(ends)} [is|was] {{x}} {done} {at}?"]
    ask += [f"[In|At] which {ends.word} [is|was] {{x}} {done}?"] if ends.word and where else []
    ask += [f"{{x}} is {done} [where|{at} what]?"] if where else [f"{{x}} is {done} {at} what?"]
    if where and verb.base in ("keep", "locate", "situate", "hold", "store", "house"):
        ask += ["Where is {x}?", "Where can [I|you] find {x'}?"]
    back = (
        f"What [is|was] {done} {at} {{y'}}?",
        f"[Which|What] {{T}} [are|were] {done} {at} {{y'}}?",
        f"[List|Name|Show me] [all|the] {{T}} {done} {at} {{y'}}.",
        *((f"[Which|What] {{T}} are [there |]{at} {{y'}}?",) * 2 if where else ()),
    )
    that = (f"{done} {at} {{y'}}", f"that are {done} {at} {{y'}}", *((f"{at} {{y'}}",) if where else ()))
    return {
        "ask": tuple(ask),
        "short": (f"{done} {at} what?", *((f"[And where|Where] is it {done}?",) * 2 if where else ())),
        "back": back,
        "that": that,
        "is": (f"[Is|Was] {{x}} {done} {at} {{y'}}?", *((f"Is {{x}} {at} {{y'}}?",) if where else ())),
    }


def _one_of(label: str, ends: Ends) -> Templates | None:
    """``student of``, ``member of``, ``part of``."""
    match = re.fullmatch(r"([\w ]+) of", label)
    if match is None:
        return None
    noun, many, who = match[1], plural(match[1]), _who(ends)
    a = "" if noun == "part" else "a "
    many = noun if noun == "part" else many
    belongs = noun in ("member", "part")
    return {
        "ask": (
            f"{who} [is|was] {{x}} {a}{noun} of?",
            f"Of [{'whom' if who == 'Who' else 'what'}|which {ends.word or 'one'}] [is|was] {{x}} {a}{noun}?",
            *((f"Whose {noun} [is|was] {{x}}?",) if who == "Who" else ()),
            *((f"Which {ends.word} [is|was] {{x}} {a}{noun} of?",) if ends.word else ()),
            *((f"{_of_type(ends)} [does|did] {{x}} belong to?",) * 2 if belongs else ()),
        ),
        "short": (f"{noun} of what?",) if who == "What" else (f"Whose {noun}?",),
        "back": (
            f"[Who|What] [are|were] the {many} of {{y'}}?",
            f"[Which|What] {{T}} [are|were] {many} of {{y'}}?",
            *(("[Which|What] {T} [belong|belonged] to {y'}?",) if belongs else ()),
            *((f"Who [are|were] {{y's}} {many}?",) if who == "Who" else ()),
        ),
        "that": (f"that [are|were] {many} of {{y'}}", *(("of {y'}",) if belongs else ())),
        "is": (
            f"[Is|Was] {{x}} {a}{noun} of {{y'}}?",
            *(("Does {x} belong to {y'}?",) if belongs else (f"Is {{x}} {{y's}} {noun}?",)),
        ),
    }


def _in_something(label: str, ends: Ends) -> Templates | None:
    """``in country``, ``on street``."""
    match = re.fullmatch(rf"({'|'.join(PLACING)})(?: (?:the )?(\w+))?", label)
    if match is None:
        return None
    at, noun = match[1], match[2] or ends.word or "place"
    return {
        "ask": (
            f"[Which|What] {noun} [is|was] {{x}} {at}?",
            f"{at.capitalize()} [which|what] {noun} [is|was] {{x}}?",
            f"What is the {noun} of {{x'}}?",
            "Where is {x}?",
        ),
        "short": (f"{at} which {noun}?", f"And the {noun}?", f"Which {noun}?"),
        "back": (
            f"What is {at} {{y'}}?",
            f"[Which|What] {{T}} are {at} {{y'}}?",
            f"[Which|What] {{T}} are there {at} {{y'}}?",
        ),
        "that": (f"{at} {{y'}}",),
        "is": (f"Is {{x}} {at} {{y'}}?",),
    }


def _doing(label: str, ends: Ends) -> Templates | None:
    """``depicts``, ``showed``, ``leads to``, ``applies to jurisdiction``."""
    word, _, rest = label.partition(" ")
    rest, _, whither = rest.partition(" ")
    if rest and rest not in PREPOSITIONS:
        return None
    if whither:
        ends = replace(ends, word=whither)
    now, before = third_person(word), participle(word)
    verb = now or before
    if verb is None:
        return None
    after = f" {rest}" if rest else ""
    one, do, does = (verb.third, verb.base, "does") if now else (verb.past, verb.base, "did")
    many = verb.base if now else verb.past
    whom = "[Who|Whom]" if ends.leads == "people" else "What"
    return {
        "ask": (
            f"{whom} {does} {{x}} {do}{after}?",
            f"{whom} {does} {{x}} {do}{after}?",
            f"What is {verb.participle} by {{x'}}?" if not rest else f"{{x}} {one}{after} what?",
            *(
                (f"Which [{ends.word}|{as_many(ends.word)}] {does} {{x}} {do}{after}?",) * 2
                if ends.word
                else ()
            ),
        ),
        "short": (f"{one}{after} what?", f"And what {does} it {do}{after}?"),
        "back": (
            f"What {one}{after} {{y'}}?",
            f"[Which|What] {{T}} {many}{after} {{y'}}?",
            f"[Which|What] {{T}} {many}{after} {{y'}}?",
            f"[List|Name|Show me] [all|the] {{T}} that {many}{after} {{y'}}.",
        ),
        "that": (f"that {many}{after} {{y'}}",),
        "is": (f"{does.capitalize()} {{x}} {do}{after} {{y'}}?",),
        "many": (
            f"How many {{T}} {does} {{x}} {do}{after}?",
            *((f"How many {plural(ends.word)} {does} {{x}} {do}{after}?",) if ends.word else ()),
        ),
    }


def _being(label: str, ends: Ends) -> Templates | None:
    """``indigenous to``, ``adjacent to``."""
    if not re.fullmatch(rf"\w+(?:ous|ent|al|ic|ar|ble|ive) ({'|'.join(PREPOSITIONS)})", label):
        return None
    what = _of_type(ends)
    return {
        "ask": (f"{what} [is|was] {{x}} {label}?", f"{{x}} is {label} what?"),
        "short": (f"{label} what?", f"And what is {{x}} {label}?"),
        "back": (f"What is {label} {{y'}}?", f"[Which|What] {{T}} are {label} {{y'}}?"),
        "that": (f"{label} {{y'}}", f"that are {label} {{y'}}"),
        "is": (f"[Is|Was] {{x}} {label} {{y'}}?",),
    }


def noun_templates(noun: str, ends: Ends) -> Templates:
    """``director``, ``number plate``."""
    who, many = _who(ends), as_many(noun)
    plain = many == noun  # a label that means several already
    has = "Who" if ends.own_kind else "What" if ends.leads == "people" else "[Who|What]"
    be, was, name = ("are", "were", "names") if plain else ("is", "was", "name")
    named = (
        f"[What {be}|Give me|Tell me|I need] the {name} of the {noun} of {{x'}}",
        f"What {be} the {name} of {{x's}} {noun}?",
        f"[What|How] {be} [the {noun} of {{x'}}|{{x's}} {noun}] called?",
        f"{{x's}} {noun} [{be}|{was}] [called|named] what?",
        f"What {was} the {noun} of {{x'}} [called|named]?",
    )
    called = (
        f"[What's|What is] the {noun}'s name?",
        f"[The name|name] of the {noun}?",
        f"[How|What] is the {noun} called?",
        f"{noun} name?",
        f"What's the name of {{x's}} {noun}?",
    )
    return {
        "ask": (
            f"{who} [{be}|{was}] the {noun} of {{x'}}?",
            f"{who} [{be}|{was}] the {noun} [of|for] {{x'}}?",
            f"{who} {be} {{x's}} {noun}?",
            f"{who} [{be}|{was}] {{x's}} {noun}?",
            *(named if ends.leads in ("people", "places", "things") else ()),
            f"[Which|What] {noun} [does|did] {{x}} have?",
            f"{{x's}} {noun}?",
            f"[The|And the|the] {noun} [of|for] {{x'}}?",
            f"[Tell me|Give me|I want to know|Name|I'd like to know|I need|I'm looking for] "
            f"[the {noun} of {{x'}}|{{x's}} {noun}].",
            f"The {noun} of {{x'}} {be} {who.lower()}?",
            f"{{x's}} {noun} {be} {who.lower()}?",
        ),
        "short": (
            f"And the {noun}?",
            f"{who} [{be}|{was}] the {noun}?",
            f"[the |]{noun}?",
            f"{{x's}} {noun}?",
            f"[and|And what about|What about|How about|Also] [the|{{x's}}] {noun}?",
            f"{noun}",
            f"And {who.lower()} {be} the {noun}?",
            f"[Tell me|Give me|Name] the {noun}[, please|].",
            *(called if ends.leads == "people" and not plain else ()),
        ),
        **(_of_several(noun) if plain else _of_one(noun, has)),
    }


def _of_one(noun: str, has: str) -> Templates:
    """Which ones have somebody as their director, and whether."""
    return {
        "back": (
            f"{has} has {{y'}} as {noun}?",
            f"[Which|What] {{T}} have {{y'}} as [the |their |]{noun}?",
            f"Whose {noun} is {{y}}?",
            f"Of what is {{y}} the {noun}?",
            f"[Which|What] {{T}} is {{y}} the {noun} of?",
            f"What [is|was] {{y}} the {noun} of?",
            f"[List|Name|Show me|Find] [all|the|] {{T}} [whose {noun} is {{y}}|with {{y'}} as {noun}].",
            f"{{y}} is the {noun} of [what|which {{T}}]?",
        ),
        "that": (f"with {{y'}} as {noun}", f"whose {noun} is {{y}}", f"that have {{y'}} as {noun}"),
        "is": (
            f"[Is|Was] {{y}} the {noun} of {{x'}}?",
            f"Does {{x}} have {{y'}} as {noun}?",
            f"[Is|Was] {{y}} {{x's}} {noun}?",
            f"Is {{x's}} {noun} {{y}}?",
            f"[Is|Was] the {noun} of {{x'}} {{y}}?",
            f"{{y}} is {{x's}} {noun}, right?",
        ),
    }


def _of_several(nouns: str) -> Templates:
    """The same of a label that means several already: "participating teams"."""
    return {
        "back": (
            f"Whose {nouns} include {{y'}}?",
            f"[Which|What] {{T}} have {{y'}} among [the |their ]{nouns}?",
            f"What has {{y'}} among its {nouns}?",
        ),
        "that": (f"with {{y'}} among the {nouns}", f"whose {nouns} include {{y'}}"),
        "is": (
            f"Is {{y}} one of the {nouns} of {{x'}}?",
            f"Is {{y}} among {{x's}} {nouns}?",
            f"Do {{x's}} {nouns} include {{y'}}?",
        ),
    }
