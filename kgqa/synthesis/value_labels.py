"""How one asks about a relation to dates or numbers of which only its label is known: see ``labels``."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TypeAlias

from kgqa.synthesis.english import RelationWording, plural
from kgqa.synthesis.verbs import Verb, participle

Templates: TypeAlias = dict[str, tuple[str, ...]]

PLACING = ("in", "at", "on", "near", "inside")
PREPOSITIONS = (*PLACING, "from", "to", "with", "for", "under", "into", "as", "after", "about")
_NOT_MANY = re.compile(r"(ss|us|is|series|status|address)$")
_DATE_NOUN = re.compile(r"(?:(\w+) (?:date|day|year|time)|(?:date|day|year|time) of (\w+))")
_YEAR_DONE = re.compile(r"(?:date|day|year|time) (\w+)")
_EVENTS = {
    "start": "started", "end": "ended", "opening": "opened", "closing": "closed", "release": "released",
    "publication": "published", "founding": "founded", "foundation": "founded", "completion": "completed",
    "death": "died", "creation": "created", "construction": "built", "launch": "launched", "issue": "issued",
    "signing": "signed", "purchase": "purchased", "acquisition": "acquired", "hire": "hired",
    "order": "ordered", "delivery": "delivered", "discovery": "discovered", "invention": "invented",
}  # fmt: skip
_MONEY = re.compile(r"\b(price|cost|value|budget|revenue|salary|income|turnover|worth|fee|rent)$")
_WORTH = re.compile(r"\b(price|cost|value|worth)$")
_SIZES = {
    "height": ("high", "higher", "lower"), "width": ("wide", "wider", "narrower"),
    "length": ("long", "longer", "shorter"), "depth": ("deep", "deeper", "shallower"),
    "weight": ("heavy", "heavier", "lighter"), "age": ("old", "older", "younger"),
    "size": ("large", "larger", "smaller"), "area": ("large", "larger", "smaller"),
    "duration": ("long", "longer", "shorter"), "speed": ("fast", "faster", "slower"),
    "distance": ("far", "farther", "nearer"), "thickness": ("thick", "thicker", "thinner"),
}  # fmt: skip


def as_many(noun: str) -> str:
    """The plural of a label, which may be one already: "annual visitors"."""
    return noun if noun.endswith("s") and not _NOT_MANY.search(noun) else plural(noun)


def dated(label: str) -> RelationWording:
    """``opened on``, ``year completed``, ``start date``, any other date."""
    noun = label
    word = re.sub(rf" (?:{'|'.join(PREPOSITIONS)})$", "", label)
    if match := _YEAR_DONE.fullmatch(label):
        word = match[1]
    elif match := _DATE_NOUN.fullmatch(label):
        word = _EVENTS.get(match[1] or match[2], "")
    verb = participle(word)
    plain = {
        "ask": (f"What is the {noun} of {{x'}}?", f"What is {{x's}} {noun}?", *_named(noun)),
        "short": _shortly(noun),
        "last": (f"has the [latest|last|most recent] {noun}",),
        "early": (f"has the [earliest|first] {noun}",),
        "after": (f"with a {noun} after {{v}}",),
        "before": (f"with a {noun} before {{v}}",),
        "during": (f"with a {noun} in {{v}}",),
    }
    if verb is None:
        return RelationWording(noun, plural(noun), plain)
    happened = _happened(verb)
    if noun == word or noun.startswith(f"{word} "):  # "opened on" is no noun
        return RelationWording("", "", happened)
    both = {key: (*texts, *texts, *plain.get(key, ())) for key, texts in happened.items()}
    return RelationWording(noun, plural(noun), both)


def _happened(verb: Verb) -> Templates:
    done, ask, later, earlier, last, early = verb.participle, [], [], [], [], []
    short = []
    if verb.suffers:
        ask += [f"When was {{x}} {done}?"] * 2 + [f"In [which|what] year was {{x}} {done}?"]
        short += [f"When was it {done}?", f"And when was it {done}?"]
        last += [f"was {done} [last|most recently]"]
        early += [f"was {done} first", f"was {done} [earliest|first]"]
        later += [f"Was {{x}} {done} [after|later than] {{y'}}?"]
        earlier += [f"Was {{x}} {done} [before|earlier than] {{y'}}?"]
    if verb.acts:
        ask += [f"When did {{x}} {verb.base}?", f"When did {{x}} {verb.base}?"]
        ask += [f"In [which|what] year did {{x}} {verb.base}?", f"What year did {{x}} {verb.base}?"]
        short += [f"When did [it|they] {verb.base}?"]
        last += [f"{verb.past} [last|latest]"]
        early += [f"{verb.past} [first|earliest]"]
        later += [f"Did {{x}} {verb.base} [after|later than] {{y'}}?"]
        earlier += [f"Did {{x}} {verb.base} [before|earlier than] {{y'}}?"]
    clause = done if verb.suffers else f"that {verb.past}"
    found = {"ask": ask, "short": short, "later": later, "earlier": earlier, "last": last, "early": early}
    bounds = {key: (f"{clause} {word} {{v}}",) for key, word in _BOUNDS.items()}
    adjectives = {"max": ("newest", "most recent", "latest"), "min": ("oldest", "earliest", "first")}
    fits = verb.base in ("open", "found", "complete", "create", "build", "publish", "release", "establish")
    return {key: tuple(texts) for key, texts in found.items()} | bounds | (adjectives if fits else {})


_BOUNDS: Mapping[str, str] = {"after": "after", "before": "before", "during": "in"}


def measured(label: str) -> RelationWording:
    """``annual visitors``, ``height``, ``insurance value``, any other number."""
    noun = re.sub(r"^(?:number|count|total) of ", "", label)
    last = noun.split()[-1] if noun else label
    counted = noun != label or (as_many(last) == last)
    return RelationWording(label, as_many(label), _counted(noun) if counted else _sized(label))


def _counted(many: str) -> Templates:
    return {
        "ask": (
            f"How many {many} does {{x}} have?",
            f"How many {many} does {{x}} have?",
            f"How many {many} [are there in|has] {{x'}}?",
            f"[What is the|the|] number of {many} [of|in|for] {{x'}}?",
            f"{{x's}} {many}?",
            f"{{x's}} number of {many}?",
            f"{{x}} has how many {many}?",
            f"[Tell me|Give me] the number of {many} {{x}} has.",
        ),
        "short": (
            f"[And how|How] many {many}?",
            f"[And the|The] [number of |]{many}?",
            f"[number of|how many] {many}",
            f"How many {many} [are there|is that]?",
        ),
        "last": (f"has the [most|highest number of] {many}",),
        "early": (f"has the [fewest|least|lowest number of] {many}",),
        "over": (f"with [more than|over] {{v}} {many}",),
        "under": (f"with [fewer than|less than|under] {{v}} {many}",),
        "many_than": (f"more {many}", f"[fewer|less] {many}"),
        "later": (f"Does {{x}} have more {many} than {{y'}}?",),
        "earlier": (f"Does {{x}} have [fewer|less] {many} than {{y'}}?",),
    }


def _sized(noun: str) -> Templates:
    how: tuple[str, ...] = ()
    more: Templates = {}
    size = _SIZES.get(noun.split()[-1])
    if size is not None:
        plain, greater, smaller = size
        most, least = (_superlative(word) for word in (greater, smaller))
        how = (f"How {plain} is {{x}}?", f"How {plain} is {{x}}?")
        more = {"max": (most,), "min": (least,), "more": (greater,), "less": (smaller,)}
        more |= {"over": (f"{greater} than {{v}}",), "under": (f"{smaller} than {{v}}",)}
    elif _MONEY.search(noun):
        how = (f"How [much|high] is the {noun} of {{x'}}?", f"How [much|high] is {{x's}} {noun}?")
        if _WORTH.search(noun):
            how += ("How much is {x}?", "How much is {x} worth?")
            more = {"max": ("most [valuable|expensive]",), "min": ("[least valuable|cheapest]",)}
    high, low = f"a [higher|larger] {noun}", f"a [lower|smaller] {noun}"
    own = {
        "over": (f"with a {noun} [over|above|of more than] {{v}}",),
        "under": (f"with a {noun} [under|below|of less than] {{v}}",),
    }
    return {
        "ask": (f"What is the {noun} of {{x'}}?", f"What is {{x's}} {noun}?", *how, *_named(noun)),
        "short": _shortly(noun),
        "last": (f"has the [largest|highest] {noun}",),
        "early": (f"has the [smallest|lowest] {noun}",),
        "many_than": (high, low),
        "later": (f"Does {{x}} have {high} than {{y'}}?",),
        "earlier": (f"Does {{x}} have {low} than {{y'}}?",),
        **more,
        **{key: (*texts, *more.get(key, ())) for key, texts in own.items()},
    }


def _named(noun: str) -> tuple[str, ...]:
    return (
        f"[What's|What was] the {noun} [of|for] {{x'}}?",
        f"{{x's}} {noun}?",
        f"The {noun} of {{x'}}?",
        f"[Tell me|Give me|I need|I want to know] [the {noun} of {{x'}}|{{x's}} {noun}].",
        f"What {noun} does {{x}} have?",
    )


def _shortly(noun: str) -> tuple[str, ...]:
    return (
        f"And the {noun}?",
        f"What [is|was] the {noun}?",
        f"[the |]{noun}?",
        f"{{x's}} {noun}?",
        f"[And what about|What about|And] [the|{{x's}}] {noun}?",
        f"{noun}",
    )


def _superlative(comparative: str) -> str:
    return {"farther": "farthest"}.get(comparative, comparative.removesuffix("er") + "est")
