"""Reading sources: tables, JSON lines, RDF; broken places named, skipped, counted or refused."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from grammar.errors import GraphError
from grammar.values import read_value
from kgqa.graphs import EmbeddedGraph, Record, build_graph, open_graph
from kgqa.graphs.rdf import to_rdf
from kgqa.graphs.rdf_terms import node_of, term_of, value_of
from kgqa.graphs.readers.grouping import QualifierRow, group_qualifiers
from kgqa.graphs.readers.jsonl import content_of, record_of
from kgqa.graphs.readers.tsv import read_literal
from tests.toy import toy_records

TRIPLES = """\
Q30\tP36\tQ61\twd50k
Q30\tP31\tQ6256\twd50k|codex
Q30\tP571\ttime:+1776-07-04T00:00:00Z/11\tdump
Q61\tP625\tcoord:38.895,-77.0367\tdump
Q61\tP1082\tquantity:+601723|1\tdump
Q61\tP281\tstring:20001 to 20098\tdump
Q61\tP1448\ttext:en:District of Columbia: the capital\tdump
"""


def tables(folder: Path, **more: str) -> Path:
    folder.mkdir(exist_ok=True)
    for name, text in {"triples": TRIPLES, "labels": "Q30\tUnited States of America\tx\n", **more}.items():
        (folder / f"{name}.tsv").write_text(text, encoding="utf-8")
    return folder


def test_a_folder_of_tables(tmp_path: Path) -> None:
    folder = tables(
        tmp_path / "tables",
        aliases="Q30\tUSA\nQ30\tAmerica\n",
        descriptions="Q30\tcountry\n",
        properties="P36\tcapital\tx\nP9\tsister\tx\n",
        property_words="P36\tcapital\tcapital city, seat of government,\n",
        qualifiers="Q30\tP36\tQ61\tP580\ttime:+1800-11-17T00:00:00Z/11\tdump\n",
    )
    report = build_graph([folder], tmp_path / "g")
    graph = EmbeddedGraph.open(tmp_path / "g")
    assert (report.skipped, report.messages) == (0, ())
    assert report.info == graph.info()
    facts = {str(f.value) for name in ("Q30", "Q61") for f in graph.facts(int(graph.entities([name])[0]))}
    assert facts == {
        "Q61", "Q6256", "@1776-07-04", "(38.895 -77.0367)", "601723[1]", '"20001 to 20098"',
        '"District of Columbia: the capital"@en',
    }  # fmt: skip
    assert graph.aliases("Q30") == ["USA", "America"]
    assert graph.aliases("P36") == ["capital city", "seat of government"]
    assert graph.relation_names() == ["P31", "P36", "P281", "P571", "P580", "P625", "P1082", "P1448"]
    assert graph.info().statements == 7  # the qualified one took the place of the bare one


def test_gzipped_tables_and_extra_files(tmp_path: Path) -> None:
    folder = tmp_path / "tables"
    folder.mkdir()
    (folder / "triples.tsv.gz").write_bytes(gzip.compress(TRIPLES.encode()))
    types, facts = tmp_path / "answer_types.tsv.gz", tmp_path / "more.tsv"
    types.write_bytes(gzip.compress(b"Q61\tQ515\nQ61\tQ1549591\n"))
    facts.write_text("Q61\tP190\tQ90\n")
    build_graph([folder, types, str(facts)], tmp_path / "g")
    graph = EmbeddedGraph.open(tmp_path / "g")
    assert graph.entity_names(graph.types(graph.entities(["Q61"])).items) == ["Q515", "Q1549591"]
    assert graph.entity_names(graph.objects(graph.entities(["Q61"]), "P190").items) == ["Q90"]


BROKEN = [
    ("Q30\tP36\n", "expected 3 columns separated by tabs, found 2"),
    ("Q 30\tP36\tQ61\n", "expected an id such as Q42, found 'Q 30'"),
    ("\tP36\tQ61\n", "expected an id such as Q42, found ''"),
    ("Q30\tP571\ttime:yesterday\n", "expected a time such as"),
    ("Q30\tP571\ttime:+1776-13-04T00:00:00Z/11\n", "no such date"),
    ("Q30\tP1082\tquantity:many|1\n", "could not convert"),
    ("Q30\tP1082\tquantity:inf|1\n", "an amount must be finite"),
    ("Q30\tP625\tcoord:north\n", "could not convert"),
    ("Q30\tP1448\ttext:no language\n", "expected a language and a text"),
    ("Q30\tP1448\ttext:\xff\n", "expected a language and a text"),
]


@pytest.mark.parametrize(("line", "reason"), BROKEN)
def test_a_broken_line_is_named_and_skipped_or_refused(tmp_path: Path, line: str, reason: str) -> None:
    folder = tables(tmp_path / "tables", triples=TRIPLES + line + "Q61\tP17\tQ30\n")
    report = build_graph([folder], tmp_path / "g")
    assert report.skipped == 1
    assert report.info.triples == 8
    assert f"triples.tsv, line 8: {reason}" in report.messages[0]
    with pytest.raises(GraphError, match=r"triples\.tsv, line 8: ") as caught:
        build_graph([folder], tmp_path / "strict", strict=True)
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "strict").exists()


def test_bytes_that_are_no_text_and_files_cut_off(tmp_path: Path) -> None:
    folder = tables(tmp_path / "tables")
    (folder / "triples.tsv").write_bytes(TRIPLES.encode() + b"Q1\tP1\tstring:\xff\xfe\nQ61\tP17\tQ30\n")
    report = build_graph([folder], tmp_path / "g")
    assert "line 8: not UTF-8 text" in report.messages[0]
    assert report.info.triples == 8
    whole = gzip.compress(
        ("Q1\tP1\tQ2\n" + "".join(f"Q{n}\tP1\tQ{n * 7919}\n" for n in range(5_000))).encode()
    )
    (tmp_path / "cut.tsv.gz").write_bytes(whole[: len(whole) // 2])
    report = build_graph([tmp_path / "cut.tsv.gz"], tmp_path / "cut")
    assert "the file breaks off here" in report.messages[0]
    assert report.info.triples > 100
    with pytest.raises(GraphError, match="breaks off"):
        build_graph([tmp_path / "cut.tsv.gz"], tmp_path / "strict", strict=True)


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("noise.tsv", bytes(range(256)) * 40, "is no UTF-8 text"),
        ("noise.jsonl", bytes(range(128, 256)) * 40, "is no UTF-8 text"),
        ("noise.tsv.gz", b"no gzip at all", "cannot be read|breaks off"),
        ("noise.ttl", b"\x89PNG\r\n\x1a\n", "cannot be read as turtle"),
        ("page.rdf", b"<html><body>404</p>", "cannot be read as xml"),
        ("x.jsonld", b"{", "cannot be read as json-ld"),
        ("x.nt.gz", b"plain", "cannot be read as nt"),
        ("one.tsv", b"only\none\ncolumn\n", "has one column"),
        ("picture.png", b"\x89PNG", "is no source of facts"),
        ("empty.tsv", b"", "no entity was found"),
        ("absent.tsv", None, "does not exist"),
    ],
)
def test_files_that_are_no_source(tmp_path: Path, name: str, content: bytes | None, reason: str) -> None:
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(GraphError, match=reason) as caught:
        build_graph([tmp_path / name], tmp_path / "g")
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "g").exists()


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("time:+1776-07-04T00:00:00Z/11", "@1776-07-04"),
        ("time:+2013-12-01T00:00:00Z/10", "@2013-12"),
        ("time:+2011-01-01T00:00:00Z/9", "@2011"),
        ("time:+1950-00-00T00:00:00Z/8", "@1950/8"),
        ("time:-13798000000-00-00T00:00:00Z/3", "@-13798000000/3"),
        ("time:+1790-00-00T00:00:00Z/11", "@1790"),  # less is written than its precision says
        ("time:+2011-01-01T12:30:00Z/14", "@2011-01-01"),  # finer than a day
        ("quantity:+170|Q174728", "170[Q174728]"),
        ("quantity:-0.5|1", "-0.5[1]"),
        ("string:", '""'),
        ("text:zh-hans:北京", '"北京"@zh-hans'),
    ],
)
def test_literals_of_tables(written: str, value: str) -> None:
    assert str(read_literal(written)) == value


# --- grouping -------------------------------------------------------------------------------------------


def grouped(*rows: tuple[str, str, str]) -> list[dict[str, list[str]]]:
    found = group_qualifiers(
        QualifierRow(relation, read_value(value) if value.startswith(("@", '"')) else value, source)
        for relation, value, source in rows
    )
    return [{relation: [str(v) for v in values] for relation, values in one.items()} for one in found]


def test_qualifiers_of_one_source_are_one_statement() -> None:
    assert grouped(("P580", "@1999", "a"), ("P582", "@2003", "a"), ("P1545", '"3"', "a")) == [
        {"P580": ["@1999"], "P582": ["@2003"], "P1545": ['"3"']}
    ]


def test_several_starts_are_several_statements_with_their_ends() -> None:
    assert grouped(
        ("P582", "@1897-03-04", "a"), ("P580", "@1893-03-04", "a"), ("P582", "@1889-03-04", "a"),
        ("P580", "@1885-03-04", "a"), ("P1545", '"24"', "a"), ("P1545", '"22"', "a"), ("P2715", "Q7", "a"),
    ) == [
        {"P580": ["@1885-03-04"], "P582": ["@1889-03-04"], "P1545": ['"22"'], "P2715": ["Q7"]},
        {"P580": ["@1893-03-04"], "P582": ["@1897-03-04"], "P1545": ['"24"'], "P2715": ["Q7"]},
    ]  # fmt: skip


def test_a_last_term_without_an_end_and_an_end_without_a_start() -> None:
    assert grouped(("P580", "@2000", "a"), ("P582", "@2004", "a"), ("P580", "@2010", "a")) == [
        {"P580": ["@2000"], "P582": ["@2004"]},
        {"P580": ["@2010"]},
    ]
    assert grouped(("P580", "@2000", "a"), ("P580", "@2010", "a"), ("P582", "@1990", "a")) == [
        {"P580": ["@2000"]},
        {"P580": ["@2010"]},
        {"P582": ["@1990"]},
    ]


def test_sources_that_agree_are_one_statement_and_the_finer_date_stays() -> None:
    assert grouped(("P580", "@1999", "a"), ("P580", "@1999-05-01", "b"), ("P2715", "Q7", "c")) == [
        {"P580": ["@1999-05-01"], "P2715": ["Q7"]}
    ]
    assert grouped(("P580", "@1999", "a"), ("P580", "@2001", "b")) == [
        {"P580": ["@1999"]},
        {"P580": ["@2001"]},
    ]


# --- JSON lines -----------------------------------------------------------------------------------------


def test_json_lines_give_the_same_graph_as_the_records(tmp_path: Path) -> None:
    folder = tmp_path / "toy"
    folder.mkdir()
    for name, are_relations in (("relations", True), ("entities", False)):
        lines = [json.dumps(content_of(r)) for r in toy_records() if r.is_relation is are_relations]
        (folder / f"{name}.jsonl").write_text("\n".join(lines) + "\n")
    from_json = build_graph([folder], tmp_path / "a", strict=True).info
    from_records = build_graph([toy_records()], tmp_path / "b").info
    assert from_json.checksum == from_records.checksum
    with gzip.open(folder / "more.jsonl.gz", "wt") as file:
        file.write('{"id": "Q1", "label": "universe"}\n')
    assert build_graph([folder], tmp_path / "c").info.entities == from_records.entities + 1


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("{", "no JSON"),
        ("[1]", "expected an object with an id"),
        ("{}", "expected an id such as Q42"),
        ('{"id": 7}', "expected id as text, found 7"),
        ('{"id": "Q1", "name": "x"}', "unknown key 'name'"),
        ('{"id": "Q1", "facts": ["Q2"]}', "expected facts as an object"),
        ('{"id": "Q1", "sitelinks": -3}', "expected sitelinks as a number"),
        ('{"id": "Q1", "facts": {"P1": "Q2"}}', "expected P1 as a list"),
        ('{"id": "Q1", "facts": {"P1": [7]}}', "expected a value, or an object with value"),
        ('{"id": "Q1", "facts": {"P1": ["@1776-13"]}}', "no such date"),
        ('{"id": "Q1", "facts": {"P1": ["two words"]}}', "expected an id such as Q42"),
        ('{"id": "Q1", "facts": {"P1": [""]}}', "found nothing"),
        ('{"id": "Q1", "facts": {"P1": [{"value": "Q2", "rank": "best"}]}}', "expected a rank"),
        (
            '{"id": "Q1", "facts": {"P1": [{"value": "Q2", "qualifier": {}}]}}',
            "expected a value, or an object",
        ),
        ('{"id": "Q1", "label": "\\ud800"}', "surrogates not allowed"),
        ("[" * 100_000, "recursion"),
    ],
)
def test_broken_json_lines(tmp_path: Path, line: str, reason: str) -> None:
    path = tmp_path / "things.jsonl"
    path.write_text('{"id": "Q9"}\n' + line + "\n")
    report = build_graph([path], tmp_path / "g")
    assert report.skipped == 1
    assert "things.jsonl, line 2: " in report.messages[0]
    assert reason in report.messages[0]


def test_records_and_their_json_are_inverse() -> None:
    for record in (*toy_records(), Record("Q1", "universe", sitelinks=200)):
        again = record_of(json.loads(json.dumps(content_of(record))), is_relation=record.is_relation)
        assert content_of(again) == content_of(record)


# --- RDF ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("ending", ["ttl", "nt", "nq", "trig", "rdf", "jsonld", "nt.gz"])
def test_every_format_gives_the_same_facts(tmp_path: Path, ending: str) -> None:
    graph = to_rdf(toy_records())
    path = tmp_path / f"toy.{ending}"
    written = {"ttl": "turtle", "nt": "nt", "nq": "nt", "trig": "turtle", "rdf": "xml", "jsonld": "json-ld"}
    text = graph.serialize(format=written[ending.removesuffix(".gz")], encoding="utf-8")
    path.write_bytes(gzip.compress(text) if ending.endswith("gz") else text)
    info = build_graph([path], tmp_path / "g", strict=True).info
    assert (info.triples, info.statements, info.qualifiers) == (152, 153, 33)


def test_rdf_of_ones_own(tmp_path: Path) -> None:
    path = tmp_path / "mine.ttl"
    path.write_text(
        """
        @prefix : <http://example.org/places#> . @prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
        @prefix skos: <http://www.w3.org/2004/02/skos/core#> .
        @prefix xsd: <http://www.w3.org/2001/XMLSchema#> .
        @prefix schema: <http://schema.org/> .
        :Ghent a :City ; rdfs:label "Gent"@nl, "Ghent"@en ; skos:altLabel "Gand"@fr, "City of Ghent"@en ;
            schema:description "city in Belgium"@en ; :in :EastFlanders ; :founded "0650"^^xsd:gYear ;
            :area 156.18 ; :twin [ :since "2001-05-03"^^xsd:date ] ; :open true ; :motto "Nec cesso"@la .
        :in rdfs:label "lies in" .
        :Genth :in :Ghent .
        """
    )
    graph = open_graph(path, cache=tmp_path / "cache")
    places = "http://example.org/places#"
    ghent = graph.entities([f"{places}Ghent"])
    assert graph.label(f"{places}Ghent") == "Ghent"
    assert graph.aliases(f"{places}Ghent") == ["City of Ghent"]
    assert graph.description(f"{places}Ghent") == "city in Belgium"
    assert graph.label(f"{places}EastFlanders") == "East Flanders"
    assert graph.label(f"{places}in") == "lies in"
    assert graph.type_names() == [f"{places}City"]
    facts = {(f.relation.removeprefix(places), str(f.value)) for f in graph.facts(int(ghent[0]))}
    assert facts == {
        ("http://www.w3.org/1999/02/22-rdf-syntax-ns#type", f"{places}City"),
        ("in", f"{places}EastFlanders"),
        ("founded", "@0650"),
        ("area", "156.18[1]"),
        ("twin", "_:b1"),
        ("open", '"true"'),
        ("motto", '"Nec cesso"@la'),
    }
    assert [str(f.value) for f in graph.facts(int(graph.entities(["_:b1"])[0]))] == ["@2001-05-03"]
    assert graph.search("gent")[0].how in ("partial", "fuzzy")


@pytest.mark.parametrize(
    "written",
    [
        "@-0044-03-15J",
        "@1291-08-01J",
        "@1752-09-02J",
        "@0001-01-01J",
        "@-0001-12-31J",
        "@1776-07-04",
        "@1950/8",
        "@-0001",
        "@1949-05",
        "@0843",
        "12.5[Q11573]",
        "3[1]",
        '"a\\nb"',
        '"x"@zh-hans',
        "(48.8566 -2.3522)",
    ],
)
def test_values_survive_rdf(written: str) -> None:
    value = read_value(written)
    assert value_of(term_of(value), node_of(value)) == value


def test_unknown_values_and_plain_facts_of_wikidata(tmp_path: Path) -> None:
    path = tmp_path / "slice.ttl"
    path.write_text(
        """
        @prefix wd: <http://www.wikidata.org/entity/> . @prefix wdt: <http://www.wikidata.org/prop/direct/> .
        @prefix p: <http://www.wikidata.org/prop/> . @prefix ps: <http://www.wikidata.org/prop/statement/> .
        @prefix wikibase: <http://wikiba.se/ontology#> .
        wd:Q1 wdt:P31 wd:Q2 ; wdt:P570 _:someday ; wdt:P856 <http://example.org/> ;
            p:P22 wd:Q1-unknown . wd:Q1-unknown wikibase:rank wikibase:NormalRank ; ps:P22 _:someone .
        """
    )
    graph = open_graph(path, cache=tmp_path / "cache")
    facts = {(f.relation, str(f.value)) for f in graph.facts(int(graph.entities(["Q1"])[0]))}
    assert facts == {("P31", "Q2"), ("P856", '"http://example.org/"')}


# --- opening --------------------------------------------------------------------------------------------


def test_sources_are_built_once_and_again_when_they_change(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    folder = tables(tmp_path / "tables")
    first, second = open_graph(folder), open_graph(str(folder))
    assert first.checksum == second.checksum
    kept = tmp_path / "cache" / "kgqa" / "graphs"
    assert len(list(kept.glob("[!.]*"))) == 1
    (folder / "labels.tsv").write_text("Q30\tAmerica\n")
    assert open_graph(folder).label("Q30") == "America"
    assert len(list(kept.glob("[!.]*"))) == 2


@pytest.mark.parametrize("name", ["nowhere", "notes.txt", "empty"])
def test_what_is_no_graph(tmp_path: Path, name: str) -> None:
    (tmp_path / "notes.txt").write_text("milk")
    (tmp_path / "empty").mkdir()
    with pytest.raises(GraphError, match="a graph is a built folder") as caught:
        open_graph(tmp_path / name, cache=tmp_path / "cache")
    assert "\n" not in str(caught.value)


def test_iterables_of_records_are_sources(tmp_path: Path) -> None:
    assert build_graph([(Record(f"Q{n}") for n in range(1, 4))], tmp_path / "g").info.entities == 3
