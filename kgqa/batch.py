"""Contexts as arrays, and arrays as padded batches.

Shapes: B questions, T word pieces (of the question and earlier ones), F actions of the previous form,
N objects, U distinct label texts in the batch, A actions (operators, then N objects), L target actions.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from grammar.operators import LEAF_SORTS, Sort
from grammar.partial import OPERATOR_NAMES
from kgqa.config import ContextConfig
from kgqa.context import HOW, NEAR, Context, ContextObject
from kgqa.text import TextEncoder

MAX_TURN = 5
MAX_ORDER = 6
NUMERIC = 7
POINTER = len(OPERATOR_NAMES)
"""Stands for "an object" where an action of the previous form is no operator."""

_OPERATOR = {name: k for k, name in enumerate(OPERATOR_NAMES)}
_SORT = {sort: k for k, sort in enumerate(LEAF_SORTS)}
_HOW = {name: k for k, name in enumerate(HOW)}
_NEAR = {name: k for k, name in enumerate(NEAR)}

IntArray = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Encoded:
    """One context as arrays (see ``Batch`` for their meaning); ``labels`` and ``leads`` are still texts."""

    pieces: npt.NDArray[np.generic]
    piece_turn: IntArray
    piece_position: IntArray
    form_operator: IntArray
    form_object: IntArray
    labels: tuple[str, ...]
    leads: tuple[str, ...]
    categories: IntArray
    near: npt.NDArray[np.float32]
    numeric: npt.NDArray[np.float32]
    span: IntArray


@dataclass(frozen=True)
class Batch:
    """Padded arrays of several contexts."""

    pieces: Tensor  # [B, T, width] floats or [B, T] piece numbers
    piece_mask: Tensor  # [B, T] bool
    piece_turn: Tensor  # [B, T] turns ago
    piece_position: Tensor  # [B, T] position in its question
    form_operator: Tensor  # [B, F] operator, or POINTER
    form_object: Tensor  # [B, F] object pointed at, or -1
    form_mask: Tensor  # [B, F] bool
    label_features: Tensor  # [U, ...]
    label: Tensor  # [B, N] row of label_features
    leads: Tensor  # [B, N] row of label_features that says what a relation leads to, or -1
    categories: Tensor  # [B, N, 5] sort, how, turns ago, place in the previous form, order (0: none)
    near: Tensor  # [B, N, len(NEAR)] 0 or 1
    numeric: Tensor  # [B, N, NUMERIC]
    span: Tensor  # [B, N, 2] first piece and one past the last; equal where the object has no words here
    object_mask: Tensor  # [B, N] bool

    def showing(self, objects: Tensor) -> Batch:
        """The same with those objects alone that are marked, [B, N]."""
        return replace(self, object_mask=self.object_mask & objects)

    def to(self, device: torch.device) -> Batch:
        """The same on a device."""
        return Batch(**{f.name: getattr(self, f.name).to(device, non_blocking=True) for f in fields(self)})


def encode_contexts(
    contexts: Sequence[Context], text: TextEncoder, *, config: ContextConfig
) -> list[Encoded]:
    """Contexts as arrays."""
    questions = {q for c in contexts for q in (c.question, *(turn.question for turn in c.turns))}
    ordered = sorted(questions)
    known = dict(zip(ordered, text.pieces(ordered, config.question_tokens), strict=True))
    encoded: list[Encoded] = []
    for context in contexts:
        asked = [known[context.question], *(known[turn.question] for turn in context.turns)]
        spans = asked[0].spans  # [pieces, 2] characters
        form = next((turn.form for turn in context.turns if turn.form), ())
        place = {k: n for n, k in reversed(list(enumerate(form, start=1))) if isinstance(k, int)}
        objects = context.objects
        categories = np.zeros((len(objects), 5), np.int64)
        order = _orders(objects)
        near = np.zeros((len(objects), len(NEAR)), np.float32)
        numeric = np.zeros((len(objects), NUMERIC), np.float32)
        span = np.zeros((len(objects), 2), np.int64)
        for k, o in enumerate(objects):
            categories[k] = (
                _SORT[o.leaf.sort],
                _HOW[o.how],
                min(o.turn, MAX_TURN - 1),
                min(place.get(k, 0), config.form_actions),
                order[k],
            )
            for name in o.near:
                near[k, _NEAR[name]] = 1.0
            if o.span is not None and len(spans):
                inside = np.flatnonzero((spans[:, 0] < o.span[1]) & (spans[:, 1] > o.span[0]))
                if len(inside):
                    span[k] = inside[0], inside[-1] + 1
            several = len(getattr(o.leaf, "names", "1")) > 1 if _SORT[o.leaf.sort] == 0 else False
            start, end = (edge / max(1, len(context.question)) for edge in o.span or (0, 0))
            numeric[k] = o.score, o.similarity, o.weight, several, end - start, start, k / 16
        encoded.append(
            Encoded(
                pieces=np.concatenate([p.features for p in asked]),
                piece_turn=np.concatenate([np.full(len(p.spans), n) for n, p in enumerate(asked)]),
                piece_position=np.concatenate([np.arange(len(p.spans)) for p in asked]),
                form_operator=np.array(
                    [_OPERATOR[a] if isinstance(a, str) else POINTER for a in form], np.int64
                ),
                form_object=np.array([-1 if isinstance(a, str) else a for a in form], np.int64),
                labels=tuple(o.text for o in objects),
                leads=tuple(o.leads for o in objects),
                categories=categories,
                near=near,
                numeric=numeric,
                span=span,
            )
        )
    return encoded


def _orders(objects: Sequence[ContextObject]) -> list[int]:
    """For every object, whether its words are the first (1), second (2) ... of its sort in the question."""
    orders = [0] * len(objects)
    ends: dict[Sort, int] = {}
    counts: dict[Sort, int] = {}
    spoken = [(o.span, k) for k, o in enumerate(objects) if o.span is not None and o.turn == 0]
    for (start, end), k in sorted(spoken):
        sort = objects[k].leaf.sort
        if start >= ends.get(sort, 0):  # words that overlap are other readings of the same mention
            counts[sort] = counts.get(sort, 0) + 1
        ends[sort] = max(end, ends.get(sort, 0))
        orders[k] = min(counts[sort], MAX_ORDER - 1)
    return orders


def _pad(arrays: Sequence[npt.NDArray[np.generic]], *, fill: int = 0, least: int = 1) -> Tensor:
    """Arrays [n, ...] of different n as one tensor [B, max n, ...]."""
    length = max(least, *(len(a) for a in arrays))
    padded = np.full((len(arrays), length, *arrays[0].shape[1:]), fill, dtype=arrays[0].dtype)
    for row, array in zip(padded, arrays, strict=True):
        row[: len(array)] = array
    return torch.from_numpy(padded)


def _mask(lengths: Sequence[int], width: int) -> Tensor:
    return torch.arange(width)[None, :] < torch.tensor(lengths)[:, None]


def make_batch(encoded: Sequence[Encoded], text: TextEncoder) -> Batch:
    """Pad contexts to one batch."""
    texts = list(dict.fromkeys(x for e in encoded for x in (*e.labels, *e.leads) if x)) or [""]
    row = {text: k for k, text in enumerate(texts)}
    pieces = _pad([e.pieces for e in encoded])
    label = _pad([np.array([row.get(x, 0) for x in e.labels], np.int64) for e in encoded])
    leads = _pad([np.array([row.get(x, -1) for x in e.leads], np.int64) for e in encoded], fill=-1)
    operators = _pad([e.form_operator for e in encoded])
    features = torch.from_numpy(text.labels(texts))
    return Batch(
        pieces=pieces.float() if pieces.is_floating_point() else pieces,
        piece_mask=_mask([len(e.pieces) for e in encoded], pieces.shape[1]),
        piece_turn=_pad([e.piece_turn for e in encoded]),
        piece_position=_pad([e.piece_position for e in encoded]),
        form_operator=operators,
        form_object=_pad([e.form_object for e in encoded], fill=-1),
        form_mask=_mask([len(e.form_operator) for e in encoded], operators.shape[1]),
        label_features=features.float() if features.is_floating_point() else features,
        label=label,
        leads=leads,
        categories=_pad([e.categories for e in encoded]),
        near=_pad([e.near for e in encoded]),
        numeric=_pad([e.numeric for e in encoded]),
        span=_pad([e.span for e in encoded]),
        object_mask=_mask([len(e.labels) for e in encoded], label.shape[1]),
    )
