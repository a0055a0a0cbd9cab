"""Options that several verbs share, and what they open."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from grammar.errors import ConfigError, DataError, KgqaError

if TYPE_CHECKING:
    from kgqa.graphs import KnowledgeGraph
    from kgqa.parser import SemanticParser


class Dataset(StrEnum):
    """Datasets that can be read."""

    CSQA = "csqa"
    CONVQUESTIONS = "convquestions"
    PLAIN = "plain"


class Source(StrEnum):
    """Where silver forms come from."""

    SEARCHED = "searched"
    ANNOTATED = "annotated"


class Entities(StrEnum):
    """Whether the parser is given the entities of a question."""

    GOLD = "gold"
    LINKED = "linked"


class History(StrEnum):
    """Whether the turns before a question show the gold answers or the parser's own."""

    GOLD = "gold"
    PREDICTED = "predicted"


GRAPH_HELP = "A built folder, an RDF file, or the URL of a SPARQL endpoint; left out, the bundled graph."
GraphOption = Annotated[str | None, typer.Option("--graph", metavar="GRAPH", help=GRAPH_HELP)]
ModelOption = Annotated[
    Path | None, typer.Option("--model", metavar="RUN", help="Folder of a run; left out, the bundled model.")
]
DeviceOption = Annotated[str, typer.Option("--device", help="auto, cpu, cuda or mps.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON object and nothing else on stdout.")]
LimitOption = Annotated[int | None, typer.Option("--limit", min=1, help="Only so many dialogues.")]
DatasetArgument = Annotated[Dataset, typer.Argument(metavar="DATASET", help="csqa, convquestions or plain.")]
PathArgument = Annotated[
    Path, typer.Argument(metavar="PATH", help="A .jsonl, .json or .gz file, or a folder as released.")
]
OutFile = Annotated[Path, typer.Option("--out", metavar="FILE", help="File to write.")]
OutFolder = Annotated[Path, typer.Option("--out", metavar="DIR", help="Folder to write.")]


def print_json(record: object) -> None:
    print(json.dumps(record, ensure_ascii=False), flush=True)


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def read_size(text: str) -> int:
    """Bytes of a size such as 500MB.

    Raises:
        ConfigError: it is none.
    """
    found = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([kMGT]?)(i?)B?\s*", text, re.IGNORECASE)
    if found is None:
        raise ConfigError(f"expected a size such as 500MB or 2GB, found {text!r}")
    number, unit, binary = found.groups()
    return int(float(number) * (1024 if binary else 1000) ** " kmgt".index(unit.lower() or " "))


def open_graph(name: str | None) -> KnowledgeGraph:
    from kgqa.bundled import bundled
    from kgqa.graphs import open_graph

    return open_graph(bundled("graph"), name="bundled") if name is None else open_graph(name)


def open_parser(graph: str | None, model: Path | None, device: str) -> SemanticParser:
    from kgqa.bundled import bundled

    opened = open_graph(graph)  # first: a graph that is not there is told before torch is imported
    run = bundled("model") if model is None else model
    if not run.is_dir():
        raise DataError(
            f"expected the folder of a run, found no folder {str(run)!r}: train one, or leave --model out"
        )
    from kgqa.parser import SemanticParser

    return SemanticParser.load(run, opened, device=device)


def tell_skipped(skipped: Sequence[KgqaError]) -> None:
    for error in skipped[:5]:
        say(f"skipped: {error}")
    if len(skipped) > 5:
        say(f"skipped: {len(skipped) - 5:,} more records")
