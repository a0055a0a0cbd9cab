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
from kgqa.graphs.readers.naming import NameSet
from kgqa.graphs.readers.reading import Reading
from kgqa.graphs.readers.record import Object, Rank, Record, Statement
from kgqa.graphs.readers.selection import TYPE_RELATIONS, Selection

Read = Callable[[Reading, Callable[[Record], bool]], Iterator[Record]]
"""Reads all sources once, and of them the records for which a test holds."""


def slice_of(read: Read, reading: Reading, selection: Selection, *, are_whole: bool) -> Iterator[Record]:
    """The records of what is selected.

    Args:
        are_whole: every entity comes as one record with all its facts.

    Raises:
        GraphError: there is no entity of one of the types.
    """
    hops, passes = selection.hops, selection.hops + (1 if are_whole and selection.hops else 2)

    def chosen() -> list[NameSet]:
        choice = _choose(read(reading.aside(f"choosing (1 of {passes}):"), _has_facts), selection)
        kept = frontier = choice.names
        for hop in range(1, hops + 1):
            if hop == 1 and are_whole:
                frontier = choice.around
            else:
                doing = f"looking around ({hop if are_whole else hop + 1} of {passes}):"
                frontier = _around(read(reading.aside(doing), _has_facts), frontier)
            kept = kept.union(frontier)
        return [kept, choice.frame]

    kept, frame = reading.journal.names(chosen) if reading.journal else chosen()
    reading.doing = f"reading ({passes} of {passes}):"
    within = read(reading, lambda record: record.is_relation or record.id in kept or record.id in frame)
    yield from _take(within, kept, frame, reading)


def _has_facts(record: Record) -> bool:
    return bool(record.facts)


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
