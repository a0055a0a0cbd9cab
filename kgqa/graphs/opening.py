"""One door to every kind of graph."""

from __future__ import annotations

import hashlib
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from filelock import FileLock

from grammar.errors import GraphError
from kgqa.graphs.building.build import build_graph
from kgqa.graphs.embedded import EmbeddedGraph
from kgqa.graphs.manifest import FORMAT, is_graph_folder
from kgqa.graphs.protocol import KnowledgeGraph
from kgqa.graphs.readers.sources import EXPECTED, reader_of, source_digest

if TYPE_CHECKING:
    from kgqa.graphs.endpoints.endpoint import EndpointGraph

_MAY_BE = "a graph is a built folder, an http(s) address of a SPARQL endpoint, or a source of facts"


def cache_folder() -> Path:
    """Where graphs that are built on the way are kept on this machine."""
    if given := os.environ.get("XDG_CACHE_HOME"):
        return Path(given) / "kgqa" / "graphs"
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA", Path.home() / "AppData" / "Local")) / "kgqa" / "graphs"
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "kgqa" / "graphs"
    return Path.home() / ".cache" / "kgqa" / "graphs"


def open_graph(uri: str | Path, *, cache: Path | None = None, name: str | None = None) -> KnowledgeGraph:
    """Open a graph by its path or address.

    A source of facts (a folder of tables or records, an RDF file) is built once, into a folder of ``cache``
    (``cache_folder()`` if left out) that is named by its content; the graph is called ``name``, or as its
    source is.

    Raises:
        GraphError: there is no such graph, or it cannot be opened.
    """
    address = str(uri)
    if address.startswith(("http://", "https://")):
        return open_endpoint(address, cache=cache)
    path = Path(address).expanduser()
    if not path.exists():
        raise GraphError(f"{address!r} does not exist: {_MAY_BE}")
    if path.is_dir() and is_graph_folder(path):
        return EmbeddedGraph.open(path)
    if reader_of(path) is None:
        raise GraphError(f"{address!r} is no graph: {_MAY_BE} ({EXPECTED})")
    return _built_once(path, cache or cache_folder(), name or path.resolve().name)


def open_endpoint(
    url: str,
    *,
    contact: str | None = None,
    cache: Path | None = None,
    keep: bool = True,
    pause: float = 0.0,
) -> EndpointGraph:
    """Open a SPARQL endpoint: ``contact`` (KGQA_CONTACT if left out) is sent with every question.

    Its answers are kept for a day in a folder beside the graphs, unless not ``keep``; not those of this
    machine, which are at hand anyway and change when their owner loads something else.

    Raises:
        GraphError: nothing that speaks SPARQL is there, or it asks for a contact.
    """
    from kgqa.graphs.endpoints.answer_cache import AnswerCache
    from kgqa.graphs.endpoints.endpoint import EndpointGraph  # its imports take longer than opening a folder

    kept = keep and not _is_here(url)
    return EndpointGraph(
        url,
        contact=contact or os.environ.get("KGQA_CONTACT") or None,
        cache=AnswerCache((cache or cache_folder()).parent / "answers") if kept else None,
        pause=pause,
    )


def _is_here(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    return host in ("localhost", "::1") or host.startswith("127.")


def _built_once(source: Path, cache: Path, name: str) -> EmbeddedGraph:
    source = source.resolve()
    digest = hashlib.sha256(f"{FORMAT} {name} {source_digest(source)}".encode()).hexdigest()[:16]
    folder = cache / f"{source.name.split('.')[0]}-{digest}"
    if not is_graph_folder(folder):
        cache.mkdir(parents=True, exist_ok=True)
        with FileLock(cache / f".{folder.name}.lock"):  # of two processes one builds, the other waits
            if not is_graph_folder(folder):
                build_graph([source], folder, name=name)
    return EmbeddedGraph.open(folder)
