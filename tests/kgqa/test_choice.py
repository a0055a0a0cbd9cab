"""What decides among the forms of a beam."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from grammar.denotation import Boolean
from grammar.errors import CheckpointError
from grammar.execute import Execution, Limits
from grammar.forms import EntityLeaf, NumberLeaf, RelationLeaf, TypeLeaf, ValueLeaf, read_form
from grammar.offers import Offers
from grammar.values import Time
from kgqa.answer import Hypothesis
from kgqa.choice import NONE, Choice, Choices, learn_choice
from kgqa.context import Context, ContextObject
from kgqa.form_features import FEATURES, execute_hypothesis, features_of
from kgqa.graphs import EmbeddedGraph

FRANCE = EntityLeaf(("Q142",))
CONTEXT = Context(
    "What is the capital city of France?",
    (),
    (
        ContextObject(FRANCE, "France", "exact", score=1.0, span=(28, 34)),
        ContextObject(EntityLeaf(("Q183",)), "Germany", "mentioned", turn=1),
        ContextObject(
            RelationLeaf("P36"), "capital", "wording", score=0.9, similarity=0.6, near=("out:question",)
        ),
        ContextObject(RelationLeaf("P57"), "director", "meaning", similarity=0.1),
        ContextObject(TypeLeaf("Q515"), "city", "wording", score=0.8, span=(20, 24)),
        ContextObject(TypeLeaf("Q11424"), "film", "meaning"),
    ),
)


def rows(graph: EmbeddedGraph, *forms: str) -> list[dict[str, float]]:
    """The features of forms that are all as probable as each other."""
    execution = Execution(graph)
    score = -float(np.log(len(forms)))
    judged = [execute_hypothesis(Hypothesis(read_form(form), score), execution) for form in forms]
    found = features_of(judged, CONTEXT, Offers(graph))
    return [dict(zip(FEATURES, row, strict=True)) for row in found.tolist()]


def test_features_tell_what_a_form_leaves_out_and_what_leads_nowhere(graph: EmbeddedGraph) -> None:
    right, nowhere, other, wrong_type = rows(
        graph,
        "keep(follow(Q142, P36), Q515)",
        "follow(Q142, P57)",
        "follow(Q183, P36)",
        "keep(follow(Q142, P36), Q11424)",
    )
    assert (right["empty"], right["relations to nothing"], right["types left out"]) == (0, 0, 0)
    assert (nowhere["empty"], nowhere["relations to nothing"], nowhere["unconnected"]) == (1, 1, 1)
    assert (other["entities left out"], other["entities of before"], other["types left out"]) == (1, 1, 1)
    assert (wrong_type["types of nothing"], wrong_type["types unsaid"], wrong_type["empty"]) == (1, 1, 1)
    assert nowhere["likeness"] == pytest.approx(-0.5)


def test_a_date_that_the_question_names_is_missed_like_a_number(graph: EmbeddedGraph) -> None:
    then, now = (ValueLeaf(Time(year, precision=9)) for year in (1985, 2000))
    context = Context(
        "And in 2000?",
        (),
        (
            ContextObject(then, "1985", "form", turn=1),
            ContextObject(now, "2000", "wording", span=(7, 11)),
            ContextObject(NumberLeaf(2000.0), "2000", "wording", span=(7, 11)),
        ),
    )
    judged = [
        execute_hypothesis(Hypothesis(read_form(form), -1.0), Execution(graph))
        for form in (
            "object(where(statements(Q142, P35), P585, @2000))",
            "object(where(statements(Q142, P35), P585, @1985))",
        )
    ]
    column = FEATURES.index("numbers left out")
    assert features_of(judged, context, Offers(graph))[:, column].tolist() == [0, 1]


def test_forms_that_denote_the_same_speak_for_each_other(graph: EmbeddedGraph) -> None:
    one, same, other = rows(graph, "follow(Q142, P36)", "keep(follow(Q142, P36), Q515)", "follow(Q183, P36)")
    assert one["agreement"] == pytest.approx(same["agreement"])
    assert one["agreement"] - other["agreement"] == pytest.approx(np.log(2))


def test_what_cannot_be_computed_fails(graph: EmbeddedGraph) -> None:
    fails, fine = rows(graph, "follow(Q999999, P36)", "follow(Q142, P36)")
    assert (fails["fails"], fine["fails"]) == (1, 0)


def test_a_choice_is_learnt_and_tells_how_likely_it_is(graph: EmbeddedGraph) -> None:
    """Of forms just as probable, those that denote something were right in three cases of four."""
    lively = np.zeros((2, len(FEATURES)))
    lively[1, FEATURES.index("empty")] = 1
    beams = [(lively, [True, False])] * 75 + [(lively, [False, True])] * 5 + [(lively, [False, False])] * 20
    choice = learn_choice(beams)
    assert choice.weights["empty"] < -1
    hypotheses = [
        Hypothesis(read_form(form), float(np.log(0.5))) for form in ("follow(Q142, P57)", "follow(Q142, P36)")
    ]
    assert str(hypotheses[0].form) == "follow(Q142, P57)"
    judged = Choice({"empty": choice.weights["empty"], NONE: choice.weights[NONE]}).judge(
        hypotheses, CONTEXT, Execution(graph), Offers(graph)
    )
    assert str(judged[0].hypothesis.form) == "follow(Q142, P36)"
    assert np.exp(judged[0].hypothesis.score) == pytest.approx(0.75, abs=0.05)


def test_from_many_beams_it_is_learnt_what_counts_only_beside_another(tmp_path: Path) -> None:
    """Right is what is either empty or false, not both and not neither: no weights can say that."""
    rng = np.random.default_rng(0)
    beams = []
    for _ in range(600):
        rows = np.zeros((4, len(FEATURES)))
        rows[:, FEATURES.index("empty")] = [0, 0, 1, 1]
        rows[:, FEATURES.index("false")] = [0, 1, 0, 1]
        order = rng.permutation(4)[:3]
        beams.append((rows[order], [bool(k in (1, 2)) for k in order]))
    choice = learn_choice(beams)
    right = [chosen[int(np.argmax(choice.scores(rows)))] for rows, chosen in beams]
    alone = [chosen[int(np.argmax(Choice(choice.weights).scores(rows)))] for rows, chosen in beams]
    assert np.mean(right) > 0.99 > np.mean(alone)
    Choices(choice, Choice()).save(tmp_path / "choice.json")
    read = Choices.load(tmp_path / "choice.json").guided
    np.testing.assert_allclose(read.scores(beams[0][0]), choice.scores(beams[0][0]), atol=0.01)
    again = learn_choice(beams)
    np.testing.assert_array_equal(again.scores(beams[0][0]), choice.scores(beams[0][0]))


def test_forms_that_denote_the_same_are_right_together(graph: EmbeddedGraph) -> None:
    forms = ("follow(Q183, P36)", "follow(Q142, P36)", "keep(follow(Q142, P36), Q515)")
    hypotheses = [
        Hypothesis(read_form(form), float(np.log(p))) for form, p in zip(forms, (0.4, 0.3, 0.3), strict=True)
    ]
    judged = Choice({"probability": 1.0}).judge(hypotheses, CONTEXT, Execution(graph), Offers(graph))
    assert [str(one.hypothesis.form) for one in judged] == [forms[1], forms[2], forms[0]]
    np.testing.assert_allclose(np.exp([one.hypothesis.score for one in judged]), [0.6, 0.6, 0.4])


def test_the_other_way_round_and_of_itself(graph: EmbeddedGraph) -> None:
    context_forms = rows(
        graph,
        "union(keep(follow(Q142, P36), Q515), keep(follow(Q142, P36), Q11424))",
        "is_in(Q142, follow(Q142, P36))",
        "is_in(Q183, follow(Q142, P36))",
    )
    assert [row["of itself"] for row in context_forms] == [0, 1, 0]
    assert [row["turns back"] for row in context_forms] == [0, 0, 1]
    assert [row["disorder"] for row in context_forms] == [0, 0, 0]


def test_long_ago_is_long_ago(graph: EmbeddedGraph) -> None:
    turns = {"Q142": 0, "Q183": 3, "Q31": 40, "Q30": 60}
    objects = tuple(ContextObject(EntityLeaf((name,)), name, "answer", turn=n) for name, n in turns.items())
    context = Context("And the capital?", (), objects)
    judged = [
        execute_hypothesis(Hypothesis(read_form(f"follow({name}, P36)"), -1.0), Execution(graph))
        for name in turns
    ]
    column = FEATURES.index("turns back")
    assert features_of(judged, context, Offers(graph))[:, column].tolist() == [0, 3, 4, 4]


@pytest.mark.parametrize(
    ("question", "in_order"),
    [
        ("Which neighbours does France have, but not Germany?", False),
        ("Which neighbours of Germany aren't neighbours of France?", True),
        ("Except for those of France, which neighbours does Germany have?", True),
        ("Apart from Germany's, which neighbours does France have?", False),
        ("Which neighbours do Germany and France have?", None),
    ],
)
def test_what_stands_behind_not_is_what_is_left_out(
    graph: EmbeddedGraph, question: str, in_order: bool | None
) -> None:
    def entity(item: str, name: str) -> ContextObject:
        start = question.index(name)
        return ContextObject(EntityLeaf((item,)), name, "exact", score=1.0, span=(start, start + len(name)))

    context = Context(question, (), (entity("Q183", "Germany"), entity("Q142", "France")))
    forms = (
        "difference(follow(Q183, P47), follow(Q142, P47))",
        "difference(follow(Q142, P47), follow(Q183, P47))",
        "union(follow(Q142, P47), follow(Q183, P47))",
    )
    judged = [execute_hypothesis(Hypothesis(read_form(form), -1.0), Execution(graph)) for form in forms]
    found = features_of(judged, context, Offers(graph))
    exchanged, nothing = (
        found[:, FEATURES.index(name)].tolist() for name in ("keeps what is left out", "leaves nothing out")
    )
    assert exchanged == ([0, 0, 0] if in_order is None else [not in_order, in_order, 0])
    assert nothing == [0, 0, in_order is not None]


def test_nothing_is_learnt_from_beams_without_a_choice() -> None:
    assert learn_choice([(np.zeros((1, len(FEATURES))), [True])]).weights == {}


def test_forms_for_which_no_time_is_left_are_not_tried(
    graph: EmbeddedGraph, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = iter([0.0, 1.0, 19.0, 21.0, 22.0])
    monkeypatch.setattr("kgqa.choice.time.monotonic", lambda: next(clock))
    forms = ("follow(Q142, P36)", "follow(Q183, P36)", "follow(Q142, P47)", "follow(Q183, P47)")
    hypotheses = [Hypothesis(read_form(form), -1.0) for form in forms]
    monkeypatch.setattr(Execution, "denotation", lambda execution, form: Boolean(True))
    judged = Choice().judge(hypotheses, CONTEXT, Execution(graph, limits=Limits(seconds=10.0)), Offers(graph))
    assert [one.error is None for one in judged] == [True, True, False, False]


def test_without_weights_the_order_stays(graph: EmbeddedGraph) -> None:
    hypotheses = [Hypothesis(read_form("follow(Q142, P57)"), -0.1), Hypothesis(read_form("Q142"), -3.0)]
    judged = Choice().judge(hypotheses, CONTEXT, Execution(graph), Offers(graph))
    assert [one.hypothesis for one in judged] == hypotheses


def test_choices_are_a_file_and_a_damaged_one_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "choice.json"
    choices = Choices(Choice({"empty": -3.5, NONE: 0.25}), Choice({"empty": -0.5}))
    choices.save(path)
    read = Choices.load(path)
    assert (read.guided.to_json(), read.unguided.to_json()) == (
        choices.guided.to_json(),
        {"weights": {"empty": -0.5}},
    )
    assert not Choices.load(tmp_path / "none.json").guided
    nothing: dict[str, object] = {"weights": {}}
    wrong = (
        {"guided": {"weights": {"emtpy": 1}}, "unguided": nothing},
        {"guided": {"weights": {}, "network": {"mean": [0.0]}}, "unguided": nothing},
    )
    for text in ("[1]", "{", '{"guided": {}}', *map(json.dumps, wrong)):
        path.write_text(text)
        with pytest.raises(CheckpointError, match=r"choice\.json"):
            Choices.load(path)
