"""Sets as sorted arrays, held against Python's sets."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from grammar.arrays import ascending, common, united, without
from grammar.denotation import IntArray

NUMBERS = st.lists(st.integers(0, 30), max_size=20)


def column(numbers: object) -> IntArray:
    return np.array(sorted(numbers), dtype=np.int64)  # type: ignore[call-overload]


@given(NUMBERS)
def test_ascending(numbers: list[int]) -> None:
    assert ascending(np.array(numbers, dtype=np.int64)).tolist() == sorted(set(numbers))


@given(NUMBERS, NUMBERS)
def test_set_operations(left: list[int], right: list[int]) -> None:
    one, other = set(left), set(right)
    columns = column(one), column(other)
    assert united(*columns).tolist() == sorted(one | other)
    assert common(*columns).tolist() == sorted(one & other)
    assert without(*columns).tolist() == sorted(one - other)


def test_what_is_a_set_already_is_not_copied() -> None:
    numbers = column({1, 5, 9})
    assert ascending(numbers) is numbers
    assert without(numbers, column(set())) is numbers
