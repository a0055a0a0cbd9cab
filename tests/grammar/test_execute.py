"""Execution: errors, limits, what is kept, and that two graphs agree."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from grammar.denotation import Entities, Number, Values, is_empty
from grammar.errors import ExecutionError, LimitReached, UnknownName
from grammar.execute import Execution, Limits, execute
from grammar.forms import LogicalForm, RelationLeaf, TypeLeaf, read_form
from grammar.lines import within_deviation
from kgqa.graphs import EmbeddedGraph
from tests.grammar import strategies
from tests.grammar.answers import of_denotation
from tests.grammar.memory_graph import MemoryGraph


@settings(deadline=None, max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(form=strategies.toy_forms(max_actions=16))
def test_two_graphs_agree(form: LogicalForm, memory: MemoryGraph, embedded: EmbeddedGraph) -> None:
    own = of_denotation(execute(form, memory), memory)
    assert of_denotation(execute(form, embedded), embedded) == own


@settings(deadline=None, max_examples=100)
@given(st.lists(st.integers(0, 12), max_size=6), st.integers(-10, 130))
def test_around_in_a_map_is_exact_at_the_edge(counts: list[int], tenths: int) -> None:
    numbers, n = [Fraction(count) for count in counts], Fraction(tenths, 10)
    mean = sum(numbers, Fraction(0)) / max(len(numbers), 1)
    variance = sum(((k - mean) ** 2 for k in numbers), Fraction(0)) / max(len(numbers), 1)
    chosen = within_deviation(np.array(counts, dtype=np.float64), tenths / 10)
    assert chosen.tolist() == [(k - n) ** 2 <= variance for k in numbers]


@pytest.mark.parametrize(
    ("text", "name", "expected"),
    [
        ("follow({Q30 Q999}, P36)", "Q999", "entity"),
        ("follow(Q30, P999)", "P999", "relation"),
        ("keep(Q30, Q90)", "Q90", "type"),
        ("exists(members(Q999))", "Q999", "type"),
    ],
)
def test_unknown_names_are_errors(text: str, name: str, expected: str, memory: MemoryGraph) -> None:
    with pytest.raises(UnknownName, match=f"'{name}' is no {expected} of the graph 'memory'") as caught:
        execute(read_form(text), memory)
    assert caught.value.name == name


def test_leaves_that_denote_nothing(memory: MemoryGraph) -> None:
    for leaf in (RelationLeaf("P36"), TypeLeaf("Q5")):
        with pytest.raises(ExecutionError, match="denotes nothing"):
            execute(leaf, memory)


def test_limits(memory: MemoryGraph) -> None:
    form = read_form("keep(members(Q5), Q5)")
    with pytest.raises(LimitReached, match="elements, 3 are allowed: members"):
        execute(form, memory, limits=Limits(elements=3))
    with pytest.raises(LimitReached, match="longer than 0 seconds"):
        execute(form, memory, limits=Limits(seconds=0))


def test_every_form_gets_the_time_anew(memory: MemoryGraph) -> None:
    """A search keeps one execution for minutes; only a single form may not take that long."""
    execution = Execution(memory, limits=Limits(seconds=5))
    execution.denotation(read_form("members(Q5)"))
    execution._deadline = 0.0
    execution.denotation(read_form("keep(members(Q5), Q5)"))


def test_sub_forms_are_computed_once(memory: MemoryGraph) -> None:
    execution = Execution(memory)
    form = read_form("union(follow(Q30, P36), follow(Q30, P36))")
    execution.denotation(form)
    assert {str(part) for part in execution.known} == {str(form), "follow(Q30, P36)", "Q30"}
    assert execution.denotation(form) is execution.denotation(form)


def test_denotations_compare_by_content(memory: MemoryGraph) -> None:
    def denoted(text: str) -> object:
        return execute(read_form(text), memory)

    assert denoted("union(Q30, Q142)") == denoted("{Q142 Q30}")
    assert hash(denoted("union(Q30, Q142)")) == hash(denoted("{Q142 Q30}"))
    assert denoted("Q30") != denoted("Q142")
    assert Entities(np.array([1])) != Values(np.array([1]))
    assert Number(1.0) != "1"
    assert is_empty(execute(read_form("follow(Q39, P36)"), memory))
    assert not is_empty(Number(0.0))


def test_an_empty_set_is_an_answer(memory: MemoryGraph) -> None:
    for text in (
        "max(value(Q39, P1082))",
        "arg(min(cardinality(follow(for_each(follow(Q39, P36)), P17))))",
        "object(first(statements(Q39, P1082), P585))",
        "intersect(follow(Q39, P36), follow(Q39, P36))",
        "arg(difference(follow(for_each(follow(Q39, P36)), P17), Q30))",
    ):
        assert is_empty(execute(read_form(text), memory)), text
