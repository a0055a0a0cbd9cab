"""Which qualifiers belong to one statement, where a table gives them fact by fact only.

Best effort. Rows of one source are one statement, unless a qualifier that a statement has once (start, end,
point in time, ordinal) has several values there: then there are that many statements, starts and ends paired
in the order of time, ordinals in their own order; what cannot be told apart is given to each of them.
Statements of different sources are one where those qualifiers do not contradict each other.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from grammar.operators import END_TIME, POINT_IN_TIME, START_TIME
from grammar.values import Kind
from kgqa.graphs.readers.record import Object

_ORDINAL = "P1545"
_ONCE = (START_TIME, POINT_IN_TIME, END_TIME, _ORDINAL)
"""A statement has one of each, in the order in which they open a new statement."""


@dataclass(frozen=True, slots=True)
class QualifierRow:
    """One row of a table of qualifiers."""

    relation: str
    value: Object
    source: str


Qualifiers = dict[str, list[Object]]


def group_qualifiers(rows: Iterable[QualifierRow]) -> list[Qualifiers]:
    """Qualifiers of one fact, statement by statement."""
    by_source: dict[str, Qualifiers] = {}
    for row in rows:
        values = by_source.setdefault(row.source, {}).setdefault(row.relation, [])
        if row.value not in values:
            values.append(row.value)
    # The source that tells most statements apart first: the others are fitted to it.
    split = sorted((_split(qualifiers) for qualifiers in by_source.values()), key=len, reverse=True)
    statements: list[Qualifiers] = []
    for several in split:
        before = list(statements)  # two statements of one source are two
        for qualifiers in several:
            fitting = _fitting(qualifiers, before)
            for known in fitting:
                _unite(known, qualifiers)
                if len(several) > 1:
                    before.remove(known)
            if not fitting:
                statements.append({relation: list(values) for relation, values in qualifiers.items()})
    return statements


def _span(value: Object) -> tuple[float, float]:
    return (float("nan"), float("nan")) if isinstance(value, str) else value.span


def _split(qualifiers: Qualifiers) -> list[Qualifiers]:
    """The statements that one source's qualifiers of a fact belong to."""
    openers = [relation for relation in _ONCE if len(qualifiers.get(relation, ())) > 1]
    if not openers:
        return [qualifiers]
    opener = openers[0]
    starts = sorted(qualifiers[opener], key=_span)
    statements: list[Qualifiers] = [{opener: [start]} for start in starts]
    for relation, values in qualifiers.items():
        if relation == opener:
            continue
        if relation == END_TIME and opener == START_TIME:
            statements += _pair_ends(statements, starts, sorted(values, key=_span))
        elif relation in _ONCE and len(values) == len(starts):
            for statement, value in zip(statements, sorted(values, key=_span), strict=False):
                statement[relation] = [value]
        else:
            for statement in statements:
                statement[relation] = list(values)
    return statements


def _pair_ends(
    statements: list[Qualifiers], starts: Sequence[Object], ends: list[Object]
) -> list[Qualifiers]:
    """Give every start the first end before the next start; the ends that are left, on their own."""
    left = list(ends)
    for place, start in enumerate(starts):
        until = _span(starts[place + 1])[1] if place + 1 < len(starts) else float("inf")
        fitting = [end for end in left if _span(end)[1] >= _span(start)[0] and _span(end)[0] <= until]
        if fitting:
            statements[place][END_TIME] = [fitting[0]]
            left.remove(fitting[0])
    return [{END_TIME: [end]} for end in left]


def _agree(one: Object, other: Object) -> bool:
    if one == other:
        return True
    if isinstance(one, str) or isinstance(other, str) or one.kind != other.kind or one.kind != Kind.TIME:
        return False
    return one.span[0] <= other.span[1] and other.span[0] <= one.span[1]


def _fitting(qualifiers: Qualifiers, statements: Sequence[Qualifiers]) -> list[Qualifiers]:
    """The statements that it can be the same as: one, or all where it does not say when."""
    telling = [relation for relation in _ONCE if relation in qualifiers]
    fitting = [
        known
        for known in statements
        if all(
            _agree(known[relation][0], qualifiers[relation][0]) for relation in telling if relation in known
        )
        and _in_order({**known, **qualifiers})
    ]
    if telling:
        fitting = sorted(fitting, key=lambda known: -sum(relation in known for relation in telling))[:1]
    return fitting


def _in_order(qualifiers: Qualifiers) -> bool:
    """Whether it does not end before it starts."""
    if START_TIME not in qualifiers or END_TIME not in qualifiers:
        return True
    return not _span(qualifiers[END_TIME][0])[1] < _span(qualifiers[START_TIME][0])[0]


def _unite(known: Qualifiers, qualifiers: Qualifiers) -> None:
    for relation, values in qualifiers.items():
        there = known.setdefault(relation, [])
        if relation in _ONCE and there:
            there[0] = _finer(there[0], values[0])
        else:
            there += [value for value in values if value not in there]


def _finer(one: Object, other: Object) -> Object:
    low, high = _span(one)
    other_low, other_high = _span(other)
    return other if other_high - other_low < high - low else one
