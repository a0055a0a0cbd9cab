"""Scratch space of a build: arrays appended to one file and read back in stretches."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np

from kgqa.graphs.arrays import Array


@dataclass(frozen=True, slots=True)
class Segment:
    """One array in a spool: where its bytes start, how many elements of what type."""

    start: int
    count: int
    type: np.dtype[Any]


class Spool:
    """A file of arrays; closing deletes it."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file = path.open("w+b")
        self._end = 0

    def append(self, array: Array) -> Segment:
        """Write an array behind the others (of several dimensions: row after row)."""
        segment = self.reserve(array.size, array.dtype)
        self.write(segment, 0, array)
        return segment

    def reserve(self, count: int, kind: np.dtype[Any]) -> Segment:
        """Room for an array that is written piece by piece."""
        segment = Segment(self._end, count, kind)
        self._end += count * kind.itemsize
        return segment

    def write(self, segment: Segment, place: int, array: Array) -> None:
        """Write a piece of a reserved array from element ``place`` on."""
        self._file.seek(segment.start + place * segment.type.itemsize)
        self._file.write(np.ascontiguousarray(array, dtype=segment.type).data)

    def read(self, segment: Segment, start: int = 0, end: int | None = None) -> Array:
        """Elements ``start`` to ``end`` of an array."""
        end = segment.count if end is None else min(end, segment.count)
        found = np.empty(max(end - start, 0), dtype=segment.type)
        self._file.seek(segment.start + start * segment.type.itemsize)
        # Into the array at once: np.fromfile would need the file flushed and its own position.
        if self._file.readinto(found.data.cast("B")) != found.nbytes:
            raise OSError(f"{self._path} ended before its end: was it changed during the build?")
        return found

    def close(self) -> None:
        """Delete it."""
        self._file.close()
        self._path.unlink(missing_ok=True)


class Scratch:
    """Where a build sorts: a folder that is deleted in the end. ``memory``: bytes that one sort may take."""

    def __init__(self, folder: Path, *, memory: int) -> None:
        self.memory = memory
        self._folder = folder
        self._spools: list[Spool] = []
        folder.mkdir()

    def __enter__(self) -> Scratch:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for spool in self._spools:
            spool.close()
        self._folder.rmdir()

    def spool(self, name: str) -> Spool:
        """A file of arrays, which lives until it is closed or the build ends."""
        spool = Spool(self._folder / name)
        self._spools.append(spool)
        return spool
