"""What kgqa needs of a graph beyond execution: labels, search, neighbourhoods, statements to show."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol, TypeAlias, runtime_checkable

from grammar.denotation import IntArray
from grammar.graph import Graph, Pairs
from kgqa.graphs.readers.record import Object

Among: TypeAlias = Literal["entities", "relations", "types"]
"""What to search among."""
How: TypeAlias = Literal["exact", "alias", "partial", "fuzzy"]
"""How a text matched: the label, an alias, some whole words of one, or with typos."""
Direction: TypeAlias = Literal["out", "in", "literal"]
"""Whether a relation leads from an entity to entities, from entities to it, or to literals."""
DIRECTIONS: tuple[Direction, ...] = ("out", "in", "literal")


@dataclass(frozen=True, slots=True)
class GraphInfo:
    """How much a graph holds; ``bytes`` on disk.

    ``triples`` counts distinct best-rank facts, ``statements`` tells apart two statements of one fact,
    ``literals`` counts distinct values, ``qualifiers`` single qualifier values.
    """

    name: str
    checksum: str
    entities: int
    relations: int
    types: int
    triples: int
    literals: int
    statements: int
    qualifiers: int
    labels: int
    aliases: int
    bytes: int


@dataclass(frozen=True, slots=True)
class Hit:
    """One result of a search: the name found, the label or alias that matched, how well (0 to 1) and how."""

    name: str
    matched: str
    score: float
    how: How


@dataclass(frozen=True, slots=True)
class RelationUse:
    """A relation that leaves or enters some entities, with its number of facts there."""

    relation: str
    direction: Direction
    count: int


@dataclass(frozen=True, slots=True)
class Fact:
    """One statement by names, to show: ``number`` is the graph's number of the statement."""

    number: int
    subject: str
    relation: str
    value: Object
    qualifiers: Mapping[str, Sequence[Object]]


@runtime_checkable
class KnowledgeGraph(Graph, Protocol):
    """A graph with its textual side. Names are those of entities, types or relations alike."""

    @property
    def checksum(self) -> str:
        """Identifies the content: the same for equal graphs, another after any change."""
        ...

    def info(self) -> GraphInfo:
        """How much it holds."""
        ...

    def close(self) -> None:
        """Let go of files and connections."""
        ...

    # Words.
    def label(self, name: str) -> str | None:
        """What people call it, or None."""
        ...

    def labels(self, names: Sequence[str]) -> list[str | None]:
        """Labels in the order given."""
        ...

    def aliases(self, name: str) -> list[str]:
        """What else people call it."""
        ...

    def description(self, name: str) -> str | None:
        """A few words that tell it apart, or None."""
        ...

    def search(
        self, text: str, *, limit: int = 10, fuzzy: bool = True, among: Among = "entities"
    ) -> list[Hit]:
        """What people may mean by a text, best first; what is better known stands before what is less."""
        ...

    def exact(self, texts: Sequence[str], *, among: Among = "entities") -> list[list[str]]:
        """For each text, names of all that it is a label or alias of (case, accents, punctuation aside)."""
        ...

    # Structure.
    def relation_names(self) -> list[str]:
        """All relations of facts and qualifiers."""
        ...

    def type_names(self) -> list[str]:
        """All types that have members."""
        ...

    def types(self, entities: IntArray) -> Pairs:
        """The types of entities, as entity numbers."""
        ...

    def degree(self, entities: IntArray) -> IntArray:
        """How well known entities are, [n], 0 for -1: how many facts they take part in, and how many pages
        are about them where the source says so."""
        ...

    def neighbourhood(self, entities: IntArray) -> list[RelationUse]:
        """Relations of facts that any of the entities takes part in, the most used first."""
        ...

    def qualifier_relations(self, statements: IntArray) -> list[str]:
        """Relations that qualify any of the statements."""
        ...

    def facts(self, entity: int, limit: int | None = None) -> Iterator[Fact]:
        """Statements about an entity."""
        ...

    def stated(self, statements: IntArray) -> list[Fact]:
        """The statements by names, in the order given."""
        ...
