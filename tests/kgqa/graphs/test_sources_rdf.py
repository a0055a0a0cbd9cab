"""RDF as a stream: Wikidata's truthy triples against its JSON, other RDF, and what is broken in them."""

from __future__ import annotations

import bz2
import gzip
import json
from pathlib import Path
from typing import Any
from urllib.parse import quote

import numpy as np
import pytest

from grammar.errors import GraphError
from grammar.values import Quantity, Time
from kgqa.graphs import EmbeddedGraph, Record, build_graph, open_graph
from kgqa.graphs.rdf_terms import RDF_TYPE, RDFS, SKOS, WKT, XSD
from kgqa.graphs.readers import rdf_stream, truthy_rdf
from kgqa.graphs.readers.languages import Languages
from kgqa.graphs.readers.reading import Reading
from kgqa.graphs.readers.sources import reader_of

DUMPS = Path(__file__).resolve().parents[4] / "shared" / "data" / "wikidata" / "dumps"
ENTITY, DIRECT = "http://www.wikidata.org/entity/", "http://www.wikidata.org/prop/direct/"
SITELINKS = "http://wikiba.se/ontology#sitelinks"
FILES = "http://commons.wikimedia.org/wiki/Special:FilePath/"


def literal(text: str, mark: str = "") -> str:
    """A literal of N-Triples."""
    return json.dumps(text, ensure_ascii=False) + mark


def truthy_object(snak: dict[str, Any]) -> str | None:
    """What a snak becomes in Wikidata's truthy triples."""
    if snak["snaktype"] == "somevalue":
        return "_:unknown"
    if snak["snaktype"] != "value":
        return None
    value, datatype = snak["datavalue"]["value"], snak.get("datatype", "")
    match snak["datavalue"]["type"]:
        case "wikibase-entityid":
            letter = {"item": "Q", "property": "P"}.get(value["entity-type"], "L")
            return f"<{ENTITY}{value.get('id') or letter + str(value['numeric-id'])}>"
        case "string" if datatype == "commonsMedia":
            return f"<{FILES}{quote(value)}>"
        case "string" if datatype == "url":
            return f"<{value}>" if not set(value) & set(' <>"{}|\\^`') else None
        case "string":
            return literal(value)
        case "monolingualtext":
            return literal(value["text"], f"@{value['language']}")
        case "quantity":
            return literal(value["amount"], f"^^<{XSD}decimal>")
        case "globecoordinate":
            point = f"Point({value['longitude']} {value['latitude']})"
            globe = "" if (value["globe"] or "").endswith("/Q2") else f"<{value['globe']}> "
            return literal(globe + point, f"^^<{WKT}>")
        case "time":
            year, month, rest = value["time"].lstrip("+").rsplit("-", 2)
            count = int(year) + (1 if int(year) < 0 else 0)  # RDF has a year 0
            day = rest[:2]
            written = (
                f"{'-' if count < 0 else ''}{abs(count):04d}-{max(month, '01')}-{max(day, '01')}T00:00:00Z"
            )
            return literal(written, f"^^<{XSD}dateTime>")
    raise AssertionError(snak)


def truthy(entity: dict[str, Any]) -> list[str]:
    """An entity of the JSON dump as truthy N-Triples."""
    subject = f"<{ENTITY}{entity['id']}>"
    rows = [(f"{RDFS}label", w) for w in dict(entity["labels"] or {}).values()]
    rows += [(f"{SKOS}altLabel", w) for many in dict(entity["aliases"] or {}).values() for w in many]
    rows += [("http://schema.org/description", w) for w in dict(entity["descriptions"] or {}).values()]
    lines = [f"{subject} <{relation}> {literal(w['value'], '@' + w['language'])} ." for relation, w in rows]
    for relation, claims in dict(entity["claims"] or {}).items():
        best = "preferred" if any(c["rank"] == "preferred" for c in claims) else "normal"
        for claim in claims:
            thing = truthy_object(claim["mainsnak"]) if claim["rank"] == best else None
            if thing is not None:
                lines.append(f"{subject} <{DIRECT}{relation}> {thing} .")
    return lines


