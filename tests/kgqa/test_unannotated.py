"""The search where a dataset names neither relations nor types: every kind of answer, and what is dropped."""

from __future__ import annotations

from typing import Any

import pytest

from grammar.forms import EntityLeaf, RelationLeaf
from grammar.values import String, Time
from kgqa.at_hand import Earlier, attempts
from kgqa.bundled import bundled
from kgqa.conversation import Conversation, Dialogue, Example, Gold, Turn, TurnAnswer
from kgqa.graphs import EmbeddedGraph
from kgqa.likeness import Likeness
from kgqa.supervision.turns import BUDGET, Task, Worker

ABOUT_PARIS = Conversation(
    (Turn("What is the capital of France?", TurnAnswer("Paris", entities=("Q90",)), ("Q142",)),)
)
ABOUT_A_FILM = Conversation(
    (Turn("Who directed The Godfather?", TurnAnswer("Coppola", entities=("Q56094",)), ("Q47703",)),)
)


@pytest.fixture(scope="module")
def worker(graph: EmbeddedGraph) -> Worker:
    encoder = bundled("model") / "text"
    return Worker(graph, Task("searched", BUDGET, graph.checksum[:16], str(encoder)))


def found(worker: Worker, question: str, conversation: Conversation = Conversation(), **gold: Any) -> str:  # noqa: B008
    """The best form for a question, or how the search ended."""
    example = Example("x", conversation, question, Gold(**gold))
    [line] = worker.lines(Dialogue("d", "d", (example,)))
    assert line["outcome"] != "failed", line
    return str(line["form"])


def test_dates_and_quantities(worker: Worker) -> None:
    born = found(worker, "When was Barack Obama born?", values=(Time(1961, 8, 4),), mentions=("Q76",))
    assert born == "value(Q76, P569)"
    year = found(worker, "Which year did it come out?", ABOUT_A_FILM, values=(Time(1972, precision=9),))
    assert year == "value(Q47703, P577)"
    long = found(worker, "How long is it?", ABOUT_A_FILM, numbers=(175.0,))
    assert long == "value(Q47703, P2047)"
    people = found(worker, "How many people live in Berlin?", numbers=(3755251.0,), mentions=("Q64",))
    assert people == "value(Q64, P1082)"
    borders = found(worker, "How many countries does it border?", ABOUT_PARIS, numbers=(3.0,))
    assert borders == "cardinality(keep(follow(Q142, P47), Q6256))"


def test_times_through_qualifiers(worker: Worker) -> None:
    in_2010 = found(
        worker, "Who was the head of state of France in 2010?", entities=("Q329",), mentions=("Q142",)
    )
    assert in_2010 == "object(where(statements(Q142, P35), P585, @2010))"
    start = found(
        worker, "When did François Hollande become president?", ABOUT_PARIS, values=(Time(2012, 5, 15),)
    )
    assert start == "qualifier_value(where(statements(Q142, P35), P35, Q157), P580)"


def test_ordinals(worker: Worker) -> None:
    first = found(worker, "Who was the first president of France?", entities=("Q329",), mentions=("Q142",))
    assert first.startswith("object(first(statements(Q142, P35), P58")
    latest = found(worker, "Who is the current president of it?", ABOUT_PARIS, entities=("Q3052772",))
    assert latest == "object(last(statements(Q142, P35), P580))"


def test_yes_and_no(worker: Worker) -> None:
    question = "Does France share a border with {}?"
    yes = found(worker, question.format("Belgium"), truths=(True,), mentions=("Q142",))
    assert yes == "is_in(Q31, follow(Q142, P47))"
    no = found(worker, question.format("the United States"), truths=(False,), mentions=("Q142",))
    assert no == "is_in(Q30, follow(Q142, P47))"
    before = found(worker, "Was France founded before 1000?", truths=(True,), mentions=("Q142",))
    assert before == "exists(less_than(value(Q142, P571), @1000))"


