"""Questions to a SPARQL endpoint: one deadline for everything that one takes, patience, courtesy, a cache.

A question is sent again when the server is busy, after as long as it says; what is asked next waits too.
Where a server gives only so many rows at once, the rest is asked for page by page.
"""

from __future__ import annotations

import queue
import re
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias
from urllib.parse import urlsplit

from SPARQLWrapper import __version__ as wrapper_version

from grammar.errors import GraphError, Malformed, TimedOut, TooBusy, TooLarge
from kgqa import __version__
from kgqa.graphs.endpoints.answer_cache import AnswerCache
from kgqa.graphs.endpoints.sparql_http import Busy, Patience, Reply, send
from kgqa.graphs.rdf_terms import WKT, XSD, Term

Row: TypeAlias = Mapping[str, Term]
"""Variable -> what it is bound to; unbound ones are left out."""

_AT_ONCE = 4
"""Questions under way at one endpoint; Wikidata's allows about five."""
_AFTER_429 = 60.0
"""Seconds without a question after "too many requests" that does not say how long; Wikimedia asks for it."""
_WIKIMEDIA = ("wikidata.org", "wikimedia.org")
# How Virtuoso gives back coordinates, and the years before 1000.
_GEOMETRY = "http://www.openlinksw.com/schemas/virtrdf#Geometry"
_SHORT_YEAR = re.compile(r"^(-?)(\d{1,3})-")
_PREFIXES = re.compile(r"(?:PREFIX \w*: <[^>]*>\n)*")


@dataclass(frozen=True, slots=True)
class Limits:
    """How long one question may take in all (seconds), how often it is tried, how much may come back."""

    seconds: float = 60.0
    attempts: int = 4
    bytes: int = 256 * 1024 * 1024


def agent_of(url: str, contact: str | None) -> str:
    """The User-Agent: the tool, and how to reach who runs it.

    Raises:
        GraphError: the contact cannot be sent, or the service asks for one and there is none.
    """
    if contact is not None and not (contact.isascii() and contact.isprintable() and contact.strip()):
        raise GraphError(f"expected a contact such as you@example.org, found {contact!r}")
    if contact is None and (urlsplit(url).hostname or "").endswith(_WIKIMEDIA):
        raise GraphError(
            f"{url} asks everybody for a contact: set KGQA_CONTACT=you@example.org (a mail address or a page "
            "of yours), it is sent with every question"
        )
    about = f"question answering over knowledge graphs{f'; contact: {contact}' if contact else ''}"
    return f"kgqa/{__version__} ({about}) SPARQLWrapper/{wrapper_version}"


