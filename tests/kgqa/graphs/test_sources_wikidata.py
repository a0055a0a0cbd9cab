"""Wikidata's JSON dumps: everything that is odd in them, read on purpose."""

from __future__ import annotations

import bz2
import gzip
import json
import re
import sys
from collections.abc import Callable, Iterable
from hashlib import sha512
from pathlib import Path
from typing import Any

import pytest
from backports import zstd

from grammar.errors import GraphError
from kgqa.graphs import Record, build_graph
from kgqa.graphs.readers import lines, packed
from kgqa.graphs.readers.languages import Languages
from kgqa.graphs.readers.reading import Reading
from kgqa.graphs.readers.sources import reader_of

DUMPS = Path(__file__).resolve().parents[4] / "shared" / "data" / "wikidata" / "dumps"


def snak(kind: str, value: Any, *, snaktype: str = "value") -> dict[str, Any]:
    """A snak as Wikidata writes it."""
    return {"snaktype": snaktype, "property": "P1", "datavalue": {"type": kind, "value": value}}


def claim(kind: str, value: Any, *, rank: str = "normal", **qualifiers: Any) -> dict[str, Any]:
    """A statement as Wikidata writes it."""
    said = {"mainsnak": snak(kind, value), "type": "statement", "id": "Q1$x", "rank": rank}
    return said | ({"qualifiers": qualifiers} if qualifiers else {})


def item(number: int) -> tuple[str, dict[str, Any]]:
    """What a statement about an item gives."""
    return "wikibase-entityid", {"entity-type": "item", "numeric-id": number, "id": f"Q{number}"}


def nothing(snaktype: str, rank: str = "normal") -> dict[str, Any]:
    """A statement that a value is unknown, or that there is none."""
    return {"mainsnak": {"snaktype": snaktype, "property": "P1"}, "type": "statement", "rank": rank}


def time(written: str, precision: int, calendar: str = "Q1985727") -> tuple[str, dict[str, Any]]:
    """A time as Wikidata writes it."""
    model = f"http://www.wikidata.org/entity/{calendar}"
    parts = {"time": written, "timezone": 0, "before": 0, "after": 0, "precision": precision}
    return "time", {**parts, "calendarmodel": model}


def entity(name: str, kind: str = "item", **parts: Any) -> dict[str, Any]:
    """An entity as Wikidata writes it; labels are given by language."""
    labels = {code: {"language": code, "value": text} for code, text in parts.pop("labels", {}).items()}
    return {
        "type": kind,
        "id": name,
        "labels": labels,
        "descriptions": [],
        "aliases": [],
        "claims": [],
    } | parts


def dump(*entities: dict[str, Any]) -> bytes:
    """A dump as it is released."""
    return b"[\n" + b",\n".join(json.dumps(e, ensure_ascii=False).encode() for e in entities) + b"\n]\n"


def read(path: Path, reading: Reading | None = None) -> tuple[list[Record], Reading]:
    """The records of a file, and what was counted."""
    reading = reading or Reading()
    reader = reader_of(path)
    assert reader is not None
    return list(reader(path, reading)), reading


def objects(records: Iterable[Record], relation: str = "P1") -> list[str]:
    """The values of a relation, as they are written."""
    return [str(s.value) for record in records for s in record.facts.get(relation, ())]


