"""Real SPARQL servers on this machine, for tests: oxigraph and Virtuoso with a graph of ours.

``serving(graph, folder)`` is oxigraph's binary (PyPI), ``serving_virtuoso`` Debian's
``virtuoso-opensource-7-bin``; ``SERVERS`` has both by name. A test asks ``is_there(name)`` first and skips
with ``missing(name)`` where a server is not installed.
"""

from __future__ import annotations

import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import TypeAlias

import rdflib

GRAPH = "http://example.org/graph"
"""The named graph that Virtuoso holds the facts in; beside it lie some thousand triples of its own."""


def oxigraph_binary() -> str | None:
    """Where the binary of the PyPI package lies, or None."""
    return shutil.which("oxigraph", path=str(Path(sys.executable).parent)) or shutil.which("oxigraph")


def virtuoso_binary() -> str | None:
    """Where Debian's server lies, or None where it or its console is not installed."""
    return shutil.which("virtuoso-t") if shutil.which("isql-vt") else None


def free_port() -> int:
    """A port that nobody listens on just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def triples_file(graph: rdflib.Graph | Path, folder: Path) -> Path:
    """A graph as a file of N-Triples; a file stays as it is."""
    if isinstance(graph, Path):
        return graph
    file = folder / "served.nt"
    graph.serialize(file, format="nt", encoding="utf-8")
    return file


@contextmanager
def _running(command: list[str], url: str, *, seconds: float = 60.0) -> Iterator[None]:
    """Run a server until it answers, and to the end of the block."""
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + seconds
        while True:
            try:
                urllib.request.urlopen(f"{url}?query=ASK%7B%7D", timeout=5).close()
                break
            except (urllib.error.URLError, ConnectionError, TimeoutError):
                assert process.poll() is None, f"{command[0]} ended with {process.returncode}"
                assert time.monotonic() < deadline, f"{command[0]} does not answer"
                time.sleep(0.05)
        yield
    finally:
        process.terminate()
        try:
            process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(timeout=10)


@contextmanager
def serving(graph: rdflib.Graph | Path, folder: Path) -> Iterator[str]:
    """Serve a graph, or a file of N-Triples, with oxigraph; gives the address of its endpoint."""
    binary = oxigraph_binary()
    assert binary is not None
    store = folder / "store"
    loading = [binary, "load", "-l", str(store), "-f", str(triples_file(graph, folder))]
    subprocess.run(loading, check=True, capture_output=True)
    port = free_port()
    url = f"http://127.0.0.1:{port}/query"
    with _running([binary, "serve-read-only", "-l", str(store), "-b", f"127.0.0.1:{port}"], url):
        yield url


_VIRTUOSO = """\
[Database]
DatabaseFile = {folder}/virtuoso.db
ErrorLogFile = {folder}/virtuoso.log
LockFile = {folder}/virtuoso.lck
TransactionFile = {folder}/virtuoso.trx
xa_persistent_file = {folder}/virtuoso.pxa
ErrorLogLevel = 7
FileExtend = 200
MaxCheckpointRemap = 2000
[TempDatabase]
DatabaseFile = {folder}/virtuoso-temp.db
TransactionFile = {folder}/virtuoso-temp.trx
MaxCheckpointRemap = 2000
[Parameters]
ServerPort = 127.0.0.1:{console}
DirsAllowed = {folder}
NumberOfBuffers = 20000
MaxDirtyBuffers = 15000
ServerThreads = 10
CheckpointInterval = 0
[HTTPServer]
ServerPort = 127.0.0.1:{port}
ServerRoot = {folder}
ServerThreads = 5
[SPARQL]
ResultSetMaxRows = {rows}
DefaultQuery = ASK {{}}
"""


@contextmanager
def serving_virtuoso(graph: rdflib.Graph | Path, folder: Path, *, rows: int = 10_000) -> Iterator[str]:
    """Serve a graph, or a file of N-Triples, with Virtuoso; ``rows`` is the most it gives at once.

    The address names the graph, so that Virtuoso's own triples are left out.
    """
    binary, console = virtuoso_binary(), shutil.which("isql-vt")
    assert binary is not None
    assert console is not None
    folder = folder.resolve() / "virtuoso"
    folder.mkdir(parents=True)
    file = triples_file(graph, folder)
    if file.parent != folder:
        file = Path(shutil.copy(file, folder / "served.nt"))
    port, console_port = free_port(), free_port()
    settings = folder / "virtuoso.ini"
    settings.write_text(_VIRTUOSO.format(folder=folder, port=port, console=console_port, rows=rows))
    url = f"http://127.0.0.1:{port}/sparql"
    with _running([binary, "-f", "-c", str(settings)], url):
        load = f"DB.DBA.TTLP_MT(file_open('{file}'), '', '{GRAPH}', 0, 2);"
        said = subprocess.run(
            [console, f"127.0.0.1:{console_port}", "dba", "dba", f"exec={load}"],
            capture_output=True,
            text=True,
            timeout=300,
        )
        assert said.returncode == 0, said.stdout + said.stderr
        assert "Error" not in said.stdout + said.stderr, said.stdout + said.stderr
        yield f"{url}?default-graph-uri={urllib.parse.quote(GRAPH, safe='')}"


Serving: TypeAlias = Callable[[rdflib.Graph | Path, Path], AbstractContextManager[str]]

SERVERS: Mapping[str, Serving] = {"oxigraph": serving, "virtuoso": serving_virtuoso}
_BINARIES = {"oxigraph": oxigraph_binary, "virtuoso": virtuoso_binary}


def is_there(server: str) -> bool:
    """Whether a server is installed."""
    return _BINARIES[server]() is not None


def missing(server: str) -> str:
    """Why a test is skipped."""
    package = {"oxigraph": "the PyPI package oxigraph", "virtuoso": "Debian's virtuoso-opensource-7-bin"}
    return f"{server} is not installed ({package[server]})"
