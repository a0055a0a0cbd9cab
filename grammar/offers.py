"""What the graph offers a hole: the relations and types that lead somewhere from what is written before it.

The mask of ``partial`` asks the grammar; this asks the graph. Behind ``keep(follow(Q25188, P57), ...`` only
types make sense that a director of Inception has. A graph is never complete, and a right form may denote
nothing on it, so the answer is a share (of the elements, how many have such a fact), which a model weighs,
and not a prohibition.

Large sets are looked at through evenly spaced elements of theirs. A graph that computes whole forms itself,
as an endpoint does, is not looked at: every share would be a request, hundreds of them a question.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field
from functools import cached_property
from typing import TypeVar

import numpy as np

from grammar.denotation import FloatArray, IntArray
from grammar.forms import Call, EntityLeaf, LogicalForm, RelationLeaf, TypeLeaf
from grammar.graph import AnswersForms, Graph
from grammar.operators import Sort
from grammar.partial import PartialForm

UNKNOWN = -1.0
"""Instead of a share: the graph has nothing to say about that action."""
ELEMENTS = 20_000
"""So many elements of a set are looked at when relations are asked for."""
KEPT = 4_000
"""So many sets are remembered, with what they offer."""

_Key = TypeVar("_Key")
_Found = TypeVar("_Found")
_SETS = ("union", "intersect", "difference")
_RELATIONS = ("follow", "follow_back", "value", "statements")
_TIMES = ("first", "last", "where", "qualifier", "qualifier_value")


@dataclass
class Offers:
    """The offers of one graph; what has been looked up is remembered.

    Where ``silent``, nothing is said while a form is written, to learn what it is worth.
    """

    graph: Graph
    silent: bool = False
    _sets: OrderedDict[LogicalForm, IntArray | None] = field(default_factory=OrderedDict, repr=False)
    _shares: OrderedDict[tuple[LogicalForm, str, str], float] = field(default_factory=OrderedDict, repr=False)

    @cached_property
    def are_cheap(self) -> bool:
        """Whether the graph is looked at: what it offers costs next to nothing there."""
        return not isinstance(self.graph, AnswersForms)

    def at(self, written: PartialForm) -> FloatArray | None:
        """For every action, [actions], the share of elements that have it, or UNKNOWN; None if all are.

        Only leaves that may come next are looked up.
        """
        if self.silent or not (self.are_cheap and written.frames):
            return None
        frame = written.frames[-1]
        if len(frame.arguments) != 1:
            return None
        before = frame.arguments[0]
        if frame.operator == "keep":
            kind: type[RelationLeaf] | type[TypeLeaf] = TypeLeaf
        elif frame.operator in _RELATIONS or frame.operator in _TIMES:
            kind = RelationLeaf
        else:
            return None
        if self._elements(before) is None:
            return None
        shares = np.full(len(written.space), UNKNOWN)
        for number in np.flatnonzero(written.mask):
            leaf = written.space.action(int(number))
            if isinstance(leaf, kind):
                shares[number] = self._share(before, frame.operator, leaf.name)
        return shares

    def share(self, before: LogicalForm, operator: str, name: str) -> float:
        """The share of a set's elements that have a relation (for ``keep`` a type), or UNKNOWN."""
        if not self.are_cheap or self._elements(before) is None:
            return UNKNOWN
        return self._share(before, operator, name)

    def _share(self, before: LogicalForm, operator: str, name: str) -> float:
        key = (before, operator, name)
        share = self._shares.get(key)
        if share is None:
            elements = self._elements(before)
            assert elements is not None
            having = self._having(elements, operator, name) if len(elements) else 0
            share = having / len(elements) if len(elements) else 0.0
            _remember(self._shares, key, share, 50 * KEPT)
        return share

    def _having(self, elements: IntArray, operator: str, name: str) -> int:
        """How many of the elements have a fact with the relation, a qualifier, or the type."""
        graph = self.graph
        if operator == "keep":
            return int(np.count_nonzero(graph.are_members(elements, name)))
        if operator in _TIMES:
            found = graph.states(elements, name)
            found[graph.qualifier_literals(elements, name).owners] = True
            found[graph.qualifier_entities(elements, name).owners] = True
            return int(np.count_nonzero(found))
        look_up = {
            "follow": graph.objects,
            "follow_back": graph.subjects,
            "value": graph.literals,
            "statements": graph.statements,
        }[operator]
        return len(np.unique(look_up(elements, name).owners))

    def _elements(self, form: LogicalForm) -> IntArray | None:
        """At most ELEMENTS of the entities or statements that a form may denote, or None where unknown.

        Comparisons and extremes are passed over: what is left of a set offers what the set offers.
        """
        if form in self._sets:
            return self._sets[form]
        found = self._find(form)
        if found is not None:
            found = _some(np.unique(found))
        _remember(self._sets, form, found, KEPT)
        return found

    def _find(self, form: LogicalForm) -> IntArray | None:
        graph = self.graph
        if isinstance(form, EntityLeaf):
            numbers = graph.entities(form.names)
            return numbers[numbers >= 0]
        if not isinstance(form, Call):
            return None
        first, *rest = form.arguments
        name = rest[0].name if rest and isinstance(rest[0], (RelationLeaf, TypeLeaf)) else ""
        if form.operator == "members":
            return graph.members(first.name) if isinstance(first, TypeLeaf) else None
        if form.operator in _SETS and form.sort in (Sort.ENTITIES, Sort.EACH_ENTITIES):
            both = [self._elements(part) for part in (first, *rest)]
            if form.operator == "difference":
                return both[0]
            known = [part for part in both if part is not None]
            return np.concatenate(known) if len(known) == 2 else None
        if form.operator == "arg":
            return self._elements(_domain(first))
        elements = self._elements(first)
        if elements is None:
            return None
        if form.operator in ("for_each", "first", "last", "where"):
            return elements
        if form.operator == "keep":
            return elements[graph.are_members(elements, name)]
        look_up = {
            "follow": graph.objects,
            "follow_back": graph.subjects,
            "statements": graph.statements,
            "qualifier": graph.qualifier_entities,
        }.get(form.operator)
        if look_up is not None:
            return look_up(elements, name).items
        if form.operator == "object":
            stated = graph.statement_entities(elements)
            return stated[stated >= 0]
        return None


def _domain(form: LogicalForm) -> LogicalForm:
    """What a map was made of: the argument of its first ``for_each``."""
    while isinstance(form, Call) and form.operator != "for_each":
        form = form.arguments[0]
    return form.arguments[0] if isinstance(form, Call) else form


def _some(elements: IntArray) -> IntArray:
    """All of a few, evenly spaced ones of many."""
    if len(elements) <= ELEMENTS:
        return elements
    return elements[np.linspace(0, len(elements) - 1, ELEMENTS).astype(np.int64)]


def _remember(known: OrderedDict[_Key, _Found], key: _Key, value: _Found, limit: int) -> None:
    known[key] = value
    if len(known) > limit:
        known.popitem(last=False)
