"""Libraries that could hold the names of a graph, side by side, on invented names.

    python benchmarks/index.py 150000 1000000 [--with tantivy,sqlite,fts5,lmdb,marisa] [--queries 200]

Every library is built and asked in processes of their own. Times are medians of processor time in
milliseconds; memory is what the process holds beyond what it held before (building: at most; opened: after
all questions, without pages of mapped files). ``tantivy`` is the project's own index with its ranking;
``marisa-trie`` and ``lmdb`` are no requirements of the project and are left out where they are not installed.
With ``--keep DIR --asked-only`` what was built before is asked again.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import random
import resource
import shutil
import sqlite3
import statistics
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from invented import Named, invented, mistyped

from kgqa.commands.options import read_size
from kgqa.graphs.arrays import ArrayReader, ArrayWriter
from kgqa.graphs.building.names import write_names
from kgqa.graphs.lexicon import Lexicon
from kgqa.graphs.name_index import FOLDER, Entry
from kgqa.graphs.names import normalise

LIMIT = 10
LONG = 10
"""Names of at least so many characters get two typos."""

# --- libraries -------------------------------------------------------------------------------------------


class Library:
    """What every library is asked; None for what it has no way to do."""

    exact: Callable[[str], Sequence[int]] | None = None
    begun: Callable[[str], Sequence[int]] | None = None
    fuzzy: Callable[[str], Sequence[int]] | None = None
    memory = 0
    """Bytes that building may take, where it can be told."""

    def build(self, folder: Path, names: Iterator[Named]) -> None:
        """Write all names into an empty folder."""
        raise NotImplementedError

    def complete(self, folder: Path, names: Iterator[Named]) -> None:
        """Write what a graph has anyway; not counted."""

    def open(self, folder: Path) -> None:
        """Make ready for questions."""
        raise NotImplementedError


class Tantivy(Library):
    """The index of the project, with the graph's own labels beside it."""

    def build(self, folder: Path, names: Iterator[Named]) -> None:
        entries = (Entry("entities", it.owner, it.place, it.text, it.degree) for it in names)
        write_names(folder / FOLDER, entries, memory=self.memory)

    def complete(self, folder: Path, names: Iterator[Named]) -> None:
        writer = ArrayWriter(folder)
        labels, aliases, counts, degrees = bytearray(), bytearray(), [], []
        lengths: dict[bool, list[int]] = {True: [], False: []}
        for it in names:
            text = it.text.encode()
            (aliases if it.place else labels).extend(text)
            lengths[it.place == 0].append(len(text))
            if it.place:
                counts[-1] += 1
            else:
                counts.append(0)
                degrees.append(it.degree)
        for name, blob, is_label in (("labels", labels, True), ("aliases", aliases, False)):
            rows = np.array(lengths[is_label], dtype=np.int64)
            writer.ragged(f"entities.{name}", rows, np.frombuffer(bytes(blob), dtype=np.uint8))
        starts = np.concatenate([[0], np.cumsum(counts)])
        writer.column("entities.alias_starts", starts)
        writer.texts("relations", [])
        writer.texts("entities", [f"Q{n}".encode() for n in range(len(counts))])
        writer.column("degrees", np.array(degrees, dtype=np.int64))

    def open(self, folder: Path) -> None:
        reader = ArrayReader(folder)
        lexicon = Lexicon(reader, is_type=lambda entity: False)
        degrees = reader.column("degrees")
        self.exact = lambda text: [int(n[1:]) for n in lexicon.exact([text], "entities")[0]]

        def search(text: str, *, fuzzy: bool) -> list[int]:
            hits = lexicon.search(
                text, limit=LIMIT, fuzzy=fuzzy, among="entities", degree=lambda some: degrees[some]
            )
            return [int(hit.name[1:]) for hit in hits]

        self.begun = lambda text: search(text, fuzzy=False)
        self.fuzzy = lambda text: search(text, fuzzy=True)


