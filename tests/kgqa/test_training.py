"""Training over the toy graph: lessons, losses, kills, settings."""

from __future__ import annotations

import contextlib
import math
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from grammar.errors import ConfigError
from grammar.forms import read_form
from grammar.offers import UNKNOWN
from grammar.operators import Sort
from kgqa.associations import Associations
from kgqa.batch import make_batch
from kgqa.checkpoint import load_checkpoint
from kgqa.config import Config
from kgqa.conversation import Conversation
from kgqa.distractors import Distractors
from kgqa.graph_text import GraphText
from kgqa.graphs import EmbeddedGraph
from kgqa.lessons import Lesson, read_sources
from kgqa.prepare import Curriculum, Learnable, Preparer, prepare_sources, targets
from kgqa.text import ScratchText
from kgqa.train import train
from tests.small_run import QUESTIONS, SMALL, silent, untrained, with_source, write_lessons


@pytest.fixture(scope="module")
def lessons_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_lessons(tmp_path_factory.mktemp("lessons") / "lessons.jsonl")


def prepared(config: Config, text: ScratchText, folder: Path, graph: EmbeddedGraph) -> Curriculum:
    """The lessons of all sources, where ``text`` lies in the folder."""
    sources, uri = read_sources(config), str(graph.folder)
    return prepare_sources(config, sources, text, folder=folder, default_graph=uri, progress=silent)


class _Killed(Exception):
    """Stands for a kill in the middle of training."""


