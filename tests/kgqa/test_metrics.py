"""Scores against figures computed by hand, and laws that hold for every input."""

import math
from itertools import permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from grammar.denotation import Boolean, Denotation, Entities, Number, Numbers
from grammar.forms import read_form
from grammar.values import Quantity, String, Text, Time
from kgqa import metrics
from kgqa.metrics import Item, Score, SetPair

PAIRS: list[SetPair] = [
    ({"a", "b", "c"}, {"a", "b"}),  # P 2/3, R 1,   F 4/5
    ({"a"}, {"a", "b", "c", "d"}),  # P 1,   R 1/4, F 2/5
    (set(), {"a"}),  #                P 0,   R 0,   F 0
    (None, {"a", "b"}),  #            no answer
    (set(), set()),  #                both empty
    (None, set()),  #                 no answer to an empty gold
]


def approximately(score: Score, *expected: float) -> bool:
    return (score.precision, score.recall, score.f1) == pytest.approx(expected)


def test_micro_f1_pools_items() -> None:
    # TP 2 + 1, FP 1, FN 3 + 1 + 2
    assert approximately(metrics.micro_f1(PAIRS), 3 / 4, 3 / 9, 2 * 3 / (4 + 9))


def test_macro_f1_both_ways_and_no_answer_is_never_right() -> None:
    assert metrics.macro_f1(PAIRS, empty=0) == pytest.approx((4 / 5 + 2 / 5) / 6)
    assert metrics.macro_f1(PAIRS, empty=1) == pytest.approx((4 / 5 + 2 / 5 + 1) / 6)


def test_csqa_f1_is_the_harmonic_mean_of_the_means() -> None:
    precision, recall = (2 / 3 + 1 + 1) / 6, (1 + 1 / 4 + 1) / 6
    f1 = 2 * precision * recall / (precision + recall)
    assert approximately(metrics.csqa_f1(PAIRS), precision, recall, f1)


def test_the_cap_hides_the_false_positives_of_large_predictions_only() -> None:
    large, gold = {str(n) for n in range(1001)}, {"1", "2", "none"}
    assert metrics.capped(large, gold) == {"1", "2"}
    small = {str(n) for n in range(1000)}
    assert metrics.capped(small, gold) == small
    assert metrics.capped(None, gold) is None


def test_nothing_scores_nothing() -> None:
    assert metrics.micro_f1([]) == metrics.csqa_f1([]) == Score(0, 0, 0)
    assert metrics.macro_f1([], empty=1) == metrics.accuracy([]) == metrics.unweighted_mean({}) == 0
    assert metrics.weighted_mean({}) == 0


_SETS = st.frozensets(st.sampled_from("abcde"))
_PAIRS: st.SearchStrategy[list[SetPair]] = st.lists(st.tuples(st.none() | _SETS, _SETS), max_size=8)


@given(_PAIRS)
def test_scores_stay_in_range_and_do_not_depend_on_the_order(pairs: list[SetPair]) -> None:
    for score in (metrics.micro_f1(pairs), metrics.csqa_f1(pairs)):
        assert 0 <= score.f1 <= 1
        assert score.f1 <= max(score.precision, score.recall) + 1e-12
    assert metrics.micro_f1(pairs) == metrics.micro_f1(pairs[::-1])
    assert metrics.macro_f1(pairs, empty=0) <= metrics.macro_f1(pairs, empty=1) <= 1


@given(st.lists(_SETS.filter(bool), min_size=1, max_size=8))
def test_the_right_answers_score_1_and_no_answers_0(golds: list[frozenset[str]]) -> None:
    right: list[SetPair] = [(gold, gold) for gold in golds]
    silent: list[SetPair] = [(None, gold) for gold in golds]
    for pairs, expected in ((right, 1), (silent, 0)):
        assert metrics.micro_f1(pairs).f1 == metrics.csqa_f1(pairs).f1 == expected
        assert metrics.macro_f1(pairs, empty=1) == expected


