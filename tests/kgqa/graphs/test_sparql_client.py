"""The client against a server that is busy, slow, broken or no endpoint at all."""

from __future__ import annotations

import gzip
import json
import os
import re
import time
from pathlib import Path

import pytest

from grammar.errors import (
    GraphError,
    LimitReached,
    Malformed,
    Refused,
    TimedOut,
    TooBusy,
    TooLarge,
    Unreachable,
)
from kgqa.graphs import open_graph
from kgqa.graphs.endpoints.answer_cache import AnswerCache
from kgqa.graphs.endpoints.endpoint import EndpointGraph
from kgqa.graphs.endpoints.sparql_client import Limits, SparqlClient
from tests.kgqa.graphs.misbehaving import YES, Answer, Serve, cuts_off, drips, endless, says, stalls

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
        (says(200, YES[:-5]), TimedOut, "broke its answer off"),
        (
            says(200, b'{"head": {}, "results": {"bindings": [{"x": {"type": "uri", "val'),
            TimedOut,
            "broke its",
        ),
        (
            says(200, YES[:-1] + b", java.util.concurrent.TimeoutException at x.y"),
            TimedOut,
            "broke its answer",
        ),
        (says(200, YES, X_SQL_State="S1TAT"), TimedOut, "its own time"),
        (cuts_off, TimedOut, "broke its answer off"),
        (says(200, gzip.compress(YES)[:-9], Content_Encoding="gzip"), TimedOut, "broke its answer off"),
        (says(200, b"no gzip", Content_Encoding="gzip"), TimedOut, "broke its answer off"),
        (says(500, b"java.util.concurrent.TimeoutException: query timeout"), TimedOut, "its own time"),
        (says(503, b"Query timed out"), TimedOut, "its own time"),
        (says(429, b'{"exception": "Operation timed out."}'), TimedOut, "its own time"),
        (says(500, b"NullPointerException\n at x"), Unreachable, "failed \\(HTTP 500\\): .*NullPointer"),
        (says(501, b"not here"), Unreachable, "failed \\(HTTP 501 .*not here"),
        (says(400, b"Parse error at line 1"), Refused, "refused the question: .*Parse error"),
        (says(401), Refused, "refused the question"),
        (says(403, b"no contact, no answer"), Refused, "HTTP 403 .*no contact, no answer"),
        (says(404), Refused, "is the address right"),
        (says(414), Refused, "refused the question"),
        (says(200, b"<html>Welcome</html>"), Malformed, "is no SPARQL endpoint"),
        (
            says(200, b'{"head": {} "results": {"bindings": []}, "more": "and more of it"}'),
            Malformed,
            "no SPARQL",
        ),
        (says(200, b'{"hello": "world"}'), Malformed, "is no SPARQL endpoint"),
        (says(200, b'{"results": {"bindings": [{"x": "y"}]}}'), Malformed, "is no SPARQL endpoint"),
        (says(200, b"[]"), Malformed, "is no SPARQL endpoint"),
        (says(200, b"[" * 100_000), Malformed, "is no SPARQL endpoint"),
        (says(200, b"\xff\xfe\x00{"), Malformed, "is no SPARQL endpoint"),
        (says(200, b""), Malformed, "is no SPARQL endpoint"),
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


@pytest.mark.parametrize(
    "answer",
    [
        says(200, b"[" + b" " * 300_000 + b"]"),
        says(200, gzip.compress(b"[" + b" " * 3_000_000 + b"]"), Content_Encoding="gzip"),
        endless,
    ],
)
def test_too_much_is_not_read(serve: Serve, answer: Answer) -> None:
    url, _ = serve(answer)
    with pytest.raises(TooLarge, match="more than 100,000 bytes"):
        SparqlClient(url, limits=Limits(bytes=100_000)).ask("ASK {}")


def test_packed_answers_are_unpacked(serve: Serve) -> None:
    url, _ = serve(says(200, gzip.compress(YES), Content_Encoding="gzip"))
    assert SparqlClient(url).ask("ASK {}")


def test_what_is_asked_next_waits_too(serve: Serve) -> None:
    url, server = serve(says(429, Retry_After="3600"), says(200, YES))
    client = SparqlClient(url, limits=QUICK)
    for _ in range(2):
        with pytest.raises(TooBusy) as caught:
            client.ask("ASK {}")
        assert 3_500 < caught.value.wait <= 3_600
    assert len(server.asked) == 1  # the second time it was not even sent


