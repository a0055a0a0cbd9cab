"""The web application: ``POST /api/chat``, what the graph is, and one page that chats with it.

    POST /api/chat    {"session": "..." or absent, "question": "Who directed Titanic?"}
                      -> the object of ``kgqa answer --json`` with ``session``
    GET  /api/graph   what the graph holds, and questions to start with
    GET  /api/health  {"status": "ok", ...}
    GET  /            the page

Whatever goes wrong is ``{"error": "one sentence"}`` with a status of 4xx or 5xx.
"""

from __future__ import annotations

import asyncio
import json
import socket
import sys
import threading
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import uvicorn
from fastapi import FastAPI, Request, Response
from fastapi.responses import FileResponse, JSONResponse
from starlette.exceptions import HTTPException

from grammar.errors import ConfigError, KgqaError
from kgqa import __version__
from kgqa.answer import Answer
from kgqa.answer_record import answer_record
from kgqa.chat import Chat, Parser, check_question
from serve.sessions import Session, Sessions

PAGE = Path(__file__).parent / "page"
_ASSETS = {"chat.js": "text/javascript", "style.css": "text/css", "icon.svg": "image/svg+xml"}
_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}
_LOCAL = ("127.0.0.1", "localhost", "::1")


@dataclass(frozen=True)
class ServeLimits:
    """What one server takes on. ``waiting`` questions more than ``workers`` are turned away (503)."""

    body_bytes: int = 16_384
    seconds: float = 30.0
    workers: int = 1
    waiting: int = 32
    sessions: int = 1_000
    idle_seconds: float = 3_600.0


class Desk:
    """Answers questions in worker threads, so that the server stays responsive while a model thinks."""

    def __init__(self, limits: ServeLimits) -> None:
        self._limits = limits
        self._workers = ThreadPoolExecutor(limits.workers, thread_name_prefix="answer")
        self._taken = 0
        self._counting = threading.Lock()

    async def ask(self, session: Session, question: str) -> Answer:
        """Answer in a session.

        Raises:
            HTTPException: 503 when too many questions wait, 504 when it takes too long.
        """
        self._take()
        work: Future[Answer] | None = None
        try:
            async with session.lock:
                # On a copy: an answer that comes too late must not change the dialogue.
                chat = Chat(session.chat.parser, session.chat.conversation, session.chat.last)
                work = self._workers.submit(chat.ask, question)
                # A question that is given up counts until its thread is free again.
                work.add_done_callback(lambda _: self._give_back())
                answer = await asyncio.wait_for(asyncio.wrap_future(work), self._limits.seconds)
                session.chat = chat
                return answer
        except TimeoutError:
            raise HTTPException(504, f"No answer within {self._limits.seconds:g} seconds.") from None
        finally:
            if work is None:
                self._give_back()

    def _take(self) -> None:
        with self._counting:
            if self._taken >= self._limits.workers + self._limits.waiting:
                raise HTTPException(503, "Too many questions are waiting; try again in a moment.")
            self._taken += 1

    def _give_back(self) -> None:
        with self._counting:
            self._taken -= 1


def create_app(
    parser: Parser,
    *,
    limits: ServeLimits = ServeLimits(),
    examples: Sequence[str] = (),
    hosts: Sequence[str] = ("*",),
) -> FastAPI:
    """The application for a parser. ``hosts`` are the names under which it may be called."""
    app = FastAPI(title="kgqa", version=__version__, docs_url=None, redoc_url=None, openapi_url=None)
    sessions = Sessions(parser, most=limits.sessions, idle_seconds=limits.idle_seconds)
    desk = Desk(limits)

    @app.middleware("http")
    async def guard(request: Request, respond: Callable[[Request], Awaitable[Response]]) -> Response:
        if "*" in hosts or request.url.hostname in hosts:
            response = await respond(request)
        else:
            error = f"This server is not called {request.url.hostname!r}."
            response = JSONResponse({"error": error}, 400)
        response.headers.update(_HEADERS)
        return response

    @app.exception_handler(HTTPException)
    async def tell(request: Request, error: HTTPException) -> JSONResponse:
        return JSONResponse({"error": error.detail}, error.status_code)

    @app.exception_handler(Exception)
    async def tell_bug(request: Request, error: Exception) -> JSONResponse:
        # The traceback goes to the server's log, not to whoever asked.
        return JSONResponse({"error": "Something went wrong in the server."}, 500)

    @app.post("/api/chat")
    async def chat(request: Request) -> dict[str, Any]:
        body = await _read_body(request, limits.body_bytes)
        session_id, question = _asked(body)
        session = sessions.open(session_id)
        answer = await desk.ask(session, question)
        return {"session": session.id, **answer_record(answer, parser.graph)}

    @app.get("/api/graph")
    async def graph() -> dict[str, Any]:
        return {**asdict(parser.graph.info()), "examples": list(examples)}

    @app.get("/api/health")
    async def health() -> dict[str, Any]:
        return {"status": "ok", "version": __version__, "graph": parser.graph.name, "sessions": len(sessions)}

    @app.get("/")
    async def page() -> FileResponse:
        return FileResponse(PAGE / "index.html", media_type="text/html; charset=utf-8")

    @app.get("/page/{name}")
    async def asset(name: str) -> FileResponse:
        if name not in _ASSETS:
            raise HTTPException(404, f"There is no {name!r} here.")
        return FileResponse(PAGE / name, media_type=_ASSETS[name])

    return app


async def _read_body(request: Request, most: int) -> Any:
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
        raise HTTPException(415, "Expected the content type application/json.")
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > most:
            raise HTTPException(413, f"Expected at most {most:,} bytes.")
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        raise HTTPException(400, "Expected a JSON object, found something else.") from None


def _asked(body: Any) -> tuple[str | None, str]:
    """Session and question of a request."""
    if not isinstance(body, dict) or not isinstance(body.get("question"), str):
        raise HTTPException(422, "Expected an object with 'question', a text, and perhaps 'session'.")
    session = body.get("session")
    if session is not None and not (isinstance(session, str) and len(session) <= 64):
        raise HTTPException(422, "Expected 'session' to be a text that an earlier answer gave.")
    try:
        return session, check_question(body["question"])
    except KgqaError as error:
        raise HTTPException(422, f"{str(error)[:1].upper()}{str(error)[1:]}.") from None


def run(parser: Parser, *, host: str, port: int, examples: Sequence[str] = ()) -> None:
    """Serve until Ctrl-C.

    Raises:
        ConfigError: the address cannot be listened on.
    """
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        listener = socket.create_server((host, port), family=family)
    except OSError as error:
        raise ConfigError(
            f"cannot listen on {host}:{port}: {error.strerror or error}; name another --host or --port"
        ) from None
    # A page of a stranger that has its name point here must not reach what only this machine may see.
    hosts = _LOCAL if host in _LOCAL else ("*",)
    app = create_app(parser, examples=examples, hosts=hosts)
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning"))
    shown = f"[{host}]" if ":" in host else host
    print(f"kgqa listens on http://{shown}:{listener.getsockname()[1]} (Ctrl-C stops)", file=sys.stderr)
    server.run(sockets=[listener])
