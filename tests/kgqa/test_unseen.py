"""Relations and types held out from training."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from grammar.forms import read_form
from kgqa.datasets import read_dataset
from kgqa.graphs import EmbeddedGraph
from kgqa.lessons import read_sources
from kgqa.unseen import is_unseen, needs_unseen
from tests.small_run import SMALL, with_source, write_lessons
from tests.toy import toy_graph


def test_about_the_share_is_held_out_and_always_the_same() -> None:
    names = [f"P{number}" for number in range(2_000)]
    fifth = {name for name in names if is_unseen(name, 0.2)}
    assert len(fifth) == pytest.approx(400, abs=60)
    assert fifth == {name for name in names if is_unseen(name, 0.2)}
    assert fifth < {name for name in names if is_unseen(name, 0.4)}
    assert not any(is_unseen(name, 0.0) for name in names)


def test_a_form_needs_what_any_of_its_relations_and_types_is() -> None:
    relation = next(f"P{n}" for n in range(99) if is_unseen(f"P{n}", 0.2))
    known = next(f"P{n}" for n in range(99) if not is_unseen(f"P{n}", 0.2))
    assert needs_unseen(read_form(f"follow(follow(Q142, {known}), {relation})"), 0.2)
    assert not needs_unseen(read_form(f"follow(Q142, {known})"), 0.2)
    assert not needs_unseen(read_form(f"follow(Q142, {relation})"), 0.0)


def test_no_lesson_needs_a_name_held_out(tmp_path: Path) -> None:
    graph: EmbeddedGraph = toy_graph(tmp_path)
    config = with_source(SMALL, write_lessons(tmp_path / "lessons.jsonl"), graph)
    everything = [x for _, lessons in read_sources(config).values() for _, x in lessons]
    share = 0.5
    some = replace(config, training=replace(config.training, unseen_share=share))
    kept = [x for _, lessons in read_sources(some).values() for _, x in lessons]
    assert kept == [x for x in everything if not needs_unseen(x.forms[0], share)]
    assert 0 < len(kept) < len(everything)


def test_forms_behind_the_best_that_need_a_name_held_out_are_not_learnt_either(tmp_path: Path) -> None:
    graph: EmbeddedGraph = toy_graph(tmp_path)
    relations = ("P36", "P37", "P47", "P17", "P30", "P1082")
    share = 0.5
    known = next(name for name in relations if not is_unseen(name, share))
    hidden = next(name for name in relations if is_unseen(name, share))
    forms = [[f"follow(Q142, {known})", 1.0], [f"follow(Q142, {hidden})", 0.5]]
    lessons, silver = tmp_path / "lessons.jsonl", tmp_path / "silver.jsonl"
    lessons.write_text(
        json.dumps({"id": "d", "turns": [{"question": "What?", "answer": {"entities": ["Q90"]}}]})
    )
    example = next(read_dataset("plain", lessons)).examples[0]
    line = {"id": example.id, "dialogue": "d", "turn": 0, "type": "", "question": "What?", "forms": forms}
    silver.write_text(json.dumps({**line, "outcome": "exhausted", "source": "searched"}) + "\n")
    config = with_source(SMALL, lessons, graph)
    source = replace(config.source[0], silver=str(silver))
    config = replace(config, source=(source,), training=replace(config.training, unseen_share=share, forms=3))
    ((_, found),) = read_sources(config).values()
    assert [[str(form) for form in lesson.forms] for _, lesson in found] == [[f"follow(Q142, {known})"]]
