"""Evaluation with a parser that takes forms for questions, so that every figure can be worked out by hand."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from grammar.errors import ConfigError, DataError
from grammar.execute import execute
from grammar.forms import read_form
from grammar.values import read_value
from kgqa.conversation import Conversation, Dialogue, Example, Gold, Turn, TurnAnswer
from kgqa.evaluate import Setting, chosen_dialogues, evaluate
from kgqa.evidence import result_of
from kgqa.graphs import EmbeddedGraph
from kgqa.report import Report
from kgqa.unseen import is_unseen
from tests.form_parser import FormParser


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "data.jsonl"
    path.write_text("what the dialogues were read from\n")
    return path


def dialogue(name: str, *turns: tuple[str, Gold], seed: str = "") -> Dialogue:
    """A dialogue whose history shows the gold answers."""
    conversation, examples = Conversation(), []
    for number, (question, gold) in enumerate(turns):
        examples.append(Example(f"{name}/{number}", conversation, question, gold))
        shown = TurnAnswer(text=gold.text, entities=gold.entities or (), asks_back=gold.ambiguous)
        conversation = conversation.then(Turn(question, shown, gold.mentions))
    return Dialogue(name, seed or name, tuple(examples))


def gold(form: str = "", *, kind: str = "t", **fields: Any) -> Gold:
    return Gold(form=read_form(form) if form else None, question_type=kind, **fields)


def run(
    dialogues: Sequence[Dialogue], graph: EmbeddedGraph, source: Path, out: Path, **setting: Any
) -> tuple[Report, FormParser]:
    parser = FormParser(graph)
    whole = Setting(**{"dataset": "plain", "source": source, "model": "m", **setting})
    return evaluate(chosen_dialogues(dialogues, whole), parser, setting=whole, out=out), parser


FORMS = [
    dialogue("a", ("follow(Q142, P36)", gold("follow(Q142, P36)", entities=("Q90",)))),
    # The same answer by another form; then another answer; then no form; then one that fails.
    dialogue(
        "b",
        (
            "follow(Q142, P37)",
            gold("intersect(follow(Q142, P37), follow(Q31, P37))", entities=("Q150", "Q188")),
        ),
    ),
    dialogue("c", ("follow(Q183, P36)", gold("follow(Q142, P36)", entities=("Q90",)))),
    dialogue("d", ("no form", gold("follow(Q142, P36)", entities=("Q90",)))),
    dialogue("e", ("follow(Q142, P9999)", gold("follow(Q142, P36)", entities=("Q90",)))),
    # Both denote nothing: equal only where the forms match.
    dialogue("f", ("follow(Q30, P47)", gold("follow(Q30, P50)", entities=()))),
    dialogue("g", ("follow(Q30, P47)", gold("follow(Q30, P47)", entities=()))),
    # An annotation that the graph cannot execute is compared with nothing.
    dialogue("h", ("follow(Q142, P36)", gold("follow(Q999999, P36)", entities=("Q90",)))),
]


def test_forms_and_counts(graph: EmbeddedGraph, source: Path, tmp_path: Path) -> None:
    report, _ = run(FORMS, graph, source, tmp_path / "out")
    row = report.by_type["t"]
    assert (row["n"], row["answered"], row["unparsed"], row["failed"]) == (8, 6, 1, 1)
    assert (row["exact_match"], row["compared"]) == (2 / 8, 7)
    assert row["execution_equality"] == 3 / 7
    # Hits: a, b and h; false: c; missed: one of b, and those of c, d and e.
    assert row["micro_f1"] == pytest.approx(2 * 3 / (4 + 7))
    assert report.headline.overall == row["micro_f1"]
    assert report.headline.p_at_1 is None


def test_the_report_is_written(graph: EmbeddedGraph, source: Path, tmp_path: Path) -> None:
    report, _ = run(FORMS, graph, source, tmp_path / "out", entities="gold")
    record = json.loads((tmp_path / "out" / "report.json").read_text())
    assert record["headline"] == report.to_json()["headline"]
    protocol = record["protocol"]
    assert (protocol["entities"], protocol["history"], protocol["dataset"]) == ("gold", "gold", "plain")
    assert protocol["graph"] == {"name": "toy", "checksum": graph.checksum}
    assert {"data", "model", "cut_offs", "date", "questions", "dialogues"} <= set(protocol)
    assert (tmp_path / "out" / "report.html").read_text().startswith("<!doctype html>")


def test_counts_and_truth_values(graph: EmbeddedGraph, source: Path, tmp_path: Path) -> None:
    three = ("Q183", "Q31", "Q39")
    both = "pair(is_in(Q90, follow(Q142, P36)), is_in(Q64, follow(Q142, P36)))"
    dialogues = [
        dialogue("a", ("cardinality(follow(Q142, P47))", gold(kind="count", numbers=(3.0,), counted=three))),
        dialogue("b", ("cardinality(follow(Q183, P47))", gold(kind="count", numbers=(3.0,), counted=three))),
        dialogue("c", ("no form", gold(kind="count", numbers=(0.0,), counted=()))),
        dialogue("d", (both, gold(kind="truth", truths=(True, False)))),
        dialogue("e", (both, gold(kind="truth", truths=(False, True)))),
        dialogue("f", ("follow(Q142, P36)", gold(kind="truth", truths=(False,)))),
    ]
    report, _ = run(dialogues, graph, source, tmp_path / "out")
    count, truth = report.by_type["count"], report.by_type["truth"]
    assert (count["accuracy"], count["failed_as_zero"], count["count_set_exact"]) == (2 / 3, 1.0, 1 / 3)
    assert (truth["accuracy"], truth["accuracy_sequence"]) == (2 / 3, 1 / 3)
    assert report.headline.overall == pytest.approx(2 / 3)


def test_what_the_parser_is_given(graph: EmbeddedGraph, source: Path, tmp_path: Path) -> None:
    talk = dialogue(
        "a",
        ("follow(Q142, P36)", gold(entities=("Q64",), mentions=("Q142",))),
        ("it: follow(IT, P17)", gold(entities=("Q183",), mentions=("Q64",))),
    )
    _, parser = run([talk], graph, source, tmp_path / "1", entities="gold")
    assert [request.given for request in parser.requests] == [("Q142",), ("Q64",)]
    assert parser.requests[1].conversation.turns[0].mentions == ("Q142",)
    _, parser = run([talk], graph, source, tmp_path / "2")
    assert [request.given for request in parser.requests] == [None, None]
    turn = parser.requests[1].conversation.turns[0]
    assert turn.answer is not None
    assert (turn.mentions, turn.answer.entities) == ((), ("Q64",))
    report, parser = run([talk], graph, source, tmp_path / "3", history="predicted")
    turn = parser.requests[1].conversation.turns[0]
    assert turn.answer is not None
    assert turn.answer.entities == ("Q90",)
    assert str(turn.answer.form) == "follow(Q142, P36)"
    assert report.by_type["t"]["micro_f1"] == 0.0


def test_a_question_that_is_asked_back_is_not_scored(
    graph: EmbeddedGraph, source: Path, tmp_path: Path
) -> None:
    asked = gold(entities=("Q90",), text="Did you mean Paris?", ambiguous=True)
    talk = dialogue("a", ("follow(Q142, P37)", asked), ("yes", gold(entities=("Q142",))))
    for history in ("gold", "predicted"):
        report, parser = run([talk], graph, source, tmp_path / history, history=history)
        assert report.by_type["t"]["n"] == 1
        shown = parser.requests[1].conversation.turns[0].answer
        assert shown is not None
        assert shown.asks_back
        assert report.by_type["t"]["micro_f1"] == 1.0


def test_ranked_answers(graph: EmbeddedGraph, source: Path, tmp_path: Path) -> None:
    def about(name: str, question: str, answer: dict[str, Any], seed: str) -> Dialogue:
        return dialogue(name, (question, gold(kind="places", mentions=(seed,), **answer)), seed=seed)

    dialogues = [
        about("a", "follow(Q142, P36)", {"entities": ("Q90",)}, "Q142"),
        about("b", "follow(Q142, P36)", {"entities": ("Q90",)}, "Q142"),  # the same question again
        about("c", "follow(Q31, P37) OR follow(Q142, P36)", {"entities": ("Q90",)}, "Q31"),
        about("d", "value(Q30, P571)", {"values": (read_value("@1776"),)}, "Q30"),
        about("e", "no form", {"entities": ("Q44578",)}, "Q142"),
        about("f", "is_in(Q90, follow(Q142, P36))", {"truths": (True,)}, "Q142"),
    ]
    report, _ = run(dialogues, graph, source, tmp_path / "out", dataset="convquestions")
    headline, row = report.headline, report.by_type["places"]
    assert headline.p_at_1 == pytest.approx(4 / 6)
    assert row["mrr"] == pytest.approx((1 + 1 + 1 / 3 + 1 + 0 + 1) / 6)
    assert row["hit_at_5"] == pytest.approx(5 / 6)
    # Paris is one fact from France and two from Belgium, Titanic nowhere near; a truth value is nowhere.
    assert (headline.one_hop, headline.two_hops) == (3 / 6, 4 / 6)
    assert (headline.p_at_1_one_hop, headline.p_at_1_two_hops) == (1.0, 3 / 4)
    assert report.tables["questions"]["distinct (seed, question)"]["n"] == 5
    assert report.tables["turn"]["turn 1"]["n"] == 6
    assert headline.overall is None
    assert headline.execution_equality is None


def test_a_stopped_run_goes_on(graph: EmbeddedGraph, source: Path, tmp_path: Path) -> None:
    whole, _ = run(FORMS, graph, source, tmp_path / "whole")
    out = tmp_path / "out"
    run(FORMS[:3], graph, source, out)
    with (out / "predictions.jsonl").open("a") as file:
        file.write('{"id": "d/0", "dial')  # what a kill leaves
    report, parser = run(FORMS, graph, source, out)
    assert len(parser.requests) == 5
    assert report.by_type == whole.by_type
    assert len((out / "predictions.jsonl").read_text().splitlines()) == 8


def test_another_protocol_is_refused(graph: EmbeddedGraph, source: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    run(FORMS, graph, source, out)
    for changed in ({"entities": "gold"}, {"model": "other"}):
        with pytest.raises(ConfigError, match="name another --out"):
            run(FORMS, graph, source, out, **changed)
    source.write_text("other data\n")
    with pytest.raises(ConfigError, match="data"):
        run(FORMS, graph, source, out)


def test_a_run_that_found_no_question_binds_nothing(
    graph: EmbeddedGraph, source: Path, tmp_path: Path
) -> None:
    with pytest.raises(DataError, match="found none"):
        run([], graph, source, tmp_path / "out", entities="gold")
    report, _ = run(FORMS, graph, source, tmp_path / "out", entities="linked")
    assert report.by_type["t"]["n"] == len(FORMS)


def test_limit_and_split(graph: EmbeddedGraph, source: Path, tmp_path: Path) -> None:
    report, _ = run(FORMS, graph, source, tmp_path / "1", limit=2)
    assert report.protocol["dialogues"] == 2
    keys = tmp_path / "keys.txt"
    keys.write_text("c\nh\n")
    report, parser = run(FORMS, graph, source, tmp_path / "2", split=keys)
    assert [request.question for request in parser.requests] == ["follow(Q183, P36)", "follow(Q142, P36)"]
    with pytest.raises(DataError, match="nowhere"):
        run(FORMS, graph, source, tmp_path / "3", split=tmp_path / "nowhere")
    with pytest.raises(DataError, match="expected questions"):
        run([], graph, source, tmp_path / "4")


def test_of_a_set_the_best_known_is_the_first_answer(
    graph: EmbeddedGraph, source: Path, tmp_path: Path
) -> None:
    first, second = result_of(execute(read_form("follow(Q31, P37)"), graph), graph).entities or ()
    dialogues = [
        dialogue(name, ("follow(Q31, P37)", gold(kind="places", mentions=("Q31",), entities=(answer,))))
        for name, answer in (("a", first), ("b", second))
    ]
    report, _ = run(dialogues, graph, source, tmp_path / "out", dataset="convquestions")
    assert report.headline.p_at_1 == pytest.approx(1 / 2)
    assert report.by_type["places"]["mrr"] == pytest.approx((1 + 1 / 2) / 2)


def test_a_gold_history_shows_released_answers_with_the_parsers_own_forms(
    graph: EmbeddedGraph, source: Path, tmp_path: Path
) -> None:
    talk = dialogue(
        "a",
        ("follow(Q142, P37)", gold(entities=("Q90",), text="Paris")),
        ("follow(Q183, P36)", gold(entities=("Q64",))),
    )
    _, parser = run([talk], graph, source, tmp_path / "out", history="gold")
    shown = parser.requests[1].conversation.turns[0].answer
    assert shown is not None
    assert (shown.text, shown.entities, str(shown.form)) == ("Paris", ("Q90",), "follow(Q142, P37)")


def test_later_questions_of_a_dataset_that_names_seeds_are_given_the_dialogue_alone(
    graph: EmbeddedGraph, source: Path, tmp_path: Path
) -> None:
    talk = dialogue(
        "a",
        ("follow(Q142, P36)", gold(mentions=("Q142",), entities=("Q90",))),
        ("follow(Q90, P17)", gold(entities=("Q142",))),
    )
    for dataset, given in (("convquestions", ()), ("plain", None)):
        _, parser = run([talk], graph, source, tmp_path / dataset, dataset=dataset, entities="gold")
        assert [request.given for request in parser.requests] == [("Q142",), given]


def test_labels_and_names_never_seen_have_rows_of_their_own(
    graph: EmbeddedGraph, source: Path, tmp_path: Path
) -> None:
    unseen = next(name for name in ("P36", "P37", "P47") if is_unseen(name, 0.5))
    learnt = next(name for name in ("P36", "P37", "P47") if not is_unseen(name, 0.5))
    dialogues = [
        dialogue("a", (f"follow(Q142, {unseen})", gold(f"follow(Q142, {unseen})", entities=("Q90",)))),
        dialogue("b", ("no form", gold(f"follow(Q142, {learnt})", entities=("Q90",)))),
    ]
    report, _ = run(dialogues, graph, source, tmp_path / "out", unseen_share=0.5)
    table = report.tables["relations and types"]
    assert (table["never seen"]["execution_equality"], table["learnt"]["execution_equality"]) == (1.0, 0.0)
    assert report.tables["labels"]["all entities have a label"]["n"] == 2
