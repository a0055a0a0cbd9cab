"""What a graph can be built from: each kind of source yields records.

A new kind is one reader (path, reading) -> records, and one line in ``reader_of``.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import TypeAlias

from grammar.errors import GraphError
from kgqa.graphs.rdf_terms import format_of
from kgqa.graphs.readers.csqa_graph import is_csqa_file, is_csqa_folder, read_csqa_file, read_csqa_folder
from kgqa.graphs.readers.journal import LARGE, Journal
from kgqa.graphs.readers.jsonl import is_jsonl, jsonl_files, read_jsonl
from kgqa.graphs.readers.languages import Languages
from kgqa.graphs.readers.reading import Progress, Reading
from kgqa.graphs.readers.record import Record
from kgqa.graphs.readers.selection import TYPE_RELATIONS, Selection
from kgqa.graphs.readers.skips import Skips
from kgqa.graphs.readers.slicing import slice_of
from kgqa.graphs.readers.tsv import is_tsv, is_tsv_folder, read_tsv, read_tsv_folder
from kgqa.graphs.readers.wikidata_json import is_wikidata_json, read_wikidata_json

Source: TypeAlias = str | Path | Iterable[Record]
Reader: TypeAlias = Callable[[Path, Reading], Iterator[Record]]

EXPECTED = (
    "expected a folder with triples.tsv, a folder with *.jsonl records, a .jsonl or .tsv file, a dump of "
    "Wikidata (.json), CSQA's folder with wikidata_short_1.json, or an RDF file (.ttl, .nt, .nq, .trig, "
    ".rdf, .xml, .jsonld), plain or packed (.gz, .bz2, .zst)"
)


def reader_of(path: Path) -> Reader | None:
    """The reader for a file or folder, or None where no kind of source looks like it."""
    if path.is_dir():
        if is_tsv_folder(path):
            return read_tsv_folder
        if is_csqa_folder(path):
            return read_csqa_folder
        return _read_jsonl_folder if jsonl_files(path) else None
    for fits, reader in (
        (is_jsonl, read_jsonl),
        (is_tsv, read_tsv),
        (_is_rdf, _read_rdf),
        (is_csqa_file, read_csqa_file),
        (is_wikidata_json, read_wikidata_json),
    ):
        if fits(path):
            return reader
    return None


def read_sources(
    sources: Sequence[Source],
    skips: Skips,
    selection: Selection,
    progress: Progress | None,
    *,
    journal: Path | None = None,
) -> Iterator[Record]:
    """The records of all sources, as far as they are selected.

    Args:
        journal: a folder where to keep what has been read of large dumps; a second run goes on from there.
        progress: told how many bytes of a file have been read, as it lies on the disk.

    Raises:
        GraphError: there is no such source, or it cannot be read.
    """
    wanted = selection.relations and selection.relations.union(TYPE_RELATIONS)
    reading = Reading(skips, Languages(selection.languages), progress, wanted)
    paths = [Path(source) for source in sources if isinstance(source, str | Path)]
    if journal is not None and sum(path.stat().st_size for path in paths if path.is_file()) >= LARGE:
        reading.journal = Journal(journal, paths, str(selection))

    def read(reading: Reading, test: Callable[[Record], bool]) -> Iterator[Record]:
        for number, source in enumerate(sources):

            def behind(line: int, source: Source = source) -> Iterator[Record]:
                return filter(test, map(selection.of_relations, _read_source(source, reading, line)))

            is_dump = isinstance(source, str | Path) and reader_of(Path(source)) is read_wikidata_json
            if reading.journal and is_dump:
                yield from reading.journal.records(f"{number}", behind, reading)
            else:
                yield from behind(0)

    if not selection.types:
        yield from read(reading, lambda record: True)
        return
    if any(isinstance(source, Iterator) for source in sources):
        raise GraphError("types can be selected only from what can be read twice: give records as a list")
    are_whole = len(sources) == 1 and all(reader_of(path) is read_wikidata_json for path in paths)
    yield from slice_of(read, reading, selection, are_whole=bool(paths) and are_whole)


def _read_source(source: Source, reading: Reading, behind: int) -> Iterator[Record]:
    """The records of one source, of a dump from behind a line on."""
    if not isinstance(source, str | Path):
        yield from source
        return
    path = Path(source)
    if not path.exists():
        raise GraphError(f"{path} does not exist: {EXPECTED}")
    reader = reader_of(path)
    if reader is None:
        raise GraphError(f"{path} is no source of facts: {EXPECTED}")
    yield from reader(path, reading) if not behind else read_wikidata_json(path, reading, behind)


def source_name(source: Source) -> str:
    """How the manifest names a source."""
    return Path(source).name if isinstance(source, str | Path) else "records"


def source_digest(path: Path) -> str:
    """One digest of a file, or of all files of a folder with their names."""
    digest = hashlib.sha256()
    for file in sorted(p for p in path.rglob("*") if p.is_file()) if path.is_dir() else [path]:
        digest.update(f"{file.relative_to(path) if path.is_dir() else file.name}\0".encode())
        with file.open("rb") as opened:
            digest.update(hashlib.file_digest(opened, "sha256").digest())
    return digest.hexdigest()


def _read_jsonl_folder(folder: Path, reading: Reading) -> Iterator[Record]:
    for path in jsonl_files(folder):
        yield from read_jsonl(path, reading)


def _is_rdf(path: Path) -> bool:
    return format_of(path) is not None


def _read_rdf(path: Path, reading: Reading) -> Iterator[Record]:
    from kgqa.graphs.readers.rdf_reading import read_rdf  # only RDF needs its parser

    yield from read_rdf(path, reading)
