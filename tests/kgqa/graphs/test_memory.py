"""Building in bounded memory: sorted runs on disk, and the same graph whatever the memory."""

from __future__ import annotations

import random
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from grammar.errors import ConfigError, GraphError
from grammar.values import Quantity, String, Text, Time
from kgqa.commands.options import read_size
from kgqa.graphs import EmbeddedGraph, Rank, Record, Statement, build_graph
from kgqa.graphs.arrays import ArrayReader, ArrayWriter, Strings
from kgqa.graphs.building.build import LEAST_MEMORY
from kgqa.graphs.building.collect import Chunk, WordKind, WordRows
from kgqa.graphs.building.sorting import ExternalSort, Packing, RunLengths
from kgqa.graphs.building.spool import Scratch
from kgqa.graphs.readers.record import Object


def scattered_records(seed: int, count: int) -> Iterator[Record]:
    """Records that say something of the same few thousand entities again and again."""
    chance = random.Random(seed)
    names = [f"Q{n}" for n in range(1, count // 2)]
    names += [f"http://example.org/a-rather-long-name/{n}" for n in range(count // 8)]
    names += ["é" * n for n in range(1, 9)]
    things: list[Object] = [*names, *(Quantity(n / 4) for n in range(-400, 400)), String("-0"), String("0")]
    things += [Time(1900 + n, precision=9) for n in range(150)]
    things += [Text(f"word {n}", "en") for n in range(200)]
    relations = [f"P{n}" for n in range(1, 30)]
    words = ["", "eins", "zwei", "drei", "vier", "fünf"]

    def statement() -> Statement:
        qualifiers = {chance.choice(relations): [chance.choice(things)] for _ in range(chance.randint(0, 2))}
        return Statement(chance.choice(things), chance.choice([Rank.NORMAL] * 8 + list(Rank)), qualifiers)

    for number in range(count):
        if number % 100 == 0:
            yield Record(chance.choice(relations), chance.choice(words), is_relation=True)
        facts = {chance.choice(relations): [statement() for _ in range(chance.randint(1, 4))]}
        if chance.random() < 0.5:
            facts["P31"] = [Statement(chance.choice(names[:40]))]
        if chance.random() < 0.1:
            facts["P279"] = [Statement(chance.choice(names[:40]))]
        yield Record(
            chance.choice(names),
            chance.choice(words),
            [chance.choice(words) for _ in range(chance.randint(0, 3))],
            chance.choice(words),
            facts,
            sitelinks=chance.choice([0, 0, number % 300]),
        )


def test_the_graph_is_the_same_whatever_the_memory(tmp_path: Path) -> None:
    reports = [
        build_graph(
            [scattered_records(7, 4_000)],
            tmp_path / str(memory),
            name="one",
            subclass_relation="P279",
            memory=memory,
        )
        for memory in (1_000_000_000, LEAST_MEMORY)
    ]
    assert reports[0].info == reports[1].info
    assert reports[0].info.qualifiers > 5_000
    one, other = (tmp_path / str(memory) for memory in (1_000_000_000, LEAST_MEMORY))
    files = sorted(path.name for path in one.glob("*.npy"))
    assert files == sorted(path.name for path in other.glob("*.npy"))
    for file in files:
        assert (one / file).read_bytes() == (other / file).read_bytes(), file


def test_sitelinks_are_kept_the_most_that_any_record_says(tmp_path: Path) -> None:
    records = [Record("Q2", sitelinks=7), Record("Q1"), Record("Q30", sitelinks=2), Record("Q2", sitelinks=5)]
    build_graph([records], tmp_path / "g")
    assert ArrayReader(tmp_path / "g").column("sitelinks").tolist() == [0, 7, 2]
    build_graph([[Record("Q1")]], tmp_path / "without")
    assert not (tmp_path / "without" / "sitelinks.npy").exists()


def test_of_namesakes_the_one_with_more_sitelinks_comes_first(tmp_path: Path) -> None:
    for known, other in (("Q1", "Q2"), ("Q2", "Q1")):
        records = [Record(known, label="Paris", sitelinks=300), Record(other, label="Paris", sitelinks=2)]
        build_graph([records], tmp_path / known)
        graph = EmbeddedGraph.open(tmp_path / known)
        assert graph.degree(graph.entities([known, other, "Q9"])).tolist() == [300, 2, 0]
        assert [hit.name for hit in graph.search("Pariss")] == [known, other]
        assert graph.exact(["paris"]) == [[known, other]]


def test_columns_of_many_facts_make_the_same_graph_as_records(tmp_path: Path) -> None:
    names = [b"Q10", b"Q9", b"Q1"]
    chunk = Chunk(
        names=Strings.of(names),
        relation_names=["P1", "P31"],
        subjects=np.array([0, 1, 1]),
        relations=np.array([0, 1, 0]),
        nodes=np.array([2, 0, -1]),
        ranks=np.ones(3, dtype=np.int64),
        literals=[Quantity(3)],
        words=WordRows(np.array([1]), np.array([WordKind.LABEL]), Strings.of([b"nine"])),
    )
    records = [
        Record("Q10", facts={"P1": [Statement("Q1")]}),
        Record("Q9", "nine", facts={"P31": [Statement("Q10")], "P1": [Statement(Quantity(3))]}),
    ]
    by_columns = build_graph([], tmp_path / "columns", name="g", chunks=[chunk])
    assert by_columns.info == build_graph([records], tmp_path / "records", name="g").info
    both = build_graph([records[:1]], tmp_path / "both", name="g", chunks=iter([chunk]))
    assert both.info.checksum == by_columns.info.checksum
    assert EmbeddedGraph.open(tmp_path / "columns").label("Q9") == "nine"


_GROWING = """
    import resource, sys
    from pathlib import Path
    from grammar.values import Quantity
    from kgqa.graphs import Record, Statement, build_graph

    def records(count):
        for n in range(count):
            yield Record(
                f"http://example.org/{n}",
                facts={"P1": [Statement(f"http://example.org/{n * 7 % count}"), Statement(Quantity(n))]},
            )

    build_graph([records(int(sys.argv[1]))], Path(sys.argv[2]), memory=8_000_000)
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


def test_memory_does_not_grow_with_the_input(tmp_path: Path) -> None:
    def peak(count: int) -> float:
        """Megabytes."""
        command = [sys.executable, "-c", textwrap.dedent(_GROWING), str(count), str(tmp_path / str(count))]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        return int(done.stdout) / (1e6 if sys.platform == "darwin" else 1e3)

    # All in memory at once, a record of these takes more than a kilobyte: 45 MB between the two.
    assert peak(60_000) - peak(15_000) < 8


def test_external_sort_against_numpy(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    first, second = rng.integers(0, 50, 20_000), rng.integers(0, 2**60, 20_000)
    second[::3] = 5
    with Scratch(tmp_path / "scratch", memory=20_000) as scratch:
        sort = ExternalSort(scratch, "rows", 50, 2**60)
        for start in range(0, 20_000, 3_000):
            sort.add(first[start : start + 3_000], second[start : start + 3_000])
        assert sort.packing.words == 2
        blocks = list(sort.groups(1))
    assert len(blocks) > 5
    order = np.lexsort((second, first))
    assert np.array_equal(np.concatenate([b[0] for b in blocks]), first[order])
    assert np.array_equal(np.concatenate([b[1] for b in blocks]), second[order])
    assert all(one[0][-1] < other[0][0] for one, other in pairwise(blocks))
    assert list(tmp_path.iterdir()) == []


def test_rows_come_once(tmp_path: Path) -> None:
    values = np.random.default_rng(2).integers(0, 900, 30_000)
    with Scratch(tmp_path / "scratch", memory=5_000) as scratch:
        sort = ExternalSort(scratch, "rows", 900)
        sort.add(values)
        runs = RunLengths(1)
        found = [column for (column,) in sort.columns()]
        closed = [runs.add(column) for column in found] + [runs.end()]
    assert np.array_equal(np.concatenate(found), np.unique(values))
    assert np.concatenate([counts for _, counts in closed]).tolist() == [1] * 900


def test_run_lengths_over_blocks() -> None:
    values = np.sort(np.random.default_rng(3).integers(0, 40, 1_000))
    runs = RunLengths(1)
    closed = [runs.add(block) for block in np.array_split(values, 90)] + [runs.end()]
    keys, counts = np.unique(values, return_counts=True)
    assert np.array_equal(np.concatenate([key for (key,), _ in closed]), keys)
    assert np.array_equal(np.concatenate([count for _, count in closed]), counts)


def test_packing_sorts_like_the_columns() -> None:
    packing = Packing(3, 0, 2**40, 2**30, 2**64 - 1)
    columns = [
        np.array([3, 0, 3]),
        np.zeros(3, dtype=np.int64),
        np.array([2**40, 7, 2**40]),
        np.array([2**30, 1, 0]),
        np.array([2**64 - 1, 5, 0], dtype=np.uint64),
    ]
    rows = packing.pack(*columns)
    assert rows.shape == (3, 3)
    for packed, column in zip(packing.unpack(rows), columns, strict=True):
        assert np.array_equal(packed.view(np.uint64), column.astype(np.uint64))
    assert np.lexsort(rows.T[::-1]).tolist() == [1, 2, 0]


def test_a_column_is_as_wide_as_its_largest_number(tmp_path: Path) -> None:
    writer = ArrayWriter(tmp_path)
    pieces = [np.arange(300_000), np.array([2**31]), np.array([1, 2])]
    with writer.open_column("wide") as column:
        for piece in pieces:
            column.append(piece)
    with writer.open_column("narrow") as column:
        column.append(pieces[0])
    wide, narrow = (ArrayReader(tmp_path).column(name) for name in ("wide", "narrow"))
    assert wide.dtype == np.int64
    assert np.array_equal(wide, np.concatenate(pieces))
    assert narrow.dtype == np.int32
    np.save(tmp_path / "plain.npy", pieces[0].astype(np.int32))
    assert (tmp_path / "plain.npy").read_bytes() == (tmp_path / "narrow.npy").read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["narrow.npy", "plain.npy", "wide.npy"]


def test_a_killed_build_is_cleared_away_by_the_next_one(tmp_path: Path) -> None:
    gone = subprocess.run(
        [sys.executable, "-c", "import os; print(os.getpid())"], capture_output=True, text=True
    )
    abandoned, other = (
        tmp_path / f".{name}.building-{int(gone.stdout)}-abcdefgh" for name in ("g", "another")
    )
    alive = tmp_path / ".g.building-1-abcdefgh"
    for folder in (abandoned, other, alive):
        folder.mkdir()
    build_graph([[Record("Q1")]], tmp_path / "g")
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(["g", alive.name, other.name])


@pytest.mark.parametrize(
    ("text", "expected"), [("1GB", 10**9), ("500 mb", 5 * 10**8), ("1.5k", 1_500), ("2GiB", 2**31), ("7", 7)]
)
def test_sizes(text: str, expected: int) -> None:
    assert read_size(text) == expected


def test_too_little_memory_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="500MB"):
        read_size("much")
    with pytest.raises(GraphError, match="at least"):
        build_graph([[Record("Q1")]], tmp_path / "g", memory=10)
