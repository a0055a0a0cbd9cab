"""What is asked of every store: the same questions about a graph of CSQA's shape, by number."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from csqa_shape import RELATIONS, CsqaShape, entity_name, relation_name

from grammar.denotation import IntArray

LOOKUPS = 200


@dataclass(frozen=True)
class Cases:
    """Entities, relations and types by number (a type by the number of its entity).

    ``lookups`` are facts drawn by chance: objects of the first, subjects of the last. ``hub`` is the object
    of most facts of ``hub_relation``; the types of its subjects are ``kept``. ``counted`` is a type of about
    a hundredth of all items, ``first`` and ``second`` are relations that lead from it; ``largest`` is the
    largest type from which a relation leads, ``leading`` its largest relation.
    """

    lookups: list[tuple[int, int, int]]
    hub: int
    hub_relation: int
    kept: int
    counted: int
    first: int
    second: int
    largest: int
    leading: int


def cases_of(shape: CsqaShape) -> Cases:
    """The questions about one graph."""
    first, last = shape.signatures
    batch = shape.facts_of(0, min(shape.facts, 100_000))
    rng = np.random.default_rng(5)
    # Not the hubs: one fact of every object.
    _, places = np.unique(batch[2] * RELATIONS + batch[1], return_index=True)
    chosen = rng.choice(places, LOOKUPS, replace=False)
    # The relations after the tenth have about a hundredth of all facts each, or less.
    counted = next(t for t in range(8, 200) if (first[10:] == t).sum() >= 2)
    relations = 10 + np.flatnonzero(first[10:] == counted)
    types = shape.type_entity(np.arange(len(shape.type_starts) - 1))
    largest = int(first.min())
    return Cases(
        lookups=list(zip(*(column[chosen].tolist() for column in batch), strict=True)),
        hub=int(shape.entity(shape.type_starts[last[0]])),
        hub_relation=0,
        kept=int(types[first[0]]),
        counted=int(types[counted]),
        first=int(relations[0]),
        second=int(relations[1]),
        largest=int(types[largest]),
        leading=int(np.flatnonzero(first == largest)[0]),
    )


class Store(Protocol):
    """What is measured. Every answer is a number by which the stores are compared."""

    def objects(self, entity: int, relation: int) -> int:
        """How many objects, all of them fetched."""
        ...

    def subjects(self, entity: int, relation: int) -> int:
        """How many subjects, all of them fetched."""
        ...

    def keep(self, entity: int, relation: int, type_: int) -> int:
        """How many subjects that are instances of the type, all of them fetched."""
        ...

    def count_each(self, type_: int, relation: int) -> int:
        """The sum of what is counted for every instance of the type."""
        ...

    def most(self, type_: int, relation: int) -> int:
        """How many instances have most objects."""
        ...

    def count_union(self, type_: int, first: int, second: int) -> int:
        """The sum, over all instances, of how many things either relation leads to."""
        ...


@dataclass(frozen=True)
class Question:
    """One row of the table; ``calls`` are what the median is of, ``form`` the logical form of the first."""

    name: str
    method: str
    calls: list[tuple[int, ...]]
    form: str


def questions(cases: Cases) -> list[Question]:
    """All rows."""
    subject, relation, value = cases.lookups[0]
    one, other = relation_name(cases.first), relation_name(cases.second)
    each = f"for_each(members({entity_name(cases.counted)}))"
    counts = f"cardinality(follow({each}, {one}))"
    hub = f"follow_back({entity_name(cases.hub)}, {relation_name(cases.hub_relation)})"
    largest = f"for_each(members({entity_name(cases.largest)}))"
    count = cases.counted, cases.first
    return [
        Question(
            "objects",
            "objects",
            [(s, r) for s, r, _ in cases.lookups],
            f"follow({entity_name(subject)}, {relation_name(relation)})",
        ),
        Question(
            "subjects",
            "subjects",
            [(o, r) for _, r, o in cases.lookups],
            f"follow_back({entity_name(value)}, {relation_name(relation)})",
        ),
        Question("hub: its subjects", "subjects", [(cases.hub, cases.hub_relation)], hub),
        Question(
            "keep: those of a type among them",
            "keep",
            [(cases.hub, cases.hub_relation, cases.kept)],
            f"keep({hub}, {entity_name(cases.kept)})",
        ),
        Question("count per element of a type", "count_each", [count], counts),
        Question("arg max of it", "most", [count], f"arg(max({counts}))"),
        Question(
            "union of counts",
            "count_union",
            [(*count, cases.second)],
            f"cardinality(union(follow({each}, {one}), follow({each}, {other})))",
        ),
        Question(
            "count per element, largest type",
            "count_each",
            [(cases.largest, cases.leading)],
            f"cardinality(follow({largest}, {relation_name(cases.leading)}))",
        ),
    ]


def columns_of(shape: CsqaShape) -> tuple[IntArray, IntArray, IntArray]:
    """All facts, those of type too, as columns in memory, each once: subjects, relations, objects."""
    parts = [batch[:3] for batch in shape.columns()]
    subjects, relations, objects = (np.concatenate([part[i] for part in parts]) for i in range(3))
    order = np.lexsort((objects, subjects, relations))
    subjects, relations, objects = subjects[order], relations[order], objects[order]
    new = np.ones(len(order), dtype=bool)
    new[1:] = (
        (relations[1:] != relations[:-1]) | (subjects[1:] != subjects[:-1]) | (objects[1:] != objects[:-1])
    )
    return subjects[new], relations[new], objects[new]
