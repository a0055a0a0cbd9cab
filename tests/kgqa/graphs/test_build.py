"""Building: what is kept, what is refused, and that nothing half-made opens."""

from __future__ import annotations

import pickle
import random
import subprocess
import sys
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from grammar.errors import GraphError
from grammar.values import Quantity, String, Time, Value
from kgqa.graphs import EmbeddedGraph, Rank, Record, Statement, build_graph
from kgqa.graphs.manifest import MANIFEST
from kgqa.graphs.readers.record import Object
from tests.toy import toy_graph, toy_records


def built(folder: Path, *records: Record, **options: object) -> EmbeddedGraph:
    build_graph([list(records)], folder / "g", **options)  # type: ignore[arg-type]
    return EmbeddedGraph.open(folder / "g")


def objects(graph: EmbeddedGraph, name: str, relation: str) -> list[str]:
    return graph.entity_names(graph.objects(graph.entities([name]), relation).items)


def values(graph: EmbeddedGraph, name: str, relation: str) -> list[str]:
    return [str(v) for v in graph.values(graph.literals(graph.entities([name]), relation).items)]


def test_equal_records_make_equal_graphs(tmp_path: Path) -> None:
    reports = [build_graph([toy_records()], tmp_path / name) for name in ("one", "two")]
    assert reports[0].info.checksum == reports[1].info.checksum
    third = build_graph([toy_records()[1:]], tmp_path / "three")
    assert third.info.checksum != reports[0].info.checksum


def test_records_of_one_entity_are_united(tmp_path: Path) -> None:
    graph = built(
        tmp_path,
        Record("Q1", "one", ["first"], "a number", {"P1": [Statement("Q2")]}),
        Record("Q1", "uno", ["first", "erster"], "una cifra", {"P1": [Statement("Q2"), Statement("Q3")]}),
        Record("P1", "next", is_relation=True),
        Record("P2", "never used", is_relation=True),
    )
    assert graph.label("Q1") == "one"
    assert graph.aliases("Q1") == ["first", "uno", "erster"]
    assert graph.description("Q1") == "a number"
    assert objects(graph, "Q1", "P1") == ["Q2", "Q3"]
    assert graph.info().statements == 2
    assert graph.relation_names() == ["P1"]
    assert not graph.has_relation("P2")


def test_a_bare_statement_gives_way_to_a_qualified_one(tmp_path: Path) -> None:
    qualified = Statement("Q2", qualifiers={"P580": [Time(1999, precision=9)]})
    other = Statement("Q2", qualifiers={"P580": [Time(2003, precision=9)]})
    graph = built(
        tmp_path,
        Record("Q1", facts={"P39": [Statement("Q2"), qualified]}),
        Record("Q1", facts={"P39": [qualified, other]}),
    )
    statements = graph.statements(graph.entities(["Q1"]), "P39").items
    assert [str(f.qualifiers["P580"][0]) for f in graph.stated(statements)] == ["@1999", "@2003"]
    assert graph.info().triples == 1


def test_best_rank_is_taken_over_all_records(tmp_path: Path) -> None:
    graph = built(
        tmp_path,
        Record("Q1", facts={"P1": [Statement("Q2")], "P2": [Statement("Q2", Rank.DEPRECATED)]}),
        Record("Q1", facts={"P1": [Statement("Q3", Rank.PREFERRED)]}),
    )
    assert objects(graph, "Q1", "P1") == ["Q3"]
    assert objects(graph, "Q1", "P2") == []
    assert len(graph.subjects(graph.entities(["Q2"]), "P1").items) == 0


def test_a_relation_may_lead_to_entities_and_literals(tmp_path: Path) -> None:
    facts: list[Object] = ["Q2", String("two"), "Q10", Quantity(2)]
    graph = built(tmp_path, Record("Q1", facts={"P1": [Statement(value) for value in facts]}))
    assert objects(graph, "Q1", "P1") == ["Q2", "Q10"]
    assert values(graph, "Q1", "P1") == ["2[1]", '"two"']
    uses = {(use.direction, use.count) for use in graph.neighbourhood(graph.entities(["Q1"]))}
    assert uses == {("out", 2), ("literal", 2)}


