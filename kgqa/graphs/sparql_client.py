"""Questions to a SPARQL endpoint over HTTP, with one deadline for everything that one takes.

SPARQLWrapper sends them. Its time limit is for a single read, it does not try again, and an answer cut off
by the server reaches its JSON parser; so the deadline, the retries and the reading are here.
"""

from __future__ import annotations

import contextlib
import email.utils
import http.client
import json
import queue
import threading
import time
import urllib.error
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from SPARQLWrapper import GET, JSON, POST, SPARQLExceptions, SPARQLWrapper
from SPARQLWrapper import __version__ as wrapper_version

from grammar.errors import GraphError, LimitReached
from kgqa import __version__
from kgqa.graphs.rdf_terms import Term

Row: TypeAlias = Mapping[str, Term]
"""Variable -> what it is bound to; unbound ones are left out."""

_LONGEST_GET = 1_500
"""Characters; some servers and proxies cut addresses off not far above."""
_BUSY = frozenset((429, 502, 503, 504))
_CHUNK = 1 << 16


@dataclass(frozen=True, slots=True)
class Limits:
    """How long one question may take in all (seconds), how often it is tried, how much may come back."""

    seconds: float = 60.0
    attempts: int = 4
    bytes: int = 256 * 1024 * 1024


class _Busy(Exception):
    """The server asks for patience; ``wait`` in seconds, None if it does not say how long."""

    def __init__(self, code: int, wait: float | None) -> None:
        super().__init__(code)
        self.code = code
        self.wait = wait


