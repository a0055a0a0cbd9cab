"""The table itself, and that whatever is read off it is complete."""

from __future__ import annotations

import pytest

from grammar import english, execute, lines, sparql
from grammar.operators import LEAF_SORTS, LIFTED, OPERATORS, ROOT_SORTS, Operator, Sort
from grammar.sparql import lines as sparql_lines


@pytest.mark.parametrize("registered", [execute.MEANINGS, sparql.COMPILERS, english.WORDINGS])
def test_every_operator_has_every_meaning(registered: dict[str, object]) -> None:
    assert list(registered) == list(OPERATORS)


def test_every_comparison_has_its_test() -> None:
    assert [*sparql_lines.TESTS, "around"] == list(lines.TESTS)
    assert set(lines.TESTS) <= set(OPERATORS)


@pytest.mark.parametrize("row", OPERATORS.values(), ids=lambda row: row.name)
def test_rows(row: Operator) -> None:
    assert len({signature.arguments for signature in row.signatures}) == len(row.signatures)
    assert {len(signature.arguments) for signature in row.signatures} == {row.arity}
    for signature in row.signatures:
        assert row.result(signature.arguments) is signature.result
        assert signature.result not in (Sort.RELATION, Sort.TYPE)
    assert row.result((Sort.TYPE,) * row.arity) is None or row.name == "members"


@pytest.mark.parametrize("row", OPERATORS.values(), ids=lambda row: row.name)
def test_a_commutative_row_takes_its_arguments_in_any_order(row: Operator) -> None:
    if row.commutative:
        for signature in row.signatures:
            if len(set(signature.arguments)) == 1:
                assert row.arity == 2


def test_every_sort_can_be_made_and_used() -> None:
    made = {signature.result for row in OPERATORS.values() for signature in row.signatures} | set(LEAF_SORTS)
    taken = {
        sort for row in OPERATORS.values() for signature in row.signatures for sort in signature.arguments
    }
    assert made == set(Sort)
    assert taken | set(ROOT_SORTS) == set(Sort)
    assert set(LIFTED) | set(LIFTED.values()) <= made
