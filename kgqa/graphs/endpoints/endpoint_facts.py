"""Facts behind a SPARQL endpoint, by numbers: one question for a few hundred things.

Numbers are given to names, values and statements as they come up.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from grammar.denotation import EMPTY, BoolArray, IntArray
from grammar.errors import FormError, TooLarge
from grammar.graph import Pairs, Spans
from grammar.values import Value
from kgqa.graphs.endpoints.endpoint_terms import Terms
from kgqa.graphs.endpoints.kept import Kept
from kgqa.graphs.endpoints.sparql_client import Row
from kgqa.graphs.numbering import Numbering
from kgqa.graphs.protocol import Fact
from kgqa.graphs.rdf_terms import PQ
from kgqa.graphs.readers.record import Object

MOST_AT_HAND = 20
"""Entities of which all facts are asked for together, whichever relation is meant."""
KEPT = 60.0
"""Seconds that these facts are kept."""
MOST_ROWS = 50_000
"""Elements of a set that is fetched; a larger one is refused."""
MOST_THINGS = 10_000
"""Things about which facts are asked one by one (a few hundred in a request); more are refused."""


@dataclass(frozen=True, slots=True)
class Stated:
    """A statement: its node (empty where the endpoint has none) and what it states."""

    node: str
    subject: str
    relation: str
    value: Object


class EndpointFacts:
    """The part of an endpoint graph that execution reads, operator by operator."""

    def __init__(self, terms: Terms) -> None:
        self.terms = terms
        self._dialect = terms.dialect
        self._entities: Numbering[str] = Numbering()
        self._literals: Numbering[Value] = Numbering()
        self._statements: Numbering[Stated] = Numbering()
        self._there: dict[str, bool] = {}
        self._asked: dict[str, bool] = {}
        self._used_relations: set[str] = set()
        self._used_types: set[str] = set()
        self._direct = Kept(self._direct_of, seconds=KEPT)

    # --- names and values -------------------------------------------------------------------------------

    def entities(self, names: Sequence[str]) -> IntArray:
        """Numbers of the entities, in the order given; -1 for a name the graph does not have."""
        new = [name for name in dict.fromkeys(names) if name not in self._there]
        possible = [name for name in new if self._dialect.iri(name) is not None]
        body = "FILTER(EXISTS { ?key ?p ?o } || EXISTS { ?s ?q ?key })"
        found = {possible[place] for place, _ in self.terms.each(possible, body)}
        self._there.update({name: name in found for name in new})
        return np.array(
            [self._entities.number(name) if self._there[name] else -1 for name in names], dtype=np.int64
        )

    def entity_names(self, entities: IntArray) -> list[str]:
        """Names of entities, in the order given."""
        return [self._entities.thing(entity) for entity in entities.tolist()]

    def _number(self, name: str) -> int:
        self._there[name] = True
        return self._entities.number(name)

    def _remembered(self, question: str) -> bool:
        if question not in self._asked:
            self._asked[question] = self.terms.client.ask(self._dialect.text("ASK", question))
        return self._asked[question]

    def has_relation(self, relation: str) -> bool:
        """Whether any fact or qualifier uses the relation."""
        if relation in self._used_relations:
            return True
        try:
            direct, qualifier = self._dialect.direct(relation), self._dialect.qualifier(relation)
        except FormError:
            return False
        return self._remembered(f"?s {direct} ?o") or (
            qualifier is not None and self._remembered(f"?s {qualifier} ?o")
        )

    def has_type(self, type_name: str) -> bool:
        """Whether any entity is an instance of the type."""
        if type_name in self._used_types:
            return True
        iri = self._dialect.iri(type_name)
        return iri is not None and self._remembered(f"?s {self._dialect.model.instance} <{iri}>")

    def literal(self, value: Value) -> int:
        """Number of a value."""
        return self._literals.number(value)

    def values(self, literals: IntArray) -> list[Value]:
        """Values of literals, in the order given."""
        return [self._literals.thing(literal) for literal in literals.tolist()]

    def spans(self, literals: IntArray) -> Spans:
        """Where the literals lie."""
        values = self.values(literals)
        ends = np.array([value.span for value in values], dtype=np.float64).reshape(-1, 2)
        kinds = np.array([int(value.kind) for value in values], dtype=np.int64)
        return Spans(kinds, ends[:, 0].copy(), ends[:, 1].copy())

    # --- facts ------------------------------------------------------------------------------------------

    def _about(self, entities: IntArray, body: str) -> Iterator[tuple[int, Row]]:
        """Rows of a question about ``?key``, each with the places in ``entities`` that it is about."""
        places: dict[int, list[int]] = {}
        for place, entity in enumerate(entities.tolist()):
            if entity >= 0:
                places.setdefault(entity, []).append(place)
        if len(places) > MOST_THINGS:
            raise TooLarge(
                f"facts of {len(places):,} entities would be asked for one by one at "
                f"{self.terms.client.url}, {MOST_THINGS:,} are allowed: ask less, or build a graph"
            )
        names = [self._entities.thing(entity) for entity in places]
        owners = list(places.values())
        for number, row in self.terms.each(names, body):
            for place in owners[number]:
                yield place, row

    def _entity_pairs(self, rows: Iterable[tuple[int, Row]]) -> Pairs:
        named = ((place, self._dialect.name(row["x"])) for place, row in rows)
        return _pairs((place, self._number(name)) for place, name in named if name is not None)

    def _with(self, write: Callable[[str], str | None], relation: str) -> str | None:
        """The body of a question about a relation, or None for a name that no relation here can have."""
        try:
            return write(relation)
        except FormError:
            return None

    def objects(self, entities: IntArray, relation: str) -> Pairs:
        """Entities that the relation leads to; sorted for each owner."""
        if len(entities) <= MOST_AT_HAND:
            return self._at_hand(entities, relation)
        body = self._with(
            lambda r: f"?key {self._dialect.direct(r)} ?x . {self._dialect.only_entities}", relation
        )
        return _NO_PAIRS if body is None else self._entity_pairs(self._about(entities, body))

    def _at_hand(self, entities: IntArray, relation: str) -> Pairs:
        """Objects of few entities: all facts that lead to entities are asked for at once, and kept.

        A dialogue asks about its few entities relation by relation.
        """
        there = np.flatnonzero(entities >= 0)
        found = self._direct.of(self.entity_names(entities[there]))
        return _pairs(
            (place, self._number(thing))
            for place, facts in zip(there.tolist(), found, strict=True)
            for thing in facts.get(relation, ())
        )

    def _direct_of(self, names: Sequence[str]) -> dict[str, Mapping[str, set[str]]]:
        """Relation -> entities that it leads to, of each name."""
        found: list[dict[str, set[str]]] = [{} for _ in names]
        body = f"?key ?link ?x . {self._dialect.only_facts} {self._dialect.only_entities}"
        for place, row in self.terms.each(names, body):
            thing = self._dialect.name(row["x"])
            if thing is not None:
                link = self._dialect.relation_name(row["link"].text)
                found[place].setdefault(link, set()).add(thing)
        for facts in found:
            self._used_relations.update(facts)
            self._used_types.update(facts.get(self._dialect.type_relation, ()))
        return dict(zip(names, found, strict=True))

    def subjects(self, entities: IntArray, relation: str) -> Pairs:
        """Entities that the relation comes from; sorted for each owner."""
        body = self._with(lambda r: f"?x {self._dialect.direct(r)} ?key .", relation)
        return _NO_PAIRS if body is None else self._entity_pairs(self._about(entities, body))

    def literals(self, entities: IntArray, relation: str) -> Pairs:
        """Literals that the relation leads to; sorted for each owner."""
        owners, statements = self.statements(entities, relation)
        literals = self.statement_literals(statements)
        rows = zip(owners.tolist(), literals.tolist(), strict=True)
        return _pairs((owner, literal) for owner, literal in rows if literal >= 0)

    # --- types ------------------------------------------------------------------------------------------

    def members(self, type_name: str) -> IntArray:
        """All instances of the type, sorted."""
        iri = self._dialect.iri(type_name)
        if iri is None:
            return EMPTY
        body, most = f"?x {self._dialect.model.instance} <{iri}>", MOST_ROWS
        rows = self.terms.select("DISTINCT ?x", body, f" LIMIT {most + 1}")
        if len(rows) > most:
            raise TooLarge(f"{type_name} has more than {most:,} members at {self.terms.client.url}: ask less")
        names = (self._dialect.name(row["x"]) for row in rows)
        numbers = [self._number(name) for name in names if name is not None]
        return np.unique(np.array(numbers, dtype=np.int64))

    def are_members(self, entities: IntArray, type_name: str) -> BoolArray:
        """For each entity, [n], whether it is an instance."""
        are = np.zeros(len(entities), dtype=np.bool_)
        if len(entities) <= MOST_AT_HAND:
            types = self.types(entities)
            are[types.owners[[name == type_name for name in self.entity_names(types.items)]]] = True
            return are
        iri = self._dialect.iri(type_name)
        if iri is not None:
            body = f"FILTER EXISTS {{ ?key {self._dialect.model.instance} <{iri}> }}"
            are[[place for place, _ in self._about(entities, body)]] = True
        return are

    def types(self, entities: IntArray) -> Pairs:
        """The types of entities, as entity numbers; sorted for each owner."""
        if len(entities) <= MOST_AT_HAND:
            return self._at_hand(entities, self._dialect.type_relation)
        return self._entity_pairs(self._about(entities, f"?key {self._dialect.model.instance} ?x ."))

    # --- statements -------------------------------------------------------------------------------------

    def statements(self, entities: IntArray, relation: str) -> Pairs:
        """Best-rank statements of the relation; where the endpoint has none, one a fact."""
        body = self._with(self._dialect.statements, relation)
        if body is None:
            return _NO_PAIRS
        found = []
        for place, row in self._about(entities, body):
            value = self._dialect.object(row)
            if value is not None:
                node = row["node"].text if "node" in row else ""
                subject = self._entities.thing(int(entities[place]))
                found.append((place, self._statements.number(Stated(node, subject, relation, value))))
        return _pairs(found)

    def _said(self, statements: IntArray) -> list[Stated]:
        return [self._statements.thing(statement) for statement in statements.tolist()]

    def _entity_or(self, value: Object) -> int:
        return self._number(value) if isinstance(value, str) else -1

    def states(self, statements: IntArray, relation: str) -> BoolArray:
        """For each statement, [n], whether it is one of the relation."""
        return np.array([said.relation == relation for said in self._said(statements)], dtype=np.bool_)

    def statement_entities(self, statements: IntArray) -> IntArray:
        """For each statement, [n], the entity it states, or -1."""
        return np.array([self._entity_or(said.value) for said in self._said(statements)], dtype=np.int64)

    def statement_literals(self, statements: IntArray) -> IntArray:
        """For each statement, [n], the literal it states, or -1."""
        values = [said.value for said in self._said(statements)]
        numbers = [-1 if isinstance(value, str) else self._literals.number(value) for value in values]
        return np.array(numbers, dtype=np.int64)

    def _qualifying(self, statements: IntArray, body: str | None) -> Iterator[tuple[int, Row]]:
        """Rows of a question about the qualifiers of ``?key``, a statement."""
        nodes = [said.node for said in self._said(statements)]
        if body is None or not any(nodes):
            return
        places = [place for place, node in enumerate(nodes) if node]
        for number, row in self.terms.each_iri([nodes[place] for place in places], body):
            yield places[number], row

    def qualifier_entities(self, statements: IntArray, relation: str) -> Pairs:
        """Entities that a qualifier names; sorted for each owner."""
        rows = self._qualifying(statements, self._with(self._dialect.qualifiers, relation))
        values = ((place, self._dialect.object(row)) for place, row in rows)
        return _pairs((place, self._number(value)) for place, value in values if isinstance(value, str))

    def qualifier_literals(self, statements: IntArray, relation: str) -> Pairs:
        """Literals that a qualifier gives; sorted for each owner."""
        rows = self._qualifying(statements, self._with(self._dialect.qualifiers, relation))
        values = ((place, self._dialect.object(row)) for place, row in rows)
        return _pairs(
            (place, self._literals.number(value))
            for place, value in values
            if value is not None and not isinstance(value, str)
        )

    def qualifier_relations(self, statements: IntArray) -> list[str]:
        """Relations that qualify any of the statements."""
        rows = self._qualifying(statements, self._dialect.any_qualifier)
        return sorted(
            {row["link"].text.removeprefix(PQ) for _, row in rows}, key=lambda name: (len(name), name)
        )

    def stated(self, statements: IntArray) -> list[Fact]:
        """The statements by names, in the order given."""
        qualifiers: list[dict[str, list[Object]]] = [{} for _ in range(len(statements))]
        rows = self._qualifying(statements, self._dialect.any_qualifier)
        for place, row in sorted(rows, key=lambda found: (len(found[1]["link"].text), found[1]["link"].text)):
            value = self._dialect.object(row)
            values = qualifiers[place].setdefault(row["link"].text.removeprefix(PQ), [])
            if value is not None and value not in values:
                values.append(value)
        said = zip(statements.tolist(), self._said(statements), qualifiers, strict=True)
        return [
            Fact(number, one.subject, one.relation, one.value, {r: v for r, v in given.items() if v})
            for number, one, given in said
        ]


_NO_PAIRS = Pairs(EMPTY, EMPTY)


def _pairs(found: Iterable[tuple[int, int]]) -> Pairs:
    """Sorted by owner, then item, without repeats."""
    rows = np.array(sorted(set(found)), dtype=np.int64).reshape(-1, 2)
    return Pairs(rows[:, 0].copy(), rows[:, 1].copy())