def facts_of(folder: Path, names: list[str]) -> set[tuple[str, str, str]]:
    """The facts of a graph as far as truthy triples go: dates by their year, amounts without their unit."""
    graph = EmbeddedGraph.open(folder)
    found = set()
    for name, number in zip(names, graph.entities(names).tolist(), strict=True):
        for fact in graph.facts(number):
            value = fact.value
            if isinstance(value, Time):
                value = Time(value.year, precision=9)
            if isinstance(value, Quantity):
                value = Quantity(value.amount)
            found.add((name, fact.relation, str(value)))
    return found


@pytest.mark.skipif(not DUMPS.is_dir(), reason="the shared dumps are not at hand")
@pytest.mark.parametrize("name", ["wdsub_100lines.json.gz", "wikibase-dump-filter_entities.json.gz"])
def test_truthy_triples_and_json_of_real_entities_give_the_same_graph(tmp_path: Path, name: str) -> None:
    with gzip.open(DUMPS / name, "rt", encoding="utf-8") as file:
        texts = [line.strip().rstrip(",") for line in file]
    entities = [json.loads(text) for text in texts if text.startswith("{")]
    lines = [line for entity in entities for line in truthy(entity)]
    (tmp_path / "truthy.nt").write_text("\n".join(lines) + "\n", encoding="utf-8")
    json_report = build_graph([DUMPS / name], tmp_path / "json")
    rdf_report = build_graph([tmp_path / "truthy.nt"], tmp_path / "rdf", strict=True)
    names = [entity["id"] for entity in entities]
    # A few addresses are no IRIs, formulas have another form there.
    by_json, by_rdf = (facts_of(tmp_path / kind, names) for kind in ("json", "rdf"))
    assert len(by_json & by_rdf) > 0.995 * len(by_json | by_rdf), list(by_json ^ by_rdf)[:20]
    graphs = [EmbeddedGraph.open(tmp_path / kind) for kind in ("json", "rdf")]
    for entity in entities:
        one, other = (
            [g.label(entity["id"]), g.aliases(entity["id"]), g.description(entity["id"])] for g in graphs
        )
        assert one == other
    assert json_report.info.labels == rdf_report.info.labels == len(entities)


def read(path: Path, reading: Reading | None = None) -> tuple[list[Record], Reading]:
    """The records of a file, and what was counted."""
    reading = reading or Reading()
    reader = reader_of(path)
    assert reader is not None
    return list(reader(path, reading)), reading


TRUTHY = f"""\
<{ENTITY}P57> <{RDF_TYPE}> <http://wikiba.se/ontology#Property> .
<{ENTITY}P57> <{RDFS}label> "director"@en .
<{ENTITY}Q44578> <{RDFS}label> "Titanic"@en .
<{ENTITY}Q44578> <{RDFS}label> "タイタニック"@ja .
<{ENTITY}Q44578> <{DIRECT}P57> <{ENTITY}Q42574> .
<{ENTITY}Q44578> <{DIRECT}P577> "1997-11-18T00:00:00Z"^^<{XSD}dateTime> .
<{ENTITY}Q44578> <{DIRECT}P571> "1996-01-01T00:00:00Z"^^<{XSD}dateTime> .
<{ENTITY}Q44578> <{DIRECT}P580> "-0043-03-13T00:00:00Z"^^<{XSD}dateTime> .
<{ENTITY}Q44578> <{DIRECT}P18> <{FILES}Titanic%20%281997%29.jpg> .
<{ENTITY}Q44578> <{DIRECT}P856> <http://titanic.example/> .
<{ENTITY}Q44578> <{DIRECT}P625> "<{ENTITY}Q405> Point(1 2)"^^<{WKT}> .
<{ENTITY}Q44578> <{DIRECT}P162> <http://www.wikidata.org/.well-known/genid/abc> .
<{ENTITY}Q44578> <{DIRECT}P58> _:someone .
<{ENTITY}Q44578> <{DIRECT}P5137> <{ENTITY}L7-S1> .
<{ENTITY}Q44578> <{RDF_TYPE}> <http://www.wikidata.org/prop/novalue/P161> .
<https://www.wikidata.org/wiki/Special:EntityData/Q44578> <{SITELINKS}> "120"^^<{XSD}integer> .
<{ENTITY}L7> <{RDFS}label> "word"@en .
<{ENTITY}Q3> <http://www.w3.org/2002/07/owl#sameAs> <{ENTITY}Q44578> .
<https://en.wikipedia.org/wiki/Titanic> <http://schema.org/about> <{ENTITY}Q44578> .
"""


