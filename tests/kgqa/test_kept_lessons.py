"""Prepared lessons on disk: the very same when they are read, and no other run's."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from grammar.forms import EntityLeaf, read_form
from kgqa.associations import Associations
from kgqa.batch import Encoded
from kgqa.config import Config
from kgqa.context import Context, ContextObject
from kgqa.conversation import Conversation, Turn, TurnAnswer
from kgqa.graphs import EmbeddedGraph, build_graph
from kgqa.kept_lessons import KeptLessons
from kgqa.lessons import Lesson, lessons_of, read_sources
from kgqa.prepare import Learnable, Prepared, Preparer, Target, prepare_sources
from kgqa.synthesis import synthesize
from kgqa.text import PretrainedText, ScratchText, TextEncoder
from kgqa.train import LESSONS, STATE, train
from tests.small_run import QUESTIONS, SMALL, silent, with_source, write_lessons
from tests.tiny_encoder import write_encoder
from tests.toy import toy_graph, toy_records

WORDS = ("what", "is", "the", "capital", "of", "which", "how", "many", "##s", "?")
CHUNKS = len(QUESTIONS) // 2


@pytest.fixture
def config(graph: EmbeddedGraph, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Config:
    """Eight lessons in chunks of two, four of each half."""
    monkeypatch.setattr("kgqa.prepare._CHUNK", 2)
    monkeypatch.setattr("kgqa.prepare._in_first_half", lambda key: key < "d4")
    training = replace(SMALL.training, epochs=2, batch_size=4, workers=1)
    return with_source(replace(SMALL, training=training), write_lessons(tmp_path / "lessons.jsonl"), graph)


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many lessons there were in every chunk that was prepared, and not read."""
    done: list[int] = []
    real = Preparer.prepare

    def prepare(preparer: Preparer, lessons: Sequence[Lesson], associations: Associations) -> list[Prepared]:
        done.append(len(lessons))
        return real(preparer, lessons, associations)

    monkeypatch.setattr(Preparer, "prepare", prepare)
    return done


class _Killed(Exception):
    """Stands for a kill in the middle of preparation."""


def _encoder(kind: str, folder: Path) -> TextEncoder:
    if kind == "scratch":
        return ScratchText.train(QUESTIONS, vocabulary=200)
    return PretrainedText(str(write_encoder(folder / "tiny", words=WORDS)), device=torch.device("cpu"))


def _assert_same(one: object, other: object) -> None:
    """Equal in every field, dtype and value."""
    if isinstance(one, Learnable | Encoded | Target):
        assert type(one) is type(other)
        for field in fields(one):
            _assert_same(getattr(one, field.name), getattr(other, field.name))
    elif isinstance(one, np.ndarray):
        assert isinstance(other, np.ndarray)
        assert (one.dtype, one.shape) == (other.dtype, other.shape)
        np.testing.assert_array_equal(one, other)
        assert other.flags.writeable  # or torch warns of it
    elif isinstance(one, tuple) and isinstance(other, tuple):
        for mine, its in zip(one, other, strict=True):
            _assert_same(mine, its)
    else:
        assert one == other
        assert type(one) is type(other)


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize("kind", ["scratch", "pretrained"])
def test_what_is_read_is_what_was_written(kind: str, seed: int, graph: EmbeddedGraph, tmp_path: Path) -> None:
    synthesize(graph, count=25, seed=seed, out=tmp_path / "invented.jsonl")
    training = replace(SMALL.training, max_actions=40, forms=3)
    config = with_source(replace(SMALL, training=training), tmp_path / "invented.jsonl", graph)
    source = replace(config.source[0], entities="both")
    lessons = [lesson for _, lesson in lessons_of(source, on_error=print)]
    answer = TurnAnswer("Paris", ("Q90",), form=read_form("follow(Q142, P36)"))
    after = Conversation((Turn("What is the capital of France?", answer),))
    several = tuple(map(read_form, ("value(Q142, P1082)", "follow(Q142, P36)", "value(Q90, P1082)")))
    lessons.append(Lesson("several", after, "How many people live there?", several, None, released=True))
    preparer = Preparer(str(graph.folder), _encoder(kind, tmp_path), config)
    prepared = preparer.prepare(lessons, Associations())
    assert len(prepared) > 40
    assert len({len(lesson.targets) for lesson in prepared}) > 1
    assert any(lesson.context.turns for lesson in prepared)
    kept = KeptLessons(tmp_path / "kept")
    kept.write(7, prepared)
    kept.write(8, [])
    assert kept.read(6, "elsewhere") is None
    assert kept.read(8, "elsewhere") == []
    found = kept.read(7, str(graph.folder))
    assert found is not None
    _assert_same(tuple(prepared), tuple(found))


def test_an_object_of_thousands_of_entities_is_read(graph: EmbeddedGraph, tmp_path: Path) -> None:
    text = _encoder("scratch", tmp_path)
    lesson = Lesson("x", Conversation(), "France?", (read_form("value(Q142, P1082)"),), ("Q142",))
    (one,) = Preparer(str(graph.folder), text, SMALL).prepare([lesson], Associations())
    crowd = EntityLeaf(tuple(f"Q{number}" for number in range(5_000)))
    context = Context("France?", (), (ContextObject(crowd, "5000: France, ...", "answer", turn=1),))
    many = replace(
        one, context=context, encoded=replace(one.encoded, labels=("5000: France, ...",), leads=("",))
    )
    kept = KeptLessons(tmp_path / "kept")
    kept.write(0, [many])
    found = kept.read(0, str(graph.folder))
    assert found is not None
    _assert_same(many, found[0])


