"""Literals on their line: comparing times and quantities, an array at a time.

Values are comparable only within their kind. A stretch of time (a year, a decade) is compared by its ends: it
is later than another when it begins after the other has ended.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction
from types import MappingProxyType
from typing import Any

import numpy as np

from grammar.denotation import BoolArray, FloatArray, IntArray
from grammar.graph import Graph
from grammar.operators import AROUND, AROUND_YEARS, END_TIME, START_TIME
from grammar.values import Kind, format_number

_YEAR = 10_000.0  # distance of two years in ``Time.span``

Test = Callable[[FloatArray, FloatArray, float, float], Any]

TESTS: MappingProxyType[str, Test] = MappingProxyType(
    {
        # Stretches: a (low, high) of every literal against b (low, high) of one.
        "greater_than": lambda low, high, first, last: low > last,
        "less_than": lambda low, high, first, last: high < first,
        "at_least": lambda low, high, first, last: high >= first,
        "at_most": lambda low, high, first, last: low <= last,
        "equals": lambda low, high, first, last: (low <= last) & (first <= high),
        "around": lambda low, high, first, last: np.abs(low - first) <= max(1.0, AROUND * abs(first)),
    }
)
"""Comparison -> its test of stretches."""


def within_deviation(numbers: FloatArray, wanted: float) -> BoolArray:
    """For each number of a map, [n], whether it lies within the standard deviation of them all.

    They are counts, so their sums are whole: nothing is rounded, and SPARQL agrees about what is on the edge.
    """
    if not len(numbers) or not math.isfinite(wanted):
        return np.zeros(len(numbers), dtype=bool)
    count = len(numbers)
    spread = count * int((numbers * numbers).sum()) - int(numbers.sum()) ** 2  # count^2 times the variance
    # With n = p / q the test (k - n)^2 <= spread / count^2 is |k q - p| <= reach.
    p, q = Fraction(format_number(wanted)).as_integer_ratio()
    reach = math.isqrt(spread * q * q // count**2)
    lowest, highest = -((reach - p) // q), (reach + p) // q
    return (numbers >= lowest) & (numbers <= highest)


def compare(graph: Graph, test: str, literals: IntArray, wanted: IntArray) -> BoolArray:
    """For each literal, [n], whether it stands in this relation to one of the wanted, within its kind."""
    spans, others = graph.spans(literals), graph.spans(wanted)
    chosen = np.zeros(len(literals), dtype=bool)
    for literal, kind, first, last in zip(wanted, others.kinds, others.low, others.high, strict=True):
        if kind not in (Kind.TIME, Kind.QUANTITY):
            if test == "equals":
                chosen |= literals == literal
        elif test == "around" and kind == Kind.TIME:
            years = AROUND_YEARS * _YEAR
            chosen |= (spans.kinds == kind) & (spans.low <= last + years) & (spans.high >= first - years)
        else:
            chosen |= (spans.kinds == kind) & TESTS[test](spans.low, spans.high, first, last)
    return chosen


def holds_at(graph: Graph, statements: IntArray, literals: IntArray) -> BoolArray:
    """For each statement, [n], whether one of the times lies between its start and its end.

    A statement needs a start or an end; the side that it lacks is open (still in office).
    """
    low = np.full(len(statements), -math.inf)
    high = np.full(len(statements), math.inf)
    bounded = np.zeros(len(statements), dtype=bool)
    for relation, bound, extreme in ((START_TIME, low, np.fmax), (END_TIME, high, np.fmin)):
        found = graph.qualifier_literals(statements, relation)
        spans = graph.spans(found.items)
        times = spans.kinds == Kind.TIME
        ends = spans.low if relation == START_TIME else spans.high
        extreme.at(bound, found.owners[times], ends[times])
        bounded[found.owners[times]] = True
    wanted = graph.spans(literals)
    held = np.zeros(len(statements), dtype=bool)
    for kind, first, last in zip(wanted.kinds, wanted.low, wanted.high, strict=True):
        if kind == Kind.TIME:
            held |= bounded & (low <= last) & (first <= high)
    return held


def most(graph: Graph, literals: IntArray, sign: float) -> BoolArray:
    """For each literal, [n], whether none of its kind lies wholly beyond it; never what is on no line."""
    spans = graph.spans(literals)
    chosen = np.zeros(len(literals), dtype=bool)
    for kind in (Kind.TIME, Kind.QUANTITY):
        here = (spans.kinds == kind) & ~np.isnan(spans.low)
        if not here.any():
            continue
        if sign > 0:
            chosen |= here & (spans.high >= spans.low[here].max())
        else:
            chosen |= here & (spans.low <= spans.high[here].min())
    return chosen
