"""A real SPARQL server on this machine, for tests: the oxigraph binary with a graph of ours."""

from __future__ import annotations

import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import rdflib


def oxigraph_binary() -> str | None:
    """Where the binary of the PyPI package lies, or None."""
    return shutil.which("oxigraph", path=str(Path(sys.executable).parent)) or shutil.which("oxigraph")


@contextmanager
def serving(graph: rdflib.Graph, folder: Path) -> Iterator[str]:
    """Serve a graph; gives the address of its endpoint."""
    binary = oxigraph_binary()
    assert binary is not None
    file = folder / "served.nt"
    graph.serialize(file, format="nt", encoding="utf-8")
    store = folder / "store"
    subprocess.run([binary, "load", "-l", store, "-f", file], check=True, capture_output=True)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [binary, "serve-read-only", "-l", str(store), "-b", f"127.0.0.1:{port}"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        url = f"http://127.0.0.1:{port}/query"
        for _ in range(100):
            try:
                urllib.request.urlopen(f"{url}?query=ASK%7B%7D", timeout=1).close()
                break
            except (urllib.error.URLError, ConnectionError):
                time.sleep(0.05)
        yield url
    finally:
        process.terminate()
        process.wait(timeout=10)
