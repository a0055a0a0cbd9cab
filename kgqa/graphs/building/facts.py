"""The arrays of facts: statements by subject, subjects by object, uses of relations, qualifiers."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from grammar.denotation import EMPTY, BoolArray, IntArray
from kgqa.graphs.arrays import ArrayWriter, compact, find_sorted, pointers_of
from kgqa.graphs.building.classes import Classes
from kgqa.graphs.building.sorting import ExternalSort, RunLengths, changes
from kgqa.graphs.building.spool import Scratch
from kgqa.graphs.building.visible import Statements, Visible
from kgqa.graphs.protocol import DIRECTIONS, Direction
from kgqa.graphs.readers.reading import Progress


class FactWriter:
    """Writes the arrays one after the other: every step passes on to the next ones what they have to sort."""

    def __init__(
        self, writer: ArrayWriter, scratch: Scratch, statements: Statements, *, relations: int, entities: int
    ) -> None:
        self._writer = writer
        self._statements = statements
        self._inverse = ExternalSort(scratch, "inverse", relations, entities, entities)
        self._uses = ExternalSort(scratch, "uses", entities, relations * len(DIRECTIONS), statements.count)
        self._moved = ExternalSort(scratch, "moved", statements.count, statements.count)
        self._qualifiers = ExternalSort(scratch, "qualifiers", statements.count, relations, statements.nodes)
        self._n_relations = relations
        self._n_entities = entities
        self.usage: IntArray = np.zeros(relations, dtype=np.int64)
        """How many facts and qualifiers each relation has."""

    def write_statements(self, classes: Classes, progress: Progress) -> tuple[int, int]:
        """Write statements by relation and subject; says how many statements and how many facts."""
        per_relation = np.zeros(self._n_relations, dtype=np.int64)
        n_statements = n_facts = 0
        with (
            self._writer.open_column("subjects") as subjects,
            self._writer.open_ragged("statements") as ragged,
        ):
            for visible in self._statements.visible():
                progress("writing", n_statements, self._statements.count, "statements")
                starts = changes(visible.relations, visible.subjects)
                per_relation += self._per_relation(visible.relations[starts])
                subjects.append(visible.subjects[starts])
                ragged.append(np.diff(np.append(starts, len(visible.nodes))), visible.nodes)
                qualified = np.flatnonzero(visible.is_qualified)
                self._moved.add(visible.before[qualified], qualified + n_statements)
                n_statements += len(visible.nodes)
                n_facts += self._pass_on(visible, classes)
        self._writer.column("subject_starts", compact(pointers_of(per_relation)))
        return n_statements, n_facts

    def _per_relation(self, relations: IntArray) -> IntArray:
        return np.bincount(relations, minlength=self._n_relations)

    def _pass_on(self, visible: Visible, classes: Classes) -> int:
        """Give the facts among statements, without repeats, to the sorts of the other arrays."""
        rows = changes(visible.relations, visible.subjects, visible.nodes)
        relations, subjects, nodes = (c[rows] for c in (visible.relations, visible.subjects, visible.nodes))
        self.usage += self._per_relation(relations)
        to_entity = nodes < self._n_entities
        to_relations, to_subjects, to_objects = (c[to_entity] for c in (relations, subjects, nodes))
        self._inverse.add(to_relations, to_objects, to_subjects)
        classes.add(to_relations, to_subjects, to_objects)
        ways: tuple[tuple[Direction, BoolArray], ...] = (("out", to_entity), ("literal", ~to_entity))
        for direction, chosen in ways:
            keys = relations[chosen], subjects[chosen]
            starts = changes(*keys)
            self._use(direction, keys[0][starts], keys[1][starts], np.diff(np.append(starts, len(keys[0]))))
        return len(nodes)

    def _use(self, direction: Direction, relations: IntArray, entities: IntArray, counts: IntArray) -> None:
        self._uses.add(entities, relations * len(DIRECTIONS) + DIRECTIONS.index(direction), counts)

    def write_inverse(self) -> None:
        """Write subjects by relation and object."""
        per_relation = np.zeros(self._n_relations, dtype=np.int64)
        groups = RunLengths(2)
        with self._writer.open_column("objects") as objects, self._writer.open_ragged("inverse") as ragged:

            def close(keys: list[IntArray], counts: IntArray) -> None:
                nonlocal per_relation
                per_relation += self._per_relation(keys[0])
                objects.append(keys[1])
                ragged.pointers.append(counts)
                self._use("in", keys[0], keys[1], counts)

            for relations, nodes, subjects in self._inverse.columns():
                ragged.items.append(subjects)
                close(*groups.add(relations, nodes))
            close(*groups.end())
        self._writer.column("object_starts", compact(pointers_of(per_relation)))

    def write_uses(self) -> None:
        """Write which relations lead from and to every entity, and how many facts it takes part in."""
        with (
            self._writer.open_ragged("uses") as ragged,
            self._writer.open_column("use_counts") as use_counts,
            self._writer.open_column("degrees") as degrees,
        ):
            for entities, codes, counts in self._uses.groups(1):
                starts = changes(entities)
                ragged.at(entities[starts], np.diff(np.append(starts, len(entities))), codes)
                use_counts.append(counts)
                degrees.at(entities[starts], np.add.reduceat(counts, starts))
            ragged.pointers.until(self._n_entities)
            degrees.until(self._n_entities)

    def write_qualifiers(self) -> int:
        """Write the qualifiers of visible statements; says how many."""
        for columns in self._renumbered():
            self._qualifiers.add(*columns)
        groups = RunLengths(1)
        with (
            self._writer.open_column("qualified") as qualified,
            self._writer.open_ragged("qualifiers") as ragged,
            self._writer.open_column("qualifier_relations") as relations,
        ):

            def close(keys: list[IntArray], counts: IntArray) -> None:
                qualified.append(keys[0])
                ragged.pointers.append(counts)

            for numbers, of_relations, nodes in self._qualifiers.columns():
                close(*groups.add(numbers))
                ragged.items.append(nodes)
                relations.append(of_relations)
                self.usage += self._per_relation(of_relations)
            close(*groups.end())
        return self._qualifiers.count

    def _renumbered(self) -> Iterator[tuple[IntArray, IntArray, IntArray]]:
        """Qualifiers of the statements that are kept, with the new numbers of these."""
        moved = self._moved.columns()
        before, after = EMPTY, EMPTY
        for places, relations, nodes in self._statements.qualifiers():
            while (not len(before) or before[-1] < places[-1]) and (more := next(moved, None)) is not None:
                before, after = np.concatenate([before, more[0]]), np.concatenate([after, more[1]])
            found, rows = find_sorted(before, places)
            yield after[rows], relations[found], nodes[found]
            done = int(np.searchsorted(before, places[-1]))
            before, after = before[done:], after[done:]
