"""Values, facts and answers in words, as a dialogue shows them."""

from __future__ import annotations

import re
from collections.abc import Sequence

from grammar.values import DAY, MONTH, YEAR, Coordinate, Quantity, Time, Value, format_number, read_value
from kgqa.answer import Fact, Result
from kgqa.graphs.protocol import KnowledgeGraph

MOST_SHOWN = 10
"""How many members of a set an answer names before it only says how many more there are."""
NOTHING = "Nothing in the graph matches."

_MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)
_PLURAL_UNITS = re.compile(
    r"(?:metre|meter|gram|minute|second|hour|day|week|month|year|dollar|pound|mile|litre|watt|tonne|euro)$"
)
_NO_UNIT = "1"
# Wikidata's most frequent units, for graphs whose slice leaves out their labels.
_UNITS = {
    "Q11570": "kilogram",
    "Q11573": "metre",
    "Q11574": "second",
    "Q174728": "centimetre",
    "Q25235": "hour",
    "Q25343": "square metre",
    "Q573": "day",
    "Q577": "year",
    "Q712226": "square kilometre",
    "Q7727": "minute",
    "Q828224": "kilometre",
}


def value_text(value: Value, graph: KnowledgeGraph) -> str:
    """A literal as people write it; units by their label.

    A time before the common era is "15 March 44 BC (Julian calendar)", a decade "1950s".
    """
    if isinstance(value, Time):
        return _time_text(value) + (" (Julian calendar)" if value.julian and value.precision >= DAY else "")
    if isinstance(value, Quantity):
        amount = number_text(value.amount)
        if value.unit == _NO_UNIT:
            return amount
        unit = graph.label(value.unit) or _UNITS.get(value.unit, value.unit)
        several = abs(value.amount) != 1 and _PLURAL_UNITS.search(unit) is not None
        return f"{amount} {unit}{'s' if several else ''}"
    if isinstance(value, Coordinate):
        north, east = value.latitude, value.longitude
        return f"{abs(north):.4f}° {'N' if north >= 0 else 'S'}, {abs(east):.4f}° {'E' if east >= 0 else 'W'}"
    return value.text


def number_text(number: float) -> str:
    """A number with its thousands grouped: 331,449,281."""
    written = format_number(number)
    return f"{int(written):,}" if re.fullmatch(r"-?\d{5,}", written) else written


def _time_text(time: Time) -> str:
    era = " BC" if time.year < 0 else ""
    year = f"{abs(time.year)}{era}"
    if time.precision >= DAY:
        return f"{time.day} {_MONTHS[time.month - 1]} {year}"
    if time.precision == MONTH:
        return f"{_MONTHS[time.month - 1]} {year}"
    if time.precision == YEAR:
        return year
    if time.precision == 8:
        return f"{abs(time.year) // 10 * 10}s{era}"
    if time.precision in (7, 6):
        length, word = (100, "century") if time.precision == 7 else (1000, "millennium")
        return f"{ordinal((abs(time.year) + length - 1) // length)} {word}{era}"
    return f"around {number_text(abs(time.year))}{era}"


def ordinal(number: int) -> str:
    """1st, 2nd, 3rd, 4th, 11th, 21st."""
    ending = "th" if number % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{ending}"


def name_text(name: str, graph: KnowledgeGraph) -> str:
    """The label of an entity, relation or type, or its name where it has none."""
    return graph.label(name) or name


def object_text(written: str, graph: KnowledgeGraph) -> str:
    """The object of a ``Fact`` (an entity's name or a written value) in words."""
    try:
        return value_text(read_value(written), graph)
    except ValueError:  # an entity's name
        return name_text(written, graph)


def fact_text(fact: Fact, graph: KnowledgeGraph) -> str:
    """A fact on one line: "France · head of state · Emmanuel Macron (start time 14 May 2017)"."""
    parts = (name_text(fact.subject, graph), name_text(fact.relation, graph), object_text(fact.object, graph))
    notes = [f"{name_text(r, graph)} {object_text(value, graph)}" for r, value in fact.qualifiers]
    return " · ".join(parts) + (f" ({', '.join(notes)})" if notes else "")


def answer_text(result: Result, graph: KnowledgeGraph) -> str:
    """An answer on one line: labels, values, counts, yes or no; long sets are cut and say so."""
    if result.truths is not None:
        return " and ".join("yes" if truth else "no" for truth in result.truths)
    if result.numbers is not None:
        return _joined([number_text(number) for number in result.numbers])
    if result.empty:
        return NOTHING
    if result.values is not None:
        values = _in_order(result.values)
        shown = list(dict.fromkeys(value_text(value, graph) for value in values[:MOST_SHOWN]))
        return _joined(shown, more=len(values) - min(len(values), MOST_SHOWN))
    names = result.entities or ()
    labels = graph.labels(names[:MOST_SHOWN])
    shown = [label or name for label, name in zip(labels, names, strict=False)]
    return _joined(shown, more=len(names) - len(shown))


def _in_order(values: Sequence[Value]) -> list[Value]:
    """Earliest or smallest first; what lies on no line after that, by its writing."""
    return sorted(
        values,
        key=lambda value: (
            value.kind,
            value.span[0] != value.span[0],
            value.span[0] if value.span[0] == value.span[0] else 0.0,
            str(value),
        ),
    )


def _joined(parts: Sequence[str], *, more: int = 0) -> str:
    if more > 0:
        return f"{', '.join(parts)} and {more:,} more"
    if len(parts) < 2:
        return "".join(parts)
    # A label with a comma in it ("Washington, D.C.") would blur a list of commas.
    comma = "; " if any(", " in part for part in parts) else ", "
    return f"{comma.join(parts[:-1])}{comma.rstrip() if comma == '; ' else ''} and {parts[-1]}"