class SparqlClient:
    """One endpoint. ``contact`` (an address) goes into the User-Agent: public services ask for it."""

    def __init__(self, url: str, *, limits: Limits | None = None, contact: str | None = None) -> None:
        self.url = url
        self.limits = limits or Limits()
        about = f"; {contact}" if contact else ""
        self.agent = f"kgqa/{__version__} (question answering{about}) SPARQLWrapper/{wrapper_version}"

    def select(self, text: str) -> list[Row]:
        """Rows of a SELECT.

        Raises:
            GraphError: the endpoint cannot be reached or does not answer as one.
            LimitReached: it took too long.
        """
        answer = self._ask(text)
        try:
            return [
                {name: _term(cell) for name, cell in row.items()} for row in answer["results"]["bindings"]
            ]
        except (KeyError, TypeError, AttributeError):
            raise self._no_results(answer) from None

    def ask(self, text: str) -> bool:
        """Truth value of an ASK; raises as ``select``."""
        answer = self._ask(text)
        truth = answer.get("boolean") if isinstance(answer, dict) else None
        if not isinstance(truth, bool):
            raise self._no_results(answer)
        return truth

    def _no_results(self, answer: object) -> GraphError:
        return GraphError(
            f"{self.url} is no SPARQL endpoint: expected SPARQL results, found {str(answer)[:80]!r}"
        )

    def _ask(self, text: str) -> Any:
        deadline = time.monotonic() + self.limits.seconds
        for attempt in range(1, self.limits.attempts + 1):
            try:
                body = self._within(deadline, lambda: self._send(text, deadline))
            except _Busy as busy:
                wait = 2.0 ** (attempt - 1) if busy.wait is None else busy.wait
                if attempt == self.limits.attempts or time.monotonic() + wait >= deadline:
                    raise LimitReached(
                        f"{self.url} is busy (HTTP {busy.code}), wait {wait:.0f} s and try again"
                    ) from None
                time.sleep(wait)
                continue
            try:
                return json.loads(body)
            except ValueError:
                if body.lstrip()[:1] == b"{":  # a server that runs out of time stops in the middle
                    raise LimitReached(
                        f"{self.url} broke its answer off, the question takes too long there"
                    ) from None
                raise GraphError(
                    f"{self.url} is no SPARQL endpoint: expected JSON results, found {body[:60]!r}"
                ) from None
        raise AssertionError("the last attempt returns or raises")

    def _within(self, deadline: float, work: Callable[[], bytes]) -> bytes:
        """Run it in a thread of its own, so that not even a stalled read holds us up past the deadline."""
        done: queue.SimpleQueue[bytes | BaseException] = queue.SimpleQueue()

        def run() -> None:
            try:
                done.put(work())
            except BaseException as error:  # carried over to the thread that waits, and raised there
                done.put(error)

        threading.Thread(target=run, daemon=True, name="kgqa-sparql").start()
        try:
            result = done.get(timeout=max(deadline - time.monotonic(), 0.0))
        except queue.Empty:
            raise self._too_slow() from None
        if isinstance(result, BaseException):
            raise result
        return result

    def _too_slow(self) -> LimitReached:
        return LimitReached(
            f"{self.url} did not answer within {self.limits.seconds:g} s: ask less, or allow more"
        )

    def _send(self, text: str, deadline: float) -> bytes:
        wrapper = SPARQLWrapper(self.url, agent=self.agent)
        wrapper.setReturnFormat(JSON)
        wrapper.setOnlyConneg(True)
        wrapper.setTimeout(max(1, int(deadline - time.monotonic()) + 1))
        wrapper.setMethod(GET if len(text) < _LONGEST_GET else POST)
        wrapper.setQuery(text)
        try:
            with contextlib.closing(wrapper.query().response) as response:
                parts, size = [], 0
                while part := response.read(_CHUNK):
                    parts.append(part)
                    size += len(part)
                    if time.monotonic() > deadline:
                        raise self._too_slow()
                    if size > self.limits.bytes:
                        most = f"{self.limits.bytes:,}"
                        raise LimitReached(f"{self.url} answered with more than {most} bytes: ask less")
                return b"".join(parts)
        except urllib.error.HTTPError as error:
            error.close()
            if error.code in _BUSY:
                raise _Busy(error.code, _retry_after(error.headers.get("Retry-After"))) from None
            raise GraphError(f"{self.url} answered HTTP {error.code} {error.reason}") from None
        except SPARQLExceptions.EndPointNotFound as error:
            _close(error)
            raise GraphError(f"{self.url} was not found (HTTP 404): is the address right?") from None
        except SPARQLExceptions.EndPointInternalError as error:
            _close(error)
            if "timeout" in str(error).lower():
                raise LimitReached(f"{self.url} ran out of its own time for the question") from None
            raise GraphError(f"{self.url} failed (HTTP 500): {_first_line(error)}") from None
        except SPARQLExceptions.SPARQLWrapperException as error:
            _close(error)
            raise GraphError(f"{self.url} refused the question: {_first_line(error)}") from None
        except TimeoutError:
            raise self._too_slow() from None
        except http.client.IncompleteRead:
            raise LimitReached(
                f"{self.url} broke its answer off, the question takes too long there"
            ) from None
        except (OSError, http.client.HTTPException, ValueError) as error:
            if isinstance(getattr(error, "reason", None), TimeoutError):
                raise self._too_slow() from None
            raise GraphError(f"{self.url} cannot be reached: {getattr(error, 'reason', error)}") from None


def _close(error: SPARQLExceptions.SPARQLWrapperException) -> None:
    """Close the response behind an error, which SPARQLWrapper leaves open."""
    if isinstance(error.__context__, urllib.error.HTTPError):
        error.__context__.close()


def _first_line(error: Exception) -> str:
    lines = [line.strip() for line in str(error).replace("\\n", "\n").splitlines() if line.strip()]
    return " ".join(lines)[:200]


def _retry_after(text: str | None) -> float | None:
    """Seconds to wait, from a number or a date."""
    if not text:
        return None
    if text.strip().isdigit():
        return float(text)
    try:
        return max(0.0, email.utils.parsedate_to_datetime(text).timestamp() - time.time())
    except ValueError:
        return None


def _term(cell: Mapping[str, str]) -> Term:
    kind, text = cell["type"], cell["value"]
    if kind == "uri":
        return Term(text, is_iri=True)
    if kind == "bnode":
        return Term(f"_:{text}", is_iri=True)
    return Term(text, datatype=cell.get("datatype"), language=cell.get("xml:lang"))
