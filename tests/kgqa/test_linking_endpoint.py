"""Linking on a graph behind an endpoint: a real server, and a service that speaks like Wikidata's."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import numpy as np
import pytest
from numpy.typing import NDArray

from grammar.errors import LimitReached
from grammar.forms import EntityLeaf
from kgqa.conversation import Conversation, Turn, TurnAnswer
from kgqa.graphs import EmbeddedGraph
from kgqa.graphs.endpoints import endpoint_words
from kgqa.graphs.endpoints.endpoint import EndpointGraph
from kgqa.graphs.names import standing
from kgqa.graphs.near import near
from kgqa.graphs.rdf import to_rdf
from kgqa.linking import Links, link, matches
from tests.kgqa.graphs.server import is_there, missing, serving
from tests.toy import toy_graph, toy_records

NOTHING_SAID = Conversation()
TITANIC = Conversation((Turn("Who directed Titanic?", TurnAnswer("", ("Q42574",)), ("Q44578",)),))


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> EmbeddedGraph:
    return toy_graph(tmp_path_factory.mktemp("toy"))


@pytest.fixture(scope="module")
def there(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EndpointGraph]:
    if not is_there("oxigraph"):
        pytest.skip(missing("oxigraph"))
    with serving(to_rdf(toy_records()), tmp_path_factory.mktemp("served")) as url:
        yield EndpointGraph(url)


def best(links: Links) -> str:
    return str(links.of(EntityLeaf)[0].leaf)


@pytest.mark.parametrize(
    ("question", "conversation"),
    [
        ("Who directed The Godfather Part II?", NOTHING_SAID),
        ("who directed the godfather part ii", NOTHING_SAID),
        ("Which films star Leonrado DiCaprio?", NOTHING_SAID),
        ("What is Zurich's population?", NOTHING_SAID),
        ("Which countries border Belgium?", NOTHING_SAID),
        ("When was Cameron born?", TITANIC),
        ("Who starred in it?", TITANIC),
    ],
)
def test_the_same_entity_comes_first(
    here: EmbeddedGraph, there: EndpointGraph, question: str, conversation: Conversation
) -> None:
    assert best(link(question, conversation, there)) == best(link(question, conversation, here))


def test_of_the_names_that_are_like_only_the_likest_are_asked_about(
    here: EmbeddedGraph, there: EndpointGraph, monkeypatch: pytest.MonkeyPatch
) -> None:
    ranked: list[int] = []

    def count(likeness: NDArray[np.float64], degrees: NDArray[np.float64]) -> NDArray[np.float64]:
        ranked.append(len(degrees))
        return standing(likeness, degrees)

    monkeypatch.setattr(matches, "_ASKED_ABOUT", 1)
    monkeypatch.setattr(matches, "standing", count)
    for graph, most in ((here, 100), (there, 1)):
        ranked.clear()
        assert best(link("Who directed The Godfahter?", NOTHING_SAID, graph)) == "Q47703"
        assert 1 <= max(ranked) <= most
        assert (max(ranked) > 1) == (graph is here)


def test_neighbours_are_the_same(here: EmbeddedGraph, there: EndpointGraph) -> None:
    for names in (["Q44578"], ["Q47703", "Q142"]):
        both = [graph.entity_names(near(graph, graph.entities(names), most=60)) for graph in (here, there)]
        assert set(both[0]) == set(both[1]) != set()


def test_a_dialogue_takes_few_requests(there: EndpointGraph) -> None:
    link("", NOTHING_SAID, there)  # reads the words of types and relations
    before = there.client.requests
    link("When was Leonrado DiCaprio born?", TITANIC, there)
    assert there.client.requests - before <= 20


def test_words_of_many_names_take_few_requests(there: EndpointGraph) -> None:
    names = there.relation_names()
    there.labels(names)
    before = there.client.requests
    assert "directed by" in [alias for name in names for alias in there.aliases(name)]
    assert there.client.requests == before


# --- Wikidata's own service ---------------------------------------------------------------------------


class Wikidata(BaseHTTPRequestHandler):
    """Answers as Wikidata's service does where it is asked for its entity search; knows nothing else."""

    suggested: list[tuple[str, str]]  # what the search box gives
    searched: list[tuple[str, str]]  # what full text gives
    asked: list[str]
    wait = 0.0

    def do_GET(self) -> None:
        self.take(parse_qs(urlsplit(self.path).query).get("query", [""])[0])

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        self.take(parse_qs(body).get("query", [""])[0])

    def take(self, query: str) -> None:
        self.asked.append(query)
        found = self.suggested if '"EntitySearch"' in query else self.searched if '"Search"' in query else []
        if found:
            time.sleep(self.wait)
        rows = [
            {
                "key": {"type": "uri", "value": f"http://www.wikidata.org/entity/{name}"},
                "link": {"type": "uri", "value": "http://www.w3.org/2000/01/rdf-schema#label"},
                "x": {"type": "literal", "xml:lang": "en", "value": label},
            }
            for name, label in found
        ]
        content = {"head": {"vars": ["key", "link", "x"]}, "results": {"bindings": rows}, "boolean": True}
        body = json.dumps(content).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/sparql-results+json")
        self.send_header("X-Served-By", "wdqs1012")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        with suppress(BrokenPipeError):  # whoever asked has given up
            self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def wikidata() -> Iterator[tuple[EndpointGraph, type[Wikidata]]]:
    Here: type[Wikidata] = type("Here", (Wikidata,), {"suggested": [], "searched": [], "asked": []})
    server = ThreadingHTTPServer(("127.0.0.1", 0), Here)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield EndpointGraph(f"http://127.0.0.1:{server.server_address[1]}/sparql"), Here
    server.shutdown()
    server.server_close()


