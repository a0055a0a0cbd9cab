"""Wikidata's RDF model: entities with statements, qualifiers and ranks.

Read in one pass over all triples. Facts that only the plain triples (``wdt:``) give are statements of normal
rank; unknown and missing values, and triples that are no facts (sitelinks, normalised values), are left out.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import rdflib
from rdflib.term import Node

from kgqa.graphs.plain_rdf import skipping, term_of_node, words_of
from kgqa.graphs.rdf_terms import (
    LABELS,
    PQ,
    PQV,
    PS,
    PSV,
    WD,
    WDT,
    WIKIBASE,
    P,
    ValueNode,
    value_of,
    wikidata_name,
)
from kgqa.graphs.reading import Reading
from kgqa.graphs.record import Object, Rank, Record, Statement

_RANKS = {f"{WIKIBASE}{rank.name.title()}Rank": rank for rank in Rank}
_VALUE_PARTS = ("timePrecision", "timeCalendarModel", "quantityUnit")


@dataclass(slots=True)
class _Node:
    """What the triples say of one statement."""

    rank: Rank = Rank.NORMAL
    values: dict[str, Node] = field(default_factory=dict)
    full: dict[str, Node] = field(default_factory=dict)
    qualifiers: dict[str, list[Node]] = field(default_factory=lambda: defaultdict(list))
    full_qualifiers: dict[str, list[Node]] = field(default_factory=lambda: defaultdict(list))


@dataclass(slots=True)
class _Triples:
    """All triples, by what they say."""

    truthy: dict[Node, dict[str, list[Node]]] = field(
        default_factory=lambda: defaultdict(lambda: defaultdict(list))
    )
    links: dict[Node, dict[str, list[Node]]] = field(
        default_factory=lambda: defaultdict(lambda: defaultdict(list))
    )
    statements: dict[Node, _Node] = field(default_factory=lambda: defaultdict(_Node))
    parts: dict[Node, dict[str, str]] = field(default_factory=lambda: defaultdict(dict))
    plain: dict[Node, Node] = field(default_factory=dict)
    named: dict[Node, None] = field(default_factory=dict)
    relations: set[str] = field(default_factory=set)


def wikidata_records(graph: rdflib.Graph, path: Path, reading: Reading) -> Iterator[Record]:
    """Records of all entities and relations."""
    triples = _sorted_out(graph)
    for subject in dict.fromkeys([*triples.links, *triples.truthy, *triples.named]):
        name = wikidata_name(str(subject))
        if name is None:
            continue
        with skipping(path, reading):
            facts = _facts(triples, subject)
            label, aliases, description = words_of(graph, subject)
            is_relation = name in triples.relations or name.startswith("P")
            if is_relation:
                yield Record(name, label, aliases, description, is_relation=True)
            if facts or not is_relation:
                yield Record(name, label, aliases, description, facts)


def _sorted_out(graph: rdflib.Graph) -> _Triples:
    found = _Triples()
    for subject, relation, thing in graph.triples((None, None, None)):
        iri = str(relation)
        if iri.startswith(WDT):
            name = iri.removeprefix(WDT)
            found.truthy[subject][name].append(thing)
            found.relations.add(name)
        elif iri.startswith(PSV):
            found.statements[subject].full[iri.removeprefix(PSV)] = thing
        elif iri.startswith(PS):
            found.statements[subject].values[iri.removeprefix(PS)] = thing
        elif iri.startswith(PQV):
            found.statements[subject].full_qualifiers[iri.removeprefix(PQV)].append(thing)
        elif iri.startswith(PQ):
            name = iri.removeprefix(PQ)
            found.statements[subject].qualifiers[name].append(thing)
            found.relations.add(name)
        elif iri.startswith(P) and "/" not in iri.removeprefix(P):
            found.links[subject][iri.removeprefix(P)].append(thing)
            found.relations.add(iri.removeprefix(P))
        elif iri == f"{WIKIBASE}rank":
            found.statements[subject].rank = _RANKS.get(str(thing), Rank.NORMAL)
        elif iri.startswith(WIKIBASE):
            part = iri.removeprefix(WIKIBASE)
            if part in _VALUE_PARTS:
                found.parts[subject][part] = str(thing)
            elif part in ("timeValue", "quantityAmount"):
                found.plain[subject] = thing
        elif iri in LABELS:
            found.named[subject] = None
    return found


def _facts(triples: _Triples, subject: Node) -> dict[str, list[Statement]]:
    facts: dict[str, list[Statement]] = defaultdict(list)
    for relation, nodes in triples.links.get(subject, {}).items():
        for node in nodes:
            said = triples.statements[node]
            for value in _objects(triples, said.values.get(relation), said.full.get(relation)):
                qualifiers = {
                    name: _qualifier(triples, given, said.full_qualifiers.get(name, []))
                    for name, given in said.qualifiers.items()
                }
                facts[relation].append(
                    Statement(value, said.rank, {n: v for n, v in qualifiers.items() if v})
                )
    for relation, things in triples.truthy.get(subject, {}).items():
        if relation not in facts:
            facts[relation] = [Statement(v) for thing in things for v in _objects(triples, thing, None)]
    return {relation: statements for relation, statements in facts.items() if statements}


def _qualifier(triples: _Triples, plain: list[Node], full: list[Node]) -> list[Object]:
    """Values of a qualifier: the full ones, and of the plain ones those that no full one repeats."""
    whole = [node for node in full if node in triples.plain]
    repeated = {str(triples.plain[node]) for node in whole}
    values = [value for node in whole for value in _objects(triples, triples.plain[node], node)]
    rest = [thing for thing in plain if str(thing) not in repeated]
    return values + [value for thing in rest for value in _objects(triples, thing, None)]


def _objects(triples: _Triples, plain: Node | None, full: Node | None) -> list[Object]:
    """The object that is stated, or none for an unknown or missing value."""
    if full is not None and full in triples.plain:
        parts = triples.parts.get(full, {})
        precision = parts.get("timePrecision")
        node = ValueNode(
            precision=int(precision) if precision and precision.isdigit() else None,
            calendar=parts.get("timeCalendarModel"),
            unit=parts.get("quantityUnit"),
        )
        return [value_of(term_of_node(triples.plain[full]), node)]
    if plain is None or isinstance(plain, rdflib.BNode) or "/.well-known/genid/" in str(plain):
        return []
    if isinstance(plain, rdflib.URIRef) and str(plain).startswith(WD):
        name = wikidata_name(str(plain))
        return [name] if name else []
    return [value_of(term_of_node(plain))]
