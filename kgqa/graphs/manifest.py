"""The manifest of a built graph: what makes a folder a graph, written last and checked first."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from grammar.errors import GraphError
from kgqa.graphs.protocol import GraphInfo

MANIFEST = "graph.json"
FORMAT = 1
"""Changes with every change of the layout that older code cannot read."""

_AGAIN = "build it again with `kgqa graph build SOURCE... --out DIR`"


@dataclass(frozen=True, slots=True)
class Manifest:
    """What is in a folder. ``files``: file name -> size in bytes."""

    info: GraphInfo
    files: dict[str, int]
    sources: list[str]
    type_relations: list[str]
    subclass_relation: str | None


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
    """Read it and see that every file is there in its full size. Reads no array.

    Raises:
        GraphError: no graph, another format, or an incomplete copy; says which file.
    """
    path = folder / MANIFEST
    try:
        content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        number = content.pop("format")
        if number != FORMAT:
            raise GraphError(
                f"{path} has format {number}, this version of kgqa reads format {FORMAT}: {_AGAIN}"
            )
        manifest = Manifest(**{**content, "info": GraphInfo(**content["info"])})
    except FileNotFoundError:
        raise GraphError(f"{folder} is no built graph, it has no {MANIFEST}: {_AGAIN}") from None
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise GraphError(f"{path} is damaged ({error}): {_AGAIN}, or copy the folder again") from None
    for name, size in manifest.files.items():
        try:
            found = os.stat(folder / name).st_size
        except OSError:
            raise GraphError(f"{folder / name} is missing: copy the folder again, or {_AGAIN}") from None
        if found != size:
            raise GraphError(
                f"{folder / name} has {found:,} bytes, expected {size:,}: copy the folder again, or {_AGAIN}"
            )
    return manifest