class Sqlite(Library):
    """A table in the order of names; typos by a virtual table of trigrams (``fts5``), if wanted."""

    def __init__(self, *, trigrams: bool) -> None:
        self._trigrams = trigrams

    def build(self, folder: Path, names: Iterator[Named]) -> None:
        file = sqlite3.connect(folder / "names.sqlite")
        file.execute("PRAGMA journal_mode = OFF")
        file.execute("PRAGMA synchronous = OFF")
        file.execute("CREATE TABLE names (name TEXT, degree INT, owner INT)")
        rows = ((normalise(it.text), it.degree, it.owner) for it in names)
        file.executemany("INSERT INTO names VALUES (?, ?, ?)", rows)
        file.execute("CREATE INDEX by_name ON names (name, degree, owner)")
        if self._trigrams:
            how = "name, tokenize = 'trigram', content = 'names'"
            file.execute(f"CREATE VIRTUAL TABLE grams USING fts5({how})")
            file.execute("INSERT INTO grams(grams) VALUES ('rebuild')")
        file.commit()
        file.close()

    def open(self, folder: Path) -> None:
        file = sqlite3.connect(f"file:{folder / 'names.sqlite'}?mode=ro", uri=True)

        def ask(question: str, *values: str) -> list[int]:
            return [owner for (owner,) in file.execute(f"{question} LIMIT {LIMIT}", values)]

        order = "ORDER BY degree DESC"
        self.exact = lambda text: ask(f"SELECT owner FROM names WHERE name = ? {order}", normalise(text))
        self.begun = lambda text: ask(
            f"SELECT owner FROM names WHERE name >= ? AND name < ? {order}",
            normalise(text),
            normalise(text) + "\U0010ffff",
        )
        if self._trigrams:
            grams = "SELECT n.owner FROM grams JOIN names n ON n.rowid = grams.rowid WHERE grams MATCH ?"

            def fuzzy(text: str) -> list[int]:
                name = normalise(text).replace('"', "")
                any_of = " OR ".join(f'"{name[i : i + 3]}"' for i in range(len(name) - 2))
                return ask(f"{grams} ORDER BY rank", any_of) if any_of else []

            self.fuzzy = fuzzy


class Lmdb(Library):
    """Keys in order, owners in the order of their degree behind them."""

    def build(self, folder: Path, names: Iterator[Named]) -> None:
        import lmdb

        with lmdb.open(str(folder), map_size=1 << 38, sync=False) as file, file.begin(write=True) as write:
            for it in names:
                key = normalise(it.text).encode()[:480] + b"\0" + struct.pack(">iI", -it.degree, it.owner)
                write.put(key, b"")

    def open(self, folder: Path) -> None:
        import lmdb

        read = lmdb.open(str(folder), map_size=1 << 38, readonly=True, lock=False).begin()

        def ask(start: bytes) -> list[int]:
            cursor = read.cursor()
            cursor.set_range(start)
            keys = islice(cursor.iternext(values=False), LIMIT)
            return [struct.unpack(">I", key[-4:])[0] for key in keys if key.startswith(start)]

        self.exact = lambda text: ask(normalise(text).encode() + b"\0")
        # In the order of letters: by degree it would have to read all that begin so.
        self.begun = lambda text: ask(normalise(text).encode())


class Marisa(Library):
    """A trie of names and owners; it is made of all names at once."""

    def build(self, folder: Path, names: Iterator[Named]) -> None:
        import marisa_trie

        pairs = ((normalise(it.text), (it.degree, it.owner)) for it in names)
        marisa_trie.RecordTrie("<iI", pairs).save(str(folder / "names.marisa"))

    def open(self, folder: Path) -> None:
        import marisa_trie

        trie = marisa_trie.RecordTrie("<iI").mmap(str(folder / "names.marisa"))
        self.exact = lambda text: [owner for _, owner in sorted(trie.get(normalise(text), []), reverse=True)]

        def begun(text: str) -> list[int]:
            found = sorted((value for _, value in trie.iteritems(normalise(text))), reverse=True)
            return [owner for _, owner in found[:LIMIT]]

        self.begun = begun


LIBRARIES: dict[str, Callable[[], Library]] = {
    "tantivy": Tantivy,
    "sqlite": lambda: Sqlite(trigrams=False),
    "fts5": lambda: Sqlite(trigrams=True),
    "lmdb": Lmdb,
    "marisa": Marisa,
}
_SAMPLE = "sample.json"
_NEEDED = {"lmdb": "lmdb", "marisa": "marisa_trie"}


# --- measuring -------------------------------------------------------------------------------------------


def _held() -> float:
    """Megabytes of this process without pages of mapped files."""
    status = Path("/proc/self/status").read_text() if sys.platform == "linux" else ""
    lines = dict(line.split(":", 1) for line in status.splitlines() if ":" in line)
    return int(lines.get("RssAnon", "0").split()[0]) / 1024


