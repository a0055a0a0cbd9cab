"""A slice of large sources: entities of some types, all or a sample, and what is around them.

The sources are read several times: to choose, once more for every hop (for a dump that gives each entity
whole, the first hop is found while choosing), and to take. What is held meanwhile is a bit an entity, the
facts of the sample, and the words of types and units, so memory does not grow with the sources.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from hashlib import blake2b

from grammar.errors import GraphError
from grammar.values import Quantity
from kgqa.graphs.reading import Reading
from kgqa.graphs.record import Object, Rank, Record, Statement
from kgqa.graphs.selection import TYPE_RELATIONS, Selection

Read = Callable[[Reading], Iterator[Record]]
"""Reads all sources once."""

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


def _number(name: str) -> int | None:
    """The number of an item; None for any other name, and for numbers that no Wikidata will reach."""
    if len(name) < 12 and name[:1] == "Q" and name[1:].isdecimal() and name.isascii() and name[1:2] != "0":
        number = int(name[1:])
        return number if number < _MOST_BITS else None
    return None


def slice_of(read: Read, reading: Reading, selection: Selection, *, are_whole: bool) -> Iterator[Record]:
    """The records of what is selected.

    Args:
        are_whole: every entity comes as one record with all its facts.

    Raises:
        GraphError: there is no entity of one of the types.
    """
    hops, passes = selection.hops, selection.hops + (1 if are_whole and selection.hops else 2)
    chosen = _choose(read(reading.aside(f"choosing (1 of {passes}):")), selection)
    kept, frontier = chosen.names, chosen.names
    for hop in range(1, hops + 1):
        if hop == 1 and are_whole:
            frontier = chosen.around
        else:
            done = hop if are_whole else hop + 1
            frontier = _around(read(reading.aside(f"looking around ({done} of {passes}):")), frontier)
        kept = kept.union(frontier)
    reading.doing = f"reading ({passes} of {passes}):"
    yield from _take(read(reading), kept, chosen.frame, reading)


# --- choosing -------------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Chosen:
    """Entities of the types, what they lead to, and what anything has as a type or a unit (the frame)."""

    names: NameSet = field(default_factory=NameSet)
    around: NameSet = field(default_factory=NameSet)
    frame: NameSet = field(default_factory=NameSet)


@dataclass(slots=True)
class _Sample:
    """The entities of a type that come first in an order drawn by the seed, and what they lead to.

    Which they are does not depend on the order in which they are met.
    """

    size: int
    seed: int
    heap: list[tuple[int, str]] = field(default_factory=list)
    around: dict[str, list[str]] = field(default_factory=dict)

    def offer(self, name: str, around: list[str]) -> None:
        """One more entity of the type, or one more record of it."""
        if name in self.around:
            self.around[name] += around
            return
        order = int.from_bytes(blake2b(f"{self.seed} {name}".encode(), digest_size=8).digest())
        if len(self.heap) < self.size:
            heapq.heappush(self.heap, (-order, name))
        elif -order > self.heap[0][0]:
            _, last = heapq.heapreplace(self.heap, (-order, name))
            del self.around[last]
        else:
            return
        self.around[name] = around


def _choose(records: Iterator[Record], selection: Selection) -> _Chosen:
    chosen = _Chosen()
    samples = {
        kind: _Sample(size, selection.seed) for kind, size in selection.types.items() if size is not None
    }
    met: set[str] = set()
    for record in records:
        types = [name for relation in TYPE_RELATIONS for name in _entities(record.facts.get(relation, ()))]
        chosen.frame.update(types)
        chosen.frame.update(_units(record.facts))
        wanted = [kind for kind in types if kind in selection.types]
        if not wanted:
            continue
        met.update(wanted)
        around = _led_to(record)
        for kind in wanted:
            if kind in samples:
                samples[kind].offer(record.id, list(around))
            else:
                chosen.names.add(record.id)
                chosen.around.update(around)
    if missing := [kind for kind in selection.types if kind not in met]:
        raise GraphError(
            f"no entity of type {', '.join(missing)} was found: name types that entities are stated to have"
        )
    for sample in samples.values():
        chosen.names.update(sample.around)
        for around in sample.around.values():
            chosen.around.update(around)
    return chosen


def _around(records: Iterator[Record], frontier: NameSet) -> NameSet:
    found = NameSet()
    for record in records:
        if not record.is_relation and record.id in frontier:
            found.update(_led_to(record))
    return found


def _led_to(record: Record) -> list[str]:
    """The entities that the facts of a record lead to, without its types."""
    return [
        name
        for relation, statements in record.facts.items()
        if relation not in TYPE_RELATIONS
        for name in _entities(statements)
    ]


def _entities(statements: Iterable[Statement]) -> Iterator[str]:
    return (s.value for s in statements if isinstance(s.value, str) and s.rank is not Rank.DEPRECATED)


def _units(facts: Mapping[str, Iterable[Statement]]) -> Iterator[str]:
    return (s.value.unit for many in facts.values() for s in many if isinstance(s.value, Quantity))


# --- taking ---------------------------------------------------------------------------------------------


def _take(records: Iterator[Record], kept: NameSet, frame: NameSet, reading: Reading) -> Iterator[Record]:
    """Records of what is kept, with the facts between them, and the words of their types and units."""
    words: dict[str, list[Record]] = {}
    used = NameSet()
    for record in records:
        if record.is_relation:
            yield record
        elif record.id in kept:
            within = _within(record, kept, reading)
            used.update(
                name for relation in TYPE_RELATIONS for name in _entities(within.facts.get(relation, ()))
            )
            used.update(_units(within.facts))
            yield within
        elif record.id in frame and (record.label or record.aliases or record.description):
            words.setdefault(record.id, []).append(replace(record, facts={}))
    for name, several in words.items():
        if name in used:
            yield from several


def _within(record: Record, kept: NameSet, reading: Reading) -> Record:
    def stays(thing: Object) -> bool:
        return not isinstance(thing, str) or thing in kept

    facts: dict[str, list[Statement]] = {}
    for relation, statements in record.facts.items():
        for statement in statements:
            if not stays(statement.value) and relation not in TYPE_RELATIONS:
                reading.skips.leave_out("fact that leads out of the selection")
                continue
            if statement.qualifiers:
                trimmed = {
                    name: [v for v in values if stays(v)] for name, values in statement.qualifiers.items()
                }
                statement = replace(
                    statement, qualifiers={name: values for name, values in trimmed.items() if values}
                )
            facts.setdefault(relation, []).append(statement)
    return replace(record, facts=facts)
