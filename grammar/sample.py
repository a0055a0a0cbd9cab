"""Random well-typed forms over a graph that denote something: for tests, and to try an execution out.

A form grows backwards from a sort, operator by operator, under the table; its leaves are found by walking
from an entity along facts that are there, so that most forms have an answer.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from grammar.denotation import Denotation, EachNumber, EachSet, Number, Statements, Values, is_empty
from grammar.errors import ExecutionError, FormError
from grammar.execute import Execution, Limits
from grammar.forms import (
    EntityLeaf,
    Leaf,
    LogicalForm,
    NumberLeaf,
    RelationLeaf,
    TypeLeaf,
    ValueLeaf,
    call,
    size,
)
from grammar.graph import Graph
from grammar.operators import OPERATORS, ROOT_SORTS, Signature, Sort

_MOST_LEAF_NAMES = 5
_TRIES_FOR_STATEMENTS = 4  # few facts have qualifiers
_SHORT = 5
_STATEMENT_SORTS = (Sort.STATEMENTS, Sort.EACH_STATEMENTS)
_ENOUGH_ELEMENTS = 2_000  # no part of a sampled form grows beyond this


class Source(Protocol):
    """Where leaves come from. All may be given in any order; only what fits a form is used."""

    @property
    def entities(self) -> Sequence[str]:
        """Entities to start from."""
        ...

    @property
    def relations(self) -> Sequence[str]:
        """Relations of facts and of qualifiers."""
        ...

    @property
    def types(self) -> Sequence[str]:
        """Types with members."""
        ...


@dataclass(frozen=True)
class Names:
    """The simplest ``Source``: names, listed."""

    entities: Sequence[str]
    relations: Sequence[str]
    types: Sequence[str]


def sample_form(
    graph: Graph,
    rng: random.Random,
    *,
    source: Source,
    sort: Sort | None = None,
    most_actions: int = 16,
    non_empty: bool = True,
    attempts: int = 400,
    operators: Collection[str] = OPERATORS,
) -> LogicalForm:
    """A random form of a sort (or of any that may answer a question).

    Every part of it was executed while it grew: with ``non_empty`` no part that is a set or a map is empty.
    The same ``rng`` state and ``source`` give the same form.

    Args:
        most_actions: the form has at most so many operators and leaves.
        attempts: how often to start over.
        operators: those to use; a graph of plain RDF has no use for the ones about statements.

    Raises:
        FormError: no such form was found; the graph has too few facts of the kind that the sort needs.
    """
    sampler = _Sampler(graph, rng, source, most_actions, non_empty, operators)
    for _ in range(attempts):
        wanted = sort or rng.choice(ROOT_SORTS)
        form = sampler.grow(wanted, rng.randint(2, most_actions))
        if form is not None and size(form) <= most_actions and (sort is not None or size(form) > 1):
            return form
    raise FormError(
        f"expected a form of {sort.value if sort else 'any sort'} with at most {most_actions} actions on "
        f"{graph.name!r}, found none in {attempts} attempts: give more entities, relations and types"
    )


@dataclass
class _Sampler:
    graph: Graph
    rng: random.Random
    source: Source
    most_actions: int
    non_empty: bool
    operators: Collection[str]

    def __post_init__(self) -> None:
        self._execution = Execution(self.graph, limits=Limits(seconds=3600.0))

    def denotation(self, form: LogicalForm) -> Denotation | None:
        """What it denotes; None where that is empty but must not be, or grows too large."""
        try:
            found = self._execution.denotation(form)
        except ExecutionError:
            return None
        if self.non_empty and is_empty(found):
            return None
        large = len(getattr(found, "items", ())) > _ENOUGH_ELEMENTS
        return None if large or len(getattr(found, "keys", ())) > _ENOUGH_ELEMENTS else found

    def grow(self, sort: Sort, budget: int) -> LogicalForm | None:
        """A form of the sort with about as many actions as the budget, or None where luck ran out."""
        if sort is Sort.ENTITIES and (budget <= 2 or self.rng.random() < 0.2):
            return self._entity()
        rows = [
            (name, signature)
            for name, row in OPERATORS.items()
            if name in self.operators
            for signature in row.signatures
            if signature.result is sort and len(signature.arguments) < budget
        ]
        # Operators with many signatures for one result are no likelier than the others.
        names = sorted({name for name, _ in rows})
        if not names:
            return None
        name = self.rng.choice(names)
        signature = self.rng.choice([s for n, s in rows if n == name])
        return self._apply(name, signature, budget - 1)

    def _apply(self, name: str, signature: Signature, budget: int) -> LogicalForm | None:
        first_sort, *later = signature.arguments
        if first_sort is Sort.TYPE:
            types = self.source.types
            members = call(name, TypeLeaf(self.rng.choice(types))) if types else None
            return members if members is not None and self.denotation(members) is not None else None
        share = budget if all(s in (Sort.RELATION, Sort.TYPE) for s in later) else max(1, budget // 2)
        # Not at every level of a long chain: tries would multiply.
        again = first_sort in _STATEMENT_SORTS and share <= _SHORT
        for _ in range(_TRIES_FOR_STATEMENTS if again else 1):
            first = self.grow(first_sort, share)
            form = None if first is None else self._with(name, first, later, budget - share)
            if form is not None:
                return form
        return None

    def _with(self, name: str, first: LogicalForm, later: Sequence[Sort], budget: int) -> LogicalForm | None:
        """The operator applied to its first argument and to others that fit it."""
        arguments: list[LogicalForm] = [first]
        for sort in later:
            leaf = self._fitting(name, sort, arguments, budget)
            if leaf is None:
                return None
            arguments.append(leaf)
        form = call(name, *arguments)
        return form if self.denotation(form) is not None else None

    def _fitting(
        self, name: str, sort: Sort, arguments: Sequence[LogicalForm], budget: int
    ) -> LogicalForm | None:
        """The next argument, chosen so that the operator finds something where it can be seen beforehand."""
        known = self.denotation(arguments[0])
        if known is None:
            return None
        if sort is Sort.RELATION:
            return self._first_that(
                self.source.relations, lambda n: self._reads(name, known, n), RelationLeaf
            )
        if sort is Sort.TYPE:
            items = getattr(known, "items", None)
            return self._first_that(
                self.source.types,
                lambda n: items is None or bool(self.graph.are_members(items, n).any()),
                TypeLeaf,
            )
        if name == "where":
            return self._qualifier(known, arguments[1], sort)
        if sort is Sort.NUMBER:
            return self._number(known) if self.rng.random() < 0.8 else self.grow(sort, max(2, budget))
        if sort is Sort.VALUES and isinstance(known, (Values, EachSet)) and self.rng.random() < 0.6:
            return self._value(known)
        return self.grow(sort, max(2, budget))

    def _entity(self) -> LogicalForm | None:
        names = self.source.entities
        if not names:
            return None
        count = 1 if self.rng.random() < 0.8 else self.rng.randint(2, _MOST_LEAF_NAMES)
        return EntityLeaf(tuple(self.rng.choice(names) for _ in range(count)))

    def _first_that(
        self, names: Sequence[str], fits: Callable[[str], bool], leaf: Callable[[str], Leaf]
    ) -> LogicalForm | None:
        """A leaf of a random name that fits; of any where emptiness does not matter."""
        order = self.rng.sample(list(names), len(names))
        if not self.non_empty and order and self.rng.random() < 0.2:
            return leaf(order[0])
        found = next((n for n in order if fits(n)), None)
        return None if found is None else leaf(found)

    def _reads(self, operator: str, known: Denotation, relation: str) -> bool:
        """Whether the operator finds anything with this relation."""
        graph, items = self.graph, getattr(known, "items", None)
        if items is None or not graph.has_relation(relation):
            return False
        match operator:
            case "follow":
                return len(graph.objects(items, relation).items) > 0
            case "follow_back":
                return len(graph.subjects(items, relation).items) > 0
            case "value":
                return len(graph.literals(items, relation).items) > 0
            case "statements":
                return len(graph.statements(items, relation).items) > 0
            case "qualifier":
                return len(graph.qualifier_entities(items, relation).items) > 0
            case "qualifier_value" | "first" | "last":
                return len(graph.qualifier_literals(items, relation).items) > 0
        return (  # where
            bool(graph.states(items, relation).any())
            or len(graph.qualifier_entities(items, relation).items) > 0
            or len(graph.qualifier_literals(items, relation).items) > 0
        )

    def _qualifier(self, known: Denotation, relation: LogicalForm, sort: Sort) -> LogicalForm | None:
        """Something that a qualifier of the statements, or what they state, really is."""
        if not isinstance(known, (Statements, EachSet)) or not isinstance(relation, RelationLeaf):
            return None
        graph = self.graph
        own = known.items[graph.states(known.items, relation.name)]
        if sort is Sort.ENTITIES:
            found = graph.qualifier_entities(known.items, relation.name).items
            stated = graph.statement_entities(own)
            found = np.concatenate([found, stated[stated >= 0]])
            return EntityLeaf((self.rng.choice(graph.entity_names(found)),)) if len(found) else None
        found = graph.qualifier_literals(known.items, relation.name).items
        stated = graph.statement_literals(own)
        found = np.concatenate([found, stated[stated >= 0]])
        return ValueLeaf(self.rng.choice(graph.values(found))) if len(found) else None

    def _number(self, known: Denotation) -> LogicalForm:
        """A number near those at hand."""
        near = 1.0
        if isinstance(known, EachNumber) and len(known.numbers):
            near = float(self.rng.choice(list(known.numbers)))
        elif isinstance(known, Number):
            near = known.number
        elif isinstance(known, (Values, EachSet)) and len(known.items):
            low = [float(x) for x in self.graph.spans(known.items).low if x == x]
            near = round(self.rng.choice(low), 3) if low else near
        return NumberLeaf(near + self.rng.choice([-1, 0, 0, 1]))

    def _value(self, known: Values | EachSet) -> LogicalForm | None:
        """One of the values at hand."""
        values = self.graph.values(known.items)
        return ValueLeaf(self.rng.choice(values)) if values else None
