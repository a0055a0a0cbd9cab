"""Which form of the beam is meant: a small log-linear model over what only whole forms tell.

The features are those of ``kgqa.form_features``. The weights are learnt on the lessons held out from training
(listwise, with "none of them" as one more choice, so that the probabilities mean something), and are a file
of the run that people can read.

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
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TypeAlias

import numpy as np
import torch

from grammar.denotation import FloatArray
from grammar.errors import CheckpointError, LimitReached
from grammar.execute import Execution
from grammar.offers import Offers
from kgqa.answer import Hypothesis
from kgqa.context import Context
from kgqa.form_features import FEATURES, Judged, execute_hypothesis, features_of, same_denotation

PATIENCE = 2
"""The forms of a beam may together take as long as so many forms may."""
NONE = "none of them"
_STRENGTH = 0.5  # of the weights' penalty: as much as if their size were one
_FEWEST = 100
"""From fewer beams nothing is learnt: their noise would overrule the decoder."""

Beam: TypeAlias = tuple[FloatArray, Sequence[bool]]
"""The features of hypotheses, [hypotheses, FEATURES], and which of these are right."""


@dataclass(frozen=True)
class Choice:
    """Weights by the names of FEATURES, and that of NONE; without any the decoder's order stays."""

    weights: Mapping[str, float] = field(default_factory=dict)

    def __bool__(self) -> bool:
        """Whether there is anything to choose by."""
        return bool(self.weights)

    def scores(self, rows: FloatArray) -> FloatArray:
        """Scores [n] of the features of forms [n, FEATURES]; their differences are logarithms of odds."""
        scores: FloatArray = rows @ np.array([self.weights.get(name, 0.0) for name in FEATURES])
        return scores

    def judge(
        self,
        hypotheses: Sequence[Hypothesis],
        context: Context,
        execution: Execution,
        offers: Offers,
    ) -> list[Judged]:
        """Execute the hypotheses and put them in order, with their probabilities as they are judged now.

        Forms that denote the same are right together: the probability of each is that of all of them.
        """
        judged = list(_executed(hypotheses, execution))
        if not self.weights:
            return judged
        scores = self.scores(features_of(judged, context, offers))
        scores = np.append(scores, self.weights.get(NONE, -math.inf))
        scores -= np.logaddexp.reduce(scores)
        together = [
            float(
                np.logaddexp.reduce(
                    [
                        score
                        for other, score in zip(judged, scores, strict=False)
                        if same_denotation(one, other)
                    ]
                )
            )
            for one in judged
        ]
        order = sorted(range(len(judged)), key=lambda k: (-together[k], -scores[k]))
        return [
            replace(judged[k], hypothesis=Hypothesis(judged[k].hypothesis.form, together[k])) for k in order
        ]


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