@pytest.mark.parametrize(
    ("said", "written"),
    [
        (item(61), "Q61"),
        (("wikibase-entityid", {"entity-type": "item", "numeric-id": 61}), "Q61"),  # before 2017 without id
        (("wikibase-entityid", {"entity-type": "property", "id": "P31"}), "P31"),
        (time("+1776-07-04T00:00:00Z", 11), "@1776-07-04"),
        (time("+1949-05-00T00:00:00Z", 10), "@1949-05"),
        (time("+2011-00-00T00:00:00Z", 9), "@2011"),
        (time("+1950-00-00T00:00:00Z", 8), "@1950/8"),
        (time("-0044-03-15T00:00:00Z", 11, "Q1985786"), "@-0044-03-15J"),
        (time("-0500-00-00T00:00:00Z", 9), "@-0500"),
        (time("-13798000000-00-00T00:00:00Z", 3), "@-13798000000/3"),
        (time("+00000002001-12-31T00:00:00Z", 11), "@2001-12-31"),  # zeros before, as in 2014
        (time("+1790-00-00T00:00:00Z", 11), "@1790"),  # less is written than its precision says
        (time("+2011-01-01T12:30:00Z", 14), "@2011-01-01"),
        (("quantity", {"amount": "+170", "unit": "http://www.wikidata.org/entity/Q174728"}), "170[Q174728]"),
        (("quantity", {"amount": "-0.5", "unit": "1", "upperBound": "-0.4", "lowerBound": "-1"}), "-0.5[1]"),
        (("monolingualtext", {"text": "北京", "language": "zh-Hans"}), '"北京"@zh-hans'),
        (("string", "tt0077631"), '"tt0077631"'),
        (
            ("globecoordinate", {"latitude": 48.8566, "longitude": -2.3522, "altitude": None}),
            "(48.8566 -2.3522)",
        ),
    ],
)  # fmt: skip
def test_values(tmp_path: Path, said: tuple[str, Any], written: str) -> None:
    path = tmp_path / "dump.json"
    path.write_bytes(dump(entity("Q1", claims={"P1": [claim(*said)]})))
    records, reading = read(path)
    assert objects(records) == [written]
    assert (reading.skips.count, reading.skips.left_out) == (0, {})


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        (claim("wikibase-entityid", {"entity-type": "lexeme", "id": "L42"}), "lexeme, form, sense"),
        (claim("wikibase-entityid", {"entity-type": "form", "id": "L42-F1"}), "lexeme, form, sense"),
        (claim("globecoordinate", {"latitude": 1.0, "longitude": 2.0, "globe": "http://www.wikidata.org/entity/Q405"}),
         "not on the Earth"),
        (claim("wikibase-unmapped-entityid", {"id": "E10"}), "value of type"),
        (nothing("somevalue"), "unknown value"),
        (nothing("novalue"), "there is no value"),
    ],
)  # fmt: skip
def test_what_is_left_out_is_counted_and_never_refused(
    tmp_path: Path, said: dict[str, Any], kind: str
) -> None:
    path = tmp_path / "dump.json"
    path.write_bytes(dump(entity("Q1", claims={"P1": [said, claim(*item(2))]})))
    reading = Reading()
    reading.skips.strict = True
    records, _ = read(path, reading)
    assert objects(records) == ["Q2"]
    assert [(kind in told, count) for told, count in reading.skips.left_out.items()] == [(True, 1)]


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        (claim(*time("+1776-13-04T00:00:00Z", 11)), "no such date"),
        (claim(*time("+0000-00-00T00:00:00Z", 9)), "no such date"),
        (claim(*time("yesterday", 11)), "expected a time"),
        (claim("quantity", {"amount": "many", "unit": "1"}), "could not convert"),
        (claim("quantity", {"amount": "inf", "unit": "1"}), "must be finite"),
        (claim("quantity", {"amount": "+1", "unit": "a b"}), "expected an id"),
        (claim("globecoordinate", {"latitude": None, "longitude": 1.0}), "lacks a number"),
        (claim(*item(3), rank="best"), "expected a rank"),
    ],
)
def test_a_broken_value_is_named_and_costs_itself_only(
    tmp_path: Path, said: dict[str, Any], reason: str
) -> None:
    path = tmp_path / "dump.json"
    path.write_bytes(dump(entity("Q1", claims={"P1": [said, claim(*item(2))]})))
    records, reading = read(path)
    assert objects(records) == ["Q2"]
    assert "dump.json, line 2: Q1 P1: " in reading.skips.messages[0]
    assert reason in reading.skips.messages[0]
    assert reading.skips.broken == {"value that cannot be read": 1}


def visible(tmp_path: Path, *statements: dict[str, Any]) -> set[str]:
    path = tmp_path / "dump.json"
    path.write_bytes(dump(entity("Q1", claims={"P1": list(statements)})))
    build_graph([path], tmp_path / "g")
    from kgqa.graphs import EmbeddedGraph

    graph = EmbeddedGraph.open(tmp_path / "g")
    return {str(fact.value) for fact in graph.facts(int(graph.entities(["Q1"])[0]))}


def test_only_the_best_rank_is_visible_and_an_unknown_value_can_be_the_best(tmp_path: Path) -> None:
    normal, deprecated = claim(*item(2)), claim(*item(3), rank="deprecated")
    assert visible(tmp_path, normal, deprecated) == {"Q2"}
    assert visible(tmp_path, normal, claim(*item(4), rank="preferred"), deprecated) == {"Q4"}
    assert visible(tmp_path, normal, nothing("somevalue")) == {"Q2"}
    assert visible(tmp_path, normal, nothing("somevalue", rank="deprecated")) == {"Q2"}
    assert visible(tmp_path, normal, nothing("novalue", rank="preferred")) == set()
    assert visible(tmp_path, normal, nothing("novalue", "preferred"), claim(*item(4), rank="preferred")) == {
        "Q4"
    }