@given(_PAIRS)
def test_no_answer_is_never_better_than_an_empty_one(pairs: list[SetPair]) -> None:
    empty: list[SetPair] = [(set() if predicted is None else predicted, gold) for predicted, gold in pairs]
    assert metrics.macro_f1(pairs, empty=1) <= metrics.macro_f1(empty, empty=1)
    assert metrics.csqa_f1(pairs).f1 <= metrics.csqa_f1(empty).f1 + 1e-12
    assert metrics.micro_f1(pairs) == metrics.micro_f1(empty)


@given(st.lists(st.tuples(_SETS, _SETS), min_size=1, max_size=1))
def test_on_one_question_all_measures_agree(pairs: list[SetPair]) -> None:
    micro = metrics.micro_f1(pairs).f1
    assert micro == pytest.approx(metrics.macro_f1(pairs, empty=0))
    if any(pairs[0]):
        assert micro == pytest.approx(metrics.csqa_f1(pairs).f1)


@pytest.mark.parametrize(
    ("predicted", "gold", "one_truth", "in_words"),
    [
        ((True,), (True,), True, True),
        ((True, True), (True,), True, True),
        ((False,), (True, False), True, False),
        ((False, True), (True, False), True, False),
        ((True, False), (True, False), True, True),
        ((False, False), (False,), True, True),
        ((True,), (False, True), False, False),
        (None, (False,), False, False),
    ],
)
def test_truth_values_two_ways(
    predicted: tuple[bool, ...] | None, gold: tuple[bool, ...], one_truth: bool, in_words: bool
) -> None:
    assert metrics.same_truth(predicted, gold) is one_truth
    assert metrics.same_truths(predicted, gold) is in_words


def test_counts() -> None:
    assert metrics.same_numbers((3.0,), (3.0,))
    assert metrics.same_numbers((2.0, 1.0), (2.0, 1.0))
    assert not metrics.same_numbers((1.0, 2.0), (2.0, 1.0))
    assert not metrics.same_numbers((3.0,), (3.0, 3.0))
    assert not metrics.same_numbers(None, (0.0,))
    assert metrics.same_numbers(None, (0.0,), failed_as_zero=True)
    assert not metrics.same_numbers(None, (1.0,), failed_as_zero=True)
    assert metrics.count_set_exact({"a"}, frozenset("a"))
    assert not metrics.count_set_exact({"b"}, {"a"})
    assert not metrics.count_set_exact(None, set())
    assert metrics.accuracy([True, False, True, True]) == 0.75


def test_overall_unweighted_and_weighted() -> None:
    by_type = {"Simple": (0.9, 90), "Logical": (0.5, 10), "Comparative": (0.0, 0)}
    assert metrics.unweighted_mean(by_type) == pytest.approx(0.7)
    assert metrics.weighted_mean(by_type) == pytest.approx(0.86)


@pytest.mark.parametrize(
    ("groups", "at_1", "reciprocal", "within_5"),
    [
        ([], 0, 0, 0),
        ([(1, 1)], 1, 1, 1),
        ([(1, 0), (1, 1)], 0, 1 / 2, 1),
        ([(0, 0), (2, 1)], 1 / 2, (1 + 1 / 2) / 2, 1),
        ([(4, 0), (2, 1)], 0, (1 / 5 + 1 / 6) / 2, 1 / 2),
        ([(5, 0), (1, 1)], 0, 1 / 6, 0),
        ([(10, 1)], 1 / 10, sum(1 / k for k in range(1, 11)) / 10, 1 / 2),
    ],
)
def test_ranks_by_hand(groups: metrics.Groups, at_1: float, reciprocal: float, within_5: float) -> None:
    assert metrics.chance_at_1(groups) == pytest.approx(at_1)
    assert metrics.reciprocal_rank(groups) == pytest.approx(reciprocal)
    assert metrics.chance_within(groups, 5) == pytest.approx(within_5)


_GROUPS = st.lists(
    st.integers(0, 3).flatmap(lambda size: st.tuples(st.just(size), st.integers(0, size))), max_size=3
)


