"""Closed worlds: answers computed in plain Python agree with execution, and the search finds questions."""

from __future__ import annotations

import importlib
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from grammar.denotation import Entities, Number
from grammar.execute import execute
from grammar.forms import read_form
from grammar.search.ranking import Candidates, WordModel, reranked
from kgqa.datasets.csqa import read
from kgqa.graphs import EmbeddedGraph, build_graph
from kgqa.supervision.turns import BUDGET, Task, Worker

ROOT = Path(__file__).parents[2]
DATA = ROOT.parent / "shared" / "data"
RIVERS = [f"Q{1000 + k}" for k in range(6)]
TOWNS = [f"Q{2000 + k}" for k in range(9)]
FACTS = [(river, "P1", town) for k, river in enumerate(RIVERS) for town in TOWNS[: (k * k) % 7]]
FACTS += [(RIVERS[0], "P1", RIVERS[1]), (RIVERS[4], "P1", TOWNS[8])]
KINDS = [(name, "Q1") for name in RIVERS] + [(name, "Q2") for name in TOWNS] + [(TOWNS[0], "Q3")]


@pytest.fixture(scope="module")
def worlds() -> Iterator[ModuleType]:
    sys.path.insert(0, str(ROOT / "benchmarks"))
    yield importlib.import_module("closed_world_facts")
    sys.path.remove(str(ROOT / "benchmarks"))


@pytest.fixture(scope="module")
def graph(tmp_path_factory: pytest.TempPathFactory) -> EmbeddedGraph:
    folder = tmp_path_factory.mktemp("world")
    rows = [*FACTS, *((name, "P31", kind) for name, kind in KINDS)]
    (folder / "triples.tsv").write_text("".join("\t".join(row) + "\n" for row in rows))
    build_graph([folder], folder / "graph")
    return EmbeddedGraph.open(folder / "graph")


COUNTS = "cardinality(keep(follow(for_each(members(Q1)), P1), Q2))"


@pytest.mark.parametrize(
    ("test", "number", "like", "form"),
    [
        ("max", 0, "", f"arg(max({COUNTS}))"),
        ("min", 0, "", f"arg(min({COUNTS}))"),
        ("at_least", 2, "", f"arg(at_least({COUNTS}, 2))"),
        ("at_most", 1, "", f"arg(at_most({COUNTS}, 1))"),
        ("equal", 2, "", f"arg(equals({COUNTS}, 2))"),
        ("around", 3, "", f"arg(around({COUNTS}, 3))"),
        ("less", 0, RIVERS[3], f"arg(less_than({COUNTS}, cardinality(keep(follow({RIVERS[3]}, P1), Q2))))"),
        (
            "more",
            0,
            RIVERS[2],
            f"arg(greater_than({COUNTS}, cardinality(keep(follow({RIVERS[2]}, P1), Q2))))",
        ),
    ],
)
def test_two_ways_to_the_same_answer(
    worlds: ModuleType, graph: EmbeddedGraph, test: str, number: int, like: str, form: str
) -> None:
    facts = worlds.Facts(FACTS, KINDS)
    meaning = worlds.Ranked("Q1", "P1", "out", ("Q2",), test, number, like)
    found = execute(read_form(form), graph)
    assert isinstance(found, Entities)
    assert set(graph.entity_names(found.items)) == worlds.answer(meaning, facts).entities


def test_counts_and_joined_sets_have_the_same_answer(worlds: ModuleType, graph: EmbeddedGraph) -> None:
    facts = worlds.Facts(FACTS, KINDS)
    one, other = (worlds.Step((river,), "P1", "out", "Q2") for river in (RIVERS[2], RIVERS[3]))
    for how, operator in (("union", "union"), ("intersection", "intersect"), ("difference", "difference")):
        meaning = worlds.Counted((worlds.Joined(how, one, other),))
        parts = ", ".join(f"keep(follow({river}, P1), Q2)" for river in (RIVERS[2], RIVERS[3]))
        found = execute(read_form(f"cardinality({operator}({parts}))"), graph)
        assert isinstance(found, Number)
        assert (int(found.number),) == worlds.answer(meaning, facts).numbers


def test_facts_drawn_anew_keep_the_schema(worlds: ModuleType) -> None:
    facts = worlds.Facts(FACTS, KINDS)
    other = worlds.resampled(facts, seed=3)
    assert [*other.types()] == [*facts.types()]
    assert other.objects.keys() == facts.objects.keys()
    assert [*worlds.resampled(facts, seed=3).triples()] == [*other.triples()]


@pytest.mark.skipif(not DATA.is_dir(), reason="the shared data are not here")
def test_every_kind_of_question_is_found(tmp_path: Path, worlds: ModuleType) -> None:
    closed_world = importlib.import_module("closed_world")
    closed_world.write(DATA, tmp_path, size=30_000, each=1, seed=5)
    build_graph([tmp_path / "tables"], tmp_path / "graph")
    graph = EmbeddedGraph.open(tmp_path / "graph")
    worker = Worker(graph, Task("searched", BUDGET, "world"))
    dialogues = list(read(tmp_path / "dialogues.jsonl"))
    lines = [line for dialogue in dialogues for line in worker.lines(dialogue)]
    missed = [line["id"] for line in lines if line["form"] is None]
    assert len(lines) > 50
    assert len(missed) <= 0.05 * len(lines), missed
    elsewhere = (tmp_path / "other.jsonl").read_text(encoding="utf-8").splitlines()
    assert [line["id"] for line in lines] == [json.loads(line)["id"] for line in elsewhere]


def test_what_is_sure_of_some_questions_decides_others() -> None:
    most, fewest = read_form("arg(max(cardinality(follow(for_each(members(Q1)), P1))))"), read_form(
        "arg(min(cardinality(follow(for_each(members(Q1)), P1))))"
    )  # fmt: skip
    sure = [
        Candidates(f"Which {k} has the top score", (most, fewest), np.array([1.0, 0.0])) for k in range(20)
    ]
    sure += [
        Candidates(f"Which {k} has the lowly score", (fewest, most), np.array([1.0, 0.0])) for k in range(20)
    ]
    model = WordModel().train(sure)
    level = Candidates("Which town has the top score", (fewest, most), np.array([0.5, 0.5]))
    assert reranked(level, model).forms == (most, fewest)
    level = Candidates("Which town has the lowly score", (most, fewest), np.array([0.5, 0.5]))
    assert reranked(level, model).forms == (fewest, most)
