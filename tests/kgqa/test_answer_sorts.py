"""What sort of answer the first words of a question ask for."""

from __future__ import annotations

import pytest

from grammar.execute import Execution
from grammar.forms import read_form
from kgqa.answer import Hypothesis
from kgqa.answer_sorts import of_sort_asked_for
from kgqa.form_features import execute_hypothesis
from kgqa.graphs import EmbeddedGraph

DATE, LENGTH, PLACE = "value(Q142, P571)", "value(Q142, P1082)", "follow(Q142, P36)"
COUNT, NOTHING, TRUTH = "cardinality(follow(Q142, P47))", "follow(Q142, P57)", "is_in(Q90, follow(Q142, P36))"


@pytest.mark.parametrize(
    ("question", "kept", "lowered"),
    [
        ("How many people live in France?", (LENGTH, COUNT, NOTHING), (PLACE, TRUTH, DATE)),
        ("And since when?", (DATE, PLACE, NOTHING), (LENGTH, COUNT, TRUTH)),
        ("Who is that?", (PLACE, NOTHING), (LENGTH, COUNT, TRUTH, DATE)),
        ("So where is it?", (PLACE,), (LENGTH, COUNT, TRUTH, DATE)),
        ("What is known of France?", (PLACE, LENGTH, COUNT, TRUTH, DATE), ()),
        ("Whenever, what is its capital?", (PLACE, LENGTH, COUNT), ()),
    ],
)
def test_what_is_of_no_sort_asked_for_comes_last(
    graph: EmbeddedGraph, question: str, kept: tuple[str, ...], lowered: tuple[str, ...]
) -> None:
    execution = Execution(graph)
    judged = [execute_hypothesis(Hypothesis(read_form(form), -1.0), execution) for form in (*lowered, *kept)]
    assert all(one.denotation is not None for one in judged)
    ordered = [str(one.hypothesis.form) for one in of_sort_asked_for(judged, question, graph)]
    assert ordered == [*kept, *lowered]
