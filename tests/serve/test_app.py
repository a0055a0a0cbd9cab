"""The web application over HTTP, with a parser that takes forms for questions."""

from __future__ import annotations

import re
import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from fastapi.testclient import TestClient

from grammar.errors import ConfigError
from kgqa.graphs import EmbeddedGraph
from serve.app import PAGE, ServeLimits, create_app, run
from tests.form_parser import FormParser
from tests.toy import toy_graph


@pytest.fixture(scope="module")
def graph(tmp_path_factory: pytest.TempPathFactory) -> EmbeddedGraph:
    return toy_graph(tmp_path_factory.mktemp("app"))


@pytest.fixture
def client(graph: EmbeddedGraph) -> Iterator[TestClient]:
    with TestClient(create_app(FormParser(graph), examples=["follow(Q142, P36)"])) as client:
        yield client


def ask(client: TestClient, question: str, session: str | None = None) -> dict[str, Any]:
    response = client.post("/api/chat", json={"question": question, "session": session})
    assert response.status_code == 200, response.text
    answer: dict[str, Any] = response.json()
    return answer


def test_an_answer_is_that_of_the_command_line(client: TestClient) -> None:
    answer = ask(client, "follow(Q142, P36)")
    assert answer["answer"] == "Paris"
    assert answer["form"] == "follow(Q142, P36)"
    assert "wdt:P36" in answer["sparql"]
    assert answer["evidence"] == [["Q142", "P36", "Q90"]]
    assert [link["id"] for link in answer["linked"]] == ["Q142", "P36"]
    assert {"english", "confidence", "milliseconds", "entities", "values"} <= set(answer)


def test_a_session_is_a_dialogue_of_its_own(client: TestClient) -> None:
    one, two = ask(client, "follow(Q142, P36)"), ask(client, "follow(Q183, P36)")
    assert one["session"] != two["session"]
    assert ask(client, "it: follow(IT, P17)", one["session"])["answer"] == "France"
    assert ask(client, "it: follow(IT, P17)", two["session"])["answer"] == "Germany"
    assert ask(client, "I meant Paris, Texas", one["session"])["answer"] == "United States of America"


def test_an_unknown_session_starts_anew(client: TestClient) -> None:
    answer = ask(client, "follow(Q142, P36)", "unknown")
    assert answer["session"] != "unknown"


def test_no_answer_is_not_made_up(client: TestClient) -> None:
    unparsed, failed = ask(client, "Hm?"), ask(client, "follow(Q142, P9999)")
    assert (unparsed["outcome"], unparsed["answer"]) == ("unparsed", None)
    assert (failed["outcome"], failed["answer"]) == ("failed", None)
    back = ask(client, "which Paris")
    assert [choice["id"] for choice in back["entities"]] == ["Q90", "X1"]


@pytest.mark.parametrize(
    ("content", "kind", "status"),
    [
        (b"{}", "application/json", 422),
        (b'{"question": 7}', "application/json", 422),
        (b'{"question": ""}', "application/json", 422),
        (b'{"question": "a\\u0000b"}', "application/json", 422),
        (b'{"question": "Who?", "session": 7}', "application/json", 422),
        (b'{"question": "' + b"w" * 2_000 + b'"}', "application/json", 422),
        (b'{"question": "' + b"w" * 20_000 + b'"}', "application/json", 413),
        (b"[" * 10_000, "application/json", 400),
        (b"\xff\xfe", "application/json", 400),
        (b'{"question": "Who?"}', "text/plain", 415),
    ],
)
def test_bad_requests(content: bytes, kind: str, status: int, client: TestClient) -> None:
    response = client.post("/api/chat", content=content, headers={"Content-Type": kind})
    assert response.status_code == status
    assert list(response.json()) == ["error"]
    assert response.json()["error"].endswith(".")


def test_other_addresses(client: TestClient, graph: EmbeddedGraph) -> None:
    assert client.get("/api/health").json()["status"] == "ok"
    about = client.get("/api/graph").json()
    assert (about["entities"], about["examples"]) == (graph.info().entities, ["follow(Q142, P36)"])
    for address in ("/nowhere", "/page/nowhere.js", "/page/..%2fapp.py", "/docs"):
        assert client.get(address).status_code == 404


def test_the_page_loads_nothing_from_elsewhere(client: TestClient) -> None:
    page = client.get("/")
    assert page.headers["content-type"].startswith("text/html")
    policy = page.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    for address in re.findall(r'(?:src|href)="([^"]*)"', page.text):
        assert address.startswith("/page/")
        assert client.get(address).status_code == 200
    script = (PAGE / "chat.js").read_text(encoding="utf-8")
    assert "innerHTML" not in script
    assert "://" not in script


def test_strangers_names_are_refused(graph: EmbeddedGraph) -> None:
    app = create_app(FormParser(graph), hosts=("localhost",))
    with TestClient(app, base_url="http://localhost:8000") as client:
        assert client.get("/api/health").status_code == 200
    with TestClient(app, base_url="http://evil.example") as client:
        assert client.get("/api/health").status_code == 400


def test_what_takes_too_long_is_given_up_and_changes_nothing(graph: EmbeddedGraph) -> None:
    parser = FormParser(graph)
    with TestClient(create_app(parser, limits=ServeLimits(seconds=0.2))) as client:
        session = ask(client, "follow(Q142, P36)")["session"]
        parser.seconds = 0.6
        late = client.post("/api/chat", json={"question": "follow(Q183, P36)", "session": session})
        assert late.status_code == 504
        parser.seconds = 0.0
        time.sleep(0.6)  # until the thread that was given up is free again
        assert ask(client, "it: follow(IT, P17)", session)["answer"] == "France"


def test_too_many_questions_are_turned_away(graph: EmbeddedGraph) -> None:
    app = create_app(FormParser(graph, seconds=0.3), limits=ServeLimits(waiting=1))

    def post(client: TestClient) -> int:
        return client.post("/api/chat", json={"question": "follow(Q142, P36)"}).status_code

    with TestClient(app) as client, ThreadPoolExecutor(5) as pool:
        statuses = sorted(pool.map(post, [client] * 5))
        assert statuses[:2] == [200, 200]
        assert statuses[-1] == 503


def test_questions_of_one_session_are_answered_in_order(graph: EmbeddedGraph) -> None:
    parser = FormParser(graph)
    with TestClient(create_app(parser)) as client:
        session = ask(client, "follow(Q142, P36)")["session"]
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(lambda _: ask(client, "follow(Q183, P36)", session), range(4)))
    # Each saw all that were answered before it.
    assert [len(request.conversation.turns) for request in parser.requests] == [0, 1, 2, 3, 4]


def test_a_bug_tells_no_secrets(graph: EmbeddedGraph, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("secret")

    monkeypatch.setattr(FormParser, "answer", broken)
    with TestClient(create_app(FormParser(graph)), raise_server_exceptions=False) as client:
        response = client.post("/api/chat", json={"question": "Who?"})
    assert response.status_code == 500
    assert "secret" not in response.text


def test_an_address_that_is_taken(graph: EmbeddedGraph) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(ConfigError, match="--port"):
        run(FormParser(graph), host="127.0.0.1", port=taken.getsockname()[1])
