"""Linking on the toy graph: what is found, how, and in which order; and on questions that are none."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from grammar.forms import EntityLeaf, Leaf, NumberLeaf, RelationLeaf, TypeLeaf, ValueLeaf, read_form
from grammar.operators import LEAF_SORTS
from grammar.values import String, Time
from kgqa.conversation import Conversation, Turn, TurnAnswer
from kgqa.graphs import EmbeddedGraph
from kgqa.linking import Candidate, LinkLimits, Links, link
from kgqa.linking.mentions import find_spans, find_words
from kgqa.linking.stems import singular, stem
from tests.toy import toy_graph

NOTHING_SAID = Conversation()


@pytest.fixture(scope="module")
def graph(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedGraph]:
    opened = toy_graph(tmp_path_factory.mktemp("linking"))
    yield opened
    opened.close()


def said(*turns: Turn) -> Conversation:
    return Conversation(turns)


def names(links: Links) -> list[str]:
    """Single entities, best first."""
    return [str(one.leaf) for one in links.of(EntityLeaf) if not str(one.leaf).startswith("{")]


def leaves_of(links: Links, kind: type[Leaf]) -> list[str]:
    return [str(one.leaf) for one in links.of(kind)]


def found(links: Links, leaf: Leaf) -> Candidate:
    return next(one for one in links.candidates if one.leaf == leaf)


def entity(*ids: str) -> EntityLeaf:
    return EntityLeaf(ids)


@pytest.mark.parametrize(
    ("question", "name", "how"),
    [
        ("Who directed The Godfather Part II?", "Q184768", "exact"),
        ("who directed the godfather part ii", "Q184768", "exact"),
        ("WHO DIRECTED TITANIC?", "Q44578", "exact"),
        ("What is Zürich's population?", "Q72", "exact"),
        ("What is Zurich's population?", "Q72", "exact"),
        ("Which language is spoken in the United States?", "Q30", "alias"),
        ('Who wrote "Harry Potter and the Philosopher\u2019s Stone"?', "Q43361", "exact"),
        ("Who wrote Harry Potter and the Philosophers Stone?", "Q43361", "exact"),
        ("Which films star Leonardo Di Caprio?", "Q38111", "fuzzy"),
        ("Which films star Leonrado DiCaprio?", "Q38111", "fuzzy"),
        ("which films star leonardo dicapro", "Q38111", "fuzzy"),
        ("Who is J.K. Rowling?", "Q34660", "exact"),
    ],
)
def test_the_right_entity_comes_first(graph: EmbeddedGraph, question: str, name: str, how: str) -> None:
    links = link(question, NOTHING_SAID, graph)
    assert names(links)[0] == name
    candidate = found(links, entity(name))
    assert candidate.how == how
    assert candidate.span is not None
    assert candidate.turn == 0


def test_the_span_is_what_names_it(graph: EmbeddedGraph) -> None:
    question = "Who directed The Godfather Part II?"
    start, end = found(link(question, NOTHING_SAID, graph), entity("Q184768")).span or (0, 0)
    assert question[start:end] == "The Godfather Part II"


def test_namesakes_and_names_inside_names_stay(graph: EmbeddedGraph) -> None:
    assert {"Q90", "X1"} <= set(names(link("What is the population of Paris?", NOTHING_SAID, graph)))
    inside = names(link("Who directed The Godfather Part II?", NOTHING_SAID, graph))
    assert inside.index("Q184768") < inside.index("Q47703")


def test_a_part_of_a_name_spoken_of_before(graph: EmbeddedGraph) -> None:
    earlier = said(Turn("Who directed Titanic?", TurnAnswer("James Cameron", ("Q42574",)), ("Q44578",)))
    links = link("When was Cameron born?", earlier, graph)
    assert names(links)[0] == "Q42574"
    assert found(links, entity("Q42574")).span == (9, 16)


def test_entities_named_together_are_offered_together(graph: EmbeddedGraph) -> None:
    links = link("Do France, Germany and Belgium share a border?", NOTHING_SAID, graph)
    assert entity("Q142", "Q183", "Q31") in [one.leaf for one in links.candidates]


def test_given_entities_are_the_only_ones(graph: EmbeddedGraph) -> None:
    links = link("Which cities are in France and Germany?", NOTHING_SAID, graph, given=["Q142", "Q183"])
    assert {str(one.leaf): one.how for one in links.of(EntityLeaf)} == {
        "Q142": "given",
        "Q183": "given",
        "{Q142 Q183}": "given",
    }
    assert found(links, entity("Q142")).span == (20, 26)
    assert "Q515" in leaves_of(links, TypeLeaf)
    assert not link("Which cities are in France?", NOTHING_SAID, graph, given=[]).of(EntityLeaf)


def test_what_the_dialogue_offers(graph: EmbeddedGraph) -> None:
    earlier = said(
        Turn("Who acted in The Godfather?", TurnAnswer("", ("Q34012", "Q41163")), ("Q47703",)),
        Turn("When was Titanic released?", TurnAnswer("", values=(Time(1997, 12, 19),)), ("Q44578",)),
        Turn("How many cities are there?", TurnAnswer("3", numbers=(3.0,))),
    )
    links = link("Who directed it?", earlier, graph)
    assert found(links, entity("Q44578")).how == "mentioned"
    assert found(links, entity("Q44578")).turn == 2
    assert found(links, entity("Q47703")).how == "seed"
    assert found(links, entity("Q34012", "Q41163")).how == "answer"
    assert found(links, entity("Q41163")).turn == 3
    assert found(links, ValueLeaf(Time(1997, 12, 19))).how == "answer"
    assert found(links, NumberLeaf(3.0)).how == "answer"
    assert all(one.span is None for one in links.candidates if one.turn)


def test_an_answer_in_words_may_name_an_entity(graph: EmbeddedGraph) -> None:
    earlier = said(
        Turn("Who directed Titanic?", TurnAnswer("James Cameron", values=(String("james cameron"),))),
        Turn("How long is it?", TurnAnswer("195", values=(String("195"),))),
    )
    director = found(link("When was he born?", earlier, graph, given=[]), entity("Q42574"))
    assert (director.how, director.turn) == ("answer", 2)
    assert director.score > found(link("When was it shot?", earlier, graph, given=[]), entity("Q42574")).score


def test_a_question_without_record_is_read_again(graph: EmbeddedGraph) -> None:
    earlier = said(Turn("Who directed Titanic?", TurnAnswer("James Cameron", ("Q42574",))))
    assert found(link("Who acted in it?", earlier, graph), entity("Q44578")).how == "seed"


def test_the_form_of_an_answer_is_a_record(graph: EmbeddedGraph) -> None:
    form = read_form("keep(follow(Q47703, P161), Q5)")
    earlier = said(Turn("And who was in that one?", TurnAnswer("", ("Q41163",), form=form)))
    links = link("Who directed it?", earlier, graph)
    assert "Q47703" in names(links)
    assert "P161" in leaves_of(links, RelationLeaf)
    assert "Q5" in leaves_of(links, TypeLeaf)


def test_a_large_answer_is_no_set(graph: EmbeddedGraph) -> None:
    many = tuple(f"Y{number}" for number in range(60))
    links = link("Which of those are in Europe?", said(Turn("Which cities?", TurnAnswer("", many))), graph)
    assert max(len(str(one.leaf).split()) for one in links.of(EntityLeaf)) == 1


def test_those_are_of_the_type_that_is_said(graph: EmbeddedGraph) -> None:
    earlier = said(Turn("What is in Titanic?", TurnAnswer("", ("Q38111",)), ("Q44578",)))
    assert names(link("Who directed that film?", earlier, graph))[0] == "Q44578"
    assert names(link("Where was that person born?", earlier, graph))[0] == "Q38111"


@pytest.mark.parametrize(
    ("words", "name"), [("the second one", "Q183"), ("the former", "Q142"), ("the latter", "Q31")]
)
def test_one_of_several_is_pointed_out(graph: EmbeddedGraph, words: str, name: str) -> None:
    earlier = said(Turn("Which countries border there?", TurnAnswer("", ("Q142", "Q183", "Q31")), ("Q39",)))
    assert names(link(f"What is the capital of {words}?", earlier, graph))[0] == name


@pytest.mark.parametrize(
    ("question", "name"),
    [
        ("Which countries border France?", "Q6256"),
        ("Which cities are there?", "Q515"),
        ("Which movies did he make?", "Q11424"),
        ("Which people acted in it?", "Q5"),
        ("Who acted in it?", "Q5"),
        ("Which series of books is it part of?", "Q277759"),
        ("Which sovereign states are in Europe?", "Q3624078"),
    ],
)
def test_types_by_their_words(graph: EmbeddedGraph, question: str, name: str) -> None:
    assert name in leaves_of(link(question, NOTHING_SAID, graph), TypeLeaf)[:3]


@pytest.mark.parametrize(
    ("question", "name"),
    [
        ("Which countries share a border with France?", "P47"),
        ("What are the official languages?", "P37"),
        ("Which films did he direct?", "P57"),
        ("Who starred in Titanic?", "P161"),
        ("What is the capital of France?", "P36"),
        ("When did she die?", "P570"),
    ],
)
def test_relations_by_their_words(graph: EmbeddedGraph, question: str, name: str) -> None:
    assert name in leaves_of(link(question, NOTHING_SAID, graph), RelationLeaf)[:4]


def test_an_ellipsis_takes_over_types_relations_and_numbers(graph: EmbeddedGraph) -> None:
    earlier = said(
        Turn("Which countries share a border with at least 2 countries?", TurnAnswer("", ("Q142",)))
    )
    links = link("And what about Belgium?", earlier, graph)
    assert found(links, TypeLeaf("Q6256")).how == "mentioned"
    assert found(links, RelationLeaf("P47")).turn == 1
    assert found(links, NumberLeaf(2.0)).how == "mentioned"


@pytest.mark.parametrize(
    ("question", "numbers", "values"),
    [
        ("at least 12 or 1,200.5 of them", ["12", "1200.5"], []),
        ("five, twenty-one and two hundred and five", ["5", "21", "205"], []),
        ("more than a dozen, half a dozen", ["12", "6"], []),
        ("5 million or a hundred", ["5000000", "100"], []),
        ("in 2007", ["2007"], ["@2007"]),
        ("in March 1990", [], ["@1990-03"]),
        ("on 11 March 1952", [], ["@1952-03-11"]),
        ("on March 11th, 1952", [], ["@1952-03-11"]),
        ("since 1952-03-11", [], ["@1952-03-11"]),
        ("on 3/11/1952", [], ["@1952-03-11", "@1952-11-03"]),
        ("in the 1990s", [], ["@1990/8"]),
        ("the '90s", [], ["@1990/8"]),
        ("in the 19th century", [], ["@1801/7"]),
        ("in the first century BC", [], ["@-0099/7"]),
        ("on 15 March 44 BC", [], ["@-0044-03-15"]),
        ("in the year 476", ["476"], ["@0476"]),
        ("on 30 February", ["30"], []),
        ("last year, before the war", [], []),
        ("a book, one", ["1"], []),
    ],
)
def test_numbers_and_dates(
    graph: EmbeddedGraph, question: str, numbers: list[str], values: list[str]
) -> None:
    links = link(question, NOTHING_SAID, graph)
    assert sorted(leaves_of(links, NumberLeaf)) == sorted(numbers)
    assert sorted(leaves_of(links, ValueLeaf)) == sorted(values)


def test_an_ellipsis_means_what_it_names(graph: EmbeddedGraph) -> None:
    earlier = said(Turn("Which films are there?", TurnAnswer("", ("Q47703", "Q44578", "Q184768"))))
    assert names(link("And what about book?", earlier, graph))[0] == "Q571"


def test_what_is_not_found_is_said(graph: EmbeddedGraph) -> None:
    links = link("Is Zorblaxia larger than Paris or than 'Frobnitz Hill'?", NOTHING_SAID, graph)
    assert links.unlinked == ("Zorblaxia", "Frobnitz Hill")
    assert link("Is Paris larger than Berlin?", NOTHING_SAID, graph).unlinked == ()


@pytest.mark.parametrize("question", ["Which French cities are there?", "which french cities are there?"])
def test_nationalities(graph: EmbeddedGraph, question: str) -> None:
    assert "Q142" in names(link(question, NOTHING_SAID, graph))[:2]


def test_a_group_is_not_called_by_a_common_word(graph: EmbeddedGraph) -> None:
    earlier = said(Turn("Where was she born?", TurnAnswer("New York City", ("Q60",))))
    assert found(link("Which city is larger?", earlier, graph), entity("Q60")).span is None
    assert found(link("Is New York larger?", earlier, graph), entity("Q60")).span == (3, 11)


def test_common_words_are_no_names(graph: EmbeddedGraph) -> None:
    assert names(link("who was it?", NOTHING_SAID, graph)) == []


def test_candidates_are_ranked_within_their_sort(graph: EmbeddedGraph) -> None:
    earlier = said(Turn("Which countries border France?", TurnAnswer("", ("Q183", "Q31")), ("Q142",)))
    links = link(
        "Which of those countries has at least 2 languages since 1990, Berlin or Paris?", earlier, graph
    )
    sorts = [LEAF_SORTS.index(one.leaf.sort) for one in links.candidates]
    assert sorts == sorted(sorts)
    for kind in (EntityLeaf, RelationLeaf, TypeLeaf, NumberLeaf, ValueLeaf):
        scores = [one.score for one in links.of(kind)]
        assert scores == sorted(scores, reverse=True)
        assert all(0.0 <= score <= 1.0 for score in scores)
    assert len({one.leaf for one in links.candidates}) == len(links.candidates)


def test_limits(graph: EmbeddedGraph) -> None:
    limits = LinkLimits(entities=1, dialogue=1, sets=0, types=1, relations=1)
    earlier = said(Turn("Which countries border France?", TurnAnswer("", ("Q183", "Q31")), ("Q142",)))
    links = link("Which countries border Paris, Berlin and Germany?", earlier, graph, limits=limits)
    assert len(links.of(EntityLeaf)) <= 2
    assert len(links.of(TypeLeaf)) == len(links.of(RelationLeaf)) == 1


@pytest.mark.parametrize(
    "question",
    [
        "",
        " \n\t ",
        "?!",
        "\U0001f600 \U0001f1eb\U0001f1f7",
        "\u0645\u0646 \u0647\u0648 \u0631\u0626\u064a\u0633 \u0641\u0631\u0646\u0633\u0627\u061f",
        "\x00\x01\u202e Paris \ud800",
        "'; DROP TABLE labels; --",
        "SELECT ?x WHERE { ?x wdt:P31 wd:Q5 } # }{",
        "x" * 10_000,
        "Paris Berlin " * 800,
        "who is " * 1_500,
        "9" * 400,
        "one hundred million " * 200,
        '"' * 300 + "''" * 300,
    ],
)
def test_no_question_breaks_it_or_takes_long(graph: EmbeddedGraph, question: str) -> None:
    start = time.perf_counter()
    links = link(question, NOTHING_SAID, graph)
    assert time.perf_counter() - start < 2.0  # a hundred times what it takes on a quiet machine
    assert all(one.span is None or one.span[1] <= len(question) for one in links.candidates)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("territories", "territory"),
        ("administrative", "administration"),
        ("cities", "city"),
        ("people", "person"),
    ],
)
def test_stems_meet(one: str, other: str) -> None:
    assert stem(one) == stem(other)


def test_stems_part() -> None:
    assert len({stem(word) for word in ("state", "station", "country", "count", "city", "citizen")}) == 6


def test_singular() -> None:
    pairs = {
        "movies": "movie",
        "boxes": "box",
        "churches": "church",
        "series": "series",
        "bus": "bus",
        "men": "man",
    }
    assert {plural: singular(plural) for plural in pairs} == pairs


def test_a_name_in_the_plural_is_looked_up_in_the_singular() -> None:
    question = "Which drama films did he direct?"
    writings = [way for span in find_spans(question, find_words(question)) for way in span.writings]
    assert "drama film" in writings
