"""Which form of the beam is meant: a small log-linear model over what only whole forms tell.

The decoder writes from left to right. When a form is whole, more is known: whether it denotes anything,
whether its relations and types lead anywhere on the way, how many other forms of the beam denote the same,
and what of the question it leaves unused. The weights of these features are learnt on the lessons held out
from training (listwise, with "none of them" as one more choice, so that the probabilities mean something),
and are a file of the run that people can read.

How much it tells that a form denotes nothing depends on what is asked for. Who asks a graph mostly asks
what it can answer; released dialogues were answered from another, larger graph. So there are weights for
each: ``guided``, learnt on questions that the graph at hand answers, and ``unguided``, learnt on released
dialogues as they are.

Executing all forms of a beam is cheap on a graph at hand; on an endpoint every form is a request, and the
decoder's order stays.
"""

from __future__ import annotations

import json
import math
import os
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

import numpy as np
import torch

from grammar.denotation import Boolean, Booleans, Denotation, FloatArray, Number, Numbers, is_empty
from grammar.errors import CheckpointError, ExecutionError, LimitReached
from grammar.execute import Execution
from grammar.forms import (
    Call,
    EntityLeaf,
    LogicalForm,
    NumberLeaf,
    RelationLeaf,
    TypeLeaf,
    leaves,
    subforms,
    to_actions,
)
from grammar.offers import Offers
from kgqa.answer import Hypothesis
from kgqa.context import Context, ContextObject
from kgqa.decode import says_twice

SURE = 0.5
"""From this score of its match on, an entity counts as named by the question."""
PATIENCE = 2
"""The forms of a beam may together take as long as so many forms may."""
_COMBINED = ("union", "intersect", "difference")
_SMALLEST = 1e-3
_STRENGTH = 0.5  # of the weights' penalty: as much as if their size were one
_FEWEST = 100
"""From fewer beams nothing is learnt: their noise would overrule the decoder."""

FEATURES = (
    "probability",  # logarithm of the decoder's probability
    "agreement",  # logarithm of the share of the beam's probability that denotes the same
    "fails",
    "empty",
    "empty combination",
    "zero",
    "false",
    "relations to nothing",  # how many relations of the form lead nowhere on the way
    "types of nothing",
    "share",  # logarithm of the share of elements that have the rarest relation or type of the form
    "entities left out",  # of those that the question names
    "entities of before",
    "types left out",
    "types unsaid",
    "numbers left out",
    "likeness",  # of its relations to the question, less than the likeliest candidate's
    "worded",  # score of the words that its relations were found by
    "unconnected",  # relations that nothing in sight has
    "length",
    "twice",
    "several relations",
)
NONE = "none of them"

Beam: TypeAlias = tuple[FloatArray, Sequence[bool]]
"""The features of hypotheses, [hypotheses, FEATURES], and which of these are right."""


@dataclass(frozen=True)
class Judged:
    """A hypothesis, executed; ``denotation`` or ``error`` is None."""

    hypothesis: Hypothesis
    denotation: Denotation | None = None
    error: ExecutionError | None = None


@dataclass(frozen=True)
class Choice:
    """Weights by the names of FEATURES, and that of NONE; without any the decoder's order stays."""

    weights: Mapping[str, float] = field(default_factory=dict)

    def __bool__(self) -> bool:
        """Whether there is anything to choose by."""
        return bool(self.weights)

    def judge(
        self,
        hypotheses: Sequence[Hypothesis],
        context: Context,
        execution: Execution,
        offers: Offers,
    ) -> list[Judged]:
        """Execute the hypotheses and put them in order, with their probabilities as they are judged now."""
        judged = list(_executed(hypotheses, execution))
        if not self.weights:
            return judged
        scores = features_of(judged, context, offers) @ self._vector()
        scores = np.append(scores, self.weights.get(NONE, -math.inf))
        scores -= np.logaddexp.reduce(scores)
        order = np.argsort(-scores[:-1], kind="stable")
        return [
            Judged(
                Hypothesis(judged[k].hypothesis.form, float(scores[k])), judged[k].denotation, judged[k].error
            )
            for k in order.tolist()
        ]

    def _vector(self) -> FloatArray:
        return np.array([self.weights.get(name, 0.0) for name in FEATURES])


