"""An endpoint that answers as a test says: well, late, in halves, without end, or not at all."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TypeAlias
from urllib.parse import parse_qs, urlsplit

YES = json.dumps({"head": {}, "boolean": True}).encode()
Answer: TypeAlias = Callable[["Request"], None]


class Request(BaseHTTPRequestHandler):
    """Answers as the test says; remembers what was asked."""

    server_version = "Oxigraph/0"  # so that opening an endpoint asks no further

    answers: list[Answer]
    asked: list[tuple[str, str, str]]
    parameters: list[list[str]]

    def do_GET(self) -> None:
        self.take(parse_qs(urlsplit(self.path).query))

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        self.take(parse_qs(body))

    def take(self, form: dict[str, list[str]]) -> None:
        query = form.get("query", [""])[0]
        self.parameters.append(form.get("default-graph-uri", []))
        self.asked.append((self.command, query, self.headers.get("User-Agent", "")))
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        answer(self)

    def reply(self, code: int, body: bytes, **headers: str) -> None:
        self.send_response_only(code)
        if "Server" not in headers:
            self.send_header("Server", self.server_version)
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


def endless(request: Request) -> None:
    request.send_response(200)
    request.end_headers()
    try:
        while True:
            request.wfile.write(b'{"head": {}, ' * 5_000)
    except (BrokenPipeError, ConnectionResetError):
        pass


Serve: TypeAlias = Callable[..., tuple[str, type[Request]]]


@contextmanager
def misbehaving() -> Iterator[Serve]:
    """Gives a function that starts a server: (answers, the last one for ever) -> (address, handler)."""
    servers: list[Server] = []

    def start(*answers: Answer) -> tuple[str, type[Request]]:
        handler = type("Handler", (Request,), {"answers": list(answers), "asked": [], "parameters": []})
        server = Server(("127.0.0.1", 0), handler)
        servers.append(server)
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        return f"http://127.0.0.1:{server.server_address[1]}/sparql", handler

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()
