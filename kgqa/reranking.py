"""Train, re-rank, repeat: a model puts the forms that a search found for a question into a better order.

The search knows words; a model trained on its best forms knows what most questions with such words stood
for. Forms stand in the order of what the search gave them plus the logarithm of how likely the model finds
them, times a weight; the scores in the file stay those of the search. Forms that the model cannot write,
because a leaf is not among its objects, come last.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

import torch

from grammar.forms import LogicalForm
from kgqa.batch import make_batch
from kgqa.checkpoint import Checkpoint
from kgqa.conversation import Dialogue, Example
from kgqa.graphs.opening import open_graph
from kgqa.lessons import Lesson
from kgqa.prepare import Preparer, targets
from kgqa.supervision.silver import Line, Silver, read_silver, written
from kgqa.supervision.turns import BUDGET, Task, Worker

FORMS = 8
"""So many forms of a question are looked at: all that a search keeps."""
_AT_ONCE = 32


@dataclass(frozen=True)
class Reranked:
    """Questions of a file, those with a choice of forms that the model can write, and those whose best form
    is another one now."""

    questions: int = 0
    with_choice: int = 0
    changed: int = 0


def rerank(
    dialogues: Iterable[Dialogue],
    silver: Path,
    checkpoint: Checkpoint,
    *,
    graph: str,
    out: Path,
    weight: float = 1.0,
    progress: Callable[[int], None] = lambda done: None,
) -> Reranked:
    """Write a silver file with the forms of every question in the order that search and model find together.

    Args:
        dialogues: those that the silver file was made from.
        graph: where the graph of the search is opened.

    Raises:
        DataError: ``silver`` is no silver file.
    """
    config = checkpoint.config
    training = replace(config.training, forms=FORMS)
    preparer = Preparer(graph, checkpoint.text, replace(config, training=training))
    examples = {example.id: example for dialogue in dialogues for example in dialogue.examples}
    opened = open_graph(graph)
    worker = Worker(opened, Task("searched", BUDGET, opened.checksum[:16]))
    counts = Reranked()
    lines = read_silver(silver)
    new = out.with_suffix(".new")
    with new.open("wb") as file:
        while chunk := list(islice(lines, _AT_ONCE)):
            found = _likelihoods(chunk, examples, preparer, checkpoint)
            for one in chunk:
                likely = found.get(one.id, {})
                forms = _ordered(one.forms, likely, weight)
                changed = bool(forms) and forms[0][0] != one.form
                line: Line = {**one.line, "forms": [[str(form), score] for form, score in forms]}
                if changed:
                    line["form"] = str(forms[0][0])
                    line |= worker.compared(forms[0][0], examples[one.id].gold)
                file.write(written(line))
                counts = Reranked(
                    counts.questions + 1, counts.with_choice + (len(likely) > 1), counts.changed + changed
                )
            progress(counts.questions)
    os.replace(new, out)
    return counts


def _ordered(
    forms: Sequence[tuple[LogicalForm, float]], likely: Mapping[LogicalForm, float], weight: float
) -> list[tuple[LogicalForm, float]]:
    """The forms with the scores of the search, in the order of both; those without a likelihood last."""
    if not likely:
        return list(forms)
    return sorted(
        forms, key=lambda pair: (pair[0] not in likely, -pair[1] - weight * likely.get(pair[0], 0.0))
    )


def _likelihoods(
    chunk: Sequence[Silver], examples: Mapping[str, Example], preparer: Preparer, checkpoint: Checkpoint
) -> dict[str, dict[LogicalForm, float]]:
    """By question, the log-likelihood of each of its forms that the model can write."""
    lessons = [
        Lesson(
            one.id,
            examples[one.id].conversation,
            one.question,
            tuple(form for form, _ in one.forms),
            examples[one.id].gold.mentions or None,
        )
        for one in chunk
        if len(one.forms) > 1 and one.id in examples
    ]
    prepared = preparer.prepare(lessons, checkpoint.associations, any_form=True) if lessons else []
    if not prepared:
        return {}
    model = checkpoint.model
    device = next(model.parameters()).device
    batch = make_batch([lesson.encoded for lesson in prepared], checkpoint.text).to(device)
    width = model.operator_score.out_features + batch.label.shape[1]
    wanted = [tensor.to(device) for tensor in targets(prepared, width)]
    with torch.inference_mode():
        scores = model.likelihoods(batch, *wanted).tolist()
    found: dict[str, dict[LogicalForm, float]] = {}
    forms = [(lesson.id, target.form) for lesson in prepared for target in lesson.targets]
    for (name, form), score in zip(forms, scores, strict=True):
        found.setdefault(name, {})[form] = score
    return found
