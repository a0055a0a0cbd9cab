"""The same forms mean the same: on every kind of graph, and as a query on a real slice of one."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from grammar.errors import UnknownName
from grammar.execute import Execution
from grammar.forms import LogicalForm
from grammar.sparql import to_sparql
from kgqa.bundled import bundled
from kgqa.graphs import EmbeddedGraph, KnowledgeGraph, Record, open_graph
from kgqa.graphs.rdf import to_rdf
from tests.grammar.answers import of_denotation, of_oxigraph
from tests.grammar.conftest import store_of
from tests.grammar.test_golden import GOLDEN
from tests.kgqa.graphs.server import SERVERS, is_there, missing
from tests.kgqa.graphs.slices import (
    Disagreement,
    Slice,
    cut_tables,
    own_answer,
    plain_slice,
    random_forms,
    records_of,
    wikidata_slice,
)
from tests.toy import toy_graph

SHARED = Path(__file__).parents[4] / "shared" / "data" / "wikidata"


def answers(forms: Sequence[LogicalForm], graph: KnowledgeGraph) -> dict[str, object]:
    """What each form denotes, or which of its names the graph does not have; values in full."""
    execution, found = Execution(graph), dict[str, object]()
    for form in forms:
        try:
            found[str(form)] = of_denotation(execution.denotation(form), graph)
        except UnknownName as error:
            found[str(form)] = f"no {error.expected} {error.name}"
    return found


def told_apart(one: dict[str, object], other: dict[str, object]) -> list[str]:
    return [f"{form}: {found} | {other[form]}" for form, found in one.items() if found != other[form]]


# --- every kind of graph --------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def toy(tmp_path_factory: pytest.TempPathFactory) -> EmbeddedGraph:
    return toy_graph(tmp_path_factory.mktemp("toy"))


def test_every_operator_on_every_kind_of_graph(toy: EmbeddedGraph, graph: KnowledgeGraph) -> None:
    forms = [line.form for line in GOLDEN]
    assert told_apart(answers(forms, toy), answers(forms, graph)) == []


def test_random_forms_on_every_kind_of_graph(toy: EmbeddedGraph, graph: KnowledgeGraph) -> None:
    forms = list(random_forms(Slice.of(toy), seed=4, count=60, most_actions=9))
    assert told_apart(answers(forms, toy), answers(forms, graph)) == []


# --- own execution and SPARQL ---------------------------------------------------------------------------


@pytest.fixture(scope="session")
def some_records(tmp_path_factory: pytest.TempPathFactory) -> list[Record]:
    """A third of the bundled graph: some 1,500 entities with all that is said of them."""
    graph = open_graph(bundled("graph"), cache=tmp_path_factory.mktemp("cache"))
    assert isinstance(graph, EmbeddedGraph)
    return records_of(graph)[::3]


Cut = Callable[[Sequence[Record], Path], Slice]


def disagreements(slice_: Slice, forms: Iterator[LogicalForm]) -> list[str]:
    store, found = store_of(slice_.turtle), []
    for form in forms:
        query = to_sparql(form, model=slice_.model)
        own, theirs = own_answer(form, slice_.graph, slice_.model), of_oxigraph(query, store)
        if own != theirs:
            found.append(str(Disagreement(form, own, theirs, query)))
    return found


@pytest.mark.parametrize("cut", [wikidata_slice, plain_slice], ids=["wikidata", "plain"])
def test_forms_and_queries_agree_on_the_bundled_graph(
    cut: Cut, some_records: list[Record], tmp_path: Path
) -> None:
    slice_ = cut(some_records, tmp_path / "slice")
    assert disagreements(slice_, random_forms(slice_, seed=11, count=100)) == []


def test_forms_and_queries_agree_on_a_slice_of_wikidata(tmp_path: Path) -> None:
    if not SHARED.is_dir():
        pytest.skip(f"{SHARED} is not here")
    tables = cut_tables(SHARED, tmp_path / "tables", subjects=600, seed=5)
    graph = open_graph(tables, cache=tmp_path / "cache")
    assert isinstance(graph, EmbeddedGraph)
    slice_ = wikidata_slice(records_of(graph), tmp_path / "slice")
    assert disagreements(slice_, random_forms(slice_, seed=12, count=50)) == []


def test_the_comparison_would_notice(some_records: list[Record], tmp_path: Path) -> None:
    """The same, of a store that lacks every twentieth triple."""
    slice_ = wikidata_slice(some_records, tmp_path / "slice")
    lines = slice_.turtle.splitlines()
    less = "\n".join(line for n, line in enumerate(lines) if n % 20 or line.startswith("@"))
    broken = Slice(slice_.graph, less, slice_.model)
    assert disagreements(broken, random_forms(slice_, seed=11, count=40)) != []


# --- servers --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("server", SERVERS)
def test_a_server_answers_as_the_embedded_graph_does(
    server: str, some_records: list[Record], tmp_path: Path
) -> None:
    """Values in full: dates with their precision, amounts with their units."""
    if not is_there(server):
        pytest.skip(missing(server))
    rng = random.Random(1)
    records = rng.sample(some_records, 200)
    triples = to_rdf(records)
    file = tmp_path / "slice.nt"
    triples.serialize(file, format="nt", encoding="utf-8")
    here = open_graph(file, cache=tmp_path / "cache")
    assert isinstance(here, EmbeddedGraph)
    forms = list(random_forms(Slice.of(here), seed=21, count=25, most_actions=10))
    with SERVERS[server](triples, tmp_path) as url:
        there = open_graph(url, cache=tmp_path / "cache")
        assert told_apart(answers(forms, here), answers(forms, there)) == []
