"""A graph of dicts and sets: the plainest implementation of the Protocol, and its RDF.

Slow and simple on purpose: it is what other implementations are held against.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from grammar.denotation import BoolArray, IntArray
from grammar.graph import Pairs, Spans
from grammar.sparql.graph_model import PLAIN, WIKIDATA, GraphModel
from grammar.values import Quantity, Time, Value
from kgqa.graphs.readers.record import Rank, Record, Statement

INSTANCE_OF = "P31"


@dataclass(frozen=True)
class Fact:
    """A best-rank statement and where it belongs."""

    subject: str
    relation: str
    statement: Statement


class MemoryGraph:
    """Records as a ``grammar.graph.Graph``."""

    def __init__(self, records: Iterable[Record], *, name: str = "memory") -> None:
        self._name = name
        entities = [record for record in records if not record.is_relation]
        self.facts = [fact for record in entities for fact in best_facts(record)]
        names: dict[str, None] = dict.fromkeys(record.id for record in entities)
        for fact in self.facts:
            names.setdefault(fact.subject)
            for thing in _things(fact.statement):
                if isinstance(thing, str):
                    names.setdefault(thing)
        self._names = list(names)
        self._numbers = {name: number for number, name in enumerate(self._names)}
        self._values: list[Value] = []
        self._value_numbers: dict[Value, int] = {}
        for fact in self.facts:
            for thing in _things(fact.statement):
                if not isinstance(thing, str):
                    self.literal(thing)
        self._members: dict[str, set[str]] = defaultdict(set)
        for fact in self.facts:
            if fact.relation == INSTANCE_OF and isinstance(fact.statement.value, str):
                self._members[fact.statement.value].add(fact.subject)

    @property
    def name(self) -> str:
        return self._name

    def entities(self, names: Sequence[str]) -> IntArray:
        return np.array([self._numbers.get(name, -1) for name in names], dtype=np.int64)

    def entity_names(self, entities: IntArray) -> list[str]:
        return [self._names[number] for number in entities]

    def has_relation(self, relation: str) -> bool:
        return any(fact.relation == relation or relation in fact.statement.qualifiers for fact in self.facts)

    def has_type(self, type_name: str) -> bool:
        return type_name in self._members

    def literal(self, value: Value) -> int:
        number = self._value_numbers.setdefault(value, len(self._values))
        if number == len(self._values):
            self._values.append(value)
        return number

    def values(self, literals: IntArray) -> list[Value]:
        return [self._values[number] for number in literals]

    def spans(self, literals: IntArray) -> Spans:
        values = self.values(literals)
        kinds = np.array([int(value.kind) for value in values], dtype=np.int64)
        low = np.array([value.span[0] for value in values], dtype=np.float64)
        return Spans(kinds, low, np.array([value.span[1] for value in values], dtype=np.float64))

    def objects(self, entities: IntArray, relation: str) -> Pairs:
        return self._read(entities, lambda name: self._stated(name, relation, is_entity=True))

    def subjects(self, entities: IntArray, relation: str) -> Pairs:
        def subjects(name: str) -> set[int]:
            return {
                self._numbers[fact.subject]
                for fact in self.facts
                if fact.relation == relation and fact.statement.value == name
            }

        return self._read(entities, subjects)

    def literals(self, entities: IntArray, relation: str) -> Pairs:
        return self._read(entities, lambda name: self._stated(name, relation, is_entity=False))

    def members(self, type_name: str) -> IntArray:
        members = self._members.get(type_name, set())
        return np.array(sorted(self._numbers[name] for name in members), dtype=np.int64)

    def are_members(self, entities: IntArray, type_name: str) -> BoolArray:
        members = self._members.get(type_name, set())
        return np.array([name in members for name in self.entity_names(entities)], dtype=np.bool_)

    def statements(self, entities: IntArray, relation: str) -> Pairs:
        def statements(name: str) -> set[int]:
            return {
                number
                for number, fact in enumerate(self.facts)
                if fact.subject == name and fact.relation == relation
            }

        return self._read(entities, statements)

    def states(self, statements: IntArray, relation: str) -> BoolArray:
        return np.array([self.facts[number].relation == relation for number in statements], dtype=np.bool_)

    def statement_entities(self, statements: IntArray) -> IntArray:
        return self._columns(statements, is_entity=True)

    def statement_literals(self, statements: IntArray) -> IntArray:
        return self._columns(statements, is_entity=False)

    def qualifier_entities(self, statements: IntArray, relation: str) -> Pairs:
        return self._qualifiers(statements, relation, is_entity=True)

    def qualifier_literals(self, statements: IntArray, relation: str) -> Pairs:
        return self._qualifiers(statements, relation, is_entity=False)

    def _number(self, thing: str | Value) -> int:
        return self._numbers[thing] if isinstance(thing, str) else self._value_numbers[thing]

    def _stated(self, name: str, relation: str, *, is_entity: bool) -> set[int]:
        return {
            self._number(fact.statement.value)
            for fact in self.facts
            if fact.subject == name
            and fact.relation == relation
            and isinstance(fact.statement.value, str) == is_entity
        }

    def _read(self, entities: IntArray, found: Callable[[str], set[int]]) -> Pairs:
        return _pairs(found(name) for name in self.entity_names(entities))

    def _columns(self, statements: IntArray, *, is_entity: bool) -> IntArray:
        things = [self.facts[number].statement.value for number in statements]
        return np.array(
            [self._number(thing) if isinstance(thing, str) == is_entity else -1 for thing in things],
            dtype=np.int64,
        )

    def _qualifiers(self, statements: IntArray, relation: str, *, is_entity: bool) -> Pairs:
        return _pairs(
            {
                self._number(thing)
                for thing in self.facts[number].statement.qualifiers.get(relation, ())
                if isinstance(thing, str) == is_entity
            }
            for number in statements
        )


def best_facts(record: Record) -> Iterator[Fact]:
    """Of every relation the preferred statements, or else the normal ones."""
    for relation, statements in record.facts.items():
        best = max(statement.rank for statement in statements)
        if best is not Rank.DEPRECATED:
            for statement in statements:
                if statement.rank is best:
                    yield Fact(record.id, relation, statement)


def _things(statement: Statement) -> Iterator[str | Value]:
    yield statement.value
    for things in statement.qualifiers.values():
        yield from things


def _pairs(found: Iterable[set[int]]) -> Pairs:
    pairs = [(owner, item) for owner, items in enumerate(found) for item in sorted(items)]
    owners, items = zip(*pairs, strict=True) if pairs else ((), ())
    return Pairs(np.array(owners, dtype=np.int64), np.array(items, dtype=np.int64))


# --- RDF ----------------------------------------------------------------------------------------------


def to_turtle(records: Iterable[Record], *, model: GraphModel) -> str:
    """The records as RDF of a model: all ranks of Wikidata's, the best facts alone of plain RDF."""
    lines = [f"@prefix {name}: <{iri}> ." for name, iri in model.prefixes.items()]
    number = 0
    for record in records:
        subject = model.entity(record.id) if not record.is_relation else ""
        for fact in best_facts(record):
            if model.name == PLAIN.name and fact.relation == INSTANCE_OF:
                lines.append(f"{subject} a {_term(fact.statement.value, model)} .")
            else:
                relation = model.relation(fact.relation)
                lines.append(f"{subject} {relation} {_term(fact.statement.value, model)} .")
        if model.name != WIKIDATA.name:
            continue
        best = {id(fact.statement) for fact in best_facts(record)}
        for relation, statements in record.facts.items():
            for statement in statements:
                number += 1
                node = f"<http://www.wikidata.org/entity/statement/{record.id}-{number}>"
                lines.append(f"{subject} p:{relation} {node} .")
                lines.append(f"{node} ps:{relation} {_term(statement.value, model)} .")
                if id(statement) in best:
                    lines.append(f"{node} a wikibase:BestRank .")
                for qualifier, things in statement.qualifiers.items():
                    lines += [f"{node} pq:{qualifier} {_term(thing, model)} ." for thing in things]
    return "\n".join(lines) + "\n"


def _term(thing: str | Value, model: GraphModel) -> str:
    return model.entity(thing) if isinstance(thing, str) else model.value(thing)


def as_rdf_sees_it(records: Iterable[Record]) -> list[Record]:
    """The records with what Wikidata's plain RDF keeps of values: dates as days, amounts without a unit."""

    def seen(thing: str | Value) -> str | Value:
        if isinstance(thing, Time) and not thing.julian:
            year, rest = divmod(int(thing.span[0]), 10_000)
            return Time(year, max(rest // 100, 1), max(rest % 100, 1))
        return Quantity(thing.amount) if isinstance(thing, Quantity) else thing

    return [
        Record(
            id=record.id,
            facts={
                relation: [
                    Statement(
                        seen(statement.value),
                        statement.rank,
                        {
                            name: [seen(thing) for thing in things]
                            for name, things in statement.qualifiers.items()
                        },
                    )
                    for statement in statements
                ]
                for relation, statements in record.facts.items()
            },
        )
        for record in records
        if not record.is_relation
    ]
