"""What the tests of graphs share: the toy graph behind every kind of graph, and a server that misbehaves."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from kgqa.graphs import KnowledgeGraph, open_graph
from kgqa.graphs.rdf import to_rdf
from tests.kgqa.graphs.misbehaving import Serve, misbehaving
from tests.kgqa.graphs.server import SERVERS, is_there, missing
from tests.toy import toy_graph, toy_records

KINDS = ("embedded", "rdf", *SERVERS)


@pytest.fixture(scope="session", params=KINDS)
def graph(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[KnowledgeGraph]:
    folder: Path = tmp_path_factory.mktemp(request.param)
    if request.param == "embedded":
        yield toy_graph(folder)
    elif request.param == "rdf":
        to_rdf(toy_records()).serialize(folder / "toy.ttl", format="turtle", encoding="utf-8")
        yield open_graph(folder / "toy.ttl", cache=folder / "cache")
    elif not is_there(request.param):
        pytest.skip(missing(request.param))
    else:
        with SERVERS[request.param](to_rdf(toy_records()), folder) as url:
            yield open_graph(url, cache=folder / "cache")


@pytest.fixture
def serve() -> Iterator[Serve]:
    with misbehaving() as start:
        yield start
