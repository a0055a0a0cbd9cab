"""RDF of no particular model: IRIs as names, ``rdf:type`` as the type, words from rdfs, skos, schema.org."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator
from pathlib import Path

import rdflib
from rdflib.term import Node

from kgqa.graphs.lines import checked_name
from kgqa.graphs.rdf_terms import ALIASES, DESCRIPTIONS, LABELS, Term, end_of, value_of
from kgqa.graphs.reading import Reading
from kgqa.graphs.record import Object, Record, Statement

_OF_NAMES = frozenset((*LABELS, *ALIASES, *DESCRIPTIONS))


def plain_records(graph: rdflib.Graph, path: Path, reading: Reading) -> Iterator[Record]:
    """Every resource that has facts or is led to, and every relation with its words."""
    blanks: dict[Node, str] = {}

    def name_of(node: Node) -> str:
        if isinstance(node, rdflib.BNode):
            return blanks.setdefault(node, f"_:b{len(blanks) + 1}")
        return checked_name(str(node))

    relations = {
        relation
        for relation in set(graph.predicates())
        if str(relation) not in _OF_NAMES and isinstance(relation, rdflib.URIRef)
    }
    for link in sorted(relations, key=str):
        with skipping(path, reading):
            yield _named(graph, link, name_of(link), facts={}, is_relation=True)
    seen: set[Node] = set()
    for subject in dict.fromkeys(graph.subjects()):
        facts: dict[str, list[Statement]] = {}
        for relation, thing in graph.predicate_objects(subject):
            if relation in relations:
                with skipping(path, reading):
                    value: Object = (
                        value_of(term_of_node(thing)) if isinstance(thing, rdflib.Literal) else name_of(thing)
                    )
                    facts.setdefault(name_of(relation), []).append(Statement(value))
                if not isinstance(thing, rdflib.Literal):
                    seen.add(thing)
        if facts or subject not in relations:
            with skipping(path, reading):
                yield _named(graph, subject, name_of(subject), facts=facts, is_relation=False)
        seen.discard(subject)
    described = set(graph.subjects())
    for thing in seen - described:
        with skipping(path, reading):
            yield _named(graph, thing, name_of(thing), facts={}, is_relation=False)


@contextlib.contextmanager
def skipping(path: Path, reading: Reading) -> Iterator[None]:
    """Name and count what cannot be a name, and go on."""
    try:
        yield
    except ValueError as error:
        reading.skips.add(path, None, str(error))


def term_of_node(node: Node) -> Term:
    """An rdflib node as a term."""
    if isinstance(node, rdflib.Literal):
        return Term(str(node), datatype=str(node.datatype) if node.datatype else None, language=node.language)
    return Term(str(node), is_iri=True)


def _named(
    graph: rdflib.Graph, node: Node, name: str, *, facts: dict[str, list[Statement]], is_relation: bool
) -> Record:
    label, aliases, description = words_of(graph, node)
    if label is None and isinstance(node, rdflib.URIRef):
        label = end_of(str(node))
    return Record(name, label, aliases, description, facts, is_relation)


def words_of(graph: rdflib.Graph, node: Node) -> tuple[str | None, list[str], str | None]:
    """Label, aliases and description: in English, else without a language, else in the first there is."""

    def texts(relations: Iterable[str]) -> list[tuple[int, str]]:
        found = [
            (_foreignness(thing.language), rank, thing.language or "", str(thing))
            for rank, relation in enumerate(relations)
            for thing in graph.objects(node, rdflib.URIRef(relation))
            if isinstance(thing, rdflib.Literal) and str(thing).strip()
        ]
        return [(foreign, text) for foreign, _, _, text in sorted(found)]

    labels, aliases, descriptions = texts(LABELS), texts(ALIASES), texts(DESCRIPTIONS)
    label = labels[0][1] if labels else None
    others = [text for foreign, text in [*labels[1:], *aliases] if foreign < 2 and text != label]
    return label, list(dict.fromkeys(others)), descriptions[0][1] if descriptions else None


def _foreignness(language: str | None) -> int:
    if language is None:
        return 1
    return 0 if language.lower().split("-")[0] == "en" else 2