@pytest.mark.parametrize("kind", ["scratch", "pretrained"])
def test_a_run_killed_while_it_prepares_goes_on_where_it_was(
    kind: str,
    config: Config,
    graph: EmbeddedGraph,
    calls: list[int],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    if kind == "pretrained":
        tiny = str(write_encoder(tmp_path / "tiny", words=WORDS))
        config = replace(config, text=replace(config.text, encoder=tiny, tuning_steps=0))
    train(config, tmp_path / "whole", default_graph=graph.folder, device="cpu", progress=silent)
    assert calls == [2] * CHUNKS
    calls.clear()

    def killed(what: str, done: int, total: int | None) -> None:
        if what.startswith("lessons") and done == 6:
            raise _Killed

    def dying(*arguments: object) -> None:
        raise _Killed

    with pytest.raises(_Killed):
        train(config, tmp_path / "cut", default_graph=graph.folder, device="cpu", progress=killed)
    assert len(calls) == 3
    with monkeypatch.context() as patch:
        patch.setattr("kgqa.train.make_model", dying)
        with pytest.raises(_Killed):
            train(config, tmp_path / "cut", default_graph=graph.folder, device="cpu", progress=silent)
    assert len(calls) == CHUNKS
    train(config, tmp_path / "cut", default_graph=graph.folder, device="cpu", progress=silent)
    assert len(calls) == CHUNKS  # killed once more when all were prepared, it has prepared none again
    whole, cut = (load_file(tmp_path / name / "weights.safetensors") for name in ("whole", "cut"))
    assert all(torch.equal(cut[name], weights) for name, weights in whole.items())
    assert not (tmp_path / "cut" / STATE / LESSONS).exists()


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ("nothing", ""),
        ("settings", "settings"),
        ("data", "lessons, associations"),
        ("place of the graph", ""),
        ("graph", "graphs"),
        ("encoder", "text encoder"),
        ("version", "version"),
        ("record", "version, settings, text encoder, graphs, lessons, associations"),
    ],
)
def test_lessons_made_of_something_else_are_discarded(
    changed: str,
    said: str,
    config: Config,
    graph: EmbeddedGraph,
    calls: list[int],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    kept = KeptLessons(tmp_path / "kept")
    text = _encoder("scratch", tmp_path)
    text.save(tmp_path / "text")
    _prepare(config, text, kept)
    (before,) = kept.folder.iterdir()
    path = Path(config.source[0].path)
    match changed:
        case "settings":
            config = replace(config, context=replace(config.context, relations=5))
        case "data":
            path.write_text(path.read_text().replace("How many people live in", "What is the population of"))
        case "place of the graph":
            config = with_source(config, path, toy_graph(tmp_path / "other"))
        case "graph":
            build_graph([list(toy_records())[:-1]], tmp_path / "smaller", name="toy")
            config = with_source(config, path, EmbeddedGraph.open(tmp_path / "smaller"))
        case "encoder":
            ScratchText.train(QUESTIONS, vocabulary=100).save(tmp_path / "text")
        case "version":
            monkeypatch.setattr("kgqa.kept_lessons.__version__", "0.0.0")
        case "record":
            monkeypatch.setattr("kgqa.kept_lessons.__version__", "0.0.0")
            (before / "made_of.json").write_text("{")
    calls.clear()
    with caplog.at_level(logging.WARNING):
        _prepare(config, text, kept)
    assert len(calls) == (CHUNKS if said else 0)
    assert before.exists() == (not said)
    assert len(list(kept.folder.iterdir())) == 1
    assert [record.message.partition("changed: ")[2] for record in caplog.records] == ([said] if said else [])


@pytest.mark.parametrize("damage", ["cut", "flipped", "empty", "gone"])
def test_a_damaged_chunk_is_prepared_anew(
    damage: str, config: Config, calls: list[int], tmp_path: Path
) -> None:
    kept = KeptLessons(tmp_path / "kept")
    text = _encoder("scratch", tmp_path)
    whole = _prepare(config, text, kept)
    (folder,) = kept.folder.iterdir()
    chunk = folder / "1"
    content = chunk.read_bytes()
    half = len(content) // 2
    match damage:
        case "cut":
            chunk.write_bytes(content[:half])
        case "flipped":
            chunk.write_bytes(content[:half] + bytes([content[half] ^ 1]) + content[half + 1 :])
        case "empty":
            chunk.write_bytes(b"")
        case "gone":
            chunk.unlink()
    calls.clear()
    _assert_same(whole, _prepare(config, text, kept))
    assert calls == [2]
    assert chunk.read_bytes() == content  # and is whole again


def test_a_folder_that_cannot_be_written_to_costs_only_time(config: Config, tmp_path: Path) -> None:
    (tmp_path / "kept").write_text("a file")
    text = _encoder("scratch", tmp_path)
    assert len(_prepare(config, text, KeptLessons(tmp_path / "kept"))) == len(QUESTIONS)


def _prepare(config: Config, text: TextEncoder, kept: KeptLessons) -> tuple[Learnable, ...]:
    folder = Path(config.source[0].path).parent
    curriculum = prepare_sources(
        config,
        read_sources(config),
        text,
        folder=folder,
        default_graph=config.source[0].graph,
        kept=kept,
        progress=silent,
    )
    return tuple(curriculum.train)
