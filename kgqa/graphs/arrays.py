"""Arrays in a folder: written once, mapped into memory afterwards, never read whole.

Three shapes cover everything. A *column* is one array. A *ragged* array is a column of ``pointers`` [n + 1]
into a column of items, so that row i is ``items[pointers[i]:pointers[i + 1]]``. *Texts* are a ragged array of
UTF-8 bytes.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from grammar.denotation import EMPTY, IntArray
from grammar.errors import GraphError
from kgqa.graphs.manifest import Seal, seal

Array = npt.NDArray[Any]
T = TypeVar("T")

_INT32 = np.iinfo(np.int32).max
_PIECE = 1 << 18
"""Elements written at once where there could be many more."""


def compact(array: Array) -> Array:
    """The same integers in 32 bits where they fit: half the bytes to read."""
    return array.astype(np.int32 if array.size == 0 or int(array.max()) <= _INT32 else np.int64, copy=False)


@dataclass(frozen=True, slots=True)
class Strings:
    """Several texts in memory: their lengths in bytes, [n], and their bytes one after the other, uint8."""

    lengths: IntArray
    blob: Array

    @classmethod
    def of(cls, texts: Sequence[bytes]) -> Strings:
        """From single texts."""
        lengths = np.fromiter(map(len, texts), dtype=np.int64, count=len(texts))
        return cls(lengths, np.frombuffer(b"".join(texts), dtype=np.uint8))

    def __len__(self) -> int:
        return len(self.lengths)

    def __iter__(self) -> Iterator[bytes]:
        content, end = self.blob.tobytes(), 0
        for length in self.lengths.tolist():
            yield content[end : end + length]
            end += length

    def take(self, rows: IntArray) -> Strings:
        """Some of them, in the order given."""
        return Strings(self.lengths[rows], self.blob[rows_of(pointers_of(self.lengths), rows)[1]])


def batched(things: Iterable[T], size: int) -> Iterator[list[T]]:
    """Lists of ``size`` things, the last one perhaps shorter."""
    iterator = iter(things)
    while several := list(islice(iterator, size)):
        yield several


def pointers_of(counts: Array) -> IntArray:
    """Where each row starts, and after the last row where it ends: [n] counts -> [n + 1]."""
    pointers = np.zeros(len(counts) + 1, dtype=np.int64)
    np.cumsum(counts, out=pointers[1:])
    return pointers


def rows_of(pointers: Array, rows: IntArray) -> tuple[IntArray, IntArray]:
    """The items of several rows of a ragged array.

    Returns:
        owners [m], positions in ``rows``, ascending; and places [m], positions in the items.
    """
    if len(rows) == 1:  # the commonest question by far, and four array operations fewer
        start, end = int(pointers[rows[0]]), int(pointers[rows[0] + 1])
        return np.zeros(end - start, dtype=np.int64), np.arange(start, end, dtype=np.int64)
    if len(rows) == 0:
        return EMPTY, EMPTY
    starts = pointers[rows].astype(np.int64)
    counts = pointers[rows + 1].astype(np.int64) - starts
    owners = np.repeat(np.arange(len(rows), dtype=np.int64), counts)
    before = np.cumsum(counts) - counts
    return owners, np.arange(len(owners), dtype=np.int64) + np.repeat(starts - before, counts)


def find_sorted(column: Array, wanted: IntArray) -> tuple[IntArray, IntArray]:
    """Where ``wanted`` [n] stand in a sorted column without repeats.

    Returns:
        found [m], positions in ``wanted``, ascending; and places [m], positions in the column.
    """
    if len(column) == 0 or len(wanted) == 0:
        return EMPTY, EMPTY
    # In the column's own type: otherwise numpy copies the whole column into the other one.
    typed = wanted.astype(column.dtype, copy=False)
    places = np.searchsorted(column, typed)
    places[places == len(column)] = 0
    found = np.flatnonzero(column[places] == typed)
    return found, places[found]


class Texts:
    """A ragged array of UTF-8 bytes, read one text at a time."""

    def __init__(self, blob: Array, offsets: Array) -> None:
        # Memory views: one element of an array costs three times as much as one of a view.
        self._blob = memoryview(blob.data)
        self._offsets = memoryview(offsets.data)

    def __len__(self) -> int:
        return len(self._offsets) - 1

    def row(self, row: int) -> bytes:
        """One text as bytes."""
        return bytes(self._blob[self._offsets[row] : self._offsets[row + 1]])

    def lengths(self, rows: IntArray) -> IntArray:
        """Bytes of several texts."""
        offsets = np.asarray(self._offsets)
        lengths: IntArray = offsets[rows + 1].astype(np.int64) - offsets[rows]
        return lengths

    def __getitem__(self, row: int) -> str:
        return self.row(row).decode("utf-8")

    def place(
        self, wanted: bytes, low: int = 0, high: int | None = None, *, shortest_first: bool = False
    ) -> int:
        """First row of a sorted stretch that is not before ``wanted`` (binary search)."""
        high = len(self) if high is None else high
        offsets, blob, length = self._offsets, self._blob, len(wanted)
        while low < high:
            middle = (low + high) // 2
            start, end = offsets[middle], offsets[middle + 1]
            if shortest_first and end - start != length:
                before = end - start < length
            else:
                before = blob[start:end].tobytes() < wanted
            if before:
                low = middle + 1
            else:
                high = middle
        return low

    def find(
        self, wanted: bytes, low: int = 0, high: int | None = None, *, shortest_first: bool = False
    ) -> int:
        """Row of a sorted stretch that is ``wanted``, or -1."""
        place = self.place(wanted, low, high, shortest_first=shortest_first)
        return place if place < (len(self) if high is None else high) and self.row(place) == wanted else -1


def _dense(places: Array, values: Array, start: int) -> Iterator[IntArray]:
    """Values at their places and 0 elsewhere, in stretches from ``start`` to the last place."""
    end = int(places[-1]) + 1 if len(places) else start
    for first in range(start, end, _PIECE):
        last = min(first + _PIECE, end)
        low, high = np.searchsorted(places, [first, last])
        stretch = np.zeros(last - first, dtype=np.int64)
        stretch[places[low:high] - first] = values[low:high]
        yield stretch


def _zeros(count: int) -> Iterator[IntArray]:
    for first in range(0, count, _PIECE):
        yield np.zeros(min(_PIECE, count - first), dtype=np.int64)


class ColumnWriter:
    """One array, written piece by piece; integers take 32 bits until one does not fit."""

    def __init__(self, path: Path, kind: npt.DTypeLike = np.int32) -> None:
        self.path = path
        self.count = 0
        self._type = np.dtype(kind)
        self._file = path.open("w+b")
        self._write_header()

    def _write_header(self) -> None:
        # numpy pads the header, so that one for a longer array takes as many bytes.
        header = {"descr": np.lib.format.dtype_to_descr(self._type), "fortran_order": False}
        self._file.seek(0)
        np.lib.format.write_array_header_1_0(self._file, {**header, "shape": (self.count,)})

    def append(self, piece: Array) -> None:
        """Write elements behind the others."""
        if self._type == np.int32 and len(piece) and int(piece.max()) > _INT32:
            self._widen()
        self.count += len(piece)
        self._file.write(np.ascontiguousarray(piece, dtype=self._type).data)

    def at(self, places: Array, values: Array) -> None:
        """Elements at some places, [n] ascending and behind those written already; 0 in between."""
        for stretch in _dense(places, values, self.count):
            self.append(stretch)

    def until(self, place: int) -> None:
        """Zeros up to the element before ``place``."""
        for stretch in _zeros(place - self.count):
            self.append(stretch)

    def _widen(self) -> None:
        """Go on with 64 bits; what is written already is copied."""
        narrow_path = self.path.with_suffix(".narrow")
        start = self._file.tell() - self.count * self._type.itemsize
        self._file.close()
        self.path.rename(narrow_path)
        self._type = np.dtype(np.int64)
        self._file = self.path.open("w+b")
        self._write_header()
        with narrow_path.open("rb") as narrow:
            narrow.seek(start)
            while piece := narrow.read(4 * _PIECE):
                self._file.write(np.frombuffer(piece, dtype=np.int32).astype(np.int64).data)
        narrow_path.unlink()

    def close(self) -> None:
        """Complete it, on the disk when this returns."""
        self._write_header()
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()


class PointerWriter:
    """Where rows start, written in ascending order of rows; rows left out are empty."""

    def __init__(self, path: Path) -> None:
        self.column = ColumnWriter(path)
        self.column.append(np.zeros(1, dtype=np.int64))
        self._end = 0

    def append(self, counts: Array) -> None:
        """The next rows: how many items each has, [n]."""
        if len(counts):
            pointers = np.cumsum(counts, dtype=np.int64) + self._end
            self._end = int(pointers[-1])
            self.column.append(pointers)

    def at(self, rows: Array, counts: Array) -> None:
        """Some rows, [n] ascending and behind those written already, and how many items each has, [n]."""
        for stretch in _dense(rows, counts, self.column.count - 1):
            self.append(stretch)

    def until(self, row: int) -> None:
        """Empty rows up to the one before ``row``."""
        for stretch in _zeros(row - (self.column.count - 1)):
            self.append(stretch)

    def close(self) -> None:
        """Complete it."""
        self.column.close()


class RaggedWriter:
    """A ragged array, written row by row."""

    def __init__(self, name: str, folder: Path, kind: npt.DTypeLike = np.int32) -> None:
        self.pointers = PointerWriter(folder / f"{name}.pointers.npy")
        self.items = ColumnWriter(folder / f"{name}.items.npy", kind)

    def append(self, counts: Array, items: Array) -> None:
        """The next rows: how many items each has, [n], and the items, [sum of counts]."""
        self.pointers.append(counts)
        self.items.append(items)

    def at(self, rows: Array, counts: Array, items: Array) -> None:
        """Some rows, [n] ascending, with gaps; how many items each has, [n]; the items."""
        self.pointers.at(rows, counts)
        self.items.append(items)

    def close(self) -> None:
        """Complete both files."""
        self.pointers.close()
        self.items.close()


class ArrayWriter:
    """Writes arrays into a folder and remembers what the manifest says of them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.files: dict[str, Seal] = {}

    @contextmanager
    def open_column(self, name: str, kind: npt.DTypeLike = np.int32) -> Iterator[ColumnWriter]:
        """An array to be written piece by piece."""
        with closing(ColumnWriter(self.folder / f"{name}.npy", kind)) as column:
            yield column
        self._remember(column.path)

    @contextmanager
    def open_pointers(self, name: str) -> Iterator[PointerWriter]:
        """Where rows start, to be written row by row."""
        with closing(PointerWriter(self.folder / f"{name}.npy")) as pointers:
            yield pointers
        self._remember(pointers.column.path)

    @contextmanager
    def open_ragged(self, name: str, kind: npt.DTypeLike = np.int32) -> Iterator[RaggedWriter]:
        """A ragged array to be written row by row."""
        with closing(RaggedWriter(name, self.folder, kind)) as ragged:
            yield ragged
        self._remember(ragged.pointers.column.path)
        self._remember(ragged.items.path)

    def open_texts(self, name: str) -> AbstractContextManager[RaggedWriter]:
        """Texts to be written row by row: items are bytes."""
        return self.open_ragged(name, np.uint8)

    def column(self, name: str, array: Array) -> None:
        """Write one array as it is."""
        with self.open_column(name, array.dtype) as column:
            column.append(array)

    def ragged(self, name: str, counts: Array, items: Array) -> None:
        """Write a ragged array from the length of every row and all items."""
        with self.open_ragged(name, items.dtype) as ragged:
            ragged.append(counts, items)

    def texts(self, name: str, texts: Iterable[bytes]) -> None:
        """Write texts."""
        with self.open_texts(name) as writer:
            for several in batched(texts, _PIECE):
                strings = Strings.of(several)
                writer.append(strings.lengths, strings.blob)

    def _remember(self, path: Path) -> None:
        self.files[path.name] = seal(path)

    def adopt(self, paths: Iterable[Path]) -> None:
        """Take other files of the folder into the manifest: what is derived from the arrays."""
        for path in paths:
            self.files[path.relative_to(self.folder).as_posix()] = seal(path)

    def checksum(self) -> str:
        """One digest of all arrays written so far; not of adopted files, which other versions may derive
        otherwise."""
        names = (name for name in sorted(self.files) if name.endswith(".npy") and "/" not in name)
        arrays = (f"{name} {self.files[name].sha256}" for name in names)
        listing = "\n".join(arrays)
        return hashlib.sha256(listing.encode()).hexdigest()


