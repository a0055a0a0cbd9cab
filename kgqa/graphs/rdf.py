"""RDF files."""

from collections.abc import Iterator
from pathlib import Path
from kgqa.graphs.record import Record
from kgqa.graphs.skips import Skips


def is_rdf(path: Path) -> bool:
    return False


def read_rdf(path: Path, skips: Skips) -> Iterator[Record]:
    yield from ()
