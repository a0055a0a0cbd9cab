"""Building a graph folder from sources, so that a killed build leaves nothing that opens."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from grammar.errors import GraphError
from kgqa.graphs.arrays import ArrayWriter
from kgqa.graphs.collect import Collected
from kgqa.graphs.layout import write_layout
from kgqa.graphs.manifest import Manifest, is_graph_folder, write_manifest
from kgqa.graphs.protocol import GraphInfo
from kgqa.graphs.rdf_terms import end_of
from kgqa.graphs.reading import Progress
from kgqa.graphs.selection import EVERYTHING, TYPE_RELATIONS, Selection
from kgqa.graphs.skips import Skips
from kgqa.graphs.sources import Source, read_sources, source_name


@dataclass(frozen=True, slots=True)
class BuildReport:
    """What came of a build.

    ``skipped`` broken places, counted by their kind in ``broken`` and the first of them told in ``messages``;
    ``left_out`` counts what is whole but has no place in a graph.
    """

    folder: Path
    info: GraphInfo
    skipped: int
    messages: tuple[str, ...]
    broken: Mapping[str, int]
    left_out: Mapping[str, int]


def build_graph(
    sources: Sequence[Source],
    out: Path,
    *,
    name: str | None = None,
    strict: bool = False,
    type_relations: Sequence[str] = TYPE_RELATIONS,
    subclass_relation: str | None = None,
    selection: Selection = EVERYTHING,
    progress: Progress | None = None,
) -> BuildReport:
    """Build a graph folder; one that is there already is replaced when the new one is complete.

    Args:
        sources: files, folders or iterables of records; facts of one entity may come from several.
        name: what to call the graph; the name of ``out`` if left out.
        strict: refuse a broken place instead of skipping and counting it.
        type_relations: relations whose objects are the types of their subjects.
        subclass_relation: a relation (Wikidata's is P279) up which membership is carried; None leaves an
            entity in the types that it is stated to have.
        selection: which part of the sources to take.
        progress: told of what is being done, and how far it is.

    Raises:
        GraphError: a source cannot be read, holds nothing, or ``out`` is something else than a graph.
    """
    out = Path(out)
    _see_that_free(out)
    skips = Skips(strict=strict)
    collected = Collected()
    for record in read_sources(sources, skips, selection, progress):
        collected.add(record)
    for names, words in (
        (collected.entities, collected.entity_words),
        (collected.relations, collected.relation_words),
    ):
        for called, number in names.items():
            if number not in words.labels and (end := end_of(called)):
                words.labels[number] = end
    if not collected.entities:
        first = f"; the first of {skips.count} broken places: {skips.messages[0]}" if skips.messages else ""
        raise GraphError(
            f"no entity was found in {', '.join(map(source_name, sources)) or 'no source'}{first}"
        )
    if progress:
        progress("writing", 0)
    try:
        info = _write(
            collected,
            out,
            name=name or out.name,
            sources=[source_name(source) for source in sources],
            type_relations=list(type_relations),
            subclass_relation=subclass_relation,
        )
    except OSError as error:
        raise GraphError(
            f"{out} cannot be written ({error.strerror or error}): make room, or name another place"
        ) from None
    return BuildReport(out, info, skips.count, tuple(skips.messages), skips.broken, skips.left_out)


def _write(
    collected: Collected,
    out: Path,
    *,
    name: str,
    sources: list[str],
    type_relations: list[str],
    subclass_relation: str | None,
) -> GraphInfo:
    """Write the whole graph beside its place, then move it there."""
    out.parent.mkdir(parents=True, exist_ok=True)
    building = Path(tempfile.mkdtemp(prefix=f".{out.name}.building-", dir=out.parent))
    try:
        writer = ArrayWriter(building)
        counts = write_layout(
            writer, collected, type_relations=type_relations, subclass_relation=subclass_relation
        )
        size = sum(it.bytes for it in writer.files.values())
        info = GraphInfo(name=name, checksum=writer.checksum(), bytes=size, **asdict(counts))
        write_manifest(building, Manifest(info, writer.files, sources, type_relations, subclass_relation))
        building.chmod(0o755)  # mkdtemp keeps others out
        _put(building, out)
    except BaseException:  # also Ctrl-C: nothing half-made stays
        shutil.rmtree(building, ignore_errors=True)
        raise
    return info


def _see_that_free(out: Path) -> None:
    if out.is_dir() and (is_graph_folder(out) or not any(out.iterdir())):
        return
    if out.exists() or out.is_symlink():
        raise GraphError(f"{out} is there already and is no built graph: name another place for the graph")


def _put(building: Path, out: Path) -> None:
    """Move the finished folder to its place, with everything on the disk."""
    _flush_folder(building)
    if out.exists():
        old = Path(tempfile.mkdtemp(prefix=f".{out.name}.old-", dir=out.parent))
        out.rename(old / "graph")
        building.rename(out)
        shutil.rmtree(old)
    else:
        building.rename(out)
    _flush_folder(out.parent)


def _flush_folder(folder: Path) -> None:
    if os.name == "nt":  # a folder cannot be opened there, and renaming is on the disk without it
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
