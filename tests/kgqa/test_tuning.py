"""Tuning an encoder: questions come near what they need, and a kill loses nothing."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

import kgqa.tuning as module
from grammar.forms import read_form
from kgqa.config import TextConfig
from kgqa.conversation import Conversation, Turn
from kgqa.graph_text import GraphText
from kgqa.graphs import EmbeddedGraph
from kgqa.lessons import Lesson
from kgqa.text import PretrainedText, ScratchText
from kgqa.tuning import Pair, aliases_of, pairs_of, tune
from tests.tiny_encoder import write_encoder

WORDS = ("who", "made", "it", "where", "is", "that", "director", "place", "country", "cast")
PAIRS = [
    Pair("who made it", ("director",), ("country", "cast")),
    Pair("where is that", ("place",), ("director", "cast")),
]
CONFIG = TextConfig(encoder="tiny", tuning_steps=100, tuned_layers=1, tuning_rate=3e-3)


@pytest.fixture
def encoder(tmp_path: Path) -> PretrainedText:
    return PretrainedText(
        str(write_encoder(tmp_path / "tiny", words=WORDS, layers=2)), device=torch.device("cpu")
    )


def _tune(text: PretrainedText, state: Path, config: TextConfig = CONFIG) -> None:
    tune(text, PAIRS, [], config=config, seed=1, state=state, save_minutes=0.0, progress=lambda *_: None)


def _margin(text: PretrainedText) -> float:
    """By how much the least sure question prefers what it needs."""
    asked, right, wrong = (
        text.labels([pick(pair) for pair in PAIRS]).astype(np.float32)
        for pick in (lambda p: p.question, lambda p: p.right[0], lambda p: p.wrong[-1])
    )
    return float(((asked * right).sum(1) - (asked * wrong).sum(1)).min())


def test_questions_come_near_what_they_need(encoder: PretrainedText, tmp_path: Path) -> None:
    before, digest = _margin(encoder), encoder.digest
    _tune(encoder, tmp_path / "state")
    assert _margin(encoder) > max(0.1, before)
    assert encoder.digest != digest


def test_lower_layers_and_embeddings_stay(encoder: PretrainedText, tmp_path: Path) -> None:
    before = {name: value.clone() for name, value in encoder.model.state_dict().items()}
    _tune(encoder, tmp_path / "state")
    changed = {n for n, value in encoder.model.state_dict().items() if not torch.equal(value, before[n])}
    assert changed
    assert all(name.startswith("encoder.layer.1.") for name in changed)
    assert not any(parameter.requires_grad for parameter in encoder.model.parameters())


def test_tuning_goes_on_after_a_kill_as_if_nothing_had_been(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = write_encoder(tmp_path / "tiny", words=WORDS, layers=2)
    whole, cut, again = (PretrainedText(str(folder), device=torch.device("cpu")) for _ in range(3))
    config = replace(CONFIG, tuning_steps=8)
    _tune(whole, tmp_path / "whole", config)
    real, calls = module._batch, iter(range(5))

    def dying(*arguments: object) -> object:
        if next(calls, None) is None:
            raise RuntimeError("killed")
        return real(*arguments)  # type: ignore[arg-type]

    with monkeypatch.context() as patch:
        patch.setattr(module, "_batch", dying)
        with pytest.raises(RuntimeError, match="killed"):
            _tune(cut, tmp_path / "cut", config)
    _tune(again, tmp_path / "cut", config)
    assert again.digest == whole.digest


def test_pairs_are_of_questions_that_say_what_they_are_about(graph: EmbeddedGraph) -> None:
    text = GraphText(graph, ScratchText.train(["who"], vocabulary=20))

    def lesson(question: str, form: str, *before: str) -> Lesson:
        shown = Conversation(tuple(Turn(earlier, None) for earlier in before))
        return Lesson(question, shown, question, (read_form(form),), None)

    first = "Which countries border France?"
    pairs = pairs_of(
        [
            lesson(first, "keep(follow(Q142, P47), Q6256)"),
            lesson("And Germany?", "keep(follow(Q183, P47), Q6256)", first),
            lesson("What is its capital?", "follow(Q183, P36)", first, "And Germany?"),
        ],
        text,
    )
    assert [pair.question for pair in pairs] == [first, "What is its capital?"]
    assert pairs[0].right == (text.relation("P47"), text.type("Q6256"))
    assert text.relation("P36") in pairs[0].wrong
    assert text.relation("P47") not in pairs[0].wrong


def test_aliases_stand_for_their_relation(graph: EmbeddedGraph) -> None:
    text = GraphText(graph, ScratchText.train(["who"], vocabulary=20))
    pairs = {(pair.question, pair.right[0]) for pair in aliases_of(text)}
    assert (graph.label("P36"), text.relation("P36")) in pairs
