"""What a pull asks an endpoint for, a batch at a time, as JSON that can be kept."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import Any, TypeAlias

from grammar.errors import LimitReached
from kgqa.graphs.endpoints.endpoint_terms import Said, Terms
from kgqa.graphs.endpoints.endpoint_words import EndpointWords
from kgqa.graphs.readers.record import write_object

Found: TypeAlias = Mapping[str, Any]
"""Name -> what was found for it; every name that was asked about has its place."""


class Fetch:
    """Questions of a pull; ``into_limit`` subjects a relation leads from, of one entity."""

    def __init__(self, terms: Terms, *, into_limit: int) -> None:
        self.terms = terms
        self.dialect = terms.dialect
        self.into_limit = into_limit

    def members(self, type_name: str, limit: int) -> list[str]:
        """Instances of a type; on Wikidata first those that most of its sister projects write about."""
        body = f"?x {self.dialect.model.instance} <{self.dialect.iri(type_name)}> ."
        rows = []
        if self.dialect.model.wikidata_ids:
            known, order = f"{body} ?x wikibase:sitelinks ?known .", " ORDER BY DESC(?known) ?x"
            # Of a type with millions, sorting takes too long: then it is any of them.
            with contextlib.suppress(LimitReached):
                rows = self.terms.select("DISTINCT ?x ?known", known, f"{order} LIMIT {limit}")
        if len(rows) < limit:
            rows += self.terms.select("DISTINCT ?x", body, f" LIMIT {limit}")
        names = (self.dialect.name(row["x"]) for row in rows)
        return list(dict.fromkeys(name for name in names if name is not None))[:limit]

    def facts(self, names: Sequence[str]) -> Found:
        """All best-rank statements with their qualifiers: relation -> statements as in JSON-lines records."""
        statements: list[dict[tuple[str, str], Said]] = [{} for _ in names]
        for place, said in self.terms.statements(names):
            statements[place].setdefault((said.node or write_object(said.value), said.relation), said)
        qualifiers: dict[str, dict[str, set[str]]] = {}
        for _, said in self.terms.qualifiers(names):
            of_node = qualifiers.setdefault(said.node, {})
            of_node.setdefault(said.relation, set()).add(write_object(said.value))
        return {
            name: _written(found.values(), qualifiers) for name, found in zip(names, statements, strict=True)
        }

    def into(self, names: Sequence[str]) -> Found:
        """Subjects of facts that lead to each, at most ``into_limit``."""
        iris = {iri: name for name in names if (iri := self.dialect.iri(name))}
        body, limit = self.dialect.only_facts, self.into_limit
        parts = [
            f"{{ {{ SELECT ?x WHERE {{ ?x ?link <{iri}> . {body} }} LIMIT {limit} }} BIND(<{iri}> AS ?key) }}"
            for iri in iris
        ]
        found: dict[str, dict[str, None]] = {name: {} for name in names}
        for row in self.terms.select("DISTINCT ?key ?x", " UNION ".join(parts)) if parts else ():
            subject = self.dialect.name(row["x"]) if "x" in row else None
            if subject is not None:
                found[iris[row["key"].text]][subject] = None
        return {name: sorted(subjects, key=lambda s: (len(s), s)) for name, subjects in found.items()}

    def types(self, names: Sequence[str]) -> Found:
        """The types of each."""
        found: list[set[str]] = [set() for _ in names]
        for place, row in self.terms.each(names, f"?key {self.dialect.model.instance} ?x ."):
            type_name = self.dialect.name(row["x"])
            if type_name is not None:
                found[place].add(type_name)
        return {name: sorted(types) for name, types in zip(names, found, strict=True)}

    def words(self, names: Sequence[str]) -> Found:
        """Label, aliases and description of each, of entities and relations; on Wikidata sitelinks too."""
        words = zip(names, EndpointWords(self.terms).words(names), strict=True)
        found = {name: {key: text for key, text in asdict(of).items() if text} for name, of in words}
        if self.dialect.model.wikidata_ids:
            for place, row in self.terms.each(names, "?key wikibase:sitelinks ?n ."):
                if row["n"].text.isdigit() and row["n"].text != "0":
                    found[names[place]]["sitelinks"] = int(row["n"].text)
        return found


def _written(
    statements: Iterable[Said], qualifiers: Mapping[str, Mapping[str, set[str]]]
) -> dict[str, list[Any]]:
    facts: dict[str, list[tuple[str, str, Any]]] = {}
    for said in statements:
        value: str = write_object(said.value)
        given = {relation: sorted(values) for relation, values in qualifiers.get(said.node, {}).items()}
        written = {"value": value, "qualifiers": dict(sorted(given.items()))} if given else value
        facts.setdefault(said.relation, []).append((value, said.node, written))
    order = sorted(facts, key=lambda relation: (len(relation), relation))
    return {relation: [written for *_, written in sorted(facts[relation], key=_place)] for relation in order}


def _place(statement: tuple[str, str, Any]) -> tuple[str, str]:
    return statement[0], statement[1]
