"""What does not become part of a graph: broken places, and what is left out on purpose; both are counted."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from grammar.errors import GraphError

SHOWN = 20
"""How many broken places are remembered in words; all are counted."""


@dataclass(slots=True)
class Skips:
    """What was skipped so far; ``strict`` refuses a broken place instead.

    ``broken`` counts broken places by their kind, ``left_out`` what is whole but has no place in a graph
    (unknown values, lexemes, redirects), by its kind.
    """

    strict: bool = False
    broken: Counter[str] = field(default_factory=Counter)
    left_out: Counter[str] = field(default_factory=Counter)
    messages: list[str] = field(default_factory=list)

    @property
    def count(self) -> int:
        """How many broken places there were."""
        return self.broken.total()

    def copy(self) -> Skips:
        """What was counted until now."""
        return Skips(self.strict, self.broken.copy(), self.left_out.copy(), list(self.messages))

    def add(self, path: Path, line: int | None, reason: str, *, kind: str = "malformed line") -> None:
        """A broken place.

        Raises:
            GraphError: strict.
        """
        message = f"{path}{f', line {line}' if line else ''}: {reason}"
        if self.strict:
            raise GraphError(f"{message}; put it right, or build without strict to skip it")
        self.broken[kind] += 1
        if len(self.messages) < SHOWN:
            self.messages.append(message)

    def leave_out(self, kind: str) -> None:
        """One more thing of this kind that is whole but not taken."""
        self.left_out[kind] += 1