@dataclass(frozen=True)
class Choices:
    """How a guided and how an unguided parser chooses."""

    guided: Choice = field(default_factory=Choice)
    unguided: Choice = field(default_factory=Choice)

    def save(self, path: Path) -> None:
        """Write as JSON."""
        new = path.with_suffix(".new")
        record = {"guided": dict(self.guided.weights), "unguided": dict(self.unguided.weights)}
        new.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
        os.replace(new, path)

    @classmethod
    def load(cls, path: Path) -> Choices:
        """Open what ``save`` wrote; the decoder's order where there is no such file.

        Raises:
            CheckpointError: the file is damaged.
        """
        if not path.exists():
            return cls()
        try:
            record = json.loads(path.read_text(encoding="utf-8"))
            found = [
                {str(name): float(weight) for name, weight in record[kind].items()}
                for kind in ("guided", "unguided")
            ]
        except (ValueError, KeyError, AttributeError, TypeError) as error:
            raise CheckpointError(f"{path} is damaged ({error}); copy the run anew") from None
        if unknown := sorted({name for weights in found for name in weights} - {*FEATURES, NONE}):
            raise CheckpointError(f"{path}: expected weights of known features, found {unknown[0]!r}")
        return cls(*map(Choice, found))


def _executed(hypotheses: Sequence[Hypothesis], execution: Execution) -> Iterator[Judged]:
    """All hypotheses in turn; those that are left when their time together is over are not tried."""
    end = time.monotonic() + PATIENCE * execution.limits.seconds
    for hypothesis in hypotheses:
        if time.monotonic() < end:
            yield execute_hypothesis(hypothesis, execution)
        else:
            yield Judged(hypothesis, error=LimitReached(f"no time was left to execute {hypothesis.form}"))


def execute_hypothesis(hypothesis: Hypothesis, execution: Execution) -> Judged:
    """A hypothesis with what it denotes, or why it denotes nothing."""
    try:
        return Judged(hypothesis, denotation=execution.denotation(hypothesis.form))
    except ExecutionError as error:
        return Judged(hypothesis, error=error)


def features_of(judged: Sequence[Judged], context: Context, offers: Offers) -> FloatArray:
    """The features of every hypothesis, [hypotheses, FEATURES]."""
    found = _Seen(context)
    return np.array([_features(one, judged, found, offers) for one in judged], dtype=np.float64)


class _Seen:
    """The context's objects by leaf, and those of them that the question itself names."""

    def __init__(self, context: Context) -> None:
        self.objects: dict[object, ContextObject] = {o.leaf: o for o in reversed(context.objects)}
        said = [o for o in context.objects if o.span is not None and o.turn == 0]
        self.entities = [o for o in said if isinstance(o.leaf, EntityLeaf) and o.score >= SURE]
        self.types = _longest([o for o in said if isinstance(o.leaf, TypeLeaf) and o.how == "wording"])
        self.numbers = [o for o in said if isinstance(o.leaf, NumberLeaf)]
        relations = [o for o in context.objects if isinstance(o.leaf, RelationLeaf)]
        self.likeliest = max((o.similarity for o in relations), default=0.0)


def _longest(objects: Sequence[ContextObject]) -> list[ContextObject]:
    """Without those whose words are a part of another's."""
    spans = [o.span for o in objects if o.span]
    return [o for o in objects if o.span and not any(_inside(o.span, s) for s in spans)]


def _inside(span: tuple[int, int], other: tuple[int, int]) -> bool:
    return other[0] <= span[0] and span[1] <= other[1] and span != other


def _left_out(named: Sequence[ContextObject], used: Sequence[ContextObject]) -> int:
    """How many stretches of words in the question stand for none of the objects used."""
    spans = [o.span for o in used if o.span]
    missing = {o.span for o in named if o.span and not any(overlap(o.span, s) for s in spans)}
    return len(missing)


def overlap(one: tuple[int, int] | None, other: tuple[int, int] | None) -> bool:
    """Whether two stretches of words, if they are there, have any in common."""
    return one is not None and other is not None and one[0] < other[1] and other[0] < one[1]


