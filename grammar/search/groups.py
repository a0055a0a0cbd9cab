"""Forms grouped by what they denote: the memory of the supervision search.

Many forms denote the same; the search goes on with one of them and remembers how the others were made, so
that a spurious short form does not hide the true one. Survivors are spelled out at the end.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import islice, product
from typing import TypeAlias

import numpy as np

from grammar.denotation import Denotation, EachNumber, EachSet, Entities, Statements, Values
from grammar.execute import Execution
from grammar.forms import (
    Call,
    EntityLeaf,
    LogicalForm,
    RelationLeaf,
    TypeLeaf,
    leaves,
    size,
    stated_relation,
)
from grammar.operators import LIFTED, Sort

_ALL = 512  # arrays up to this length are their own key
_WAYS = 48
SET_OPERATORS = frozenset({"union", "intersect", "difference"})
_MAPS = frozenset({*LIFTED.values()})
_OF_WHAT_IS_STATED = frozenset({"object", "object_value", "exists"})
_IDEMPOTENT = frozenset({"keep", "where", "first", "last", "max", "min"})


class OutOfBudget(Exception):
    """The search has tried as many forms as it may."""


@dataclass(frozen=True)
class Budget:
    """How far a search goes.

    ``forms`` and ``elements`` (entities, literals, statements in all denotations together) do not depend on
    the machine, so the same search gives the same result everywhere; ``milliseconds`` is the net below.
    ``actions`` is the size of the largest form.
    """

    forms: int = 4_000
    milliseconds: float = 5_000.0
    elements: int = 20_000_000
    actions: int = 40


@dataclass(frozen=True, eq=False)
class Group:
    """All forms found so far with one denotation; ``form`` is the first and smallest."""

    form: LogicalForm
    sort: Sort
    denotation: Denotation | None  # None: a relation or a type
    size: int
    without_entities: bool
    ways: list[Way] = field(default_factory=list)

    def __len__(self) -> int:
        """Elements of its set or map (of one that has neither: 0)."""
        found = self.denotation
        if isinstance(found, (EachSet, EachNumber)):
            return len(found.keys)
        return len(found.items) if isinstance(found, (Entities, Values, Statements)) else 0


@dataclass(frozen=True)
class Way:
    """One way to make a form: an operator over groups; ``operator`` is None for the group's own form."""

    operator: str | None
    arguments: tuple[Group, ...] = ()


def unexecuted(operator: str, *arguments: Group, denotation: Denotation | None = None) -> Group:
    """A group outside the pool: a form that is known to be an answer, or what it denotes."""
    form = Call(operator, tuple(argument.form for argument in arguments))
    total = 1 + sum(argument.size for argument in arguments)
    return Group(form, form.sort, denotation, total, False, [Way(operator, arguments)])


_Key: TypeAlias = tuple[object, ...]