def test_what_is_odd_in_truthy_triples(tmp_path: Path) -> None:
    path = tmp_path / "truthy.nt"
    path.write_text(TRUTHY, encoding="utf-8")
    records, reading = read(path)
    facts = {
        (r.id, relation): [str(s.value) for s in found]
        for r in records
        for relation, found in r.facts.items()
    }
    assert facts == {
        ("Q44578", "P57"): ["Q42574"],
        ("Q44578", "P577"): ["@1997-11-18"],
        ("Q44578", "P571"): ["@1996"],  # no precision is said: the first of January stands for the year
        ("Q44578", "P580"): ["@-0044-03-13"],
        ("Q44578", "P18"): ['"Titanic (1997).jpg"'],
        ("Q44578", "P856"): ['"http://titanic.example/"'],
    }
    assert [(r.id, r.is_relation, r.label) for r in records] == [
        ("P57", True, "director"), ("Q44578", False, "Titanic"), ("Q44578", False, None),
    ]  # fmt: skip
    assert [r.sitelinks for r in records] == [0, 0, 120]
    assert reading.skips.count == 0
    assert reading.skips.left_out == {
        "unknown value": 2,
        "value that is a lexeme, form, sense or other kind of entity": 1,
        "coordinate that is not on the Earth": 1,
        "statement that there is no value": 1,
        "entity of type lexeme": 1,
        "redirect": 1,
    }


PLAIN = "".join(
    f'<http://x/{n}> <http://x/name{n % 3}> "{n}" .\n<http://x/{n}> <http://x/to> <http://x/{n * 7}> .\n'
    for n in range(400)
)


