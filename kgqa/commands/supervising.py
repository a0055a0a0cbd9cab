"""The verb ``supervise``, and how it tells what it has done."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from grammar.errors import ConfigError, DataError
from kgqa.bundled import bundled
from kgqa.commands.options import (
    DatasetArgument,
    DeviceOption,
    GraphOption,
    JsonOption,
    LimitOption,
    ModelOption,
    OutFile,
    PathArgument,
    Source,
    open_graph,
    print_json,
    say,
    tell_skipped,
)

if TYPE_CHECKING:
    from kgqa.supervision import Coverage

_IN_THE_WAY = {
    "failed": "ended in an error",
    "unanswered": "have no known answer",
    "absent": "name an entity, or have one in their answer, that the graph does not have",
}


def supervise(
    dataset: DatasetArgument,
    path: PathArgument,
    out: OutFile,
    graph: GraphOption = None,
    source: Annotated[
        Source, typer.Option("--source", help="Search forms by their answers, or read them off annotations.")
    ] = Source.SEARCHED,
    workers: Annotated[
        int | None, typer.Option("--workers", min=1, help="Processes; else one a core.")
    ] = None,
    ray: Annotated[
        str | None,
        typer.Option("--ray", metavar="ADDRESS", help="A Ray cluster: auto, HOST:PORT, or local."),
    ] = None,
    encoder: Annotated[
        str | None,
        typer.Option("--encoder", help="Compares question and relation; else the bundled one, or none."),
    ] = None,
    limit: LimitOption = None,
    as_json: JsonOption = False,
) -> None:
    """Find the forms that questions stand for, and say for how many that worked. A rerun continues.

    \b
    kgqa supervise csqa train.jsonl.gz --graph graphs/wikidata --out silver.jsonl
    kgqa supervise csqa train.jsonl.gz --graph graphs/wikidata --out silver.jsonl --ray auto
    kgqa supervise csqa train.jsonl.gz --graph graphs/wikidata --out read.jsonl --source annotated --json
    """
    from kgqa.commands.terminal import console, print_coverage
    from kgqa.datasets import count_dialogues, read_dataset
    from kgqa.supervision import supervise as run_supervision

    if ray is not None and workers is not None:
        raise ConfigError(
            "expected --workers (processes here) or --ray (a cluster), found both: leave one out"
        )
    skipped: list[DataError] = []
    dialogues = read_dataset(dataset.value, path, on_error=skipped.append)
    opened = open_graph(graph)
    total = count_dialogues(dataset.value, path, limit=limit) if sys.stderr.isatty() else 0
    with show_coverage(total) as tell:
        coverage = run_supervision(
            dialogues,
            opened,
            out=out,
            source=source.value,
            workers=workers or os.cpu_count() or 1,
            ray=ray,
            limit=limit,
            encoder=_encoder(encoder),
            progress=tell,
        )
    tell_skipped(skipped)
    record = coverage.to_json()
    if as_json:
        print_json({**record, "skipped": len(skipped), "skipped_because": [str(error) for error in skipped]})
    else:
        print_coverage(record, console())
    tell_what_was_in_the_way(coverage, path, skipped=len(skipped))
    if coverage.cut_off is not None:
        raise coverage.cut_off


def rerank(
    dataset: DatasetArgument,
    path: PathArgument,
    silver: Annotated[
        Path, typer.Option("--silver", metavar="FILE", help="Of 'kgqa supervise', over the same dialogues.")
    ],
    out: OutFile,
    graph: GraphOption = None,
    model: ModelOption = None,
    weight: Annotated[
        float, typer.Option("--weight", min=0.0, help="How much the model counts beside the search.")
    ] = 1.0,
    device: DeviceOption = "auto",
    as_json: JsonOption = False,
) -> None:
    """Let a model put the forms of a silver file in order: train, re-rank, train again.

    \b
    kgqa rerank csqa train.jsonl.gz --silver first.jsonl --graph graphs/mine --model runs/1 --out second.jsonl
    """
    from dataclasses import asdict

    from kgqa.checkpoint import load_checkpoint
    from kgqa.commands.terminal import show_progress
    from kgqa.datasets import read_dataset
    from kgqa.reranking import rerank as run_reranking

    skipped: list[DataError] = []
    dialogues = read_dataset(dataset.value, path, on_error=skipped.append)
    checkpoint = load_checkpoint(model or bundled("model"), device=device)
    with show_progress() as progress:
        counts = run_reranking(
            dialogues,
            silver,
            checkpoint,
            graph=graph or str(bundled("graph")),
            out=out,
            weight=weight,
            progress=lambda done: progress("questions", done, None),
        )
    tell_skipped(skipped)
    if as_json:
        print_json({**asdict(counts), "out": str(out)})
    else:
        print(
            f"{out}: {counts.questions:,} questions, {counts.with_choice:,} with a choice of forms, "
            f"{counts.changed:,} with another best form"
        )


def _encoder(given: str | None) -> str | None:
    """The text encoder to use: the one named, the bundled one, or ``none``."""
    if given is None:
        bundled_one = bundled("model") / "text"
        return str(bundled_one.absolute()) if (bundled_one / "config.json").is_file() else None
    return None if given == "none" else given


def tell_what_was_in_the_way(coverage: Coverage, path: Path, *, skipped: int) -> None:
    """A line for each reason, with the number of questions and the first of them."""
    if skipped:
        say(f"{path}: {skipped:,} dialogues could not be read and are not in the silver file")
    for reason, meaning in _IN_THE_WAY.items():
        number = getattr(coverage.all, reason)
        if number:
            say(f"{path}: {number:,} questions {meaning}; the first: {coverage.first[reason]}")


@contextmanager
def show_coverage(total: int) -> Iterator[Callable[[Coverage], None]]:
    """A bar on stderr, if that is a terminal: dialogues out of ``total``, rate, coverage, remaining time."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    bar = Progress(
        TextColumn("dialogues"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[said]}"),
        console=Console(stderr=True),
        transient=True,
        disable=not sys.stderr.isatty(),
    )
    task = bar.add_task("", total=total or None, said="")
    with bar:
        yield lambda coverage: bar.update(
            task, completed=coverage.dialogues, said=progress_line(coverage, total)
        )


def progress_line(coverage: Coverage, total: int) -> str:
    """Rate, coverage so far and remaining time in words.

    >>> from kgqa.supervision import Coverage
    >>> progress_line(Coverage("searched"), 10)
    '0 questions a second, 0.0 % covered'
    """
    said = f"{coverage.rate:,.0f} questions a second, {100 * coverage.all.coverage:.1f} % covered"
    remaining = coverage.remaining(total)
    if remaining is None:
        return said
    minutes, seconds = divmod(round(remaining), 60)
    return f"{said}, {minutes // 60}:{minutes % 60:02}:{seconds:02} remaining"
