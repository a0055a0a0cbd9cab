"""Graphs of the shape of CSQA's, of any size: a seeded generator of columns, a million facts at once.

CSQA's graph has 21.2 million facts (besides the types) over 12.8 million entities, 567 relations and 3,054
types. Sizes of types and relations follow Zipf's law, and so does how often an entity is the object of a
relation: every relation has its hubs. Every relation leads from one type to another; one item in eight has a
second type.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from grammar.denotation import EMPTY, IntArray
from kgqa.graphs.arrays import Strings
from kgqa.graphs.building.collect import Chunk, WordKind, WordRows, Words
from kgqa.graphs.readers.record import Record

FACTS, ENTITIES, RELATIONS, TYPES = 21_200_000, 12_800_000, 567, 3_054
SECOND_TYPE = 1 / 8
_AT_ONCE = 1_000_000
_WORDS = 60_000
_STEP = 611_953  # a prime: entities of one type are strewn over all numbers
_INSTANCE_OF = "P31"


@dataclass(frozen=True)
class CsqaShape:
    """A graph with so many facts besides those of type.

    Entities are numbered from 0; number e is called Q{e + 1}; the last ones are the types. The *slot* of an
    entity that is no type is its place when all are ordered by type.
    """

    facts: int
    seed: int = 1
    with_text: bool = False

    @property
    def entities(self) -> int:
        """How many, the types among them."""
        return self.facts * ENTITIES // FACTS

    @property
    def slots(self) -> int:
        """How many entities are no types."""
        return self.entities - TYPES

    @cached_property
    def type_starts(self) -> IntArray:
        """Where the slots of each type start, [types + 1]; the largest type first."""
        sizes = np.maximum(_zipf(TYPES, 1.0) * self.slots, 2).astype(np.int64)
        sizes[0] += self.slots - sizes.sum()
        return np.concatenate([[0], np.cumsum(sizes)])

    @cached_property
    def relation_ends(self) -> npt.NDArray[np.float64]:
        """Up to where each relation reaches in the line from 0 to 1, [relations]; the largest first."""
        return np.cumsum(_zipf(RELATIONS, 0.9))

    @cached_property
    def signatures(self) -> tuple[IntArray, IntArray]:
        """From which type to which type each relation leads, [relations] each."""
        rng = np.random.default_rng([self.seed, 0])
        sizes = np.diff(self.type_starts)
        facts = np.diff(self.relation_ends, prepend=0) * self.facts
        # Few facts an entity where they start, up to thousands where they end.
        first, last = (
            np.array([self._some_type(rng, sizes, n / share) for n in facts]) for share in (4, 2_000)
        )
        return first, last

    @staticmethod
    def _some_type(rng: np.random.Generator, sizes: IntArray, least: float) -> int:
        fitting = max(int((sizes >= least).sum()), 1)  # the largest come first
        return int(fitting * rng.random() ** 2)

    def entity(self, slots: IntArray) -> IntArray:
        """Numbers of the entities in slots."""
        return slots * _STEP % self.slots

    def type_entity(self, types: IntArray) -> IntArray:
        """Numbers of the entities that are types."""
        return types + self.slots

    def relation_records(self) -> Iterator[Record]:
        """What the relations are called."""
        if self.with_text:
            for number in range(RELATIONS):
                yield Record(relation_name(number), f"relation {number}", is_relation=True)

    def facts_of(self, batch: int, count: int) -> tuple[IntArray, IntArray, IntArray]:
        """Subjects, relations and objects of a batch of facts; a few come twice."""
        rng = np.random.default_rng([self.seed, 1, batch])
        relations = np.searchsorted(self.relation_ends, rng.random(count), side="right")
        relations = np.minimum(relations, RELATIONS - 1)
        first, last = self.signatures
        starts, sizes = self.type_starts[:-1], np.diff(self.type_starts)

        def some(types: IntArray, skew: float) -> IntArray:
            places = (sizes[types] * rng.random(count) ** skew).astype(np.int64)
            return self.entity(starts[types] + places)

        return some(first[relations], 1.3), relations, some(last[relations], 3.0)

    def batches(self) -> Iterator[tuple[int, int, range]]:
        """Number, how many facts, and the slots whose types and words are told in the batch."""
        count = -(-self.facts // _AT_ONCE)
        for batch in range(count):
            facts = min(_AT_ONCE, self.facts - batch * _AT_ONCE)
            yield batch, facts, range(batch * self.slots // count, (batch + 1) * self.slots // count)

    def types_of(self, batch: int, slots: range) -> tuple[IntArray, IntArray]:
        """Entities and types of slots."""
        rng = np.random.default_rng([self.seed, 2, batch])
        own = np.arange(slots.start, slots.stop)
        types = np.searchsorted(self.type_starts, own, side="right") - 1
        more = own[rng.random(len(own)) < SECOND_TYPE]
        other = (TYPES * rng.random(len(more)) ** 2).astype(np.int64)
        return self.entity(np.concatenate([own, more])), self.type_entity(np.concatenate([types, other]))

    def columns(self) -> Iterator[tuple[IntArray, IntArray, IntArray, range]]:
        """Subjects, relations (RELATIONS is "instance of"), objects, and slots, batch after batch."""
        for batch, count, slots in self.batches():
            subjects, relations, objects = self.facts_of(batch, count)
            instances, types = self.types_of(batch, slots)
            yield (
                np.concatenate([subjects, instances]),
                np.concatenate([relations, np.full(len(types), RELATIONS)]),
                np.concatenate([objects, types]),
                slots,
            )

    def chunks(self) -> Iterator[Chunk]:
        """What a build takes."""
        names = [relation_name(number) for number in range(RELATIONS + 1)]
        for subjects, relations, objects, slots in self.columns():
            entities, places = np.unique(np.concatenate([subjects, objects]), return_inverse=True)
            words = WordRows.of(Words())
            if self.with_text:
                told = self.entity(np.arange(slots.start, slots.stop))
                if slots.start == 0:
                    told = np.concatenate([told, self.type_entity(np.arange(TYPES))])
                    entities, places = _with(entities, places, told)
                words = WordRows(
                    np.searchsorted(entities, told),
                    np.full(len(told), WordKind.LABEL, dtype=np.int8),
                    self._labels(told),
                )
            yield Chunk(
                names=entity_names(entities),
                relation_names=names,
                subjects=places[: len(subjects)],
                relations=relations,
                nodes=places[len(subjects) :],
                ranks=np.ones(len(subjects), dtype=np.int64),
                words=words,
            )

    @cached_property
    def _vocabulary(self) -> Strings:
        rng = np.random.default_rng([self.seed, 3])
        parts = [a + b for a in "bcdfghklmnprstvz" for b in "aeiou"]
        words = {"".join(rng.choice(parts, rng.integers(2, 5))) for _ in range(_WORDS)}
        return Strings.of([b" ", *(word.title().encode() for word in sorted(words))])

    def _labels(self, entities: IntArray) -> Strings:
        """Two words each; some words are frequent, some rare."""
        rng = np.random.default_rng([self.seed, 4, int(entities[0])])
        words = 1 + ((len(self._vocabulary) - 1) * rng.random((len(entities), 2)) ** 2).astype(np.int64)
        rows = np.stack([words[:, 0], np.zeros(len(entities), dtype=np.int64), words[:, 1]], axis=1)
        parts = self._vocabulary.take(rows.reshape(-1))
        return Strings(parts.lengths.reshape(-1, 3).sum(axis=1), parts.blob)


def _zipf(count: int, exponent: float) -> npt.NDArray[np.float64]:
    weights = 1.0 / np.arange(1, count + 1) ** exponent
    return weights / weights.sum()


def _with(entities: IntArray, places: IntArray, more: IntArray) -> tuple[IntArray, IntArray]:
    """Entities with some more, and the same places among them."""
    united = np.union1d(entities, more)
    return united, np.searchsorted(united, entities)[places]


def relation_name(number: int) -> str:
    """What a relation is called; the one behind the others says what an entity is."""
    return _INSTANCE_OF if number == RELATIONS else f"P{number + 1_000}"


def entity_name(entity: int) -> str:
    """What an entity is called."""
    return f"Q{entity + 1}"


def entity_names(entities: IntArray) -> Strings:
    """Names of entities, whose numbers ascend."""
    lengths: list[IntArray] = [EMPTY]
    blobs = [np.empty(0, dtype=np.uint8)]
    for digits in range(1, 12):
        low, high = np.searchsorted(entities + 1, [10 ** (digits - 1), 10**digits])
        if low < high:
            numbers = entities[low:high, np.newaxis] + 1
            written = np.empty((high - low, digits + 1), dtype=np.uint8)
            written[:, 0] = ord("Q")
            written[:, 1:] = numbers // 10 ** np.arange(digits - 1, -1, -1) % 10 + ord("0")
            lengths.append(np.full(high - low, digits + 1))
            blobs.append(written.reshape(-1))
    return Strings(np.concatenate(lengths), np.concatenate(blobs))
