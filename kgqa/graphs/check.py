"""Looking at every byte of a built graph: what opening cannot afford, for after a copy or on an old disk."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from grammar.errors import GraphError
from kgqa.graphs.arrays import Array, ArrayReader
from kgqa.graphs.manifest import Manifest, damages_at_a_glance, not_whole, read_unchecked

_CHUNK = 1 << 22
_POINTERS, _ITEMS = ".pointers", ".items"


@dataclass(frozen=True, slots=True)
class Checked:
    """What was looked at, and all that is wrong, in words; nothing of that in a whole graph."""

    folder: Path
    files: int
    bytes: int
    damages: tuple[str, ...]

    def raise_damages(self) -> None:
        """Do nothing about a whole graph.

        Raises:
            GraphError: something is wrong; says what and what to do.
        """
        if self.damages:
            raise not_whole(self.folder, self.damages)


def check_graph(folder: Path, *, progress: Callable[[int, int], None] | None = None) -> Checked:
    """Hold every file against the manifest and, where all are what was written, arrays against each other.

    Args:
        progress: called with the bytes read so far, and how many there are.

    Raises:
        GraphError: the folder has no manifest that can be read.
    """
    manifest = read_unchecked(folder)
    total = sum(it.bytes for it in manifest.files.values())
    damages = damages_at_a_glance(folder, manifest)
    known, done = {told.partition(" ")[0] for told in damages}, 0
    for name, it in manifest.files.items():
        if name not in known and _digest(folder / name, done, total, progress) != it.sha256:
            damages.append(f"{name} is damaged")
        done += it.bytes
    if not damages:
        damages.extend(_contradictions(folder, manifest))
    return Checked(folder, len(manifest.files), total, tuple(damages))


def _digest(path: Path, done: int, total: int, progress: Callable[[int, int], None] | None) -> str:
    digest = hashlib.sha256()
    try:
        with path.open("rb") as file:
            while chunk := file.read(_CHUNK):
                digest.update(chunk)
                done += len(chunk)
                if progress:
                    progress(done, total)
    except OSError as error:
        raise GraphError(f"{path} cannot be read ({error.strerror}): copy the folder again") from None
    return digest.hexdigest()


def _contradictions(folder: Path, manifest: Manifest) -> Iterator[str]:
    """Arrays that cannot belong together: nothing that a copy does, but a build that went wrong."""
    reader = ArrayReader(folder)
    arrays = {name.removesuffix(".npy") for name in manifest.files if name.endswith(".npy")}
    for name in sorted(arrays):
        if not name.endswith(_POINTERS):
            continue
        ragged = name.removesuffix(_POINTERS)
        pointers = reader.column(name)
        if ragged + _ITEMS not in arrays:
            yield f"{name}.npy has no {ragged}{_ITEMS}.npy"
        elif not len(pointers) or pointers[0] != 0 or pointers[-1] != len(reader.column(ragged + _ITEMS)):
            yield f"{name}.npy does not cover {ragged}{_ITEMS}.npy"
        elif not _ascending(pointers):
            yield f"{name}.npy is not in ascending order"
    rows = {"entities": manifest.info.entities, "relations": manifest.info.relations}
    for name, count in rows.items():
        if name + _POINTERS in arrays and len(reader.column(name + _POINTERS)) != count + 1:
            yield f"{name}{_POINTERS}.npy is not of {count:,} {name}"


def _ascending(column: Array) -> bool:
    """Whether no element is smaller than the one before, a piece of the column at a time."""
    for start in range(0, len(column) - 1, _CHUNK):
        piece = column[start : start + _CHUNK + 1]
        if (piece[1:] < piece[:-1]).any():
            return False
    return True
