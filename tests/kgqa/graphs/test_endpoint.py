"""The endpoint graph on real servers: whole forms as one query, hubs, stores and their ways."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from grammar.errors import UnknownName
from grammar.execute import execute
from grammar.forms import read_form
from kgqa.graphs import EmbeddedGraph
from kgqa.graphs.endpoint import EndpointGraph
from kgqa.graphs.rdf import to_rdf
from tests.grammar.answers import of_denotation
from tests.kgqa.graphs.server import SERVERS, is_there, missing
from tests.toy import toy_graph, toy_records

GOLDEN = Path(__file__).parents[2] / "grammar" / "golden.txt"
FORMS = [
    line.partition(" = ")[0].lstrip("~ ")
    for line in GOLDEN.read_text(encoding="utf-8").splitlines()
    if line and not line.startswith("#")
]


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> EmbeddedGraph:
    return toy_graph(tmp_path_factory.mktemp("toy"))


@pytest.fixture(scope="module", params=SERVERS)
def url(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    if not is_there(request.param):
        pytest.skip(missing(request.param))
    with SERVERS[request.param](to_rdf(toy_records()), tmp_path_factory.mktemp("served")) as address:
        yield address


@pytest.fixture
def there(url: str) -> EndpointGraph:
    return EndpointGraph(url)


def answered(text: str, graph: EmbeddedGraph | EndpointGraph) -> object:
    try:
        return of_denotation(execute(read_form(text), graph), graph)
    except UnknownName as error:
        return f"no {error.expected} {error.name}"


@pytest.mark.parametrize("text", FORMS)
def test_forms_mean_the_same_there(text: str, here: EmbeddedGraph, there: EndpointGraph) -> None:
    assert answered(text, there) == answered(text, here)
