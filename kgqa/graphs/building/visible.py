"""Which statements are seen: those of the best rank, without repeats, in their final order."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from grammar.denotation import IntArray
from kgqa.graphs.arrays import Array
from kgqa.graphs.building.gather import Facts
from kgqa.graphs.building.sorting import ExternalSort, changes
from kgqa.graphs.building.spool import Scratch
from kgqa.graphs.readers.record import Rank


@dataclass(frozen=True, slots=True)
class Visible:
    """Some statements in their final order, one element each; no subject and relation is parted.

    ``before``: the statement's place among all that were read; ``is_qualified`` whether it has qualifiers.
    """

    relations: IntArray
    subjects: IntArray
    nodes: IntArray
    before: IntArray
    is_qualified: Array


class Statements:
    """All statements that were read, sorted by relation, subject, node, first mention."""

    def __init__(
        self, scratch: Scratch, *, relations: int, entities: int, nodes: int, statements: int, qualifiers: int
    ) -> None:
        self.nodes = nodes
        # Without qualifiers nothing tells two statements of one fact apart.
        place, digest = (statements, (1 << 64) - 1) if qualifiers else (0, 0)
        self._sort = ExternalSort(scratch, "statements", relations, entities, nodes, place, max(Rank), digest)
        self._qualifiers = ExternalSort(scratch, "read_qualifiers", statements, relations, nodes)

    @property
    def count(self) -> int:
        """How many were added."""
        return self._sort.count

    def add(self, facts: Facts) -> None:
        """Take the statements of a chunk."""
        count = len(facts.nodes)
        digests = np.zeros(count, dtype=np.uint64)
        rows = np.lexsort((facts.qualifier_nodes, facts.qualifier_relations, facts.qualified))
        qualified, relations, nodes = (
            column[rows] for column in (facts.qualified, facts.qualifier_relations, facts.qualifier_nodes)
        )
        single = changes(qualified, relations, nodes)
        np.add.at(digests, qualified[single], _mixed(relations[single], nodes[single]))
        places = np.arange(self.count, self.count + count)
        self._qualifiers.add(places[qualified[single]], relations[single], nodes[single])
        self._sort.add(facts.relations, facts.subjects, facts.nodes, places, facts.ranks, digests)

    def qualifiers(self) -> Iterator[tuple[IntArray, ...]]:
        """All qualifiers, without repeats: place of the statement, relation, node; sorted."""
        return self._qualifiers.columns()

    def visible(self) -> Iterator[Visible]:
        """Best-rank statements without repeats, block after block.

        Of equal statements from several sources one is kept, and one without qualifiers is dropped where the
        same fact is also stated with qualifiers.
        """
        for relations, subjects, nodes, places, ranks, digests in self._sort.groups(2):
            starts = changes(relations, subjects)
            best = np.maximum.reduceat(ranks, starts)
            sizes = np.diff(np.append(starts, len(ranks)))
            rows = np.flatnonzero((ranks == np.repeat(best, sizes)) & (ranks > 0))
            facts = changes(relations[rows], subjects[rows], nodes[rows])
            if len(facts) < len(rows):
                rows = rows[_apart(np.diff(np.append(facts, len(rows))), digests[rows])]
            yield Visible(relations[rows], subjects[rows], nodes[rows], places[rows], digests[rows] != 0)


def _apart(sizes: IntArray, digests: IntArray) -> IntArray:
    """Places of statements that say something of their own, among facts of so many statements each."""
    fact = np.repeat(np.arange(len(sizes)), sizes)
    order = np.lexsort((digests, fact))  # stable: the first mention comes first
    keep = np.zeros(len(fact), dtype=np.bool_)
    keep[order[changes(fact[order], digests[order])]] = True
    has_qualified = np.logical_or.reduceat(digests != 0, np.cumsum(sizes) - sizes)
    return np.flatnonzero(keep & ((digests != 0) | ~has_qualified[fact]))


def _mixed(relations: IntArray, nodes: IntArray) -> Array:
    """A 64-bit number for each qualifier; a statement's qualifiers are compared by the sum of theirs."""
    mixed = (
        nodes.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15) + relations.astype(np.uint64) + np.uint64(1)
    )
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
        mixed = (mixed ^ (mixed >> np.uint64(shift))) * np.uint64(factor)
    result: Array = mixed ^ (mixed >> np.uint64(31))
    return result
