"""One request to a SPARQL endpoint over HTTP, and what may come back instead of an answer.

SPARQLWrapper writes and sends it. Its time limit is for a single read, and an answer cut off by the server
reaches its JSON parser; so the deadline, the reading and the errors are here.
"""

from __future__ import annotations

import contextlib
import email.utils
import http.client
import json
import time
import urllib.error
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol
from urllib.parse import parse_qsl, urlsplit

from SPARQLWrapper import GET, JSON, POST, SPARQLExceptions, SPARQLWrapper

from grammar.errors import Malformed, Refused, TimedOut, TooLarge, Unreachable

_LONGEST_GET = 1_500
"""Characters; some servers and proxies cut addresses off not far above."""
_BUSY = frozenset((429, 502, 503, 504))
_CHUNK = 1 << 16
_TOLD = (
    "server",
    "x-sparql-maxrows",
    "x-sql-state",
    "x-served-by",
    "fuseki-request-id",
    "x-first-solution-millis",
)
"""Headers that say something about an answer or the store."""
_NEAR_THE_END = 12
"""Characters before the end of a JSON text within which its parser notices that the rest is missing."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back: the JSON content, and the headers that say something (names in lower case)."""

    content: Any
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Patience:
    """How a store is told how long somebody waits: the name of a parameter or header, its unit in seconds."""

    name: str
    unit: float
    is_header: bool = False

    def text(self, seconds: float) -> str:
        """The whole number of units, at least one."""
        return str(max(1, round(seconds / self.unit)))


class Busy(Exception):
    """The server asks for patience; ``wait`` in seconds, None if it does not say how long."""

    def __init__(self, code: int, wait: float | None) -> None:
        super().__init__(code)
        self.code = code
        self.wait = wait


class _Response(Protocol):
    def read(self, size: int, /) -> bytes: ...


def send(
    url: str, question: str, *, agent: str, deadline: float, bytes: int, patience: Patience | None = None
) -> Reply:
    """Send one question; parameters in the address (such as default-graph-uri) go with it.

    Args:
        deadline: as ``time.monotonic``; seen to between reads, a stalled read is its caller's to leave.
        bytes: the most that is read, unpacked.

    Raises:
        Busy: the server asks for patience.
        GraphError, LimitReached: one of the kinds for endpoints (``grammar.errors``).
    """
    left = deadline - time.monotonic()
    wrapper = SPARQLWrapper(url.partition("?")[0], agent=agent)
    wrapper.setReturnFormat(JSON)
    wrapper.setOnlyConneg(True)
    wrapper.setTimeout(max(1, int(left) + 1))
    wrapper.setMethod(GET if len(question) < _LONGEST_GET else POST)
    wrapper.addCustomHttpHeader("Accept-Encoding", "gzip")
    for name, value in parse_qsl(urlsplit(url).query):
        wrapper.addParameter(name, value)
    if patience is not None:
        add = wrapper.addCustomHttpHeader if patience.is_header else wrapper.addParameter
        add(patience.name, patience.text(left))
    wrapper.setQuery(question)
    with _told(url), contextlib.closing(wrapper.query().response) as response:
        headers = {name.lower(): value for name, value in response.headers.items()}
        body = _read(url, response, headers, deadline=deadline, most=bytes)
    if headers.get("x-sql-state") == "S1TAT":  # Virtuoso gives what it has when its time is over
        raise TimedOut(f"{url} ran out of its own time for the question")
    return Reply(_content(url, body), {name: headers[name] for name in _TOLD if name in headers})


def _read(url: str, response: _Response, headers: Mapping[str, str], *, deadline: float, most: int) -> bytes:
    packed = headers.get("content-encoding", "").lower() == "gzip"
    unpack = zlib.decompressobj(zlib.MAX_WBITS | 16) if packed else None
    parts, size = [], 0
    while part := response.read(_CHUNK):
        if time.monotonic() > deadline:
            raise _too_slow(url)
        if unpack is not None:
            part = unpack.decompress(part, most + 1)  # no more, however small it was packed
        parts.append(part)
        size += len(part)
        if size > most:
            raise TooLarge(f"{url} answered with more than {most:,} bytes: ask less")
    if unpack is not None and not unpack.eof:
        raise _broken_off(url)
    return b"".join(parts)


def _too_slow(url: str) -> TimedOut:
    return TimedOut(f"{url} did not answer in time: ask less, or allow more seconds")


def _broken_off(url: str) -> TimedOut:
    return TimedOut(f"{url} broke its answer off, the question takes too long there")


def _content(url: str, body: bytes) -> Any:
    try:
        return json.loads(body)
    except json.JSONDecodeError as error:
        # A server that runs out of time stops in the middle; some then write down why.
        cut = error.msg.startswith("Unterminated") or error.pos >= len(error.doc) - _NEAR_THE_END
        if body.lstrip()[:1] == b"{" and (cut or b"imeout" in body[-20_000:]):
            raise _broken_off(url) from None
    except (ValueError, RecursionError):  # no Unicode, or nested without end
        pass
    raise Malformed(f"{url} is no SPARQL endpoint: expected JSON results, found {body[:60]!r}")


@contextlib.contextmanager
def _told(url: str) -> Iterator[None]:
    """Errors of the libraries below as ours."""
    try:
        yield
    except urllib.error.HTTPError as error:
        said = _first_line(error.read(4_096).decode(errors="replace"))
        error.close()
        after = error.headers.get("Retry-After")
        _see_if_time(url, said if after is None else "")
        if error.code in _BUSY or after is not None:
            raise Busy(error.code, _retry_after(after)) from None
        if error.code < 500:
            raise Refused(f"{url} refused the question (HTTP {error.code} {error.reason}): {said}") from None
        raise Unreachable(f"{url} failed (HTTP {error.code} {error.reason}): {said}") from None
    except SPARQLExceptions.EndPointNotFound as error:
        _close(error)
        raise Refused(f"{url} was not found (HTTP 404): is the address right?") from None
    except SPARQLExceptions.EndPointInternalError as error:
        wait = _close(error)
        if wait is not None:
            raise Busy(500, wait) from None
        said = _first_line(str(error))
        _see_if_time(url, said)
        raise Unreachable(f"{url} failed (HTTP 500): {said}") from None
    except SPARQLExceptions.SPARQLWrapperException as error:
        _close(error)
        raise Refused(f"{url} refused the question: {_first_line(str(error))}") from None
    except TimeoutError:
        raise _too_slow(url) from None
    except (http.client.IncompleteRead, zlib.error):
        raise _broken_off(url) from None
    except (OSError, http.client.HTTPException, ValueError) as error:
        reason = getattr(error, "reason", error)
        if isinstance(reason, TimeoutError):
            raise _too_slow(url) from None
        raise Unreachable(f"{url} cannot be reached: {reason}") from None


def _see_if_time(url: str, said: str) -> None:
    """Stores say in many ways (400, 429, 500, 503) that a question took them too long."""
    words = said.lower()
    if "timeout" in words or "timed out" in words or "time limit" in words:
        raise TimedOut(f"{url} ran out of its own time for the question")


def _close(error: SPARQLExceptions.SPARQLWrapperException) -> float | None:
    """Close the response behind an error, which SPARQLWrapper leaves open; how long it asks to wait."""
    if not isinstance(error.__context__, urllib.error.HTTPError):
        return None
    error.__context__.close()
    return _retry_after(error.__context__.headers.get("Retry-After"))


def _first_line(text: str) -> str:
    lines = [line.strip() for line in text.replace("\\n", "\n").splitlines() if line.strip()]
    return " ".join(lines)[:300]


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
