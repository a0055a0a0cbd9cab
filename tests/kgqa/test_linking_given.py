"""Where a question speaks of entities that come along with it, and of the dialogue."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from grammar.forms import EntityLeaf
from kgqa.conversation import Conversation, Turn, TurnAnswer
from kgqa.graphs import EmbeddedGraph
from kgqa.linking import link
from kgqa.linking.pointing import find_pointing
from tests.toy import toy_graph

PARIS = Conversation((Turn("What is the capital of France?", TurnAnswer("Paris", ("Q90",)), ("Q142",)),))


@pytest.fixture(scope="module")
def graph(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedGraph]:
    opened = toy_graph(tmp_path_factory.mktemp("given"))
    yield opened
    opened.close()


def words(
    graph: EmbeddedGraph, question: str, given: list[str], said: Conversation | None = None
) -> list[str | None]:
    """The words found for every given entity."""
    links = link(question, said or Conversation(), graph, given=given)
    spans = {one.leaf: one.span for one in links.candidates if one.how == "given"}
    places = [spans[EntityLeaf((name,))] for name in given]
    return [None if place is None else question[slice(*place)] for place in places]


def test_a_given_entity_is_found_by_its_label_or_an_alias(graph: EmbeddedGraph) -> None:
    assert words(graph, "Is France larger than the United States?", ["Q142", "Q30"]) == [
        "France",
        "United States",
    ]


def test_a_name_inside_another_word_is_none(graph: EmbeddedGraph) -> None:
    assert words(graph, "Is Francesca from Paris?", ["Q142", "Q90"]) == ["Francesca", "Paris"]


def test_one_that_the_graph_has_no_name_for_is_found_by_elimination(graph: EmbeddedGraph) -> None:
    question = "Did Metallica originate at Mollinsburn and France?"
    assert words(graph, question, ["Q999991", "Q999992", "Q142"]) == ["Metallica", "Mollinsburn", "France"]


def test_what_the_dialogue_brought_up_is_what_the_question_points_at(graph: EmbeddedGraph) -> None:
    question = "Does that city border Mollinsburn?"
    assert words(graph, question, ["Q90", "Q999992"], PARIS) == ["that city", "Mollinsburn"]
    assert words(graph, "How large is it?", ["Q90"], PARIS) == ["it"]


def test_what_no_words_mean_has_no_place(graph: EmbeddedGraph) -> None:
    assert words(graph, "Yes", ["Q90"], PARIS) == [None]


@pytest.mark.parametrize(
    ("question", "types", "pointing"),
    [
        ("How long are those rivers?", ["rivers"], ["those rivers"]),
        ("Which rivers are longer than that river?", ["rivers"], ["that river"]),
        ("Which country is that one in?", ["country"], ["that one"]),
        ("Does that country have a king as its head?", ["country"], ["that country"]),
        ("Does she know him?", [], ["she", "him"]),
        ("Which river is that?", ["river"], ["that"]),
        ("Which is the river that flows through Paris?", ["river"], []),
        ("Which film has the same length?", ["film"], []),
    ],
)
def test_words_that_point(question: str, types: list[str], pointing: list[str]) -> None:
    places = [(question.index(kind), question.index(kind) + len(kind)) for kind in types]
    assert [question[slice(*span)] for span in find_pointing(question, places)] == pointing
