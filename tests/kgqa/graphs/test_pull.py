"""``kgqa graph pull`` from real servers: what is fetched, killed and taken up again, a server that fails."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.error import HTTPError
from urllib.parse import parse_qs, urlsplit
from urllib.request import Request, urlopen

import pytest

from grammar.errors import GraphError
from kgqa.cli import main
from kgqa.graphs import EmbeddedGraph, open_graph
from kgqa.graphs.endpoints.endpoint import EndpointGraph
from kgqa.graphs.endpoints.pull import PullReport, Wish, pull_graph
from kgqa.graphs.endpoints.pull_journal import Journal
from kgqa.graphs.endpoints.sparql_client import Limits
from kgqa.graphs.rdf import to_rdf
from kgqa.graphs.rdf_terms import XSD
from tests.kgqa.graphs.server import SERVERS, is_there, missing, serving
from tests.toy import FILM, toy_graph, toy_records


@pytest.fixture(scope="module", params=SERVERS)
def url(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    if not is_there(request.param):
        pytest.skip(missing(request.param))
    with SERVERS[request.param](to_rdf(toy_records()), tmp_path_factory.mktemp("served")) as address:
        yield address


@pytest.fixture(scope="module")
def oxigraph(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    if not is_there("oxigraph"):
        pytest.skip(missing("oxigraph"))
    folder = tmp_path_factory.mktemp("oxigraph")
    file = folder / "more.nt"
    to_rdf(toy_records()).serialize(file, format="nt", encoding="utf-8")
    with file.open("a", encoding="utf-8") as more:
        more.write(SHIPS)
    with serving(file, folder) as address:
        yield address


WD, SHIP = "http://www.wikidata.org/entity/", "Q800000"
SHIPS = "".join(
    f"<{WD}{ship}> <http://www.wikidata.org/prop/direct/P31> <{WD}{SHIP}> .\n"
    f'<{WD}{ship}> <http://www.w3.org/2000/01/rdf-schema#label> "Ship {ship}"@{language} .\n'
    + (f'<{WD}{ship}> <http://wikiba.se/ontology#sitelinks> "{known}"^^<{XSD}integer> .\n' if known else "")
    for ship, language, known in (("Q800001", "en", 3), ("Q800002", "mul", 70), ("Q800003", "de", None))
)
"""Ships beside the toy graph: named in English, for all languages at once, and in German only."""


def pulled(url: str, out: Path, wish: Wish) -> tuple[PullReport, EmbeddedGraph]:
    report = pull_graph(EndpointGraph(url), out, wish)
    assert not out.with_name(f"{out.name}.pulling").exists()
    return report, EmbeddedGraph.open(out)


def told(graph: EmbeddedGraph, name: str) -> set[tuple[str, str, tuple[tuple[str, tuple[str, ...]], ...]]]:
    """Everything said about an entity."""
    return {
        (
            fact.relation,
            str(fact.value),
            tuple((r, tuple(sorted(map(str, values)))) for r, values in sorted(fact.qualifiers.items())),
        )
        for fact in graph.facts(int(graph.entities([name])[0]))
    }


def test_what_is_near_comes_whole(url: str, tmp_path: Path) -> None:
    whole = toy_graph(tmp_path)
    report, graph = pulled(url, tmp_path / "near", Wish(seeds=("Q142",), types=(FILM,), hops=1))
    assert report.left_out == ()
    for name in ("Q142", "Q47703", "Q90", "Q150", "Q34012", "Q56094", "Q39"):
        assert told(graph, name) == told(whole, name), name
        assert graph.label(name) == whole.label(name)
        assert set(graph.aliases(name)) == set(whole.aliases(name))
        assert graph.description(name) == whole.description(name)
    # Mentioned by what is one hop away: words and types, but no other facts.
    assert graph.label("Q188") == whole.label("Q188") == "German"
    assert {relation for relation, *_ in told(graph, "Q64")} <= {"P31"}
    assert graph.label("Q7727") == whole.label("Q7727")  # a unit
    assert graph.label("P453") == whole.label("P453")  # a relation of qualifiers
    assert graph.label(FILM) == whole.label(FILM)


def test_hops_and_limits(url: str, tmp_path: Path) -> None:
    seeds = ("Q44578",)
    alone, graph = pulled(url, tmp_path / "alone", Wish(seeds=seeds, hops=0))
    assert alone.entities == 1
    assert {relation for relation, *_ in told(graph, "Q42574")} == {"P31"}
    near, graph = pulled(url, tmp_path / "one", Wish(seeds=seeds, hops=1))
    assert near.entities == 3  # the film, who directed it, who plays in it
    assert ("P569", "@1954-08-16", ()) in told(graph, "Q42574")
    few, _ = pulled(url, tmp_path / "few", Wish(seeds=("Q142",), hops=3, limit=7))
    assert few.entities == 7
    back, graph = pulled(url, tmp_path / "back", Wish(seeds=("Q56094",), hops=1))
    assert back.entities == 3  # the two films lead to who directed them
    none, _ = pulled(url, tmp_path / "none", Wish(seeds=("Q56094",), hops=1, into=1))
    assert none.entities == 2


def test_the_best_known_come_first(oxigraph: str, tmp_path: Path) -> None:
    report, graph = pulled(oxigraph, tmp_path / "one", Wish(types=(SHIP,), hops=0, limit=1))
    assert (report.entities, graph.label("Q800002")) == (1, "Ship Q800002")
    report, graph = pulled(oxigraph, tmp_path / "all", Wish(types=(SHIP,), hops=0, limit=9))
    assert report.entities == 3  # also those of which nobody says how well known they are
    assert graph.label("Q800003") is None


def test_plain_rdf(tmp_path: Path) -> None:
    if not is_there("oxigraph"):
        pytest.skip(missing("oxigraph"))
    space = "http://example.org/"
    rdf = to_rdf(toy_records(), model="plain", namespace=space)
    rdf.serialize(tmp_path / "plain.ttl", format="turtle", encoding="utf-8")
    whole = open_graph(tmp_path / "plain.ttl", cache=tmp_path / "cache")
    assert isinstance(whole, EmbeddedGraph)
    with serving(rdf, tmp_path) as url:
        _, graph = pulled(url, tmp_path / "near", Wish(types=(f"{space}{FILM}",), hops=1))
    for name in ("Q47703", "Q56094"):
        assert told(graph, space + name) == told(whole, space + name)
        assert graph.label(space + name) == whole.label(space + name)
    assert graph.members(f"{space}{FILM}").size == 3


def run(arguments: list[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 0


def test_the_command(url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "films"
    run(["graph", "pull", url, "--type", FILM, "--hops", "1", "--pause", "0", "--out", str(out), "--json"])
    record = json.loads(capsys.readouterr().out)
    assert (record["fetched"], record["left_out"]) == (EmbeddedGraph.open(out).members(FILM).size + 6, 0)
    run(["form", "run", "follow(Q47703, P57)", "--graph", str(out)])
    assert capsys.readouterr().out == "Francis Ford Coppola\n"


def test_what_is_not_there_is_named(url: str, tmp_path: Path) -> None:
    for wish, reason in (
        (Wish(), "--seed or --type"),
        (Wish(seeds=("Q99",)), "Q99"),
        (Wish(types=("x y",)), "x y"),
    ):
        with pytest.raises(GraphError, match=reason):
            pull_graph(EndpointGraph(url), tmp_path / "none", wish)
    assert list(tmp_path.iterdir()) == []


# --- killed, and a server between that fails ------------------------------------------------------------


class Between(ThreadingHTTPServer):
    """Passes questions on; from the ``after``-th on it waits long, or it fails now and then."""

    daemon_threads = True
    block_on_close = False

    def __init__(self, url: str, *, stalls_after: int | None = None, fails: tuple[int, ...] = ()) -> None:
        super().__init__(("127.0.0.1", 0), Passing)
        self.url, self.stalls_after, self.fails = url, stalls_after, fails
        self.asked = 0
        self.too_long: str | None = None
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/query"

    def handle_error(self, request: object, client_address: object) -> None:
        pass


class Passing(BaseHTTPRequestHandler):
    server: Between
    server_version = "Oxigraph/0"

    def do_GET(self) -> None:
        self.pass_on(urlsplit(self.path).query)

    def do_POST(self) -> None:
        self.pass_on(self.rfile.read(int(self.headers["Content-Length"])).decode())

    def pass_on(self, form: str) -> None:
        between = self.server
        between.asked += 1
        if between.stalls_after is not None and between.asked > between.stalls_after:
            time.sleep(60)
        if between.asked in between.fails:
            self.give(429, b"", retry_after="0")
            return
        if between.too_long and parse_qs(form)["query"][0].count(between.too_long) > 2:
            self.give(500, b"java.util.concurrent.TimeoutException")
            return
        request = Request(
            between.url,
            data=form.encode(),
            headers={
                "Accept": "application/sparql-results+json",
                "Content-Type": "application/x-www-form-urlencoded",
            },
        )
        try:
            with urlopen(request) as answer:
                self.give(200, answer.read())
        except HTTPError as error:
            with error:
                self.give(error.code, error.read())

    def give(self, code: int, body: bytes, *, retry_after: str | None = None) -> None:
        self.send_response(code)
        if retry_after is not None:
            self.send_header("Retry-After", retry_after)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        pass


WISH = Wish(seeds=("Q142",), types=(FILM,), hops=2, limit=40)


def test_killed_midway_it_goes_on_to_the_same_graph(oxigraph: str, tmp_path: Path) -> None:
    _, whole = pulled(oxigraph, tmp_path / "whole", WISH)
    between = Between(oxigraph, stalls_after=9)
    out = tmp_path / "pulled"
    command = [
        sys.executable,
        "-m",
        "kgqa",
        "graph",
        "pull",
        between.address,
        "--seed",
        "Q142",
        "--type",
        FILM,
    ]
    command += ["--hops", "2", "--limit", "40", "--pause", "0", "--name", "whole", "--out", str(out)]
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL, env={**os.environ, "OMP_NUM_THREADS": "1"})
    try:
        deadline = time.monotonic() + 60
        while between.asked <= 9:
            assert process.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.02)
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert not out.exists()
    assert (tmp_path / "pulled.pulling" / "journal.jsonl").stat().st_size > 0
    between.stalls_after = None
    before = between.asked
    report = pull_graph(EndpointGraph(between.address), out, WISH, name="whole")
    assert between.asked - before == report.requests
    again = Between(oxigraph)
    pull_graph(EndpointGraph(again.address), tmp_path / "again", WISH, name="whole")
    assert between.asked - before < again.asked  # what was fetched before the kill was not asked for again
    assert EmbeddedGraph.open(out).checksum == whole.checksum
    for server in (between, again):
        server.shutdown()
        server.server_close()


def test_busy_and_slow_servers_are_borne_with(oxigraph: str, tmp_path: Path) -> None:
    _, whole = pulled(oxigraph, tmp_path / "whole", WISH)
    between = Between(oxigraph, fails=(6, 7, 8, 9, 10, 13))
    graph = EndpointGraph(between.address, limits=Limits(attempts=2))
    between.too_long = "wikidata.org/entity/Q4"  # questions about more than two such things take too long
    report = pull_graph(graph, tmp_path / "pulled", WISH, name="whole")
    assert report.left_out == ()
    assert EmbeddedGraph.open(tmp_path / "pulled").checksum == whole.checksum
    between.shutdown()
    between.server_close()


def test_a_journal_with_a_torn_end_goes_on(tmp_path: Path) -> None:
    folder = tmp_path / "journal"
    journal = Journal(folder, {"hops": 1})
    journal.add("facts", {"Q1": {"P1": ["Q2"]}, "Q2": {}})
    with pytest.raises(GraphError, match="another process"):
        Journal(folder, {"hops": 1})
    journal.close()
    with (folder / "journal.jsonl").open("ab") as file:
        file.write(b'{"kind": "facts", "found": {"Q3')
    journal = Journal(folder, {"hops": 1})
    assert journal.get("facts", "Q1") == {"P1": ["Q2"]}
    assert journal.missing("facts", ["Q1", "Q3", "Q3"]) == ["Q3"]
    journal.add("facts", {"Q3": {}})
    journal.close()
    with pytest.raises(GraphError, match="other options"):
        Journal(folder, {"hops": 2})
    journal = Journal(folder, {"hops": 1})
    assert journal.missing("facts", ["Q3"]) == []
    journal.remove()
    assert not folder.exists()
