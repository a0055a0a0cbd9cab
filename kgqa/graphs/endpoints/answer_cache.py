"""Answers of endpoints kept on disk, so that a question is not sent twice within a day.

One JSON file an answer, named by a digest of address and question. Only answers that arrived whole get here;
a file is written beside its place and moved there, so that two processes may share a folder.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

_DAY = 86_400.0
_LOG = logging.getLogger("kgqa")


class AnswerCache:
    """Answers in a folder, each for ``seconds``; over ``bytes`` in all, the oldest make room."""

    def __init__(self, folder: Path, *, seconds: float = _DAY, bytes: int = 512 * 1024 * 1024) -> None:
        self.folder = folder
        self.seconds = seconds
        self.bytes = bytes
        self._swept = False

    def get(self, address: str, question: str) -> Any | None:
        """The answer, or None where none is kept that is young enough."""
        path = self.path(address, question)
        try:
            kept = json.loads(path.read_bytes())
        except (OSError, ValueError):
            return None
        fits = isinstance(kept, dict) and (kept.get("address"), kept.get("question")) == (address, question)
        age = time.time() - kept["at"] if fits and isinstance(kept.get("at"), int | float) else -1.0
        return kept.get("answer") if 0 <= age < self.seconds else None

    def put(self, address: str, question: str, answer: Any) -> None:
        """Keep an answer. A folder that cannot be written is said once in the log: the answer is there."""
        path = self.path(address, question)
        kept = {"address": address, "question": question, "at": time.time(), "answer": answer}
        try:
            if not self._swept:
                self.sweep()
            path.parent.mkdir(parents=True, exist_ok=True)
            handle, beside = tempfile.mkstemp(prefix=".", dir=path.parent)
            try:
                with os.fdopen(handle, "w", encoding="utf-8") as file:
                    json.dump(kept, file)
                os.replace(beside, path)
            except BaseException:  # also Ctrl-C: nothing half-written stays
                os.unlink(beside)
                raise
        except OSError as error:
            if not self._swept:
                _LOG.warning("answers cannot be kept in %s: %s", self.folder, error.strerror or error)
        self._swept = True

    def sweep(self) -> None:
        """Remove what is too old, and the oldest of what is too much."""
        left = self.bytes
        for age, size, path in sorted(self._files()):
            left -= size
            if age > self.seconds or left < 0:
                path.unlink(missing_ok=True)

    def _files(self) -> Iterator[tuple[float, int, Path]]:
        now = time.time()
        for path in self.folder.glob("??/*"):
            try:
                found = path.stat()
            except FileNotFoundError:  # another process was faster
                continue
            yield now - found.st_mtime, found.st_size, path

    def path(self, address: str, question: str) -> Path:
        """Where an answer lies, or would."""
        digest = hashlib.sha256(f"{address}\n{question}".encode()).hexdigest()
        return self.folder / digest[:2] / f"{digest[2:40]}.json"