def test_too_many_requests_without_a_time_means_a_minute(serve: Serve) -> None:
    url, _ = serve(says(429))
    with pytest.raises(TooBusy, match="wait 60 s"):
        SparqlClient(url, limits=QUICK).ask("ASK {}")


def test_pauses_between_questions(serve: Serve) -> None:
    url, _ = serve(says(200, YES))
    client = SparqlClient(url, pause=0.3)
    started = time.monotonic()
    for _ in range(3):
        client.ask("ASK {}")
    assert time.monotonic() - started >= 0.6


def test_parameters_of_the_address_go_along(serve: Serve) -> None:
    url, server = serve(says(200, YES))
    client = SparqlClient(f"{url}?default-graph-uri=http%3A%2F%2Fexample.org%2Fg")
    assert client.ask("ASK {}")
    assert client.ask("ASK { }" + " " * 2_000)
    assert server.parameters == [["http://example.org/g"]] * 2


def test_who_asks_is_said() -> None:
    assert re.fullmatch(r"kgqa/\S+ \(question answering over knowledge graphs\) SPARQLWrapper/\S+",
                        SparqlClient("http://example.org/sparql").agent)  # fmt: skip
    named = SparqlClient("https://query.wikidata.org/sparql", contact="me@example.org")
    assert "contact: me@example.org" in named.agent
    with pytest.raises(GraphError, match="asks everybody for a contact: set KGQA_CONTACT"):
        SparqlClient("https://query.wikidata.org/sparql")
    for wrong in ("", "me\r\nCookie: x", "ich@füße.de"):
        with pytest.raises(GraphError, match="expected a contact"):
            SparqlClient("http://example.org/sparql", contact=wrong)


def test_the_contact_may_be_set_once(monkeypatch: pytest.MonkeyPatch, serve: Serve) -> None:
    monkeypatch.setenv("KGQA_CONTACT", "me@example.org")
    url, server = serve(says(200, YES))
    open_graph(url)
    assert all("me@example.org" in agent for *_, agent in server.asked)


# --- answers that are kept ------------------------------------------------------------------------------


def test_only_answers_are_kept_and_not_for_ever(serve: Serve, tmp_path: Path) -> None:
    failing = [says(503, Retry_After="0"), says(503, Retry_After="0"), says(200, YES[:-3]), says(200, b"[]")]
    url, server = serve(*failing, says(200, YES))
    client = SparqlClient(url, limits=Limits(seconds=3, attempts=2), cache=AnswerCache(tmp_path, seconds=2.0))
    for error in (TooBusy, TimedOut, Malformed):
        with pytest.raises(error):
            client.ask("ASK {}")
    assert list(tmp_path.rglob("*.json")) == []
    assert client.ask("ASK {}")
    assert len(server.asked) == 5
    another = SparqlClient(url, cache=AnswerCache(tmp_path, seconds=2.0))
    assert client.ask("ASK {}")
    assert another.ask("ASK {}")
    assert len(server.asked) == 5
    assert client.ask("ASK { }")  # another question
    assert len(server.asked) == 6
    time.sleep(2.1)
    assert another.ask("ASK {}")
    assert len(server.asked) == 7


def test_kept_answers_that_are_broken_are_asked_for_again(serve: Serve, tmp_path: Path) -> None:
    url, server = serve(says(200, YES))
    client = SparqlClient(url, cache=AnswerCache(tmp_path))
    assert client.ask("ASK {}")
    [kept] = tmp_path.rglob("*.json")
    for content in (b"", b"{", b"[]", b'{"answer": 1}', kept.read_bytes()[:-10]):
        kept.write_bytes(content)
        assert client.ask("ASK {}")
    assert len(server.asked) == 6
    assert json.loads(kept.read_text())["question"] == "ASK {}"


def test_the_oldest_answers_make_room(tmp_path: Path) -> None:
    cache = AnswerCache(tmp_path, bytes=2_000)
    for number in range(20):
        cache.put("http://e", f"Q{number}", {"boolean": True, "rest": "x" * 300})
        os.utime(cache.path("http://e", f"Q{number}"), (time.time() - 100 + number,) * 2)
    AnswerCache(tmp_path, bytes=2_000).put("http://e", "last", {})
    kept = [number for number in range(20) if cache.get("http://e", f"Q{number}") is not None]
    assert kept == list(range(20 - len(kept), 20))
    assert 0 < len(kept) <= 5


def test_a_folder_that_cannot_be_written_is_no_reason_to_fail(serve: Serve, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    url, _ = serve(says(200, YES))
    assert SparqlClient(url, cache=AnswerCache(tmp_path / "file")).ask("ASK {}")


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
