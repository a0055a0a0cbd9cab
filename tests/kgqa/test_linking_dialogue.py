"""What pronouns and their like stand for: objects of the dialogue, ranked."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from grammar.forms import EntityLeaf, read_form
from kgqa.conversation import Conversation, Turn, TurnAnswer
from kgqa.graphs import EmbeddedGraph
from kgqa.linking import link
from tests.kgqa.named import NUMBER, named_graph

WORDS = {number: name for name, number in NUMBER.items()}


@pytest.fixture(scope="module")
def graph(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedGraph]:
    opened = named_graph(tmp_path_factory.mktemp("named"))
    yield opened
    opened.close()


def turn(question: str, *answer: str, about: tuple[str, ...] = (), form: str = "") -> Turn:
    """A turn with entities by our words for them."""
    for name, number in sorted(NUMBER.items(), key=lambda item: -len(item[0])):
        form = form.replace(f"<{name}>", number)
    read = read_form(form) if form else None
    return Turn(
        question,
        TurnAnswer("", tuple(NUMBER[name] for name in answer), form=read),
        tuple(NUMBER[name] for name in about),
    )


def best(question: str, graph: EmbeddedGraph, *turns: Turn) -> str:
    """The best entity, or entities with " + " between them."""
    leaf = link(question, Conversation(turns), graph).of(EntityLeaf)[0].leaf
    assert isinstance(leaf, EntityLeaf)
    return " + ".join(WORDS[name] for name in leaf.names)


NOLANS = turn("Who are the Nolans?", "nolan", "jonathan", "thomas")
TITANIC = turn("Who directed Titanic?", "cameron", about=("titanic",))
CAST = turn("Who starred in it?", "dicaprio", "winslet")
LARGER = turn("Which is larger, Germany or Bavaria?", "germany", form="union(<bavaria>, <germany>)")


@pytest.mark.parametrize(
    ("question", "turns", "name"),
    [
        ("When was he born?", [TITANIC], "cameron"),
        ("When did it come out?", [TITANIC], "titanic"),
        ("When did that one come out?", [turn("Which film?", "inception")], "inception"),
        ("Who directed that film?", [TITANIC], "titanic"),
        ("Where was that person born?", [TITANIC], "cameron"),
        ("When were they born?", [TITANIC, CAST], "dicaprio + winslet"),
        ("Where do those live?", [TITANIC, CAST], "dicaprio + winslet"),
        ("When was she born?", [TITANIC, CAST], "winslet"),
        ("When was he born?", [TITANIC, CAST], "dicaprio"),
        ("Who is her father?", [TITANIC, CAST], "winslet"),
        ("Who lives there?", [turn("Where was she born?", "reading", about=("winslet",))], "reading"),
        ("Who lives there?", [turn("Who was born in Reading?", "winslet", about=("reading",))], "reading"),
    ],
)
def test_pronouns(graph: EmbeddedGraph, question: str, turns: list[Turn], name: str) -> None:
    assert best(question, graph, *turns) == name


@pytest.mark.parametrize(
    ("words", "name"),
    [
        ("the first one", "nolan"),
        ("the first", "nolan"),
        ("the second one", "jonathan"),
        ("the second one's wife", "jonathan"),
        ("the 2nd one", "jonathan"),
        ("the third", "thomas"),
        ("the last one", "thomas"),
        ("the latter", "thomas"),
        ("the former", "nolan"),
    ],
)
def test_one_of_a_list(graph: EmbeddedGraph, words: str, name: str) -> None:
    assert best(f"When was {words} born?", graph, NOLANS) == name
    assert best(f"And {words}?", graph, NOLANS) == name


def test_former_and_latter_follow_the_question_not_the_form(graph: EmbeddedGraph) -> None:
    listed = turn("Is Germany older than Bavaria?", form="union(<bavaria>, <germany>)")
    assert best("What is the capital of the former?", graph, listed) == "germany"
    assert best("What is the capital of the latter?", graph, listed) == "bavaria"


@pytest.mark.parametrize("words", ["the other one", "the other"])
def test_the_other_one_of_two(graph: EmbeddedGraph, words: str) -> None:
    born = turn("When was Kate Winslet born?", about=("winslet",))
    assert best(f"And {words}?", graph, TITANIC, CAST, born) == "dicaprio"
    born = turn("When was Leonardo DiCaprio born?", about=("dicaprio",))
    assert best(f"When was {words} born?", graph, TITANIC, CAST, born) == "winslet"


def test_the_other_of_the_two_that_were_compared(graph: EmbeddedGraph) -> None:
    capital = turn("What is the capital of Germany?", about=("germany",))
    assert best("And of the other one?", graph, LARGER, capital) == "bavaria"


@pytest.mark.parametrize(
    ("words", "names"),
    [
        ("the first two", "nolan + jonathan"),
        ("the last two", "thomas + jonathan"),
        ("the others", "thomas + jonathan"),
        ("the other ones", "thomas + jonathan"),
        ("the other two", "thomas + jonathan"),
    ],
)
def test_several_of_a_list(graph: EmbeddedGraph, words: str, names: str) -> None:
    born = turn("When was the first one born?", about=("nolan",))
    assert best(f"And {words}?", graph, NOLANS, born) == names


@pytest.mark.parametrize(
    ("question", "name"),
    [
        ("And the second country?", "georgia"),
        ("What is the capital of the last country?", "new zealand"),
        ("And the second film?", ""),  # none of them is one
        ("Who directed the second country?", "georgia"),
        ("What is the second country that he went to?", ""),  # some other list's
    ],
)
def test_one_of_a_kind(graph: EmbeddedGraph, question: str, name: str) -> None:
    listed = turn("Which countries are there?", "germany", "georgia", "new zealand")
    pointed = [
        one for one in link(question, Conversation((listed,)), graph).of(EntityLeaf) if one.score == 1.0
    ]
    assert [WORDS[str(one.leaf)] for one in pointed] == ([name] if name else [])


def test_the_other_one_of_a_kind(graph: EmbeddedGraph) -> None:
    born = turn("When was Kate Winslet born?", about=("winslet",))
    assert best("And the other human?", graph, TITANIC, CAST, born) == "dicaprio"


def test_that_film_is_not_called_film(graph: EmbeddedGraph) -> None:
    for question in ("And what about that film?", "And this film?"):
        assert best(question, graph, TITANIC) == "titanic"


def test_where_there_is_no_other_one_nothing_is_made_up(graph: EmbeddedGraph) -> None:
    assert best("And the other one?", graph, NOLANS) in ("nolan", "nolan + jonathan + thomas")


def test_a_list_is_older_than_the_last_turn(graph: EmbeddedGraph) -> None:
    born = turn("When was the first one born?", about=("nolan",))
    assert best("And the second one?", graph, NOLANS, born) == "jonathan"


@pytest.mark.parametrize("words", ["the second one", "the latter", "the other one"])
def test_the_words_that_point_are_its_span(graph: EmbeddedGraph, words: str) -> None:
    """So a parser can tell that a form leaves out what the question clearly means."""
    question = f"And when was {words} born?"
    born = turn("When was he born?", about=("dicaprio",))
    links = link(question, Conversation((TITANIC, CAST, born)), graph)
    start, end = links.of(EntityLeaf)[0].span or (0, 0)
    assert question[start:end].startswith(words)
    assert WORDS[str(links.of(EntityLeaf)[0].leaf)] == "winslet"
