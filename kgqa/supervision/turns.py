"""One dialogue: what is searched for, turn after turn, and the lines that come of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import product
from typing import Any

from grammar.denotation import Denotation
from grammar.errors import KgqaError
from grammar.execute import execute
from grammar.forms import LogicalForm, normalise
from grammar.search import Budget, search
from grammar.search.target import Aim, Target
from grammar.values import String
from kgqa.at_hand import Earlier, attempts, is_annotated
from kgqa.conversation import Dialogue, Example, Gold
from kgqa.graphs.protocol import KnowledgeGraph
from kgqa.likeness import Likeness
from kgqa.supervision.silver import Line, Source

SOURCES: tuple[Source, ...] = ("searched", "annotated")
BUDGET = Budget(forms=1_500, milliseconds=60_000.0)
"""What one search may cost; on CSQA none has tried more than 600 forms. Where time ends one, two runs may
differ: it is only the net below."""
_MEMO_ELEMENTS = 4_000_000  # elements of denotations kept from turn to turn: about 100 MB
_MOST_NAMESAKES = 4  # entities that a text may name
_MOST_OTHERS = 12
"""People ask for one of a set, "the actor who played Batman": so many others may be in what a form denotes
where no form denotes the answer alone and the dataset does not say what the question is about."""
_MOST_ABSENT = 5  # entities that the graph does not have, named on a line


@dataclass(frozen=True)
class Task:
    """What is the same for every dialogue of a file; ``graph`` is the beginning of its checksum, ``encoder``
    compares questions with relations where a dataset names none."""

    source: Source
    budget: Budget
    graph: str
    encoder: str | None = None


def target_of(gold: Gold) -> Target:
    """What the search looks for."""
    return Target(gold.entities, gold.values, gold.numbers, gold.truths, gold.counted)


class Worker:
    """What a process keeps from dialogue to dialogue: the graph and what was computed on it."""

    def __init__(self, graph: KnowledgeGraph, task: Task) -> None:
        self.graph, self.task = graph, task
        self.memo: dict[LogicalForm, Denotation] = {}

    @cached_property
    def _likeness(self) -> Likeness | None:
        return None if self.task.encoder is None else Likeness(self.task.encoder, self.graph)

    def lines(self, dialogue: Dialogue) -> list[Line]:
        """The lines of one dialogue; a turn that fails says so on its line."""
        earlier = Earlier()
        lines = []
        for number, example in enumerate(dialogue.examples):
            outcome: dict[str, Any]
            try:
                outcome = self._outcome(example, earlier)
            except Exception as error:  # a bug met by one turn must not cost the other ten thousand
                message = f"{type(error).__name__}: {error}"
                outcome = {**_without_forms("failed"), "error": message, **_NOTHING_COMPARED}
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
                    "absent": self._absent(example.gold),
                    "source": self.task.source,
                    "graph": self.task.graph,
                }
            )
            earlier = earlier.then(example, best)
        if sum(map(_elements, self.memo.values())) > _MEMO_ELEMENTS:
            self.memo.clear()
        return lines

    def _outcome(self, example: Example, earlier: Earlier) -> dict[str, Any]:
        if self.task.source == "annotated":
            found = _annotated(example.gold)
        elif example.gold.kind == "unknown":
            found = _without_forms("unanswered")
        else:
            found = self._searched(example, earlier)
        best = found["forms"][0][0] if found["forms"] else None
        return {**found, **self.compared(best, example.gold)}

    def _searched(self, example: Example, earlier: Earlier) -> dict[str, Any]:
        tried, outcome = 0, "exhausted"
        annotated = is_annotated(example, earlier)
        likeness = None if annotated else self._likeness
        for (leaves, hints), target in product(
            attempts(example, earlier, self.graph, likeness),
            self._targets(example.gold, among_others=not annotated),
        ):
            result = search(leaves, target, self.graph, budget=self.task.budget, hints=hints, memo=self.memo)
            tried += result.forms_tried
            if result.outcome == "budget":
                outcome = "budget"
            if result.forms:
                forms = [(scored.form, scored.score) for scored in result.forms]
                return {"forms": forms, "outcome": result.outcome, "tried": tried}
        return {**_without_forms(outcome), "tried": tried}

    def _targets(self, gold: Gold, *, among_others: bool) -> list[Target]:
        """The answer; where it is a text that names entities, also each of these, the best known first; then,
        if it may be, these ``among_others``."""
        targets = [target_of(gold)]
        texts = [value.text for value in gold.values or () if isinstance(value, String)]
        if len(texts) == 1 == len(gold.values or ()):
            [names] = self.graph.exact(texts)
            known = self.graph.degree(self.graph.entities(names))
            ranked = sorted(zip(names, known, strict=True), key=lambda pair: (-pair[1], pair[0]))
            targets += [Target(entities=(name,)) for name, _ in ranked[:_MOST_NAMESAKES]]
        if among_others:
            targets += [replace(one, others=_MOST_OTHERS) for one in targets if one.entities]
        return targets

    def compared(self, form: LogicalForm | None, gold: Gold) -> dict[str, Any]:
        """The form against the annotated one, and the annotated one against the answer."""
        if gold.form is None:
            return _NOTHING_COMPARED
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

    def _absent(self, gold: Gold) -> list[str]:
        named: Sequence[str] = [*gold.mentions, *(gold.entities or gold.counted or ())]
        numbers = self.graph.entities(named)
        return [name for name, number in zip(named, numbers, strict=True) if number < 0][:_MOST_ABSENT]


_NOTHING_COMPARED = {"agrees": None, "recomputable": None}


def _without_forms(outcome: str) -> dict[str, Any]:
    return {"forms": [], "outcome": outcome, "tried": 0}


def _annotated(gold: Gold) -> dict[str, Any]:
    if gold.form is None:
        return _without_forms("unannotated")
    return {"forms": [(gold.form, 1.0)], "outcome": "annotated", "tried": 1}


def _elements(denotation: Denotation) -> int:
    return len(getattr(denotation, "items", ())) + len(getattr(denotation, "keys", ()))
