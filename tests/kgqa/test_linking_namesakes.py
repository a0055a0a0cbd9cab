"""Namesakes: which are close, and how a dialogue asks which one is meant."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from grammar.forms import EntityLeaf
from kgqa.answer import Answered, AskedBack
from kgqa.bundled import bundled
from kgqa.chat import Chat
from kgqa.conversation import Conversation, Turn, TurnAnswer
from kgqa.graphs import EmbeddedGraph, open_graph
from kgqa.linking import link
from kgqa.linking.namesakes import close_namesakes, settled
from kgqa.parser import SemanticParser
from tests.kgqa.named import NUMBER, named_graph

NOTHING_SAID = Conversation()


@pytest.fixture(scope="module")
def graph(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedGraph]:
    opened = named_graph(tmp_path_factory.mktemp("named"))
    yield opened
    opened.close()


def close(
    question: str, name: str, graph: EmbeddedGraph, conversation: Conversation = NOTHING_SAID
) -> list[str]:
    links = link(question, conversation, graph)
    words = {number: name for name, number in NUMBER.items()}
    return [words[n] for n in close_namesakes(NUMBER[name], question, links, conversation, graph)]


def test_of_one_kind_and_as_well_known(graph: EmbeddedGraph) -> None:
    assert close("Who directed Psycho?", "psycho", graph) == ["psycho 1998"]
    assert close("who directed psycho?", "psycho 1998", graph) == ["psycho"]


@pytest.mark.parametrize(
    ("question", "name"),
    [
        ("Who directed Titanic?", "titanic"),  # the other one is a ship
        ("What is the capital of Georgia?", "georgia"),  # the other one is no country
        ("Who directed Inception?", "inception"),
        ("Who directed the 1998 film Psycho?", "psycho 1998"),
        ("Who directed Psycho by Gus Van Sant?", "psycho 1998"),
        ("Who directed Psyhco?", "psycho"),  # with a typo nothing is sure anyway
    ],
)
def test_what_is_told_apart_is_not_asked_about(graph: EmbeddedGraph, question: str, name: str) -> None:
    assert close(question, name, graph) == []


def test_the_words_around_choose_among_namesakes(graph: EmbeddedGraph) -> None:
    for question in ("Who directed the 1998 film Psycho?", "who directed psycho by gus van sant"):
        entities = [
            one.leaf for one in link(question, NOTHING_SAID, graph).of(EntityLeaf) if one.how == "exact"
        ]
        psychos = [str(leaf) for leaf in entities if str(leaf) in (NUMBER["psycho"], NUMBER["psycho 1998"])]
        assert psychos[0] == NUMBER["psycho 1998"]


def test_nobody_asks_about_what_was_spoken_of(graph: EmbeddedGraph) -> None:
    about = Conversation(
        (Turn("Who directed Psycho?", TurnAnswer("", (NUMBER["hitchcock"],)), (NUMBER["psycho"],)),)
    )
    assert close("When did Psycho come out?", "psycho", graph, about) == []
    asked_back = TurnAnswer("Did you mean ...?", (NUMBER["psycho"], NUMBER["psycho 1998"]), asks_back=True)
    only_asked = Conversation((Turn("Who directed Psycho?", asked_back),))
    assert close("Who directed Psycho?", "psycho", graph, only_asked) == ["psycho 1998"]


def test_what_was_spoken_of_stays_that_one(graph: EmbeddedGraph) -> None:
    about = Conversation((Turn("Who directed Psycho?", None, (NUMBER["psycho 1998"],)),))
    ship = Conversation((Turn("Who directed Titanic?", None, (NUMBER["titanic"],)),))

    def left(question: str, conversation: Conversation) -> set[str]:
        links = settled(question, link(question, conversation, graph), conversation, graph)
        return {str(one.leaf) for one in links.of(EntityLeaf) if one.how == "exact"}

    assert left("When was Psycho released?", about) & {NUMBER["psycho"], NUMBER["psycho 1998"]} == {
        NUMBER["psycho 1998"]
    }
    assert NUMBER["titanic ship"] in left("How long is the ship Titanic?", ship)
    assert NUMBER["psycho"] in left("And the 1960 film Psycho?", about)


@pytest.fixture(scope="module")
def parser() -> SemanticParser:
    return SemanticParser.load(bundled("model"), open_graph(bundled("graph"), name="bundled"), device="cpu")


@pytest.mark.parametrize(
    ("reply", "director"),
    [
        ("the second one", "Gus Van Sant"),
        ("1960", "Alfred Hitchcock"),
        ("the one by Hitchcock", "Alfred Hitchcock"),
    ],
)
def test_a_chat_asks_and_understands_the_reply(parser: SemanticParser, reply: str, director: str) -> None:
    chat = Chat(parser)
    asked = chat.ask("Who directed Psycho?")
    assert isinstance(asked, AskedBack)
    assert "Psycho (1960 film by Alfred Hitchcock) or Psycho (1998 film by Gus Van Sant)" in asked.text
    answer = chat.ask(reply)
    assert isinstance(answer, Answered)
    assert answer.text == director
    settled_now = chat.ask("When was Psycho released?")
    assert isinstance(settled_now, Answered)
    assert settled_now.text.endswith("1998" if "second" in reply else "1960")


def test_choices_that_read_the_same_show_their_ids(parser: SemanticParser) -> None:
    asked = Chat(parser).ask("Where is Springfield?")
    assert isinstance(asked, AskedBack)
    assert all(f"city in the United States of America, {name})" in asked.text for name in asked.choices)