def _key(denotation: Denotation) -> _Key:
    """Equal for equal denotations, and seldom for others."""
    parts: list[object] = [type(denotation)]
    for value in vars(denotation).values():
        if not isinstance(value, np.ndarray):
            parts.append(value)
        elif len(value) <= _ALL:
            parts.append(value.tobytes())
        else:
            parts += [len(value), value[:: len(value) // 64].tobytes(), value.sum()]
    return tuple(parts)


def _same(left: Denotation, right: Denotation) -> bool:
    """Whether two denotations with the same key are equal."""
    return all(
        np.array_equal(one, other)
        for one, other in zip(vars(left).values(), vars(right).values(), strict=True)
        if isinstance(one, np.ndarray) and len(one) > _ALL
    )


class Pool:
    """Groups by sort and denotation, and the count of what they have cost.

    With ``empties`` forms that denote nothing are wanted: each is a group of its own, for they are many.
    """

    def __init__(
        self,
        execution: Execution,
        budget: Budget,
        memo: dict[LogicalForm, Denotation],
        *,
        empties: bool = False,
    ) -> None:
        self.execution = execution
        self.budget = budget
        self.memo = memo
        self.forms_tried = 0
        self.elements = 0
        self.started = time.monotonic()
        self.empties = empties
        self._groups: dict[_Key, list[Group]] = {}
        self._tried: set[tuple[object, ...]] = set()

    def spend(self, forms: int = 1, elements: int = 0) -> None:
        """Count forms as tried.

        Raises:
            OutOfBudget: that was the last one.
        """
        self.forms_tried += forms
        self.elements += elements
        if self.forms_tried > self.budget.forms or self.elements > self.budget.elements:
            raise OutOfBudget
        if (time.monotonic() - self.started) * 1000 > self.budget.milliseconds:
            raise OutOfBudget

    def leaf(self, leaf: LogicalForm) -> Group:
        """The group of a leaf, which no other form joins: a chain may lead back to an entity that is spoken
        of, and go on from there."""
        if isinstance(leaf, (RelationLeaf, TypeLeaf)):
            return Group(leaf, leaf.sort, None, 1, True, [Way(None)])
        denotation = self.execution.denotation(leaf)
        return Group(leaf, denotation.sort, denotation, 1, _without_entities(leaf), [Way(None)])

    def make(
        self, operator: str, *arguments: Group, empty: bool = False, known: bool = False
    ) -> Group | None:
        """The group of a form; None where it is too large, or (unless ``empty``) denotes nothing, or (unless
        ``known``) is none of its own: then the form is one more way to a group that there is."""
        total = 1 + sum(argument.size for argument in arguments)
        tried = (operator, *map(id, arguments))
        if tried in self._tried or total > self.budget.actions:
            return None
        self._tried.add(tried)
        form = Call(operator, tuple(argument.form for argument in arguments))
        lasting = all(argument.without_entities for argument in arguments)
        denotation = self.memo.get(form) if lasting else None
        if denotation is None:
            denotation = self.execution.denotation(form)
            if lasting:
                self.memo[form] = denotation
        else:
            self.execution.known[form] = denotation
        count = _elements(denotation)
        self.spend(1, count)
        if count == 0 and denotation.sort not in (Sort.NUMBER, Sort.BOOLEAN):
            if self.empties:
                return Group(form, form.sort, denotation, total, lasting, [Way(operator, arguments)])
            if not empty:
                return None
        group, new = self._place(form, Way(operator, arguments), denotation, total)
        return group if new or known else None

    def _place(self, form: LogicalForm, way: Way, denotation: Denotation, total: int) -> tuple[Group, bool]:
        if denotation.sort in _MAPS:
            # Every map by itself: a comparison mirrors its very form, and equal maps are few.
            return Group(form, denotation.sort, denotation, total, _without_entities(form), [way]), True
        bucket = self._groups.setdefault(_key(denotation), [])
        for group in bucket:
            if group.denotation is not None and _same(group.denotation, denotation):
                if len(group.ways) < _WAYS:
                    group.ways.append(way)
                return group, False
        group = Group(form, denotation.sort, denotation, total, _without_entities(form), [way])
        bucket.append(group)
        return group, True


def _without_entities(form: LogicalForm) -> bool:
    return not any(isinstance(leaf, EntityLeaf) for leaf in leaves(form))


def _elements(denotation: Denotation) -> int:
    return len(getattr(denotation, "items", ())) + len(getattr(denotation, "keys", ()))


def _is_call(form: LogicalForm, operators: frozenset[str]) -> bool:
    return isinstance(form, Call) and form.operator in operators


def _is_idle(form: Call) -> bool:
    """Whether a set operator has no part in the meaning: over itself, another one, or one chain twice."""
    one, other = form.arguments
    if _is_call(one, SET_OPERATORS) or _is_call(other, SET_OPERATORS):
        return True
    twice = [
        one.arguments[0] if isinstance(one, Call) and one.operator == "keep" else one for one in (one, other)
    ]
    return twice[0] == twice[1] and (one == other or one in twice or other in twice)


def _repeats(form: Call, inner: LogicalForm) -> bool:
    """Whether a filter is applied to what the same filter has left."""
    return (
        isinstance(inner, Call)
        and inner.operator == form.operator
        and inner.arguments[1:] == form.arguments[1:]
    )


def _names_what_is_stated(form: LogicalForm) -> bool:
    """Whether statements are chosen by what they state."""
    if not isinstance(form, Call) or form.operator == "statements":
        return False
    chosen = form.operator == "where" and form.arguments[1] == stated_relation(form)
    return chosen or _names_what_is_stated(form.arguments[0])


class Spelling:
    """Spells out the forms behind ways, the best by ``score`` of every group."""

    def __init__(self, score: Callable[[LogicalForm], float], *, most: int = 8, actions: int) -> None:
        self._score = score
        self._most = most
        self._actions = actions
        self._known: dict[int, list[LogicalForm]] = {}

    def forms(self, group: Group) -> list[LogicalForm]:
        """The best forms of a group, best first."""
        if len(group.ways) == 1 and group.ways[0].operator is None:
            return [group.form]
        known = self._known.get(id(group))
        if known is None:
            # While a group is being spelt, a way that leads through itself gets the form it started with.
            self._known[id(group)] = [group.form]
            first = {group.form: None}
            first |= {form: None for way in group.ways if group not in way.arguments for form in self.of(way)}
            known = self._best(first)
            self._known[id(group)] = known
            # A filter that filters nothing away leads back to its own group: once more around, not for ever.
            around = {form: None for way in group.ways if group in way.arguments for form in self.of(way)}
            known = self._best(first | around)
            self._known[id(group)] = known
        return known

    def of(self, way: Way) -> Iterator[LogicalForm]:
        """The forms of one way."""
        if way.operator is None:
            return
        choices = product(*(self.forms(argument) for argument in way.arguments))
        for arguments in islice(choices, self._most**2):
            inner = arguments[0]
            form = Call(way.operator, arguments)
            if way.operator in _IDEMPOTENT and _repeats(form, inner):
                continue
            if way.operator == "pair" and arguments[0] == arguments[1]:
                continue
            if way.operator == "keep" and _is_call(inner, SET_OPERATORS):
                continue  # the same as keeping before, which is found too
            if way.operator in SET_OPERATORS and _is_idle(form):
                continue
            if way.operator in _OF_WHAT_IS_STATED and _names_what_is_stated(inner):
                continue  # the name itself, or what "is_in" and "equals" ask shorter
            if size(form) <= self._actions:
                yield form

    def _best(self, forms: dict[LogicalForm, None]) -> list[LogicalForm]:
        """The best chains, and the best sets of chains: of these there are many."""
        ranked = sorted(forms, key=lambda form: (-self._score(form), size(form), str(form)))
        sets = [form for form in ranked if _is_call(form, SET_OPERATORS)]
        chains = [form for form in ranked if not _is_call(form, SET_OPERATORS)]
        return chains[: self._most] + sets[: self._most // 2]
