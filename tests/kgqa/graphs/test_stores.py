"""Which store stands behind an endpoint, told from what it answers."""

from __future__ import annotations

import json

import pytest

from kgqa.graphs.endpoints.sparql_client import SparqlClient
from kgqa.graphs.endpoints.stores import Store, store_of
from tests.kgqa.graphs.misbehaving import YES, Request, Serve, says


@pytest.mark.parametrize(
    ("headers", "store"),
    [
        ({"Server": "Virtuoso/08.03.3330 (Linux) x86_64"}, Store.VIRTUOSO),
        ({"Server": "Apache Jena Fuseki (4.9.0)"}, Store.FUSEKI),
        ({"Fuseki-Request-ID": "12"}, Store.FUSEKI),
        ({"X-Served-By": "wdqs1012"}, Store.WIKIDATA),
        ({"X-First-Solution-Millis": "1"}, Store.BLAZEGRAPH),
        ({"Server": "Oxigraph/0.5.3"}, Store.OXIGRAPH),
    ],
)
def test_stores_by_headers(serve: Serve, headers: dict[str, str], store: Store) -> None:
    url, server = serve(says(200, YES, **headers))
    server.server_version = "nginx"
    client = SparqlClient(url)
    found = store_of(client, client.reply("ASK {}"))
    assert found.store is store
    assert len(server.asked) == 1
    assert next(iter(headers)).lower() in found.because.lower()


def rows(**cells: str) -> bytes:
    row = {name: {"type": "literal", "value": value} for name, value in cells.items()}
    return json.dumps({"head": {"vars": list(cells)}, "results": {"bindings": [row]}}).encode()


@pytest.mark.parametrize(
    ("word", "store"),
    [
        ("bif:", Store.VIRTUOSO),
        ("strjoin", Store.FUSEKI),
        ("queryHints", Store.BLAZEGRAPH),
        ("?", Store.OTHER),
    ],
)
def test_stores_by_words_of_their_own(serve: Serve, word: str, store: Store) -> None:
    def answer(request: Request) -> None:
        question = request.asked[-1][1]
        own = word in question and question.startswith("SELECT (") | question.startswith(
            "SELECT ?x WHERE { BIND"
        )
        if question.startswith("ASK"):
            request.reply(200, YES)
        elif own and store is not Store.OTHER:
            request.reply(200, rows(x="KGQA"))
        else:
            request.reply(400, b"no such function")

    url, server = serve(answer)
    server.server_version = "nginx"
    client = SparqlClient(url)
    assert store_of(client, client.reply("ASK {}")).store is store


@pytest.mark.parametrize(
    ("text", "store"),
    [
        (b"<x> a <http://www.bigdata.com/rdf#KB> .", Store.BLAZEGRAPH),
        (b"<x> <http://www.openlinksw.com/y> 1 .", Store.VIRTUOSO),
    ],
)
def test_stores_by_their_description(serve: Serve, text: bytes, store: Store) -> None:
    def answer(request: Request) -> None:
        request.reply(200, YES if request.asked[-1][1] else text)

    url, server = serve(answer)
    server.server_version = "nginx"
    client = SparqlClient(url)
    found = store_of(client, client.reply("ASK {}"))
    assert (found.store, "description" in found.because) == (store, True)


def test_qlever_by_the_shape_of_its_answers(serve: Serve) -> None:
    body = json.dumps(
        {"head": {}, "boolean": True, "meta": {"query-time-ms": 3, "result-size-total": 1}}
    ).encode()
    url, server = serve(says(200, body))
    server.server_version = "nginx"
    client = SparqlClient(url)
    assert store_of(client, client.reply("ASK {}")).store is Store.QLEVER
