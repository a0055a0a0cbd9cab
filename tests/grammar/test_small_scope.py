"""Every form up to depth 2 over a few leaves of the toy graph: nothing in this small world is left out."""

from __future__ import annotations

import pyoxigraph
import pytest

from grammar.english import to_english
from grammar.execute import Execution
from grammar.forms import (
    Call,
    EntityLeaf,
    LogicalForm,
    NumberLeaf,
    RelationLeaf,
    TypeLeaf,
    ValueLeaf,
    from_actions,
    read_form,
    to_actions,
)
from grammar.operators import OPERATORS, ROOT_SORTS
from grammar.partial import ActionSpace
from grammar.sparql import to_sparql
from grammar.values import read_value
from tests.grammar.answers import of_denotation, of_oxigraph
from tests.grammar.memory_graph import MemoryGraph
from tests.grammar.small_scope import forms_up_to_depth

LEAVES = (
    EntityLeaf(("Q30",)),
    EntityLeaf(("Q142", "Q183")),
    RelationLeaf("P35"),
    RelationLeaf("P1082"),
    TypeLeaf("Q6256"),
    NumberLeaf(1.0),
    ValueLeaf(read_value("@2017")),
)


@pytest.fixture(scope="module")
def forms() -> list[LogicalForm]:
    return forms_up_to_depth(LEAVES, 2)


@pytest.fixture(scope="module")
def roots(forms: list[LogicalForm]) -> list[LogicalForm]:
    return [form for form in forms if form.sort in ROOT_SORTS]


def test_there_are_some(forms: list[LogicalForm]) -> None:
    assert len(forms) == len(set(forms)) > 8_000
    assert {form.operator for form in forms if isinstance(form, Call)} == set(OPERATORS)


def test_print_and_read(forms: list[LogicalForm]) -> None:
    for form in forms:
        assert read_form(str(form), sorts=[form.sort]) == form
        assert from_actions(to_actions(form)) == form


def test_every_root_passes_the_mask(roots: list[LogicalForm]) -> None:
    space = ActionSpace(LEAVES, max_actions=max(len(to_actions(form)) for form in roots))
    for form in roots:
        partial = space.start()
        for action in to_actions(form):
            number = space.index(action)
            assert number is not None
            assert partial.mask[number], form
            partial = partial.append(number)
        assert partial.complete
        assert partial.form() == form


def test_execution_keeps_the_sorts(forms: list[LogicalForm], memory: MemoryGraph) -> None:
    execution = Execution(memory)
    for form in forms:
        if not isinstance(form, (RelationLeaf, TypeLeaf)):
            assert execution.denotation(form).sort is form.sort, form


def test_sparql_agrees(roots: list[LogicalForm], seen: MemoryGraph, store: pyoxigraph.Store) -> None:
    execution = Execution(seen)
    for form in roots:
        own = of_denotation(execution.denotation(form), seen)
        assert of_oxigraph(to_sparql(form), store) == own, form


def test_english_says_something_of_every_form(forms: list[LogicalForm]) -> None:
    labels = {"Q30": "Ruritania", "P35": "king", "P1082": "population", "Q6256": "country"}
    for form in forms:
        words = to_english(form, labels.get)
        assert words == " ".join(words.split()), form
        assert not any(mark in words for mark in "(){}_<>"), words
