"""The graph in arrays on disk: opened in milliseconds, every question a few array operations."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path

import numpy as np

from grammar.denotation import EMPTY, BoolArray, IntArray
from grammar.graph import Pairs, Spans
from grammar.values import Value, read_value
from kgqa.graphs.arrays import Array, ArrayReader, Texts, find_sorted, rows_of
from kgqa.graphs.lexicon import Lexicon
from kgqa.graphs.manifest import read_manifest
from kgqa.graphs.numbering import Numbering, known
from kgqa.graphs.protocol import DIRECTIONS, Among, Fact, GraphInfo, Hit, RelationUse
from kgqa.graphs.readers.record import Object

_NO_PAIRS = Pairs(EMPTY, EMPTY)


class EmbeddedGraph:
    """A built graph folder (see ``layout``), mapped into memory.

    Safe to share between threads; pickled as its path, so that a process of its own opens it anew (numbers
    of values that no fact has are then dealt out afresh).
    """

    def __init__(self, folder: Path, info: GraphInfo) -> None:
        self.folder = folder
        self._info = info
        self._reader = ArrayReader(folder)
        self._lexicon = Lexicon(self._reader, is_type=lambda entity: self._type_place(entity) >= 0)
        self._relation_numbers: dict[str, int] = {}
        self._type_places: dict[str, int] = {}
        self._new_literals: Numbering[Value] = Numbering(start=info.literals)

    @classmethod
    def open(cls, folder: Path | str) -> EmbeddedGraph:
        """Open a built folder.

        Raises:
            GraphError: it is none, is incomplete, or was built by another version.
        """
        return cls(Path(folder), read_manifest(Path(folder)).info)

    def __reduce__(self) -> tuple[object, ...]:
        return EmbeddedGraph.open, (self.folder.absolute(),)

    def __repr__(self) -> str:
        return (
            f"EmbeddedGraph({self.name!r}, {self._info.entities:,} entities, {self._info.triples:,} triples)"
        )

    @property
    def name(self) -> str:
        """What to call it in messages and reports."""
        return self._info.name

    @property
    def checksum(self) -> str:
        """SHA-256 over all arrays."""
        return self._info.checksum

    def info(self) -> GraphInfo:
        """How much it holds."""
        return self._info

    def close(self) -> None:
        """Nothing to do: mapped files are let go of with the object."""

    # --- the arrays, each mapped when first needed ------------------------------------------------------

    @cached_property
    def _by_subject(self) -> tuple[Array, Array, Array, Array]:
        """Starts of relations, subjects, where their statements start, nodes of statements."""
        column, ragged = self._reader.column, self._reader.ragged
        return column("subject_starts"), column("subjects"), *ragged("statements")

    @cached_property
    def _by_object(self) -> tuple[Array, Array, Array, Array]:
        """Starts of relations, objects, where their subjects start, subjects."""
        column, ragged = self._reader.column, self._reader.ragged
        return column("object_starts"), column("objects"), *ragged("inverse")

    @cached_property
    def _by_type(self) -> tuple[Array, Array, Array]:
        """Types, where their members start, members."""
        return self._reader.column("types"), *self._reader.ragged("members")

    @cached_property
    def _types_of(self) -> tuple[Array, Array]:
        return self._reader.ragged("entity_types")

    @cached_property
    def _qualifiers(self) -> tuple[Array, Array, Array, Array]:
        """Qualified statements, where their qualifiers start, nodes and relations of these."""
        column, ragged = self._reader.column, self._reader.ragged
        return column("qualified"), *ragged("qualifiers"), column("qualifier_relations")

    @cached_property
    def _uses(self) -> tuple[Array, Array, Array]:
        """Where an entity's uses start, their codes, their counts."""
        return *self._reader.ragged("uses"), self._reader.column("use_counts")

    @cached_property
    def _known(self) -> list[Array]:
        return self._reader.columns("degrees", "sitelinks")

    @cached_property
    def _literal_texts(self) -> Texts:
        return self._reader.texts("literals")

    @cached_property
    def _literal_spans(self) -> tuple[Array, Array, Array]:
        column = self._reader.column
        return column("literal_kinds"), column("literal_low"), column("literal_high")

    # --- names and values -------------------------------------------------------------------------------

    def entities(self, names: Sequence[str]) -> IntArray:
        """Numbers of the entities, in the order given; -1 for a name the graph does not have."""
        number = self._lexicon.entities.number
        return np.fromiter((number(name) for name in names), dtype=np.int64, count=len(names))

    def entity_names(self, entities: IntArray) -> list[str]:
        """Names of entities, in the order given."""
        names = self._lexicon.entities.names
        return [names[entity] for entity in entities.tolist()]

    def _relation(self, name: str) -> int:
        return known(self._relation_numbers, name, self._lexicon.relations.number)

    def _type_place(self, entity: int) -> int:
        types = self._by_type[0]
        place = int(np.searchsorted(types, entity))
        return place if entity >= 0 and place < len(types) and types[place] == entity else -1

    def _type(self, name: str) -> int:
        number = self._lexicon.entities.number
        return known(self._type_places, name, lambda of: self._type_place(number(of)))

    def has_relation(self, relation: str) -> bool:
        """Whether any fact or qualifier uses the relation."""
        return self._relation(relation) >= 0

    def has_type(self, type_name: str) -> bool:
        """Whether any entity is an instance of the type."""
        return self._type(type_name) >= 0

    def literal(self, value: Value) -> int:
        """Number of a value; one that no fact has gets a number behind all others."""
        kinds, low, _ = self._literal_spans
        start, end = np.searchsorted(
            kinds, np.array([value.kind, value.kind + 1], dtype=kinds.dtype)
        ).tolist()
        on_line = low[start:end]
        first = start + int(np.searchsorted(on_line, value.span[0]))
        last = start + int(np.searchsorted(on_line, value.span[0], side="right"))
        number = self._literal_texts.find(str(value).encode("utf-8", "surrogatepass"), first, last)
        return number if number >= 0 else self._new_literals.number(value)

    def values(self, literals: IntArray) -> list[Value]:
        """Values of literals, in the order given."""
        texts, count = self._literal_texts, self._info.literals
        return [
            read_value(texts[number]) if number < count else self._new_literals.thing(number)
            for number in literals.tolist()
        ]

    def spans(self, literals: IntArray) -> Spans:
        """Where the literals lie."""
        known = literals < self._info.literals
        if known.all():
            kinds, low, high = (column[literals] for column in self._literal_spans)
            return Spans(kinds.astype(np.int64), low, high)
        spans = Spans(np.empty(len(literals), dtype=np.int64), *np.empty((2, len(literals))))
        for column, found in zip(spans, self.spans(literals[known]), strict=True):
            column[known] = found
        for place in np.flatnonzero(~known).tolist():
            value = self._new_literals.thing(int(literals[place]))
            spans.kinds[place] = value.kind
            spans.low[place], spans.high[place] = value.span
        return spans

    # --- facts ------------------------------------------------------------------------------------------

    def statements(self, entities: IntArray, relation: str) -> Pairs:
        """Best-rank statements of the relation."""
        number = self._relation(relation)
        if number < 0:
            return _NO_PAIRS
        starts, subjects, pointers, _ = self._by_subject
        start = int(starts[number])
        found, places = find_sorted(subjects[start : starts[number + 1]], entities)
        owners, rows = rows_of(pointers, places + start)
        return Pairs(found[owners], rows)

    def _nodes_of(self, entities: IntArray, relation: str) -> Pairs:
        """Nodes that the relation leads to, without the repeats of facts that are stated several times."""
        owners, rows = self.statements(entities, relation)
        nodes = self._by_subject[3][rows].astype(np.int64)
        if len(nodes) > 1:
            new = np.empty(len(nodes), dtype=np.bool_)
            new[0] = True
            np.not_equal(nodes[1:], nodes[:-1], out=new[1:])
            new[1:] |= owners[1:] != owners[:-1]
            if not new.all():
                owners, nodes = owners[new], nodes[new]
        return Pairs(owners, nodes)

    def _entities_among(self, pairs: Pairs) -> Pairs:
        is_entity = pairs.items < self._info.entities
        return pairs if is_entity.all() else Pairs(pairs.owners[is_entity], pairs.items[is_entity])

    def _literals_among(self, pairs: Pairs) -> Pairs:
        is_literal = pairs.items >= self._info.entities
        return Pairs(pairs.owners[is_literal], pairs.items[is_literal] - self._info.entities)

    def objects(self, entities: IntArray, relation: str) -> Pairs:
        """Entities that the relation leads to; sorted for each owner."""
        return self._entities_among(self._nodes_of(entities, relation))

    def literals(self, entities: IntArray, relation: str) -> Pairs:
        """Literals that the relation leads to; sorted for each owner."""
        return self._literals_among(self._nodes_of(entities, relation))

    def subjects(self, entities: IntArray, relation: str) -> Pairs:
        """Entities that the relation comes from; sorted for each owner."""
        number = self._relation(relation)
        if number < 0:
            return _NO_PAIRS
        starts, objects, pointers, subjects = self._by_object
        start = int(starts[number])
        found, places = find_sorted(objects[start : starts[number + 1]], entities)
        owners, rows = rows_of(pointers, places + start)
        return Pairs(found[owners], subjects[rows].astype(np.int64))

    # --- types ------------------------------------------------------------------------------------------

    def _members(self, type_name: str) -> Array:
        place = self._type(type_name)
        if place < 0:
            return EMPTY
        _, pointers, members = self._by_type
        found: Array = members[pointers[place] : pointers[place + 1]]
        return found

    def members(self, type_name: str) -> IntArray:
        """All instances of the type, sorted."""
        return self._members(type_name).astype(np.int64)

    def are_members(self, entities: IntArray, type_name: str) -> BoolArray:
        """For each entity, [n], whether it is an instance."""
        are = np.zeros(len(entities), dtype=np.bool_)
        are[find_sorted(self._members(type_name), entities)[0]] = True
        return are

    def types(self, entities: IntArray) -> Pairs:
        """The types of entities, as entity numbers; sorted for each owner."""
        pointers, types = self._types_of
        there = np.flatnonzero(entities >= 0)
        owners, rows = rows_of(pointers, entities[there])
        return Pairs(there[owners], types[rows].astype(np.int64))

    # --- statements -------------------------------------------------------------------------------------

    def states(self, statements: IntArray, relation: str) -> BoolArray:
        """For each statement, [n], whether it is one of the relation."""
        number = self._relation(relation)
        if number < 0:
            return np.zeros(len(statements), dtype=np.bool_)
        starts, _, pointers, _ = self._by_subject
        first, end = pointers[starts[number]], pointers[starts[number + 1]]  # a relation's lie together
        among: BoolArray = (statements >= first) & (statements < end)
        return among

    def statement_entities(self, statements: IntArray) -> IntArray:
        """For each statement, [n], the entity it states, or -1."""
        nodes = self._by_subject[3][statements].astype(np.int64)
        return np.where(nodes < self._info.entities, nodes, -1)

    def statement_literals(self, statements: IntArray) -> IntArray:
        """For each statement, [n], the literal it states, or -1."""
        nodes = self._by_subject[3][statements].astype(np.int64)
        return np.maximum(nodes - self._info.entities, -1)

    def _qualifier_nodes(self, statements: IntArray, relation: str) -> Pairs:
        number = self._relation(relation)
        if number < 0:
            return _NO_PAIRS
        qualified, pointers, nodes, relations = self._qualifiers
        found, places = find_sorted(qualified, statements)
        owners, rows = rows_of(pointers, places)
        wanted = relations[rows] == number
        return Pairs(found[owners[wanted]], nodes[rows[wanted]].astype(np.int64))

    def qualifier_entities(self, statements: IntArray, relation: str) -> Pairs:
        """Entities that a qualifier names; sorted for each owner."""
        return self._entities_among(self._qualifier_nodes(statements, relation))

    def qualifier_literals(self, statements: IntArray, relation: str) -> Pairs:
        """Literals that a qualifier gives; sorted for each owner."""
        return self._literals_among(self._qualifier_nodes(statements, relation))

    def qualifier_relations(self, statements: IntArray) -> list[str]:
        """Relations that qualify any of the statements."""
        qualified, pointers, _, relations = self._qualifiers
        _, rows = rows_of(pointers, find_sorted(qualified, statements)[1])
        return [self._lexicon.relations.names[number] for number in np.unique(relations[rows]).tolist()]

    def stated(self, statements: IntArray) -> list[Fact]:
        """The statements by names, in the order given."""
        starts, subjects, pointers, nodes = self._by_subject
        places = np.searchsorted(pointers, statements.astype(pointers.dtype), side="right") - 1
        relations = np.searchsorted(starts, places.astype(starts.dtype), side="right") - 1
        entity_name, relation_name = self._lexicon.entities.names, self._lexicon.relations.names
        rows = zip(statements.tolist(), subjects[places].tolist(), relations.tolist(), strict=True)
        return [
            Fact(
                number,
                entity_name[subject],
                relation_name[relation],
                self._object(int(nodes[number])),
                self._qualifiers_of(number),
            )
            for number, subject, relation in rows
        ]

    def _object(self, node: int) -> Object:
        if node < self._info.entities:
            return self._lexicon.entities.names[node]
        return read_value(self._literal_texts[node - self._info.entities])

    def _qualifiers_of(self, statement: int) -> dict[str, list[Object]]:
        qualified, pointers, nodes, relations = self._qualifiers
        _, rows = rows_of(pointers, find_sorted(qualified, np.array([statement]))[1])
        found: dict[str, list[Object]] = {}
        for relation, node in zip(relations[rows].tolist(), nodes[rows].tolist(), strict=True):
            found.setdefault(self._lexicon.relations.names[relation], []).append(self._object(node))
        return found

    # --- around entities --------------------------------------------------------------------------------

    def degree(self, entities: IntArray) -> IntArray:
        """Facts that entities take part in, and pages about them, [n]; 0 for -1: how well known they are."""
        counts = np.sum([column[entities] for column in self._known], axis=0)
        return np.where(entities >= 0, counts, 0).astype(np.int64)

    def _uses_of(self, entities: IntArray) -> tuple[IntArray, IntArray]:
        """Codes of how relations are used around the entities, sorted; and their numbers of facts."""
        pointers, codes, counts = self._uses
        _, rows = rows_of(pointers, entities[entities >= 0])
        if len(entities) == 1:
            return codes[rows].astype(np.int64), counts[rows].astype(np.int64)
        unique, inverse = np.unique(codes[rows], return_inverse=True)
        totals = np.bincount(inverse, weights=counts[rows], minlength=len(unique))
        return unique.astype(np.int64), totals.astype(np.int64)

    def neighbourhood(self, entities: IntArray) -> list[RelationUse]:
        """Relations of facts that any of the entities takes part in, the most used first."""
        codes, counts = self._uses_of(entities)
        order = np.argsort(-counts, kind="stable")
        names = self._lexicon.relations.names
        return [
            RelationUse(names[code // 3], DIRECTIONS[code % 3], count)
            for code, count in zip(codes[order].tolist(), counts[order].tolist(), strict=True)
        ]

    def facts(self, entity: int, limit: int | None = None) -> Iterator[Fact]:
        """Statements about an entity, relation by relation."""
        this = np.array([entity], dtype=np.int64)
        codes, _ = self._uses_of(this)
        left = limit
        for relation in np.unique(codes[codes % 3 != DIRECTIONS.index("in")] // 3).tolist():
            rows = self.statements(this, self._lexicon.relations.names[relation]).items[:left]
            yield from self.stated(rows)
            if left is not None:
                left -= len(rows)
                if left <= 0:
                    return

    # --- words ------------------------------------------------------------------------------------------

    def label(self, name: str) -> str | None:
        """What people call it, or None."""
        return self._lexicon.label(name)

    def labels(self, names: Sequence[str]) -> list[str | None]:
        """Labels in the order given."""
        return [self._lexicon.label(name) for name in names]

    def aliases(self, name: str) -> list[str]:
        """What else people call it."""
        return self._lexicon.aliases(name)

    def description(self, name: str) -> str | None:
        """A few words that tell it apart, or None."""
        return self._lexicon.description(name)

    def relation_names(self) -> list[str]:
        """All relations of facts and qualifiers."""
        names = self._lexicon.relations.names
        return [names[number] for number in range(len(names))]

    def type_names(self) -> list[str]:
        """All types that have members."""
        return self.entity_names(self._by_type[0])

    def search(
        self, text: str, *, limit: int = 10, fuzzy: bool = True, among: Among = "entities"
    ) -> list[Hit]:
        """What people may mean by a text, best first; what is better known stands before what is less."""
        return self._lexicon.search(text, limit=limit, fuzzy=fuzzy, among=among, degree=self.degree)

    def exact(self, texts: Sequence[str], *, among: Among = "entities") -> list[list[str]]:
        """For each text, names of all that it is a label or alias of (case, accents, punctuation aside)."""
        return self._lexicon.exact(texts, among)
