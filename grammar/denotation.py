"""What a form denotes: arrays in the graph's own numbering of entities, literals and statements.

Numbers mean something only together with their graph: ``Graph.entity_names`` and ``Graph.values`` turn
them into names and values. All arrays are sorted, without repeats, and must not be written to.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from grammar.operators import Sort

IntArray: TypeAlias = npt.NDArray[np.int64]
FloatArray: TypeAlias = npt.NDArray[np.float64]
BoolArray: TypeAlias = npt.NDArray[np.bool_]

EMPTY: IntArray = np.empty(0, dtype=np.int64)
EMPTY.flags.writeable = False


@dataclass(frozen=True, eq=False)
class _Denotation:
    """Equality and hash by content."""

    def fingerprint(self) -> tuple[object, ...]:
        """Content as a hashable key: equal fingerprints mean equal denotations on the same graph."""
        parts: list[object] = [type(self).__name__]
        for value in vars(self).values():
            parts.append(value.tobytes() if isinstance(value, np.ndarray) else value)
        return tuple(parts)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Denotation) and self.fingerprint() == other.fingerprint()

    def __hash__(self) -> int:
        return hash(self.fingerprint())


@dataclass(frozen=True, eq=False)
class _Set(_Denotation):
    """A finite set; ``items`` [n] int64, sorted."""

    items: IntArray

    def __len__(self) -> int:
        return len(self.items)


@dataclass(frozen=True, eq=False)
class Entities(_Set):
    """A set of entities."""

    sort = Sort.ENTITIES


@dataclass(frozen=True, eq=False)
class Values(_Set):
    """A set of literal values."""

    sort = Sort.VALUES


@dataclass(frozen=True, eq=False)
class Statements(_Set):
    """A set of statements."""

    sort = Sort.STATEMENTS


@dataclass(frozen=True, eq=False)
class Number(_Denotation):
    """One number."""

    number: float

    sort = Sort.NUMBER


@dataclass(frozen=True, eq=False)
class Boolean(_Denotation):
    """One truth value."""

    truth: bool

    sort = Sort.BOOLEAN


@dataclass(frozen=True, eq=False)
class Numbers(_Denotation):
    """Several numbers, in the order asked for."""

    numbers: tuple[float, ...]

    sort = Sort.NUMBERS


@dataclass(frozen=True, eq=False)
class Booleans(_Denotation):
    """Several truth values, in the order asked for."""

    truths: tuple[bool, ...]

    sort = Sort.BOOLEANS


@dataclass(frozen=True, eq=False)
class EachSet(_Denotation):
    """A map from elements to sets.

    ``keys`` [n] entities, sorted; ``owners`` [m] positions in ``keys`` and ``items`` [m] what they own,
    sorted by owner, then item, without repeats. A key that owns nothing has the empty set.
    """

    sort: Sort  # EACH_ENTITIES, EACH_VALUES or EACH_STATEMENTS
    keys: IntArray
    owners: IntArray
    items: IntArray

    def counts(self) -> IntArray:
        """Size of every element's set, [n]."""
        return np.bincount(self.owners, minlength=len(self.keys)).astype(np.int64)


@dataclass(frozen=True, eq=False)
class EachNumber(_Denotation):
    """A map from elements to numbers: ``keys`` [n] entities, sorted; ``numbers`` [n] float64."""

    keys: IntArray
    numbers: FloatArray

    sort = Sort.EACH_NUMBER


Denotation: TypeAlias = (
    Entities | Values | Statements | Number | Boolean | Numbers | Booleans | EachSet | EachNumber
)


def is_empty(denotation: Denotation) -> bool:
    """Whether it is an empty set or map (a number or truth value never is)."""
    if isinstance(denotation, _Set):
        return len(denotation.items) == 0
    return isinstance(denotation, (EachSet, EachNumber)) and len(denotation.keys) == 0
