"""Records written as RDF: in Wikidata's own model, with statements and ranks, or as plain triples.

Reading it is the matter of ``rdf_reading``.
"""

from __future__ import annotations

import contextlib
import logging
import re
from collections.abc import Iterable, Iterator
from typing import Literal as OneOf

import rdflib
from rdflib.term import Node

from kgqa.graphs.rdf_terms import (
    PQ,
    PQV,
    PS,
    PSV,
    RDF_TYPE,
    RDFS,
    SCHEMA,
    SKOS,
    WD,
    WDS,
    WDT,
    WDV,
    WIKIBASE,
    P,
    Term,
    node_of,
    plain_term_of,
    term_of,
    wikidata_iri,
)
from kgqa.graphs.readers.record import Object, Rank, Record, Statement


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Without rdflib's tracebacks for literals that Python has no type for, such as dates before Christ."""
    logger = logging.getLogger("rdflib.term")
    before = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(before)


def to_rdf(
    records: Iterable[Record], *, model: OneOf["wikidata", "plain"] = "wikidata", namespace: str = ""
) -> rdflib.Graph:
    """Records as RDF.

    Args:
        model: Wikidata's (``wdt:`` for best-rank facts; ``p:``, ``ps:``, ``pq:`` with ranks for statements,
            and the full values beside the plain ones), or plain triples of the best-rank facts, with P31 as
            rdf:type and without units, qualifiers or calendars.
        namespace: put before names that are no IRIs, in the plain model.
    """
    graph = rdflib.Graph()
    united: dict[str, dict[str, list[Statement]]] = {}
    for record in records:
        iri = _plain_iri(record.id, namespace) if model == "plain" else rdflib.URIRef(wikidata_iri(record.id))
        _add_words(graph, iri, record)
        if record.is_relation and model == "wikidata":
            graph.add((iri, rdflib.URIRef(RDF_TYPE), rdflib.URIRef(f"{WIKIBASE}Property")))
        facts = united.setdefault(record.id, {})
        for relation, statements in record.facts.items():
            facts.setdefault(relation, []).extend(statements)
    for subject, facts in united.items():
        for relation, statements in facts.items():
            best = max((statement.rank for statement in statements), default=Rank.DEPRECATED)
            for number, statement in enumerate(statements, 1):
                is_best = statement.rank == best and best is not Rank.DEPRECATED
                if model == "wikidata":
                    _add_statement(graph, subject, relation, statement, number=number, is_best=is_best)
                elif is_best:
                    link = rdflib.URIRef(RDF_TYPE) if relation == "P31" else _plain_iri(relation, namespace)
                    graph.add((_plain_iri(subject, namespace), link, _plain_node(statement.value, namespace)))
    return graph


def _plain_iri(name: str, namespace: str) -> rdflib.URIRef:
    return rdflib.URIRef(name if ":" in name else namespace + name)


def _plain_node(value: Object, namespace: str) -> Node:
    return _plain_iri(value, namespace) if isinstance(value, str) else _literal(plain_term_of(value))


def _literal(term: Term) -> rdflib.Literal:
    datatype = rdflib.URIRef(term.datatype) if term.datatype else None
    with _quiet():
        return rdflib.Literal(term.text, lang=term.language, datatype=datatype, normalize=False)


def _add_words(graph: rdflib.Graph, iri: rdflib.URIRef, record: Record) -> None:
    if record.label:
        graph.add((iri, rdflib.URIRef(f"{RDFS}label"), rdflib.Literal(record.label, lang="en")))
    for alias in record.aliases:
        graph.add((iri, rdflib.URIRef(f"{SKOS}altLabel"), rdflib.Literal(alias, lang="en")))
    if record.description:
        graph.add((iri, rdflib.URIRef(f"{SCHEMA}description"), rdflib.Literal(record.description, lang="en")))


def _add_statement(
    graph: rdflib.Graph, subject: str, relation: str, statement: Statement, *, number: int, is_best: bool
) -> None:
    uri = rdflib.URIRef
    start, node = uri(WD + subject), uri(f"{WDS}{subject}-{relation}-{number}")
    if is_best:
        graph.add((start, uri(WDT + relation), _node(statement.value)))
        graph.add((node, uri(RDF_TYPE), uri(f"{WIKIBASE}BestRank")))
    graph.add((start, uri(P + relation), node))
    graph.add((node, uri(RDF_TYPE), uri(f"{WIKIBASE}Statement")))
    graph.add((node, uri(f"{WIKIBASE}rank"), uri(f"{WIKIBASE}{statement.rank.name.title()}Rank")))
    _add_value(graph, node, PS + relation, PSV + relation, statement.value)
    for qualifier, values in statement.qualifiers.items():
        for value in values:
            _add_value(graph, node, PQ + qualifier, PQV + qualifier, value)


def _node(value: Object) -> Node:
    return rdflib.URIRef(wikidata_iri(value)) if isinstance(value, str) else _literal(term_of(value))


def _add_value(graph: rdflib.Graph, node: Node, plain: str, full: str, value: Object) -> None:
    graph.add((node, rdflib.URIRef(plain), _node(value)))
    details = None if isinstance(value, str) else node_of(value)
    if details is None or isinstance(value, str):
        return
    uri = rdflib.URIRef
    # One node a value, named by what it says.
    value_node = uri(WDV + re.sub(r"[^\w.-]", "_", str(value)))
    graph.add((node, uri(full), value_node))
    if details.unit:
        graph.add((value_node, uri(f"{WIKIBASE}quantityAmount"), _node(value)))
        graph.add((value_node, uri(f"{WIKIBASE}quantityUnit"), uri(details.unit)))
    if details.precision is not None and details.calendar:
        graph.add((value_node, uri(f"{WIKIBASE}timeValue"), _node(value)))
        precision = _literal(
            Term(str(details.precision), datatype="http://www.w3.org/2001/XMLSchema#integer")
        )
        graph.add((value_node, uri(f"{WIKIBASE}timePrecision"), precision))
        graph.add((value_node, uri(f"{WIKIBASE}timeCalendarModel"), uri(details.calendar)))
