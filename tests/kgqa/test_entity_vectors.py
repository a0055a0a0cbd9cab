"""Vectors of entities come from disk when they have been made ahead, and never from another graph's."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch

from grammar.errors import ConfigError
from kgqa.entity_vectors import EntityVectors, encode_entities
from kgqa.graph_text import GraphText
from kgqa.graphs import EmbeddedGraph
from kgqa.text import PretrainedText, ScratchText
from tests.small_run import silent
from tests.tiny_encoder import write_encoder
from tests.toy import toy_graph


@pytest.fixture(scope="module")
def graph(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedGraph]:
    opened = toy_graph(tmp_path_factory.mktemp("vectors"))
    yield opened
    opened.close()


@pytest.fixture
def encoder(tmp_path: Path) -> PretrainedText:
    return PretrainedText(str(write_encoder(tmp_path / "encoder")), device=torch.device("cpu"))


def test_what_was_made_ahead_is_not_encoded_again(
    graph: EmbeddedGraph, encoder: PretrainedText, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    made = encode_entities(GraphText(graph, encoder), progress=silent)
    assert made.done == len(made.numbers) == graph.info().entities
    wanted = encoder.labels([GraphText(graph, encoder).entity(("Q142",))])
    fresh = PretrainedText(encoder.name, device=torch.device("cpu"))
    text = GraphText(graph, fresh).entity(("Q142",))
    monkeypatch.setattr(fresh, "_encode", lambda texts, limit: [] if not texts else pytest.fail("encoded"))
    np.testing.assert_array_equal(fresh.labels([text]), wanted)


def test_only_the_best_known_and_going_on(
    graph: EmbeddedGraph, encoder: PretrainedText, tmp_path: Path
) -> None:
    text = GraphText(graph, encoder)
    some = encode_entities(text, most=5, folder=tmp_path, progress=silent)
    assert len(some.numbers) == 5
    known = graph.degree(np.arange(graph.info().entities))
    assert known[some.numbers].min() >= np.sort(known)[-5]

    def stopped(what: str, done: int, of: int | None) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        encode_entities(text, folder=tmp_path, progress=stopped)
    again = EntityVectors.open(graph, encoder, folder=tmp_path)
    assert again is not None
    assert again.done == graph.info().entities  # the chunk that was at work had been written
    assert isinstance(again.vectors, np.memmap)


def test_damage_another_encoder_and_word_pieces_of_its_own(
    graph: EmbeddedGraph, encoder: PretrainedText, tmp_path: Path
) -> None:
    made = encode_entities(GraphText(graph, encoder), folder=tmp_path, progress=silent)
    other = PretrainedText(encoder.name, device=torch.device("cpu"))
    with torch.no_grad():
        next(other.model.parameters()).add_(1.0)
    assert EntityVectors.open(graph, other, folder=tmp_path) is None
    (made.folder / "vectors.npy").write_bytes(b"cut off")
    assert EntityVectors.open(graph, encoder, folder=tmp_path) is None
    whole = encode_entities(GraphText(graph, encoder), folder=tmp_path, progress=silent)
    assert whole.done == graph.info().entities
    scratch = ScratchText.train(["a text"], vocabulary=50)
    with pytest.raises(ConfigError, match="word pieces"):
        encode_entities(GraphText(graph, scratch), folder=tmp_path, progress=silent)
