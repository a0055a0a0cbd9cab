"""What sort of answer the first words of a question ask for, and that forms are judged by it."""

from __future__ import annotations

import pytest

from grammar.execute import Execution
from grammar.forms import read_form
from grammar.offers import Offers
from kgqa.answer import Hypothesis
from kgqa.answer_sorts import is_of_sort, sorts_asked_for
from kgqa.context import Context
from kgqa.form_features import FEATURES, execute_hypothesis, features_of
from kgqa.graphs import EmbeddedGraph

DATE, LENGTH, PLACE = "value(Q142, P571)", "value(Q142, P1082)", "follow(Q142, P36)"
COUNT, NOTHING, TRUTH = "cardinality(follow(Q142, P47))", "follow(Q142, P57)", "is_in(Q90, follow(Q142, P36))"


@pytest.mark.parametrize(
    ("question", "fitting", "others"),
    [
        ("How many people live in France?", (LENGTH, COUNT, NOTHING), (PLACE, TRUTH, DATE)),
        ("And since when?", (DATE, PLACE, NOTHING), (LENGTH, COUNT, TRUTH)),
        ("Who is that?", (PLACE, NOTHING), (LENGTH, COUNT, TRUTH, DATE)),
        ("So where is it?", (PLACE,), (LENGTH, COUNT, TRUTH, DATE)),
    ],
)
def test_sorts_asked_for(
    graph: EmbeddedGraph, question: str, fitting: tuple[str, ...], others: tuple[str, ...]
) -> None:
    execution, sorts = Execution(graph), sorts_asked_for(question)
    assert sorts is not None
    fits = [is_of_sort(execution.denotation(read_form(form)), sorts, graph) for form in (*fitting, *others)]
    assert fits == [True] * len(fitting) + [False] * len(others)


@pytest.mark.parametrize("question", ["What is known of France?", "Whenever, what is its capital?", ""])
def test_words_that_leave_it_open(question: str) -> None:
    assert sorts_asked_for(question) is None


def test_forms_are_judged_by_it(graph: EmbeddedGraph) -> None:
    execution = Execution(graph)
    judged = [execute_hypothesis(Hypothesis(read_form(form), -1.0), execution) for form in (DATE, COUNT)]
    column = FEATURES.index("another sort")
    for question, found in [("How many are there?", [1, 0]), ("When?", [0, 1]), ("What is it?", [0, 0])]:
        context = Context(question, (), ())
        assert features_of(judged, context, Offers(graph))[:, column].tolist() == found
