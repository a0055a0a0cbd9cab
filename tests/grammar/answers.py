"""Answers in one shape, wherever they come from: own execution, rdflib or oxigraph."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TypeAlias

import pyoxigraph
import rdflib

from grammar.denotation import Boolean, Booleans, Denotation, Entities, Number, Numbers, Values
from grammar.graph import Graph
from grammar.sparql.graph_model import WIKIDATA, GraphModel
from grammar.values import Coordinate, Quantity, Time, Value

Answer: TypeAlias = object
"""A frozenset of names and of what values are in RDF, or a tuple of numbers or truth values."""

_WD = WIKIDATA.prefixes["wd"]
_XSD = WIKIDATA.prefixes["xsd"]


def of_denotation(denotation: Denotation, graph: Graph, *, model: GraphModel = WIKIDATA) -> Answer:
    """The answer that own execution gives, with values as they are in the model's RDF."""
    match denotation:
        case Entities():
            return frozenset(graph.entity_names(denotation.items))
        case Values():
            return frozenset(_seen(value, model) for value in graph.values(denotation.items))
        case Number():
            return (denotation.number,)
        case Boolean():
            return (denotation.truth,)
        case Numbers():
            return denotation.numbers
        case Booleans():
            return denotation.truths
    raise TypeError(f"a {denotation} answers no question")


def _seen(value: Value, model: GraphModel) -> tuple[str, ...]:
    """What is left of a value in plain RDF."""
    if isinstance(value, Quantity):
        return "decimal", repr(float(value.amount))
    if isinstance(value, Time | Coordinate):
        _, text, kind = model.value(value).split('"')
        return kind.rpartition(":")[2], text
    return "string", value.text, getattr(value, "language", "").lower()


def _term(kind: str, text: str, language: str = "") -> object:
    """A term of a result: an IRI's name, a number, a truth value, or what a literal is."""
    kind = re.split(r"[#/]", kind)[-1]
    if kind == "iri":
        return text.removeprefix(_WD)
    if kind == "boolean":
        return text == "true"
    if kind == "decimal":
        return "decimal", repr(float(text))
    if kind in ("integer", "double"):
        return float(text)
    if kind == "dateTime":
        text = text.replace("+00:00", "Z")  # the way rdflib has it
    return ("string", text, language.lower()) if kind in ("string", "langString") else (kind, text)


def _answer(rows: Iterable[tuple[object, ...]], variables: list[str]) -> Answer:
    if variables == ["x"]:
        return frozenset(row[0] for row in rows if row[0] is not None)
    (row,) = rows
    return tuple(float(cell[1]) if isinstance(cell, tuple) else cell for cell in row)


def of_oxigraph(query: str, store: pyoxigraph.Store) -> Answer:
    """The answer that oxigraph gives."""
    result = store.query(query)
    if isinstance(result, pyoxigraph.QueryBoolean):
        return (bool(result),)
    assert isinstance(result, pyoxigraph.QuerySolutions)
    variables = [variable.value for variable in result.variables]
    return _answer([tuple(_of_pyoxigraph(solution[v]) for v in variables) for solution in result], variables)


def _of_pyoxigraph(term: object) -> object:
    if isinstance(term, pyoxigraph.NamedNode):
        return _term("iri", term.value)
    if isinstance(term, pyoxigraph.Literal):
        return _term(term.datatype.value, term.value, term.language or "")
    return term


def of_rdflib(query: str, graph: rdflib.Graph) -> Answer:
    """The answer that rdflib gives."""
    result = graph.query(query)
    if result.type == "ASK":
        return (bool(result.askAnswer),)
    variables = [str(variable) for variable in result.vars or ()]
    cells = [[binding.get(rdflib.Variable(v)) for v in variables] for binding in result.bindings]
    return _answer([tuple(map(_of_rdflib, row)) for row in cells], variables)


def _of_rdflib(term: object) -> object:
    if isinstance(term, rdflib.URIRef):
        return _term("iri", str(term))
    if isinstance(term, rdflib.Literal):
        return _term(str(term.datatype or "string"), str(term), term.language or "")
    return term
