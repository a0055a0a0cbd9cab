"""Dataset files: JSON and JSON lines, plain or gzip, with errors that name the place.

What is wrong with one record is given to ``on_error``, which may note it and go on; without it the error
is raised. What is wrong with a whole file is always raised.
"""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TextIO, TypeAlias

from grammar.errors import DataError

OnError: TypeAlias = Callable[[DataError], object] | None
"""What to do with a record that cannot be read: None raises, ``list.append`` collects and goes on."""

_UNREADABLE = (EOFError, gzip.BadGzipFile, zlib.error)


def reject(error: DataError, on_error: OnError) -> None:
    """Raise the error, or hand it over and go on."""
    if on_error is None:
        raise error
    on_error(error)


def _open(path: Path) -> TextIO:
    try:
        with path.open("rb") as file:
            zipped = file.read(2) == b"\x1f\x8b"
    except OSError as error:
        raise DataError(f"cannot read {path}: {error.strerror}; give an existing file or folder") from None
    return gzip.open(path, "rt", encoding="utf-8") if zipped else path.open(encoding="utf-8")


def _file_error(path: Path, error: Exception, line: int | None = None) -> DataError:
    place = f"{path}, after line {line}" if line is not None else str(path)
    if isinstance(error, UnicodeDecodeError):
        return DataError(f"{place}: expected UTF-8 text, found other bytes; is this a dataset file?")
    return DataError(f"{place}: the gzip stream is cut off or damaged ({error}); fetch the file again")


def read_json(path: Path) -> Any:
    """The one JSON value of a file.

    Raises:
        DataError: the file is absent, damaged or no JSON.
    """
    try:
        with _open(path) as file:
            return json.load(file)
    except json.JSONDecodeError as error:
        raise DataError(
            f"{path}, line {error.lineno}: expected JSON, found {error.msg.lower()} at column {error.colno}; "
            "repair or remove the file"
        ) from None
    except (*_UNREADABLE, UnicodeDecodeError) as error:
        raise _file_error(path, error) from None


def lines_of(path: Path) -> Iterator[str]:
    """The lines of a file that are not blank, up to where it is damaged."""
    with _open(path) as file:
        try:
            yield from (line for line in file if line.strip())
        except (*_UNREADABLE, UnicodeDecodeError):
            return


def read_json_lines(path: Path, on_error: OnError = None) -> Iterator[tuple[str, Any]]:
    """The JSON values of a file with one on each line, each with its place (file and line) for messages.

    Raises:
        DataError: the file is absent or damaged; or a line is no JSON and there is no ``on_error``.
    """
    number = 0
    with _open(path) as file:
        try:
            for number, line in enumerate(file, start=1):
                if not line.strip():
                    continue
                place = f"{path}, line {number}"
                try:
                    record = json.loads(line)
                except json.JSONDecodeError as error:
                    message = f"{place}: expected JSON, found {error.msg.lower()} at column {error.colno}"
                    reject(DataError(f"{message}; repair or remove the line"), on_error)
                    continue
                yield place, record
        except (*_UNREADABLE, UnicodeDecodeError) as error:
            raise _file_error(path, error, number) from None
