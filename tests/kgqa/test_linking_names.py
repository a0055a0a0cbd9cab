"""Names that are hard to find in a question: which entity comes first for which words."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from grammar.forms import EntityLeaf, RelationLeaf, TypeLeaf
from kgqa.conversation import Conversation, Turn, TurnAnswer
from kgqa.graphs import EmbeddedGraph
from kgqa.linking import Links, link
from kgqa.linking.mentions import unlinked_mentions
from tests.kgqa.named import NUMBER, named_graph

NOTHING_SAID = Conversation()
WORDS = {number: name for name, number in NUMBER.items()}


@pytest.fixture(scope="module")
def graph(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedGraph]:
    opened = named_graph(tmp_path_factory.mktemp("named"))
    yield opened
    opened.close()


def found(links: Links) -> list[str]:
    """Single entities by our words for them, best first."""
    return [WORDS.get(str(one.leaf), str(one.leaf)) for one in links.of(EntityLeaf)]


def first(question: str, graph: EmbeddedGraph, conversation: Conversation = NOTHING_SAID) -> str | None:
    return next(iter(found(link(question, conversation, graph))), None)


def after(question: str, about: str, *, answer: str = "") -> Conversation:
    shown = TurnAnswer("", (NUMBER[answer],)) if answer else None
    return Conversation((Turn(question, shown, (NUMBER[about],)),))


TYPOS = [
    ("Which films did Christopher Nolen direct?", "nolan"),
    ("What did Cristopher Nolan make?", "nolan"),
    ("Who directed Inceptoin?", "inception"),
    ("Who directed Oceans Eleven?", "oceans"),
]
POSSESSIVES = [
    ("Who is Leonardo DiCaprio's father?", "dicaprio"),
    ("Who is Leonardo DiCaprio\u2019s father?", "dicaprio"),
    ("Who is Leonardo DiCaprios dad?", "dicaprio"),
]
COMMON_WORDS = [
    ("Who directed It?", "it"),
    ("Who starred in Her?", "her"),
    ("Who directed Up?", "up"),
    ('Who directed "Yes"?', "yes film"),
    ("Who is in the band Yes?", "yes band"),
    ("Who sang in The Who?", "the who"),
    ("Where is Reading?", "reading"),
]
PUNCTUATION = [
    ("Who Framed Roger Rabbit, who directed it?", "rabbit"),
    ("Who made 2001: A Space Odyssey?", "odyssey"),
    ("Who directed Good Night, and Good Luck?", "good night"),
    ("Who directed WALL-E?", "wall-e"),
    ("Who directed Wall E?", "wall-e"),
    ("Who is in M*A*S*H?", "mash"),
    ("Who is in MASH?", "mash"),
    ("Who directed Lord of the Rings: The Two Towers?", "towers"),
]
NUMBERS = [
    ("Who directed 1917?", "1917"),
    ("Who directed Ocean's 11?", "oceans"),
    ("Who directed Terminator 2?", "terminator 2"),
    ("Who directed 12 Angry Men?", "angry"),
    ("Who directed Twelve Angry Men?", "angry"),
]
PEOPLES = [
    ("Which German states are there?", "germany"),
    ("Which Germans are there?", "germany"),
    ("Which British directors are there?", "uk"),
    ("Name some Kiwi directors.", "new zealand"),
]


@pytest.mark.parametrize("lower", [False, True], ids=["as written", "lower case"])
@pytest.mark.parametrize(
    ("question", "name"),
    [
        *TYPOS,
        *POSSESSIVES,
        *PUNCTUATION,
        *NUMBERS,
        *PEOPLES,
        ("Who Framed Roger Rabbit, who directed it?", "rabbit"),
    ],
)
def test_names_come_first_in_capitals_and_without(
    graph: EmbeddedGraph, question: str, name: str, lower: bool
) -> None:
    assert first(question.lower() if lower else question, graph) == name


@pytest.mark.parametrize("question", ["When was the MLS founded?", "when was the mls founded"])
def test_initials(graph: EmbeddedGraph, question: str) -> None:
    links = link(question, NOTHING_SAID, graph)
    assert found(links)[0] == "mls"
    assert links.unlinked == ()


@pytest.mark.parametrize(("question", "name"), COMMON_WORDS)
def test_a_capital_makes_a_common_word_a_name(graph: EmbeddedGraph, question: str, name: str) -> None:
    assert first(question, graph) == name


@pytest.mark.parametrize(
    ("question", "name"),
    [
        ("who directed the film it?", "it"),
        ("who directed the movie her", "her"),
        ("the movie up, who directed it?", "up"),
        ("who is in the band yes", "yes band"),
        ("who directed a film called up?", "up"),
        ("who directed 'her'?", "her"),
        ("who starred in it?", "it"),
        ("who directed up?", "up"),
        ("who is the singer of the who?", "the who"),
    ],
)
def test_without_capitals_the_words_around_make_it_a_name(
    graph: EmbeddedGraph, question: str, name: str
) -> None:
    assert first(question, graph) == name


def test_what_announces_a_name_makes_it_sure(graph: EmbeddedGraph) -> None:
    """ "The film it" is a name beyond doubt, "starred in it" hardly."""

    def score(question: str) -> float:
        leaf = EntityLeaf((NUMBER["it"],))
        candidates = link(question, NOTHING_SAID, graph).candidates
        return next(one.score for one in candidates if one.leaf == leaf)

    assert score("who directed the film it?") > 0.5 > 0.1 > score("who starred in it?")


def test_in_a_dialogue_a_pronoun_is_a_pronoun(graph: EmbeddedGraph) -> None:
    earlier = Conversation(
        (Turn("Who directed Titanic?", TurnAnswer("James Cameron", (NUMBER["cameron"],))),)
    )
    links = link("who starred in it?", earlier, graph)
    assert "it" not in found(links)
    assert found(links)[0] == "titanic"
    assert first("who starred in the film it?", graph, earlier) == "it"


@pytest.mark.parametrize(
    "question", ["where is it?", "it is what it is", "did they do it and did she?", "was he?"]
)
def test_small_words_inside_a_sentence_name_nothing(graph: EmbeddedGraph, question: str) -> None:
    assert all(one.score < 0.1 for one in link(question, NOTHING_SAID, graph).of(EntityLeaf))


@pytest.mark.parametrize(
    ("question", "name"),
    [
        ("How long is the ship Titanic?", "titanic ship"),
        ("Which ship is Titanic?", "titanic ship"),
        ("How long is Titanic, the ship?", "titanic ship"),
        ("Who directed Titanic?", "titanic"),
        ("When was the film Titanic released?", "titanic"),
        ("which ship is titanic?", "titanic ship"),
    ],
)
def test_namesakes_agree_with_the_question(graph: EmbeddedGraph, question: str, name: str) -> None:
    links = link(question, NOTHING_SAID, graph)
    assert found(links)[0] == name
    assert {"titanic", "titanic ship"} <= set(found(links))  # the other one stays


def test_a_kind_that_is_asked_for_says_nothing_against_a_name(graph: EmbeddedGraph) -> None:
    assert first("What country is Bavaria in?", graph) == "bavaria"


@pytest.mark.parametrize("words", ["Nolan", "nolan", "Nolan's father", "nolans father"])
def test_a_part_of_a_name_once_the_whole_was_said(graph: EmbeddedGraph, words: str) -> None:
    assert first(f"Who is {words}?", graph, after("Who is Christopher Nolan?", "nolan")) == "nolan"
    assert first(f"Who is {words}?", graph, after("Who is Jonathan Nolan?", "jonathan")) == "jonathan"


def test_a_part_of_the_name_of_a_neighbour(graph: EmbeddedGraph) -> None:
    """After Titanic, Jack is the one in it."""
    earlier = Conversation(
        (Turn("Who directed Titanic?", TurnAnswer("", (NUMBER["cameron"],)), (NUMBER["titanic"],)),)
    )
    named = [one for one in link("Who is Jack?", earlier, graph).of(EntityLeaf) if one.turn == 0]
    assert [str(one.leaf) for one in named[:2]] == [NUMBER["jack"], NUMBER["nicholson"]]
    assert first("Who is Jack Nicholson?", graph, earlier) == "nicholson"


@pytest.mark.parametrize(
    "words",
    [
        "administrative territories",
        "administrative territorial entities",
        "Administrative Territory",
        "territories",
    ],
)
def test_types_inflected(graph: EmbeddedGraph, words: str) -> None:
    types = [str(one.leaf) for one in link(f"Which {words} are there?", NOTHING_SAID, graph).of(TypeLeaf)]
    assert types[0] == "T5"


@pytest.mark.parametrize(
    ("question", "relation"),
    [
        ("Who starred in Titanic?", "P161"),
        ("Who stars in it?", "P161"),
        ("Who are the actors?", "P161"),
        ("Who is DiCaprio's dad?", "P22"),
        ("who is his wife", "P26"),
        ("Whom did he marry?", "P26"),
        ("Which movies did he direct?", "P57"),
        ("When did it come out?", "P577"),
        ("What is his nationality?", "P27"),
    ],
)
def test_relations_as_people_put_them(graph: EmbeddedGraph, question: str, relation: str) -> None:
    relations = [str(one.leaf) for one in link(question, NOTHING_SAID, graph).of(RelationLeaf)]
    assert relation in relations[:2]


def test_a_script_without_capitals_is_not_passed_over(graph: EmbeddedGraph) -> None:
    links = link("\u0645\u0646 \u0647\u0648 \u0631\u0626\u064a\u0633\u061f", NOTHING_SAID, graph)
    assert links.unlinked == ("\u0645\u0646 \u0647\u0648 \u0631\u0626\u064a\u0633",)


@pytest.mark.parametrize(
    ("question", "unlinked"),
    [
        ("In the set of films, Which one has 3 directors?", ()),
        ("Who wrote 'It'?", ("It",)),
        ("Did Zorblax write The Foo?", ("Zorblax", "The Foo")),
        ("Who sang 99 Luftballons?", ("99 Luftballons",)),
        ("Yeah, who directed it?", ()),
        ("Compute how many films there are. Tally them.", ()),
        ("Isn't he a singer?", ()),
        ("Zorblax was written by whom?", ("Zorblax",)),
        ("Zorblax's author?", ("Zorblax",)),
        ("Who is it? Zorblax Foo?", ("Zorblax Foo",)),
        ("ZBX or The Foo?", ("ZBX", "The Foo")),
    ],
)
def test_a_capital_alone_makes_no_name(question: str, unlinked: tuple[str, ...]) -> None:
    assert unlinked_mentions(question, ()) == unlinked
