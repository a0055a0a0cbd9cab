"""What is given up of a form that denotes nothing, and what is not."""

from __future__ import annotations

from grammar.denotation import is_empty
from grammar.execute import Execution
from grammar.forms import read_form
from kgqa.answer import Hypothesis
from kgqa.graphs import EmbeddedGraph
from kgqa.relaxing import relaxed, timeless


def test_a_type_filter_that_leaves_nothing_is_given_up(graph: EmbeddedGraph) -> None:
    execution = Execution(graph)
    form = read_form("keep(follow(Q142, P36), Q11424)")  # the capital of France that is a film
    found = relaxed(Hypothesis(form, -0.1), execution)
    assert found is not None
    assert str(found[0].form) == "follow(Q142, P36)"
    assert relaxed(Hypothesis(read_form("keep(follow(Q142, P57), Q11424)"), -0.1), execution) is None


def test_a_time_that_the_graph_knows_nothing_of_is_not_asked_for(graph: EmbeddedGraph) -> None:
    execution = Execution(graph)
    untold, without, told = (
        "object(where(statements(Q142, P36), P585, @2018))",
        "object(statements(Q142, P36))",
        "object(where(statements(Q142, P35), P585, @1066))",  # heads of state have their years
    )
    assert not is_empty(execution.denotation(read_form("qualifier_value(statements(Q142, P35), P580)")))
    found = timeless(Hypothesis(read_form(untold), -0.1), execution)
    assert found is not None
    assert str(found[0].form) == without
    assert not is_empty(found[1])
    for form in (without, told):
        assert timeless(Hypothesis(read_form(form), -0.1), execution) is None
