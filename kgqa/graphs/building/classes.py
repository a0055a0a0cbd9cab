"""Types of entities and members of types, with membership carried up the hierarchy where that is wanted."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from grammar.denotation import EMPTY, IntArray
from kgqa.graphs.arrays import ArrayWriter, find_sorted, rows_of
from kgqa.graphs.building.sorting import ExternalSort, RunLengths, changes
from kgqa.graphs.building.spool import Scratch, Segment


class Classes:
    """Which entity is stated to be of which type. Types and their hierarchy are held in memory."""

    def __init__(
        self, scratch: Scratch, *, entities: int, type_relations: Sequence[int], subclass_relation: int | None
    ) -> None:
        self._scratch = scratch
        self._entities = entities
        self._type_relations = list(type_relations)
        self._subclass_relation = subclass_relation
        self._spool = scratch.spool("classes")
        self._pairs: list[tuple[Segment, Segment]] = []
        self._known: IntArray = EMPTY
        self._lower: list[IntArray] = [EMPTY]
        self._upper: list[IntArray] = [EMPTY]

    def add(self, relations: IntArray, subjects: IntArray, objects: IntArray) -> None:
        """Take facts between entities."""
        chosen = np.isin(relations, self._type_relations)
        if chosen.any():
            instances, classes = subjects[chosen], objects[chosen]
            self._pairs.append((self._spool.append(instances), self._spool.append(classes)))
            self._known = np.union1d(self._known, classes)
        if self._subclass_relation is not None:
            chosen = relations == self._subclass_relation
            self._lower.append(subjects[chosen])
            self._upper.append(objects[chosen])

    def _stated(self) -> Iterator[tuple[IntArray, IntArray]]:
        """Instances and all their types; some may come twice."""
        types, above = _closure(self._known, np.concatenate(self._lower), np.concatenate(self._upper))
        starts = changes(types)
        pointers = np.append(starts, len(types))
        for instances, classes in self._pairs:
            _, places = find_sorted(types[starts], self._spool.read(classes))
            owners, rows = rows_of(pointers, places)
            yield self._spool.read(instances)[owners], above[rows]

    def write(self, writer: ArrayWriter) -> IntArray:
        """Write types, members and the types of every entity; gives the types."""
        by_class = ExternalSort(self._scratch, "members", self._entities, self._entities)
        by_instance = ExternalSort(self._scratch, "entity_types", self._entities, self._entities)
        for instances, classes in self._stated():
            by_class.add(classes, instances)
            by_instance.add(instances, classes)
        self._spool.close()
        types: list[IntArray] = []
        groups = RunLengths(1)
        with writer.open_ragged("members") as members:
            for classes, instances in by_class.columns():
                members.items.append(instances)
                (closed,), counts = groups.add(classes)
                types.append(closed)
                members.pointers.append(counts)
            (closed,), counts = groups.end()
            types.append(closed)
            members.pointers.append(counts)
        found = np.concatenate(types)
        with writer.open_column("types") as column:
            column.append(found)
        groups = RunLengths(1)
        with writer.open_ragged("entity_types") as entity_types:
            for instances, classes in by_instance.columns():
                entity_types.items.append(classes)
                (closed,), counts = groups.add(instances)
                entity_types.pointers.at(closed, counts)
            (closed,), counts = groups.end()
            entity_types.pointers.at(closed, counts)
            entity_types.pointers.until(self._entities)
        return found


def _closure(known: IntArray, lower: IntArray, upper: IntArray) -> tuple[IntArray, IntArray]:
    """Pairs of a class and itself or a class above it, sorted (``lower`` is a subclass of ``upper``)."""
    order = np.lexsort((upper, lower))
    lower, upper = lower[order], upper[order]
    starts = changes(lower)
    keys, pointers = lower[starts], np.append(starts, len(lower))
    pairs = np.stack([known, known], axis=1)
    frontier = pairs
    while len(frontier):
        found, places = find_sorted(keys, frontier[:, 1])
        owners, rows = rows_of(pointers, places)
        reached = np.stack([frontier[found[owners], 0], upper[rows]], axis=1)
        before = len(pairs)
        united, first = np.unique(np.concatenate([pairs, reached]), axis=0, return_index=True)
        pairs, frontier = united, united[first >= before]
    return pairs[:, 0], pairs[:, 1]