def test_subclasses_are_followed_only_when_asked(tmp_path: Path) -> None:
    records = [
        Record("Q1", facts={"P31": [Statement("Qcat")]}),
        Record("Q2", facts={"P31": [Statement("Qanimal")]}),
        Record("Qcat", facts={"P279": [Statement("Qmammal"), Statement("Qpet")]}),
        Record("Qmammal", facts={"P279": [Statement("Qanimal")]}),
        Record("Qanimal", facts={"P279": [Statement("Qmammal")]}),  # a circle: such there are
    ]
    plain = built(tmp_path / "plain", *records)
    closed = built(tmp_path / "closed", *records, subclass_relation="P279")
    assert plain.type_names() == ["Qcat", "Qanimal"]
    assert plain.entity_names(plain.members("Qanimal")) == ["Q2"]
    assert closed.entity_names(closed.members("Qanimal")) == ["Q1", "Q2"]
    assert closed.entity_names(closed.members("Qpet")) == ["Q1"]
    assert closed.entity_names(closed.types(closed.entities(["Q1"])).items) == [
        "Qcat",
        "Qpet",
        "Qanimal",
        "Qmammal",
    ]


def test_literals_are_numbered_along_their_line(tmp_path: Path) -> None:
    given: list[Value] = [
        Quantity(3), String("b"), Time(2000, 1, 1), Quantity(-1), Time(-44, 3, 15),
        String("10"), String("9"), String("a"),
    ]  # fmt: skip
    graph = built(tmp_path, Record("Q1", facts={"P1": [Statement(value) for value in given]}))
    assert values(graph, "Q1", "P1") == [
        "@-0044-03-15", "@2000-01-01", "-1[1]", "3[1]", '"9"', '"10"', '"a"', '"b"',
    ]  # fmt: skip
    assert [str(graph.values(np.array([graph.literal(value)]))[0]) for value in given] == list(
        map(str, given)
    )
    assert graph.literal(String("nan")) >= graph.info().literals


