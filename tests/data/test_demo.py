"""The scripted dialogues of ``kgqa chat --demo``: their annotations hold on the bundled graph."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from grammar.execute import execute
from kgqa.answer import Answer, Answered
from kgqa.bundled import bundled
from kgqa.commands.questions import open_questions
from kgqa.commands.terminal import play
from kgqa.conversation import Dialogue
from kgqa.datasets import read_dataset
from kgqa.evidence import facts_behind, result_of
from kgqa.graphs import KnowledgeGraph, open_graph
from kgqa.parser import Request
from kgqa.scoring import gold_items, result_items
from tests.form_parser import FormParser

SCRIPT = bundled("dialogues") / "demo.jsonl"


@pytest.fixture(scope="module")
def graph() -> KnowledgeGraph:
    return open_graph(bundled("graph"))


@pytest.fixture(scope="module")
def dialogues() -> list[Dialogue]:
    return list(read_dataset("plain", SCRIPT))


def test_forms_give_the_answers(graph: KnowledgeGraph, dialogues: list[Dialogue]) -> None:
    examples = [example for dialogue in dialogues for example in dialogue.examples]
    assert len(examples) >= 8
    for example in examples:
        form = example.gold.form
        assert form is not None
        found = result_items(result_of(execute(form, graph), graph))
        assert set(map(str, found)) == set(map(str, gold_items(example.gold) or ())), example.question
        assert facts_behind(form, graph), example.question


def test_the_demo_shows_how_answers_come_about(graph: KnowledgeGraph, dialogues: list[Dialogue]) -> None:
    forms = {e.question: str(e.gold.form) for dialogue in dialogues for e in dialogue.examples}

    class Scripted(FormParser):
        def _answer(self, request: Request) -> Answer:
            return super()._answer(Request(request.conversation, forms[request.question]))

    shown = io.StringIO()
    console = Console(file=shown, width=200)
    chat = play(open_questions(str(SCRIPT)), Scripted(graph), console)
    assert isinstance(chat.last, Answered)
    for dialogue in dialogues:
        assert dialogue.id in shown.getvalue()
    for question in forms:
        assert f"> {question}" in shown.getvalue()
    for row in ("linked", "means", "form", "facts"):
        assert shown.getvalue().count(f"  {row}") >= len(forms)
