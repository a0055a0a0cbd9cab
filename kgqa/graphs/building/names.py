"""Writing the index of names, and that of the words that they are made of, in bounded memory.

tantivy merges what it has written in threads of its own, which take as much memory as there are names. So it
is given no occasion: an index is ended before it has enough pieces to merge, the next one begun, and the
pieces of all are put together in the end, which costs nothing. More memory makes fewer, larger pieces.
"""

from __future__ import annotations

import ctypes
import json
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from types import TracebackType

import tantivy

from grammar.errors import GraphError
from kgqa.graphs import spellings
from kgqa.graphs.arrays import ArrayWriter
from kgqa.graphs.building.spellings import WordCounts
from kgqa.graphs.name_index import (
    AMONG,
    INITIALS,
    LONGEST,
    OWNER_BITS,
    TIERS,
    Entry,
    files_of,
    name_schema,
    order_of,
    tier_of,
)
from kgqa.graphs.names import initials, initials_key, normalise
from kgqa.graphs.protocol import Among

LEAST_FOR_NAMES = 110_000_000
"""With less to take than this, it takes this."""

_BESIDE = 60_000_000
"""What waits to be indexed, and what the build still holds."""
_HEAP, _COUNTED = 1 / 2, 0.1
"""Which part of the rest tantivy may fill before it writes a piece; and which part of all holds words.
Writing takes a third more, and what lies between the memory that it keeps is lost: more with every piece."""
_LEAST_HEAP, _MOST_HEAP = 33_000_000, 4_000_000_000
"""Of what it may fill tantivy takes 15 MB before it has a document; more than 32 bits count it refuses."""
_MOST_PIECES = 4
"""tantivy merges eight of about the same size; up to two more may be under way when these are seen."""
_LOOK_AFTER = 1 << 14  # documents
_KNOWN = 5
"""Facts from which on somebody or something may be called by initials."""
_ARENA_MAX = -8  # of glibc's malloc.h
_META, _MANAGED = "meta.json", ".managed.json"


def write_names(folder: Path, entries: Iterable[Entry], *, memory: int) -> list[Path]:
    """Write the index into a new folder.

    Args:
        entries: in any order; they are taken one at a time.
        memory: about how many bytes to take; ``LEAST_FOR_NAMES`` if that is more.

    Returns:
        The files written.

    Raises:
        GraphError: it cannot be written.
    """
    memory = max(memory, LEAST_FOR_NAMES)
    heap = min(max(int((memory - _BESIDE) * _HEAP), _LEAST_HEAP), _MOST_HEAP)
    words_folder = folder / spellings.FOLDER
    folder.mkdir()
    words_folder.mkdir()
    with tempfile.TemporaryDirectory(prefix=".words-", dir=folder) as scratch:
        counts = {among: WordCounts(Path(scratch), memory=int(memory * _COUNTED)) for among in AMONG}
        with _Pieces(folder, name_schema(), heap) as pieces:
            for entry in _with_initials(entries):
                _add(entry, pieces, counts)
        arrays = ArrayWriter(words_folder)
        with _Pieces(words_folder, spellings.spelling_schema(), heap) as pieces:
            for among in AMONG:
                arrays.texts(spellings.array_of(among), _indexed(among, counts[among].read(), pieces))
    return [*files_of(folder), *files_of(words_folder)]


def _add(entry: Entry, pieces: _Pieces, counts: dict[Among, WordCounts]) -> None:
    """Index a name, and count its words."""
    name = normalise(entry.text)[:LONGEST]
    if not name or entry.place > INITIALS:
        return
    if entry.owner >= 1 << OWNER_BITS:
        raise GraphError(f"expected at most {1 << OWNER_BITS:,} entities, found more")
    tier = tier_of(min(entry.degree.bit_length(), TIERS - 1))
    words = name.split()
    in_tier = tier + f" {tier}".join(words)
    document = tantivy.Document()
    for among in (entry.among, "types") if entry.is_type else (entry.among,):
        document.add_text(f"{among}_name", name)
        if entry.place != INITIALS:
            document.add_text(f"{among}_word", name)
            document.add_text(f"{among}_tier", in_tier)
            counts[among].add(set(words))
    document.add_unsigned("order", order_of(entry))
    pieces.add(document)


