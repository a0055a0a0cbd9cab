"""Reading, printing and taking apart forms."""

from __future__ import annotations

import pytest
from hypothesis import given

from grammar.errors import FormError, FormSyntaxError, SortError
from grammar.forms import (
    MAX_NODES,
    MAX_TEXT,
    EntityLeaf,
    Leaf,
    LogicalForm,
    NumberLeaf,
    RelationLeaf,
    TypeLeaf,
    ValueLeaf,
    call,
    from_actions,
    leaf_of,
    leaves,
    normalise,
    read_form,
    replace,
    size,
    to_actions,
)
from grammar.operators import Sort
from grammar.values import read_value
from tests.grammar import strategies

GREASE = "arg(max(cardinality(follow(for_each(keep(follow_back(Q4465, P57), Q11424)), P161))))"


@given(strategies.toy_forms(max_actions=20))
def test_reads_what_it_prints(form: LogicalForm) -> None:
    assert read_form(str(form)) == form
    assert from_actions(to_actions(form)) == form
    assert normalise(normalise(form)) == normalise(form)
    assert size(form) == len(to_actions(form))


@given(strategies.leaves)
def test_reads_every_leaf(leaf: Leaf) -> None:
    assert read_form(str(leaf), sorts=[leaf.sort]) == leaf


def test_reads_leaves_by_their_position() -> None:
    form = read_form("keep(follow({Q2, Q1}, Q1), <Q1>)")
    assert list(leaves(form)) == [EntityLeaf(("Q1", "Q2")), RelationLeaf("Q1"), TypeLeaf("Q1")]
    assert str(form) == "keep(follow({Q1 Q2}, Q1), Q1)"


def test_spaces_and_lines_do_not_matter() -> None:
    assert read_form(GREASE.replace("(", " (\n\t").replace(")", " ) ")) == read_form(GREASE)


@pytest.mark.parametrize(
    ("text", "message", "column"),
    [
        ("", "found the end", 1),
        ("follow(Q1, P2", r"expected ',' or '\)', found the end", 14),
        ("follow(Q1 P2)", r"expected ',' or '\)', found 'P2'", 11),
        ("follow(Q1, P2))", r"expected the form to end here, found '\)'", 15),
        ("folow(Q1, P2)", "'folow' is no operator; the operators are follow, ", 1),
        ("union(Q1, follow)", r"expected '\(' after follow", 17),
        ("follow(, P2)", "expected an operator, an id such as Q42, a number or a value, found ','", 8),
        ("follow(Q1; P2)", "no form has this here", 10),
        ("greater_than(value(Q1, P2), @1776-13)", "no such date", 29),
        ("{}", "expected an operator, an id", 2),
        ("{Q1 5}", "found '5'", 5),
        ("exists(<a b>)", "no form has this here", 8),
    ],
)
def test_the_caret_stands_under_the_mistake(text: str, message: str, column: int) -> None:
    with pytest.raises(FormSyntaxError, match=message) as caught:
        read_form(text)
    assert caught.value.column == column - 1
    complaint, shown, caret = str(caught.value).split("\n")
    assert f"(column {column})" in complaint
    assert caret.index("^") - 2 == column - 1
    assert shown[2:] == text


def test_the_caret_stands_right_in_a_long_text() -> None:
    text = f"exists({'union(Q1, ' * 20}Q1{')' * 20}; 5)"
    with pytest.raises(FormSyntaxError) as caught:
        read_form(text)
    _, shown, caret = str(caught.value).split("\n")
    assert shown[caret.index("^")] == ";"
    assert len(shown) < 110


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("follow(5, P2)", r"follow takes \(Entities, Relation\) or .*, found \(Number, .*at column 1"),
        ("cardinality(cardinality(Q1))", r"cardinality takes .*, found \(Number\)"),
        ("follow(Q1, P2, P3)", "follow takes"),
        ("pair(5, exists(Q1))", "pair takes"),
        ("arg(follow(Q1, P2))", "arg takes"),
        ("for_each(Q1)", r"expected a form of sort Entities or .*, found Each\[Entities\]"),
        ("statements(Q1, P2)", "found Statements"),
    ],
)
def test_sorts_must_fit(text: str, message: str) -> None:
    with pytest.raises(SortError, match=message):
        read_form(text)


def test_a_call_is_checked_when_made() -> None:
    with pytest.raises(SortError, match="'nope' is no operator"):
        call("nope")
    with pytest.raises(SortError, match=r"follow takes .*found \(Entities, Number\) in follow\(Q1, 5\)"):
        call("follow", EntityLeaf(("Q1",)), NumberLeaf(5))
    with pytest.raises(FormError, match="at least one entity"):
        EntityLeaf(())
    with pytest.raises(FormError, match="finite"):
        NumberLeaf(float("inf"))
    with pytest.raises(SortError, match="no leaf of sort"):
        leaf_of(Sort.RELATION, ["P1", "P2"])


def test_limits() -> None:
    with pytest.raises(FormError, match="characters"):
        read_form("Q" * (MAX_TEXT + 1))
    with pytest.raises(FormError, match="parts"):
        read_form("follow(" * 150 + "Q1" + ", P1)" * 150)
    wide = "Q1"
    for _ in range(9):
        wide = f"union({wide}, {wide})"
    assert wide.count("Q1") > MAX_NODES
    with pytest.raises(FormError, match="parts"):
        read_form(wide)
    with pytest.raises(FormError, match="parts"):
        read_form("union(" * 3_000)


def test_limits_come_before_recursion() -> None:
    deep = "follow(" * 99 + "Q1" + ", P1)" * 99
    assert str(read_form(deep)) == deep


@pytest.mark.parametrize(
    ("actions", "message"),
    [
        ([], "ends too early"),
        (["follow", EntityLeaf(("Q1",))], "ends too early"),
        ([EntityLeaf(("Q1",)), EntityLeaf(("Q1",))], "complete after 1"),
        (["nope"], "no operator"),
        (["follow", EntityLeaf(("Q1",)), NumberLeaf(1)], "follow takes"),
    ],
)
def test_actions_that_are_no_form(actions: list[str | Leaf], message: str) -> None:
    with pytest.raises(FormError, match=message):
        from_actions(actions)


def test_normalise_orders_only_what_commutes() -> None:
    assert normalise(read_form("union(Q2, Q1)")) == normalise(read_form("union(Q1, Q2)"))
    assert normalise(read_form("difference(Q2, Q1)")) != normalise(read_form("difference(Q1, Q2)"))
    lifted = read_form("arg(union(for_each(Q2), Q1))")
    assert normalise(lifted) == lifted


def test_replace_checks_sorts_again() -> None:
    form = read_form("follow(Q1, P2)")
    replaced = replace(form, {EntityLeaf(("Q1",)): read_form("members(Q3)")})
    assert str(replaced) == "follow(members(Q3), P2)"
    with pytest.raises(SortError):
        replace(form, {EntityLeaf(("Q1",)): ValueLeaf(read_value("@1990"))})


def test_forms_are_keys() -> None:
    first, second = read_form(GREASE), read_form(GREASE)
    assert first == second
    assert hash(first) == hash(second)
    assert {first} == {second}
