"""Slices of sources: relations, types, samples with their neighbourhood, and how they are written."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grammar.errors import GraphError
from kgqa.graphs import EmbeddedGraph, build_graph
from kgqa.graphs.readers.naming import NameSet
from kgqa.graphs.readers.record import Record, Statement
from kgqa.graphs.readers.selection import Selection, read_selection

FILM, HUMAN, CITY, METRE = "Q11424", "Q5", "Q515", "Q11573"


def statement(value: str | float) -> dict[str, Any]:
    """A statement of a JSON dump: about an item, or a length in metres."""

    if isinstance(value, str):
        given = {"type": "wikibase-entityid", "value": {"entity-type": "item", "id": value}}
    else:
        unit = f"http://www.wikidata.org/entity/{METRE}"
        given = {"type": "quantity", "value": {"amount": str(value), "unit": unit}}
    return {"mainsnak": {"snaktype": "value", "datavalue": given}, "rank": "normal"}


def item(name: str, **facts: list[dict[str, Any]]) -> dict[str, Any]:
    """An entity of a JSON dump, labelled by its id in lower case."""
    return {
        "type": "item",
        "id": name,
        "labels": {"en": {"language": "en", "value": name.lower()}},
        "claims": facts,
    }


ITEMS = [
    *(
        item(f"Q{n}", P31=[statement(FILM)], P57=[statement(f"Q{100 + n % 10}")], P2043=[statement(float(n))])
        for n in range(1, 51)
    ),
    *(item(f"Q{n}", P31=[statement(HUMAN)], P19=[statement(f"Q{200 + n % 5}")]) for n in range(100, 110)),
    *(item(f"Q{n}", P31=[statement(CITY)], P17=[statement("Q300")]) for n in range(200, 205)),
    *(item(name) for name in ("Q300", FILM, HUMAN, CITY, METRE, "Q999")),
]  # fmt: skip


def dump(path: Path, items: list[dict[str, Any]]) -> Path:
    path.write_text("[\n" + ",\n".join(map(json.dumps, items)) + "\n]\n")
    return path


def tables(folder: Path) -> Path:
    """The same as tables, where an entity comes in many pieces."""
    folder.mkdir()
    triples, labels = [], []
    for one in ITEMS:
        labels.append(f"{one['id']}\t{one['id'].lower()}\n")
        for relation, said in one["claims"].items():
            value = said[0]["mainsnak"]["datavalue"]["value"]
            thing = value["id"] if "id" in value else f"quantity:{value['amount']}|{METRE}"
            triples.append(f"{one['id']}\t{relation}\t{thing}\n")
    random.Random(0).shuffle(triples)
    (folder / "triples.tsv").write_text("".join(triples))
    (folder / "labels.tsv").write_text("".join(labels))
    return folder


def build(tmp_path: Path, source: Path, selection: Selection) -> EmbeddedGraph:
    build_graph([source], tmp_path / "g", selection=selection)
    return EmbeddedGraph.open(tmp_path / "g")


def members(graph: EmbeddedGraph, kind: str) -> set[str]:
    return set(graph.entity_names(graph.members(kind))) if kind in graph.type_names() else set()


@pytest.mark.parametrize("kind", ["dump", "tables"])
@pytest.mark.parametrize(("hops", "humans", "cities"), [(0, 0, 0), (1, 1, 0), (2, 1, 1)])
def test_a_sample_with_its_neighbourhood(
    tmp_path: Path, kind: str, hops: int, humans: int, cities: int
) -> None:
    source = dump(tmp_path / "dump.json", ITEMS) if kind == "dump" else tables(tmp_path / "tables")
    graph = build(tmp_path, source, Selection(types={FILM: 3}, hops=hops, seed=1))
    films = members(graph, FILM)
    assert len(films) == 3
    directors = {f"Q{100 + int(film[1:]) % 10}" for film in films}
    assert members(graph, HUMAN) == (directors if humans else set())
    assert members(graph, CITY) == ({f"Q{200 + int(d[1:]) % 5}" for d in directors} if cities else set())
    # Types and the unit are named though nothing else is known of them; what was not reached is not there.
    assert graph.label(FILM) == FILM.lower()
    assert graph.label(METRE) == METRE.lower()
    assert graph.label("Q999") is None
    assert (graph.label(HUMAN) is not None) == bool(humans)
    assert graph.info().triples == 6 + (3 + len(directors) if humans else 0) + (
        len(directors) + len(members(graph, CITY)) if cities else 0
    )


def test_a_sample_is_drawn_by_the_seed_and_not_by_the_order(tmp_path: Path) -> None:
    def films(items: list[dict[str, Any]], seed: int) -> set[str]:
        return members(
            build(tmp_path, dump(tmp_path / "d.json", items), Selection(types={FILM: 5}, seed=seed)), FILM
        )

    once = films(ITEMS, 7)
    assert once == films(ITEMS[::-1], 7)
    assert once != films(ITEMS, 8)
    assert len(once) == 5


def test_all_of_a_type_and_samples_of_others(tmp_path: Path) -> None:
    source = dump(tmp_path / "dump.json", ITEMS)
    graph = build(tmp_path, source, Selection(types={CITY: None, HUMAN: 2}, hops=0))
    assert len(members(graph, CITY)) == 5
    assert len(members(graph, HUMAN)) == 2
    report = build_graph([source], tmp_path / "h", selection=Selection(types={HUMAN: None}, hops=0))
    assert report.left_out == {"fact that leads out of the selection": 10}
    with pytest.raises(GraphError, match="no entity of type Q42 was found"):
        build(tmp_path, source, Selection(types={HUMAN: None, "Q42": 3}))


def test_passes_are_told_and_broken_places_are_counted_once(tmp_path: Path) -> None:
    source = dump(tmp_path / "dump.json", ITEMS)
    source.write_text(source.read_text().replace("]\n", "{broken\n]\n"))
    told: list[str] = []
    report = build_graph(
        [source],
        tmp_path / "g",
        selection=Selection(types={FILM: 3}),
        progress=lambda what, done, total=None, unit="": told.append(what),
    )
    assert report.skipped == 1
    names = [name for name in dict.fromkeys(told) if "dump.json" in name]
    assert names == ["choosing (1 of 2): dump.json", "reading (2 of 2): dump.json"]


def test_only_some_relations_and_always_the_types(tmp_path: Path) -> None:
    source = dump(tmp_path / "dump.json", ITEMS)
    graph = build(tmp_path, source, Selection(relations=frozenset({"P19"})))
    assert graph.relation_names() == ["P19", "P31"]
    assert graph.info().triples == 65 + 10
    records = [Record("Q1", facts={"P19": [Statement("Q2")], "P20": [Statement("Q3")]})]
    build_graph([records], tmp_path / "h", selection=Selection(relations=frozenset({"P20"})))
    assert EmbeddedGraph.open(tmp_path / "h").relation_names() == ["P20"]


def test_records_that_can_be_read_only_once(tmp_path: Path) -> None:
    records = [Record("Q1", facts={"P31": [Statement(FILM)]})]
    build_graph([records], tmp_path / "g", selection=Selection(types={FILM: 1}))
    with pytest.raises(GraphError, match="read twice"):
        build_graph([iter(records)], tmp_path / "g", selection=Selection(types={FILM: 1}))


def test_selections_as_they_are_written(tmp_path: Path) -> None:
    file = tmp_path / "relations.txt"
    file.write_text("# people\nP57 director\n\nP19\n")
    read = read_selection(
        languages="en, de",
        relations="P161",
        relations_from=file,
        types="Q515",
        sample="Q5:10,http://x/a:2",
        hops=2,
    )
    assert read == Selection(
        languages=("en", "de"),
        relations=frozenset({"P57", "P19", "P161"}),
        types={"Q515": None, "Q5": 10, "http://x/a": 2},
        hops=2,
    )
    written: tuple[tuple[dict[str, Any], str], ...] = (
        ({"sample": "Q5"}, "expected a sample"),
        ({"sample": "Q5:0"}, "expected a sample"),
        ({"sample": ":5"}, "expected a sample"),
        ({"types": " , "}, "expected types"),
        ({"relations": ""}, "expected relations"),
        ({"languages": ""}, "expected languages"),
    )
    for wrong, reason in written:
        with pytest.raises(GraphError, match=reason):
            read_selection(**wrong)
    file.write_text("# nothing\n")
    with pytest.raises(GraphError, match="names no relation"):
        read_selection(relations_from=file)
    with pytest.raises(GraphError, match="cannot be read"):
        read_selection(relations_from=tmp_path / "absent")


NAMES = st.one_of(
    st.integers(1, 10**7).map(lambda n: f"Q{n}"),
    st.sampled_from(["Q0", "Q01", "Q", "P31", "Q٣", "http://x/a", "_:b1", "Q99999999999", "Q4294967296"]),
)


@settings(deadline=None)
@given(st.sets(NAMES, max_size=30), st.sets(NAMES, max_size=30))
def test_sets_of_names(some: set[str], others: set[str]) -> None:
    first, second = NameSet(some), NameSet(others)
    both = first.union(second)
    for name in some | others:
        assert (name in first, name in second, name in both) == (name in some, name in others, True)
    assert bool(first) == bool(some)
    assert "Q123456789" not in both