@given(_GROUPS, st.integers(1, 6))
def test_ranks_are_means_over_all_orders_of_tied_items(groups: list[tuple[int, int]], depth: int) -> None:
    orders: list[list[bool]] = [[]]
    for size, right in groups:
        ways = list(permutations([True] * right + [False] * (size - right)))
        orders = [order + list(way) for order in orders for way in ways]
    firsts = [next((place for place, right in enumerate(order, 1) if right), math.inf) for order in orders]
    assert metrics.chance_at_1(groups) == pytest.approx(np.mean([first == 1 for first in firsts]))
    assert metrics.reciprocal_rank(groups) == pytest.approx(np.mean([1 / first for first in firsts]))
    assert metrics.chance_within(groups, depth) == pytest.approx(
        np.mean([first <= depth for first in firsts])
    )


@pytest.mark.parametrize(
    ("predicted", "gold", "same"),
    [
        ("Q1", "Q1", True),
        ("Q1", "Q2", False),
        (Time(1969, 7, 20), Time(1969, precision=9), True),
        (Time(1969, precision=9), Time(1969, 7, 20), True),
        (Time(1968, 7, 20), Time(1969, precision=9), False),
        (Time(1969, 7, 20), Time(1969, 7, 21), False),
        (Quantity(138, "Q7727"), Quantity(138), True),
        (Quantity(138, "Q7727"), Quantity(138, "Q11574"), False),
        (Quantity(7), 7.0, True),
        (7.0, Quantity(7), True),
        (8.0, 7.0, False),
        (True, True, True),
        (True, 1.0, False),
        (String("the dragon  balls"), String("The Dragon Balls."), True),
        (Text("Café", "fr"), String("cafe"), True),
        (String("a"), String("b"), False),
        (Time(1969, precision=9), 1969.0, False),
    ],
)
def test_answers_match_by_value(predicted: Item, gold: Item, same: bool) -> None:
    assert metrics.matches(predicted, gold) is same


def test_a_gold_answer_that_is_only_a_name_matches_an_entity_of_that_name() -> None:
    assert metrics.matches("Q23633", String("HBO"), label="HBO")
    assert not metrics.matches("Q23633", String("HBO"))
    labels = {"Q1": "HBO", "Q2": "NBC"}
    assert metrics.group_of(["Q1", "Q2"], [String("hbo")], label=labels.__getitem__) == (2, 1)


def entities(*items: int) -> Entities:
    return Entities(np.array(items, dtype=np.int64))


@pytest.mark.parametrize(
    ("predicted", "gold", "exact", "equal"),
    [
        (entities(1, 2), entities(1, 2), False, True),
        (entities(1), entities(1, 2), False, False),
        (entities(), entities(), False, False),
        (entities(), entities(), True, True),
        (Number(0.0), Number(0.0), False, False),
        (Number(3.0), Number(3.0), False, True),
        (Numbers((0.0, 0.0)), Numbers((0.0, 0.0)), False, False),
        (Numbers((0.0, 2.0)), Numbers((0.0, 2.0)), False, True),
        (Boolean(False), Boolean(False), False, True),
        (entities(), Number(0.0), False, False),
        (None, entities(), False, False),
    ],
)
def test_execution_equality_and_its_rule_for_empty(
    predicted: Denotation | None, gold: Denotation, exact: bool, equal: bool
) -> None:
    assert metrics.execution_equality(predicted, gold, exact=exact) is equal


def test_exact_match_does_not_mind_the_order_of_arguments_that_may_be_swapped() -> None:
    one, other = (
        read_form("union(follow(Q1, P1), follow(Q2, P1))"),
        read_form("union(follow(Q2, P1), follow(Q1, P1))"),
    )
    assert metrics.exact_match(one, other)
    assert not metrics.exact_match(None, other)
    one, other = (
        read_form("difference(follow(Q1, P1), follow(Q2, P1))"),
        read_form("difference(follow(Q2, P1), follow(Q1, P1))"),
    )
    assert not metrics.exact_match(one, other)
