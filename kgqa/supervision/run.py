"""From dialogues to a silver file, which a later run continues."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from itertools import chain, islice
from pathlib import Path
from typing import BinaryIO, TypeAlias

from grammar.errors import ConfigError, DataError
from grammar.search import Budget
from kgqa.conversation import Dialogue
from kgqa.graphs.protocol import KnowledgeGraph
from kgqa.supervision.coverage import Coverage
from kgqa.supervision.silver import COUNTED, Line, Source, whole_line, written
from kgqa.supervision.spread import spread
from kgqa.supervision.turns import BUDGET, SOURCES, Task

Progress: TypeAlias = Callable[[Coverage], None]


def supervise(
    dialogues: Iterable[Dialogue],
    graph: KnowledgeGraph,
    *,
    out: Path | str,
    source: Source = "searched",
    workers: int = 1,
    ray: str | None = None,
    limit: int | None = None,
    encoder: Path | str | None = None,
    progress: Progress | None = None,
    budget: Budget = BUDGET,
) -> Coverage:
    """Write the silver file of some dialogues; one that is there already is continued.

    Lines are written as soon as a dialogue is done, in the order of the dialogues whoever did them, so a run
    that was killed and started again writes the same bytes as one that was not.

    Where the dialogues end in an error (a damaged file), what came before it is done first; the error is
    ``Coverage.cut_off``.

    Args:
        workers, ray: where the work is done, see ``spread``.
        limit: at most so many dialogues.
        encoder: folder or Hugging Face name of a text encoder, which weighs relations where a dataset names
            none; without one their words do.
        progress: called after every dialogue with the coverage so far.

    Raises:
        ConfigError: an unknown source, or no such cluster.
        DataError: ``out`` was written from other or more dialogues, another graph or another source; or the
            very first dialogue cannot be read.
    """
    if source not in SOURCES:
        raise ConfigError(f"expected a source out of {', '.join(SOURCES)}, found {source!r}")
    out, started = Path(out), time.monotonic()
    coverage = Coverage(source)
    given = _until_cut_off(islice(dialogues, limit), coverage)
    first = list(islice(given, 1))
    if not first and coverage.cut_off is not None:
        raise coverage.cut_off
    out.parent.mkdir(parents=True, exist_ok=True)
    with out.open("a+b") as file:
        task = Task(source, budget, graph.checksum[:16], None if encoder is None else str(encoder))
        remaining = _skip_done(chain(first, given), file, task, coverage, out)
        coverage.resumed, coverage.resumed_dialogues = coverage.all.turns, coverage.dialogues
        for lines in spread(remaining, graph, task, workers=workers, ray=ray):
            file.write(b"".join(map(written, lines)))
            file.flush()
            coverage.add(lines)
            coverage.seconds = time.monotonic() - started
            if progress is not None:
                progress(coverage)
    coverage.seconds = time.monotonic() - started
    return coverage


def _until_cut_off(dialogues: Iterable[Dialogue], coverage: Coverage) -> Iterator[Dialogue]:
    """The dialogues up to one whose reading ends in an error, which is noted with the last one read."""
    last = ""
    try:
        for dialogue in dialogues:
            last = dialogue.id
            yield dialogue
    except DataError as error:
        coverage.cut_off = DataError(f"{error}; the last dialogue read is {last}") if last else error


def _skip_done(
    dialogues: Iterator[Dialogue], file: BinaryIO, task: Task, coverage: Coverage, out: Path
) -> Iterator[Dialogue]:
    """Count the dialogues that the file has whole, cut off what follows them, and give the rest."""
    file.seek(0)
    kept = 0
    for dialogue in dialogues:
        lines: list[Line] = []
        for example in dialogue.examples:
            line = whole_line(file.readline())
            if line is None:
                break
            found = (line.get("id"), line.get("source"), line.get("graph"))
            if found != (example.id, task.source, task.graph):
                raise DataError(
                    f"{out}: expected question {example.id} ({task.source}, graph {task.graph}), found "
                    f"{found[0]} ({found[1]}, graph {found[2]}); delete the file or name another"
                )
            if COUNTED - line.keys():
                raise DataError(f"{out} was written by another version of kgqa; delete it or name another")
            lines.append(line)
        if len(lines) < len(dialogue.examples):
            dialogues = chain([dialogue], dialogues)
            break
        coverage.add(lines)
        kept = file.tell()
    else:
        if file.readline():
            raise DataError(
                f"{out} goes on after the {coverage.all.turns:,} questions asked for: raise the limit, "
                f"or name another file"
            )
        return dialogues
    file.truncate(kept)
    return dialogues
