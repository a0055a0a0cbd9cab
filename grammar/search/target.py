"""What a supervision search looks for, and whether a denotation is it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np

from grammar.denotation import (
    EMPTY,
    Boolean,
    Booleans,
    Denotation,
    Entities,
    IntArray,
    Number,
    Numbers,
    Statements,
    Values,
)
from grammar.graph import Graph
from grammar.lines import compare
from grammar.values import Kind, Value

_MOST_VALUES = 50

Match: TypeAlias = Literal["is", "counts"]


@dataclass(frozen=True)
class Target:
    """The right answer: one of entities, values, numbers, truths.

    ``counted`` is the set that the numbers were counted over, where that is known: a form must count it.
    So many ``others`` may be in a set beside the entities, where these are only some of what is asked for.
    Dates match at the coarser precision; a single number also matches a quantity of that amount; a single
    truth also stands for several that agree. Nothing, or a count of 0, is an answer too.
    """

    entities: tuple[str, ...] | None = None
    values: tuple[Value, ...] | None = None
    numbers: tuple[float, ...] | None = None
    truths: tuple[bool, ...] | None = None
    counted: tuple[str, ...] | None = None
    others: int = 0

    def __bool__(self) -> bool:
        """Whether an answer is known at all."""
        return self.entities is not None or bool(self.values or self.numbers or self.truths)

    @property
    def is_empty(self) -> bool:
        """Whether the answer is nothing, or says of something that there is none."""
        return self.entities == () or 0 in (self.numbers or ())


class Aim:
    """A target in the numbers of a graph.

    ``entities`` [n], sorted, is the set to arrive at: the answer, or what was counted; None where none is
    known. ``reachable`` is False where the graph does not have all of it.
    """

    def __init__(self, target: Target, graph: Graph) -> None:
        self.target, self.graph = target, graph
        self.numbers, self.truths = target.numbers or (), target.truths or ()
        if len(set(self.truths)) == 1:
            self.truths = self.truths[:1]
        nothing = target.entities == () or (bool(self.numbers) and not any(self.numbers))
        self.entities = EMPTY if nothing else self._entities(target.entities or target.counted)
        if self.numbers and self.entities is not None and len(self.entities) != sum(self.numbers):
            # Not what was counted: shown in part only, or several counts that share elements.
            self.entities = None
        self.reachable = self.entities is None or bool((self.entities >= 0).all())
        self._values: IntArray | None = None
        if target.values:
            self._values = np.array([graph.literal(value) for value in target.values], dtype=np.int64)

    def _entities(self, names: Iterable[str] | None) -> IntArray | None:
        return np.unique(self.graph.entities(sorted(set(names)))) if names else None

    def match(self, found: Denotation | None) -> Match | None:
        """Whether a denotation is the answer, or a set whose size is."""
        if isinstance(found, Entities):
            if self.target.entities is not None and self.entities is not None:
                fits = len(found) <= len(self.entities) + self.target.others
                return "is" if fits and is_part(self.entities, found.items) else None
            return "counts" if self.counts(found.items) else None
        if isinstance(found, Values):
            if self._values is not None:
                return "is" if self._equal_values(found.items, self._values) else None
            if len(self.numbers) == 1 and self._is_quantity(found, self.numbers[0]):
                return "is"
        if isinstance(found, (Values, Statements)):
            return "counts" if self.entities is None and self.counts(found.items) else None
        if isinstance(found, Number):
            return "is" if self.numbers == (found.number,) else None
        if isinstance(found, Numbers):
            return "is" if self.numbers == found.numbers else None
        if isinstance(found, Boolean):
            return "is" if self.truths == (found.truth,) else None
        if not isinstance(found, Booleans):
            return None
        agree = len(self.truths) == 1 and set(found.truths) == {*self.truths}
        return "is" if agree or found.truths == self.truths else None

    def counts(self, items: IntArray) -> bool:
        """Whether a set is the one counted; where that is not known, whether it has the size."""
        if len(self.numbers) != 1:
            return False
        if self.entities is not None:
            return bool(np.array_equal(items, self.entities))
        return len(items) == self.numbers[0]

    def may_be(self, keys: IntArray) -> bool:
        """Whether a part of these elements, sorted, may still be the answer or be counted."""
        if self.entities is None:
            return not self.numbers or len(keys) >= self.numbers[0]
        return len(self.entities) <= len(keys) and is_part(self.entities, keys)

    def _equal_values(self, literals: IntArray, wanted: IntArray) -> bool:
        if not 0 < len(literals) <= _MOST_VALUES:
            return False
        both = (literals, wanted), (wanted, literals)
        return all(bool(compare(self.graph, "equals", some, others).all()) for some, others in both)

    def _is_quantity(self, values: Values, number: float) -> bool:
        if len(values) != 1:
            return False
        spans = self.graph.spans(values.items)
        return bool(spans.kinds[0] == Kind.QUANTITY and spans.low[0] == number)


def is_part(part: IntArray, whole: IntArray) -> bool:
    """Whether a sorted set is a part of another sorted set."""
    if len(part) > len(whole):
        return False
    places = np.searchsorted(whole, part)
    places[places == len(whole)] = 0
    return bool((whole[places] == part).all()) if len(whole) else not len(part)
