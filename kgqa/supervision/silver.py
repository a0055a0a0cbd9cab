"""The lines of a silver file: one JSON object a line and question, in the order of the dialogues::

    {"id": "QA_1/QA_2#0", "dialogue": "QA_1/QA_2", "turn": 0, "type": "Simple Question (Direct)",
     "question": "Which city is the capital of Ruritania ?", "form": "keep(follow(Q1000001, P36), Q515)",
     "forms": [["keep(follow(Q1000001, P36), Q515)", 1.2]], "outcome": "exhausted", "tried": 6,
     "agrees": "form", "recomputable": true, "absent": [], "source": "searched", "graph": "0f3c..."}

``form`` is the best of ``forms`` or null. ``outcome`` is ``exhausted`` or ``budget`` (of a search),
``annotated`` or ``unannotated``, ``unanswered`` (nobody knows the answer) or ``failed`` (then there is
``error``). ``agrees`` compares with the annotation: the same ``form``, the same ``answer`` on this graph,
``nothing``, or null where there is nothing to compare. ``recomputable`` says whether the annotated form gives
the known answer on this graph, which holds perhaps only a part of what the answer was made from. ``absent``
names entities of the question and its answer that the graph does not have, a few of them.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeAlias

from grammar.errors import DataError, KgqaError
from grammar.forms import LogicalForm, read_form

Source: TypeAlias = Literal["searched", "annotated"]
Line: TypeAlias = dict[str, Any]

COUNTED = frozenset(["dialogue", "turn", "type", "form", "outcome", "agrees", "recomputable", "absent"])
"""The keys of a line that coverage is counted from."""


@dataclass(frozen=True)
class Silver:
    """One question of a silver file; ``form`` is the best of ``forms``, which are best first, and ``line``
    all that the file says."""

    id: str
    dialogue: str
    turn: int
    type: str
    question: str
    form: LogicalForm | None
    forms: tuple[tuple[LogicalForm, float], ...]
    outcome: str
    source: Source
    line: Line


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
                    line=record,
                )
            except (ValueError, KeyError, TypeError, KgqaError) as error:
                raise DataError(f"{path}, line {number}: not a line of a silver file ({error})") from None


def written(line: Line) -> bytes:
    """A line as it stands in the file."""
    return (json.dumps(line, ensure_ascii=False) + "\n").encode()


def whole_line(raw: bytes) -> Line | None:
    """The line that these bytes are, or None where a run was stopped while it wrote them."""
    if not raw.endswith(b"\n"):
        return None
    try:
        line = json.loads(raw)
    except ValueError:
        return None
    return line if isinstance(line, dict) else None
