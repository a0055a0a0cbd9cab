"""What tests of the parser share, in each file its own: the toy graph, its words, a small run."""

from __future__ import annotations

from pathlib import Path

import pytest

from kgqa.graph_text import GraphText
from kgqa.graphs import EmbeddedGraph
from kgqa.text import ScratchText
from tests.small_run import QUESTIONS, learnt_by_heart
from tests.toy import toy_graph


@pytest.fixture(scope="module")
def graph(tmp_path_factory: pytest.TempPathFactory) -> EmbeddedGraph:
    return toy_graph(tmp_path_factory.mktemp("toy"))


@pytest.fixture(scope="module")
def text() -> ScratchText:
    return ScratchText.train(QUESTIONS, vocabulary=200)


@pytest.fixture(scope="module")
def graph_text(graph: EmbeddedGraph, text: ScratchText) -> GraphText:
    return GraphText(graph, text)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory, graph: EmbeddedGraph) -> Path:
    """A run that has learnt the eight questions by heart."""
    return learnt_by_heart(tmp_path_factory.mktemp("runs"), graph)
