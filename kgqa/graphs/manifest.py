"""The manifest of a built graph: what makes a folder a graph, written last and checked first.

Opening looks at every file's size and at its first and last bytes: that costs milliseconds and shows a copy
that stopped half way, also one whose place was reserved in full before. ``kgqa.graphs.check`` reads all.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from grammar.errors import GraphError
from kgqa.graphs.protocol import GraphInfo

MANIFEST = "graph.json"
FORMAT = 4
"""Changes with every change of the layout that older code cannot read."""

_END = 4096
_MOST_NAMED = 3
_AGAIN = "build it again with `kgqa graph build SOURCE... --out DIR`"
_COPY_AGAIN = f"copy the folder again, or {_AGAIN}"


@dataclass(frozen=True, slots=True)
class Seal:
    """What a file was when it was written: its size, a digest of its first and last bytes, and of all."""

    bytes: int
    ends: str
    sha256: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """What is in a folder. ``files``: path of a file in it -> its seal."""

    info: GraphInfo
    files: Mapping[str, Seal]
    sources: list[str]
    type_relations: list[str]
    subclass_relation: str | None


def seal(path: Path) -> Seal:
    """Read a file that is complete, for the manifest."""
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return Seal(path.stat().st_size, _ends(path), digest)


def _ends(path: Path) -> str:
    with path.open("rb", buffering=0) as file:
        first = file.read(_END)
        file.seek(max(0, os.fstat(file.fileno()).st_size - _END))
        return hashlib.blake2b(first + file.read(_END), digest_size=8).hexdigest()


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Write it, on the disk when this returns."""
    text = json.dumps({"format": FORMAT, **asdict(manifest)}, ensure_ascii=False, indent=1)
    with (folder / MANIFEST).open("w", encoding="utf-8") as file:
        file.write(text + "\n")
        file.flush()
        os.fsync(file.fileno())


def is_graph_folder(folder: Path) -> bool:
    """Whether a folder claims to be a built graph."""
    return (folder / MANIFEST).is_file()


def read_manifest(folder: Path) -> Manifest:
    """Read it, and see that every file is there from its first to its last byte. Reads no array.

    Raises:
        GraphError: no graph, another format, or an incomplete or mixed copy; says which files.
    """
    manifest = read_unchecked(folder)
    damages = damages_at_a_glance(folder, manifest)
    if damages:
        raise not_whole(folder, damages)
    return manifest


def read_unchecked(folder: Path) -> Manifest:
    """Read the manifest alone.

    Raises:
        GraphError: no graph, another format, or a manifest that is damaged.
    """
    path = folder / MANIFEST
    try:
        content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        number = content.pop("format")
        if number != FORMAT:
            raise GraphError(
                f"{path} has format {number}, this version of kgqa reads format {FORMAT}: {_AGAIN}"
            )
        files = {name: Seal(**row) for name, row in content["files"].items()}
        return Manifest(**{**content, "info": GraphInfo(**content["info"]), "files": files})
    except FileNotFoundError:
        raise GraphError(f"{folder} is no built graph, it has no {MANIFEST}: {_AGAIN}") from None
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise GraphError(f"{path} is damaged ({error}): {_COPY_AGAIN}") from None


def damages_at_a_glance(folder: Path, manifest: Manifest) -> list[str]:
    """What sizes, ends and names of files show to be wrong, a file each."""
    found = (_damage(folder / name, name, it) for name, it in manifest.files.items())
    return [told for told in found if told] + [
        f"{name} is no file of this graph" for name in _strangers(folder, manifest.files)
    ]


def _damage(path: Path, name: str, was: Seal) -> str | None:
    try:
        size = path.stat().st_size
        if size != was.bytes:
            return f"{name} has {size:,} bytes, expected {was.bytes:,}"
        return None if _ends(path) == was.ends else f"{name} is damaged"
    except FileNotFoundError:
        return f"{name} is missing"
    except OSError as error:
        return f"{name} cannot be read ({error.strerror})"


def _strangers(folder: Path, files: Iterable[str]) -> list[str]:
    """Files that look like a graph's but are not in its manifest: two builds were copied into one folder.

    What others leave in folders (a note, .DS_Store) does no harm.
    """
    known = {MANIFEST, *files}
    endings = {Path(name).suffix for name in known}
    found = (
        Path(place, name).relative_to(folder).as_posix()
        for place, _, names in os.walk(folder)
        for name in names
        if not name.startswith(".") and Path(name).suffix in endings
    )
    return sorted(set(found) - known)


def not_whole(folder: Path, damages: Sequence[str]) -> GraphError:
    """The error that says what is wrong with a folder, and what to do."""
    more = len(damages) - _MOST_NAMED
    told = "; ".join(damages[:_MOST_NAMED]) + (f"; and {more} more" if more > 0 else "")
    return GraphError(f"{folder} is no whole graph: {told}: {_COPY_AGAIN}")
