"""A graph in which every look-up of a name is also made among many more names, whose answers are dropped.

So the time that a turn takes at a size of which no data is at hand can be measured with real questions, and
what is found stays comparable. The names are those that ``benchmarks/index.py --keep`` leaves.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path

from grammar.denotation import IntArray
from kgqa.graphs import Among, EmbeddedGraph, Hit
from kgqa.graphs.arrays import Array, ArrayReader
from kgqa.graphs.lexicon import Lexicon


class LargerGraph(EmbeddedGraph):
    """``more`` is the folder of the further names."""

    more: Path

    @classmethod
    def beside(cls, folder: Path, more: Path) -> LargerGraph:
        """Open a graph folder, and the names beside it."""
        graph = cls.open(folder)
        assert isinstance(graph, cls)
        graph.more = more
        return graph

    @cached_property
    def _reader_of_more(self) -> ArrayReader:
        return ArrayReader(self.more)

    @cached_property
    def _more(self) -> Lexicon:
        return Lexicon(self._reader_of_more, is_type=lambda entity: False)

    @cached_property
    def _degrees_of_more(self) -> Array:
        return self._reader_of_more.column("degrees")

    def _degree_of_more(self, entities: IntArray) -> IntArray:
        return self._degrees_of_more[entities]

    def exact(self, texts: Sequence[str], *, among: Among = "entities") -> list[list[str]]:
        """As the graph has it."""
        if among == "entities":
            self._more.exact(texts, among)
        return super().exact(texts, among=among)

    def search(
        self, text: str, *, limit: int = 10, fuzzy: bool = True, among: Among = "entities"
    ) -> list[Hit]:
        """As the graph has it."""
        if among == "entities":
            self._more.search(text, limit=limit, fuzzy=fuzzy, among=among, degree=self._degree_of_more)
        return super().search(text, limit=limit, fuzzy=fuzzy, among=among)