@pytest.mark.parametrize("text", [TRUTHY * 3, PLAIN])
def test_a_small_window_gives_the_same_graph(
    tmp_path: Path, text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "facts.nt"
    path.write_text(text + f'<http://x/to> <{RDFS}label> "leads to" .\n', encoding="utf-8")
    whole = build_graph([path], tmp_path / "whole")
    monkeypatch.setattr(rdf_stream, "WINDOW", 10)
    monkeypatch.setattr("kgqa.graphs.readers.rdf_reading.WINDOW", 10)
    streamed = build_graph([path], tmp_path / "streamed")
    assert streamed.info.triples == whole.info.triples > 5
    graphs = [EmbeddedGraph.open(tmp_path / name) for name in ("whole", "streamed")]
    for name in graphs[0].entity_names(np.arange(whole.info.entities)):
        assert graphs[0].label(name) == graphs[1].label(name)
    if text == PLAIN:
        assert [graph.label("http://x/to") for graph in graphs] == ["leads to", "leads to"]
        assert [graph.label("http://x/2793") for graph in graphs] == ["2793", "2793"]


def test_full_statements_are_counted_where_nobody_expects_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "truthy.nt"
    statement = f"<{ENTITY}statement/Q1-x> <http://www.wikidata.org/prop/statement/P57> <{ENTITY}Q2> .\n"
    path.write_text(TRUTHY + statement, encoding="utf-8")
    monkeypatch.setattr("kgqa.graphs.readers.rdf_reading.WINDOW", 10)
    _, reading = read(path)
    assert reading.skips.left_out["triple of a full statement, far into a truthy file"] == 1


@pytest.mark.parametrize("ending", ["nt", "ttl", "nq", "trig"])
def test_malformed_lines_are_named_and_the_rest_is_read(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"mine.{ending}"
    path.write_text(
        '<http://x/a> <http://x/p> "1" .\nthis is no triple .\n<http://x/a> <http://x/p> "2" .\n'
        '<http://x/a b> <http://x/p> "3" .\n<http://x/a> <http://x/p> "4" .\n<http://x/a> <http://x/p> "cut'
    )
    records, reading = read(path)
    assert [str(s.value) for r in records for s in r.facts.get("http://x/p", ())] == ['"1"', '"2"', '"4"']
    assert f"mine.{ending}, line 2: " in reading.skips.messages[0]
    assert reading.skips.broken["malformed line"] >= 3
    with pytest.raises(GraphError, match="line 2"):
        build_graph([path], tmp_path / "g", strict=True)


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress])
def test_packed_triples_that_are_cut_off(tmp_path: Path, pack: Any) -> None:
    path = tmp_path / f"mine.nt.{'gz' if pack is gzip.compress else 'bz2'}"
    whole = pack(
        "".join(f'<http://x/{n}> <http://x/p> "{n * 7919 % 1_000_003}" .\n' for n in range(40_000)).encode()
    )
    path.write_bytes(whole[: len(whole) * 3 // 4])
    records, reading = read(path)
    assert 10_000 < len(records) < 40_000
    assert reading.skips.broken["file that breaks off"] == 1


def test_blank_nodes_of_two_files_are_not_one(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / f"{name}.nt").write_text(
            f'<http://x/{name}> <http://x/p> _:a .\n_:a <http://x/q> "{name}" .\n'
        )
    build_graph([tmp_path / "one.nt", tmp_path / "two.nt"], tmp_path / "g")
    graph = open_graph(tmp_path / "g")
    assert [len(list(graph.facts(int(graph.entities([name])[0])))) for name in ("_:b1", "_:b2")] == [1, 1]


def test_lines_that_say_nothing_are_dropped_unparsed_and_lines_still_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines_of = [
        line
        for n in range(1, 3_001)
        for line in (
            f'<{ENTITY}Q{n}> <{RDFS}label> "thing {n}"@en .',
            f'<{ENTITY}Q{n}> <{SKOS}prefLabel> "thing {n}"@en .',
            f'<{ENTITY}Q{n}> <{SKOS}altLabel> "alias @en . {n}"@ja .',
            f'<{ENTITY}Q{n}> <{SKOS}altLabel> "alias {n}"@en-gb .',
            f'<{ENTITY}Q{n}> <http://schema.org/description> "Ding"@de .',
            f'<{ENTITY}Q{n}> <http://schema.org/description> "thing"@{"en" if n % 2 else "eng"} .',
            f"<{ENTITY}Q{n}> <{DIRECT}P31> <{ENTITY}Q{n % 7 + 1}> .",
            f"<{ENTITY}Q{n}> <http://www.wikidata.org/prop/direct-normalized/P213> <http://isni.org/{n}> .",
            f"<https://en.wikipedia.org/wiki/{n}> <http://schema.org/about> <{ENTITY}Q{n}> .",
        )
    ]
    lines_of.insert(26_000, "broken")
    path = tmp_path / "truthy.nt"
    path.write_text("\n".join(lines_of))
    monkeypatch.setattr("kgqa.graphs.readers.rdf_reading.WINDOW", 50)
    sieved, reading = read(path)
    assert [message.partition(": ")[0] for message in reading.skips.messages] == [f"{path}, line 26001"]
    held = [0]
    monkeypatch.setattr("kgqa.graphs.readers.rdf_reading.saying_nothing", lambda languages: held.append(1))
    whole, _ = read(path)
    assert held == [0, 1]
    assert sieved == whole
    assert len(whole) == 3_000
    assert (whole[2].label, list(whole[2].aliases), whole[2].description) == ("thing 3", ["alias 3"], "thing")
    assert whole[3].description is None
    pattern = truthy_rdf.saying_nothing(Languages())
    assert sum(not pattern.sub(b"", line.encode()) for line in lines_of) == 3_000 * 5 + 1_500