def test_training_goes_on_after_a_kill_as_if_nothing_had_been(
    graph: EmbeddedGraph, lessons_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = replace(SMALL.training, epochs=4, batch_size=2, save_minutes=0.0)
    config = with_source(replace(SMALL, training=settings), lessons_file, graph)
    train(config, tmp_path / "whole", default_graph=graph.folder, device="cpu", progress=silent)
    import kgqa.train as module

    steps = 0
    real = module._Loop._step

    def dying(loop: module._Loop, batch: list[Learnable], rate: float) -> float:
        nonlocal steps
        steps += 1
        if steps == 7:
            raise _Killed
        return real(loop, batch, rate)

    monkeypatch.setattr(module._Loop, "_step", dying)
    with pytest.raises(_Killed):
        train(config, tmp_path / "cut", default_graph=graph.folder, device="cpu", progress=silent)
    train(config, tmp_path / "cut", default_graph=graph.folder, device="cpu", progress=silent)
    whole, cut = (load_checkpoint(tmp_path / name, device="cpu") for name in ("whole", "cut"))
    assert whole.checksum == cut.checksum


def test_kept_weights_are_mixed_with_those_that_training_started_from(
    run: Path, graph: EmbeddedGraph, lessons_file: Path, tmp_path: Path
) -> None:
    """Mixed at each look alone: the steps are those of the run that mixes nothing."""

    def went_on(share: float) -> dict[str, torch.Tensor]:
        settings = replace(SMALL.training, epochs=2, start=str(run), start_share=share)
        config = with_source(replace(SMALL, training=settings), lessons_file, graph)
        out = tmp_path / f"{share}"
        train(config, out, default_graph=graph.folder, device="cpu", progress=silent)
        return load_checkpoint(out, device="cpu").model.state_dict()

    start = load_checkpoint(run, device="cpu").model.state_dict()
    own, quarter = went_on(0.0), went_on(0.25)
    assert any(not torch.equal(own[name], start[name]) for name in start)
    for name in start:
        torch.testing.assert_close(quarter[name], own[name].lerp(start[name], 0.25), atol=2e-3, rtol=1e-2)


def test_a_run_from_nothing_mixes_nothing(graph: EmbeddedGraph, lessons_file: Path, tmp_path: Path) -> None:
    """Both stages of a recipe share its settings; the first has no weights but its random ones to mix."""

    def learnt(share: float) -> dict[str, torch.Tensor]:
        settings = replace(SMALL.training, epochs=2, start_share=share)
        config = with_source(replace(SMALL, training=settings), lessons_file, graph)
        train(config, tmp_path / f"{share}", default_graph=graph.folder, device="cpu", progress=silent)
        return load_checkpoint(tmp_path / f"{share}", device="cpu").model.state_dict()

    plain, shared = learnt(0.0), learnt(0.5)
    assert all(torch.equal(plain[name], shared[name]) for name in plain)


def test_a_run_with_other_settings_is_not_overwritten(
    run: Path, graph: EmbeddedGraph, lessons_file: Path
) -> None:
    config = with_source(replace(SMALL, training=replace(SMALL.training, seed=4)), lessons_file, graph)
    with pytest.raises(ConfigError, match="other settings"):
        train(config, run, default_graph=graph.folder, device="cpu", progress=silent)


def test_nothing_to_train_on_is_said(graph: EmbeddedGraph, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"\[\[source\]\]"):
        train(SMALL, tmp_path / "none", default_graph=graph.folder, device="cpu", progress=silent)


def test_several_forms_are_learnt_by_the_likelihood_of_any(graph_text: GraphText, text: ScratchText) -> None:
    config = replace(SMALL, training=replace(SMALL.training, forms=3))
    forms = tuple(
        map(read_form, ("follow(Q142, P36)", "keep(follow(Q142, P36), Q515)", "follow(Q142, P9999)"))
    )
    lesson = Lesson("x", Conversation(), "What is the capital of France?", forms, None)
    graph = graph_text.graph
    assert isinstance(graph, EmbeddedGraph)
    preparer = Preparer(str(graph.folder), text, config)
    (both,) = preparer.prepare([lesson], Associations())
    assert len(both.targets) == 2  # the third cannot be written: its relation is not at hand
    model, losses = untrained(text), []
    for targets_of in (both.targets, both.targets[:1], both.targets[1:]):
        one = replace(both, targets=targets_of)
        arrays = make_batch([one.encoded, one.encoded], text)
        width = model.operator_score.out_features + arrays.label.shape[1]
        losses.append(float(model(arrays, *targets([one, one], width)).detach()) / 2)
    together, first, second = (math.exp(-loss) for loss in losses)
    assert together == pytest.approx(first + second, rel=1e-4)


def test_words_and_offers_are_hidden_while_training_only(graph_text: GraphText, text: ScratchText) -> None:
    graph = graph_text.graph
    assert isinstance(graph, EmbeddedGraph)
    lesson = Lesson(
        "x", Conversation(), "What is the capital of France?", (read_form("follow(Q142, P36)"),), None
    )
    (one,) = Preparer(str(graph.folder), text, SMALL).prepare([lesson], Associations())
    model = untrained(text).train()
    arrays = make_batch([one.encoded], text)
    rows, actions, allowed, offers = targets([one], model.operator_score.out_features + arrays.label.shape[1])
    assert (offers >= 0).any()

    def loss(given: torch.Tensor = offers) -> float:
        torch.manual_seed(1)
        return float(model(arrays, rows, actions, allowed, given).detach())

    plain, silent = loss(), loss(torch.full_like(offers, UNKNOWN))
    model.hide(words=0.0, offers=1.0)
    assert loss() == silent != plain
    model.hide(words=0.9, offers=0.0)
    assert loss() != plain
    model.eval()
    model.hide(words=0.9, offers=1.0)
    assert loss() == pytest.approx(plain, rel=1e-5)


def test_what_is_never_right_is_not_shown_while_training(graph_text: GraphText, text: ScratchText) -> None:
    graph = graph_text.graph
    assert isinstance(graph, EmbeddedGraph)
    forms = ["follow(Q142, P36)"] * 3 + ["follow(Q142, P30)"]
    lessons = [
        Lesson(str(k), Conversation(), "What is the capital of France?", (read_form(form),), None)
        for k, form in enumerate(forms)
    ]
    learnt = Preparer(str(graph.folder), text, SMALL).prepare(lessons, Associations())
    one = learnt[0]
    leaves = [str(leaf) for leaf in one.context.leaves]
    capital, continent = leaves.index("P36"), leaves.index("P30")
    named = [k for k, o in enumerate(one.context.objects) if o.leaf.sort in (Sort.RELATION, Sort.TYPE)]

    def often_shown(least_right: float) -> list[float]:
        torch.manual_seed(1)
        shown = Distractors(learnt, least_right)
        return torch.stack([shown.shown([one], len(leaves))[0].float() for _ in range(400)]).mean(0).tolist()

    often = often_shown(0.5)  # the continent is right in one of four lessons that have it
    assert often[capital] == 1.0
    assert often[continent] == pytest.approx(0.5, abs=0.1)
    assert [often[k] for k in named if k not in (capital, continent)] == [0.0] * (len(named) - 2)
    assert all(often[k] == 1.0 for k in range(len(leaves)) if k not in named)
    assert often_shown(0.0) == [1.0] * len(leaves)
    model, arrays = untrained(text), make_batch([one.encoded], text)
    width = model.operator_score.out_features + len(leaves)
    losses = []
    for least_right in (0.0, 0.5):
        shown = Distractors(learnt, least_right).shown([one], len(leaves))
        losses.append(float(model(arrays.showing(shown), *targets([one], width)).detach()))
    assert losses[1] < losses[0]  # less to choose among


def test_lessons_are_prepared_alike_by_one_process_and_by_two(
    graph: EmbeddedGraph,
    lessons_file: Path,
    text: ScratchText,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("kgqa.prepare._CHUNK", 2)
    monkeypatch.setattr("kgqa.prepare._CHUNKS_FOR_ANOTHER", 1)
    text.save(tmp_path / "text")
    found = []
    for workers in (1, 2):
        training = replace(SMALL.training, workers=workers)
        config = with_source(replace(SMALL, training=training), lessons_file, graph)
        curriculum = prepared(config, text, tmp_path, graph)
        found.append([(x.id, x.encoded.labels, x.targets[0].actions.tolist()) for x in curriculum.train])
    assert found[0] == found[1]
    assert len(found[0]) == len(QUESTIONS)


@pytest.mark.parametrize("multiplies", [False, True])
def test_half_precision_only_where_a_processor_multiplies_it(
    multiplies: bool,
    graph: EmbeddedGraph,
    lessons_file: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    halved: list[bool] = []

    def autocast(kind: str, **named: bool) -> contextlib.nullcontext[None]:
        halved.append(named["enabled"])
        return contextlib.nullcontext()

    config = with_source(SMALL, lessons_file, graph)
    config = replace(config, training=replace(config.training, precision="bf16", epochs=1))
    monkeypatch.setattr("kgqa.train.multiplies_bf16", lambda device: multiplies)
    monkeypatch.setattr("torch.autocast", autocast)
    train(config, tmp_path / "run", default_graph=graph.folder, device="cpu", progress=silent)
    assert any(halved) == multiplies


def test_a_lesson_that_counts_twice_is_prepared_once(
    graph: EmbeddedGraph, lessons_file: Path, text: ScratchText, tmp_path: Path
) -> None:
    config = with_source(SMALL, lessons_file, graph)
    weighted = replace(config, source=(replace(config.source[0], weight=2.0),))
    text.save(tmp_path / "text")
    read = read_sources(weighted)
    assert [x.times for _, lessons in read.values() for _, x in lessons] == [2] * len(QUESTIONS)
    curriculum = prepared(weighted, text, tmp_path, graph)
    assert len(curriculum.train) == 2 * len({id(lesson) for lesson in curriculum.train})
    assert {lesson.id for lesson in curriculum.train} == {
        x.id for _, found in read.values() for _, x in found
    }
    (coverage,) = curriculum.coverage.values()
    assert coverage.lessons == len(QUESTIONS)


def test_dev_lessons_of_a_source_that_has_few(
    graph: EmbeddedGraph, lessons_file: Path, text: ScratchText, tmp_path: Path
) -> None:
    config = with_source(SMALL, lessons_file, graph)
    text.save(tmp_path / "text")

    def dev(share: float) -> tuple[set[str], set[str]]:
        source = replace(config.source[0], dev_share=share)
        curriculum = prepared(replace(config, source=(source,)), text, tmp_path, graph)
        return {lesson.id for lesson in curriculum.dev}, {lesson.id for lesson in curriculum.train}

    assert dev(0.0)[0] == set()
    some, others = dev(0.5)
    assert some
    assert others
    assert not some & others
    assert dev(1.0)[1] == set()


def test_a_kill_before_training_begins_leaves_settings_that_are_held_to(
    graph: EmbeddedGraph, lessons_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = with_source(SMALL, lessons_file, graph)

    def killed(*arguments: object, **named: object) -> None:
        raise _Killed

    with monkeypatch.context() as patch:
        patch.setattr("kgqa.train.prepare_sources", killed)
        with pytest.raises(_Killed):
            train(config, tmp_path / "run", default_graph=graph.folder, device="cpu", progress=silent)
    other = replace(config, text=replace(config.text, vocabulary=99))
    with pytest.raises(ConfigError, match="other settings"):
        train(other, tmp_path / "run", default_graph=graph.folder, device="cpu", progress=silent)


def test_names_that_a_run_has_learnt_cannot_be_held_out_from_going_on(
    run: Path, graph: EmbeddedGraph, lessons_file: Path, tmp_path: Path
) -> None:
    training = replace(SMALL.training, start=str(run), unseen_share=0.2)
    config = with_source(replace(SMALL, training=training), lessons_file, graph)
    with pytest.raises(ConfigError, match=r"unseen_share.*from nothing"):
        train(config, tmp_path / "run", default_graph=graph.folder, device="cpu", progress=silent)
