"""Which form of the beam is meant: a small model over what only whole forms tell (``kgqa.form_features``).

It is learnt on the lessons held out from training, with "none of them" as one more choice, so that the
probabilities mean something: a log-linear model, whose weights people can read, and from enough lessons a
small network on top of it, which knows that one thing counts only beside another.

How much it tells that a form denotes nothing depends on what is asked for. Who asks a graph mostly asks
what it can answer; released dialogues were answered from another, larger graph. So there are two choices:
``guided``, learnt on questions that the graph at hand answers, and ``unguided``, learnt on released
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
from typing import Any, TypeAlias

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
_FEWEST, _FEWEST_FOR_A_NETWORK = 100, 400
"""From fewer beams nothing is learnt: their noise would overrule the decoder."""
_UNITS, _MEMBERS, _STEPS, _BATCH = 32, 3, 400, 256
_CONSTANT = 1e-3  # what varies less than this is not scaled up
_RATE, _DECAY, _DROPOUT = 3e-3, 0.1, 0.2

Beam: TypeAlias = tuple[FloatArray, Sequence[bool]]
"""The features of hypotheses, [hypotheses, FEATURES], and which of these are right."""


@dataclass(frozen=True)
class Network:
    """One hidden layer over features that are scaled to a mean of 0 and a deviation of 1.

    ``mean`` and ``scale`` [features], ``hidden`` [features, units], ``bias`` and ``out`` [units].
    """

    mean: FloatArray
    scale: FloatArray
    hidden: FloatArray
    bias: FloatArray
    out: FloatArray

    def __call__(self, rows: FloatArray) -> FloatArray:
        """Scores [n] of features [n, features]."""
        scores: FloatArray = np.tanh((rows - self.mean) / self.scale @ self.hidden + self.bias) @ self.out
        return scores

    def to_json(self) -> dict[str, Any]:
        """Lists of numbers, a few digits each."""
        return {name: np.round(array, 4).tolist() for name, array in vars(self).items()}

    @classmethod
    def from_json(cls, record: Mapping[str, Any]) -> Network:
        """The inverse of ``to_json``.

        Raises:
            ValueError: the arrays do not fit the features or each other.
        """
        arrays = {name: np.array(record[name], dtype=np.float64) for name in cls.__dataclass_fields__}
        units = len(arrays["out"])
        shapes = ((len(FEATURES),), (len(FEATURES),), (len(FEATURES), units), (units,), (units,))
        for (name, array), shape in zip(arrays.items(), shapes, strict=True):
            if array.shape != shape:
                raise ValueError(f"expected {name} of shape {shape}, found {array.shape}")
        return cls(**arrays)


@dataclass(frozen=True, eq=False)
class Choice:
    """Weights by the names of FEATURES, and that of NONE; without any the decoder's order stays."""

    weights: Mapping[str, float] = field(default_factory=dict)
    network: Network | None = None

    def __bool__(self) -> bool:
        """Whether there is anything to choose by."""
        return bool(self.weights)

    def scores(self, rows: FloatArray) -> FloatArray:
        """Scores [n] of the features of forms [n, FEATURES]; their differences are logarithms of odds."""
        linear: FloatArray = rows @ np.array([self.weights.get(name, 0.0) for name in FEATURES])
        return linear if self.network is None else linear + self.network(rows)

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

    def to_json(self) -> dict[str, Any]:
        """What ``from_json`` reads."""
        network = {} if self.network is None else {"network": self.network.to_json()}
        return {"weights": dict(self.weights), **network}

    @classmethod
    def from_json(cls, record: Mapping[str, Any]) -> Choice:
        """The inverse of ``to_json``.

        Raises:
            ValueError: there are weights of unknown features, or a network that does not fit them.
        """
        weights = {str(name): float(weight) for name, weight in record["weights"].items()}
        if unknown := sorted(set(weights) - {*FEATURES, NONE}):
            raise ValueError(f"expected weights of known features, found {unknown[0]!r}")
        return cls(weights, Network.from_json(record["network"]) if "network" in record else None)


@dataclass(frozen=True)
class Choices:
    """How a guided and how an unguided parser chooses."""

    guided: Choice = field(default_factory=Choice)
    unguided: Choice = field(default_factory=Choice)

    def save(self, path: Path) -> None:
        """Write as JSON."""
        new = path.with_suffix(".new")
        record = {"guided": self.guided.to_json(), "unguided": self.unguided.to_json()}
        new.write_text(json.dumps(record) + "\n", encoding="utf-8")
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
            return cls(*(Choice.from_json(record[kind]) for kind in ("guided", "unguided")))
        except (ValueError, KeyError, AttributeError, TypeError) as error:
            raise CheckpointError(
                f"{path} is damaged, or of another version ({error}); copy the run anew, or train it again"
            ) from None


def _executed(hypotheses: Sequence[Hypothesis], execution: Execution) -> Iterator[Judged]:
    """All hypotheses in turn; those that are left when their time together is over are not tried."""
    end = time.monotonic() + PATIENCE * execution.limits.seconds
    for hypothesis in hypotheses:
        if time.monotonic() < end:
            yield execute_hypothesis(hypothesis, execution)
        else:
            yield Judged(hypothesis, error=LimitReached(f"no time was left to execute {hypothesis.form}"))


