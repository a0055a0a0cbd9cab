"""Files as they lie on the disk, plain or packed (.gz, .bz2, .zst), as a stream of their bytes.

Large .gz and .bz2 files are unpacked on several cores where rapidgzip is installed (the extra ``dumps``). A
file that is cut off gives all that stands before the cut, and then a ``CutOff``.
"""

from __future__ import annotations

import bz2
import gzip
import importlib.util
import io
import os
import zlib
from pathlib import Path
from types import MappingProxyType
from typing import Any, BinaryIO, Protocol, cast

from kgqa.graphs.readers.reading import Reading

PACKINGS = MappingProxyType(
    {".gz": (b"\x1f\x8b",), ".bz2": (b"BZh",), ".zst": (b"\x28\xb5\x2f\xfd", b"\x2a\x4d\x18")}
)
"""Ending of a packed file -> what such a file starts with (the second of .zst after one byte)."""
_BUFFER = 1 << 18
_TELL_EVERY = 1 << 22
LARGE = 32 << 20
"""Bytes on the disk from which starting threads pays."""
MOST_CORES = 4
"""More than that unpack faster than anything is read, and each takes 50 MB."""


class CutOff(Exception):
    """A packed file ends before its end, or what follows is no part of it."""


class _Unpacking(Protocol):
    def read(self, size: int, /) -> bytes: ...

    def close(self) -> None: ...


def plain_name(path: Path) -> str:
    """The name of a file without the ending of its packing.

    >>> plain_name(Path("dumps/latest-all.json.bz2"))
    'latest-all.json'
    """
    return path.stem if path.suffix in PACKINGS else path.name


def open_packed(path: Path, reading: Reading) -> io.BufferedReader:
    """The bytes of a file. Reading raises CutOff, or OSError where it is not packed as its name says.

    Raises:
        OSError: it cannot be opened.
    """
    return io.BufferedReader(_Unpacked(path, reading), _BUFFER)


class _Unpacked(io.RawIOBase):
    """Raw bytes: a buffer over it gives lines four times as fast as ``GzipFile`` does."""

    def __init__(self, path: Path, reading: Reading) -> None:
        self._path, self._reading = path, reading
        self._total = path.stat().st_size
        self._raw = path.open("rb", buffering=0)
        self._told = 0
        self._damage: tuple[type[Exception], ...] = (EOFError, zlib.error)
        try:
            self._file = self._unpacking()
        except BaseException:
            self._raw.close()
            raise

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        try:
            part = self._file.read(len(buffer))
        except self._damage as error:
            raise CutOff(_reason(error)) from None
        buffer[: len(part)] = part
        self._tell(finished=not part)
        return len(part)

    def close(self) -> None:
        if not self.closed:
            self._file.close()
            self._raw.close()
        super().close()

    def _unpacking(self) -> _Unpacking:
        packing = self._path.suffix
        if packing not in PACKINGS:
            return self._raw
        start = self._raw.read(4) or b""
        self._raw.seek(0)
        if not start.startswith(PACKINGS[packing]) and start[1:] not in PACKINGS[packing]:
            raise OSError(f"it is not packed as {packing}")
        if packing in (".gz", ".bz2") and self._total >= LARGE and _several_cores():
            import rapidgzip

            self._damage = (RuntimeError, ValueError)
            kind = rapidgzip.RapidgzipFile if packing == ".gz" else rapidgzip.IndexedBzip2File
            return cast(
                _Unpacking, kind(str(self._path), parallelization=min(os.cpu_count() or 1, MOST_CORES))
            )
        raw = cast(BinaryIO, self._raw)
        if packing == ".zst":
            from backports import zstd  # not every run needs it

            self._damage = (EOFError, zstd.ZstdError)
            return _Part(zstd.ZstdFile(raw))
        return _Part(gzip.GzipFile(fileobj=raw) if packing == ".gz" else bz2.BZ2File(raw))

    def _position(self) -> int:
        if hasattr(self._file, "tell_compressed"):
            return int(self._file.tell_compressed()) // 8
        return self._raw.tell()

    def _tell(self, *, finished: bool) -> None:
        if self._reading.progress is None:
            return
        position = self._total if finished else self._position()
        if finished or position - self._told >= _TELL_EVERY:
            self._told = position
            self._reading.tell(self._path.name, position, self._total)


class _Part:
    """``read1`` as ``read``: what is there, so that nothing before a cut is lost."""

    def __init__(self, file: Any) -> None:
        self.read = file.read1
        self.close = file.close


def _reason(error: Exception) -> str:
    """In words; those of rapidgzip speak of its own insides."""
    return "the packed data ends, or is damaged" if isinstance(error, RuntimeError) else str(error)


def _several_cores() -> bool:
    return (os.cpu_count() or 1) > 1 and importlib.util.find_spec("rapidgzip") is not None
