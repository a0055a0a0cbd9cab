"""The table at which the supervision search works: leaves, sets found, answers found."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

import numpy as np

from grammar.denotation import Entities
from grammar.forms import (
    Call,
    EntityLeaf,
    LogicalForm,
    NumberLeaf,
    RelationLeaf,
    TypeLeaf,
    ValueLeaf,
    stated_relation,
)
from grammar.graph import Graph
from grammar.lines import TESTS
from grammar.operators import OPERATORS, Sort
from grammar.search.agreement import Hints
from grammar.search.groups import Group, Pool, Spelling, Way
from grammar.search.target import Aim


@dataclass(frozen=True)
class Leaves:
    """What a form may be made of.

    An entity leaf may hold several entities (a previous answer). ``offered`` says, for a relation, with which
    operators the graph has facts of it around these entities; a relation that it does not name is tried with
    all.
    """

    entities: tuple[EntityLeaf, ...] = ()
    relations: tuple[RelationLeaf, ...] = ()
    types: tuple[TypeLeaf, ...] = ()
    numbers: tuple[NumberLeaf, ...] = ()
    values: tuple[ValueLeaf, ...] = ()
    offered: Mapping[str, frozenset[str]] = field(default_factory=dict)


def _steps() -> Mapping[tuple[Sort, ...], tuple[str, ...]]:
    steps: dict[tuple[Sort, ...], list[str]] = {}
    for row in OPERATORS.values():
        for signature in row.signatures:
            steps.setdefault((*signature.arguments, signature.result), []).append(row.name)
    return MappingProxyType({shape: tuple(names) for shape, names in steps.items()})


STEPS = _steps()
"""(sorts of the arguments..., sort of the result) -> operators, read off the table."""


def _absent(leaf: EntityLeaf, graph: Graph) -> Group:
    """The group of a leaf that the graph has not or not whole; -1 is in no set."""
    return Group(leaf, leaf.sort, Entities(np.unique(graph.entities(leaf.names))), 1, False, [Way(None)])


class Workspace:
    """What one search has at hand and has found.

    ``sets`` are the chains of facts found so far; ``answers`` are groups that are the target, ``ways`` are
    ways to the target that were not executed, ``whole`` forms that were made at once. ``absent`` are entity
    leaves that the graph does not have, ``spoken_of`` all entity leaves in their order.
    """

    def __init__(self, leaves: Leaves, aim: Aim, hints: Hints, pool: Pool) -> None:
        self.aim, self.hints, self.pool = aim, hints, pool
        self.answers: list[Group] = []
        self.ways: list[Way] = []
        self.whole: list[LogicalForm] = []
        self.sets: list[Group] = []
        self.members: list[Group] = []  # of types
        self.maps: list[Group] = []  # for_each over members and sets
        self.counts: list[Group] = []  # maps to numbers
        self.values: list[Group] = []  # maps to values
        self._offered = leaves.offered
        graph = aim.graph
        known = {leaf for leaf in leaves.entities if (graph.entities(leaf.names) >= 0).all()}
        at_hand: dict[Sort, Iterable[LogicalForm]] = {
            Sort.ENTITIES: [leaf for leaf in leaves.entities if leaf in known],
            Sort.RELATION: [leaf for leaf in leaves.relations if graph.has_relation(leaf.name)],
            Sort.TYPE: [leaf for leaf in leaves.types if graph.has_type(leaf.name)],
            Sort.NUMBER: leaves.numbers,
            Sort.VALUES: leaves.values,
        }
        self.leaves = {
            sort: [pool.leaf(leaf) for leaf in dict.fromkeys(some)] for sort, some in at_hand.items()
        }
        self.absent = [_absent(leaf, graph) for leaf in dict.fromkeys(leaves.entities) if leaf not in known]
        both = {group.form: group for group in (*self.entities, *self.absent)}
        self.spoken_of = [both[leaf] for leaf in dict.fromkeys(leaves.entities)]

    def present(self, leaf: EntityLeaf) -> EntityLeaf | None:
        """The leaf without the entities that the graph does not have."""
        numbers = self.aim.graph.entities(leaf.names)
        names = tuple(name for name, number in zip(leaf.names, numbers, strict=True) if number >= 0)
        return EntityLeaf(names) if names else None

    @property
    def entities(self) -> list[Group]:
        """The entity leaves."""
        return self.leaves[Sort.ENTITIES]

    @property
    def found(self) -> bool:
        """Whether there is an answer that the hints allow."""
        return any(True for _ in self.forms())

    def forms(self) -> Iterator[LogicalForm]:
        """The forms of all answers that the hints allow, perhaps with repeats."""
        yield from filter(self.hints.allows, self.whole)
        spelling = Spelling(self.hints.agreement, actions=self.pool.budget.actions)
        for way in (*self.ways, *(way for group in self.answers for way in group.ways)):
            yield from filter(self.hints.allows, spelling.of(way))

    def grow(
        self, groups: Iterable[Group], result: Sort, *rest: Sort, empty: bool = False, known: bool = False
    ) -> list[Group]:
        """The new groups one operator further; the other arguments are leaves of the sorts ``rest``.

        With ``empty`` also those that denote nothing, with ``known`` also those that are not new.
        """
        new: list[Group] = []
        for group in groups:
            for name in STEPS.get((group.sort, *rest, result), ()):
                # What statements state is compared as if it were a qualifier of theirs.
                own = stated_relation(group.form) if name == "where" else None
                for arguments in self._arguments(name, rest, own):
                    made = self.pool.make(name, group, *arguments, empty=empty, known=known)
                    if made is not None:
                        new.append(made)
        return new

    def _arguments(
        self, operator: str, rest: Sequence[Sort], own: LogicalForm | None = None
    ) -> Iterator[tuple[Group, ...]]:
        if not rest:
            yield ()
            return
        for first in self.leaves[rest[0]]:
            if isinstance(first.form, RelationLeaf):
                offered = self._offered.get(first.form.name)
                if offered is not None and operator not in offered and first.form != own:
                    continue
            for others in self._arguments(operator, rest[1:]):
                yield (first, *others)

    def asked_comparisons(self) -> tuple[str, ...]:
        """The comparisons that the question's words ask for."""
        return tuple(name for name in TESTS if name in self.hints.operators)

    def check(self, groups: Iterable[Group]) -> None:
        """Note those that are answers, or whose size is."""
        for group in groups:
            match = self.aim.match(group.denotation)
            if match == "is":
                self.answers.append(group)
            elif match == "counts" and isinstance(group.form, Call):
                self.ways.append(Way("cardinality", (group,)))

    def try_pair(self, operator: str, one: Group, other: Group) -> None:
        """Execute a form of two sets and check it."""
        made = self.pool.make(operator, one, other)
        if made is not None:
            self.check([made])
