"""Lines of files, plain or packed, with broken ones named and skipped."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from grammar.errors import GraphError
from kgqa.graphs.readers.packed import CutOff, open_packed
from kgqa.graphs.readers.reading import Reading

LONGEST = 64 << 20
"""Bytes: Wikidata's longest entities are a tenth of it, and memory stays bounded whatever a file holds."""

_NAME = re.compile(r"[^\s<>\"{}|\\^`\x00-\x1f]+")
_PROBE = 200


def read_raw_lines(path: Path, reading: Reading, *, behind: int = 0) -> Iterator[tuple[int, bytes]]:
    """Line number and line, with its end; one that is too long is skipped, a file that is cut off is named.

    Lines up to ``behind`` are passed over.

    Raises:
        GraphError: the file cannot be read.
    """
    number = 0
    try:
        with open_packed(path, reading) as file:
            while line := file.readline(LONGEST):
                number += 1
                if number <= behind and len(line) < LONGEST:
                    continue
                reading.begin(number)
                if len(line) == LONGEST and not line.endswith(b"\n"):
                    while len(line) == LONGEST and not line.endswith(b"\n"):
                        line = file.readline(LONGEST)
                    reading.skips.add(path, number, f"longer than {LONGEST:,} bytes", kind="line too long")
                    continue
                yield number, line
    except (OSError, CutOff) as error:
        if number == 0:
            raise GraphError(f"{path} cannot be read: {getattr(error, 'strerror', None) or error}") from None
        reading.skips.add(
            path, number + 1, f"the file breaks off here ({error})", kind="file that breaks off"
        )


def read_lines(path: Path, reading: Reading) -> Iterator[tuple[int, str]]:
    """Line number and line without its end; empty lines are left out.

    Raises:
        GraphError: the file cannot be read, or is no text at all.
    """
    number = broken = 0
    for number, raw in read_raw_lines(path, reading):
        try:
            if b"\0" in raw:
                raise ValueError
            line = raw.decode("utf-8").rstrip("\r\n")
        except ValueError:
            broken += 1
            if number == broken and (number >= _PROBE or reading.skips.strict):
                raise GraphError(f"{path} is no UTF-8 text: expected lines of text") from None
            reading.skips.add(path, number, "not UTF-8 text")
            continue
        if number == 1:
            line = line.removeprefix("\ufeff")
        if line:
            yield number, line
    if number and number == broken:
        raise GraphError(f"{path} is no UTF-8 text: expected lines of text")


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
