"""Numbers for things as they come up."""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

T = TypeVar("T", bound=Hashable)


class Numbering(Generic[T]):
    """Things and their numbers from ``start`` on, in the order of first mention. Safe between threads."""

    def __init__(self, start: int = 0) -> None:
        self._start = start
        self._numbers: dict[T, int] = {}
        self._things: list[T] = []
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._things)

    def number(self, thing: T) -> int:
        """Its number, a new one if it is new."""
        number = self._numbers.get(thing)
        if number is not None:
            return number
        with self._lock:
            number = self._numbers.get(thing)
            if number is None:
                number = self._start + len(self._things)
                self._things.append(thing)
                self._numbers[thing] = number
            return number

    def known(self, thing: T) -> int | None:
        """Its number, or None."""
        return self._numbers.get(thing)

    def thing(self, number: int) -> T:
        """What a number stands for.

        Raises:
            IndexError: nothing has it.
        """
        if number < self._start:
            raise IndexError(f"expected a number from {self._start} on, found {number}")
        return self._things[number - self._start]


def known(kept: dict[str, int], name: str, find: Callable[[str], int]) -> int:
    """The number of a name, looked up once; -1 for what does not exist, which is not kept: there is no end of
    it."""
    number = kept.get(name)
    if number is None:
        number = find(name)
        if number >= 0:
            kept[name] = number
    return number
