"""How many facts lie between a dialogue and an answer."""

from __future__ import annotations

import pytest

from grammar.values import String, Value, read_value
from kgqa.reach import Reach
from tests.toy import toy_graph


@pytest.fixture(scope="module")
def reach(tmp_path_factory: pytest.TempPathFactory) -> Reach:
    return Reach(toy_graph(tmp_path_factory.mktemp("reach")))


@pytest.mark.parametrize(
    ("sources", "gold", "hops"),
    [
        (["Q142"], "Q90", 1),
        (["Q90"], "Q142", 1),
        (["Q90"], "Q150", 2),
        (["Q47703"], "Q184768", 1),
        (["Q34012"], "Q56094", 2),
        (["Q34012"], "Q36949", 2),  # both are humans
        (["Q47703"], "Q64", None),
        (["Q47703", "Q183"], "Q64", 1),
        (["Q30"], read_value("@1776"), 1),
        (["Q61"], read_value("@1776-07-04"), 2),
        (["Q61"], read_value("@1999"), None),
        (["Q142"], String("the paris"), 1),
        (["Q142"], String("London"), None),
        (["Q999999"], "Q90", None),
        ([], "Q90", None),
        (["Q142"], "Q999999", None),
    ],
)
def test_hops(sources: list[str], gold: str | Value, hops: int | None, reach: Reach) -> None:
    assert reach.hops(sources, [gold]) == hops


def test_numbers_are_met_by_quantities(reach: Reach) -> None:
    assert reach.hops(["Q47703"], [175.0]) == 1
    assert reach.hops(["Q47703"], []) is None


def test_the_nearest_of_several_answers_counts(reach: Reach) -> None:
    assert reach.hops(["Q142"], ["Q44578", "Q90"]) == 1
