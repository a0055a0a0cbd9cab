"""What was fetched so far, on disk: a killed pull goes on where it was.

One JSON line a batch, flushed to the disk before the next is fetched; the first line says what was wished
for. A line that a kill cut short is dropped.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from grammar.errors import GraphError


class Journal:
    """Kind and name -> what was fetched for it.

    Raises:
        GraphError: it was begun with another wish, another process writes it, or it cannot be written.
    """

    def __init__(self, folder: Path, wish: Mapping[str, Any]) -> None:
        self.folder = folder
        self._path = folder / "journal.jsonl"
        self._places: dict[tuple[str, str], int] = {}
        self._line: tuple[int, Any] = (-1, None)
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._lock = FileLock(folder / "lock", timeout=0)
            self._lock.acquire()
            self._file = self._path.open("a+b")
        except Timeout:
            raise GraphError(f"another process is pulling into {folder}: let it finish") from None
        except OSError as error:
            raise GraphError(f"{folder} cannot be written: {error.strerror or error}") from None
        self._read(wish)

    def _read(self, wish: Mapping[str, Any]) -> None:
        self._file.seek(0)
        end = 0
        while (line := self._file.readline()).endswith(b"\n"):
            try:
                found = json.loads(line)
            except ValueError:
                break
            if end == 0 and found != {"wish": wish}:
                self.close()
                raise GraphError(
                    f"{self.folder} was begun with other options ({json.dumps(found.get('wish'))}): "
                    "give the same, or delete the folder"
                )
            for name in found.get("found", ()):
                self._places[found["kind"], name] = end
            end += len(line)
        self._file.truncate(end)
        if end == 0:
            self._write({"wish": wish})

    def _write(self, content: object) -> int:
        place = self._file.seek(0, os.SEEK_END)
        self._file.write(json.dumps(content).encode() + b"\n")
        self._file.flush()
        os.fsync(self._file.fileno())
        return place

    def __contains__(self, key: tuple[str, str]) -> bool:
        return key in self._places

    def missing(self, kind: str, names: Iterable[str]) -> list[str]:
        """Those of the names for which nothing was fetched yet, each once."""
        return [name for name in dict.fromkeys(names) if (kind, name) not in self._places]

    def add(self, kind: str, found: Mapping[str, Any]) -> None:
        """Keep one batch."""
        try:
            place = self._write({"kind": kind, "found": found})
        except OSError as error:
            raise GraphError(
                f"{self._path} cannot be written ({error.strerror or error}): make room, then go on"
            ) from None
        self._places.update({(kind, name): place for name in found})

    def get(self, kind: str, name: str) -> Any:
        """What was fetched for a name; None where nothing was."""
        place = self._places.get((kind, name))
        if place is None:
            return None
        if self._line[0] != place:
            self._file.seek(place)
            self._line = place, json.loads(self._file.readline())["found"]
        return self._line[1][name]

    def close(self) -> None:
        """Let others at it; it stays on disk."""
        self._file.close()
        self._lock.release()

    def remove(self) -> None:
        """It is no longer needed."""
        self.close()
        for path in (self._path, self.folder / "lock"):
            path.unlink(missing_ok=True)
        self.folder.rmdir()
