"""Re-ranking a silver file by a model."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from grammar.errors import DataError
from grammar.forms import read_form
from kgqa.checkpoint import Checkpoint, load_checkpoint
from kgqa.conversation import Conversation, Dialogue, Example, Gold
from kgqa.graphs import EmbeddedGraph
from kgqa.reranking import rerank
from kgqa.supervision import read_silver, supervise
from tests.small_run import learnt_by_heart

CAPITAL = "What is the capital of France?"
DIALOGUES = [
    Dialogue(
        "a",
        "a",
        (
            Example(
                "a/0",
                Conversation(),
                CAPITAL,
                Gold(entities=("Q90",), form=read_form("follow(Q142, P36)"), mentions=("Q142",)),
            ),
        ),
    )
]


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory, graph: EmbeddedGraph) -> Checkpoint:
    return load_checkpoint(learnt_by_heart(tmp_path_factory.mktemp("run"), graph), device="cpu")


def silver(path: Path, graph: EmbeddedGraph, *forms: tuple[str, float]) -> Path:
    """A silver file with these forms for the one question."""
    supervise(DIALOGUES, graph, out=path, source="annotated")
    line = json.loads(path.read_text())
    line |= {"forms": [list(pair) for pair in forms], "form": forms[0][0] if forms else None}
    path.write_text(json.dumps({**line, "source": "searched", "agrees": "nothing"}) + "\n")
    return path


def test_what_the_model_knows_comes_first(
    graph: EmbeddedGraph, checkpoint: Checkpoint, tmp_path: Path
) -> None:
    first = silver(tmp_path / "1", graph, ("follow(Q142, P47)", 0.5), ("follow(Q142, P36)", 0.4))
    counts = rerank(DIALOGUES, first, checkpoint, graph=str(graph.folder), out=tmp_path / "2")
    assert (counts.questions, counts.with_choice, counts.changed) == (1, 1, 1)
    (line,) = read_silver(tmp_path / "2")
    assert str(line.form) == "follow(Q142, P36)"
    assert line.line["agrees"] == "form"


def test_without_weight_the_search_decides(
    graph: EmbeddedGraph, checkpoint: Checkpoint, tmp_path: Path
) -> None:
    first = silver(tmp_path / "1", graph, ("follow(Q142, P47)", 0.5), ("follow(Q142, P36)", 0.4))
    counts = rerank(DIALOGUES, first, checkpoint, graph=str(graph.folder), out=tmp_path / "2", weight=0)
    assert counts.changed == 0
    assert (tmp_path / "2").read_bytes() == first.read_bytes()


def test_questions_without_a_choice_stay(
    graph: EmbeddedGraph, checkpoint: Checkpoint, tmp_path: Path
) -> None:
    for forms in ((), (("follow(Q142, P47)", 0.5),)):
        first = silver(tmp_path / "1", graph, *forms)
        counts = rerank(DIALOGUES, first, checkpoint, graph=str(graph.folder), out=tmp_path / "2")
        assert (counts.questions, counts.with_choice, counts.changed) == (1, 0, 0)
        assert (tmp_path / "2").read_bytes() == first.read_bytes()
        first.unlink()


def test_another_file_is_named(graph: EmbeddedGraph, checkpoint: Checkpoint, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no file"):
        rerank(DIALOGUES, tmp_path / "none", checkpoint, graph=str(graph.folder), out=tmp_path / "2")


def test_what_the_model_cannot_write_comes_last_and_scores_stay_those_of_the_search(
    graph: EmbeddedGraph, checkpoint: Checkpoint, tmp_path: Path
) -> None:
    forms = (("follow(Q142, P9999)", 0.9), ("follow(Q142, P47)", 0.5), ("follow(Q142, P36)", 0.4))
    first = silver(tmp_path / "1", graph, *forms)
    for source, out in (("1", "2"), ("2", "3")):  # the second time nothing changes any more
        counts = rerank(DIALOGUES, tmp_path / source, checkpoint, graph=str(graph.folder), out=tmp_path / out)
        assert counts.changed == (source == "1")
        (line,) = read_silver(tmp_path / out)
        assert [(str(form), score) for form, score in line.forms] == [forms[2], forms[1], forms[0]]
    assert first.exists()
