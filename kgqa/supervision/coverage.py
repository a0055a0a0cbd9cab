"""How many questions have a form, over all and by question type, and what was in the way of the others."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from grammar.errors import DataError
from kgqa.supervision.silver import Line, Source


@dataclass
class TypeCoverage:
    """Questions of one type: all, those with a form, and how the best forms compare with the annotation.

    ``recomputable`` are those whose annotated form gives the known answer on this graph, ``found`` those of
    them that have a form. ``failed``, ``unanswered`` and ``absent`` count what stood in the way: an error, no
    known answer, an entity that the graph does not have.
    """

    turns: int = 0
    covered: int = 0
    failed: int = 0
    unanswered: int = 0
    absent: int = 0
    compared: int = 0
    same_answer: int = 0
    same_form: int = 0
    recomputable: int = 0
    found: int = 0

    @property
    def coverage(self) -> float:
        """Share of the questions that have a form."""
        return self.covered / self.turns if self.turns else 0.0

    def add(self, line: Line) -> None:
        """Count one line of a silver file."""
        self.turns += 1
        self.covered += line["form"] is not None
        self.failed += line["outcome"] == "failed"
        self.unanswered += line["outcome"] == "unanswered"
        self.absent += bool(line["absent"])
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
    """What a run has done.

    ``first`` has, for each of ``failed``, ``unanswered`` and ``absent``, where it was met first and what was
    found there. ``cut_off`` is the error that ended the reading of the dialogues before their end: all that
    was read until then is in the silver file.
    """

    source: Source
    all: TypeCoverage = field(default_factory=TypeCoverage)
    by_type: dict[str, TypeCoverage] = field(default_factory=dict)
    dialogues: int = 0
    seconds: float = 0.0
    resumed: int = 0
    resumed_dialogues: int = 0
    first: dict[str, str] = field(default_factory=dict)
    cut_off: DataError | None = None

    def add(self, lines: Iterable[Line]) -> None:
        """Count the lines of one dialogue."""
        self.dialogues += 1
        for line in lines:
            self.all.add(line)
            self.by_type.setdefault(line["type"], TypeCoverage()).add(line)
            place = f"dialogue {line['dialogue']}, question {line['turn'] + 1}"
            if line["outcome"] == "failed":
                self.first.setdefault("failed", f"{place}: {line['error']}")
            if line["outcome"] == "unanswered":
                self.first.setdefault("unanswered", place)
            if line["absent"]:
                self.first.setdefault("absent", f"{place}: {line['absent'][0]}")

    @property
    def rate(self) -> float:
        """Questions a second in this run."""
        return (self.all.turns - self.resumed) / self.seconds if self.seconds else 0.0

    def remaining(self, dialogues: int) -> float | None:
        """Seconds that the rest of so many dialogues will take; None before the first is done."""
        done = self.dialogues - self.resumed_dialogues
        return max(0, dialogues - self.dialogues) * self.seconds / done if done and self.seconds else None

    def to_json(self) -> dict[str, Any]:
        """As ``kgqa supervise --json`` prints it; turns that an earlier run did are not in the speed."""
        return {
            "source": self.source,
            "dialogues": self.dialogues,
            **self.all.to_json(),
            "by_type": {name: self.by_type[name].to_json() for name in sorted(self.by_type)},
            "first": self.first,
            "cut_off": None if self.cut_off is None else str(self.cut_off),
            "seconds": round(self.seconds, 3),
            "turns_per_second": round(self.rate, 1),
            "resumed": self.resumed,
        }
