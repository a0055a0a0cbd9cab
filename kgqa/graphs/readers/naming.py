"""Sets of names of entities, small enough to hold all of Wikidata."""

from __future__ import annotations

from collections.abc import Iterable

_MOST_BITS = 1 << 29


class NameSet:
    """A set of names, a bit each for Wikidata's items."""

    def __init__(self, names: Iterable[str] = ()) -> None:
        self._bits = bytearray()
        self._others: set[str] = set()
        self.update(names)

    def __contains__(self, name: str) -> bool:
        number = _number(name)
        if number is None:
            return name in self._others
        place = number >> 3
        return place < len(self._bits) and bool(self._bits[place] & 1 << (number & 7))

    def __bool__(self) -> bool:
        return bool(self._others) or any(self._bits)

    def add(self, name: str) -> None:
        """Take one more name."""
        number = _number(name)
        if number is None:
            self._others.add(name)
            return
        place = number >> 3
        if place >= len(self._bits):
            self._bits.extend(bytes(max(place + 1 - len(self._bits), len(self._bits) // 4)))
        self._bits[place] |= 1 << (number & 7)

    def update(self, names: Iterable[str]) -> None:
        """Take more names."""
        for name in names:
            self.add(name)

    def union(self, other: NameSet) -> NameSet:
        """The names of both."""
        both = NameSet()
        both._others = self._others | other._others
        longer, shorter = sorted((self._bits, other._bits), key=len, reverse=True)
        both._bits = longer.copy()
        number = int.from_bytes(longer[: len(shorter)], "little") | int.from_bytes(shorter, "little")
        both._bits[: len(shorter)] = number.to_bytes(len(shorter), "little")
        return both

    def contents(self) -> tuple[bytes, list[str]]:
        """What ``restored`` takes."""
        return bytes(self._bits), sorted(self._others)

    @classmethod
    def restored(cls, bits: bytes, others: Iterable[str]) -> NameSet:
        """The inverse of ``contents``."""
        names = cls()
        names._bits.extend(bits)
        names._others.update(others)
        return names


def _number(name: str) -> int | None:
    """The number of an item; None for any other name, and for numbers that no Wikidata will reach."""
    if len(name) < 12 and name[:1] == "Q" and name[1:].isdecimal() and name.isascii() and name[1:2] != "0":
        number = int(name[1:])
        return number if number < _MOST_BITS else None
    return None
