"""Arrays in a folder: written once, mapped into memory afterwards, never read whole.

Three shapes cover everything. A *column* is one array. A *ragged* array is a column of ``pointers`` [n + 1]
into a column of items, so that row i is ``items[pointers[i]:pointers[i + 1]]``. *Texts* are a ragged array of
UTF-8 bytes.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from grammar.denotation import EMPTY, IntArray
from grammar.errors import GraphError
from kgqa.graphs.manifest import Seal, seal

Array = npt.NDArray[Any]


def compact(array: Array) -> Array:
    """The same integers in 32 bits where they fit: half the bytes to read."""
    limit = np.iinfo(np.int32).max
    return array.astype(np.int32 if array.size == 0 or int(array.max()) <= limit else np.int64, copy=False)


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


class ArrayWriter:
    """Writes arrays into a folder and remembers what the manifest says of them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.files: dict[str, Seal] = {}

    def column(self, name: str, array: Array) -> None:
        """Write one array."""
        path = self.folder / f"{name}.npy"
        with path.open("wb") as file:
            np.save(file, np.ascontiguousarray(array), allow_pickle=False)
            file.flush()
            os.fsync(file.fileno())
        self.files[path.name] = seal(path)

    def ragged(self, name: str, counts: Array, items: Array) -> None:
        """Write a ragged array from the length of every row and all items."""
        self.column(f"{name}.pointers", compact(pointers_of(counts)))
        self.column(f"{name}.items", items)

    def texts(self, name: str, texts: Sequence[bytes] | Iterable[bytes]) -> None:
        """Write texts."""
        rows = texts if isinstance(texts, Sequence) else list(texts)
        lengths = np.fromiter(map(len, rows), dtype=np.int64, count=len(rows))
        self.ragged(name, lengths, np.frombuffer(b"".join(rows), dtype=np.uint8))

    def adopt(self, paths: Iterable[Path]) -> None:
        """Take other files of the folder into the manifest: what is derived from the arrays."""
        for path in paths:
            self.files[path.relative_to(self.folder).as_posix()] = seal(path)

    def checksum(self) -> str:
        """One digest of all arrays written so far."""
        arrays = (f"{name} {it.sha256}" for name, it in sorted(self.files.items()) if name.endswith(".npy"))
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
