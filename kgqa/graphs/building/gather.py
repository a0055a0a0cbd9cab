"""Everything that sources give, on disk: the first half of a build, before the facts are ordered."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from grammar.denotation import IntArray
from kgqa.graphs.building.collect import Chunk, Collector, Words
from kgqa.graphs.building.renumber import LiteralRuns, NameRuns
from kgqa.graphs.building.spool import Scratch, Segment
from kgqa.graphs.building.words import WordRuns
from kgqa.graphs.readers.record import Record


@dataclass(frozen=True, slots=True)
class StoredChunk:
    """Columns of a chunk: relations by the order of their first mention, names and values by sorted place."""

    subjects: Segment
    relations: Segment
    nodes: Segment
    ranks: Segment
    qualified: Segment
    qualifier_relations: Segment
    qualifier_nodes: Segment


@dataclass(frozen=True, slots=True)
class Facts:
    """Statements of a chunk with their final numbers, one element each, and their qualifiers.

    ``qualified`` are places among these statements; a node is an entity or, from the number of entities on,
    a literal.
    """

    relations: IntArray
    subjects: IntArray
    nodes: IntArray
    ranks: IntArray
    qualified: IntArray
    qualifier_relations: IntArray
    qualifier_nodes: IntArray


class Gathered:
    """All that was read. Relations are few and stay in memory; all else is on disk."""

    def __init__(self, scratch: Scratch, *, memory: int) -> None:
        self.relations: dict[str, int] = {}
        self.used: set[int] = set()
        self.relation_words = Words()
        self.names = NameRuns(scratch)
        self.literals = LiteralRuns(scratch)
        self.words = WordRuns(scratch)
        self.statements = 0
        self.qualifiers = 0
        self._memory = memory
        self._spool = scratch.spool("chunks")
        self._chunks: list[StoredChunk] = []
        self._sitelinks = scratch.spool("sitelinks")
        self._sitelinks_of: dict[int, tuple[Segment, Segment]] = {}
        self._collector = Collector()

    def take(self, record: Record) -> None:
        """Take a record."""
        if record.is_relation:
            self.relation_words.add(self._relation(record.id), record)
            return
        self._collector.add(record)
        if self._collector.size > self._memory // 2:
            self.end()

    def end(self) -> None:
        """Store what is held of records, if anything is."""
        if self._collector.size:
            chunk, self._collector = self._collector.chunk(), Collector()
            self.store(chunk)

    def _relation(self, name: str) -> int:
        return self.relations.setdefault(name, len(self.relations))

    def store(self, chunk: Chunk) -> None:
        """Take many facts at once; whoever takes records too ends them first."""
        places = self.names.add(chunk.names)
        literal_places = self.literals.add(chunk.literals)
        known = np.array([self._relation(name) for name in chunk.relation_names], dtype=np.int64)
        relations, qualifier_relations = known[chunk.relations], known[chunk.qualifier_relations]
        for column in (relations, qualifier_relations):
            self.used.update(np.flatnonzero(np.bincount(column)).tolist())

        def placed(nodes: IntArray) -> IntArray:
            found = np.empty(len(nodes), dtype=np.int64)
            is_entity = nodes >= 0
            found[is_entity] = places[nodes[is_entity]]
            found[~is_entity] = ~literal_places[~nodes[~is_entity]]
            return found

        columns = (
            places[chunk.subjects],
            relations,
            placed(chunk.nodes),
            chunk.ranks,
            chunk.qualified,
            qualifier_relations,
            placed(chunk.qualifier_nodes),
        )
        # Places within a chunk that is in memory fit 32 bits.
        self._chunks.append(StoredChunk(*(self._spool.append(c.astype(np.int32)) for c in columns)))
        self.words.add(chunk.words, places)
        linked = np.flatnonzero(chunk.sitelinks)
        if len(linked):
            append = self._sitelinks.append
            self._sitelinks_of[len(self._chunks) - 1] = (
                append(places[linked]),
                append(chunk.sitelinks[linked].astype(np.int64)),
            )
        self.statements += len(chunk.subjects)
        self.qualifiers += len(chunk.qualified)

    def sitelinks(self) -> Iterator[tuple[IntArray, IntArray]]:
        """Entities and how many sitelinks they have, once ``facts`` are through; some may come again."""
        for owners, counts in self._sitelinks_of.values():
            yield self._sitelinks.read(owners), self._sitelinks.read(counts)

    def facts(self, new_relation: IntArray, n_entities: int) -> Iterator[Facts]:
        """Chunk after chunk with final numbers, once names and values are merged; can be had once.

        ``new_relation``: final number of every relation.
        """
        for place, chunk in enumerate(self._chunks):
            entities = self.names.numbers.of(place)
            literals = self.literals.numbers.of(place) + n_entities
            self.words.renumber(place, entities)
            if place in self._sitelinks_of:
                owners, _ = self._sitelinks_of[place]
                self._sitelinks.write(owners, 0, entities[self._sitelinks.read(owners)])
            both = np.concatenate([entities, literals[::-1]])  # so that ~place counts from the end

            def column(segment: Segment) -> IntArray:
                found: IntArray = self._spool.read(segment).astype(np.int64)
                return found

            yield Facts(
                relations=new_relation[column(chunk.relations)],
                subjects=entities[column(chunk.subjects)],
                nodes=both[column(chunk.nodes)],
                ranks=column(chunk.ranks),
                qualified=column(chunk.qualified),
                qualifier_relations=new_relation[column(chunk.qualifier_relations)],
                qualifier_nodes=both[column(chunk.qualifier_nodes)],
            )
        self._spool.close()
        self.names.numbers.close()
        self.literals.numbers.close()
