"""Whether an answer lies near what a dialogue speaks of: within one or two facts of it on a graph.

A fact may be walked in either direction; qualifiers are not walked. It bounds what a parser could have
answered on a slice of a graph, whatever form it finds.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache

import numpy as np

from grammar.denotation import EMPTY, IntArray
from grammar.values import String, Text, Value
from kgqa.graphs.protocol import KnowledgeGraph
from kgqa.metrics import matches, normalise_text

_MOST_NEAR = 200_000
"""Beyond so many neighbours (a hub) no further step is taken from them to literals."""


class Reach:
    """Neighbourhoods on one graph; those of single entities are kept."""

    def __init__(self, graph: KnowledgeGraph) -> None:
        self.graph = graph
        self._near = lru_cache(maxsize=2_000)(self._near_one)

    def hops(self, sources: Iterable[str], golds: Sequence[str | Value | float]) -> int | None:
        """1 or 2: the fewest facts from one of the sources to one of the gold answers; None if more.

        Ids are entities; a string is also met as the label of an entity. Truth values lie nowhere.
        """
        start = self._known(sources)
        if not len(start) or not golds:
            return None
        once = self._around(start)
        literal_golds = [gold for gold in golds if not isinstance(gold, str)]
        ends = self._known([gold for gold in golds if isinstance(gold, str)])
        if np.isin(ends, once).any() or self._states(start, literal_golds) or self._named(once, golds):
            return 1
        if len(ends) and len(np.intersect1d(self._around(ends), once)):
            return 2
        if len(once) <= _MOST_NEAR and self._states(once, literal_golds):
            return 2
        return None

    def _known(self, names: Iterable[str]) -> IntArray:
        numbers = self.graph.entities(sorted(set(names)))
        return np.unique(numbers[numbers >= 0])

    def _around(self, entities: IntArray) -> IntArray:
        """All entities one fact away from any of these."""
        return np.unique(np.concatenate([EMPTY, *(self._near(int(entity)) for entity in entities)]))

    def _near_one(self, entity: int) -> IntArray:
        one = np.array([entity], dtype=np.int64)
        found = [EMPTY]
        for use in self.graph.neighbourhood(one):
            if use.direction == "out":
                found.append(self.graph.objects(one, use.relation).items)
            elif use.direction == "in":
                found.append(self.graph.subjects(one, use.relation).items)
        return np.unique(np.concatenate(found))

    def _states(self, entities: IntArray, golds: Sequence[Value | float]) -> bool:
        """Whether a literal of one of the entities is a gold answer."""
        if not golds or not len(entities):
            return False
        found = [EMPTY]
        for use in self.graph.neighbourhood(entities):
            if use.direction == "literal":
                found.append(self.graph.literals(entities, use.relation).items)
        values = self.graph.values(np.unique(np.concatenate(found)))
        return any(matches(value, gold) for value in values for gold in golds)

    def _named(self, entities: IntArray, golds: Sequence[str | Value | float]) -> bool:
        wanted = {normalise_text(gold.text) for gold in golds if isinstance(gold, String | Text)}
        if not wanted or not len(entities) or len(entities) > _MOST_NEAR:
            return False
        labels = self.graph.labels(self.graph.entity_names(entities))
        return any(label and normalise_text(label) in wanted for label in labels)
