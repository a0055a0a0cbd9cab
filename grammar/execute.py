"""A form's first meaning: its denotation on a graph, computed set-at-a-time.

Every operator is one function below, registered under its name; sub-forms that occur twice are computed
once. Nothing here loops over facts in Python.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from grammar.arrays import ascending, common, united, without
from grammar.denotation import (
    BoolArray,
    Boolean,
    Booleans,
    Denotation,
    EachNumber,
    EachSet,
    Entities,
    IntArray,
    Number,
    Numbers,
    Statements,
    Values,
)
from grammar.errors import ExecutionError, LimitReached, UnknownName
from grammar.forms import Call, EntityLeaf, LogicalForm, NumberLeaf, RelationLeaf, TypeLeaf, ValueLeaf
from grammar.graph import AnswersForms, Graph, Pairs
from grammar.lines import TESTS, compare, holds_at, most, within_deviation
from grammar.operators import POINT_IN_TIME, Sort
from grammar.values import Kind

_SETS: dict[Sort, type[Entities] | type[Values] | type[Statements]] = {
    Sort.ENTITIES: Entities,
    Sort.VALUES: Values,
    Sort.STATEMENTS: Statements,
}
_EACH = {
    Sort.ENTITIES: Sort.EACH_ENTITIES,
    Sort.VALUES: Sort.EACH_VALUES,
    Sort.STATEMENTS: Sort.EACH_STATEMENTS,
}
_UNLIFTED = {each: plain for plain, each in _EACH.items()}


@dataclass(frozen=True)
class Limits:
    """How much one form may cost."""

    elements: int = 20_000_000
    seconds: float = 30.0


def execute(form: LogicalForm, graph: Graph, *, limits: Limits = Limits()) -> Denotation:
    """Compute what a form denotes on a graph.

    Raises:
        UnknownName: the graph does not have an entity, relation or type that the form names.
        LimitReached: it would take too many elements or too long.
    """
    return Execution(graph, limits=limits).denotation(form)


@dataclass
class Execution:
    """One or many forms on one graph: what sub-forms denote is kept, so that it is computed once."""

    graph: Graph
    limits: Limits = Limits()
    known: dict[LogicalForm, Denotation] = field(default_factory=dict)
    _deadline: float = field(default=math.inf, init=False, repr=False, compare=False)
    _answers: AnswersForms | None = field(default=None, init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        # Once: it is looked at for every call of every form, and the look takes microseconds.
        self._answers = self.graph if isinstance(self.graph, AnswersForms) else None

    def denotation(self, form: LogicalForm) -> Denotation:
        """What the form denotes (see ``execute``); every form gets the limits anew."""
        self._deadline = time.monotonic() + self.limits.seconds
        return self._denotation(form)

    def _denotation(self, form: LogicalForm) -> Denotation:
        found = self.known.get(form)
        if found is None:
            found = self._leaf(form) if not isinstance(form, Call) else self._call(form)
            self.known[form] = found
        return found

    def _call(self, form: Call) -> Denotation:
        left = self._deadline - time.monotonic()
        if left < 0:
            raise LimitReached(f"execution took longer than {self.limits.seconds:g} seconds: {form}")
        if self._answers is not None:
            whole = self._answers.denotation(form, seconds=left)
            if whole is not None:
                return whole
        arguments: list[Any] = []
        for argument in form.arguments:
            if isinstance(argument, (RelationLeaf, TypeLeaf)):
                self._check(argument)
                arguments.append(argument.name)
            else:
                arguments.append(self._denotation(argument))
        result: Denotation = MEANINGS[form.operator](self.graph, *arguments)
        elements = len(getattr(result, "items", ())) + len(getattr(result, "keys", ()))
        if elements > self.limits.elements:
            raise LimitReached(
                f"a part of the form has {elements} elements, {self.limits.elements} are allowed: {form}"
            )
        return result

    def _check(self, leaf: RelationLeaf | TypeLeaf) -> None:
        if isinstance(leaf, RelationLeaf):
            if not self.graph.has_relation(leaf.name):
                raise UnknownName(leaf.name, expected="relation", graph=self.graph.name)
        elif not self.graph.has_type(leaf.name):
            raise UnknownName(leaf.name, expected="type", graph=self.graph.name)

    def _leaf(self, leaf: LogicalForm) -> Denotation:
        if isinstance(leaf, EntityLeaf):
            numbers = self.graph.entities(leaf.names)
            for name, number in zip(leaf.names, numbers, strict=True):
                if number < 0:
                    raise UnknownName(name, expected="entity", graph=self.graph.name)
            return Entities(ascending(numbers))
        if isinstance(leaf, NumberLeaf):
            return Number(leaf.number)
        if isinstance(leaf, ValueLeaf):
            return Values(np.array([self.graph.literal(leaf.value)], dtype=np.int64))
        raise ExecutionError(f"{leaf} is a {leaf.sort.value} and denotes nothing on its own")


# --- maps ---------------------------------------------------------------------------------------------

_Set = Entities | Values | Statements


def _set(sort: Sort, items: IntArray) -> _Set:
    return _SETS[sort](ascending(items))


def _each(sort: Sort, keys: IntArray, owners: IntArray, items: IntArray) -> EachSet:
    """A map with its pairs sorted and made unique."""
    if len(items) > 1:
        same_owner = owners[1:] == owners[:-1]
        # What a graph gives is in order already, unless several things lead to the same one.
        if not ((owners[1:] > owners[:-1]) | (same_owner & (items[1:] > items[:-1]))).all():
            order = np.lexsort((items, owners))
            owners, items = owners[order], items[order]
            new = np.concatenate(([True], (owners[1:] != owners[:-1]) | (items[1:] != items[:-1])))
            owners, items = owners[new], items[new]
    return EachSet(_EACH[sort], keys, owners, items)


def _without_empty(each: EachSet) -> EachSet:
    """Only the elements whose set is not empty."""
    if not len(each.owners):
        return EachSet(each.sort, each.keys[:0], each.owners, each.items)
    changes = each.owners[1:] != each.owners[:-1]
    kept = np.concatenate((each.owners[:1], each.owners[1:][changes]))
    owners = np.concatenate((np.zeros(1, dtype=np.int64), np.cumsum(changes, dtype=np.int64)))
    return EachSet(each.sort, each.keys[kept], owners, each.items)


def _select(each: EachSet, chosen: BoolArray) -> EachSet:
    """The pairs chosen, [m]; elements stay in the map."""
    return EachSet(each.sort, each.keys, each.owners[chosen], each.items[chosen])


def _read(argument: _Set | EachSet, pairs: Callable[[IntArray], Pairs], sort: Sort) -> _Set | EachSet:
    """Apply a fact-reading operator; an element of a map that has no such fact leaves the map."""
    found = pairs(argument.items)
    if isinstance(argument, EachSet):
        return _without_empty(_each(sort, argument.keys, argument.owners[found.owners], found.items))
    return _set(sort, found.items)


def _filter(argument: _Set | EachSet, chosen: BoolArray) -> _Set | EachSet:
    """Apply a filter; an element of a map stays in it, if need be with an empty set."""
    if isinstance(argument, EachSet):
        return _select(argument, chosen)
    return type(argument)(argument.items[chosen])


def _columns(items: IntArray) -> Pairs:
    """One item for every position, where it is not -1."""
    owners = np.flatnonzero(items >= 0)
    return Pairs(owners.astype(np.int64), items[owners])


# --- graph, statements, classes -----------------------------------------------------------------------


def _follow(graph: Graph, argument: Any, relation: str) -> Any:
    return _read(argument, lambda items: graph.objects(items, relation), Sort.ENTITIES)


def _follow_back(graph: Graph, argument: Any, relation: str) -> Any:
    return _read(argument, lambda items: graph.subjects(items, relation), Sort.ENTITIES)


def _value(graph: Graph, argument: Any, relation: str) -> Any:
    return _read(argument, lambda items: graph.literals(items, relation), Sort.VALUES)


def _statements(graph: Graph, argument: Any, relation: str) -> Any:
    return _read(argument, lambda items: graph.statements(items, relation), Sort.STATEMENTS)


def _qualifier(graph: Graph, argument: Any, relation: str) -> Any:
    return _read(argument, lambda items: graph.qualifier_entities(items, relation), Sort.ENTITIES)


def _qualifier_value(graph: Graph, argument: Any, relation: str) -> Any:
    return _read(argument, lambda items: graph.qualifier_literals(items, relation), Sort.VALUES)


def _object(graph: Graph, argument: Any) -> Any:
    return _read(argument, lambda items: _columns(graph.statement_entities(items)), Sort.ENTITIES)


def _object_value(graph: Graph, argument: Any) -> Any:
    return _read(argument, lambda items: _columns(graph.statement_literals(items)), Sort.VALUES)


def _where(graph: Graph, argument: Any, relation: str, wanted: Entities | Values) -> Any:
    statements = argument.items
    chosen = np.zeros(len(statements), dtype=bool)
    own = graph.states(statements, relation)
    if isinstance(wanted, Entities):
        stated = _columns(np.where(own, graph.statement_entities(statements), -1))
        for found in (graph.qualifier_entities(statements, relation), stated):
            chosen[found.owners[np.isin(found.items, wanted.items)]] = True
        return _filter(argument, chosen)
    stated = _columns(np.where(own, graph.statement_literals(statements), -1))
    for found in (graph.qualifier_literals(statements, relation), stated):
        chosen[found.owners[compare(graph, "equals", found.items, wanted.items)]] = True
    if relation == POINT_IN_TIME:
        chosen |= holds_at(graph, statements, wanted.items)
    return _filter(argument, chosen)


def _outermost(graph: Graph, argument: Any, relation: str, sign: float) -> Any:
    """The statements, of each element, whose qualifier is smallest (sign 1) or largest (sign -1)."""
    found = graph.qualifier_literals(argument.items, relation)
    spans = graph.spans(found.items)
    best = np.full(len(argument.items), math.inf)
    on_line = ~np.isnan(spans.low)
    np.minimum.at(best, found.owners[on_line], sign * spans.low[on_line])
    if isinstance(argument, EachSet):
        extreme = np.full(len(argument.keys), math.inf)
        np.minimum.at(extreme, argument.owners, best)
        chosen = best == extreme[argument.owners]
    else:
        chosen = best == (best.min() if len(best) else math.inf)
    return _filter(argument, chosen & np.isfinite(best))


def _members(graph: Graph, type_name: str) -> Entities:
    return Entities(graph.members(type_name))


def _keep(graph: Graph, argument: Any, type_name: str) -> Any:
    return _filter(argument, graph.are_members(argument.items, type_name))


# --- sets ---------------------------------------------------------------------------------------------


def _aligned(
    left: EachSet, right: EachSet | Entities
) -> tuple[IntArray, IntArray, IntArray, IntArray, IntArray]:
    """Keys of both maps, and owners and items of each with regard to these keys."""
    if isinstance(right, EachSet):
        keys = united(left.keys, right.keys)
        left_owners = np.searchsorted(keys, left.keys)[left.owners]
        return keys, left_owners, left.items, np.searchsorted(keys, right.keys)[right.owners], right.items
    owners = np.repeat(np.arange(len(left.keys)), len(right.items))
    return left.keys, left.owners, left.items, owners, np.tile(right.items, len(left.keys))


def _set_operator(combine: Callable[[IntArray, IntArray], IntArray]) -> Callable[..., Any]:
    def apply(graph: Graph, left: Any, right: Any) -> Any:
        if not isinstance(left, EachSet):
            return _set(left.sort, combine(left.items, right.items))
        keys, left_owners, left_items, right_owners, right_items = _aligned(left, right)
        # Pairs (owner, item) as single numbers, so that one set operation serves all elements at once.
        bits = max(int(left_items.max(initial=0)), int(right_items.max(initial=0))).bit_length()
        both = combine((left_owners << bits) | left_items, (right_owners << bits) | right_items)
        return _each(_UNLIFTED[left.sort], keys, both >> bits, both & ((1 << bits) - 1))

    return apply


def _is_in(graph: Graph, left: Entities, right: Entities) -> Boolean:
    return Boolean(bool(len(left.items)) and bool(np.isin(left.items, right.items).all()))


def _exists(graph: Graph, argument: _Set) -> Boolean:
    return Boolean(bool(len(argument.items)))


# --- numbers ------------------------------------------------------------------------------------------


def _cardinality(graph: Graph, argument: Any) -> Any:
    if isinstance(argument, EachSet):
        return EachNumber(argument.keys, argument.counts().astype(np.float64))
    return Number(float(len(argument.items)))


def _extreme(sign: float) -> Callable[..., Any]:
    """``max`` (sign 1) and ``min`` (sign -1)."""

    def apply(graph: Graph, argument: Any) -> Any:
        if isinstance(argument, EachNumber):
            chosen = sign * argument.numbers == np.max(sign * argument.numbers, initial=-math.inf)
            return EachNumber(argument.keys[chosen], argument.numbers[chosen])
        chosen = most(graph, argument.items, sign)
        if isinstance(argument, EachSet):
            return _without_empty(_select(argument, chosen))
        return Values(argument.items[chosen])

    return apply


def _sum(graph: Graph, left: Any, right: Any) -> Any:
    if isinstance(left, Number):
        return Number(left.number + right.number)
    keys = united(left.keys, right.keys)
    numbers = np.zeros(len(keys))
    numbers[np.searchsorted(keys, left.keys)] += left.numbers
    numbers[np.searchsorted(keys, right.keys)] += right.numbers
    return EachNumber(keys, numbers)


def _comparison(test: str) -> Callable[..., Any]:
    def apply(graph: Graph, argument: Any, wanted: Any) -> Any:
        holds = TESTS[test]
        if isinstance(argument, EachNumber):
            if test == "around":
                chosen = within_deviation(argument.numbers, wanted.number)
            else:
                chosen = holds(argument.numbers, argument.numbers, wanted.number, wanted.number)
            return EachNumber(argument.keys[chosen], argument.numbers[chosen])
        if isinstance(argument, Number):
            number = np.array([argument.number])
            return Boolean(bool(holds(number, number, wanted.number, wanted.number)[0]))
        if isinstance(wanted, Number):
            spans = graph.spans(argument.items)
            chosen = (spans.kinds == Kind.QUANTITY) & holds(
                spans.low, spans.high, wanted.number, wanted.number
            )
        else:
            chosen = compare(graph, test, argument.items, wanted.items)
        kept = _filter(argument, chosen)
        return _without_empty(kept) if isinstance(kept, EachSet) else kept

    return apply


# --- each, answers ------------------------------------------------------------------------------------


def _for_each(graph: Graph, argument: Entities) -> EachSet:
    return EachSet(Sort.EACH_ENTITIES, argument.items, np.arange(len(argument.items)), argument.items)


def _arg(graph: Graph, argument: EachSet | EachNumber) -> Entities:
    return Entities(
        argument.keys[np.unique(argument.owners)] if isinstance(argument, EachSet) else argument.keys
    )


def _pair(
    graph: Graph, first: Number | Boolean, rest: Number | Boolean | Numbers | Booleans
) -> Numbers | Booleans:
    if isinstance(first, Number):
        later = rest.numbers if isinstance(rest, Numbers) else (rest.number,)  # type: ignore[union-attr]
        return Numbers((first.number, *later))
    truths = rest.truths if isinstance(rest, Booleans) else (rest.truth,)  # type: ignore[union-attr]
    return Booleans((first.truth, *truths))


MEANINGS: dict[str, Callable[..., Any]] = {
    "follow": _follow,
    "follow_back": _follow_back,
    "value": _value,
    "statements": _statements,
    "qualifier": _qualifier,
    "qualifier_value": _qualifier_value,
    "where": _where,
    "first": lambda graph, argument, relation: _outermost(graph, argument, relation, 1.0),
    "last": lambda graph, argument, relation: _outermost(graph, argument, relation, -1.0),
    "object": _object,
    "object_value": _object_value,
    "members": _members,
    "keep": _keep,
    "union": _set_operator(united),
    "intersect": _set_operator(common),
    "difference": _set_operator(without),
    "is_in": _is_in,
    "exists": _exists,
    "cardinality": _cardinality,
    "max": _extreme(1.0),
    "min": _extreme(-1.0),
    "sum": _sum,
    **{test: _comparison(test) for test in TESTS},
    "for_each": _for_each,
    "arg": _arg,
    "pair": _pair,
}
"""Operator -> its meaning. A test holds this against the table."""
