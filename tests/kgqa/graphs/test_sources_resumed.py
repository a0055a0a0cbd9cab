"""A build of a large dump that is killed goes on where it was, and gives the same graph."""

from __future__ import annotations

from collections import Counter
from itertools import islice
from pathlib import Path

import pytest

from grammar.errors import GraphError
from grammar.values import read_value
from kgqa.graphs import Rank, Record, Statement, build_graph
from kgqa.graphs.readers import journal, sources, wikidata_json
from kgqa.graphs.readers.selection import EVERYTHING, Selection
from kgqa.graphs.readers.skips import Skips
from kgqa.graphs.readers.sources import read_sources
from tests.kgqa.graphs.test_sources_wikidata import claim, dump, entity, item, nothing, snak, time

ITEMS = [
    entity("P31", "property", labels={"en": "instance of"}, claims={"P1": [claim(*item(2))]}),
    *(
        entity(
            f"Q{n}",
            labels={"en": f"thing {n}"},
            sitelinks={"enwiki": {"title": "x"}} if n % 2 else {},
            claims={
                "P31": [claim(*item(n % 3 + 1000))],
                "P569": [claim(*time("-0044-03-15T00:00:00Z", 11, "Q1985786"), rank="preferred")],
                "P2043": [claim("quantity", {"amount": f"+{n}.5", "unit": "http://www.wikidata.org/entity/Q11573"})],
                "P1448": [claim("monolingualtext", {"text": f"“{n}”", "language": "de"})],
                "P625": [claim("globecoordinate", {"latitude": 1.5, "longitude": float(n)})],
                "P213": [claim("string", f"{n}", P580=[snak(*item(7)), snak("string", "x")])],
                "P26": [nothing("somevalue"), claim(*item(n + 1))],
            },
        )
        for n in range(1, 201)
    ),
]  # fmt: skip


@pytest.fixture
def source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A dump with malformed lines, large enough for a journal."""
    monkeypatch.setattr(sources, "LARGE", 0)
    monkeypatch.setattr(journal, "PART", 3_000)
    path = tmp_path / "dump.json"
    path.write_bytes(
        dump(*ITEMS).replace(b'{"type": "item", "id": "Q50"', b'{,\n{"type": "item", "id": "Q50"')
    )
    return path


@pytest.fixture
def looked_into(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """How often each entity of a dump was looked into."""
    counts: Counter[str] = Counter()
    begin = wikidata_json._Read.__init__

    def counted(self: object, entity: wikidata_json._Entity, *rest: object) -> None:
        counts[entity.id] += 1
        begin(self, entity, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(wikidata_json._Read, "__init__", counted)
    return counts


def everything(
    source: Path, place: Path | None, selection: Selection = EVERYTHING
) -> tuple[list[Record], Skips]:
    skips = Skips()
    return list(read_sources([source], skips, selection, None, journal=place)), skips


@pytest.mark.parametrize("taken", [0, 1, 2, 60, 150, 201])
def test_reading_goes_on_where_it_was(
    tmp_path: Path, source: Path, looked_into: Counter[str], taken: int
) -> None:
    whole, counted = everything(source, None)
    place = tmp_path / "journal"
    records = read_sources([source], Skips(), EVERYTHING, None, journal=place)
    assert list(islice(records, taken)) == whole[:taken]
    records.close()  # type: ignore[attr-defined]
    looked_into.clear()
    again, skips = everything(source, place)
    assert again == whole
    assert (skips.broken, skips.left_out, skips.messages) == (
        counted.broken,
        counted.left_out,
        counted.messages,
    )
    assert len(looked_into) > 200 - taken
    assert taken < 60 or len(looked_into) < 220 - taken
    looked_into.clear()
    assert everything(source, place)[0] == whole
    assert not looked_into  # all of it stands in the journal


def test_a_slice_is_chosen_once(tmp_path: Path, source: Path, looked_into: Counter[str]) -> None:
    selection = Selection(types={"Q1001": 20}, seed=3, relations=frozenset({"P26", "P569"}))
    whole, _ = everything(source, None, selection)
    looked_into.clear()
    records = read_sources([source], Skips(), selection, None, journal=tmp_path / "journal")
    assert list(islice(records, 10)) == whole[:10]
    records.close()  # type: ignore[attr-defined]
    assert looked_into["Q1"] == 2
    assert everything(source, tmp_path / "journal", selection)[0] == whole
    assert looked_into["Q200"] == 2  # while choosing, and while taking for good


def test_another_selection_or_another_state_starts_afresh(
    tmp_path: Path, source: Path, looked_into: Counter[str]
) -> None:
    place = tmp_path / "journal"
    everything(source, place)
    for selection in (Selection(languages=("de",)), Selection(relations=frozenset({"P26"}))):
        looked_into.clear()
        everything(source, place, selection)
        assert len(looked_into) == 201
    source.write_bytes(source.read_bytes().replace(b"thing 7", b"thing Z"))
    assert any(record.label == "thing Z" for record in everything(source, place)[0])


def test_a_killed_build_leaves_its_journal_and_the_finished_one_takes_it_away(
    tmp_path: Path, source: Path, looked_into: Counter[str]
) -> None:
    expected = build_graph([source], tmp_path / "expected").info.checksum
    assert not (tmp_path / ".expected.reading").exists()

    def kill(what: str, done: int, total: int | None = None, unit: str = "", /) -> None:
        if not what.startswith("reading"):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        build_graph([source], tmp_path / "g", progress=kill)
    assert (tmp_path / ".g.reading").is_dir()
    assert not (tmp_path / "g").exists()
    looked_into.clear()
    report = build_graph([source], tmp_path / "g")
    assert (report.info.checksum, report.skipped) == (expected, 1)
    assert not looked_into
    assert sorted(path.name for path in tmp_path.iterdir()) == ["dump.json", "expected", "g"]


def test_damaged_parts_and_small_sources(
    tmp_path: Path, source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = tmp_path / "journal"
    everything(source, place)
    part = next(place.rglob("000000-*.zst"))
    part.write_bytes(part.read_bytes()[:-10])
    with pytest.raises(GraphError, match=r"is damaged .*: delete"):
        everything(source, place)
    monkeypatch.setattr(sources, "LARGE", 1 << 30)
    everything(source, tmp_path / "none")
    assert not (tmp_path / "none").exists()


def test_every_kind_of_value_comes_back(tmp_path: Path, source: Path) -> None:
    written = [
        "Q1",
        "@-0044-03-15J",
        "@1950/8",
        "@1949-05",
        "170[Q174728]",
        "0[1]",
        '""',
        '"x"@zh-hans',
        "(0 0)",
        "(1.5 -2)",
    ]
    values = [read_value(one) if one[0] != "Q" else one for one in written]
    record = Record(
        "Q9", None, ["a"], "d", {"P1": [Statement(v, rank, {"P2": values}) for v in values for rank in Rank]}
    )
    from kgqa.graphs.readers.reading import Reading

    kept = journal.Journal(tmp_path / "journal", [source], "x")
    reading = Reading(journal=kept)
    assert list(kept.records("0", lambda behind: iter([record]), reading)) == [record]
    assert list(kept.records("0", lambda behind: iter(()), reading)) == [record]
