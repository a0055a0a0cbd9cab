"""Silver forms: for every question with a known answer, the forms that give it.

``searched``: found by ``grammar.search`` over what the turn and the turns before it offer. ``annotated``: the
form that the dataset's own annotation spells out. The two are never mixed in one file.

A silver file has one JSON object a line and question, in the order of the dialogues::

    {"id": "QA_1/QA_2#0", "dialogue": "QA_1/QA_2", "turn": 0, "type": "Simple Question (Direct)",
     "question": "Which city is the capital of Ruritania ?", "form": "keep(follow(Q1000001, P36), Q515)",
     "forms": [["keep(follow(Q1000001, P36), Q515)", 1.2]], "outcome": "exhausted", "tried": 6,
     "agrees": "form", "recomputable": true, "source": "searched", "graph": "0f3c..."}

``form`` is the best of ``forms`` or null; ``outcome`` is ``exhausted``, ``budget``, ``annotated``,
``unannotated`` or ``failed`` (then there is ``error``); ``agrees`` compares with the annotation: the same
``form``, the same ``answer`` on this graph, ``nothing``, or null where there is nothing to compare;
``recomputable`` says whether the annotated form gives the known answer on this graph, which holds perhaps
only a part of what the answer was made from.
"""

from __future__ import annotations

import json
import multiprocessing
import signal
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass, field
from itertools import chain, islice
from pathlib import Path
from typing import Any, BinaryIO, Literal, TypeAlias

from grammar.denotation import Denotation
from grammar.errors import ConfigError, DataError, KgqaError
from grammar.execute import execute
from grammar.forms import LogicalForm, normalise, read_form
from grammar.search import Budget, search
from grammar.search.target import Aim, Target
from kgqa.at_hand import Earlier, attempts
from kgqa.conversation import Dialogue, Example, Gold
from kgqa.graphs.protocol import KnowledgeGraph

Source: TypeAlias = Literal["searched", "annotated"]
Progress: TypeAlias = Callable[["Coverage"], None]

SOURCES: tuple[Source, ...] = ("searched", "annotated")
BUDGET = Budget(forms=1_500, milliseconds=60_000.0)
"""What one search may cost; on CSQA none has tried more than 600 forms. Where time ends one, two runs may
differ: it is only the net below."""
_MEMO_ELEMENTS = 4_000_000  # elements of denotations kept from turn to turn: about 100 MB


@dataclass
class TypeCoverage:
    """Questions of one type: all, those with a form, and how the best forms compare with the annotation.

    ``recomputable`` are those whose annotated form gives the known answer on this graph, ``found`` those of
    them that have a form.
    """

    turns: int = 0
    covered: int = 0
    failed: int = 0
    compared: int = 0
    same_answer: int = 0
    same_form: int = 0
    recomputable: int = 0
    found: int = 0

    @property
    def coverage(self) -> float:
        """Share of the questions that have a form."""
        return self.covered / self.turns if self.turns else 0.0

    def add(self, line: dict[str, Any]) -> None:
        """Count one line of a silver file."""
        self.turns += 1
        self.covered += line["form"] is not None
        self.failed += line["outcome"] == "failed"
        self.compared += line["agrees"] is not None
        self.same_answer += line["agrees"] in ("answer", "form")
        self.same_form += line["agrees"] == "form"
        self.recomputable += line["recomputable"] is True
        self.found += line["recomputable"] is True and line["form"] is not None

    def to_json(self) -> dict[str, Any]:
        """The counts, with ``spurious``: the share of best forms that answer otherwise than the annotated."""
        return {
            **vars(self),
            "coverage": round(self.coverage, 4),
            "spurious": round(1 - self.same_answer / self.compared, 4) if self.compared else None,
        }


@dataclass
class Coverage:
    """How many questions have a form, over all and by question type."""

    source: Source
    all: TypeCoverage = field(default_factory=TypeCoverage)
    by_type: dict[str, TypeCoverage] = field(default_factory=dict)
    seconds: float = 0.0
    resumed: int = 0

    def add(self, line: dict[str, Any]) -> None:
        """Count one line of a silver file."""
        self.all.add(line)
        self.by_type.setdefault(line["type"], TypeCoverage()).add(line)

    def to_json(self) -> dict[str, Any]:
        """As ``kgqa supervise --json`` prints it; turns that an earlier run did are not in the speed."""
        done = self.all.turns - self.resumed
        return {
            "source": self.source,
            **self.all.to_json(),
            "by_type": {name: self.by_type[name].to_json() for name in sorted(self.by_type)},
            "seconds": round(self.seconds, 3),
            "turns_per_second": round(done / self.seconds, 1) if self.seconds else 0.0,
            "resumed": self.resumed,
        }