def _build(library: Library, size: int, folder: Path, options: argparse.Namespace) -> dict[str, Any]:
    made = min(size, 200_000)
    for _ in invented(made, seed=options.seed):  # its words belong to the benchmark
        pass
    before, start = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.process_time()
    for _ in invented(made, seed=options.seed):
        pass
    generating = (time.process_time() - start) * size / made
    sample: list[Named] = []
    start, wall = time.process_time(), time.perf_counter()
    library.build(
        folder, _noted(invented(size, seed=options.seed), sample, max(1, size // options.queries // 3))
    )
    row = {
        "build s": time.process_time() - start - generating,
        "wall s": time.perf_counter() - wall - generating,
        "peak MB": (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024,
        "size MB": sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) / 1e6,
    }
    library.complete(folder, invented(size, seed=options.seed))
    (folder / _SAMPLE).write_text(json.dumps(sample[: options.queries]))
    return row


def _noted(names: Iterator[Named], sample: list[Named], step: int) -> Iterator[Named]:
    """Labels from all over the names go into the sample on the way, the same for every library."""
    for number, it in enumerate(names):
        if number % step == 0 and it.place == 0 and len(it.text) > 4:
            sample.append(it)
        yield it


def _ask(library: Library, folder: Path, options: argparse.Namespace) -> dict[str, Any]:
    sample = [Named(*row) for row in json.loads((folder / _SAMPLE).read_text())]
    rng = random.Random(options.seed)
    before, start = _held(), time.perf_counter()
    library.open(folder)
    row: dict[str, Any] = {}

    def ask(what: str, way: Callable[[str], Sequence[int]] | None, texts: Sequence[tuple[str, int]]) -> None:
        if way is None or not texts:
            return
        times, found = [], 0
        for text, owner in texts:
            began = time.process_time()
            owners = way(text)
            times.append(1e3 * (time.process_time() - began))
            found += owner in owners
        row[f"{what} ms"] = statistics.median(times)
        row[f"{what} worst ms"] = max(times)
        row[f"{what} %"] = 100 * found / len(texts)

    ask("first", library.exact, [(sample[0].text, sample[0].owner)])
    row = {"open ms": 1e3 * (time.perf_counter() - start)}
    long = [it for it in sample if len(it.text) >= LONG]
    ask("exact", library.exact, [(it.text.upper(), it.owner) for it in sample])
    ask("no name", library.exact, [(it.text + " qx", -1) for it in sample])
    ask("begun 2", library.begun, [(it.text[:2], it.owner) for it in sample])
    ask("begun 5", library.begun, [(it.text[:5], it.owner) for it in sample])
    ask("one typo", library.fuzzy, [(mistyped(it.text, rng), it.owner) for it in sample])
    ask("swapped", library.fuzzy, [(mistyped(it.text, rng, swap=True), it.owner) for it in sample])
    ask("first letter", library.fuzzy, [(mistyped(it.text, rng, first=True), it.owner) for it in sample])
    ask("two typos", library.fuzzy, [(mistyped(mistyped(it.text, rng), rng), it.owner) for it in long])
    row["held MB"] = _held() - before
    return row


COLUMNS = (
    "build s", "peak MB", "size MB", "open ms", "held MB", "exact ms", "no name ms", "begun 2 ms",
    "begun 5 ms",
    "one typo ms", "one typo %", "swapped ms", "swapped %", "first letter ms", "first letter %",
    "two typos ms", "two typos %", "two typos worst ms",
)  # fmt: skip


def _shown(cell: float | None) -> str:
    return "-" if cell is None else f"{cell:.3g}" if cell < 100 else f"{cell:,.0f}"


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    arguments.add_argument("sizes", type=int, nargs="+", help="how many names")
    arguments.add_argument("--with", dest="libraries", default=",".join(LIBRARIES))
    arguments.add_argument("--queries", type=int, default=200)
    arguments.add_argument("--seed", type=int, default=0)
    arguments.add_argument("--keep", type=Path, help="a folder for the indexes; a temporary one if left out")
    arguments.add_argument("--memory", default="1GB", help="to take while building, where that can be told")
    arguments.add_argument("--asked-only", action="store_true", help="ask what --keep left before")
    arguments.add_argument("--step", choices=("build", "ask"), help="for the processes that this one starts")
    options = arguments.parse_args()
    wanted = options.libraries.split(",")
    if options.step:
        library, folder = LIBRARIES[wanted[0]](), options.keep
        library.memory = read_size(options.memory)
        step = _build(library, options.sizes[0], folder, options) if options.step == "build" else None
        print(json.dumps(step or _ask(library, folder, options)))
        return
    with tempfile.TemporaryDirectory() as scratch:
        for size in options.sizes:
            rows = {}
            for name in wanted:
                if name in _NEEDED and importlib.util.find_spec(_NEEDED[name]) is None:
                    continue
                folder = (options.keep or Path(scratch)) / f"{name}-{size}"
                if not options.asked_only:
                    shutil.rmtree(folder, ignore_errors=True)
                    folder.mkdir(parents=True)
                command = [sys.executable, __file__, str(size), "--with", name, "--keep", str(folder)]
                command += ["--queries", str(options.queries), "--seed", str(options.seed)]
                command += ["--memory", options.memory, "--step"]
                rows[name] = {
                    key: value
                    for step in ("build", "ask")[options.asked_only :]
                    for key, value in json.loads(
                        subprocess.run([*command, step], check=True, stdout=subprocess.PIPE).stdout
                    ).items()
                }
                if options.keep is None:
                    shutil.rmtree(folder)
            print(f"\n{f'{size:,} names':20}" + "".join(f"{name:>12}" for name in rows))
            for column in COLUMNS:
                cells = (row.get(column) for row in rows.values())
                print(f"{column:20}" + "".join(f"{_shown(cell):>12}" for cell in cells))


if __name__ == "__main__":
    main()
