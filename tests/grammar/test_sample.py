"""Sampled forms are well-typed, denote something, and come back with the same seed."""

import random
from pathlib import Path

import pytest

from grammar.denotation import is_empty
from grammar.errors import FormError
from grammar.execute import execute
from grammar.forms import Call, read_form, size, subforms
from grammar.operators import OPERATORS, ROOT_SORTS, Sort
from grammar.sample import Names, sample_form
from kgqa.graphs import EmbeddedGraph
from tests.toy import toy_graph


@pytest.fixture(scope="module")
def graph(tmp_path_factory: pytest.TempPathFactory) -> EmbeddedGraph:
    return toy_graph(Path(tmp_path_factory.mktemp("sample")))


@pytest.fixture(scope="module")
def source(graph: EmbeddedGraph) -> Names:
    members = [name for kind in graph.type_names() for name in graph.entity_names(graph.members(kind))]
    return Names(sorted(set(members)), graph.relation_names(), graph.type_names())


@pytest.mark.parametrize("sort", ROOT_SORTS, ids=str)
def test_every_answerable_sort_is_sampled_and_denotes_something(
    graph: EmbeddedGraph, source: Names, sort: Sort
) -> None:
    rng = random.Random(3)
    for _ in range(20):
        form = sample_form(graph, rng, source=source, sort=sort)
        assert form.sort is sort
        assert size(form) <= 16
        assert not is_empty(execute(form, graph))
        assert read_form(str(form), sorts=[sort]) == form


def test_no_part_of_a_form_is_empty(graph: EmbeddedGraph, source: Names) -> None:
    rng = random.Random(4)
    for _ in range(60):
        form = sample_form(graph, rng, source=source)
        for part in subforms(form):
            if isinstance(part, Call):
                assert not is_empty(execute(part, graph)), part


def test_the_same_seed_gives_the_same_forms(graph: EmbeddedGraph, source: Names) -> None:
    first, second = (
        [sample_form(graph, rng, source=source) for _ in range(20)] for rng in map(random.Random, (5, 5))
    )
    assert first == second


def test_every_operator_comes_up(graph: EmbeddedGraph, source: Names) -> None:
    rng, seen = random.Random(6), set[str]()
    for _ in range(3000):
        form = sample_form(graph, rng, source=source)
        seen |= {part.operator for part in subforms(form) if isinstance(part, Call)}
        if seen == set(OPERATORS):
            break
    assert seen == set(OPERATORS)


def test_with_nothing_to_start_from_it_says_so(graph: EmbeddedGraph) -> None:
    with pytest.raises(FormError, match="give more entities"):
        sample_form(graph, random.Random(7), source=Names([], [], []), attempts=5)
