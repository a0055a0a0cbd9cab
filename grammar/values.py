"""Literal values: times, quantities, strings, texts and coordinates, and their one written form.

=================  ==========================  ==========================================
kind               written                     meaning
=================  ==========================  ==========================================
time               ``@1776-07-04``             a day; ``@1776-07`` a month, ``@1776`` a year
\\                  ``@1950/8``                 precision 8: decade (7 century, 6 millennium)
\\                  ``@-0044-03-15J``           15 March 44 BC, Julian calendar
quantity           ``170[Q174728]``            an amount and its unit; ``[1]`` has none
string             ``"IMDb tt0077631"``        text without a language
text               ``"Grease"@en``             text in a language
coordinate         ``(48.8566 2.3522)``        latitude and longitude in degrees
=================  ==========================  ==========================================

Times and quantities lie on a line: ``span`` gives the ends of the stretch they cover, so that a year
covers all its days and "equal at the coarser precision" is "the spans overlap".
"""

from __future__ import annotations

import json
import math
import re
from dataclasses import dataclass
from enum import IntEnum
from typing import TypeAlias

YEAR, MONTH, DAY = 9, 10, 11  # Wikidata's precision codes; 8 is a decade, 7 a century, 6 a millennium
_YEARS_OF_PRECISION = {8: 10, 7: 100, 6: 1_000, 5: 10_000, 4: 100_000, 3: 10**6, 2: 10**7, 1: 10**8, 0: 10**9}


class Kind(IntEnum):
    """What a value is; the order is the order in which sets of values are printed."""

    TIME = 0
    QUANTITY = 1
    STRING = 2
    TEXT = 3
    COORDINATE = 4


def _day_number(year: int, month: int, day: int) -> float:
    """A number that grows with the date and is exact in float64 for every year of precision 0 to 11."""
    return float(year * 10_000 + month * 100 + day)


@dataclass(frozen=True, order=True)
class Time:
    """A point in time; ``month`` and ``day`` are 0 where ``precision`` does not reach them."""

    year: int
    month: int = 0
    day: int = 0
    precision: int = DAY
    julian: bool = False

    kind = Kind.TIME

    def __str__(self) -> str:
        year = f"{'-' if self.year < 0 else ''}{abs(self.year):04d}"
        text = f"@{year}"
        if self.precision >= MONTH:
            text += f"-{self.month:02d}"
        if self.precision >= DAY:
            text += f"-{self.day:02d}"
        if self.precision < YEAR:
            text += f"/{self.precision}"
        return text + ("J" if self.julian else "")

    @property
    def span(self) -> tuple[float, float]:
        """First and last day covered, as numbers that grow with time."""
        if self.precision >= DAY:
            number = _day_number(self.year, self.month, self.day)
            return number, number
        if self.precision == MONTH:
            return _day_number(self.year, self.month, 0), _day_number(self.year, self.month, 31)
        if self.precision == YEAR:
            return _day_number(self.year, 0, 0), _day_number(self.year, 12, 31)
        length = _YEARS_OF_PRECISION[self.precision]
        # A decade is 1950..1959, a century or millennium 1901..2000: the way they are spoken of.
        first = self.year // length * length if length == 10 else (self.year - 1) // length * length + 1
        return _day_number(first, 0, 0), _day_number(first + length - 1, 12, 31)


@dataclass(frozen=True, order=True)
class Quantity:
    """An amount with a unit (an entity, or ``"1"`` for none). Amounts are compared as they are stated."""

    amount: float
    unit: str = "1"

    kind = Kind.QUANTITY

    def __str__(self) -> str:
        return f"{format_number(self.amount)}[{self.unit}]"

    @property
    def span(self) -> tuple[float, float]:
        """The amount, twice."""
        return self.amount, self.amount