def _features(one: Judged, beam: Sequence[Judged], seen: _Seen, offers: Offers) -> list[float]:
    form, denotation = one.hypothesis.form, one.denotation
    used = [seen.objects[leaf] for leaf in dict.fromkeys(leaves(form)) if leaf in seen.objects]
    relations = [o for o in used if isinstance(o.leaf, RelationLeaf)]
    types = [o for o in used if isinstance(o.leaf, TypeLeaf)]
    relation_shares, type_shares = _shares(form, offers)
    empty = denotation is not None and is_empty(denotation)
    return [
        one.hypothesis.score,
        _agreement(one, beam),
        denotation is None,
        empty,
        empty and _combines(form),
        isinstance(denotation, (Number, Numbers)) and _says_zero(denotation),
        isinstance(denotation, (Boolean, Booleans)) and not _truth(denotation),
        relation_shares.count(0.0),
        type_shares.count(0.0),
        math.log10(max(_SMALLEST, min([s for s in (*relation_shares, *type_shares) if s > 0], default=1.0))),
        _left_out(seen.entities, used),
        any(isinstance(o.leaf, EntityLeaf) and o.turn > 0 for o in used),
        _left_out(seen.types, types),
        sum(o.score == 0 for o in types),
        _left_out(seen.numbers, used),
        _mean([o.similarity for o in relations]) - seen.likeliest if relations else 0.0,
        _mean([o.score for o in relations]),
        sum(not o.near for o in relations),
        len(to_actions(form)) / 10,
        says_twice(form),
        len(relations) > 1,
    ]


def _mean(numbers: Sequence[float]) -> float:
    return sum(numbers) / len(numbers) if numbers else 0.0


def _shares(form: LogicalForm, offers: Offers) -> tuple[list[float], list[float]]:
    """For every relation and for every type of a form, what share of the elements before it has it."""
    relations: list[float] = []
    types: list[float] = []
    for part in subforms(form):
        if isinstance(part, Call) and len(part.arguments) >= 2:
            leaf = part.arguments[1]
            if isinstance(leaf, (RelationLeaf, TypeLeaf)):
                share = offers.share(part.arguments[0], part.operator, leaf.name)
                if share >= 0:
                    (types if isinstance(leaf, TypeLeaf) else relations).append(share)
    return relations, types


def _agreement(one: Judged, beam: Sequence[Judged]) -> float:
    if one.denotation is None or is_empty(one.denotation):
        return 0.0
    all_of_it = sum(math.exp(other.hypothesis.score) for other in beam)
    same = sum(math.exp(other.hypothesis.score) for other in beam if other.denotation == one.denotation)
    return math.log(max(same / max(all_of_it, 1e-12), 1e-12)) - one.hypothesis.score


def _combines(form: LogicalForm) -> bool:
    return isinstance(form, Call) and form.operator in _COMBINED


def _says_zero(denotation: Number | Numbers) -> bool:
    return denotation.number == 0 if isinstance(denotation, Number) else not any(denotation.numbers)


def _truth(denotation: Boolean | Booleans) -> bool:
    return denotation.truth if isinstance(denotation, Boolean) else any(denotation.truths)


def learn_choice(beams: Sequence[Beam]) -> Choice:
    """Weights from beams; none from few.

    The likelihood that a right one is chosen, or none where none is right, is made largest (L-BFGS).
    """
    if len(beams) < _FEWEST:
        return Choice()
    start = torch.zeros(len(FEATURES) + 1, dtype=torch.float64)
    start[0] = 1.0
    weights = start.clone().requires_grad_(True)
    told = [
        (torch.from_numpy(np.asarray(rows)), torch.tensor([*right, not any(right)])) for rows, right in beams
    ]
    optimizer = torch.optim.LBFGS([weights], max_iter=200, line_search_fn="strong_wolfe")

    def loss() -> torch.Tensor:
        optimizer.zero_grad()
        total = _STRENGTH * ((weights - start) ** 2).sum()
        for rows, right in told:
            scores = torch.cat((rows @ weights[:-1], weights[-1:]))
            total = total + scores.logsumexp(0) - scores[right].logsumexp(0)
        total.backward()
        return total

    optimizer.step(loss)
    found = weights.detach().tolist()
    return Choice({name: round(weight, 4) for name, weight in zip((*FEATURES, NONE), found, strict=True)})
