"""Collecting the words that names are made of: each once and how often, in bounded memory."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from heapq import merge
from itertools import groupby
from operator import itemgetter
from pathlib import Path

_BYTES_OF_WORD = 300
"""About what a word takes while it is counted and sorted."""
_LEAST_AT_ONCE = 20_000
_MOST_FILES = 64


class WordCounts:
    """How many names have each word; what is more than may be kept goes to files, sorted.

    Args:
        folder: where there is room for files; they are deleted when the words have been read.
        memory: about how many bytes to take.
    """

    def __init__(self, folder: Path, *, memory: int) -> None:
        self._folder = folder
        self._most = max(memory // _BYTES_OF_WORD, _LEAST_AT_ONCE)
        self._counts: Counter[str] = Counter()
        self._files: list[Path] = []
        self._made = 0

    def add(self, words: Iterable[str]) -> None:
        """Take the words of one name."""
        self._counts.update(words)
        if len(self._counts) >= self._most:
            self._put(self._kept())
            self._counts.clear()
            if len(self._files) == _MOST_FILES:
                several = self._files
                self._files = []
                self._put(_united(several, []))

    def read(self) -> Iterator[tuple[bytes, int]]:
        """All words by their bytes, and how many names have them. Once only."""
        yield from _united(self._files, self._kept())
        self._counts.clear()

    def _kept(self) -> Iterator[tuple[bytes, int]]:
        return iter(sorted((word.encode(), count) for word, count in self._counts.items()))

    def _put(self, words: Iterator[tuple[bytes, int]]) -> None:
        path = self._folder / f"words-{id(self):x}-{self._made}"
        self._made += 1
        with path.open("wb") as file:
            file.writelines(b"%s\t%d\n" % pair for pair in words)
        self._files.append(path)


def _united(files: Iterable[Path], kept: Iterable[tuple[bytes, int]]) -> Iterator[tuple[bytes, int]]:
    """What several say of words, added up; the files are deleted."""
    with ExitStack() as stack:
        opened = [stack.enter_context(path.open("rb")) for path in files]
        pairs = merge(*(map(_pair, file) for file in opened), kept)
        for word, several in groupby(pairs, key=itemgetter(0)):
            yield word, sum(count for _, count in several)
    for path in files:
        path.unlink()


def _pair(line: bytes) -> tuple[bytes, int]:
    word, count = line.split(b"\t")  # no word holds white space
    return word, int(count)
