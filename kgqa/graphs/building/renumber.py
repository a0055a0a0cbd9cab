"""From the places that names and values have in their chunk to their numbers in the whole graph.

Every chunk's names are sorted when it comes in; at the end all sorted runs are merged into one order, and
what is noted for every chunk is one array: the number of its first, second, ... name in sorted order. So no
table of all names is ever in memory.
"""

from __future__ import annotations

import heapq
import math
import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from grammar.denotation import IntArray
from grammar.values import Value
from kgqa.graphs.arrays import Array, ColumnWriter, RaggedWriter, Strings, batched, pointers_of
from kgqa.graphs.building.sorting import Rows, Runs, distinct, order_of
from kgqa.graphs.building.spool import Scratch, Segment, Spool

_PIECE = 1 << 20  # bytes
_ROW_BYTES = 100
"""About what one row of a merge takes at its peak."""


class Numbers:
    """For every chunk the numbers of its things, in sorted order, written in ascending order."""

    def __init__(self, spool: Spool) -> None:
        self._spool = spool
        self._segments: list[Segment] = []
        self._filled: list[int] = []

    def reserve(self, count: int) -> None:
        """Room for the next chunk."""
        self._segments.append(self._spool.reserve(count, np.dtype(np.int64)))
        self._filled.append(0)

    def extend(self, chunk: int, numbers: Array) -> None:
        """The next numbers of a chunk."""
        self._spool.write(self._segments[chunk], self._filled[chunk], numbers)
        self._filled[chunk] += len(numbers)

    def of(self, chunk: int) -> IntArray:
        """All numbers of a chunk."""
        return self._spool.read(self._segments[chunk])

    def close(self) -> None:
        """Delete the file."""
        self._spool.close()


