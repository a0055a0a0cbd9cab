"""Text encoders: a tiny pretrained one with random weights, the same compressed, and one from scratch."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from grammar.errors import CheckpointError, ConfigError
from grammar.forms import read_form
from kgqa.associations import Associations, halves, runs_of
from kgqa.compression import load_encoder, quantise, save_encoder
from kgqa.text import PretrainedText, ScratchText
from tests.tiny_encoder import write_encoder

CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_encoder(tmp_path_factory.mktemp("encoder"))


def test_pieces_stand_where_their_words_stand(folder: Path) -> None:
    text = PretrainedText(str(folder), device=CPU)
    (pieces,) = text.pieces(["Who directed films?"], 20)
    assert pieces.features.shape == (5, text.width)
    assert pieces.spans.tolist() == [[0, 3], [4, 12], [13, 17], [17, 18], [18, 19]]


def test_a_text_has_the_same_vector_alone_and_among_others(folder: Path) -> None:
    alone = PretrainedText(str(folder), device=CPU).labels(["alien"])
    among = PretrainedText(str(folder), device=CPU).labels(["who directed the films", "alien"])
    np.testing.assert_allclose(alone[0], among[1], atol=2e-3)
    np.testing.assert_allclose(np.linalg.norm(among.astype(np.float32), axis=1), 1.0, atol=1e-2)


def test_a_compressed_encoder_says_nearly_the_same(folder: Path, tmp_path: Path) -> None:
    text = PretrainedText(str(folder), device=CPU)
    text.save(tmp_path)
    again = PretrainedText(str(tmp_path), device=CPU)
    assert str(folder) not in (tmp_path / "config.json").read_text()
    texts = ["who directed alien", "the films"]
    first, second = (t.labels(texts).astype(np.float32) for t in (text, again))
    assert (first * second).sum(1).min() > 0.999


def test_quantising_is_exact_to_a_step() -> None:
    weight = torch.randn(7, 33)
    small, scale = quantise(weight)
    assert small.dtype == torch.int8
    step = weight.abs().amax(1, keepdim=True) / 127
    assert ((small.float() * scale.float() - weight).abs() <= step).all()


def test_an_ordinary_folder_is_not_taken_for_a_compressed_one(folder: Path, tmp_path: Path) -> None:
    assert load_encoder(folder) is None
    from transformers import AutoModel

    save_encoder(AutoModel.from_pretrained(folder), tmp_path)
    assert load_encoder(tmp_path) is not None


def test_an_unknown_encoder_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="nowhere"):
        PretrainedText(str(tmp_path / "nowhere"), device=CPU)


def test_word_pieces_are_learnt_the_same_way_every_time_and_leave_nothing_out() -> None:
    texts = ["who directed alien", "who directed aliens"]
    first, second = (ScratchText.train(texts, vocabulary=40) for _ in range(2))
    assert first.tokenizer.get_vocab() == second.tokenizer.get_vocab()
    (pieces,) = first.pieces(["aliens directed"], 20)
    assert 1 not in pieces.features  # nothing unknown: every character is a piece


LESSONS = [
    ("Who directed Alien?", read_form("follow(Q1, P57)")),
    ("Who directed Grease?", read_form("follow(Q2, P57)")),
    ("Who starred in Alien?", read_form("follow(Q1, P161)")),
    ("Which films did he direct?", read_form("keep(follow_back(Q3, P57), Q11424)")),
]


def test_words_are_associated_with_what_forms_used() -> None:
    learnt = Associations.learn(LESSONS)
    found = learnt.find("who directed Heat?", among="relations", limit=3)
    assert found[0][0] == "P57"
    assert learnt.find("which films?", among="types", limit=3)[0][0] == "Q11424"
    assert learnt.find("", among="types", limit=3) == []
    assert all(0.0 <= score <= 1.0 for _, score in found)


def test_no_half_is_taught_by_itself() -> None:
    first, second = halves(LESSONS, [True, False, True, False])
    assert first.seen["alien"] == 2
    assert second.seen["alien"] == 0


def test_associations_are_kept_without_what_was_seen_once(tmp_path: Path) -> None:
    learnt = Associations.learn(LESSONS)
    learnt.save(tmp_path / "associations.json")
    again = Associations.load(tmp_path / "associations.json")
    assert again.seen["alien"] == 2
    assert "grease" not in again.seen
    assert again.find("who directed", among="relations", limit=1)[0][0] == "P57"


def test_runs_are_short_and_each_once() -> None:
    runs = runs_of("the film, the film")
    assert len(runs) == len(set(runs))
    assert max(len(run.split()) for run in runs) == 3


@pytest.mark.parametrize(
    "content", ["{", '{"seen": {}}', '{"seen": {}, "relations": {"who": 3}, "types": {}}']
)
def test_damaged_associations_are_refused(tmp_path: Path, content: str) -> None:
    path = tmp_path / "associations.json"
    path.write_text(content)
    with pytest.raises(CheckpointError, match="damaged"):
        Associations.load(path)
