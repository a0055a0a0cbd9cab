"""CSQA's released graph: its folder of JSON files, whole and damaged."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from grammar.errors import GraphError
from kgqa.graphs import EmbeddedGraph, build_graph

FILES: dict[str, Any] = {
    "wikidata_short_1": {"Q1": {"P57": ["Q3", "Q4"], "P31": ["Q99"]}, "Q2": {"P57": ["Q3"], "P161": []}},
    "wikidata_short_2": {"Q5": {"P161": ["Q3"]}},
    "comp_wikidata_rev": {"Q3": {"P57": ["Q1", "Q6"]}},
    "items_wikidata_n": {"Q1": "Titanic ", "Q3": "James Cameron", "Q11424": "film, wrongly", "Q6": "Алиса"},
    "child_par_dict_name_2_corr": {"Q11424": "film"},
    "filtered_property_wikidata4": {"P57": "director", "P161": "cast member"},
    "par_child_dict": {"Q11424": ["Q1", "Q2", "Q5", "Q6"], "Q5": ["Q3", "Q4"]},
    "child_par_dict_save": {"Q1": "Q2431196"},
    "wikidata_fanout_dict": {"Q1": 3},
}


def folder(place: Path, **changed: Any) -> Path:
    """A small folder as it was released; a file that is changed to None is missing."""
    place.mkdir(exist_ok=True)
    for name, content in (FILES | changed).items():
        if content is not None:
            (place / f"{name}.json").write_text(json.dumps(content, indent=1), encoding="utf-8")
    return place


def facts(graph: EmbeddedGraph, name: str) -> set[tuple[str, str]]:
    return {(fact.relation, str(fact.value)) for fact in graph.facts(int(graph.entities([name])[0]))}


def test_the_released_folder(tmp_path: Path) -> None:
    report = build_graph([folder(tmp_path / "kb")], tmp_path / "g", strict=True)
    graph = EmbeddedGraph.open(tmp_path / "g")
    assert facts(graph, "Q1") == {("P57", "Q3"), ("P57", "Q4"), ("P31", "Q11424")}
    assert facts(graph, "Q6") == {("P57", "Q3"), ("P31", "Q11424")}  # from the inverse
    assert graph.type_names() == ["Q5", "Q11424"]
    assert [graph.label(name) for name in ("Q1", "Q6", "Q11424", "P57")] == [
        "Titanic",
        "Алиса",
        "film",
        "director",
    ]
    assert report.left_out == {"P31 beside the folder's own types": 1}
    assert report.info.triples == 11


def test_types_of_the_next_best_file_and_of_the_facts(tmp_path: Path) -> None:
    build_graph([folder(tmp_path / "kb", par_child_dict=None)], tmp_path / "g")
    assert EmbeddedGraph.open(tmp_path / "g").type_names() == ["Q2431196"]
    (tmp_path / "kb" / "child_par_dict_save.json").unlink()
    report = build_graph([tmp_path / "kb"], tmp_path / "g")
    assert EmbeddedGraph.open(tmp_path / "g").type_names() == ["Q99"]
    assert report.left_out == {}


def test_one_file_of_it_and_packed(tmp_path: Path) -> None:
    place = folder(tmp_path / "kb")
    build_graph([place / "wikidata_short_1.json", place / "items_wikidata_n.json"], tmp_path / "g")
    graph = EmbeddedGraph.open(tmp_path / "g")
    assert facts(graph, "Q1") == {("P57", "Q3"), ("P57", "Q4"), ("P31", "Q99")}
    assert graph.label("Q3") == "James Cameron"
    for path in list(place.iterdir()):
        path.with_name(f"{path.name}.gz").write_bytes(gzip.compress(path.read_bytes()))
        path.unlink()
    assert build_graph([place], tmp_path / "packed").info.triples == 11


def test_broken_entries_are_named_and_cost_themselves_only(tmp_path: Path) -> None:
    broken = {
        "Q1": {"P57": ["Q3", "two words", 7, None], "a b": ["Q3"]},
        "Q 2": {"P57": ["Q3"]},
        "Q5": {"P57": ["Q4"]},
    }
    report = build_graph([folder(tmp_path / "kb", wikidata_short_1=broken)], tmp_path / "g")
    assert report.broken == {"malformed entry": 5}
    assert (
        "wikidata_short_1.json: Q1 P57: expected an id such as Q42, found 'two words'" in report.messages[0]
    )
    assert ("P57", "Q4") in facts(EmbeddedGraph.open(tmp_path / "g"), "Q5")
    with pytest.raises(GraphError, match="two words"):
        build_graph([tmp_path / "kb"], tmp_path / "strict", strict=True)


def test_a_file_that_is_cut_off(tmp_path: Path) -> None:
    many = {f"Q{n}": {"P57": [f"Q{n * 7919}"]} for n in range(1, 20_000)}
    place = folder(tmp_path / "kb", wikidata_short_1=many)
    path = place / "wikidata_short_1.json"
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    report = build_graph([place], tmp_path / "g")
    assert report.broken == {"file that breaks off": 1}
    assert "the file breaks off after Q" in report.messages[0]
    assert report.info.triples > 9_000


@pytest.mark.parametrize(
    ("text", "reason"),
    [("", "cannot be read as JSON"), ("no json", "cannot be read as JSON"), ('["Q1"]', "expected an object"),
     ('{"Q1": {"P1": {"Q2": []}}}', "expected an object")],
)  # fmt: skip
def test_files_of_another_shape(tmp_path: Path, text: str, reason: str) -> None:
    place = folder(tmp_path / "kb")
    (place / "wikidata_short_2.json").write_text(text)
    with pytest.raises(GraphError, match=reason) as caught:
        build_graph([place], tmp_path / "g")
    assert "\n" not in str(caught.value)
