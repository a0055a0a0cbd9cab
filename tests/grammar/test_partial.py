"""The mask allows exactly the well-typed forms that fit the budget."""

from __future__ import annotations

from collections import defaultdict

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grammar.errors import FormError
from grammar.forms import (
    EntityLeaf,
    Leaf,
    LogicalForm,
    NumberLeaf,
    RelationLeaf,
    TypeLeaf,
    ValueLeaf,
    size,
    to_actions,
)
from grammar.lines import TESTS
from grammar.operators import ROOT_SORTS, Sort
from grammar.partial import OPERATOR_NAMES, ActionSpace
from grammar.values import read_value
from tests.grammar.small_scope import forms_up_to_size
from tests.grammar.strategies import TOY_LEAVES

LEAVES: tuple[Leaf, ...] = (
    EntityLeaf(("Q30",)),
    RelationLeaf("P36"),
    TypeLeaf("Q6256"),
    NumberLeaf(2),
    ValueLeaf(read_value("@1990")),
)


@pytest.mark.parametrize("without", [None, *LEAVES], ids=str)
def test_allows_exactly_what_fits(without: Leaf | None) -> None:
    """Whatever leaf is missing, however little the budget: what may come next does so in some form."""
    leaves = tuple(leaf for leaf in LEAVES if leaf != without)
    for budget in (1, 2, 3, 5):
        space = ActionSpace(leaves, max_actions=budget)
        forms = [form for form in forms_up_to_size(leaves, budget) if form.sort in ROOT_SORTS]
        allowed = defaultdict(set)
        for form in forms:
            numbers = numbers_of(form, space)
            for length, number in enumerate(numbers):
                allowed[numbers[:length]].add(number)
        for prefix, expected in allowed.items():
            partial = space.start()
            for number in prefix:
                partial = partial.append(number)
            assert set(np.flatnonzero(partial.mask).tolist()) == expected, (budget, prefix)


def numbers_of(form: LogicalForm, space: ActionSpace) -> tuple[int, ...]:
    numbers = [space.index(action) for action in to_actions(form)]
    return tuple(number for number in numbers if number is not None)


@settings(max_examples=300, deadline=None)
@given(st.data(), st.integers(1, 30), st.sets(st.sampled_from(TOY_LEAVES), max_size=8))
def test_a_walk_under_the_mask_ends_in_a_form(data: st.DataObject, budget: int, leaves: set[Leaf]) -> None:
    space = ActionSpace(tuple(sorted(leaves, key=repr)), max_actions=budget)
    partial = space.start()
    if not partial.mask.any():
        assert not any(space.costs[sort] <= budget for sort in ROOT_SORTS)
        return
    while not partial.complete:
        choices = [int(number) for number in np.flatnonzero(partial.mask)]
        assert choices, "a dead end"
        partial = partial.append(data.draw(st.sampled_from(choices)))
    form = partial.form()
    assert form.sort in ROOT_SORTS
    assert size(form) == len(partial.actions) <= budget
    assert not partial.mask.any()
    assert numbers_of(form, space) == partial.actions


def test_append_refuses_what_the_mask_does_not_allow() -> None:
    space = ActionSpace(LEAVES)
    follow = OPERATOR_NAMES.index("follow")
    with pytest.raises(FormError, match="may not come after 0 actions"):
        space.start().append(len(OPERATOR_NAMES) + 1)  # a relation answers nothing
    with pytest.raises(FormError, match="may not come after 1 actions"):
        space.start().append(follow).append(OPERATOR_NAMES.index("exists"))
    complete = space.start().append(len(OPERATOR_NAMES))
    with pytest.raises(FormError, match="may not come"):
        complete.append(follow)
    with pytest.raises(FormError, match="expected a complete form, found 1 actions"):
        space.start().append(follow).form()


def test_numbers_and_actions() -> None:
    space = ActionSpace((*LEAVES, LEAVES[0]))
    assert len(space) == len(OPERATOR_NAMES) + 6
    assert [space.index(space.action(k)) for k in range(len(space) - 1)] == list(range(len(space) - 1))
    assert space.index(LEAVES[0]) == len(OPERATOR_NAMES)  # of equal leaves the first
    assert space.index(EntityLeaf(("Q99",))) is None


def test_roots_can_be_narrowed() -> None:
    space = ActionSpace(LEAVES, roots=(Sort.BOOLEAN,), max_actions=3)
    first = {space.action(int(k)) for k in np.flatnonzero(space.start().mask)}
    assert first == {"exists", "is_in", *TESTS}


def test_masks_cannot_be_changed() -> None:
    with pytest.raises(ValueError, match="read-only"):
        ActionSpace(LEAVES).start().mask[0] = False