@pytest.mark.parametrize("seed", range(5))
def test_random_statements_against_plain_python(tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    names = [f"Q{n}" for n in range(1, 30)]
    relations = [f"P{n}" for n in range(1, 6)]
    things: list[Object] = [*names, *(Quantity(n) for n in range(8)), String("x")]

    def statement() -> Statement:
        count = chance.choice([0, 0, 1, 2])
        qualifiers = {chance.choice(relations): [chance.choice(things)] for _ in range(count)}
        return Statement(chance.choice(things), chance.choice([Rank.NORMAL] * 8 + list(Rank)), qualifiers)

    records = [
        Record(
            chance.choice(names),
            facts={chance.choice(relations): [statement() for _ in range(chance.randint(1, 4))]},
        )
        for _ in range(150)
    ]
    graph = built(tmp_path, *records)

    said: dict[tuple[str, str], list[Statement]] = {}
    for record in records:
        for relation, statements in record.facts.items():
            said.setdefault((record.id, relation), []).extend(statements)
    everyone = graph.entities(names)
    incoming: Counter[tuple[str, str, str]] = Counter()
    for relation in relations:
        found = graph.objects(everyone, relation)
        found_literals = graph.literals(everyone, relation)
        rows = graph.statements(everyone, relation)
        for place, name in enumerate(names):
            mine = said.get((name, relation), [])
            best = max((s.rank for s in mine), default=Rank.DEPRECATED)
            visible = [s for s in mine if s.rank == best and best != Rank.DEPRECATED]
            expected = {s.value for s in visible}
            got = set(graph.entity_names(found.items[found.owners == place]))
            assert got == {v for v in expected if isinstance(v, str)}
            got_values = graph.values(found_literals.items[found_literals.owners == place])
            assert set(got_values) == {v for v in expected if not isinstance(v, str)}
            incoming.update((str(v), relation, name) for v in expected if isinstance(v, str))
            facts = graph.stated(rows.items[rows.owners == place])
            told = {(f.value, frozenset((r, v) for r, vs in f.qualifiers.items() for v in vs)) for f in facts}
            assert len(told) == len(facts)
            wanted = {
                (s.value, frozenset((r, v) for r, vs in s.qualifiers.items() for v in vs)) for s in visible
            }
            qualified = {value for value, qualifiers in wanted if qualifiers}
            assert told == {(v, q) for v, q in wanted if q or v not in qualified}
        back = graph.subjects(everyone, relation)
        pairs = zip(back.owners.tolist(), graph.entity_names(back.items), strict=True)
        assert {(names[o], relation, s) for o, s in pairs} == {key for key in incoming if key[1] == relation}
    assert graph.degree(everyone[everyone >= 0]).sum() == graph.info().triples + incoming.total()


# --- places ---------------------------------------------------------------------------------------------


def test_a_graph_is_replaced_when_the_new_one_is_complete(tmp_path: Path) -> None:
    toy_graph(tmp_path)
    build_graph([[Record("Q1", "one")]], tmp_path / "toy-graph")
    assert EmbeddedGraph.open(tmp_path / "toy-graph").info().entities == 1
    assert [path.name for path in tmp_path.iterdir()] == ["toy-graph"]


def test_a_graph_that_was_replaced_is_not_mixed_with_the_new_one(tmp_path: Path) -> None:
    graph = toy_graph(tmp_path)
    build_graph([[Record("Q1", "one")]], tmp_path / "toy-graph")
    with pytest.raises(GraphError, match="was replaced by another build"):
        graph.search("paris")


def test_a_failed_build_leaves_the_old_graph_and_nothing_else(tmp_path: Path) -> None:
    before = toy_graph(tmp_path).checksum

    def broken() -> object:
        yield Record("Q1", "one")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        build_graph([broken()], tmp_path / "toy-graph")  # type: ignore[list-item]
    assert EmbeddedGraph.open(tmp_path / "toy-graph").checksum == before
    assert [path.name for path in tmp_path.iterdir()] == ["toy-graph"]


def test_a_killed_build_does_not_open(tmp_path: Path) -> None:
    toy_graph(tmp_path)
    (tmp_path / "toy-graph" / MANIFEST).unlink()  # the manifest is written last
    with pytest.raises(GraphError, match="is no built graph"):
        EmbeddedGraph.open(tmp_path / "toy-graph")


def test_other_folders_are_not_overwritten(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("years of work")
    for place in ("mine", "mine/thesis.txt"):
        with pytest.raises(GraphError, match="name another place"):
            build_graph([toy_records()], tmp_path / place)
    assert (tmp_path / "mine" / "thesis.txt").read_text() == "years of work"


def test_a_place_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(GraphError, match="cannot be written"):
        build_graph([toy_records()], tmp_path / "file" / "graph")


def test_a_build_that_is_killed_leaves_nothing_that_opens(tmp_path: Path) -> None:
    code = (
        "import sys, pathlib, kgqa.graphs.building.build as build\n"
        "from kgqa.graphs import Record, build_graph\n"
        "def stuck(*_):\n    print('written', flush=True)\n    sys.stdin.read()\n"
        "build.write_manifest = stuck\n"
        "build_graph([[Record('Q1', 'one')]], pathlib.Path(sys.argv[1]))\n"
    )
    command = [sys.executable, "-c", code, str(tmp_path / "g")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"written\n"
        process.kill()
    assert not (tmp_path / "g").exists()
    for left in tmp_path.iterdir():
        with pytest.raises(GraphError, match="is no built graph"):
            EmbeddedGraph.open(left)
    build_graph([[Record("Q1", "one")]], tmp_path / "g")
    assert EmbeddedGraph.open(tmp_path / "g").label("Q1") == "one"


def test_no_facts_no_graph(tmp_path: Path) -> None:
    with pytest.raises(GraphError, match="no entity was found"):
        build_graph([[]], tmp_path / "g")
    assert list(tmp_path.iterdir()) == []


def test_labels_without_facts_are_a_graph(tmp_path: Path) -> None:
    graph = built(tmp_path, Record("Q1", "one"))
    ones = graph.entities(["Q1"])
    assert graph.search("one")[0].name == "Q1"
    assert (
        len(graph.objects(ones, "P31").items) == len(graph.members("Q5")) == len(graph.types(ones).items) == 0
    )
    assert graph.neighbourhood(ones) == list(graph.facts(int(ones[0]))) == graph.type_names() == []


# --- sharing --------------------------------------------------------------------------------------------


def test_a_pickled_graph_opens_again(tmp_path: Path) -> None:
    graph = toy_graph(tmp_path)
    again = pickle.loads(pickle.dumps(graph))
    assert again.checksum == graph.checksum
    assert again.label("Q30") == "United States of America"


def test_threads_agree_on_new_literals(tmp_path: Path) -> None:
    graph = toy_graph(tmp_path)
    with ThreadPoolExecutor(8) as pool:
        numbers = list(pool.map(lambda n: graph.literal(Time(3000 + n % 50, 1, 1)), range(2_000)))
    assert len(set(numbers)) == 50
    assert [str(v) for v in graph.values(np.array(numbers[:50]))] == [f"@{3000 + n}-01-01" for n in range(50)]
