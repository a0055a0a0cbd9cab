"""The bundled model on the bundled graph: what the README and the demo show is what it says."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from grammar.forms import EntityLeaf
from kgqa.answer import Answered
from kgqa.bundled import bundled
from kgqa.chat import Chat
from kgqa.conversation import Conversation
from kgqa.datasets import read_dataset
from kgqa.graphs import open_graph
from kgqa.linking import link
from kgqa.parser import SemanticParser
from kgqa.scoring import gold_items, result_items

README = Path(__file__).parents[2] / "README.md"
MOST_BYTES = 60_000_000


@pytest.fixture(scope="module")
def parser() -> SemanticParser:
    return SemanticParser.load(bundled("model"), open_graph(bundled("graph"), name="bundled"), device="cpu")


def _blocks(kind: str) -> list[str]:
    return re.findall(rf"```{kind}\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)


def _transcript() -> Iterator[list[tuple[str, str]]]:
    """The dialogues of the README: (question, answer) pairs."""
    (block,) = (block for block in _blocks("text") if block.startswith("> "))
    for dialogue in block.strip().split("\n\n"):
        lines = dialogue.splitlines()
        yield [(lines[k].removeprefix("> "), lines[k + 1]) for k in range(0, len(lines), 2)]


def test_the_model_is_small_enough_to_travel() -> None:
    assert sum(path.stat().st_size for path in bundled("model").rglob("*") if path.is_file()) < MOST_BYTES


def test_the_demo_is_answered_right(parser: SemanticParser) -> None:
    for dialogue in read_dataset("plain", bundled("dialogues") / "demo.jsonl"):
        chat = Chat(parser)
        for example in dialogue.examples:
            answer = chat.ask(example.question)
            assert isinstance(answer, Answered), example.question
            assert set(result_items(answer.result)) == set(gold_items(example.gold) or ()), example.question


def test_the_transcript_of_the_readme_is_what_it_says(parser: SemanticParser) -> None:
    dialogues = list(_transcript())
    assert len(dialogues) >= 2
    for dialogue in dialogues:
        chat = Chat(parser)
        for question, shown in dialogue:
            answer = chat.ask(question)
            said = getattr(answer, "text", None) or getattr(answer, "why", None)
            assert said == shown, question


def test_the_example_of_the_readme_runs(capsys: pytest.CaptureFixture[str]) -> None:
    (block,) = _blocks("python")
    exec(compile(block, str(README), "exec"), {})
    assert capsys.readouterr().out.strip() == "16 August 1954"


def test_what_it_does_not_know_it_says(parser: SemanticParser) -> None:
    nothing = ("Who founded Zubrowkistan?", "asdf qwer zxcv?", "?", "Where was he born?")
    for question in (*nothing, "Who painted Guernica?", "When did World War II end?"):
        assert not isinstance(Chat(parser).ask(question), Answered), question


def test_two_names_are_no_third(parser: SemanticParser) -> None:
    question = "Who is older, Tom Hanks or Brad Pitt?"
    found = link(question, Conversation(), parser.graph).of(EntityLeaf)
    texts = {question[slice(*one.span)] for one in found if one.span and "{" not in str(one.leaf)}
    assert texts == {"Tom Hanks", "Brad Pitt"}