class NameRuns:
    """Names of all chunks in their order: shorter ones first, then by their bytes.

    Names of one length are rows of one width, so that they are sorted and merged as arrays.
    """

    def __init__(self, scratch: Scratch) -> None:
        self._spool = scratch.spool("names")
        self._runs: dict[int, Runs] = {}
        self._chunks = 0
        self.count = 0
        """Names taken; what several chunks name counts several times."""
        self.with_iris = False
        """Whether any of them may be an IRI."""
        self.numbers = Numbers(scratch.spool("names.numbers"))

    def add(self, names: Strings) -> IntArray:
        """Take the names of the next chunk; says for each, [n], at which place in sorted order it is."""
        places = np.empty(len(names), dtype=np.int64)
        starts = pointers_of(names.lengths)
        by_length = np.argsort(names.lengths, kind="stable")
        lengths, firsts = np.unique(names.lengths[by_length], return_index=True)
        done = 0
        for length, own in zip(lengths.tolist(), np.split(by_length, firsts[1:]), strict=True):
            rows = _as_rows(names.blob, starts[own], length)
            order = order_of(rows)
            rows = rows[order]
            if not distinct(rows).all():
                raise ValueError("a chunk has a name twice")
            places[own[order]] = np.arange(done, done + len(own))
            done += len(own)
            self._runs.setdefault(length, Runs(self._spool, rows.shape[1])).add(rows, self._chunks)
        self.numbers.reserve(len(names))
        self._chunks += 1
        self.count += len(names)
        self.with_iris = self.with_iris or bool((names.blob == ord(":")).any())
        return places

    def merge(self, writer: RaggedWriter, *, memory: int) -> int:
        """Write all names in order, fill ``numbers``, and say how many names there are."""
        count = 0
        for length, runs in sorted(self._runs.items()):
            width = _words(length)
            for pieces in runs.merged(memory // (_ROW_BYTES + 24 * width)):
                rows = np.concatenate(pieces)
                order = order_of(rows)
                rows = rows[order]
                new = distinct(rows)
                numbers = np.empty(len(rows), dtype=np.int64)
                numbers[order] = np.cumsum(new) + (count - 1)
                rows = rows[new]
                count += len(rows)
                writer.append(np.full(len(rows), length), _as_bytes(rows, length))
                ends = np.cumsum([len(piece) for piece in pieces])
                for chunk, own in zip(runs.owners, np.split(numbers, ends[:-1]), strict=True):
                    self.numbers.extend(chunk, own)
        self._spool.close()
        return count


def _words(length: int) -> int:
    return max(-(-length // 8), 1)


def _as_rows(blob: Array, starts: IntArray, length: int) -> Rows:
    """Texts of one length as words that sort as their bytes do."""
    words = _words(length)
    rows = np.zeros((len(starts), 8 * words), dtype=np.uint8)
    piece = max(_PIECE // (8 * words), 1)
    for first in range(0, len(starts), piece):
        some = slice(first, first + piece)
        rows[some, :length] = blob[starts[some, np.newaxis] + np.arange(length)]
    return rows.view(">u8").astype(np.uint64)


def _as_bytes(rows: Rows, length: int) -> Array:
    """The inverse: bytes one after the other, uint8."""
    return rows.astype(">u8").view(np.uint8).reshape(len(rows), -1)[:, :length].reshape(-1)


_HEAD = struct.Struct("<bddI")
"""Of a value on disk: kind, span, how many bytes are written."""
_Key: TypeAlias = tuple[int, bool, float, bytes]
_VALUES = 1 << 14


@dataclass(frozen=True, slots=True)
class LiteralWriter:
    """Where values go: what is written, and where they lie."""

    texts: RaggedWriter
    kinds: ColumnWriter
    low: ColumnWriter
    high: ColumnWriter


class LiteralRuns:
    """Values of all chunks in their order: by kind, along their line, by what is written."""

    def __init__(self, scratch: Scratch) -> None:
        self._spool = scratch.spool("literals")
        self._runs: list[Segment] = []
        self.numbers = Numbers(scratch.spool("literals.numbers"))

    def add(self, literals: Sequence[Value]) -> IntArray:
        """Take the values of the next chunk; says for each, [n], at which place in sorted order it is."""
        keys = [_along_the_line(value) for value in literals]
        order = sorted(range(len(keys)), key=keys.__getitem__)
        written = b"".join(
            _HEAD.pack(literals[row].kind, *literals[row].span, len(keys[row][3])) + keys[row][3]
            for row in order
        )
        self._runs.append(self._spool.append(np.frombuffer(written, dtype=np.uint8)))
        self.numbers.reserve(len(literals))
        places = np.empty(len(literals), dtype=np.int64)
        places[order] = np.arange(len(order))
        return places

    def merge(self, writer: LiteralWriter, *, memory: int) -> int:
        """Write all values in order, fill ``numbers``, and say how many values there are."""
        count, last = 0, None
        # Half of it for bytes, half for what is made of them.
        piece = max(memory // 16 // max(len(self._runs), 1), 256)
        runs = [self._read(chunk, piece) for chunk in range(len(self._runs))]
        for several in batched(heapq.merge(*runs), _VALUES):
            new = []
            numbers: dict[int, list[int]] = {}
            for key, chunk, low, high in several:
                if key != last:
                    last = key
                    new.append((key, low, high))
                numbers.setdefault(chunk, []).append(count + len(new) - 1)
            for chunk, own in numbers.items():
                self.numbers.extend(chunk, np.array(own))
            count += len(new)
            texts = Strings.of([key[3] for key, _, _ in new])
            writer.texts.append(texts.lengths, texts.blob)
            writer.kinds.append(np.array([key[0] for key, _, _ in new]))
            writer.low.append(np.array([low for _, low, _ in new]))
            writer.high.append(np.array([high for _, _, high in new]))
        self._spool.close()
        return count

    def _read(self, chunk: int, piece: int) -> Iterator[tuple[_Key, int, float, float]]:
        segment, held = self._runs[chunk], b""
        for start in range(0, segment.count, piece):
            held += self._spool.read(segment, start, start + piece).tobytes()
            place = 0
            while place + _HEAD.size <= len(held):
                kind, low, high, length = _HEAD.unpack_from(held, place)
                end = place + _HEAD.size + length
                if end > len(held):
                    break
                text = held[place + _HEAD.size : end]
                yield (kind, math.isnan(low), 0.0 if math.isnan(low) else low, text), chunk, low, high
                place = end
            held = held[place:]


def _along_the_line(value: Value) -> _Key:
    low = value.span[0]
    return (int(value.kind), math.isnan(low), 0.0 if math.isnan(low) else low, str(value).encode())
