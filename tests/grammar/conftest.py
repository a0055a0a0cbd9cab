"""The toy graph in every shape that the tests of the language need."""

from __future__ import annotations

import logging
from pathlib import Path

import pyoxigraph
import pytest
import rdflib

from grammar.sparql.graph_model import WIKIDATA
from kgqa.graphs import EmbeddedGraph
from tests.grammar.memory_graph import MemoryGraph, as_rdf_sees_it, to_turtle
from tests.toy import toy_graph, toy_records


@pytest.fixture(scope="session")
def memory() -> MemoryGraph:
    """The toy graph as dicts."""
    return MemoryGraph(toy_records())


@pytest.fixture(scope="session")
def embedded(tmp_path_factory: pytest.TempPathFactory) -> EmbeddedGraph:
    """The toy graph as arrays on disk."""
    folder: Path = tmp_path_factory.mktemp("toy")
    return toy_graph(folder)


@pytest.fixture(scope="session")
def seen() -> MemoryGraph:
    """The toy graph with what its plain RDF keeps of values."""
    return MemoryGraph(as_rdf_sees_it(toy_records()), name="seen")


@pytest.fixture(scope="session")
def turtle() -> str:
    """The toy graph as Wikidata's RDF."""
    return to_turtle(toy_records(), model=WIKIDATA)


@pytest.fixture(scope="session")
def store(turtle: str) -> pyoxigraph.Store:
    """That RDF in oxigraph."""
    return store_of(turtle)


@pytest.fixture(scope="session")
def rdf(turtle: str) -> rdflib.Graph:
    """That RDF in rdflib."""
    # It says of every date before year 1 that Python has no such date.
    logging.getLogger("rdflib.term").setLevel(logging.ERROR)
    # And it would spell the data's dates in a way of its own, but not those of a query.
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rdflib, "NORMALIZE_LITERALS", False)
        return rdflib.Graph().parse(data=turtle, format="turtle")


def store_of(turtle: str) -> pyoxigraph.Store:
    """Turtle text in oxigraph."""
    store = pyoxigraph.Store()
    store.load(turtle.encode(), format=pyoxigraph.RdfFormat.TURTLE)
    return store