def test_qualifiers_keep_what_has_a_value(tmp_path: Path) -> None:
    path = tmp_path / "dump.json"
    unknown = {"snaktype": "somevalue", "property": "P582"}
    said = claim(*item(2), P580=[snak(*time("+1999-00-00T00:00:00Z", 9)), snak(*item(7))], P582=[unknown])
    path.write_bytes(dump(entity("Q1", claims={"P1": [said]})))
    records, reading = read(path)
    assert {r: list(map(str, v)) for r, v in records[0].facts["P1"][0].qualifiers.items()} == {
        "P580": ["@1999", "Q7"]
    }
    assert reading.skips.left_out == {"unknown value": 1}


def test_kinds_of_entities(tmp_path: Path) -> None:
    path = tmp_path / "dump.json"
    path.write_bytes(
        dump(
            entity("P57", "property", labels={"en": "director"}, datatype="wikibase-item"),
            entity("P31", "property", labels={"en": "instance of"}, claims={"P1": [claim(*item(2))]}),
            {"type": "lexeme", "id": "L1", "lemmas": {"en": {"language": "en", "value": "go"}}, "forms": []},
            {"entity": "Q3", "redirect": "Q2"},
            {"id": "Q5", "missing": ""},
            {"type": "item", "labels": {}},
            {"type": "item", "id": "Q01"},
            entity("P9", "item"),
        )
    )
    records, reading = read(path)
    assert [(r.id, r.is_relation, r.label) for r in records] == [
        ("P57", True, "director"), ("P31", True, "instance of"), ("P31", False, "instance of"),
    ]  # fmt: skip
    assert reading.skips.left_out == {
        "entity of type lexeme": 1, "redirect": 1, "entity that is said to be missing": 1,
    }  # fmt: skip
    assert reading.skips.broken == {"malformed line": 3}


def test_words_in_the_languages_that_are_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "dump.json"
    said = {"de": "München", "en-gb": "Munich city", "en": "Munich", "ja": "ミュンヘン", "mul": "Monaco"}
    aliases = {"de": [{"language": "de", "value": "Minga"}], "ru": [{"language": "ru", "value": "Мюнхен"}]}
    path.write_bytes(
        dump(
            entity(
                "Q1726",
                labels=said,
                aliases=aliases,
                descriptions={"fr": {"language": "fr", "value": "ville"}},
            ),
            entity("Q2", labels={"ja": "東京", "zh": "东京"}),
            entity("Q3", labels={"mul": "Ada Lovelace", "de": "Ada, Gräfin"}),
        )
    )
    records, _ = read(path)
    assert [r.label for r in records] == ["Munich", "東京", "Ada Lovelace"]
    assert (list(records[0].aliases), records[0].description) == (["Munich city", "Monaco"], None)
    records, _ = read(path, Reading(languages=Languages(("de", "en", "fr"))))
    assert [r.label for r in records] == ["München", "東京", "Ada, Gräfin"]
    assert list(records[0].aliases) == ["Munich", "Munich city", "Monaco", "Minga"]
    assert records[0].description == "ville"


def test_malformed_lines_and_every_way_to_lay_entities_out(tmp_path: Path) -> None:
    first, second = entity("Q1"), entity("Q2")
    lines_of = [
        b"[",
        json.dumps(first).encode() + b",",
        b"{,",
        b'"Q7",',
        b"7",
        b"\xff",
        b"[" * 10_000,
        b"",
        b"]",
    ]
    (tmp_path / "a.json").write_bytes(b"\r\n".join(lines_of))
    records, reading = read(tmp_path / "a.json")
    assert [r.id for r in records] == ["Q1"]
    assert reading.skips.broken == {"malformed line": 5}
    (tmp_path / "b.ndjson").write_bytes(json.dumps(first).encode() + b"\n" + json.dumps(second).encode())
    (tmp_path / "c.json").write_text(json.dumps({"entities": {"Q1": first, "Q2": second}}))
    for name in ("b.ndjson", "c.json"):
        records, reading = read(tmp_path / name)
        assert [r.id for r in records] == ["Q1", "Q2"]
        assert reading.skips.count == 0


def test_a_line_that_is_too_long_is_skipped_without_holding_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lines, "LONGEST", 1000)
    path = tmp_path / "dump.json"
    path.write_bytes(dump(entity("Q1"), entity("Q2", labels={"en": "x" * 5000}), entity("Q3")))
    records, reading = read(path)
    assert [r.id for r in records] == ["Q1", "Q3"]
    assert reading.skips.broken == {"line too long": 1}


