"""Chats and corrections, with a parser that takes forms for questions."""

from __future__ import annotations

import pytest

from grammar.errors import DataError
from kgqa.answer import Answered, AskedBack, Failed, Unparsed
from kgqa.chat import MOST_CHARACTERS, Chat, check_question
from kgqa.corrections import Correction, read_correction
from kgqa.graphs import EmbeddedGraph
from tests.form_parser import FormParser


@pytest.fixture
def chat(graph: EmbeddedGraph) -> Chat:
    return Chat(FormParser(graph))


def answer_to(chat: Chat, *questions: str) -> Answered:
    for question in questions:
        answer = chat.ask(question)
    assert isinstance(answer, Answered), answer
    return answer


def test_the_dialogue_is_kept(chat: Chat) -> None:
    assert answer_to(chat, "follow(Q142, P36)", "it: follow(IT, P17)").text == "France"
    assert [turn.question for turn in chat.conversation.turns] == ["follow(Q142, P36)", "it: follow(IT, P17)"]
    chat.reset()
    assert chat.conversation.turns == ()


@pytest.mark.parametrize(
    ("text", "correction"),
    [
        ("I meant Paris, Texas", Correction("Paris, Texas")),
        ("No, I meant the film.", Correction("the film")),
        ("sorry, I mean Germany", Correction("Germany")),
        ("no, Germany", Correction("Germany")),
        ("I meant Germany, not France", Correction("Germany", "France")),
        ("not France but Germany", Correction("Germany", "France")),
        ("No, not France, I meant Germany!", Correction("Germany", "France")),
        ("No, who directed Alien?", None),
        ("no", None),
        ("Who directed Alien?", None),
        ("what did he mean", None),
        ("Is it not red but blue?", None),
    ],
)
def test_what_is_a_correction(text: str, correction: Correction | None) -> None:
    assert read_correction(text) == correction


def test_a_correction_asks_again(chat: Chat) -> None:
    answer = answer_to(chat, "follow(Q142, P36)", "I meant Germany")
    assert (str(answer.form), answer.text) == ("follow(Q183, P36)", "Berlin")
    assert answer_to(chat, "no, the USA").text == "Washington, D.C."
    assert answer_to(chat, "it: follow(IT, P17)").text == "United States of America"


def test_a_correction_replaces_what_it_fits(chat: Chat) -> None:
    assert str(answer_to(chat, "follow(Q90, P17)", "I meant Paris, Texas").form) == "follow(X1, P17)"
    chat.reset()
    both = "pair(cardinality(follow(Q142, P47)), cardinality(follow(Q183, P47)))"
    answer = answer_to(chat, both, "not Germany but Belgium")
    assert str(answer.form) == "pair(cardinality(follow(Q142, P47)), cardinality(follow(Q31, P47)))"
    chat.reset()
    assert (
        str(answer_to(chat, "value(Q1048, P569)", "I meant the date of death").form) == "value(Q1048, P570)"
    )


def test_an_unknown_name_is_said(chat: Chat) -> None:
    answer_to(chat, "follow(Q142, P36)")
    answer = chat.ask("I meant Qwertyuiop")
    assert isinstance(answer, Unparsed)
    assert "Qwertyuiop" in answer.why


def test_a_reply_to_a_question_back_is_left_to_the_parser(chat: Chat) -> None:
    assert isinstance(chat.ask("which Paris"), AskedBack)
    assert answer_to(chat, "no, the first").text == "France"


def test_a_correction_of_nothing_is_a_question(chat: Chat) -> None:
    assert isinstance(chat.ask("I meant Germany"), Unparsed)


def test_a_failed_form_is_not_an_empty_answer(chat: Chat) -> None:
    assert isinstance(chat.ask("follow(Q142, P9999)"), Failed)
    assert chat.conversation.turns[-1].answer is None


@pytest.mark.parametrize("text", ["", "  \n ", "x" * (MOST_CHARACTERS + 1), "who\x00am", "\x1b[2J"])
def test_what_is_no_question(text: str, chat: Chat) -> None:
    with pytest.raises(DataError) as error:
        chat.ask(text)
    assert "\n" not in str(error.value)
    assert chat.conversation.turns == ()


def test_space_is_put_right() -> None:
    assert check_question("  Who \n is it? ") == "Who is it?"