class SparqlClient:
    """One endpoint.

    Args:
        contact: an address for the User-Agent: public services ask for it.
        cache: where answers are kept; None asks anew each time.
        pause: seconds between two requests, and at least as long as the last one took; never two at once.

    Raises:
        GraphError: the service asks for a contact.
    """

    def __init__(
        self,
        url: str,
        *,
        limits: Limits | None = None,
        contact: str | None = None,
        cache: AnswerCache | None = None,
        pause: float = 0.0,
    ) -> None:
        self.url = url
        self.limits = limits or Limits()
        self.contact = contact
        self.agent = agent_of(url, contact)
        self.cache = cache
        self.pause = pause
        self.patience: Patience | None = None
        self.requests = 0
        self._turns = threading.BoundedSemaphore(1 if pause else _AT_ONCE)
        self._not_before = 0.0

    def select(self, question: str, *, seconds: float | None = None) -> list[Row]:
        """Rows of a SELECT; ``seconds`` instead of the limit.

        Raises:
            GraphError: the endpoint cannot be reached, refuses, or does not answer as one.
            LimitReached: it takes too long or too much, or is too busy.
        """
        seconds = self.limits.seconds if seconds is None else seconds
        deadline = time.monotonic() + seconds
        reply = self.reply(question, seconds=seconds)
        rows = self._rows(reply)
        most = reply.headers.get("x-sparql-maxrows", "")
        if most.isdigit() and len(rows) >= int(most) > 0:
            return self._paged(question, reply, int(most), deadline=deadline)
        return rows

    def ask(self, question: str, *, seconds: float | None = None) -> bool:
        """Truth value of an ASK; raises as ``select``."""
        return self.truth(self.reply(question, seconds=seconds))

    def truth(self, reply: Reply) -> bool:
        """The truth value that an answer gives; Malformed where it gives none."""
        content = reply.content
        truth = content.get("boolean") if isinstance(content, dict) else None
        if truth is None and isinstance(content, dict) and _variables(content) == ["__ASK_RETVAL"]:
            return bool(self._rows(reply))  # Virtuoso 7: one row for yes, none for no
        if not isinstance(truth, bool):
            raise self._no_results(content)
        return truth

    def _paged(self, question: str, first: Reply, size: int, *, deadline: float) -> list[Row]:
        """All rows where the server gives only so many at once: in one order, page by page."""
        head = _PREFIXES.match(question)
        assert head is not None
        order = " ".join(f"?{name}" for name in _variables(first.content))
        # The order within and the page outside: Virtuoso refuses to sort far into a page.
        inner = f"SELECT * WHERE {{ {{ {question[head.end() :]} }} }} ORDER BY {order}"
        rows: list[Row] = []
        taken = 0
        while True:
            page = f"{head[0]}SELECT * WHERE {{ {{ {inner} }} }} LIMIT {size} OFFSET {len(rows)}"
            reply = self.reply(page, seconds=deadline - time.monotonic())
            found = self._rows(reply)
            rows += found
            taken += sum(len(term.text) for row in found for term in row.values())
            if taken > self.limits.bytes:
                raise TooLarge(f"{self.url} answered with more than {self.limits.bytes:,} bytes: ask less")
            if len(found) < size:
                return rows

    def _rows(self, reply: Reply) -> list[Row]:
        try:
            bindings = reply.content["results"]["bindings"]
            return [{name: _term(cell) for name, cell in row.items()} for row in bindings]
        except (KeyError, TypeError, AttributeError):
            raise self._no_results(reply.content) from None

    def _no_results(self, content: object) -> Malformed:
        return Malformed(
            f"{self.url} is no SPARQL endpoint: expected SPARQL results, found {str(content)[:80]!r}"
        )

    def reply(self, question: str, *, seconds: float | None = None) -> Reply:
        """What comes back, from the cache where it is kept; raises as ``select``."""
        if self.cache is not None:
            kept = self.cache.get(self.url, question)
            if isinstance(kept, dict) and isinstance(kept.get("headers"), dict):
                return Reply(kept.get("content"), kept["headers"])
        reply = self._patiently(question, self.limits.seconds if seconds is None else seconds)
        content = reply.content
        if (
            self.cache is not None
            and isinstance(content, dict)
            and ("results" in content or "boolean" in content)
        ):
            self.cache.put(self.url, question, {"content": content, "headers": dict(reply.headers)})
        return reply

    def _patiently(self, question: str, seconds: float) -> Reply:
        deadline = time.monotonic() + seconds
        for attempt in range(1, self.limits.attempts + 1):
            self._wait_for_turn(deadline)
            started = time.monotonic()
            try:
                self.requests += 1
                return self._within(deadline, lambda: self._send(question, deadline))
            except queue.Empty:
                raise TimedOut(
                    f"{self.url} did not answer within {seconds:g} s: ask less, or allow more"
                ) from None
            except Busy as busy:
                wait = busy.wait
                if wait is None:
                    wait = _AFTER_429 if busy.code == 429 else 2.0 ** (attempt - 1)
                self._not_before = max(self._not_before, time.monotonic() + wait)
                if attempt == self.limits.attempts or time.monotonic() + wait >= deadline:
                    raise self._too_busy(f" (HTTP {busy.code})") from None
            finally:
                if self.pause:
                    now = time.monotonic()
                    self._not_before = max(self._not_before, now + max(self.pause, now - started))
                self._turns.release()
        raise AssertionError("the last attempt returns or raises")

    def _wait_for_turn(self, deadline: float) -> None:
        """Until the server lets us ask again and not too many questions are under way."""
        if not self._turns.acquire(timeout=max(0.0, deadline - time.monotonic())):
            raise TooBusy(f"{_AT_ONCE} questions are under way at {self.url}: ask again later", wait=1.0)
        while (wait := self._not_before - time.monotonic()) > 0:
            if self._not_before >= deadline:
                self._turns.release()
                raise self._too_busy()
            time.sleep(wait)

    def _too_busy(self, why: str = "") -> TooBusy:
        wait = max(0.0, self._not_before - time.monotonic())
        return TooBusy(f"{self.url} is busy{why}, wait {wait:.0f} s and try again", wait=wait)

    def _send(self, question: str, deadline: float) -> Reply:
        return send(
            self.url,
            question,
            agent=self.agent,
            deadline=deadline,
            bytes=self.limits.bytes,
            patience=self.patience,
        )

    def _within(self, deadline: float, work: Callable[[], Reply]) -> Reply:
        """Run it in a thread of its own, so that not even a stalled read holds us up past the deadline.

        Raises:
            queue.Empty: it is past.
        """
        done: queue.SimpleQueue[Reply | BaseException] = queue.SimpleQueue()

        def run() -> None:
            try:
                done.put(work())
            except BaseException as error:  # carried over to the thread that waits, and raised there
                done.put(error)

        threading.Thread(target=run, daemon=True, name="kgqa-sparql").start()
        result = done.get(timeout=max(deadline - time.monotonic(), 0.0))
        if isinstance(result, BaseException):
            raise result
        return result


def _variables(content: Any) -> list[str]:
    try:
        return [str(name) for name in content["head"]["vars"]]
    except (KeyError, TypeError):
        return []


def _term(cell: Mapping[str, str]) -> Term:
    kind, text = cell["type"], cell["value"]
    if kind == "uri":
        return Term(text, is_iri=True)
    if kind == "bnode":
        return Term(f"_:{text}", is_iri=True)
    datatype = cell.get("datatype")
    if datatype == _GEOMETRY:
        datatype = WKT
    elif datatype is not None and datatype.startswith(f"{XSD}date"):
        text = _SHORT_YEAR.sub(lambda year: f"{year[1]}{year[2]:0>4}-", text)
    return Term(text, datatype=datatype, language=cell.get("xml:lang"))
