"""Building a graph folder from sources, so that a killed build leaves nothing that opens."""

from __future__ import annotations

import glob
import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from grammar.errors import GraphError
from kgqa.graphs.arrays import ArrayWriter
from kgqa.graphs.building.collect import Chunk
from kgqa.graphs.building.gather import Gathered
from kgqa.graphs.building.layout import write_layout
from kgqa.graphs.building.spool import Scratch
from kgqa.graphs.manifest import Manifest, is_graph_folder, write_manifest
from kgqa.graphs.protocol import GraphInfo
from kgqa.graphs.readers.reading import Progress
from kgqa.graphs.readers.selection import EVERYTHING, TYPE_RELATIONS, Selection
from kgqa.graphs.readers.skips import Skips
from kgqa.graphs.readers.sources import Source, read_sources, source_name

MEMORY = 1_000_000_000
"""How many bytes a build takes unless told otherwise."""
LEAST_MEMORY = 1_000_000

_SORTS = 20
"""Into how many parts the memory is divided: up to seven sorts are at work at once, and what is made of a
block of theirs takes a few times as much as the block."""


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
    chunks: Iterable[Chunk] = (),
    memory: int = MEMORY,
    progress: Progress | None = None,
) -> BuildReport:
    """Build a graph folder; one that is there already is replaced when the new one is complete.

    What has been read of large dumps is kept beside ``out`` until then: after a kill the same build goes on
    from there.

    Args:
        sources: files, folders or iterables of records; facts of one entity may come from several.
        name: what to call the graph; the name of ``out`` if left out.
        strict: refuse a broken place instead of skipping and counting it.
        type_relations: relations whose objects are the types of their subjects.
        subclass_relation: a relation (Wikidata's is P279) up which membership is carried; None leaves an
            entity in the types that it is stated to have.
        selection: which part of the sources to take.
        chunks: facts as columns, from what makes many at once; taken as they are, after the sources.
        memory: about how many bytes of memory to take, over those of Python and its libraries; what is more
            goes to the disk, into the folder's place. The graph is the same, to the byte, whatever it is;
            only the index of names falls into more pieces with less, and takes 110 MB in any case if there
            are enough names.
        progress: told of what is being done, and how far it is.

    Raises:
        GraphError: a source cannot be read, holds nothing, or ``out`` is something else than a graph.
    """
    out = Path(out)
    if memory < LEAST_MEMORY:
        raise GraphError(
            f"a build takes at least {LEAST_MEMORY:,} bytes of memory, {memory:,} are allowed: allow more"
        )
    _see_that_free(out)
    skips = Skips(strict=strict)
    journal = out.parent / f".{out.name}.reading"
    try:
        with _building(out) as folder:
            writer = ArrayWriter(folder)
            with Scratch(folder / "scratch", memory=memory // _SORTS) as scratch:
                gathered = Gathered(scratch, memory=memory)
                for record in read_sources(sources, skips, selection, progress, journal=journal):
                    gathered.take(record)
                gathered.end()
                for chunk in chunks:
                    gathered.store(chunk)
                    del chunk  # the last one would be held to the end
                if not gathered.names.count:
                    raise _nothing_found(sources, skips)
                counts = write_layout(
                    writer,
                    gathered,
                    scratch,
                    memory=memory,
                    type_relations=type_relations,
                    subclass_relation=subclass_relation,
                    progress=progress,
                )
            size = sum(it.bytes for it in writer.files.values())
            info = GraphInfo(name=name or out.name, checksum=writer.checksum(), bytes=size, **asdict(counts))
            names = [source_name(source) for source in sources]
            write_manifest(
                folder, Manifest(info, writer.files, names, list(type_relations), subclass_relation)
            )
            _put(folder, out)
        shutil.rmtree(journal, ignore_errors=True)
    except OSError as error:
        raise GraphError(
            f"{out} cannot be written ({error.strerror or error}): make room, or name another place"
        ) from None
    return BuildReport(out, info, skips.count, tuple(skips.messages), skips.broken, skips.left_out)


def _nothing_found(sources: Iterable[Source], skips: Skips) -> GraphError:
    first = f"; the first of {skips.count} broken places: {skips.messages[0]}" if skips.messages else ""
    return GraphError(f"no entity was found in {', '.join(map(source_name, sources)) or 'no source'}{first}")


@contextmanager
def _building(out: Path) -> Iterator[Path]:
    """A folder beside the place of the graph, to build in; whatever happens, nothing half-made stays."""
    out.parent.mkdir(parents=True, exist_ok=True)
    _remove_abandoned(out)
    folder = Path(tempfile.mkdtemp(prefix=f".{out.name}.building-{os.getpid()}-", dir=out.parent))
    folder.chmod(0o755)  # mkdtemp keeps others out
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)  # where all went well, it has been moved away


def _remove_abandoned(out: Path) -> None:
    """Delete what killed builds of this graph left beside it."""
    if os.name == "nt":  # there is no harmless way there to ask whether a process lives
        return
    for folder in out.parent.glob(f".{glob.escape(out.name)}.building-*"):
        owner = folder.name.removeprefix(f".{out.name}.building-").partition("-")[0]
        if owner.isdecimal() and not _lives(int(owner)):
            shutil.rmtree(folder, ignore_errors=True)


def _lives(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


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
