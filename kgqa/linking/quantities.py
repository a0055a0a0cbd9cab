"""Numbers, ordinals and dates in a question: "at least 12", "a dozen", "the third", "in 2007", "the 1990s".

text2num reads numbers in words; digits with their scale ("3.5 million", "10k") and dozens are read here,
dates in ``kgqa.dates``. A year is read twice, as a time and as a number: only the form that the question
stands for tells which one is meant. An ordinal is offered as Wikidata writes it, as a text ("44").
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from text_to_num import Token
from text_to_num import find_numbers as numbers_among

from grammar.forms import NumberLeaf, ValueLeaf
from grammar.values import String
from kgqa import dates

_SCALES = {
    "hundred": 1e2, "thousand": 1e3, "million": 1e6, "billion": 1e9, "trillion": 1e12,
    "k": 1e3, "m": 1e6, "mn": 1e6, "bn": 1e9, "dozen": 12.0,
}  # fmt: skip
_SPOKEN_SCALES = (1e2, 1e3, 1e6, 1e9)
_DOZENS = re.compile(
    r"\b(?:(?P<half>half\s+an?\s+)(?P<of>dozen|hundred|thousand|million|billion|trillion)"
    r"|(?:an?\s+)?(?P<one>dozens?|trillion))\b",
    re.IGNORECASE,
)
_DIGITS = re.compile(
    r"(?<![\w.,])(?P<number>[-\u2212]?(?:\d{1,3}(?:,\d{3})+|\d{1,15})(?:\.\d+)?)"
    r"(?:[\s-]*(?P<short>k|m|mn|bn)\b|[\s-]+(?P<scale>dozen|trillion)\b)?(?![\w]|[.,]\d)",
    re.IGNORECASE,
)
_NTH = re.compile(r"(?<![\w.,])(\d{1,3})(?:st|nd|rd|th)\b", re.IGNORECASE)
_PIECE = re.compile(r"[^\W\d_]+|\d+|[^\w]+|_+")


@dataclass(frozen=True)
class Found:
    """A number or a value and where it stands: ``span`` are characters, from and up to."""

    leaf: NumberLeaf | ValueLeaf
    span: tuple[int, int]


def find_dates(text: str) -> list[Found]:
    """The times that the text names, left to right, as leaves."""
    return [Found(ValueLeaf(found.time), found.span) for found in dates.find_dates(text)]


def find_numbers(text: str) -> list[Found]:
    """The numbers that the text names in digits or words, left to right; years are among them.

    >>> [(found.leaf.number, found.span) for found in find_numbers("at least five or a dozen, not 1,200")]
    [(5.0, (9, 13)), (12.0, (17, 24)), (1200.0, (30, 35))]
    """
    spoken = [(number, span) for number, span, ordinal in _in_words(text) if not ordinal]
    found: list[tuple[float, tuple[int, int]]] = []
    for number, span in [*_in_digits(text), *_dozens(text, spoken)]:
        scale = next(
            (s for s in spoken if s[0] in _SPOKEN_SCALES and text[span[1] : s[1][0]] in (" ", "-")), None
        )
        if scale is not None:  # "3.5 million"
            spoken.remove(scale)
            number, span = number * scale[0], (span[0], scale[1][1])
        found.append((number, span))
    found += [one for one in spoken if not any(_overlap(one[1], span) for _, span in found)]
    return [Found(NumberLeaf(number), span) for number, span in sorted(found, key=lambda one: one[1])]


def find_ordinals(text: str) -> list[Found]:
    """The ordinals that the text names, left to right, as texts: "the 44th", "the twenty-first".

    >>> [str(found.leaf) for found in find_ordinals("Who was the 44th president, who the third?")]
    ['"44"', '"3"']
    """
    found = {match.span(): int(match[1]) for match in _NTH.finditer(text)}
    found |= {span: int(number) for number, span, ordinal in _in_words(text) if ordinal}
    return [Found(ValueLeaf(String(str(number))), span) for span, number in sorted(found.items())]


def _overlap(one: tuple[int, int], other: tuple[int, int]) -> bool:
    return one[0] < other[1] and other[0] < one[1]


def _in_digits(text: str) -> Iterator[tuple[float, tuple[int, int]]]:
    for match in _DIGITS.finditer(text):
        number = float(match["number"].replace(",", "").replace("\u2212", "-"))
        scale = (match["short"] or match["scale"] or "").lower()
        yield number * _SCALES.get(scale, 1.0), match.span()


class _Piece(Token):
    """A word, a number or what is between them, as text2num wants it."""

    def __init__(self, written: str, start: int) -> None:
        self.written = written
        self.start = start

    def text(self) -> str:
        return self.written


def _in_words(text: str) -> list[tuple[float, tuple[int, int], bool]]:
    """Numbers in words, as (number, characters, whether it is an ordinal)."""
    text = text.encode("utf-8", "replace").decode()  # half a surrogate pair is more than text2num can take
    pieces = [_Piece(match.group(), match.start()) for match in _PIECE.finditer(text)]
    found = []
    for one in numbers_among(pieces, "en", 0):
        last = pieces[one.end - 1]
        found.append(
            (float(one.value), (pieces[one.start].start, last.start + len(last.written)), one.is_ordinal)
        )
    return found


def _dozens(
    text: str, spoken: list[tuple[float, tuple[int, int]]]
) -> Iterator[tuple[float, tuple[int, int]]]:
    """What text2num does not know ("a dozen", "two dozen", "half a million"); takes what it uses."""
    for match in _DOZENS.finditer(text):
        start, end = match.span()
        if match["half"]:
            spoken[:] = [one for one in spoken if not _overlap(one[1], match.span())]
            yield 0.5 * _SCALES[match["of"].lower()], (start, end)
            continue
        scale = _SCALES[match["one"].lower().removesuffix("s")]
        before = next((one for one in spoken if text[one[1][1] : start] in (" ", "-")), None)
        if before is not None:
            spoken.remove(before)
            yield before[0] * scale, (before[1][0], end)
        elif not re.search(r"\d[\s-]+$", text[:start]):  # "2 dozen" is read with its digits
            yield scale, (start, end)
