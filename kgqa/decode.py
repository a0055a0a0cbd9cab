"""Masked beam search: several questions at once, every hypothesis well-typed by construction."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from grammar.forms import Call, LogicalForm, subforms, to_actions
from grammar.lines import TESTS
from grammar.offers import UNKNOWN, Offers
from grammar.partial import ActionSpace, PartialForm
from kgqa.answer import Hypothesis
from kgqa.batch import Batch
from kgqa.model import OPERATORS_COUNT, StructuredTransformer, with_start

BEAM = 6
"""How many forms of a question are followed at once, if nothing else is said."""
UNLIKELY = 10.0
"""A hypothesis that is so many nats less probable than the best one so far is followed no further."""
TWICE = 10.0
"""Nats by which a form counts as less probable that says the same thing twice."""


_TWO_OF_A_KIND = ("union", "intersect", "difference", "sum", "pair", "is_in", *TESTS)


@dataclass(frozen=True)
class _Live:
    partial: PartialForm
    score: float


@torch.inference_mode()
def beam_search(
    model: StructuredTransformer,
    batch: Batch,
    spaces: Sequence[ActionSpace],
    *,
    offers: Sequence[Offers],
    beam: int = BEAM,
) -> list[list[Hypothesis]]:
    """The ``beam`` most probable forms of every question that the search meets, best first.

    ``offers``: those of each question's graph.

    A question gets no form only if none can be made of its leaves.
    """
    memory = model.encode(batch)
    live = [[_Live(space.start(), 0.0)] for space in spaces]
    done: list[list[Hypothesis]] = [[] for _ in spaces]
    previous = torch.full((len(spaces), 1), -1, device=memory.objects.device)
    for _ in range(model.max_actions):
        order = [hypothesis for beam_of in live for hypothesis in beam_of]
        if not order:
            break
        graphs = [graph for graph, beam_of in zip(offers, live, strict=True) for _ in beam_of]
        shares = _shares(order, graphs, OPERATORS_COUNT + memory.objects.shape[1])
        scores = model.decode(with_start(previous), memory, shares[:, None].to(previous.device))
        scores = scores[:, -1].float()  # [rows, A]
        live, parents, actions = _advance(live, done, _log_probabilities(order, scores), beam)
        if not parents:
            break
        rows = torch.tensor(parents, device=previous.device)
        memory = memory.select(rows)
        previous = torch.tensor(actions, device=previous.device)[:, None]
    return [_distinct(hypotheses)[:beam] for hypotheses in done]


def _shares(order: Sequence[_Live], offers: Sequence[Offers], width: int) -> Tensor:
    """What the graphs offer to every hypothesis, [rows, A]."""
    shares = np.full((len(order), width), UNKNOWN, np.float32)
    for row, hypothesis, graph in zip(shares, order, offers, strict=True):
        offered = graph.at(hypothesis.partial)
        if offered is not None:
            row[: len(offered)] = offered
    return torch.from_numpy(shares)


def _log_probabilities(order: Sequence[_Live], scores: Tensor) -> Tensor:
    """Log-probabilities [rows, A] with what the grammar forbids at minus infinity."""
    allowed = np.zeros(scores.shape, dtype=bool)
    for row, hypothesis in zip(allowed, order, strict=True):
        mask = hypothesis.partial.mask
        row[: len(mask)] = mask
    masked = scores.masked_fill(~torch.from_numpy(allowed).to(scores.device), float("-inf"))
    # Where nothing is allowed (no form can be made of the leaves) the softmax is not a number.
    return masked.log_softmax(-1).nan_to_num(nan=-math.inf, neginf=-math.inf).cpu()


def _advance(
    live: Sequence[Sequence[_Live]], done: Sequence[list[Hypothesis]], scores: Tensor, beam: int
) -> tuple[list[list[_Live]], list[int], list[int]]:
    """One step: the next beams, and for each of their hypotheses its parent's memory row and its action."""
    next_live: list[list[_Live]] = []
    parents: list[int] = []
    actions: list[int] = []
    first = 0
    for beam_of, finished in zip(live, done, strict=True):
        here: list[_Live] = []
        if beam_of:
            start = torch.tensor([hypothesis.score for hypothesis in beam_of])
            total = scores[first : first + len(beam_of)] + start[:, None]  # [hypotheses, A]
            best, flat = total.flatten().topk(min(2 * beam, total.numel()))
            likeliest = max([float(best[0]), *(h.score for h in finished)])
            for score, index in zip(best.tolist(), flat.tolist(), strict=True):
                if score == -math.inf or score < likeliest - UNLIKELY or len(here) == beam:
                    break
                position, action = divmod(index, total.shape[1])
                partial = beam_of[position].partial.append(action)
                if partial.complete:
                    form = partial.form()
                    finished.append(Hypothesis(form, score - TWICE * says_twice(form)))
                else:
                    here.append(_Live(partial, score))
                    actions.append(action)
                    parents.append(first + position)
            # What is live can only lose: stop once as many better forms are done.
            bar = sorted((h.score for h in finished), reverse=True)
            if len(bar) >= beam and here and here[0].score < bar[beam - 1]:
                del actions[len(actions) - len(here) :], parents[len(parents) - len(here) :]
                here = []
        next_live.append(here)
        first += len(beam_of)
    return next_live, parents, actions


def _distinct(hypotheses: Sequence[Hypothesis]) -> list[Hypothesis]:
    """Best first, every form once (equal leaves can be pointed at twice)."""
    best: dict[LogicalForm, Hypothesis] = {}
    for hypothesis in sorted(hypotheses, key=lambda h: -h.score):
        best.setdefault(hypothesis.form, hypothesis)
    return list(best.values())


def action_numbers(form: LogicalForm, space: ActionSpace) -> list[int] | None:
    """The numbers of a form's actions in a question's space, or None where a leaf is not at hand."""
    numbers: list[int] = []
    for action in to_actions(form):
        number = space.index(action)
        if number is None:
            return None
        numbers.append(number)
    return numbers


def says_twice(form: LogicalForm) -> bool:
    """Whether an operator of two equals is applied to the same thing twice: well-typed, and never meant."""
    return any(
        isinstance(part, Call) and part.operator in _TWO_OF_A_KIND and part.arguments[0] == part.arguments[1]
        for part in subforms(form)
    )