def test_the_search_box_is_asked(wikidata: tuple[EndpointGraph, type[Wikidata]]) -> None:
    graph, service = wikidata
    service.suggested = [("Q25191", "Christopher Nolan"), ("Q999", "Christmas")]
    hits = graph.search("christopher nol")
    assert [(hit.name, hit.how) for hit in hits] == [("Q25191", "fuzzy")]  # the other is not much like it
    search = next(query for query in service.asked if '"EntitySearch"' in query)
    assert 'API/search> "christopher nol"' in search
    assert "API/type>" not in search
    assert not any('"Search"' in query for query in service.asked)
    assert not any("CONTAINS" in query for query in service.asked)  # no scan of all labels


def test_what_it_does_not_suggest_is_searched_with_typos(
    wikidata: tuple[EndpointGraph, type[Wikidata]],
) -> None:
    graph, service = wikidata
    service.searched = [("Q25191", "Christopher Nolan"), ("Q1", "universe")]
    assert [hit.name for hit in graph.search("Cristopher Nolen")] == ["Q25191"]
    assert 'API/srsearch> "Cristopher~ Nolen~"' in service.asked[-2] + service.asked[-1] + service.asked[-3]
    assert graph.search("Cristopher Nolen", fuzzy=False) == []


def test_relations_are_searched_among_properties(wikidata: tuple[EndpointGraph, type[Wikidata]]) -> None:
    graph, service = wikidata
    service.suggested = [("P57", "director")]
    assert [hit.name for hit in graph.search("directo", among="relations")] == ["P57"]
    assert any('API/type> "property"' in query for query in service.asked)


def test_a_text_cannot_leave_its_string(wikidata: tuple[EndpointGraph, type[Wikidata]]) -> None:
    graph, service = wikidata
    assert graph.search('x" } INSERT DATA { <a> <b> "\n\\') == []
    assert all('x" }' not in query for query in service.asked)
    assert any(r"x\" } INSERT DATA" in query for query in service.asked)


def test_a_search_has_its_own_time_limit(
    wikidata: tuple[EndpointGraph, type[Wikidata]], monkeypatch: pytest.MonkeyPatch
) -> None:
    graph, service = wikidata
    service.suggested, service.wait = [("Q1", "universe")], 5.0
    monkeypatch.setattr(endpoint_words, "SECONDS", 0.3)
    start = time.perf_counter()
    with pytest.raises(LimitReached, match="did not answer within"):
        graph.search("univers")
    assert time.perf_counter() - start < 4.0
