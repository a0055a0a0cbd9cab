"""What has been read of a large dump, kept on the disk until the build is done, so that a killed build goes on.

A journal is a folder of parts, one after another: ``PART-LINE.zst`` holds the records of the lines up to LINE (the
last part, ``PART-end.zst``, those up to the end) and what was skipped until then. A part is renamed into its place
when it is complete; taking up again reads the parts, and passes over the lines that they cover without looking
into them. A journal answers for one file in one state, and for one selection; any other starts afresh.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec

from grammar.errors import GraphError
from grammar.values import Coordinate, Quantity, String, Text, Time
from kgqa.graphs.reading import Reading
from kgqa.graphs.record import Object, Rank, Record, Statement
from kgqa.graphs.skips import Skips

RECORDS = 50_000
"""Records in a part: some seconds of reading."""

_PART = re.compile(r"(\d{6})-(\d{12}|end)\.zst")


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
    """The journal of one file under one selection, in ``folder``."""

    def __init__(self, folder: Path, source: Path, selection: str) -> None:
        state = source.stat()
        said = f"{source.resolve()} {state.st_size} {state.st_mtime_ns} {selection}"
        self.folder = folder / hashlib.sha256(said.encode()).hexdigest()[:16]

    def records(self, read: Callable[[int], Iterator[Record]], reading: Reading) -> Iterator[Record]:
        """All records: those of the journal, and then those that are read.

        Args:
            read: reads on behind a line (0 is the start) and says in ``reading.line`` where it is.

        Raises:
            GraphError: the journal cannot be read or written.
        """
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            done, number = 0, 0
            for path, line in self._parts():
                part = self._read(path)
                _restore(reading.skips, part)
                yield from (record.record() for record in part.records)
                if line is None:
                    return
                done, number = line, number + 1
            encode = msgspec.msgpack.Encoder().encode
            held: list[msgspec.Raw] = []
            complete = done
            for record in read(done):
                if reading.line != complete:  # the records of all lines before this one are there
                    if len(held) >= RECORDS:
                        self._write(held, f"{number:06}-{complete:012}", reading.skips)
                        held, number = [], number + 1
                    complete = reading.line
                held.append(msgspec.Raw(encode(record)))
                yield record
            self._write(held, f"{number:06}-end", reading.skips)
        except OSError as error:
            raise GraphError(
                f"{self.folder} cannot be written or read ({error.strerror or error}): make room"
            ) from None

    def _parts(self) -> Iterator[tuple[Path, int | None]]:
        """The parts that follow each other without a gap, with the last line of each (None at the end)."""
        found = sorted(path for path in self.folder.iterdir() if _PART.fullmatch(path.name))
        for number, path in enumerate(found):
            match = _PART.fullmatch(path.name)
            if match is None or int(match[1]) != number:
                return
            yield path, None if match[2] == "end" else int(match[2])

    def _read(self, path: Path) -> _Part:
        from backports import zstd

        try:
            return msgspec.msgpack.decode(zstd.decompress(path.read_bytes()), type=_Part)
        except (zstd.ZstdError, msgspec.DecodeError) as error:
            raise GraphError(f"{path} is damaged ({error}): delete {self.folder} and build again") from None

    def _write(self, held: list[msgspec.Raw], name: str, skips: Skips) -> None:
        from backports import zstd

        content = {
            "broken": dict(skips.broken),
            "left_out": dict(skips.left_out),
            "messages": skips.messages,
            "records": held,
        }
        unfinished = self.folder / f"{name}.unfinished"
        with unfinished.open("wb") as file:
            file.write(zstd.compress(msgspec.msgpack.encode(content), 1))
            file.flush()
            os.fsync(file.fileno())
        unfinished.rename(self.folder / f"{name}.zst")


def _restore(skips: Skips, part: _Part) -> None:
    """What was skipped until the end of a part."""
    skips.broken.clear()
    skips.broken.update(part.broken)
    skips.left_out.clear()
    skips.left_out.update(part.left_out)
    skips.messages[:] = part.messages
