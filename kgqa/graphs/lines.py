"""Lines of text files, plain or gzipped, with broken ones named and skipped."""

from __future__ import annotations

import gzip
import io
import re
import zlib
from collections.abc import Iterator
from pathlib import Path

from grammar.errors import GraphError
from kgqa.graphs.skips import Skips

_NAME = re.compile(r"[^\s<>\"{}|\\^`\x00-\x1f]+")
_PROBE = 200
_CHUNK = 1 << 18


def read_lines(path: Path, skips: Skips) -> Iterator[tuple[int, str]]:
    """Line number and line without its end; empty lines are left out.

    Raises:
        GraphError: the file cannot be read, or is no text at all.
    """
    number = broken = 0
    try:
        with io.BufferedReader(_unpacked(path), _CHUNK) as file:
            for number, raw in enumerate(file, 1):
                try:
                    if b"\0" in raw:
                        raise ValueError
                    line = raw.decode("utf-8").rstrip("\r\n")
                except ValueError:
                    broken += 1
                    if number == broken and (number >= _PROBE or skips.strict):
                        raise GraphError(f"{path} is no UTF-8 text: expected lines of text") from None
                    skips.add(path, number, "not UTF-8 text")
                    continue
                if number == 1:
                    line = line.removeprefix("\ufeff")
                if line:
                    yield number, line
    except OSError as error:
        if number == 0:
            raise GraphError(f"{path} cannot be read: {error.strerror or error}") from None
        skips.add(path, number + 1, f"the file breaks off here ({error})")
    except (EOFError, zlib.error) as error:
        skips.add(path, number + 1, f"the file breaks off here ({error})")
    if number and number == broken:
        raise GraphError(f"{path} is no UTF-8 text: expected lines of text")


class _Unpacked(io.RawIOBase):
    """A gzipped file as raw bytes, all of them up to where it may be cut off.

    Buffered again it gives lines four times as fast as ``GzipFile``, whose readline is Python.
    """

    def __init__(self, path: Path) -> None:
        self._file = gzip.open(path)  # noqa: SIM115  closed with this one

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        part = self._file.read1(len(buffer))
        buffer[: len(part)] = part
        return len(part)

    def close(self) -> None:
        self._file.close()
        super().close()


def _unpacked(path: Path) -> io.RawIOBase:
    return _Unpacked(path) if path.suffix == ".gz" else path.open("rb", buffering=0)


def checked_name(text: str) -> str:
    """The text, if it can be the name of an entity or relation.

    Raises:
        ValueError: it is empty or holds blanks or one of ``<>"{}|\\^```.
    """
    if text.isalnum() and text.isascii():  # nearly all of them, at a tenth of the cost
        return text
    if _NAME.fullmatch(text) is None:
        raise ValueError(f"expected an id such as Q42, found {text[:60]!r}")
    text.encode()  # half a surrogate pair is no text
    return text
