"""Sorting more rows than memory holds: sorted runs on disk, merged block by block.

A *row* is one or several unsigned 64-bit words; rows are ordered word by word. ``Packing`` puts several
columns of small integers into as few words as hold them, in an order that sorts like the columns.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from grammar.denotation import EMPTY, BoolArray, IntArray
from kgqa.graphs.arrays import Array
from kgqa.graphs.building.spool import Scratch, Segment, Spool

Rows: TypeAlias = npt.NDArray[np.uint64]
"""[n, words]"""

_LEAST = 256
"""Rows of a run that are read at once however little memory there is: fewer would only cost time."""


class Packing:
    """Columns of integers from 0 to a known highest, packed into words; the first column weighs most."""

    def __init__(self, *highest: int) -> None:
        self._places: list[tuple[int, int, int]] = []  # word, bits to its right in the word, own bits
        words = left = 0
        for high in highest:
            bits = int(high).bit_length()
            if bits > left:
                words, left = words + 1, 64
            left -= bits
            self._places.append((max(words - 1, 0), left, bits))
        self.words = max(words, 1)

    def pack(self, *columns: Array) -> Rows:
        """Columns [n] -> rows [n, words]."""
        rows = np.zeros((len(columns[0]), self.words), dtype=np.uint64)
        for column, (word, shift, bits) in zip(columns, self._places, strict=True):
            if bits:  # the one value of a column without bits is 0
                rows[:, word] |= column.astype(np.uint64) << np.uint64(shift)
        return rows

    def unpack(self, rows: Rows) -> tuple[IntArray, ...]:
        """Rows [n, words] -> columns [n] int64; a column of 64 bits wraps around."""
        return tuple(self.column(rows, place) for place in range(len(self._places)))

    def column(self, rows: Rows, place: int) -> IntArray:
        """One column of rows."""
        word, shift, bits = self._places[place]
        if not bits:
            return np.zeros(len(rows), dtype=np.int64)
        mask = np.uint64((1 << bits) - 1)
        return ((rows[:, word] >> np.uint64(shift)) & mask).view(np.int64)


def changes(*columns: Array) -> IntArray:
    """Places of sorted columns [n] that differ from the place before; the first one does."""
    return np.flatnonzero(_changed(*columns))


def _changed(*columns: Array) -> BoolArray:
    changed: BoolArray = np.ones(len(columns[0]), dtype=np.bool_)
    if len(changed):
        np.not_equal(columns[0][1:], columns[0][:-1], out=changed[1:])
        for column in columns[1:]:
            changed[1:] |= column[1:] != column[:-1]
    return changed


def distinct(rows: Rows) -> BoolArray:
    """For each sorted row, [n], whether it differs from the one before."""
    return _changed(*rows.T)


def order_of(rows: Rows) -> IntArray:
    """The places of rows in ascending order. Rows that consist of sorted stretches take little time."""
    if rows.shape[1] == 1:
        return np.argsort(rows[:, 0], kind="stable")
    return np.lexsort(rows.T[::-1])


def sorted_rows(rows: Rows) -> Rows:
    """Rows in ascending order."""
    return np.sort(rows, axis=0, kind="stable") if rows.shape[1] == 1 else rows[order_of(rows)]


def _up_to(rows: Rows, bound: Array) -> int:
    """How many sorted rows are not above a row."""
    low, high = 0, len(rows)
    for word in range(rows.shape[1]):
        column = rows[low:high, word]
        left, right = (int(np.searchsorted(column, bound[word], side=s)) for s in ("left", "right"))
        low, high = low + left, low + right
    return high


class Runs:
    """Sorted runs of rows in a spool."""

    def __init__(self, spool: Spool, words: int) -> None:
        self._spool = spool
        self._words = words
        self._segments: list[Segment] = []
        self.owners: list[int] = []

    def add(self, rows: Rows, owner: int = 0) -> None:
        """Write a sorted run; ``owner`` is whatever the caller wants to know it by."""
        if len(rows):
            self._segments.append(self._spool.append(rows))
            self.owners.append(owner)

    def merged(self, rows_at_once: int) -> Iterator[list[Rows]]:
        """Pieces of all runs, [runs] arrays of rows, so that everything later is not below them."""
        words = self._words
        ends = [segment.count // words for segment in self._segments]
        block = max(rows_at_once // max(len(ends), 1), _LEAST)
        places = [0] * len(ends)
        none = np.empty((0, words), dtype=np.uint64)
        held: list[Rows] = [none] * len(ends)
        while True:
            for run, segment in enumerate(self._segments):
                if not len(held[run]) and places[run] < ends[run]:
                    until = min(places[run] + block, ends[run])
                    found = self._spool.read(segment, places[run] * words, until * words)
                    held[run], places[run] = found.reshape(-1, words), until
            if not any(len(rows) for rows in held):
                return
            # What is still on disk of a run is not below what is last in memory of it.
            lasts = [rows[-1] for run, rows in enumerate(held) if places[run] < ends[run]]
            if not lasts:
                yield held
                return
            bound = min(lasts, key=lambda row: tuple(row.tolist()))
            cuts = [_up_to(rows, bound) for rows in held]
            yield [rows[:cut] for rows, cut in zip(held, cuts, strict=True)]
            held = [rows[cut:] for rows, cut in zip(held, cuts, strict=True)]


class ExternalSort:
    """Rows in, in any order; the same rows out, in ascending order. ``highest``: value of every column."""

    def __init__(self, scratch: Scratch, name: str, *highest: int) -> None:
        self.packing = packing = Packing(*highest)
        self.count = 0
        # Sorting takes the rows twice, and what comes of a block of them takes a few times as much again.
        self._capacity = max(scratch.memory // (8 * packing.words) // 2, _LEAST)
        self._spool = scratch.spool(name)
        self._runs = Runs(self._spool, packing.words)
        self._held: list[Rows] = []
        self._held_count = 0

    def add(self, *columns: Array) -> None:
        """Take columns [n], packed as the packing says."""
        rows = self.packing.pack(*columns)
        self.count += len(rows)
        while len(rows):  # in stretches, so that a run never holds more than it may
            room = self._capacity - self._held_count
            self._held.append(rows[:room])
            self._held_count += len(rows[:room])
            rows = rows[room:]
            if self._held_count >= self._capacity:
                self._runs.add(self._taken())

    def _taken(self) -> Rows:
        rows = sorted_rows(np.concatenate(self._held))
        self._held, self._held_count = [], 0
        return rows

    def blocks(self) -> Iterator[Rows]:
        """All rows in ascending order, a block at a time; can be had once."""
        if not self._runs.owners:
            if self._held:
                yield self._taken()
        else:
            if self._held:
                self._runs.add(self._taken())
            for pieces in self._runs.merged(self._capacity):
                yield sorted_rows(np.concatenate(pieces))
        self._spool.close()

    def columns(self) -> Iterator[tuple[IntArray, ...]]:
        """As ``blocks``, each row once, as columns."""
        last: Rows | None = None
        for rows in self.blocks():
            new = distinct(rows)
            new[0] = last is None or bool((rows[0] != last).any())
            last = rows[-1].copy()
            yield self.packing.unpack(rows[new])

    def groups(self, columns: int) -> Iterator[tuple[IntArray, ...]]:
        """All rows as columns, in blocks that never part rows whose first ``columns`` columns are equal."""
        left: Rows | None = None
        for rows in self.blocks():
            rows = rows if left is None else np.concatenate([left, rows])
            keys = [self.packing.column(rows, place) for place in range(columns)]
            cut = int(changes(*keys)[-1])
            left = rows[cut:]
            if cut:
                yield self.packing.unpack(rows[:cut])
        if left is not None:
            yield self.packing.unpack(left)


class RunLengths:
    """Equal neighbours counted over a sorted stream of columns, block after block."""

    def __init__(self, columns: int) -> None:
        self._open: list[Array] = [EMPTY] * columns
        self._count = EMPTY

    def add(self, *columns: Array) -> tuple[list[Array], IntArray]:
        """The groups that end before the end of these columns: keys, [g] each; how many members, [g]."""
        starts = changes(*columns)
        counts = np.diff(np.append(starts, len(columns[0])))
        if len(self._count):
            if all(column[0] == key[0] for column, key in zip(columns, self._open, strict=True)):
                counts[0] += self._count[0]
                starts = starts[1:]
            else:
                counts = np.concatenate([self._count, counts])
            keys = [np.concatenate([k, c[starts]]) for k, c in zip(self._open, columns, strict=True)]
        else:
            keys = [column[starts] for column in columns]
        self._open, self._count = [key[-1:] for key in keys], counts[-1:]
        return [key[:-1] for key in keys], counts[:-1]

    def end(self) -> tuple[list[Array], IntArray]:
        """The group that is still open, where there is one: as ``add``."""
        return self._open, self._count
