"""The facts behind an answer, and the answer in names and words.

A form is walked from its answer down: every operator is asked which part of what its arguments denote is
responsible for the part of its own denotation that is shown, so that only facts that lead to the answer
are named. Facts read first stand first: "France - head of state - Macron" before "Macron - spouse - ...".
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Collection
from dataclasses import dataclass, field

import numpy as np

from grammar.denotation import (
    EMPTY,
    BoolArray,
    Boolean,
    Booleans,
    Denotation,
    EachNumber,
    EachSet,
    Entities,
    FloatArray,
    IntArray,
    Number,
    Numbers,
    Values,
)
from grammar.errors import LimitReached
from grammar.execute import Execution
from grammar.forms import Call, LogicalForm, RelationLeaf, TypeLeaf
from grammar.graph import AnswersForms, Pairs
from kgqa.answer import Fact, Result
from kgqa.graphs.protocol import Fact as StatedFact
from kgqa.graphs.protocol import KnowledgeGraph
from kgqa.graphs.readers.record import write_object
from kgqa.readable import answer_text

__all__ = ["answer_text", "facts_behind", "result_of"]

MOST_ORDERED = 1_000
"""So many members of a set are put in order."""
FEWEST_EACH = 3
"""For every element of a map at least so many facts are shown, if it has them."""
_READING = frozenset(
    ["follow", "follow_back", "value", "statements", "object", "object_value", "qualifier", "qualifier_value"]
)
_INSTANCE_OF = ("P31", "http://www.w3.org/1999/02/22-rdf-syntax-ns#type")


def result_of(
    denotation: Denotation,
    graph: KnowledgeGraph,
    *,
    told: Collection[str] = frozenset(),
    likeness: Callable[[str], float] | None = None,
) -> Result:
    """A denotation in names and values; those entities first that are best known and whose types are most
    like the question (``likeness`` of a type), and those last that the dialogue has ``told`` of already.

    A set has no order, but an answer has a first element: what most people mean, and what P@1 looks at.
    "Which club does he play for?" of a footballer means no national team.

    Raises:
        TypeError: it is a map or a set of statements, which answer no question.
    """
    if isinstance(denotation, Entities):
        names = graph.entity_names(_best_first(denotation.items, graph, likeness))
        return Result(entities=tuple(sorted(names, key=told.__contains__) if told else names))
    if isinstance(denotation, Values):
        return Result(values=tuple(graph.values(denotation.items)))
    if isinstance(denotation, Number):
        return Result(numbers=(denotation.number,))
    if isinstance(denotation, Numbers):
        return Result(numbers=denotation.numbers)
    if isinstance(denotation, Boolean):
        return Result(truths=(denotation.truth,))
    if isinstance(denotation, Booleans):
        return Result(truths=denotation.truths)
    raise TypeError(f"{denotation.sort.value} answers no question")


def _best_first(
    entities: IntArray, graph: KnowledgeGraph, likeness: Callable[[str], float] | None
) -> IntArray:
    """By number of facts and, with the same weight, by likeness, where there is one; all of a small set, the
    best known of a large one before the rest. An endpoint is not asked for either: it would be as much work
    again as the answer was."""
    if isinstance(graph, AnswersForms) or len(entities) < 2:
        return entities
    known = graph.degree(entities)
    large = len(entities) > MOST_ORDERED
    if large:
        least = np.partition(known, -MOST_ORDERED)[-MOST_ORDERED]
        known = np.where(known >= least, known, 0)
    place = _places(known)
    if likeness is not None and not large:
        place += _places(_like(entities, graph, likeness))
    return entities[np.lexsort((-known, place))]


def _places(numbers: FloatArray | IntArray) -> IntArray:
    """How many of the numbers are greater, for each [n]."""
    return np.searchsorted(np.sort(-numbers), -numbers)


def _like(entities: IntArray, graph: KnowledgeGraph, likeness: Callable[[str], float]) -> FloatArray:
    """Of each entity [n] the likeness of the likest of its types, 0 without any."""
    found = graph.types(entities)
    types, number = np.unique(found.items, return_inverse=True)
    of_type = np.array([likeness(name) for name in graph.entity_names(types)])
    like = np.zeros(len(entities))
    if len(types):
        np.maximum.at(like, found.owners, of_type[number])
    return like


def facts_behind(
    form: LogicalForm, graph: KnowledgeGraph, *, limit: int = 20, execution: Execution | None = None
) -> tuple[Fact, ...]:
    """The facts that were read for what the form denotes, at most ``limit``.

    Of a set, the facts of its first members; of a map ("which film has most ...") a few for every element
    that is left. That something is an instance of a type is named only where nothing else was read.
    ``execution`` saves computing the sub-forms again where the form has just been executed.

    Raises:
        ExecutionError: the form cannot be executed on the graph.
    """
    walk = _Walk(graph, execution or Execution(graph), limit)
    with contextlib.suppress(LimitReached):  # what an endpoint counted may be too much to be fetched from it
        walk.whole(form)
    groups = [list(facts) for facts in walk.groups.values() if facts]
    if not groups:
        groups = [list(walk.memberships)]
    return tuple(_fairly(groups, limit))


def _fairly(groups: list[list[Fact]], limit: int) -> list[Fact]:
    """At most ``limit`` facts, of every group about as many, in the order of the groups."""
    taken = [0] * len(groups)
    left = limit
    while left > 0 and any(count < len(group) for count, group in zip(taken, groups, strict=True)):
        for place, group in enumerate(groups):
            if left > 0 and taken[place] < len(group):
                taken[place] += 1
                left -= 1
    chosen = [fact for count, group in zip(taken, groups, strict=True) for fact in group[:count]]
    return list(dict.fromkeys(chosen))


@dataclass(frozen=True)
class _Wanted:
    """The part of a denotation that facts are sought for.

    Of a set: ``items`` [n]. Of a map of sets: ``keys`` [n] and ``items`` [n], pairs. Of a map of numbers:
    ``keys`` only.
    """

    items: IntArray
    keys: IntArray | None = None


def _pairs_of(denotation: Denotation) -> _Wanted:
    """All of a set or map of sets."""
    if isinstance(denotation, EachSet):
        return _Wanted(denotation.items, denotation.keys[denotation.owners])
    if isinstance(denotation, EachNumber):
        return _Wanted(EMPTY, denotation.keys)
    return _Wanted(getattr(denotation, "items", EMPTY))


def _as_fact(fact: StatedFact) -> Fact:
    qualifiers = [
        (relation, write_object(value)) for relation, values in fact.qualifiers.items() for value in values
    ]
    return Fact(fact.subject, fact.relation, write_object(fact.value), tuple(qualifiers))


def _within(items: IntArray, keys: IntArray | None, wanted: _Wanted) -> BoolArray:
    """For each item (of its key), [n], whether it is wanted."""
    if keys is None or wanted.keys is None:
        return np.isin(items, wanted.items)
    base = 1 + max(int(items.max(initial=0)), int(wanted.items.max(initial=0)))
    return np.isin(keys * base + items, wanted.keys * base + wanted.items)


@dataclass
class _Walk:
    """One walk down a form; ``groups`` collects facts by the sub-form that read them, innermost first."""

    graph: KnowledgeGraph
    execution: Execution
    limit: int
    groups: dict[LogicalForm, dict[Fact, None]] = field(default_factory=dict)
    memberships: dict[Fact, None] = field(default_factory=dict)

    def whole(self, form: LogicalForm) -> None:
        """Facts for the first members of all that the form denotes."""
        if isinstance(form, Call):
            everything = _pairs_of(self.execution.denotation(form))
            self.visit(form, _Wanted(everything.items[: self.limit]))

    def elements(self, form: LogicalForm, keys: IntArray) -> None:
        """Facts for these elements of a map, a few each."""
        if not isinstance(form, Call):
            return
        keys = np.unique(keys)[: self.limit]
        denotation = self.execution.denotation(form)
        if isinstance(denotation, EachNumber):
            self.visit(form, _Wanted(EMPTY, keys))
            return
        everything = _pairs_of(denotation)
        assert everything.keys is not None
        chosen = np.flatnonzero(np.isin(everything.keys, keys))
        chosen = chosen[self._few(everything.keys[chosen], len(keys))]
        self.visit(form, _Wanted(everything.items[chosen], everything.keys[chosen]))

    def _few(self, keys: IntArray, elements: int) -> BoolArray:
        """For pairs sorted by key, [n], whether they are among the first of their key."""
        most = max(FEWEST_EACH, self.limit // max(elements, 1))
        starts = np.searchsorted(keys, keys, side="left")
        return np.arange(len(keys)) - starts < most

    def visit(self, form: LogicalForm, wanted: _Wanted) -> None:
        """Facts for what is wanted of a sub-form's denotation."""
        if not isinstance(form, Call):
            return
        first, *others = form.arguments
        match form.operator:
            case name if name in _READING:
                self._read(form, wanted)
            case "members":
                self._belong(first, wanted.items)
            case "keep":
                self.visit(first, wanted)
                self._belong(others[0], wanted.items)
            case "where" | "first" | "last":
                self.visit(first, wanted)
            case "union" | "intersect":
                for argument in form.arguments:
                    self.visit(argument, self._shared(argument, wanted))
            case "difference":
                self.visit(first, wanted)
            case "is_in":
                self._contained(first, others[0])
            case "for_each":
                self.visit(first, _Wanted(np.unique(wanted.items)))
            case "arg":
                self.elements(first, wanted.items)
            case _:  # numbers, comparisons, exists, pair: what is left of a map or set, or all of it
                self._measured(form, wanted)

    def _measured(self, form: Call, wanted: _Wanted) -> None:
        first = form.arguments[0]
        for argument in form.arguments:
            if not isinstance(argument, Call):
                continue
            denotation = self.execution.denotation(argument)
            if argument is first and form.sort == argument.sort and isinstance(denotation, Values | EachSet):
                self.visit(argument, wanted)  # the extreme or compared values themselves
            elif isinstance(denotation, EachNumber | EachSet):
                assert wanted.keys is not None
                self.elements(argument, wanted.keys)
            elif isinstance(denotation, Number | Boolean | Numbers | Booleans):
                self.visit(argument, _Wanted(EMPTY))
            else:
                self.whole(argument)

    def _shared(self, argument: LogicalForm, wanted: _Wanted) -> _Wanted:
        """What is wanted of an argument of ``union`` or ``intersect``."""
        if not isinstance(argument, Call):
            return wanted
        there = _pairs_of(self.execution.denotation(argument))
        if there.keys is None:
            return _Wanted(wanted.items[np.isin(wanted.items, there.items)])
        chosen = _within(wanted.items, wanted.keys, there)
        return _Wanted(wanted.items[chosen], None if wanted.keys is None else wanted.keys[chosen])

    def _contained(self, left: LogicalForm, right: LogicalForm) -> None:
        """Facts for "yes, it is among them", or for what is there instead."""
        self.whole(left)
        asked = self.execution.denotation(left)
        assert isinstance(asked, Entities)
        shared = self._shared(right, _Wanted(asked.items[: self.limit]))
        if len(shared.items):
            self.visit(right, shared)
        else:
            self.whole(right)

    def _belong(self, leaf: LogicalForm, entities: IntArray) -> None:
        assert isinstance(leaf, TypeLeaf)
        relation = next((name for name in _INSTANCE_OF if self.graph.has_relation(name)), _INSTANCE_OF[0])
        for name in self.graph.entity_names(np.unique(entities)[: self.limit]):
            self.memberships[Fact(name, relation, leaf.name)] = None

    # --- facts --------------------------------------------------------------------------------------------

    def _read(self, form: Call, wanted: _Wanted) -> None:
        source = _pairs_of(self.execution.denotation(form.arguments[0]))
        items, keys = source.items, source.keys
        if keys is not None and wanted.keys is not None:
            near = np.isin(keys, wanted.keys)
            items, keys = items[near], keys[near]
        found = self._found(form, items)
        owners = None if keys is None else keys[found.owners]
        chosen = np.flatnonzero(_within(found.items, owners, wanted))
        if owners is not None:
            order = np.argsort(owners[chosen], kind="stable")
            chosen = chosen[order]
            chosen = chosen[self._few(owners[chosen], len(np.unique(owners[chosen])))]
        chosen = chosen[: self.limit * FEWEST_EACH]
        used = items[found.owners[chosen]]
        self.visit(form.arguments[0], _Wanted(used, None if keys is None else keys[found.owners[chosen]]))
        # Only now: what was read first stands first.
        facts = self.groups.setdefault(form, {})
        facts.update(dict.fromkeys(self._facts(form, used, found.items[chosen])))

    def _found(self, form: Call, items: IntArray) -> Pairs:
        relation = form.arguments[1].name if len(form.arguments) > 1 else ""  # type: ignore[union-attr]
        graph = self.graph
        match form.operator:
            case "follow":
                return graph.objects(items, relation)
            case "follow_back":
                return graph.subjects(items, relation)
            case "value":
                return graph.literals(items, relation)
            case "statements":
                return graph.statements(items, relation)
            case "qualifier":
                return graph.qualifier_entities(items, relation)
            case "qualifier_value":
                return graph.qualifier_literals(items, relation)
        stated = graph.statement_entities if form.operator == "object" else graph.statement_literals
        column = stated(items)
        owners = np.flatnonzero(column >= 0)
        return Pairs(owners, column[owners])

    def _facts(self, form: Call, used: IntArray, found: IntArray) -> list[Fact]:
        """The facts between what an operator was applied to and what it found, [n] each."""
        if form.operator == "statements":
            return [_as_fact(fact) for fact in self.graph.stated(found)]
        if form.operator in ("object", "object_value", "qualifier", "qualifier_value"):
            return []  # named by the statements that they read
        relation = form.arguments[1]
        assert isinstance(relation, RelationLeaf)
        subjects = self.graph.entity_names(used)
        if form.operator == "value":
            objects = [str(value) for value in self.graph.values(found)]
        else:
            objects = self.graph.entity_names(found)
        if form.operator == "follow_back":
            subjects, objects = objects, subjects
        return [Fact(s, relation.name, o) for s, o in zip(subjects, objects, strict=True)]
