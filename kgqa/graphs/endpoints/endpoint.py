"""A graph behind a SPARQL endpoint: a form is one query, every other question one for a few hundred things.

Wikidata's RDF model where the endpoint has it, plain RDF otherwise. Numbers are given to names, values and
statements as they come up. Answers about names are remembered, facts are asked for anew (unless the client
keeps answers). What has no name that could be asked about again (blank nodes, unknown values) is left out.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property, partial

import numpy as np

from grammar.denotation import (
    Boolean,
    Booleans,
    Denotation,
    Entities,
    IntArray,
    Number,
    Numbers,
    Values,
)
from grammar.errors import FormError, Refused, TooLarge, Unreachable
from grammar.forms import LogicalForm
from grammar.operators import Sort
from grammar.sparql.graph_model import PLAIN, WIKIDATA, GraphModel
from kgqa.graphs.endpoints import endpoint_around as around
from kgqa.graphs.endpoints import endpoint_forms as forms
from kgqa.graphs.endpoints.answer_cache import AnswerCache
from kgqa.graphs.endpoints.endpoint_facts import KEPT, MOST_ROWS, EndpointFacts, Stated
from kgqa.graphs.endpoints.endpoint_terms import Dialect, Terms
from kgqa.graphs.endpoints.endpoint_words import EndpointWords
from kgqa.graphs.endpoints.kept import Kept
from kgqa.graphs.endpoints.sparql_client import Limits, SparqlClient
from kgqa.graphs.endpoints.stores import PATIENCE, Evidence, Store, store_of
from kgqa.graphs.names import standing
from kgqa.graphs.protocol import Among, Fact, GraphInfo, Hit, RelationUse


class EndpointGraph(EndpointFacts):
    """A graph behind an endpoint; see the module's text.

    Args:
        model: how it writes its facts; found out by asking if left out.
        limits: time and size of one request.
        contact: an address for the User-Agent; public services ask for one.
        cache: where answers are kept; None asks anew each time.
        pause: seconds between two requests.

    Raises:
        GraphError: nothing that speaks SPARQL is there, or it asks for a contact.
    """

    def __init__(
        self,
        url: str,
        *,
        model: GraphModel | None = None,
        limits: Limits | None = None,
        contact: str | None = None,
        cache: AnswerCache | None = None,
        pause: float = 0.0,
    ) -> None:
        self.url = url
        self.client = SparqlClient(url, limits=limits, contact=contact, cache=cache, pause=pause)
        first = self.client.reply(Dialect.query(WIKIDATA, "ASK", "?x wdt:P31 ?y"))
        is_wikidata = self.client.truth(first)
        self.evidence: Evidence = store_of(self.client, first)
        self.client.patience = PATIENCE.get(self.evidence.store)
        if model is None:
            model = WIKIDATA if is_wikidata else PLAIN
        self.model = model
        has_statements = model.wikidata_ids and self.client.ask(
            Dialect.query(model, "ASK", "?x a wikibase:BestRank")
        )
        super().__init__(Terms(self.client, Dialect(model, has_statements, self.evidence.store)))
        self._words = EndpointWords(self.terms)
        self._around = Kept(partial(around.uses, self.terms), seconds=KEPT)
        self._degrees = {
            both: Kept(partial(around.degrees, self.terms, both=both), seconds=KEPT) for both in (True, False)
        }
        self._sized: dict[LogicalForm, Denotation] = {}

    def __repr__(self) -> str:
        return f"EndpointGraph({self.url!r}, {self.model.name}, {self.evidence.store})"

    def __reduce__(self) -> tuple[object, ...]:
        client = self.client
        return _reopened, (self.url, self.model, client.limits, client.contact, client.cache, client.pause)

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
        if self.evidence.store is Store.WIKIDATA:
            raise TooLarge(f"to count all that {self.url} holds would take it minutes")
        counts = self.terms.counts()
        relations, types = len(self.relation_names()), len(self.type_names())
        return GraphInfo(
            name=self.name, checksum=self.checksum, relations=relations, types=types, bytes=0, **counts
        )

    def info(self) -> GraphInfo:
        """How much it holds, counted by the endpoint; no bytes here.

        Raises:
            LimitReached: it is too large to count.
        """
        return self._info

    def close(self) -> None:
        """Nothing to do: no connection is kept."""

    def forget(self) -> None:
        """Ask anew for the facts that were found out a moment ago."""
        self._direct.forget()
        self._around.forget()
        for degrees in self._degrees.values():
            degrees.forget()

    # --- whole forms ------------------------------------------------------------------------------------

    def denotation(self, form: LogicalForm, *, seconds: float) -> Denotation | None:
        """What a form denotes, by one query; None for one that has to be taken apart (``endpoint_forms``)."""
        if (sized := self._sized.pop(form, None)) is not None:
            return sized
        query = forms.query_of(form, self._dialect)
        if query is None or not self._has_all(form):
            return None
        coarse = self._dialect.has_statements and any(map(self._coarse, forms.compared_relations(form)))
        if coarse and all(self._is_small(part, seconds) for part in forms.read_of(form)):
            return None
        try:
            return self._denoted(form, query, seconds)
        except (Refused, Unreachable):  # a store that cannot do a form whole can mostly do so in parts
            return None

    def _denoted(self, form: LogicalForm, query: str, seconds: float) -> Denotation | None:
        if form.sort is Sort.BOOLEAN:
            return Boolean(self.client.ask(query, seconds=seconds))
        if form.sort in (Sort.ENTITIES, Sort.VALUES):
            query = f"{query.rstrip()}\nLIMIT {MOST_ROWS + 1}"
        rows = self.client.select(query, seconds=seconds)
        if len(rows) > MOST_ROWS:
            raise TooLarge(
                f"{form} has more than {MOST_ROWS:,} elements at {self.url}: count them, or ask less"
            )
        if form.sort is Sort.ENTITIES:
            names = (self._dialect.name(row["x"]) for row in rows)
            return Entities(_set(self._number(name) for name in names if name is not None))
        if form.sort is Sort.VALUES:
            values = (self._dialect.object(row) for row in rows)
            return Values(_set(self.literal(v) for v in values if v is not None and not isinstance(v, str)))
        if not rows:
            return None
        if form.sort is Sort.NUMBER:
            return Number(float(rows[0]["n"].text)) if "n" in rows[0] else None
        cells = [text for _, text in sorted((int(name[1:]), term.text) for name, term in rows[0].items())]
        if form.sort is Sort.NUMBERS:
            return Numbers(tuple(map(float, cells)))
        return Booleans(tuple(cell in ("true", "1") for cell in cells))

    def _has_all(self, form: LogicalForm) -> bool:
        entities, relations, types = forms.names_of(form)
        return (
            bool((self.entities(entities) >= 0).all())
            and all(map(self.has_relation, relations))
            and all(map(self.has_type, types))
        )

    def _coarse(self, relation: str) -> bool:
        """Whether values or qualifiers of the relation are times of which some are coarser than a day."""
        try:
            self._dialect.direct(relation)
        except FormError:
            return False
        return self._remembered(self._dialect.coarse_times(relation))

    def _is_small(self, part: LogicalForm, seconds: float) -> bool:
        """Whether a set has few elements; they are kept for when it is asked for next."""
        query = forms.query_of(part, self._dialect)
        if query is None:
            return True
        rows = self.client.select(f"{query} LIMIT {forms.MOST_APART + 1}", seconds=seconds)
        if len(rows) > forms.MOST_APART:
            return False
        names = (self._dialect.name(row["x"]) for row in rows)
        self._sized = {part: Entities(_set(self._number(name) for name in names if name is not None))}
        return True

    # --- around entities --------------------------------------------------------------------------------

    def degree(self, entities: IntArray) -> IntArray:
        """Number of facts that an entity takes part in, [n]; 0 for -1; of hubs, as many as were counted."""
        return self._counted(entities, both=True)

    def _counted(self, entities: IntArray, *, both: bool) -> IntArray:
        counts = np.zeros(len(entities), dtype=np.int64)
        counts[entities >= 0] = self._degrees[both].of(self.entity_names(entities[entities >= 0]))
        return counts

    def neighbourhood(self, entities: IntArray) -> list[RelationUse]:
        """Relations of facts that any of the entities takes part in, the most used first.

        Of a hub a sample is counted (``endpoint_around``).
        """
        names = self.entity_names(np.unique(entities[entities >= 0]))
        counts: around.Uses = sum(self._around.of(names), Counter())
        self._used_relations.update(relation for relation, _ in counts)
        order = sorted(counts.items(), key=lambda pair: (-pair[1], len(pair[0][0]), pair[0]))
        return [RelationUse(relation, direction, count) for (relation, direction), count in order]

    def near(self, entities: IntArray, *, most: int) -> IntArray:
        """Entities one fact away, by one request; see ``kgqa.graphs.near``."""
        names = self.entity_names(np.unique(entities[entities >= 0]))
        return _set(self._number(name) for name in around.near(self.terms, names, most=most))

    def facts(self, entity: int, limit: int | None = None) -> Iterator[Fact]:
        """Statements about an entity, relation by relation."""
        name = self._entities.thing(entity)
        found = [
            Stated(said.node, name, said.relation, said.value) for _, said in self.terms.statements([name])
        ]
        found.sort(key=lambda said: (len(said.relation), said.relation))
        numbers = [self._statements.number(said) for said in found]
        yield from self.stated(np.array(list(dict.fromkeys(numbers))[:limit], dtype=np.int64))

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
        return self.terms.relation_names

    def type_names(self) -> list[str]:
        """All types that have members."""
        self._used_types.update(self.terms.type_names)
        return self.terms.type_names

    def search(
        self, text: str, *, limit: int = 10, fuzzy: bool = True, among: Among = "entities"
    ) -> list[Hit]:
        """Labels and aliases as they are spelt; failing that, those that contain the words."""
        hits = self._words.search(text, fuzzy=fuzzy, among=among)
        if among != "relations":
            # What enters a hub is too much for a public service to count; what leaves it says enough.
            degrees = self._counted(self.entities([hit.name for hit in hits]), both=False).tolist()
            order = sorted(range(len(hits)), key=lambda i: -standing(hits[i].score, float(degrees[i])))
            hits = [hits[i] for i in order]
        return hits[:limit]

    def exact(self, texts: Sequence[str], *, among: Among = "entities") -> list[list[str]]:
        """For each text, names of all that it is a label or alias of, in a few capitalisations."""
        return self._words.exact(texts, among)


def _reopened(
    url: str,
    model: GraphModel,
    limits: Limits,
    contact: str | None,
    cache: AnswerCache | None,
    pause: float,
) -> EndpointGraph:
    return EndpointGraph(url, model=model, limits=limits, contact=contact, cache=cache, pause=pause)


def _set(numbers: Iterable[int]) -> IntArray:
    return np.unique(np.fromiter(numbers, dtype=np.int64))
