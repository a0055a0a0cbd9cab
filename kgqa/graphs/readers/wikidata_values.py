"""Values as Wikidata writes them in JSON, and as the tables of facts took over from it."""

from __future__ import annotations

import math
import re

from grammar.values import DAY, MONTH, YEAR, Coordinate, Quantity, Time
from kgqa.graphs.readers.lines import checked_name

_TIME = re.compile(r"([+-]?\d{1,16})-(\d\d)-(\d\d)T[\d:]+Z")
_MOST_YEARS = 10**12


def time_of(written: str, precision: int, *, julian: bool = False) -> Time:
    """A time such as ``+1776-07-04T00:00:00Z``, as fine as its precision says and no finer than a day.

    Where less is written than the precision says (a day or month 00), it is as coarse as what is written.

    Raises:
        ValueError: it is none.

    >>> str(time_of("-0044-03-15T00:00:00Z", 11, julian=True))
    '@-0044-03-15J'
    """
    match = _TIME.fullmatch(written)
    if match is None:
        raise ValueError(f"expected a time such as +1776-07-04T00:00:00Z, found {written[:60]!r}")
    year, month, day = map(int, match.groups())
    if month > 12 or day > 31 or not year or abs(year) >= _MOST_YEARS:
        raise ValueError(f"no such date: {written[:60]!r}")
    if precision >= DAY and day and month:
        return Time(year, month, day, julian=julian)
    if precision >= MONTH and month:
        return Time(year, month, precision=MONTH, julian=julian)
    return Time(year, precision=min(precision, YEAR), julian=julian)


def quantity_of(amount: str, unit: str) -> Quantity:
    """An amount in a unit (a name, or ``1`` for none). Its bounds have no place in a graph.

    Raises:
        ValueError: the amount is no finite number, or the unit no name.
    """
    number = float(amount)
    if not math.isfinite(number):
        raise ValueError(f"an amount must be finite, found {amount[:60]!r}")
    return Quantity(number, checked_name(unit))


def coordinate_of(latitude: float, longitude: float) -> Coordinate:
    """A point on the Earth, in degrees.

    Raises:
        ValueError: a number is not finite.
    """
    if not (math.isfinite(latitude) and math.isfinite(longitude)):
        raise ValueError(f"a coordinate must be finite, found {latitude} {longitude}")
    return Coordinate(latitude, longitude)
