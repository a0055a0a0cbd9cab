"""What was found out about names a moment ago."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Generic, TypeVar

Thing = TypeVar("Thing")


class Kept(Generic[Thing]):
    """Name -> what ``find`` says of it, asked for together and kept for ``seconds``."""

    def __init__(self, find: Callable[[Sequence[str]], Mapping[str, Thing]], *, seconds: float) -> None:
        self._find = find
        self._seconds = seconds
        self._found: dict[str, tuple[float, Thing]] = {}

    def of(self, names: Sequence[str]) -> list[Thing]:
        """What is known of each, in the order given."""
        now = time.monotonic()
        self._found = {name: kept for name, kept in self._found.items() if now - kept[0] < self._seconds}
        new = [name for name in dict.fromkeys(names) if name not in self._found]
        if new:
            found = self._find(new)
            self._found.update({name: (now, found[name]) for name in new})
        return [self._found[name][1] for name in names]

    def forget(self) -> None:
        """Ask anew from now on."""
        self._found.clear()