PACKERS: dict[str, Callable[[bytes], bytes]] = {
    "json": bytes,
    "json.gz": gzip.compress,
    "json.bz2": lambda text: bz2.compress(text, 1),  # in blocks of 100 kB
    "json.zst": zstd.compress,
}


@pytest.mark.parametrize("several_cores", [False, True])
@pytest.mark.parametrize("ending", PACKERS)
def test_packed_whole_and_cut_off(
    tmp_path: Path, ending: str, several_cores: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if several_cores:
        pytest.importorskip("rapidgzip", reason="rapidgzip is not installed (the extra 'dumps')")
        monkeypatch.setattr(packed, "LARGE", 0)
    else:
        monkeypatch.setattr(packed, "LARGE", 1 << 40)
    text = dump(*(entity(f"Q{n}", labels={"en": sha512(b"%d" % n).hexdigest() * 2}) for n in range(1, 6_001)))
    path = tmp_path / f"dump.{ending}"
    whole = PACKERS[ending](text)
    path.write_bytes(whole)
    told: list[tuple[str, int, int | None, str]] = []
    reading = Reading(progress=lambda what, done, total=None, unit="": told.append((what, done, total, unit)))
    records, _ = read(path, reading)
    assert len(records) == 6_000
    assert reading.skips.count == 0
    assert told[-1] == (f"reading dump.{ending}", len(whole), len(whole), "bytes")
    path.write_bytes(whole[: len(whole) * 3 // 4])
    records, reading = read(path)
    assert 1_000 < len(records) < 6_000
    assert set(reading.skips.broken) <= {"malformed line", "file that breaks off"}
    assert reading.skips.broken["file that breaks off"] >= 1
    with pytest.raises(GraphError, match=r"breaks off|no entity"):
        build_graph([path], tmp_path / "g", strict=True)


@pytest.mark.parametrize("large", [0, 1 << 40])
@pytest.mark.parametrize("ending", ["json.gz", "json.bz2", "json.zst"])
def test_packed_in_several_streams_as_parallel_packers_write(
    tmp_path: Path, ending: str, large: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(packed, "LARGE", large)
    text = dump(*(entity(f"Q{n}", labels={"en": sha512(b"%d" % n).hexdigest()}) for n in range(1, 1_001)))
    parts = [text[start : start + 50_000] for start in range(0, len(text), 50_000)]
    path = tmp_path / f"dump.{ending}"
    path.write_bytes(b"".join(map(PACKERS[ending], parts)))
    records, reading = read(path)
    assert len(records) == 1_000
    assert reading.skips.count == 0


@pytest.mark.parametrize("ending", ["json.gz", "json.bz2", "json.zst"])
def test_packed_by_name_only(tmp_path: Path, ending: str, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / f"dump.{ending}"
    path.write_bytes(b"[\n{}\n]\n" * 100)
    for large in (1 << 40, 0):
        monkeypatch.setattr(packed, "LARGE", large)
        with pytest.raises(GraphError, match="cannot be read") as caught:
            build_graph([path], tmp_path / "g")
        assert "\n" not in str(caught.value)


@pytest.mark.skipif(not DUMPS.is_dir(), reason="the shared dumps are not at hand")
@pytest.mark.parametrize(
    ("name", "entities", "facts"),
    [
        ("opentapioca_sample_wikidata_items.json.bz2", 100, 10_475),
        ("wdsub_100lines.json.gz", 99, 15_172),
        ("wikibase-dump-filter_entities.json.gz", 49, 3_567),
    ],
)
def test_real_dumps(tmp_path: Path, name: str, entities: int, facts: int) -> None:
    report = build_graph([DUMPS / name], tmp_path / "g")
    assert (report.info.labels, report.info.statements) == (entities, facts)
    assert report.broken == ({"file that breaks off": 1} if "filter" in name else {})
    assert report.left_out["unknown value"] >= 3


@pytest.mark.parametrize("on_terminal", [True, False])
def test_progress_says_bytes_rate_and_what_remains(
    on_terminal: bool, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from kgqa.commands import terminal

    monkeypatch.setattr(sys.stderr, "isatty", lambda: on_terminal)
    monkeypatch.setattr(terminal, "_SPEAK_EVERY", 0.0)
    monkeypatch.setenv("COLUMNS", "120")
    monkeypatch.setenv("TERM", "xterm")
    with terminal.show_progress() as tell:
        for done in (0, 1_000_000, 2_000_000, 3_000_000):
            tell("reading dump.json.gz", done, 12_000_000, "bytes")
    said = capsys.readouterr()
    assert re.search(r"reading dump\.json\.gz.* 3\.0/12\.0 MB, [\d.]+ .?B/s, 0:00:\d\d left", said.err)
    assert said.out == ""
