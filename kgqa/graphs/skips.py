"""Broken places in sources: named, and then skipped and counted, or refused."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from grammar.errors import GraphError

SHOWN = 20
"""How many skipped places are remembered in words; all are counted."""


@dataclass(slots=True)
class Skips:
    """What was skipped so far; ``strict`` refuses instead."""

    strict: bool = False
    count: int = 0
    messages: list[str] = field(default_factory=list)

    def add(self, path: Path, line: int | None, reason: str) -> None:
        """A broken place.

        Raises:
            GraphError: strict.
        """
        message = f"{path}{f', line {line}' if line else ''}: {reason}"
        if self.strict:
            raise GraphError(f"{message}; put it right, or build without strict to skip it")
        self.count += 1
        if len(self.messages) < SHOWN:
            self.messages.append(message)
