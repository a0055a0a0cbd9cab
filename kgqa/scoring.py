"""One answer against what is known of its question, and the measures over many of them.

``score`` looks at one question and gives a line of JSON; ``measures`` looks only at such lines. So an
evaluation that was stopped goes on from its file, and measures can be computed anew without a model.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeAlias

from grammar.denotation import Denotation, Entities
from grammar.errors import ExecutionError
from grammar.execute import Execution, Limits
from grammar.forms import Call, EntityLeaf, LogicalForm, leaves
from kgqa import metrics
from kgqa.answer import Answer, Answered, Failed, Result
from kgqa.answer_record import message_of, outcome_of
from kgqa.conversation import AnswerKind, Example, Gold
from kgqa.evidence import result_of
from kgqa.graphs.protocol import KnowledgeGraph
from kgqa.metrics import Item
from kgqa.reach import Reach
from kgqa.report import Measures

Line: TypeAlias = Mapping[str, Any]
"""What is kept of one question."""

DEPTH = 5
RANKS = 5
"""How many forms of the beam count as ranked answers."""
ANSWER_MEASURES = (
    "score",
    "micro_f1",
    "macro_f1_empty_0",
    "macro_f1_empty_1",
    "csqa_f1",
    "micro_f1_capped",
    "accuracy",
    "accuracy_sequence",
    "failed_as_zero",
    "count_set_exact",
)
LIMITS = Limits(elements=5_000_000, seconds=10.0)


def score(example: Example, answer: Answer, graph: KnowledgeGraph) -> dict[str, Any]:
    """The line of one question: what was answered, what was expected, and what can be told only now."""
    gold = example.gold
    form = answer.form if isinstance(answer, Answered | Failed) else None
    result = answer.result if isinstance(answer, Answered) else None
    return {
        "id": example.id,
        "type": gold.question_type,
        "description": gold.description,
        "question": example.question,
        "kind": gold.kind,
        "outcome": outcome_of(answer),
        "answer": message_of(answer),
        "form": None if form is None else str(form),
        "gold_form": None if gold.form is None else str(gold.form),
        "predicted": None if result is None else _predicted(result, gold.kind),
        "gold": _expected(gold),
        **_compare_forms(answer, gold, graph),
        "labelled": _labelled(gold, graph),
        "confidence": round(answer.confidence, 4) if isinstance(answer, Answered) else None,
        "milliseconds": round(answer.milliseconds, 1),
    }


def rank(
    example: Example, answer: Answer, graph: KnowledgeGraph, *, told: frozenset[str]
) -> list[tuple[int, int]] | None:
    """The answer and those of the other forms of the beam as groups (items, right ones), best first.

    Entities are ranked (``result_of``), so a right one is a group of its own; of values all are tied.
    ``told`` is what the dialogue had told of that the parser saw, which need not be the released one.
    """
    golds = gold_items(example.gold)
    if golds is None:
        return None
    if not isinstance(answer, Answered):
        return []

    def group(items: Iterable[Item]) -> tuple[int, int]:
        return metrics.group_of(items, golds, label=lambda name: graph.label(name) or "")

    groups: list[tuple[int, int]] = []
    seen: set[Item] = set()
    results = [answer.result, *_others(answer, graph, told)]
    for result in results[:RANKS]:
        items = [item for item in result_items(result) if item not in seen]
        seen.update(items)
        if result.entities is None:
            groups += [group(items)] if items else []
            continue
        for is_right, run in itertools.groupby(items, key=lambda item: group([item])[1]):
            length = len(list(run))
            groups += [(1, 1)] * length if is_right else [(length, 0)]
    return groups


def _others(answer: Answered, graph: KnowledgeGraph, told: frozenset[str]) -> Iterable[Result]:
    for hypothesis in answer.alternatives[: RANKS - 1]:
        try:
            denotation = Execution(graph, limits=LIMITS).denotation(hypothesis.form)
            yield result_of(denotation, graph, told=told)
        except ExecutionError:
            continue  # a form that cannot be executed ranks nothing


def hops(example: Example, seed: str, reach: Reach) -> int | None:
    """How far the gold answer is from the seed and the answers of earlier turns (1, 2 or None)."""
    golds = [item for item in gold_items(example.gold) or () if not isinstance(item, bool)]
    sources = [seed, *example.gold.mentions]
    for turn in example.conversation.turns:
        sources += turn.answer.entities if turn.answer else ()
    return reach.hops(sources, golds)


def gold_items(gold: Gold) -> tuple[Item, ...] | None:
    """The right answers, one by one; None where the dataset knows none."""
    answer: Mapping[AnswerKind, Any] = vars(gold)  # type: ignore[assignment]
    return None if gold.kind == "unknown" else tuple(answer[gold.kind])


def result_items(result: Result) -> tuple[Item, ...]:
    """What an answer consists of."""
    for part in (result.entities, result.values, result.numbers, result.truths):
        if part is not None:
            return part
    return ()


def _labelled(gold: Gold, graph: KnowledgeGraph) -> bool | None:
    """Whether the graph has a label for all that the annotated form is about: without, no linker finds it."""
    if gold.form is None:
        return None
    names = {name for leaf in leaves(gold.form) if isinstance(leaf, EntityLeaf) for name in leaf.names}
    return all(graph.labels(sorted(names)))


def _predicted(result: Result, kind: AnswerKind) -> list[Any] | None:
    """An answer in the terms of the gold one; None where it is of another kind that cannot be compared."""
    if kind in ("numbers", "truths"):
        part = getattr(result, kind)
        return None if part is None else list(part)
    return [item if isinstance(item, str) else str(item) for item in result_items(result)]


def _expected(gold: Gold) -> list[Any] | None:
    items = gold_items(gold)
    if items is None or gold.kind in ("numbers", "truths"):
        return None if items is None else list(items)
    return [item if isinstance(item, str) else str(item) for item in items]


def _compare_forms(answer: Answer, gold: Gold, graph: KnowledgeGraph) -> dict[str, bool | None]:
    """``exact`` and ``equal`` against the annotated form; ``counted``: is what was counted the right set."""
    form = answer.form if isinstance(answer, Answered) else None
    found: dict[str, bool | None] = {"exact": None, "equal": None, "counted": None}
    execution = Execution(graph, limits=LIMITS)
    if gold.counted is not None and gold.kind == "numbers":
        counted = None if form is None else _counted(form, execution, graph)
        found["counted"] = metrics.count_set_exact(counted, set(gold.counted))
    if gold.form is None:
        return found
    exact = metrics.exact_match(answer.form if isinstance(answer, Failed) else form, gold.form)
    found["exact"] = exact
    try:
        wanted = execution.denotation(gold.form)
    except ExecutionError:
        return found  # nothing to compare with on this graph: ``equal`` stays None
    predicted: Denotation | None = None if form is None else execution.denotation(form)
    found["equal"] = metrics.execution_equality(predicted, wanted, exact=exact)
    return found


def _counted(form: LogicalForm, execution: Execution, graph: KnowledgeGraph) -> set[str] | None:
    """The entities that a form counts, together where it counts several sets."""
    if not isinstance(form, Call) or form.operator not in ("cardinality", "pair", "sum"):
        return None
    if form.operator == "cardinality":
        counted = execution.denotation(form.arguments[0])
        return set(graph.entity_names(counted.items)) if isinstance(counted, Entities) else None
    parts = [_counted(argument, execution, graph) for argument in form.arguments]
    return None if None in parts else set().union(*(part for part in parts if part is not None))


# --- over many questions ------------------------------------------------------------------------------


def counts(lines: Sequence[Line]) -> dict[str, int]:
    """How many questions there are and what became of them."""
    outcomes = [line["outcome"] for line in lines]
    return {
        "n": len(lines),
        **{name: outcomes.count(name) for name in ("answered", "asked_back", "unparsed", "failed")},
    }


def form_measures(lines: Sequence[Line]) -> dict[str, float | int | None]:
    """Against annotated forms; ``compared`` questions have one that this graph can execute."""
    annotated = [line["exact"] for line in lines if line["exact"] is not None]
    compared = [line["equal"] for line in lines if line["equal"] is not None]
    return {
        "execution_equality": metrics.accuracy(compared) if compared else None,
        "exact_match": metrics.accuracy(annotated) if annotated else None,
        "compared": len(compared),
    }


def answer_measures(lines: Sequence[Line]) -> Measures:
    """Against answers: F1s over sets, accuracies over counts and truth values (see ``kgqa.metrics``)."""
    sets = [
        (None if line["predicted"] is None else frozenset(line["predicted"]), frozenset(line["gold"]))
        for line in lines
        if line["kind"] in ("entities", "values")
    ]
    found: dict[str, float | int | None] = dict.fromkeys(ANSWER_MEASURES)
    if sets:
        found |= {
            "micro_f1": metrics.micro_f1(sets).f1,
            "macro_f1_empty_0": metrics.macro_f1(sets, empty=0.0),
            "macro_f1_empty_1": metrics.macro_f1(sets, empty=1.0),
            "csqa_f1": metrics.csqa_f1(sets).f1,
            "micro_f1_capped": metrics.micro_f1((metrics.capped(p, g), g) for p, g in sets).f1,
        }
    right = [metrics.same_numbers(line["predicted"], line["gold"]) for line in _of(lines, "numbers")]
    truths = [metrics.same_truth(line["predicted"], line["gold"]) for line in _of(lines, "truths")]
    if right or truths:
        found["accuracy"] = metrics.accuracy([*right, *truths])
    if right:
        found["failed_as_zero"] = metrics.accuracy(
            metrics.same_numbers(line["predicted"], line["gold"], failed_as_zero=True)
            for line in _of(lines, "numbers")
        )
        known = [line["counted"] for line in _of(lines, "numbers") if line["counted"] is not None]
        found["count_set_exact"] = metrics.accuracy(known) if known else None
    if truths:
        found["accuracy_sequence"] = metrics.accuracy(
            metrics.same_truths(line["predicted"], line["gold"]) for line in _of(lines, "truths")
        )
    scores = {
        "sets": (found["micro_f1"] or 0.0, len(sets)),
        "rest": (found["accuracy"] or 0.0, len(right) + len(truths)),
    }
    found["score"] = metrics.weighted_mean(scores) if sets or right or truths else None
    return found


def _of(lines: Sequence[Line], kind: AnswerKind) -> list[Line]:
    return [line for line in lines if line["kind"] == kind]


def rank_measures(lines: Sequence[Line]) -> dict[str, float | int | None]:
    """P@1, MRR and Hit@5 over the questions whose answer is known; None where no answers were ranked."""
    ranked = [line["groups"] for line in lines if line.get("groups") is not None]
    if not ranked:
        return {"p_at_1": None, "mrr": None, "hit_at_5": None}
    return {
        "p_at_1": _mean(ranked, metrics.chance_at_1),
        "mrr": _mean(ranked, metrics.reciprocal_rank),
        "hit_at_5": _mean(ranked, lambda groups: metrics.chance_within(groups, DEPTH)),
    }


def _mean(ranked: Sequence[Any], measure: Callable[[Any], float]) -> float:
    return sum(measure(groups) for groups in ranked) / len(ranked)


def within(lines: Sequence[Line], most: int) -> list[Line]:
    """The questions whose answer lies within so many facts of the seed or an earlier answer."""
    return [line for line in lines if line.get("hops") is not None and line["hops"] <= most]


def distinct(lines: Sequence[Line]) -> list[Line]:
    """One line for each pair of seed and question: the first, since a split repeats conversations."""
    first: dict[tuple[str, str], Line] = {}
    for line in lines:
        first.setdefault((line["seed"], metrics.normalise_text(line["question"])), line)
    return list(first.values())
