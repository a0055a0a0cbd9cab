"""Candidates that lessons show and do not need: so few of them that no name is learnt to be wrong.

A context offers some fifty relations and types, of which a form needs one or two. Over the lessons most
names are offered thousands of times and needed never or seldom, and a model that sees all of that rejects
them by name: asked for one of them, it points elsewhere however plain the words are. So each is left out of
lessons that do not need it as often as makes it right in a share of those that show it; a name that no
lesson needs is not shown at all, and is judged by what it says when it is met.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import TypeAlias

import numpy as np
import torch
from torch import Tensor

from grammar.operators import LEAF_SORTS, Sort
from grammar.partial import OPERATOR_NAMES
from kgqa.batch import Encoded
from kgqa.prepare import Learnable

_THINNED = {k: sort for k, sort in enumerate(LEAF_SORTS) if sort in (Sort.RELATION, Sort.TYPE)}

Named: TypeAlias = tuple[Sort, str]
"""A relation or type as the model knows it: by its text."""


class Distractors:
    """How often relations and types are shown to lessons that do not need them, counted over ``lessons``.

    ``least_right`` is the share of the lessons with a name that need it, below which it is left out of
    others; 0 leaves out nothing.
    """

    def __init__(self, lessons: Iterable[Learnable], least_right: float) -> None:
        offered: Counter[Named] = Counter()
        right: Counter[Named] = Counter()
        for lesson in lessons if least_right else ():
            named = dict(_named(lesson.encoded))
            offered.update(set(named.values()))
            right.update({named[k] for k in _needed(lesson) if k in named})
        shares = {name: right[name] / (least_right * count) for name, count in offered.items()}
        self._seldom = {name: share for name, share in shares.items() if share < 1.0}

    def __bool__(self) -> bool:
        """Whether anything is left out."""
        return bool(self._seldom)

    def shown(self, batch: Sequence[Learnable], objects: int) -> Tensor:
        """Which of as many ``objects`` each lesson shows this time, [B, objects]; what its forms need and
        what the form of the turn before points at always."""
        often = np.ones((len(batch), objects), np.float32)
        for row, lesson in zip(often, batch, strict=True):
            for k, name in _named(lesson.encoded):
                row[k] = self._seldom.get(name, 1.0)
            pointed = lesson.encoded.form_object
            row[_needed(lesson)] = row[pointed[pointed >= 0]] = 1.0
        return torch.rand(often.shape) < torch.from_numpy(often)


def _named(context: Encoded) -> Iterator[tuple[int, Named]]:
    """The relations and types of a context, with their positions."""
    for k, (text, sort) in enumerate(zip(context.labels, context.categories[:, 0].tolist(), strict=True)):
        if sort in _THINNED:
            yield k, (_THINNED[sort], text)


def _needed(lesson: Learnable) -> list[int]:
    """The positions of the objects that any form of a lesson points at."""
    actions = {int(action) for target in lesson.targets for action in target.actions}
    return [action - len(OPERATOR_NAMES) for action in actions if action >= len(OPERATOR_NAMES)]
