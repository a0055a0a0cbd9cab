"""The facts behind an answer: those that lead to it, and no others."""

from __future__ import annotations

import pytest

from grammar.execute import Execution
from grammar.forms import read_form
from kgqa.answer import Fact, Result
from kgqa.evidence import answer_text, facts_behind, result_of
from kgqa.graphs import EmbeddedGraph
from kgqa.readable import NOTHING, fact_text


def facts(text: str, graph: EmbeddedGraph, *, limit: int = 20) -> list[str]:
    return [fact_text(fact, graph) for fact in facts_behind(read_form(text), graph, limit=limit)]


def said(text: str, graph: EmbeddedGraph) -> str:
    return answer_text(result_of(Execution(graph).denotation(read_form(text)), graph), graph)


def test_a_fact_for_each_answer(graph: EmbeddedGraph) -> None:
    assert facts("follow(Q31, P37)", graph) == [
        "Belgium · official language · French",
        "Belgium · official language · German",
    ]
    assert facts("value(Q30, P571)", graph) == ["United States of America · inception · 4 July 1776"]


def test_a_fact_stands_the_way_it_is_stated(graph: EmbeddedGraph) -> None:
    assert facts_behind(read_form("follow_back(Q183, P17)"), graph) == (Fact("Q64", "P17", "Q183"),)


def test_only_facts_that_lead_to_the_answer(graph: EmbeddedGraph) -> None:
    assert facts("keep(follow(Q47703, P161), Q5)", graph)[1:] == ["The Godfather · cast member · Al Pacino"]
    found = facts("max(value(follow(Q142, P35), P569))", graph)
    assert found == [
        "France · head of state · Emmanuel Macron",
        "Emmanuel Macron · date of birth · 21 December 1977",
    ]


def test_what_was_read_first_stands_first(graph: EmbeddedGraph) -> None:
    assert facts("follow_back(follow(Q90, P17), P47)", graph)[0] == "Paris · country · France"


def test_statements_are_shown_with_their_qualifiers(graph: EmbeddedGraph) -> None:
    expected = ["France · head of state · Nicolas Sarkozy (start time 16 May 2007, end time 15 May 2012)"]
    assert facts("object(where(statements(Q142, P35), P585, @2008))", graph) == expected
    assert facts("object(first(statements(Q142, P35), P580))", graph) == expected


def test_of_a_map_only_the_elements_left(graph: EmbeddedGraph) -> None:
    found = facts("arg(equals(cardinality(follow(for_each(members(Q6256)), P47)), 2))", graph)
    assert {line.split(" · ")[0] for line in found} == {"Belgium", "Switzerland"}
    assert len(found) == 4


def test_of_a_map_of_values_only_the_values_left(graph: EmbeddedGraph) -> None:
    found = facts("arg(max(value(for_each(members(Q11424)), P577)))", graph)
    assert found == ["Titanic · publication date · November 1997"]


def test_a_no_shows_what_is_there_instead(graph: EmbeddedGraph) -> None:
    assert facts("is_in(Q64, follow(Q142, P36))", graph) == ["France · capital · Paris"]


def test_membership_only_where_nothing_else_was_read(graph: EmbeddedGraph) -> None:
    assert "Titanic · instance of · film" in facts("members(Q11424)", graph)
    assert facts("keep(follow(Q142, P36), Q515)", graph) == ["France · capital · Paris"]
    assert facts_behind(read_form("keep(follow(Q30, P47), Q515)"), graph) == ()


def test_every_part_gets_its_share_of_the_limit(graph: EmbeddedGraph) -> None:
    found = facts("pair(cardinality(follow(Q142, P47)), cardinality(follow(Q183, P47)))", graph, limit=4)
    assert [line.split(" · ")[0] for line in found] == ["France", "France", "Germany", "Germany"]


@pytest.mark.parametrize(
    ("form", "answer"),
    [
        ("follow(Q31, P37)", "French and German"),
        ("keep(follow_back(Q30, P17), Q515)", "Washington, D.C.; New York City; and Paris"),
        ("follow(Q30, P47)", NOTHING),
        ("is_in(Q90, follow(Q142, P36))", "yes"),
        ("pair(is_in(Q90, follow(Q142, P36)), is_in(Q64, follow(Q142, P36)))", "yes and no"),
        ("pair(cardinality(members(Q6256)), cardinality(members(Q11424)))", "5 and 3"),
        ("value(Q30, P1082)", "331,449,281"),
        ("value(Q44578, P577)", "November 1997"),
        ("value(Q142, P571)", "843"),
        ("value(Q1048, P570)", "15 March 44 BC (Julian calendar)"),
        ("value(X6, P571)", "1950s"),
        ("value(Q64, P625)", "52.5167° N, 13.3833° E"),
        ("value(Q47703, P577)", "14 March 1972 and 24 March 1972"),
        ("value(Q47703, P1476)", "The Godfather"),
    ],
)
def test_answers_in_words(form: str, answer: str, graph: EmbeddedGraph) -> None:
    assert said(form, graph) == answer


def test_a_long_answer_says_how_much_it_leaves_out(graph: EmbeddedGraph) -> None:
    names = tuple(f"X{number}" for number in range(100, 142))
    assert answer_text(Result(entities=names), graph).endswith("X109 and 32 more")


def test_a_map_answers_nothing(graph: EmbeddedGraph) -> None:
    form = read_form("arg(for_each(members(Q515)))").arguments[0]  # type: ignore[union-attr]
    with pytest.raises(TypeError):
        result_of(Execution(graph).denotation(form), graph)


def test_the_best_known_stands_first(graph: EmbeddedGraph) -> None:
    found = result_of(Execution(graph).denotation(read_form("members(Q6256)")), graph).entities
    assert found is not None
    known = graph.degree(graph.entities(found)).tolist()
    assert known == sorted(known, reverse=True)
    assert known[0] > known[-1]


def test_of_the_kind_asked_for_stands_first(graph: EmbeddedGraph) -> None:
    denotation = Execution(graph).denotation(read_form("union(members(Q6256), members(Q515))"))
    found = result_of(denotation, graph).entities or ()
    cities = set(graph.entity_names(Execution(graph).denotation(read_form("members(Q515)")).items))  # type: ignore[union-attr]
    best = {True: next(n for n in found if n in cities), False: next(n for n in found if n not in cities)}
    assert found[0] in best.values()
    for kind, wanted in (("Q515", best[True]), ("Q6256", best[False])):
        asked = result_of(denotation, graph, likeness=lambda name, kind=kind: float(name == kind)).entities  # type: ignore[misc]
        assert asked is not None
        assert asked[0] == wanted
        assert sorted(asked) == sorted(found)


def test_what_the_dialogue_has_told_of_stands_last(graph: EmbeddedGraph) -> None:
    denotation = Execution(graph).denotation(read_form("members(Q6256)"))
    first, *others = result_of(denotation, graph).entities or ()
    assert result_of(denotation, graph, told={first}).entities == (*others, first)


def test_of_a_large_set_only_the_best_known_are_put_in_order(
    graph: EmbeddedGraph, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kgqa.evidence.MOST_ORDERED", 2)
    denotation = Execution(graph).denotation(read_form("members(Q6256)"))
    found = result_of(denotation, graph).entities or ()
    known = graph.degree(graph.entities(found)).tolist()
    assert known[:2] == sorted(known, reverse=True)[:2]
    assert sorted(found) == sorted(graph.entity_names(denotation.items))  # type: ignore[union-attr]
