"""Every class of question: the true form is found from its answer, and comes first where the words allow."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from grammar.denotation import Boolean, Booleans, Entities, Number, Numbers, Values
from grammar.execute import execute
from grammar.forms import (
    EntityLeaf,
    NumberLeaf,
    RelationLeaf,
    TypeLeaf,
    ValueLeaf,
    normalise,
    read_form,
    size,
)
from grammar.search import Hints, Leaves, SearchResult, Target, search
from grammar.search.groups import Budget
from grammar.values import read_value
from kgqa.graphs import EmbeddedGraph
from tests.toy import toy_graph


@pytest.fixture(scope="module")
def graph(tmp_path_factory: pytest.TempPathFactory) -> EmbeddedGraph:
    folder: Path = tmp_path_factory.mktemp("search")
    return toy_graph(folder)


def leaves(
    *names: str | tuple[str, ...],
    relations: str = "",
    types: str = "",
    numbers: tuple[float, ...] = (),
    values: str = "",
) -> Leaves:
    return Leaves(
        tuple(EntityLeaf((name,) if isinstance(name, str) else name) for name in names),
        tuple(RelationLeaf(name) for name in relations.split()),
        tuple(TypeLeaf(name) for name in types.split()),
        tuple(NumberLeaf(number) for number in numbers),
        tuple(ValueLeaf(read_value(text)) for text in values.split()),
    )


def hints(question: str, at_hand: Leaves, *, required: bool = False) -> Hints:
    """The question with everything at hand expected, and where asked for required."""
    single = {EntityLeaf((name,)) for leaf in at_hand.entities for name in leaf.names}
    needed = frozenset(single | set(at_hand.relations) | set(at_hand.numbers) | set(at_hand.values))
    expected = needed | set(at_hand.types)
    return Hints(question, {}, expected, needed if required else frozenset())


def target_of(form: str, graph: EmbeddedGraph) -> Target:
    """What a form answers, as a target."""
    match execute(read_form(form), graph):
        case Entities() as found:
            return Target(entities=tuple(graph.entity_names(found.items)))
        case Values() as found:
            return Target(values=tuple(graph.values(found.items)))
        case Number() as found:
            return Target(numbers=(found.number,))
        case Numbers() as found:
            return Target(numbers=found.numbers)
        case Boolean() as found:
            return Target(truths=(found.truth,))
        case Booleans() as found:
            return Target(truths=found.truths)
    raise ValueError(f"{form} answers no question")


def texts(result: SearchResult) -> list[str]:
    return [str(normalise(scored.form)) for scored in result.forms]


def neighbours(*names: str, numbers: tuple[float, ...] = ()) -> Leaves:
    return leaves(*names, relations="P47", types="Q6256", numbers=numbers)


CASES = [
    # Simple
    ("What is the capital of France ?", leaves("Q142", relations="P36"), "follow(Q142, P36)"),
    (
        "Which country has Paris as its capital ?",
        leaves("Q90", relations="P36", types="Q6256"),
        "keep(follow_back(Q90, P36), Q6256)",
    ),
    (
        "Which languages do those countries speak ?",
        leaves(("Q142", "Q183"), relations="P37"),
        "follow({Q142 Q183}, P37)",
    ),
    # Verification
    (
        "Does Germany border Belgium ?",
        leaves("Q183", "Q31", relations="P47"),
        "is_in(Q31, follow(Q183, P47))",
    ),
    (
        "Does Germany border the United States ?",
        leaves("Q183", "Q30", relations="P47"),
        "is_in(Q30, follow(Q183, P47))",
    ),
    (
        "Does Germany border Belgium and the United States ?",
        leaves("Q183", "Q31", "Q30", relations="P47"),
        "pair(is_in(Q31, follow(Q183, P47)), is_in(Q30, follow(Q183, P47)))",
    ),
    (
        "Does Germany border those countries ?",
        leaves("Q183", ("Q142", "Q31"), relations="P47"),
        "is_in({Q142 Q31}, follow(Q183, P47))",
    ),
    # One held against another
    (
        "Has Germany more inhabitants than Belgium ?",
        leaves("Q183", "Q31", relations="P1082"),
        "exists(greater_than(value(Q183, P1082), value(Q31, P1082)))",
    ),
    (
        "Does Belgium border fewer countries than Germany ?",
        leaves("Q31", "Q183", relations="P47"),
        "less_than(cardinality(follow(Q31, P47)), cardinality(follow(Q183, P47)))",
    ),
    (
        "Who is the oldest, Sarkozy or Hollande ?",
        leaves("Q329", "Q157", relations="P569"),
        "arg(min(value(for_each({Q329 Q157}), P569)))",
    ),
    (
        "Has Germany any capital ?",
        leaves("Q183", relations="P36"),
        "exists(follow(Q183, P36))",
    ),
    # Logical
    (
        "Which countries border Germany or Belgium ?",
        neighbours("Q183", "Q31"),
        "union(keep(follow(Q183, P47), Q6256), keep(follow(Q31, P47), Q6256))",
    ),
    (
        "Which countries border Germany and Belgium ?",
        neighbours("Q183", "Q31"),
        "intersect(keep(follow(Q183, P47), Q6256), keep(follow(Q31, P47), Q6256))",
    ),
    (
        "Which countries border Germany but not Belgium ?",
        neighbours("Q183", "Q31"),
        "difference(keep(follow(Q183, P47), Q6256), keep(follow(Q31, P47), Q6256))",
    ),
    # Quantitative
    (
        "Which countries border the max number of countries ?",
        neighbours(),
        "arg(max(cardinality(keep(follow(for_each(members(Q6256)), P47), Q6256))))",
    ),
    (
        "Which countries border at least 3 countries ?",
        neighbours(numbers=(3,)),
        "arg(at_least(cardinality(keep(follow(for_each(members(Q6256)), P47), Q6256)), 3))",
    ),
    (
        "Which films starred exactly 2 people ?",
        leaves(relations="P161", types="Q11424 Q5", numbers=(2,)),
        "arg(equals(cardinality(keep(follow(for_each(members(Q11424)), P161), Q5)), 2))",
    ),
    # Count
    (
        "How many countries does Germany border ?",
        neighbours("Q183"),
        "cardinality(keep(follow(Q183, P47), Q6256))",
    ),
    (
        "How many countries border at most 2 countries ?",
        neighbours(numbers=(2,)),
        "cardinality(arg(at_most(cardinality(keep(follow(for_each(members(Q6256)), P47), Q6256)), 2)))",
    ),
    (
        "How many books and series did Rowling write ?",
        leaves("Q34660", relations="P50", types="Q571 Q277759"),
        "pair(cardinality(keep(follow_back(Q34660, P50), Q571)),"
        " cardinality(keep(follow_back(Q34660, P50), Q277759)))",
    ),
    # Comparative
    (
        "Which countries border more countries than Belgium ?",
        neighbours("Q31"),
        "arg(greater_than(cardinality(keep(follow(for_each(members(Q6256)), P47), Q6256)),"
        " cardinality(keep(follow(Q31, P47), Q6256))))",
    ),
    (
        "How many countries border less countries than France ?",
        neighbours("Q142"),
        "cardinality(arg(less_than(cardinality(keep(follow(for_each(members(Q6256)), P47), Q6256)),"
        " cardinality(keep(follow(Q142, P47), Q6256)))))",
    ),
    # Values, statements, two hops
    ("When was Germany founded ?", leaves("Q183", relations="P571 P1082"), "value(Q183, P571)"),
    (
        "Who was the first president of France ?",
        leaves("Q142", relations="P35 P580"),
        "object(first(statements(Q142, P35), P580))",
    ),
    (
        "Who was president of France in 2013 ?",
        leaves("Q142", relations="P35 P585", values="@2013"),
        "object(where(statements(Q142, P35), P585, @2013))",
    ),
    (
        "Who played Vito Corleone in The Godfather ?",
        leaves("Q47703", "X2", relations="P161 P453"),
        "object(where(statements(Q47703, P161), P453, X2))",
    ),
    (
        "When did Hollande become president of France ?",
        leaves("Q142", "Q157", relations="P35 P580"),
        "qualifier_value(where(statements(Q142, P35), P35, Q157), P580)",
    ),
    (
        "When was the director of Titanic born ?",
        leaves("Q44578", relations="P57 P569"),
        "value(follow(Q44578, P57), P569)",
    ),
    (
        "Which of Coppola's films is the longest ?",
        leaves("Q56094", relations="P57 P2047"),
        "arg(max(value(for_each(follow_back(Q56094, P57)), P2047)))",
    ),
    (
        "Does France have more than 60000000 inhabitants ?",
        leaves("Q142", relations="P1082", numbers=(60e6,)),
        "exists(greater_than(value(Q142, P1082), 60000000))",
    ),
]


@pytest.mark.parametrize(("question", "at_hand", "form"), CASES, ids=lambda c: str(c)[:40])
def test_the_true_form_comes_first(graph: EmbeddedGraph, question: str, at_hand: Leaves, form: str) -> None:
    target = target_of(form, graph)
    result = search(at_hand, target, graph, hints=hints(question, at_hand))
    assert result.outcome == "exhausted"
    assert texts(result)[0] == str(normalise(read_form(form)))


@pytest.mark.parametrize(("question", "at_hand", "form"), CASES, ids=lambda c: str(c)[:40])
def test_all_that_is_found_has_the_answer(
    graph: EmbeddedGraph, question: str, at_hand: Leaves, form: str
) -> None:
    found = search(at_hand, target_of(form, graph), graph, hints=hints(question, at_hand), keep=50).forms
    meant = execute(read_form(form), graph)
    assert {execute(scored.form, graph) == meant for scored in found} == {True}
    assert len({scored.form for scored in found}) == len(found)


def test_a_short_spurious_form_does_not_hide_the_true_one(graph: EmbeddedGraph) -> None:
    """All neighbours of Belgium border Germany or are it: the true form is longer than other right ones."""
    at_hand = neighbours("Q183", "Q31")
    target = Target(entities=("Q142",))
    result = search(at_hand, target, graph, hints=Hints("Which country borders both ?"), keep=50)
    assert "intersect(follow(Q183, P47), follow(Q31, P47))" in texts(result)
    assert "intersect(keep(follow(Q183, P47), Q6256), keep(follow(Q31, P47), Q6256))" in texts(result)


def test_what_is_required_is_used(graph: EmbeddedGraph) -> None:
    at_hand = neighbours("Q183", "Q31")
    target = target_of("follow(Q183, P47)", graph)
    alone = search(at_hand, target, graph, hints=hints("Neighbours ?", at_hand, required=False))
    both = search(at_hand, target, graph, hints=hints("Neighbours ?", at_hand, required=True))
    assert any("Q31" not in text for text in texts(alone))
    assert all("Q31" in text and "Q183" in text for text in texts(both))


def test_forms_that_agree_too_little_are_left_out(graph: EmbeddedGraph) -> None:
    at_hand = leaves("Q142", relations="P36")
    target = target_of("follow(Q142, P36)", graph)
    strict = Hints("Who ?", least=5.0)
    assert search(at_hand, target, graph, hints=strict).forms == ()


def test_what_was_counted_tells_the_true_set(graph: EmbeddedGraph) -> None:
    """Three countries border France, three border Germany: only one of the sets was counted."""
    at_hand = leaves("Q183", "Q142", relations="P47")
    target = Target(numbers=(3,), counted=("Q183", "Q31", "Q39"))
    assert {text.split("(")[2].split(",")[0] for text in texts(search(at_hand, target, graph))} == {"Q142"}


def test_a_date_matches_at_the_coarser_precision(graph: EmbeddedGraph) -> None:
    at_hand = leaves("Q183", relations="P571")
    for text, found in (("@1949", True), ("@1949-05", True), ("@1950", False)):
        result = search(at_hand, Target(values=(read_value(text),)), graph)
        assert bool(result.forms) is found


def test_a_number_matches_a_quantity(graph: EmbeddedGraph) -> None:
    result = search(leaves("Q44578", relations="P2047"), Target(numbers=(194,)), graph)
    assert texts(result)[0] == "value(Q44578, P2047)"


def test_an_entity_that_the_graph_does_not_have_is_in_no_set(graph: EmbeddedGraph) -> None:
    at_hand = leaves("Q142", "Q99999", relations="P47")
    no = search(at_hand, Target(truths=(False,)), graph, hints=hints("Does it ?", at_hand, required=True))
    yes = search(at_hand, Target(truths=(True,)), graph, hints=hints("Does it ?", at_hand, required=True))
    assert texts(no)[0] == "is_in(Q99999, follow(Q142, P47))"
    assert yes.forms == ()


def test_nothing_and_none_are_answers_too(graph: EmbeddedGraph) -> None:
    at_hand = leaves("Q142", relations="P35", types="Q515")
    question = "Which cities are the head of state of France ?"
    result = search(at_hand, Target(entities=()), graph, hints=hints(question, at_hand, required=True))
    assert texts(result)[0] == "keep(follow(Q142, P35), Q515)"
    result = search(
        at_hand, Target(numbers=(0,)), graph, hints=hints("How many cities ?", at_hand, required=True)
    )
    assert texts(result)[0] == "cardinality(keep(follow(Q142, P35), Q515))"


def test_an_elliptic_question_repeats_the_form_before(graph: EmbeddedGraph) -> None:
    before = read_form("arg(greater_than(cardinality(follow(for_each(members(Q6256)), P37)), "
                       "cardinality(follow(Q142, P37))))")  # fmt: skip
    again = str(before).replace("Q142", "Q183")
    at_hand = leaves("Q183", relations="P37", types="Q6256")
    what = replace(hints("And Germany ?", at_hand), earlier=(before,), elliptic=True)
    assert texts(search(at_hand, target_of(again, graph), graph, hints=what))[0] == again


def test_that_person_is_one_of_those_it_may_stand_for(graph: EmbeddedGraph) -> None:
    at_hand = leaves("Q142", "Q183", relations="P30")
    both = target_of("follow(Q142, P30)", graph)
    assert both == target_of("follow(Q183, P30)", graph)
    what = replace(hints("On which continent is that country ?", at_hand), expected=frozenset())
    for name in ("Q142", "Q183"):
        meant = replace(what, referents=(EntityLeaf((name,)),))
        assert texts(search(at_hand, both, graph, hints=meant))[0] == f"follow({name}, P30)"


@pytest.mark.parametrize(
    "target",
    [Target(), Target(entities=("Q99999",))],
    ids=["nothing", "an entity that the graph does not have"],
)
def test_what_cannot_be_learnt_from_is_not_searched(graph: EmbeddedGraph, target: Target) -> None:
    result = search(leaves("Q142", relations="P36"), target, graph)
    assert (result.forms, result.outcome, result.forms_tried) == ((), "exhausted", 0)


def test_leaves_that_the_graph_does_not_have_are_left_out(graph: EmbeddedGraph) -> None:
    at_hand = leaves("Q142", "Q99999", relations="P36 P9999", types="Q515 Q99998")
    assert "follow(Q142, P36)" in texts(search(at_hand, target_of("follow(Q142, P36)", graph), graph))


def test_the_budget_stops_the_search_and_it_says_so(graph: EmbeddedGraph) -> None:
    at_hand = leaves("Q142", "Q183", relations="P36 P47 P37 P30 P35", types="Q6256 Q515")
    target = Target(entities=("Q42574",))
    whole = search(at_hand, target, graph)
    for budget in (Budget(forms=20), Budget(elements=20), Budget(milliseconds=0.0)):
        cut = search(at_hand, target, graph, budget=budget)
        assert cut.outcome == "budget"
        assert cut.forms_tried < whole.forms_tried
    assert whole.outcome == "exhausted"


def test_no_form_is_larger_than_allowed(graph: EmbeddedGraph) -> None:
    question, at_hand, form = next(case for case in CASES if "greater_than(card" in case[2])
    target = target_of(form, graph)
    small = search(at_hand, target, graph, budget=Budget(actions=12), hints=hints(question, at_hand), keep=50)
    assert all(size(scored.form) <= 12 for scored in small.forms)


def test_the_memo_changes_nothing_but_the_time(graph: EmbeddedGraph) -> None:
    memo: dict[object, object] = {}
    for question, at_hand, form in CASES:
        target = target_of(form, graph)
        fresh = search(at_hand, target, graph, hints=hints(question, at_hand))
        kept = search(at_hand, target, graph, hints=hints(question, at_hand), memo=memo)  # type: ignore[arg-type]
        assert replace(fresh, seconds=0.0) == replace(kept, seconds=0.0)
    assert memo
    assert not any("Q142" in str(form) or "Q183" in str(form) for form in memo)


def test_only_offered_directions_are_tried(graph: EmbeddedGraph) -> None:
    at_hand = leaves("Q183", relations="P47")
    target = target_of("follow(Q183, P47)", graph)
    both = texts(search(at_hand, target, graph))
    forward = texts(search(replace(at_hand, offered={"P47": frozenset({"follow"})}), target, graph))
    assert "follow_back(Q183, P47)" in both
    assert forward == ["follow(Q183, P47)"]


def test_what_is_stated_is_tried_beside_the_offered_qualifiers(graph: EmbeddedGraph) -> None:
    form = "qualifier(where(statements(Q47703, P161), P161, Q34012), P453)"
    offered = {"P161": frozenset({"follow", "statements"}), "P453": frozenset({"qualifier", "where"})}
    at_hand = replace(leaves("Q47703", "Q34012", relations="P161 P453"), offered=offered)
    assert texts(search(at_hand, target_of(form, graph), graph, keep=50)) == [
        "qualifier(where(statements(Q47703, P161), P161, Q34012), P453)"
    ]
    answer = search(at_hand, Target(entities=("Q34012",)), graph, keep=50)
    assert not any("P161, Q34012" in text for text in texts(answer))


def test_an_elliptic_question_takes_its_operators_from_the_turn_before(graph: EmbeddedGraph) -> None:
    form = (
        "arg(greater_than(cardinality(follow(for_each(members(Q6256)), P47)), cardinality(follow({}, P47))))"
    )
    at_hand = neighbours("Q39")
    earlier = read_form(form.format("Q31"))
    result = search(
        at_hand,
        target_of(form.format("Q39"), graph),
        graph,
        hints=replace(hints("And Switzerland ?", at_hand), earlier=(earlier,)),
        keep=50,
    )
    assert form.format("Q39") in texts(result)