class ArrayReader:
    """Maps the arrays of a folder into memory, each when it is first asked for."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._identity = self._identity_now()

    def _identity_now(self) -> tuple[int, int]:
        found = os.stat(self.folder)
        return found.st_dev, found.st_ino

    def columns(self, *names: str) -> list[Array]:
        """Map those of the arrays that were written."""
        return [self.column(name) for name in names if (self.folder / f"{name}.npy").exists()]

    def column(self, name: str) -> Array:
        """Map one array.

        Raises:
            GraphError: the file is no array, or the graph was replaced since it was opened.
        """
        path = self.folder / f"{name}.npy"
        try:
            mapped: Array = np.load(path, mmap_mode="r", allow_pickle=False)
        except (OSError, ValueError, EOFError) as error:
            raise GraphError(
                f"{path} is damaged ({error}): build the graph again, or copy the folder again"
            ) from None
        self.see_unchanged()
        return mapped.view(np.ndarray)  # a plain array: a memmap does needless work at every slice

    def see_unchanged(self) -> None:
        """Raise a GraphError if the folder was replaced: files of two builds must not be mixed."""
        if self._identity_now() != self._identity:
            raise GraphError(f"{self.folder} was replaced by another build: open it again")

    def ragged(self, name: str) -> tuple[Array, Array]:
        """Map a ragged array: pointers, items."""
        return self.column(f"{name}.pointers"), self.column(f"{name}.items")

    def texts(self, name: str) -> Texts:
        """Map texts."""
        pointers, items = self.ragged(name)
        return Texts(items, pointers)
