"""What has been read of a large dump, kept on the disk until the build is done: a killed build goes on.

A journal has a folder for each dump, with parts one after another: ``PART-LINE.zst`` holds the records of
the lines up to LINE (the last part, ``PART-end.zst``, those up to the end) and what was skipped until then. A
part is renamed into its place when it is complete; taking up again reads the parts, and passes over the lines
that they cover without looking into them. A journal answers for its sources in one state, for one selection
and one version of this package; any other starts afresh.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TypeVar

import msgspec

from grammar.errors import GraphError
from grammar.values import Coordinate, Quantity, String, Text, Time
from kgqa import __version__
from kgqa.graphs.readers.naming import NameSet
from kgqa.graphs.readers.reading import Reading
from kgqa.graphs.readers.record import Object, Rank, Record, Statement
from kgqa.graphs.readers.skips import Skips

LARGE = 64 << 20
"""Bytes of sources on the disk from which a journal is kept: less is read again in a minute."""
PART = 16 << 20
"""Bytes of a part, before they are packed: some seconds of reading."""

_NAMES = "names.zst"
_PART = re.compile(r"(\d{6})-(\d{12}|end)\.zst")


T = TypeVar("T")


class _Value(msgspec.Struct, gc=False):
    """A value of any kind: which it is shows in the parts that are there."""

    year: int | None = None
    month: int = 0
    day: int = 0
    precision: int = 11
    julian: bool = False
    amount: float | None = None
    unit: str = "1"
    text: str | None = None
    language: str | None = None
    latitude: float = 0.0
    longitude: float = 0.0

    def value(self) -> Object:
        if self.year is not None:
            return Time(self.year, self.month, self.day, self.precision, self.julian)
        if self.amount is not None:
            return Quantity(self.amount, self.unit)
        if self.text is not None:
            return String(self.text) if self.language is None else Text(self.text, self.language)
        return Coordinate(self.latitude, self.longitude)


class _Statement(msgspec.Struct, gc=False):
    value: str | _Value
    rank: int
    qualifiers: dict[str, list[str | _Value]]


class _Record(msgspec.Struct):
    id: str
    label: str | None
    aliases: list[str]
    description: str | None
    facts: dict[str, list[_Statement]]
    is_relation: bool
    sitelinks: int

    def record(self) -> Record:
        facts = {
            relation: [
                Statement(
                    _object(one.value),
                    Rank(one.rank),
                    {name: [_object(value) for value in values] for name, values in one.qualifiers.items()},
                )
                for one in statements
            ]
            for relation, statements in self.facts.items()
        }
        return Record(
            self.id, self.label, self.aliases, self.description, facts, self.is_relation, self.sitelinks
        )


class _Part(msgspec.Struct):
    broken: dict[str, int]
    left_out: dict[str, int]
    messages: list[str]
    records: list[_Record]


def _object(given: str | _Value) -> Object:
    return given if isinstance(given, str) else given.value()


class Journal:
    """The journal of some sources under one selection, in a folder of ``place``."""

    def __init__(self, place: Path, sources: Sequence[Path], selection: str) -> None:
        states = [(str(path.resolve()), (at := path.stat()).st_size, at.st_mtime_ns) for path in sources]
        said = f"{__version__} {states} {selection}"
        self.folder = place / hashlib.sha256(said.encode()).hexdigest()[:16]

    def names(self, choose: Callable[[], list[NameSet]]) -> list[NameSet]:
        """Sets of names that were chosen before, or are now."""
        path = self.folder / _NAMES
        if path.is_file():
            contents = self._unpacked(path, list[tuple[bytes, list[str]]])
            return [NameSet.restored(bits, others) for bits, others in contents]
        sets = choose()
        self.folder.mkdir(parents=True, exist_ok=True)
        self._pack(path, [names.contents() for names in sets])
        return sets

    def records(
        self, place: str, read: Callable[[int], Iterator[Record]], reading: Reading
    ) -> Iterator[Record]:
        """All records of one source: those of the journal, and then those that are read.

        Args:
            place: names the source among the others.
            read: reads on behind a line (0 is the start) and says in ``reading.line`` where it is.

        Raises:
            GraphError: the journal cannot be read or written.
        """
        folder = self.folder / place
        try:
            folder.mkdir(parents=True, exist_ok=True)
            done, number = 0, 0
            for path, line in _parts(folder):
                part = self._unpacked(path, _Part)
                _restore(reading.skips, part)
                yield from (record.record() for record in part.records)
                if line is None:
                    return
                done, number = line, number + 1
            encode = msgspec.msgpack.Encoder().encode
            held: list[msgspec.Raw] = []
            size, here = 0, done
            for record in read(done):
                if reading.line != here:  # the records of all lines before this one are there
                    here = reading.line
                    if size >= PART:
                        content = _content(held, reading.before)
                        self._pack(folder / f"{number:06}-{here - 1:012}.zst", content)
                        held, size, number = [], 0, number + 1
                packed = encode(record)
                size += len(packed)
                held.append(msgspec.Raw(packed))
                yield record
            self._pack(folder / f"{number:06}-end.zst", _content(held, reading.skips))
        except OSError as error:
            raise GraphError(
                f"{self.folder} cannot be written or read ({error.strerror or error}): make room"
            ) from None

    def _unpacked(self, path: Path, kind: type[T]) -> T:
        from backports import zstd

        try:
            return msgspec.msgpack.decode(zstd.decompress(path.read_bytes()), type=kind)
        except (zstd.ZstdError, msgspec.DecodeError) as error:
            raise GraphError(f"{path} is damaged ({error}): delete {self.folder} and build again") from None

    def _pack(self, path: Path, content: object) -> None:
        from backports import zstd

        unfinished = path.with_suffix(f".{os.getpid()}")
        with unfinished.open("wb") as file:
            file.write(zstd.compress(msgspec.msgpack.encode(content), 1))
            file.flush()
            os.fsync(file.fileno())
        unfinished.rename(path)


def _parts(folder: Path) -> Iterator[tuple[Path, int | None]]:
    """The parts that follow each other without a gap, with the last line of each (None at the end)."""
    for number, path in enumerate(sorted(path for path in folder.iterdir() if _PART.fullmatch(path.name))):
        match = _PART.fullmatch(path.name)
        if match is None or int(match[1]) != number:
            return
        yield path, None if match[2] == "end" else int(match[2])


def _content(records: list[msgspec.Raw], skips: Skips) -> dict[str, object]:
    counts = {"broken": dict(skips.broken), "left_out": dict(skips.left_out)}
    return {**counts, "messages": skips.messages, "records": records}


def _restore(skips: Skips, part: _Part) -> None:
    """What was skipped until the end of a part."""
    skips.broken.clear()
    skips.broken.update(part.broken)
    skips.left_out.clear()
    skips.left_out.update(part.left_out)
    skips.messages[:] = part.messages