@dataclass(frozen=True)
class Silver:
    """One question of a silver file; ``form`` is the best of ``forms``, which are best first."""

    id: str
    dialogue: str
    turn: int
    type: str
    question: str
    form: LogicalForm | None
    forms: tuple[tuple[LogicalForm, float], ...]
    outcome: str
    source: Source


def read_silver(path: Path | str) -> Iterator[Silver]:
    """The questions of a silver file, those without a form among them.

    Raises:
        DataError: a line is none of a silver file.
    """
    path = Path(path)
    if not path.is_file():
        raise DataError(f"expected a silver file, as `kgqa supervise` writes it, found no file {path}")
    with path.open(encoding="utf-8") as file:
        for number, line in enumerate(file, start=1):
            try:
                record = json.loads(line)
                forms = tuple((read_form(text), float(score)) for text, score in record["forms"])
                yield Silver(
                    id=record["id"],
                    dialogue=record["dialogue"],
                    turn=record["turn"],
                    type=record["type"],
                    question=record["question"],
                    form=forms[0][0] if forms else None,
                    forms=forms,
                    outcome=record["outcome"],
                    source=record["source"],
                )
            except (ValueError, KeyError, TypeError, KgqaError) as error:
                raise DataError(f"{path}, line {number}: not a line of a silver file ({error})") from None


def supervise(
    dialogues: Iterable[Dialogue],
    graph: KnowledgeGraph,
    *,
    out: Path | str,
    source: Source = "searched",
    workers: int = 1,
    limit: int | None = None,
    progress: Progress | None = None,
    budget: Budget = BUDGET,
) -> Coverage:
    """Write the silver file of some dialogues; one that is there already is continued.

    Lines are written as soon as a dialogue is done, in the order of the dialogues whatever ``workers`` is, so
    a run that was stopped and started again writes the same bytes as one that was not.

    Args:
        workers: processes; each opens the graph for itself (it must be one that can be pickled).
        limit: at most so many dialogues.
        progress: called after every dialogue with the coverage so far.

    Raises:
        ConfigError: an unknown source.
        DataError: ``out`` was written from other or more dialogues, another graph or another source.
    """
    if source not in SOURCES:
        raise ConfigError(f"expected a source out of {', '.join(SOURCES)}, found {source!r}")
    out, started = Path(out), time.monotonic()
    out.parent.mkdir(parents=True, exist_ok=True)
    coverage = Coverage(source)
    remaining: Iterator[Dialogue] = islice(dialogues, limit)
    with out.open("a+b") as file:
        task = _Task(source, budget, graph.checksum[:16])
        remaining = _skip_done(remaining, file, task, coverage, out)
        coverage.resumed = coverage.all.turns
        for lines in _lines(remaining, graph, task, workers):
            text = "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines)
            file.write(text.encode())
            file.flush()
            for line in lines:
                coverage.add(line)
            coverage.seconds = time.monotonic() - started
            if progress is not None:
                progress(coverage)
    coverage.seconds = time.monotonic() - started
    return coverage


@dataclass(frozen=True)
class _Task:
    """What is the same for every dialogue of a file."""

    source: Source
    budget: Budget
    graph: str


def _skip_done(
    dialogues: Iterator[Dialogue], file: BinaryIO, task: _Task, coverage: Coverage, out: Path
) -> Iterator[Dialogue]:
    """Count the dialogues that the file has whole, cut off what follows them, and give the rest."""
    file.seek(0)
    kept = 0
    for dialogue in dialogues:
        lines = []
        for example in dialogue.examples:
            line = _complete_line(file.readline())
            if line is None:
                break
            found = (line.get("id"), line.get("source"), line.get("graph"))
            if found != (example.id, task.source, task.graph):
                raise DataError(
                    f"{out}: expected question {example.id} ({task.source}, graph {task.graph}), found "
                    f"{found[0]} ({found[1]}, graph {found[2]}); delete the file or name another"
                )
            lines.append(line)
        if len(lines) < len(dialogue.examples):
            dialogues = chain([dialogue], dialogues)
            break
        for line in lines:
            coverage.add(line)
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


def _complete_line(raw: bytes) -> dict[str, Any] | None:
    if not raw.endswith(b"\n"):
        return None
    try:
        line = json.loads(raw)
    except ValueError:
        return None
    return line if isinstance(line, dict) else None


# --- one dialogue -------------------------------------------------------------------------------------


