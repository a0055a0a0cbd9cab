"""A graph behind a SPARQL endpoint: every question one request (or one for every few hundred things).

Wikidata's RDF model where the endpoint has it, plain RDF otherwise. Numbers are given to names, values and
statements as they come up. Answers about names are remembered, facts are asked for anew. What has no name
that could be asked about again (blank nodes, unknown values) is left out.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from grammar.denotation import EMPTY, BoolArray, IntArray
from grammar.errors import FormError
from grammar.graph import Pairs, Spans
from grammar.sparql.graph_model import PLAIN, WIKIDATA, GraphModel
from grammar.values import Value
from kgqa.graphs.endpoint_terms import Dialect, Terms
from kgqa.graphs.endpoint_words import EndpointWords
from kgqa.graphs.layout import DIRECTIONS
from kgqa.graphs.names import standing
from kgqa.graphs.numbering import Numbering
from kgqa.graphs.protocol import Among, Direction, Fact, GraphInfo, Hit, RelationUse
from kgqa.graphs.rdf_terms import PQ
from kgqa.graphs.record import Object
from kgqa.graphs.sparql_client import Limits, Row, SparqlClient


@dataclass(frozen=True, slots=True)
class _Stated:
    """A statement: its node (empty where the endpoint has none) and what it states."""

    node: str
    subject: str
    relation: str
    value: Object


class EndpointGraph:
    """A graph behind an endpoint; see the module's text.

    Args:
        model: how it writes its facts; found out by asking if left out.
        limits: time and size of one request.
        contact: an address for the User-Agent; public services ask for one.

    Raises:
        GraphError: nothing that speaks SPARQL is there.
    """

    def __init__(
        self,
        url: str,
        *,
        model: GraphModel | None = None,
        limits: Limits | None = None,
        contact: str | None = None,
    ) -> None:
        self.url = url
        self.client = SparqlClient(url, limits=limits, contact=contact)
        if model is None:
            model = WIKIDATA if self.client.ask(Dialect.query(WIKIDATA, "ASK", "?x wdt:P31 ?y")) else PLAIN
        self.model = model
        has_statements = model.wikidata_ids and self.client.ask(
            Dialect.query(model, "ASK", "?x a wikibase:BestRank")
        )
        self._dialect = Dialect(model, has_statements)
        self._terms = Terms(self.client, self._dialect)
        self._words = EndpointWords(self._terms)
        self._entities: Numbering[str] = Numbering()
        self._literals: Numbering[Value] = Numbering()
        self._statements: Numbering[_Stated] = Numbering()
        self._there: dict[str, bool] = {}
        self._asked: dict[str, bool] = {}

    def __repr__(self) -> str:
        return f"EndpointGraph({self.url!r}, {self.model.name})"

    def __reduce__(self) -> tuple[object, ...]:
        return _reopened, (self.url, self.model, self.client.limits)

    @property
    def name(self) -> str:
        """Its address."""
        return self.url

    @property
    def checksum(self) -> str:
        """A digest of the address: what an endpoint holds cannot be known, and changes."""
        return hashlib.sha256(self.url.encode()).hexdigest()

    @cached_property
    def _info(self) -> GraphInfo:
        counts = self._terms.counts()
        relations, types = len(self.relation_names()), len(self.type_names())
        return GraphInfo(
            name=self.name, checksum=self.checksum, relations=relations, types=types, bytes=0, **counts
        )

    def info(self) -> GraphInfo:
        """How much it holds, counted by the endpoint (a large one may take too long); no bytes here."""
        return self._info

    def close(self) -> None:
        """Nothing to do: no connection is kept."""

    # --- names and values -------------------------------------------------------------------------------

    def entities(self, names: Sequence[str]) -> IntArray:
        """Numbers of the entities, in the order given; -1 for a name the graph does not have."""
        new = [name for name in dict.fromkeys(names) if name not in self._there]
        possible = [name for name in new if self._dialect.iri(name) is not None]
        body = "FILTER(EXISTS { ?key ?p ?o } || EXISTS { ?s ?q ?key })"
        found = {possible[place] for place, _ in self._terms.each(possible, body)}
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
            self._asked[question] = self.client.ask(self._dialect.text("ASK", question))
        return self._asked[question]

    def has_relation(self, relation: str) -> bool:
        """Whether any fact or qualifier uses the relation."""
        try:
            direct, qualifier = self._dialect.direct(relation), self._dialect.qualifier(relation)
        except FormError:
            return False
        return self._remembered(f"?s {direct} ?o") or (
            qualifier is not None and self._remembered(f"?s {qualifier} ?o")
        )

    def has_type(self, type_name: str) -> bool:
        """Whether any entity is an instance of the type."""
        iri = self._dialect.iri(type_name)
        return iri is not None and self._remembered(f"?s {self.model.instance} <{iri}>")

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
        names = [self._entities.thing(entity) for entity in places]
        owners = list(places.values())
        for number, row in self._terms.each(names, body):
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
        body = self._with(
            lambda r: f"?key {self._dialect.direct(r)} ?x . {self._dialect.only_entities}", relation
        )
        return _NO_PAIRS if body is None else self._entity_pairs(self._about(entities, body))

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
        rows = self._terms.select("DISTINCT ?x", f"?x {self.model.instance} <{iri}>")
        names = (self._dialect.name(row["x"]) for row in rows)
        numbers = [self._number(name) for name in names if name is not None]
        return np.unique(np.array(numbers, dtype=np.int64))

    def are_members(self, entities: IntArray, type_name: str) -> BoolArray:
        """For each entity, [n], whether it is an instance."""
        are = np.zeros(len(entities), dtype=np.bool_)
        iri = self._dialect.iri(type_name)
        if iri is not None:
            body = f"FILTER EXISTS {{ ?key {self.model.instance} <{iri}> }}"
            are[[place for place, _ in self._about(entities, body)]] = True
        return are

    def types(self, entities: IntArray) -> Pairs:
        """The types of entities, as entity numbers; sorted for each owner."""
        return self._entity_pairs(self._about(entities, f"?key {self.model.instance} ?x ."))

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
                found.append((place, self._statements.number(_Stated(node, subject, relation, value))))
        return _pairs(found)

    def _said(self, statements: IntArray) -> list[_Stated]:
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
        for number, row in self._terms.each_iri([nodes[place] for place in places], body):
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

    # --- around entities --------------------------------------------------------------------------------

    def degree(self, entities: IntArray) -> IntArray:
        """Number of facts that an entity takes part in, [n]; 0 for -1."""
        return self._counted(entities, "{ ?key ?link ?x } UNION { ?x ?link ?key }")

    def _counted(self, entities: IntArray, facts: str) -> IntArray:
        counts = np.zeros(len(entities), dtype=np.int64)
        there = np.flatnonzero(entities >= 0)
        names = self.entity_names(entities[there])
        body = f"{facts} {self._dialect.only_facts}"
        for place, row in self._terms.each(names, body, select="?key (COUNT(*) AS ?n)", group="?key"):
            counts[there[place]] = int(row["n"].text)
        return counts

    def neighbourhood(self, entities: IntArray) -> list[RelationUse]:
        """Relations of facts that any of the entities takes part in, the most used first."""
        names = [self._entities.thing(entity) for entity in np.unique(entities[entities >= 0]).tolist()]
        counts: Counter[tuple[str, Direction]] = Counter()
        select, group = "?link ?way (COUNT(*) AS ?n)", "?link ?way"
        for _, row in self._terms.each(names, self._dialect.ways, select=select, group=group):
            direction = next((d for d in DIRECTIONS if d == row["way"].text), None)
            if direction is not None:
                counts[self._dialect.relation_name(row["link"].text), direction] += int(row["n"].text)
        order = sorted(counts.items(), key=lambda pair: (-pair[1], len(pair[0][0]), pair[0]))
        return [RelationUse(relation, direction, count) for (relation, direction), count in order]

    def facts(self, entity: int, limit: int | None = None) -> Iterator[Fact]:
        """Statements about an entity, relation by relation, each asked for when it is needed."""
        this = np.array([entity], dtype=np.int64)
        relations = [use.relation for use in self.neighbourhood(this) if use.direction != "in"]
        left = limit
        for relation in sorted(set(relations), key=lambda name: (len(name), name)):
            rows = self.statements(this, relation).items[:left]
            yield from self.stated(rows)
            if left is not None:
                left -= len(rows)
                if left <= 0:
                    return

    # --- words ------------------------------------------------------------------------------------------

    def label(self, name: str) -> str | None:
        """What people call it, or None."""
        return self._words.labels([name])[0]

    def labels(self, names: Sequence[str]) -> list[str | None]:
        """Labels in the order given."""
        return self._words.labels(names)

    def aliases(self, name: str) -> list[str]:
        """What else people call it."""
        return self._words.aliases(name)

    def description(self, name: str) -> str | None:
        """A few words that tell it apart, or None."""
        return self._words.description(name)

    def relation_names(self) -> list[str]:
        """All relations of facts and qualifiers."""
        return self._terms.relation_names()

    def type_names(self) -> list[str]:
        """All types that have members."""
        return self._terms.type_names()

    def search(
        self, text: str, *, limit: int = 10, fuzzy: bool = True, among: Among = "entities"
    ) -> list[Hit]:
        """Labels and aliases as they are spelt; failing that, those that contain the words."""
        hits = self._words.search(text, fuzzy=fuzzy, among=among)
        if among != "relations":
            # What enters a hub is too much for a public service to count; what leaves it says enough.
            degrees = self._counted(self.entities([hit.name for hit in hits]), "?key ?link ?x .").tolist()
            order = sorted(range(len(hits)), key=lambda i: -standing(hits[i].score, float(degrees[i])))
            hits = [hits[i] for i in order]
        return hits[:limit]

    def exact(self, texts: Sequence[str], *, among: Among = "entities") -> list[list[str]]:
        """For each text, names of all that it is a label or alias of, in a few capitalisations."""
        return self._words.exact(texts, among)


_NO_PAIRS = Pairs(EMPTY, EMPTY)


def _reopened(url: str, model: GraphModel, limits: Limits) -> EndpointGraph:
    return EndpointGraph(url, model=model, limits=limits)


def _pairs(found: Iterable[tuple[int, int]]) -> Pairs:
    """Sorted by owner, then item, without repeats."""
    rows = np.array(sorted(set(found)), dtype=np.int64).reshape(-1, 2)
    return Pairs(rows[:, 0].copy(), rows[:, 1].copy())
