"""RDF files as a stream of triples, in memory that does not grow with them.

N-Triples, N-Quads, Turtle and TriG go on behind a malformed line; RDF/XML and JSON-LD end there.
"""

from __future__ import annotations

import io
import itertools
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, TypeAlias

import pyoxigraph as ox

from grammar.errors import GraphError
from kgqa.graphs.rdf_terms import ALIASES, DESCRIPTIONS, LABELS, Term, format_of
from kgqa.graphs.readers.languages import Said
from kgqa.graphs.readers.lines import LONGEST
from kgqa.graphs.readers.packed import CutOff, open_packed
from kgqa.graphs.readers.reading import Reading

Node: TypeAlias = ox.NamedNode | ox.BlankNode | ox.Literal

WINDOW = 100_000
"""Triples that are held, so that those of one subject need not quite stand together."""

_FORMATS = {
    "nt": ox.RdfFormat.N_TRIPLES,
    "nquads": ox.RdfFormat.N_QUADS,
    "turtle": ox.RdfFormat.TURTLE,
    "trig": ox.RdfFormat.TRIG,
    "xml": ox.RdfFormat.RDF_XML,
    "json-ld": ox.RdfFormat.JSON_LD,
}
_GO_ON = ("nt", "nquads", "turtle", "trig")
_PLACE = re.compile(r"^Parser error at .*?: ")
_PROBE = 200
_CHUNK = 1 << 20
_TRUST = {
    relation: trust
    for relations in (LABELS, ALIASES, DESCRIPTIONS)
    for trust, relation in enumerate(relations)
}
OF_NAMES = frozenset(_TRUST)
"""Relations that give words."""


class Triple(NamedTuple):
    """One triple of any graph in the file; a blank subject starts with ``_:``."""

    subject: str
    relation: str
    thing: Node


@dataclass(slots=True)
class Sieve:
    """Which lines of N-Triples to empty before they are parsed, at a tenth of the cost.

    It may be set while reading, when a file has shown what it is.
    """

    dropped: re.Pattern[bytes] | None = None


def triples_of(path: Path, reading: Reading, sieve: Sieve | None = None) -> Iterator[Triple]:
    """The triples of an RDF file, in its order.

    Raises:
        GraphError: it cannot be read, or is not in the format that its name says.
    """
    written = format_of(path) or ""
    found = broken = 0
    try:
        with _Whole(path, reading, sieve or Sieve()) as whole:
            quads = ox.parse(
                io.BufferedReader(whole, _CHUNK), format=_FORMATS[written], base_iri=path.resolve().as_uri()
            )
            while True:
                try:
                    subject, relation, thing, _ = next(quads)
                except StopIteration:
                    break
                except SyntaxError as error:
                    broken += 1
                    if found == 0 and (broken == _PROBE or written not in _GO_ON):
                        raise
                    _name_broken(path, reading, error, goes_on=written in _GO_ON)
                    if written not in _GO_ON:
                        return
                    if found == 0 and broken == 1:
                        first = error
                    continue
                found += 1
                if isinstance(thing, ox.Triple):
                    reading.skips.leave_out("triple about a triple")
                    continue
                yield Triple(name_of_node(subject), relation.value, thing)
            if whole.cut and found:
                reading.skips.add(
                    path, None, f"the file breaks off ({whole.cut})", kind="file that breaks off"
                )
            elif whole.cut:
                raise OSError(whole.cut)
            elif broken and not found:
                raise first
    except (OSError, SyntaxError) as error:
        reason = " ".join(str(error).split())[:200]
        raise GraphError(f"{path} cannot be read as {written}: {reason}") from None


def name_of_node(node: object) -> str:
    """An IRI as it is, a blank node behind ``_:``."""
    if isinstance(node, ox.NamedNode):
        return node.value
    return str(node)


def term_of_node(node: Node) -> Term:
    """A node as a term."""
    if isinstance(node, ox.Literal):
        datatype = node.datatype.value if node.language is None else None
        return Term(node.value, datatype=datatype, language=node.language)
    return Term(name_of_node(node), is_iri=True)


def by_subject(triples: Iterable[Triple]) -> Iterator[tuple[str, list[Triple]]]:
    """Triples of one subject together, as far as ``WINDOW`` reaches; a subject may come again after that."""
    held: dict[str, list[Triple]] = {}
    count = 0
    for triple in triples:
        held.setdefault(triple.subject, []).append(triple)
        count += 1
        while count >= WINDOW:
            subject = next(iter(held))
            oldest = held.pop(subject)
            count -= len(oldest)
            yield subject, oldest
    yield from held.items()


def words_of(triples: Iterable[Triple], reading: Reading) -> tuple[str | None, list[str], str | None]:
    """Label, aliases and description of one subject."""
    said: dict[str, list[Said]] = {}
    for _, relation, thing in triples:
        if relation in OF_NAMES and isinstance(thing, ox.Literal) and thing.value.strip():
            said.setdefault(relation, []).append(Said(thing.value, thing.language or "", _TRUST[relation]))
    labels, aliases, descriptions = (
        list(itertools.chain.from_iterable(said.get(relation, ()) for relation in relations))
        for relations in (LABELS, ALIASES, DESCRIPTIONS)
    )
    return reading.languages.words(labels, aliases, descriptions)


def _name_broken(path: Path, reading: Reading, error: SyntaxError, *, goes_on: bool) -> None:
    reason = _PLACE.sub("", " ".join(str(error.msg).split()))[:200]  # the place is told anyway
    kind = "malformed line" if goes_on else "file that breaks off"
    reading.skips.add(path, error.lineno, reason, kind=kind)


class _Whole(io.RawIOBase):
    """The bytes of a file up to a cut, as if it were whole: an error would cost what is parsed already."""

    def __init__(self, path: Path, reading: Reading, sieve: Sieve) -> None:
        self._file = open_packed(path, reading)
        self._sieve = sieve
        self._ready = self._rest = b""
        self.cut: str | None = None

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        while not self._ready:
            part = self._read()
            if self._sieve.dropped is None or len(self._rest) > LONGEST:
                self._ready, self._rest = self._rest + part, b""
            else:  # whole lines only; the last one waits for its end
                lines, end, rest = (self._rest + part).rpartition(b"\n")
                self._ready = self._sieve.dropped.sub(b"", lines) + end if part else self._rest
                self._rest = rest if part else b""
            if not part:
                break
        size = min(len(self._ready), len(buffer))
        buffer[:size], self._ready = self._ready[:size], self._ready[size:]
        return size

    def _read(self) -> bytes:
        try:
            return self._file.read1(_CHUNK)
        except (OSError, CutOff) as error:
            self.cut = str(error)
            return b""

    def close(self) -> None:
        self._file.close()
        super().close()