def _indexed(among: Among, words: Iterable[tuple[bytes, int]], pieces: _Pieces) -> Iterator[bytes]:
    """The words, indexed on the way."""
    for number, (word, count) in enumerate(words):
        document = tantivy.Document()
        document.add_text(among, word.decode())
        document.add_unsigned("order", spellings.order_of(count, number))
        pieces.add(document)
        yield word


def _with_initials(entries: Iterable[Entry]) -> Iterator[Entry]:
    for entry in entries:
        yield entry
        if entry.place == 0 and entry.among == "entities" and entry.degree >= _KNOWN:
            letters = initials(entry.text)
            if letters is not None:
                yield entry._replace(place=INITIALS, text=initials_key(letters), is_type=False)


class _Pieces:
    """An index that is written piece by piece, none of which is ever merged with others."""

    def __init__(self, folder: Path, schema: tantivy.Schema, heap: int) -> None:
        self._folder, self._schema, self._heap = folder, schema, heap
        self._parts: list[Path] = []
        self._documents = 0
        self._writer: tantivy.IndexWriter | None = None

    def __enter__(self) -> _Pieces:
        self._begin()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is None:
            self._end()
            _unite(self._parts, self._folder)
        self._writer = None  # an error keeps this alive, but nothing must go on writing

    def add(self, document: tantivy.Document) -> None:
        """Take the next document."""
        assert self._writer is not None
        try:
            self._writer.add_document(document)
        except ValueError as error:
            raise self._unwritable(error) from None
        self._documents += 1
        if self._documents % _LOOK_AFTER == 0 and len(list(self._parts[-1].glob("*.term"))) >= _MOST_PIECES:
            self._end()
            self._begin()

    def _begin(self) -> None:
        part = self._folder / f"part-{len(self._parts)}"
        part.mkdir()
        self._parts.append(part)
        _give_back()
        try:
            index = tantivy.Index(self._schema, path=str(part), reuse=False)
            index.register_tokenizer(
                "whitespace", tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.whitespace()).build()
            )
            self._writer = index.writer(heap_size=self._heap, num_threads=1)
        except ValueError as error:
            raise self._unwritable(error) from None

    def _end(self) -> None:
        assert self._writer is not None
        try:
            self._writer.commit()
            self._writer.wait_merging_threads()
        except ValueError as error:
            raise self._unwritable(error) from None
        self._writer = None

    def _unwritable(self, error: ValueError) -> GraphError:
        return GraphError(f"{self._folder} cannot be written ({error}): make room, or name another place")


def _unite(parts: list[Path], folder: Path) -> None:
    """Make one index of several: its pieces are those of all, and no file is written anew."""
    metas = [json.loads((part / _META).read_text(encoding="utf-8")) for part in parts]
    managed = [name for part in parts for name in json.loads((part / _MANAGED).read_text(encoding="utf-8"))]
    for part in parts:
        for path in part.iterdir():
            path.chmod(0o644)  # some of them keep others out
            path.replace(folder / path.name)
        part.rmdir()
    united = {**metas[0], "segments": [piece for meta in metas for piece in meta["segments"]]}
    (folder / _META).write_text(json.dumps(united), encoding="utf-8")
    (folder / _MANAGED).write_text(json.dumps(list(dict.fromkeys(managed))), encoding="utf-8")


def share_one_store() -> None:
    """Have all threads of this process, from now on, take memory from one store: with one each, as glibc has
    it, what a thread of tantivy has freed is of no use to the next one.

    For a process that only builds: it makes threads wait for each other.
    """
    with suppress(AttributeError, OSError, TypeError):  # another C library, another system
        ctypes.CDLL(None).mallopt(_ARENA_MAX, 1)


def _give_back() -> None:
    """Return memory that is free but kept by the C library (glibc keeps it until asked)."""
    with suppress(AttributeError, OSError, TypeError):
        ctypes.CDLL(None).malloc_trim(0)
