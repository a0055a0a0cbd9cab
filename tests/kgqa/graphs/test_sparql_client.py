"""The client against a server that is busy, slow, broken or no endpoint at all."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TypeAlias
from urllib.parse import parse_qs, urlsplit

import pytest

from grammar.errors import GraphError, LimitReached
from kgqa.graphs import open_graph
from kgqa.graphs.endpoint import EndpointGraph
from kgqa.graphs.sparql_client import Limits, SparqlClient

YES = json.dumps({"head": {}, "boolean": True}).encode()
Answer: TypeAlias = Callable[["Request"], None]


class Request(BaseHTTPRequestHandler):
    """Answers as the test says; remembers what was asked."""

    server_version = "Oxigraph/0"  # so that opening an endpoint asks no further

    answers: list[Answer]
    asked: list[tuple[str, str, str]]

    def do_GET(self) -> None:
        self.take(parse_qs(urlsplit(self.path).query).get("query", [""])[0])

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        self.take(parse_qs(body).get("query", [""])[0])

    def take(self, query: str) -> None:
        self.asked.append((self.command, query, self.headers.get("User-Agent", "")))
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        answer(self)

    def reply(self, code: int, body: bytes, **headers: str) -> None:
        self.send_response(code)
        for name, value in {"Content-Type": "application/sparql-results+json", **headers}.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        pass


def says(code: int, body: bytes = b"", **headers: str) -> Answer:
    return lambda request: request.reply(code, body, **headers)


def stalls(request: Request) -> None:
    time.sleep(5)


def drips(request: Request) -> None:
    """A byte now and then: no single read takes long."""
    request.send_response(200)
    request.end_headers()
    try:
        for _ in range(100):
            request.wfile.write(b" ")
            request.wfile.flush()
            time.sleep(0.1)
    except (BrokenPipeError, ConnectionResetError):
        pass


def cuts_off(request: Request) -> None:
    request.send_response(200)
    request.send_header("Content-Length", "500")
    request.end_headers()
    request.wfile.write(YES[:10])


class Server(ThreadingHTTPServer):
    """Does not print the errors of connections that the client gave up."""

    daemon_threads = True
    block_on_close = False

    def handle_error(self, request: object, client_address: object) -> None:
        pass


@pytest.fixture
def serve() -> Iterator[Callable[..., tuple[str, type[Request]]]]:
    servers: list[Server] = []

    def start(*answers: Answer) -> tuple[str, type[Request]]:
        handler = type("Handler", (Request,), {"answers": list(answers), "asked": []})
        server = Server(("127.0.0.1", 0), handler)
        servers.append(server)
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        return f"http://127.0.0.1:{server.server_address[1]}/sparql", handler

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


Serve: TypeAlias = Callable[..., tuple[str, type[Request]]]
QUICK = Limits(seconds=3.0, attempts=3)


def test_short_questions_are_got_and_long_ones_posted(serve: Serve) -> None:
    url, server = serve(says(200, YES))
    client = SparqlClient(url, contact="mailto:someone@example.org")
    assert client.ask("ASK {}")
    long = "ASK { VALUES ?x { " + '"word" ' * 500 + "} }"
    assert client.ask(long)
    assert [(method, query) for method, query, _ in server.asked] == [("GET", "ASK {}"), ("POST", long)]
    assert server.asked[0][2].startswith("kgqa/")
    assert "mailto:someone@example.org" in server.asked[0][2]


def test_rows_are_read(serve: Serve) -> None:
    bindings = [
        {"x": {"type": "uri", "value": "http://a"}, "y": {"type": "literal", "value": "b", "xml:lang": "en"}},
        {
            "x": {"type": "bnode", "value": "n1"},
            "z": {"type": "literal", "value": "1", "datatype": "http://t"},
        },
    ]
    url, _ = serve(says(200, json.dumps({"results": {"bindings": bindings}}).encode()))
    first, second = SparqlClient(url).select("SELECT * {}")
    assert (first["x"].text, first["x"].is_iri, first["y"].language) == ("http://a", True, "en")
    assert (second["x"].text, second["z"].datatype) == ("_:n1", "http://t")


@pytest.mark.parametrize("code", [429, 502, 503, 504])
def test_a_busy_server_is_asked_again_when_it_says(serve: Serve, code: int) -> None:
    url, server = serve(says(code, Retry_After="1"), says(200, YES))
    started = time.monotonic()
    assert SparqlClient(url, limits=QUICK).ask("ASK {}")
    assert time.monotonic() - started >= 1.0
    assert len(server.asked) == 2


def test_a_wait_past_the_deadline_is_not_waited_for(serve: Serve) -> None:
    url, server = serve(says(429, Retry_After="3600"))
    started = time.monotonic()
    with pytest.raises(LimitReached, match="HTTP 429"):
        SparqlClient(url, limits=QUICK).ask("ASK {}")
    assert time.monotonic() - started < 1
    assert len(server.asked) == 1


def test_patience_ends(serve: Serve) -> None:
    url, server = serve(says(503, Retry_After="0"))
    with pytest.raises(LimitReached, match="HTTP 503"):
        SparqlClient(url, limits=QUICK).ask("ASK {}")
    assert len(server.asked) == QUICK.attempts


@pytest.mark.parametrize("slow", [stalls, drips])
def test_the_deadline_holds_for_everything_together(serve: Serve, slow: Answer) -> None:
    url, _ = serve(slow)
    started = time.monotonic()
    with pytest.raises(LimitReached, match=r"did not answer within 0\.5 s"):
        SparqlClient(url, limits=Limits(seconds=0.5)).ask("ASK {}")
    assert time.monotonic() - started < 1.5


@pytest.mark.parametrize(
    ("answer", "error", "reason"),
    [
        (says(200, YES[:-5]), LimitReached, "broke its answer off"),
        (cuts_off, LimitReached, "broke its answer off"),
        (says(500, b"java.util.concurrent.TimeoutException: query timeout"), LimitReached, "its own time"),
        (says(500, b"NullPointerException\n at x"), GraphError, "failed \\(HTTP 500\\): .*NullPointer"),
        (says(400, b"Parse error at line 1"), GraphError, "refused the question: .*Parse error"),
        (says(401), GraphError, "refused the question"),
        (says(403), GraphError, "HTTP 403"),
        (says(404), GraphError, "is the address right"),
        (says(200, b"<html>Welcome</html>"), GraphError, "is no SPARQL endpoint"),
        (says(200, b'{"hello": "world"}'), GraphError, "is no SPARQL endpoint"),
        (says(200, b"[]"), GraphError, "is no SPARQL endpoint"),
        (says(200, b""), GraphError, "is no SPARQL endpoint"),
    ],
)
def test_failures_are_told_in_one_line(
    serve: Serve, answer: Answer, error: type[Exception], reason: str
) -> None:
    url, _ = serve(answer)
    for ask in (lambda c: c.ask("ASK {}"), lambda c: c.select("SELECT * {}")):
        with pytest.raises(error, match=reason) as caught:
            ask(SparqlClient(url, limits=QUICK))
        assert "\n" not in str(caught.value)
        assert url in str(caught.value)


def test_too_much_is_not_read(serve: Serve) -> None:
    url, _ = serve(says(200, b"[" + b" " * 300_000 + b"]"))
    with pytest.raises(LimitReached, match="more than 100,000 bytes"):
        SparqlClient(url, limits=Limits(bytes=100_000)).ask("ASK {}")


def test_nobody_there() -> None:
    for url in ("http://127.0.0.1:9/sparql", "http://no-such-host.invalid/sparql"):
        with pytest.raises(GraphError, match="cannot be reached"):
            open_graph(url)


def test_names_cannot_smuggle_in_a_question(serve: Serve) -> None:
    url, server = serve(
        says(200, YES), says(200, YES), says(200, json.dumps({"results": {"bindings": []}}).encode())
    )
    graph = EndpointGraph(url)
    asked = len(server.asked)
    evil = "Q1> } ; DROP ALL #"
    assert graph.entities([evil, "Q1 Q2", ""]).tolist() == [-1, -1, -1]
    assert not graph.has_relation(evil)
    assert not graph.has_type(evil)
    assert graph.members(evil).tolist() == []
    assert graph.label(evil) is None
    assert len(server.asked) == asked
    assert graph.search('"} ; DROP ALL #') == []
    questions = [query for _, query, _ in server.asked[asked:]]
    assert questions
    assert not any('"}' in query.replace('\\"}', "") for query in questions)
