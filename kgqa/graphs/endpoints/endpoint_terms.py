"""What questions to an endpoint are made of: terms, bodies, and answers read back into names and values."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from grammar.errors import FormError, LimitReached
from grammar.sparql.graph_model import GraphModel, write_string
from grammar.values import DAY
from kgqa.graphs.endpoints.sparql_client import Row, SparqlClient
from kgqa.graphs.endpoints.stores import Store
from kgqa.graphs.rdf_terms import (
    ALIASES,
    DESCRIPTIONS,
    LABELS,
    PQ,
    PQV,
    PS,
    PSV,
    RDF_TYPE,
    WD,
    WDT,
    Term,
    ValueNode,
    value_of,
    wikidata_name,
)
from kgqa.graphs.readers.record import Object

_MANY = 300
"""Terms in one request."""
_SAMPLE = 200_000
"""Facts among which types and relations are sought where there are too many facts to read them all."""
_MORE_PREFIXES = {"psv": PSV, "pqv": PQV}
_IN_WIKIDATA = "http://www.wikidata.org/"


def literal_of(text: str, language: str = "") -> str:
    """A string of SPARQL, with a language if one is given."""
    return write_string(text) + (f"@{language}" if language else "")


@dataclass(frozen=True, slots=True)
class Dialect:
    """How an endpoint writes its facts: its model, whether it has statements beside them, its store."""

    model: GraphModel
    has_statements: bool
    store: Store = Store.OTHER

    @staticmethod
    def query(model: GraphModel, head: str, body: str, tail: str = "") -> str:
        """A whole question, with the prefixes that it uses."""
        known = {**model.prefixes, **_MORE_PREFIXES}
        used = [name for name in known if re.search(rf"(?<![\w/]){name}:", head + body + tail)]
        start = "".join(f"PREFIX {name}: <{known[name]}>\n" for name in used)
        where = "" if head == "ASK" else "WHERE "
        return f"{start}{head} {where}{{ {body} }}{tail}"

    def text(self, head: str, body: str, tail: str = "") -> str:
        """A whole question."""
        return self.query(self.model, head, body, tail)

    # Names.
    def iri(self, name: str) -> str | None:
        """The IRI of an entity or type, or None for what cannot be a name here."""
        try:
            self.model.entity(name)
        except FormError:
            return None
        return WD + name if self.model.wikidata_ids else self.model.entity(name).strip("<>")

    def name(self, term: Term) -> str | None:
        """The name of an entity, or None for anything else."""
        if not term.is_iri or term.text.startswith("_:"):
            return None
        return wikidata_name(term.text) if self.model.wikidata_ids else self._short(term.text)

    def _short(self, iri: str) -> str:
        namespace = self.model.namespace
        return iri.removeprefix(namespace) if namespace else iri

    def relation_name(self, iri: str) -> str:
        """The name of a relation, from the IRI of its plain fact."""
        return iri.removeprefix(WDT) if self.model.wikidata_ids else self._short(iri)

    def direct(self, relation: str) -> str:
        """The term of the plain fact; FormError for what cannot be a relation here."""
        return self.model.relation(relation)

    def qualifier(self, relation: str) -> str | None:
        """The term of a qualifier, or None where there are none."""
        return self.model.relation(relation, of="qualifier") if self.has_statements else None

    @property
    def type_relation(self) -> str:
        """The relation that says what an entity is."""
        return "P31" if self.model.wikidata_ids else RDF_TYPE

    # Answers.
    def object(self, row: Row) -> Object | None:
        """What ``?x`` is: an entity's name or a value; None for unknown values and blank nodes.

        None too where the row has the full value of another ``?x`` beside it.
        """
        term = row["x"]
        if term.is_iri:
            name = self.name(term)
            if name is not None:
                return name
            is_value = self.model.wikidata_ids and not term.text.startswith(("_:", _IN_WIKIDATA))
            return value_of(term) if is_value else None
        if "said" in row and row["said"].text != term.text:  # the full value of another one
            return None
        precision = row["precision"].text if "precision" in row else ""
        node = ValueNode(
            precision=int(precision) if precision.isdigit() else None,
            calendar=row["calendar"].text if "calendar" in row else None,
            unit=row["unit"].text if "unit" in row else None,
        )
        return value_of(term, node)

    # Bodies of questions.
    @property
    def only_entities(self) -> str:
        """Keeps the ``?x`` that are entities."""
        return f"FILTER({self.model.is_entity.format('?x')})"

    @property
    def only_facts(self) -> str:
        """Keeps the ``?link`` that are relations of facts, not words or statements."""
        if self.model.wikidata_ids:
            return f'FILTER(STRSTARTS(STR(?link), "{WDT}"))'
        words = ", ".join(f"<{iri}>" for iri in (*LABELS, *ALIASES, *DESCRIPTIONS))
        return f"FILTER(?link NOT IN ({words}))"

    def coarse_times(self, relation: str) -> str:
        """Whether any value or qualifier of the relation is a time that is coarser than a day.

        Where the endpoint says what kind of values a relation has, those of times are taken to have coarse
        ones: to look for one among all the amounts of another could take long.
        """
        kind = f"wd:{relation} wikibase:propertyType"
        either = f"{{ ?s psv:{relation} ?full }} UNION {{ ?s pqv:{relation} ?full }}"
        look = f"{either} ?full wikibase:timePrecision ?precision . FILTER(?precision < {DAY})"
        return f"{{ {kind} wikibase:Time }} UNION {{ {look} FILTER NOT EXISTS {{ {kind} ?kind }} }}"

    def statements(self, relation: str) -> str:
        """Binds ``?node`` and ``?x`` of the best-rank statements of ``?key``."""
        if not self.has_statements:
            return f"?key {self.direct(relation)} ?x ."
        node, thing = self.model.relation(relation, of="node"), self.model.relation(relation, of="object")
        full = _full("?node", f"psv:{relation}", several=False)
        return f"?key {node} ?node . ?node a wikibase:BestRank ; {thing} ?x . {full}"

    def qualifiers(self, relation: str) -> str | None:
        """Binds ``?x`` to the values of one qualifier of ``?key``."""
        term = self.qualifier(relation)
        return None if term is None else f"?key {term} ?x . {_full('?key', f'pqv:{relation}', several=True)}"

    @property
    def any_qualifier(self) -> str | None:
        """Binds ``?link`` and ``?x`` of every qualifier of ``?key``."""
        return _linked("?key", PQ, PQV, several=True) if self.has_statements else None

    @property
    def any_statement(self) -> str:
        """Binds ``?link`` and ``?x``, and ``?node``, of every best-rank statement of ``?key``."""
        if not self.has_statements:
            return f"?key ?link ?x . {self.only_facts}"
        return f"?key ?claim ?node . ?node a wikibase:BestRank . {_linked('?node', PS, PSV, several=False)}"

    @property
    def any_qualifier_of_any(self) -> str | None:
        """Binds ``?link``, ``?x`` and ``?node`` of every qualifier of every such statement."""
        if not self.has_statements:
            return None
        return f"?key ?claim ?node . ?node a wikibase:BestRank . {_linked('?node', PQ, PQV, several=True)}"


def _linked(node: str, plain: str, full: str, *, several: bool) -> str:
    """Every ``?link`` of one kind, its ``?x``, and what the full value says beside it."""
    same = f'FILTER(STR({{}}) = REPLACE(STR(?link), "{plain}", "{full}"))'
    beside = _full(node, None, several=several, condition=same)
    return f'{node} ?link ?x . FILTER(STRSTARTS(STR(?link), "{plain}P")) {beside}'


def _full(node: str, link: str | None, *, several: bool, condition: str = "") -> str:
    """Beside ``?x`` its precision and calendar or its unit, from the full value; None stands for any link.

    Where a node may have ``several`` values, ``?said`` tells which of them a full value is of. It is compared
    here: joined there, stores read every full value that there is, as they do with a UNION in the OPTIONAL.
    """
    time, amount = link or "?timeLink", link or "?amountLink"
    of_time = f"{node} {time} ?time . ?time wikibase:timePrecision ?precision"
    of_amount = f"{node} {amount} ?amount . ?amount wikibase:quantityUnit ?unit"
    if several:
        of_time += " ; wikibase:timeValue ?said"
        of_amount += " ; wikibase:quantityAmount ?said"
    of_time += " ; wikibase:timeCalendarModel ?calendar ."
    return (
        f"OPTIONAL {{ {of_time} {condition.format(time)} }} "
        f"OPTIONAL {{ {of_amount} . {condition.format(amount)} }}"
    )


@dataclass(frozen=True, slots=True)
class Said:
    """What a statement (``node``, empty where there is none) gives for a relation or qualifier."""

    node: str
    relation: str
    value: Object


class Terms:
    """Questions about many things at once, and about the whole endpoint."""

    def __init__(self, client: SparqlClient, dialect: Dialect) -> None:
        self.client = client
        self.dialect = dialect

    def select(self, variables: str, body: str, tail: str = "", *, seconds: float | None = None) -> list[Row]:
        """Rows of one question; ``seconds`` instead of the endpoint's limit."""
        return self.client.select(self.dialect.text(f"SELECT {variables}", body, tail), seconds=seconds)

    def each(
        self, names: Sequence[str], body: str, *, select: str = "DISTINCT *", group: str = ""
    ) -> Iterator[tuple[int, Row]]:
        """Rows of a question about ``?key``, each with the place in ``names`` of what it is about.

        The place is 0 where the rows are grouped by something else.
        """
        return self.each_iri(
            [self.dialect.iri(name) or "" for name in names], body, select=select, group=group
        )

    def each_iri(
        self, iris: Sequence[str], body: str, *, select: str = "DISTINCT *", group: str = ""
    ) -> Iterator[tuple[int, Row]]:
        """The same for IRIs (of statements)."""
        places: dict[str, list[int]] = {}
        for place, iri in enumerate(iris):
            if iri:
                places.setdefault(iri, []).append(place)
        unique = list(places)
        tail = f" GROUP BY {group}" if group else ""
        for start in range(0, len(unique), _MANY):
            keys = " ".join(f"<{iri}>" for iri in unique[start : start + _MANY])
            for row in self.select(select, f"VALUES ?key {{ {keys} }} {body}", tail):
                if "key" not in row:
                    yield 0, row
                    continue
                for place in places.get(row["key"].text, ()):
                    yield place, row

    def statements(self, names: Sequence[str]) -> Iterator[tuple[int, Said]]:
        """Every best-rank statement about the names, each with the place of what it is about."""
        start = PS if self.dialect.has_statements else ""
        return self._said(names, self.dialect.any_statement, start)

    def qualifiers(self, names: Sequence[str]) -> Iterator[tuple[int, Said]]:
        """Every qualifier of these statements."""
        body = self.dialect.any_qualifier_of_any
        return iter(()) if body is None else self._said(names, body, PQ)

    def _said(self, names: Sequence[str], body: str, start: str) -> Iterator[tuple[int, Said]]:
        for place, row in self.each(names, body):
            value = self.dialect.object(row)
            if value is not None:
                link = row["link"].text
                relation = link.removeprefix(start) if start else self.dialect.relation_name(link)
                yield place, Said(row["node"].text if "node" in row else "", relation, value)

    @cached_property
    def lists_relations(self) -> bool:
        """Whether the endpoint says which plain facts there are (Wikidata's ``wikibase:directClaim``)."""
        return self.dialect.model.wikidata_ids and self.client.ask(
            self.dialect.text("ASK", "?property wikibase:directClaim ?link")
        )

    @cached_property
    def relation_names(self) -> list[str]:
        """All relations; where the endpoint lists them, also those that no fact uses; else as ``_every``."""
        names: set[str] = set()
        if self.dialect.model.wikidata_ids:
            # Not the thousands that say under which number another database has a thing.
            number = "?x wikibase:propertyType wikibase:ExternalId"
            listed = self.select("DISTINCT ?x", f"?x a wikibase:Property . FILTER NOT EXISTS {{ {number} }}")
            names = {name for row in listed if (name := self.dialect.name(row["x"])) is not None}
        if not names:
            used = self._every("?link", f"?x ?link ?y . {self.dialect.only_facts}")
            names = {self.dialect.relation_name(row["link"].text) for row in used}
            if self.dialect.has_statements:
                body = f'?x ?link ?y . FILTER(STRSTARTS(STR(?link), "{PQ}P"))'
                names |= {row["link"].text.removeprefix(PQ) for row in self._every("?link", body)}
        return sorted(names, key=lambda name: (len(name), name))

    @cached_property
    def type_names(self) -> list[str]:
        """All types that have members, as ``_every``."""
        rows = self._every("?x", f"?y {self.dialect.model.instance} ?x . {self.dialect.only_entities}")
        names = {name for row in rows if (name := self.dialect.name(row["x"])) is not None}
        return sorted(names, key=lambda name: (len(name), name))

    def _every(self, variable: str, body: str) -> list[Row]:
        """Every value of a variable; where reading all would take too long, those among many facts."""
        if self.dialect.store is not Store.WIKIDATA:
            with contextlib.suppress(LimitReached):
                return self.select(f"DISTINCT {variable}", body)
        sample = f"{{ SELECT {variable} WHERE {{ {body} }} LIMIT {_SAMPLE} }}"
        return self.select(f"DISTINCT {variable}", sample)

    def counts(self) -> dict[str, int]:
        """How much the endpoint holds, each by one question."""
        facts, entity = self.dialect.only_facts, self.dialect.model.is_entity
        words = " || ".join(f"?link = <{iri}>" for iri in LABELS)
        aliases = " || ".join(f"?link = <{iri}>" for iri in ALIASES)
        has_statements = self.dialect.has_statements
        bodies = {
            "entities": f"{{ ?x ?link ?y }} UNION {{ ?y ?link ?x }} {facts} FILTER({entity.format('?x')})",
            "literals": f"?y ?link ?x . {facts} FILTER(!({entity.format('?x')}))",
            "triples": f"?y ?link ?z . {facts}",
            "statements": "?y a wikibase:BestRank" if has_statements else f"?y ?link ?z . {facts}",
            "qualifiers": f'?y ?link ?z . FILTER(STRSTARTS(STR(?link), "{PQ}P"))',
            "labels": f"?y ?link ?z . FILTER({words})",
            "aliases": f"?y ?link ?z . FILTER({aliases})",
        }
        if not has_statements:
            del bodies["qualifiers"]
        counts = {"qualifiers": 0}
        for what, body in bodies.items():
            number = "COUNT(DISTINCT ?x)" if what in ("entities", "literals") else "COUNT(*)"
            rows = self.select(f"({number} AS ?n)", body)
            counts[what] = int(rows[0]["n"].text)
        return counts