class _Worker:
    """What a process keeps from dialogue to dialogue: the graph and what was computed on it."""

    def __init__(self, graph: KnowledgeGraph, task: _Task) -> None:
        self.graph, self.task = graph, task
        self.memo: dict[LogicalForm, Denotation] = {}

    def lines(self, dialogue: Dialogue) -> list[dict[str, Any]]:
        """The lines of one dialogue; a turn that fails says so on its line."""
        earlier = Earlier()
        lines = []
        for number, example in enumerate(dialogue.examples):
            outcome: dict[str, Any]
            try:
                outcome = (
                    self._annotated(example)
                    if self.task.source == "annotated"
                    else self._searched(example, earlier)
                )
            except Exception as error:  # a bug met by one turn must not cost the other ten thousand
                outcome = {
                    "forms": [],
                    "outcome": "failed",
                    "tried": 0,
                    "error": f"{type(error).__name__}: {error}",
                }
            forms = outcome["forms"]
            best = forms[0][0] if forms else None
            lines.append(
                {
                    "id": example.id,
                    "dialogue": dialogue.id,
                    "turn": number,
                    "type": example.gold.question_type or example.gold.kind,
                    "question": example.question,
                    "form": None if best is None else str(best),
                    **outcome,
                    "forms": [[str(form), score] for form, score in forms],
                    **self._compared(best, example.gold),
                    "source": self.task.source,
                    "graph": self.task.graph,
                }
            )
            earlier = earlier.then(example, best)
        if sum(map(_elements, self.memo.values())) > _MEMO_ELEMENTS:
            self.memo.clear()
        return lines

    def _searched(self, example: Example, earlier: Earlier) -> dict[str, Any]:
        target = target_of(example.gold)
        tried, outcome = 0, "exhausted"
        for leaves, hints in attempts(example, earlier, self.graph):
            result = search(leaves, target, self.graph, budget=self.task.budget, hints=hints, memo=self.memo)
            tried += result.forms_tried
            if result.outcome == "budget":
                outcome = "budget"
            if result.forms:
                forms = [(scored.form, scored.score) for scored in result.forms]
                return {"forms": forms, "outcome": result.outcome, "tried": tried}
        return {"forms": [], "outcome": outcome, "tried": tried}

    def _annotated(self, example: Example) -> dict[str, Any]:
        form = example.gold.form
        if form is None:
            return {"forms": [], "outcome": "unannotated", "tried": 0}
        return {"forms": [(form, 1.0)], "outcome": "annotated", "tried": 1}

    def _compared(self, form: LogicalForm | None, gold: Gold) -> dict[str, Any]:
        """The form against the annotated one, and the annotated one against the answer."""
        if gold.form is None:
            return {"agrees": None, "recomputable": None}
        try:
            meant = execute(gold.form, self.graph)
            recomputable = Aim(target_of(gold), self.graph).match(meant) == "is"
        except KgqaError:  # the graph lacks something that the annotation names
            meant, recomputable = None, False
        if form is None or self.task.source == "annotated":
            agrees = None
        elif normalise(form) == normalise(gold.form):
            agrees = "form"
        else:
            agrees = "answer" if meant is not None and self._denotes(form, meant) else "nothing"
        return {"agrees": agrees, "recomputable": recomputable}

    def _denotes(self, form: LogicalForm, meant: Denotation) -> bool:
        try:
            return execute(form, self.graph) == meant
        except KgqaError:  # it names an entity that the graph does not have: see ``grammar.search.truths``
            return False


def target_of(gold: Gold) -> Target:
    """What the search looks for."""
    return Target(gold.entities, gold.values, gold.numbers, gold.truths, gold.counted)


def _elements(denotation: Denotation) -> int:
    return len(getattr(denotation, "items", ())) + len(getattr(denotation, "keys", ()))


# --- many dialogues -----------------------------------------------------------------------------------

_worker: _Worker | None = None


def _start_worker(graph: KnowledgeGraph, task: _Task) -> None:
    global _worker
    # Ctrl-C reaches every process of the terminal; the one that writes decides what is still done.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _worker = _Worker(graph, task)


def _work(dialogue: Dialogue) -> list[dict[str, Any]]:
    assert _worker is not None, "the process was started without a graph"
    return _worker.lines(dialogue)


def _lines(
    dialogues: Iterator[Dialogue], graph: KnowledgeGraph, task: _Task, workers: int
) -> Iterator[list[dict[str, Any]]]:
    """The lines of every dialogue, in order."""
    if workers <= 1:
        yield from map(_Worker(graph, task).lines, dialogues)
        return
    pool = ProcessPoolExecutor(
        workers, multiprocessing.get_context("spawn"), initializer=_start_worker, initargs=(graph, task)
    )
    try:
        # A window, not the whole dataset: dialogues are read as they are needed.
        ahead: deque[Future[list[dict[str, Any]]]] = deque()
        for dialogue in dialogues:
            ahead.append(pool.submit(_work, dialogue))
            if len(ahead) >= 8 * workers:
                yield ahead.popleft().result()
        while ahead:
            yield ahead.popleft().result()
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