@dataclass(frozen=True, order=True)
class String:
    """Text without a language, such as an identifier or an ordinal."""

    text: str

    kind = Kind.STRING

    def __str__(self) -> str:
        return json.dumps(self.text, ensure_ascii=False)

    @property
    def span(self) -> tuple[float, float]:
        """Its number, where it is one (series ordinals are strings in Wikidata), else not a number."""
        try:
            number = float(self.text)
        except ValueError:
            number = math.nan
        return number, number


@dataclass(frozen=True, order=True)
class Text:
    """Text in a language."""

    text: str
    language: str

    kind = Kind.TEXT

    def __str__(self) -> str:
        return f"{json.dumps(self.text, ensure_ascii=False)}@{self.language}"

    @property
    def span(self) -> tuple[float, float]:
        """Not on a line."""
        return math.nan, math.nan


@dataclass(frozen=True, order=True)
class Coordinate:
    """A point on the Earth, in degrees."""

    latitude: float
    longitude: float

    kind = Kind.COORDINATE

    def __str__(self) -> str:
        return f"({format_number(self.latitude)} {format_number(self.longitude)})"

    @property
    def span(self) -> tuple[float, float]:
        """Not on a line."""
        return math.nan, math.nan


Value: TypeAlias = Time | Quantity | String | Text | Coordinate

NUMBER = r"[+-]?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?"
"""A number as ``format_number`` writes it."""
_QUOTED = r'"(?:[^"\\]|\\.)*"'
VALUE_PATTERN = re.compile(
    rf"@(?P<year>-?\d{{1,12}})(?:-(?P<month>\d\d)(?:-(?P<day>\d\d))?)?(?:/(?P<precision>\d))?(?P<julian>J)?"
    rf"|(?P<amount>{NUMBER})\[(?P<unit>[^\[\]\s]+)\]"
    rf"|(?P<quoted>{_QUOTED})(?:@(?P<language>[A-Za-z][A-Za-z0-9-]*))?"
    rf"|\((?P<latitude>{NUMBER}) (?P<longitude>{NUMBER})\)"
)
"""Matches one written value; the reader of forms uses it too."""


def format_number(number: float) -> str:
    """Write a number without a needless ``.0`` and so that it reads back the same."""
    return str(int(number)) if number == int(number) and abs(number) < 1e15 else repr(float(number))


def read_value(text: str) -> Value:
    """Read one written value.

    Raises:
        ValueError: the text is no value.

    >>> str(read_value("@1776-07"))
    '@1776-07'
    """
    match = VALUE_PATTERN.fullmatch(text)
    if match is None:
        raise ValueError(
            'expected a value such as @1776-07-04, 170[Q174728], "text", "text"@en or (48.9 2.4), '
            f"found {text!r}"
        )
    return value_of_match(match)


def value_of_match(match: re.Match[str]) -> Value:
    """The value that a match of ``VALUE_PATTERN`` stands for.

    Raises:
        ValueError: the parts are impossible, such as month 13.
    """
    part = match.groupdict()
    if part["year"] is not None:
        month, day = int(part["month"] or 0), int(part["day"] or 0)
        precision = (
            int(part["precision"]) if part["precision"] else YEAR + bool(part["month"]) + bool(part["day"])
        )
        if month > 12 or day > 31 or (part["month"] and not month) or (part["day"] and not day):
            raise ValueError(f"no such date: {match.group()!r}")
        if part["precision"] and (precision >= YEAR or part["month"]):
            raise ValueError(f"a precision is written only for decades and longer, found {match.group()!r}")
        return Time(int(part["year"]), month, day, precision, bool(part["julian"]))
    if part["amount"] is not None:
        amount = float(part["amount"])
        if not math.isfinite(amount):
            raise ValueError(f"an amount must be finite, found {match.group()!r}")
        return Quantity(amount, part["unit"])
    if part["quoted"] is not None:
        text = json.loads(part["quoted"], strict=False)
        return Text(text, part["language"]) if part["language"] else String(text)
    return Coordinate(float(part["latitude"]), float(part["longitude"]))