def learn_choice(beams: Sequence[Beam]) -> Choice:
    """Weights from beams, and a network from many; nothing from few.

    The likelihood that a right one is chosen, or none where none is right, is made largest.
    """
    if len(beams) < _FEWEST:
        return Choice()
    told = _Told(beams)
    linear = _learn_weights(told)
    return linear if len(beams) < _FEWEST_FOR_A_NETWORK else _learn_network(told, linear)


class _Told:
    """Beams as padded tensors: ``rows`` [beams, forms, FEATURES], and what is ``right`` and what ``there``
    [beams, forms + 1], the last for "none of them"."""

    def __init__(self, beams: Sequence[Beam]) -> None:
        widest = max(len(right) for _, right in beams)
        self.rows = torch.zeros(len(beams), widest, len(FEATURES), dtype=torch.float64)
        self.right = torch.zeros(len(beams), widest + 1, dtype=torch.bool)
        self.there = torch.zeros_like(self.right)
        for number, (rows, right) in enumerate(beams):
            self.rows[number, : len(right)] = torch.from_numpy(np.asarray(rows))
            self.right[number, : len(right)] = torch.tensor(right, dtype=torch.bool)
            self.there[number, : len(right)] = True
        self.right[:, -1] = ~self.right.any(1)
        self.there[:, -1] = True

    def losses(self, scores: torch.Tensor, chosen: torch.Tensor | slice = slice(None)) -> torch.Tensor:
        """Negative log-likelihood [chosen] of what is right by scores [chosen, forms + 1]."""
        scores = scores.masked_fill(~self.there[chosen], -torch.inf)
        right = scores.masked_fill(~self.right[chosen], -torch.inf)
        return scores.logsumexp(1) - right.logsumexp(1)


def _learn_weights(told: _Told) -> Choice:
    """By L-BFGS, with a penalty for what is far from the decoder's order."""
    start = torch.zeros(len(FEATURES) + 1, dtype=torch.float64)
    start[0] = 1.0
    weights = start.clone().requires_grad_(True)
    optimizer = torch.optim.LBFGS([weights], max_iter=200, line_search_fn="strong_wolfe")

    def loss() -> torch.Tensor:
        optimizer.zero_grad()
        scores = told.rows @ weights[:-1]
        none = weights[-1].expand(len(scores), 1)
        total = _STRENGTH * ((weights - start) ** 2).sum() + told.losses(torch.cat((scores, none), 1)).sum()
        total.backward()
        return total

    optimizer.step(loss)
    found = weights.detach().tolist()
    return Choice({name: round(weight, 4) for name, weight in zip((*FEATURES, NONE), found, strict=True)})


def _learn_network(told: _Told, linear: Choice) -> Choice:
    """Several networks, each from other beginnings, as one: on top of the log-linear model."""
    forms = told.there[:, :-1]
    present = told.rows[forms]
    mean, scale = present.mean(0), present.std(0)
    scale = torch.where(scale < _CONSTANT, 1.0, scale)
    rows = (told.rows - mean) / scale
    weights = torch.tensor([linear.weights[name] for name in FEATURES], dtype=torch.float64)
    before = torch.cat((told.rows @ weights, torch.full((len(rows), 1), linear.weights[NONE])), 1)
    members = []
    for seed in range(_MEMBERS):
        generator = torch.Generator().manual_seed(seed)
        draw = lambda *shape, g=generator: torch.rand(*shape, dtype=torch.float64, generator=g)  # noqa: E731
        hidden = ((2 * draw(len(FEATURES), _UNITS) - 1) / len(FEATURES) ** 0.5).requires_grad_(True)
        bias = torch.zeros(_UNITS, dtype=torch.float64, requires_grad=True)
        out = torch.zeros(_UNITS, dtype=torch.float64, requires_grad=True)
        none = torch.zeros(1, dtype=torch.float64, requires_grad=True)
        optimizer = torch.optim.AdamW([hidden, bias, out, none], lr=_RATE, weight_decay=_DECAY)
        for _ in range(_STEPS):
            chosen = torch.randint(len(rows), (_BATCH,), generator=generator)
            units = torch.tanh(rows[chosen] @ hidden + bias)
            kept = (draw(*units.shape) >= _DROPOUT) / (1 - _DROPOUT)
            added = torch.cat(((units * kept) @ out, none.expand(_BATCH, 1)), 1)
            loss = told.losses(before[chosen] + added, chosen).mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        members.append([part.detach().numpy() for part in (hidden, bias, out, none)])
    hidden_all, bias_all, out_all, nones = (list(parts) for parts in zip(*members, strict=True))
    network = Network(
        mean.numpy(),
        scale.numpy(),
        np.concatenate(hidden_all, 1),
        np.concatenate(bias_all),
        np.concatenate(out_all) / _MEMBERS,
    )
    none_of_them = linear.weights[NONE] + float(np.mean(nones))
    return Choice({**linear.weights, NONE: round(none_of_them, 4)}, network)