def test_a_truth_that_no_relation_goes_with_is_dropped(worker: Worker) -> None:
    assert found(worker, "Are they still together?", ABOUT_PARIS, truths=(True,)) == "None"
    assert found(worker, "Have they always been the same?", ABOUT_A_FILM, truths=(False,)) == "None"


def test_a_relation_that_is_not_like_the_question_is_dropped(worker: Worker) -> None:
    assert found(worker, "Who won the cup?", ABOUT_A_FILM, entities=("Q34012", "Q41163")) == "None"
    cast = found(worker, "Who are the actors?", ABOUT_A_FILM, entities=("Q34012", "Q41163"))
    assert cast == "follow(Q47703, P161)"


def test_others_than_the_one_named(worker: Worker) -> None:
    question = "Who else is in the cast of The Godfather besides Al Pacino?"
    form = found(worker, question, entities=("Q34012",), mentions=("Q47703",))
    assert form == "difference(follow(Q47703, P161), Q41163)"


def test_a_text_may_name_an_entity(worker: Worker) -> None:
    country = found(worker, "Which country is it in?", ABOUT_PARIS, values=(String("france"),))
    assert country in ("follow(Q90, P17)", "keep(follow(Q90, P17), Q6256)")


def test_a_set_of_a_kind_is_no_answer_about_something(worker: Worker) -> None:
    form = found(worker, "What is the title of it?", ABOUT_A_FILM, entities=("X4",))
    assert form == "None"  # though it is all members of its type


@pytest.mark.parametrize(
    ("question", "named"),
    [
        ("Does France border Belgium?", True),
        ("does france border belgium?", False),
        ("Is it near New France City?", False),  # a part of a longer name
    ],
)
def test_whole_names_count(graph: EmbeddedGraph, question: str, named: bool) -> None:
    example = Example("x", ABOUT_A_FILM, question, Gold(truths=(True,)))
    [(leaves, hints)] = attempts(example, Earlier(), graph)
    assert (hints.affinity.get(EntityLeaf(("Q142",)), 0.0) > 0) == named
    assert EntityLeaf(("Q47703",)) in leaves.entities


def test_without_an_encoder_words_in_common_count(graph: EmbeddedGraph) -> None:
    worker = Worker(graph, Task("searched", BUDGET, graph.checksum[:16]))
    assert found(worker, "What is its country?", ABOUT_PARIS, entities=("Q142",)) == "follow(Q90, P17)"
    assert found(worker, "Where does it lie?", ABOUT_PARIS, entities=("Q142",)) == "None"


def test_likeness_knows_other_words(graph: EmbeddedGraph) -> None:
    likeness = Likeness(bundled("model") / "text", graph)
    like = likeness.of("Who stars in it?", ["P569", "P36", "P161", "P17"])
    assert max(like, key=lambda relation: like[relation]) == "P161"
    assert likeness.of("Who stars in it?", ["P17", "P161"]) == {name: like[name] for name in ("P17", "P161")}
    assert "P99999" not in likeness.of("Who?", ["P99999"])


def test_a_point_in_time_is_offered_where_stretches_are(graph: EmbeddedGraph) -> None:
    example = Example("x", ABOUT_PARIS, "Who governed it in 2010?", Gold(entities=("Q329",)))
    [(leaves, _)] = attempts(example, Earlier(), graph)
    assert RelationLeaf("P585") in leaves.relations
    assert "where" in leaves.offered["P585"]


def test_one_of_a_set_where_nothing_denotes_it_alone(worker: Worker) -> None:
    one = found(worker, "Which actor was in it?", ABOUT_A_FILM, entities=("Q41163",))
    assert one == "follow(Q47703, P161)"
    alone = found(worker, "Who directed The Godfather?", entities=("Q56094",), mentions=("Q47703",))
    assert alone == "follow(Q47703, P57)"
