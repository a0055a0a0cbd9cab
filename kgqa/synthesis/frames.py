"""The table of frames (``quantities.toml``): how people count, compare, combine and verify."""

from __future__ import annotations

import random
import re
import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from kgqa.synthesis.english import expand, tidy

_SLOT = re.compile(r"\{(\w+)'?\}")
_TAIL = " ... "
_NUMBERS = (
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve",
    "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen", "twenty",
)  # fmt: skip
_ROUND = {6: "half a dozen", 12: "a dozen", 24: "two dozen", 100: "a hundred"}


@cache
def frames() -> Mapping[str, Mapping[str, tuple[str, ...]]]:
    """Section -> family -> frames."""
    table = tomllib.loads(Path(__file__).with_name("quantities.toml").read_text(encoding="utf-8"))
    return {
        section: {family: tuple(texts) for family, texts in families.items()}
        for section, families in table.items()
    }


@cache
def _slots(frame: str) -> frozenset[str]:
    return frozenset(match[1] for match in _SLOT.finditer(frame))


def framed(section: str, family: str, rng: random.Random, slots: Mapping[str, str]) -> str | None:
    """A frame of the family with its choices made and its slots filled; None where no frame can be.

    >>> framed("turns", "to_min", random.Random(4), {}) is None
    False
    >>> framed("joins", "names_union", random.Random(1), {"x": "Rome"}) is None
    True
    """
    fitting = [frame for frame in frames()[section][family] if _slots(frame) <= slots.keys()]
    return filled(expand(rng.choice(fitting), rng), slots) if fitting else None


def marked(wanted: str, family: str, rng: random.Random, slots: Mapping[str, str]) -> str | None:
    """A frame for a set with words around it that say whether its "number" is wanted or its "names".

    >>> marked("number", "of_them_set", random.Random(1), {}) is None
    True
    """
    fitting = [frame for frame in frames()["frames"][family] if _slots(frame) <= slots.keys()]
    if not fitting:
        return None
    frame = expand(rng.choice(fitting), rng)
    asks = frame.rstrip("?.")
    parts = {"asks": asks, "then": asks[0].lower() + asks[1:], "end": frame[len(asks) :] or "."}
    mark = expand(rng.choice(frames()["marks"][wanted]), rng)
    return filled(_SLOT.sub(lambda match: parts[match[1]], mark), slots)


def filled(frame: str, slots: Mapping[str, str]) -> str:
    """A frame without choices with its slots filled."""
    return tidy(_SLOT.sub(lambda match: slots[match[1]], frame))


def amount(section: str, family: str, rng: random.Random, slots: Mapping[str, str]) -> tuple[str, str]:
    """What is said in the place of the others, and what stands at the end: ("more films", "than X")."""
    fitting = [frame for frame in frames()[section][family] if _slots(frame) <= slots.keys()]
    head, _, tail = expand(rng.choice(fitting), rng).partition(_TAIL)
    return filled(head, slots), filled(tail, slots)


def number_word(number: int, rng: random.Random) -> str:
    """A number in digits or words: "12", "twelve", "a dozen"."""
    draw = rng.random()
    if number in _ROUND and draw < 0.25:
        return _ROUND[number]
    if number < len(_NUMBERS) and draw < (0.55 if number <= 10 else 0.4):
        return _NUMBERS[number]
    return f"{number:,}" if number >= 1_000 and draw < 0.7 else str(number)
