"""Ranking what a search has found by a model that learnt from what it found: train, re-rank, repeat.

Any model can be asked: a ``Score`` gives one number a form, the higher the better. ``WordModel`` is a small
one, which needs nothing but the questions and their forms: it learns which words go with which operators.
Of a question with a form that is far the best, that is learnt; where several are level, it decides.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from grammar.denotation import FloatArray, IntArray
from grammar.forms import Call, EntityLeaf, LogicalForm

Score: TypeAlias = Callable[[str, Sequence[LogicalForm]], FloatArray]
"""(question, forms [n]) -> how well each goes with the question [n]; log-probabilities of a model, say."""

_WORD = re.compile(r"[^\W_]+|\d+")
_SIZE = 1 << 18


@dataclass(frozen=True)
class Candidates:
    """A question, the forms found for it [n], best first, and their scores [n]."""

    question: str
    forms: tuple[LogicalForm, ...]
    scores: FloatArray


def reranked(candidates: Candidates, score: Score, *, weight: float = 1.0) -> Candidates:
    """The same forms, best first by their scores and ``weight`` times what the model says."""
    if len(candidates.forms) < 2:
        return candidates
    scores = candidates.scores + weight * score(candidates.question, candidates.forms)
    order = np.argsort(-scores, kind="stable")
    return Candidates(candidates.question, tuple(candidates.forms[k] for k in order), scores[order])


class WordModel:
    """A log-linear model of the form given the question, over pairs of a word and a part of the form.

    Trained on every question's candidates towards the shares that their scores give them: level candidates
    teach nothing about each other. Hashed into 262,144 weights; the same turns give the same model.
    """

    def __init__(self) -> None:
        self.weights: FloatArray = np.zeros(_SIZE)
        self._squares: FloatArray = np.full(_SIZE, 1e-3)

    def __call__(self, question: str, forms: Sequence[LogicalForm]) -> FloatArray:
        """A number for each form, [n]; see ``Score``."""
        return np.array([self.weights[row].sum() for row in _rows(question, forms)])

    def train(self, turns: Iterable[Candidates], *, passes: int = 4, rate: float = 0.1) -> WordModel:
        """Learn from the turns that have several forms; gives itself back."""
        prepared = [
            (_rows(turn.question, turn.forms), _shares(turn.scores)) for turn in turns if len(turn.forms) > 1
        ]
        for _ in range(passes):
            for rows, wanted in prepared:
                given = _shares(np.array([self.weights[row].sum() for row in rows]), warmth=1.0)
                for row, step in zip(rows, wanted - given, strict=True):
                    self._squares[row] += step * step
                    self.weights[row] += rate * step / np.sqrt(self._squares[row])
        return self


def _shares(scores: FloatArray, *, warmth: float = 0.1) -> FloatArray:
    """Scores as shares that sum to 1; the less warmth, the more the best takes."""
    powers = np.exp((scores - scores.max()) / warmth)
    return np.asarray(powers / powers.sum())


def _rows(question: str, forms: Sequence[LogicalForm]) -> list[IntArray]:
    """For each form the places of its weights."""
    words = sorted({word.casefold() for word in _WORD.findall(question)})
    parts = [_parts(form) for form in forms]
    # What all candidates share tells none from another.
    shared = set.intersection(*map(set, parts)) if parts else set()
    return [
        np.array(
            [
                zlib.crc32(f"{word} {part}".encode()) % _SIZE
                for part in some
                if part not in shared
                for word in words
            ],
            dtype=np.int64,
        )
        for some in parts
    ]


def _parts(form: LogicalForm) -> list[str]:
    """Operators, each also with its place, and sets of entities."""
    found: dict[str, None] = {}

    def visit(part: LogicalForm, place: str) -> None:
        if isinstance(part, Call):
            found[part.operator] = None
            found[f"{place}>{part.operator}"] = None
            for number, argument in enumerate(part.arguments):
                visit(argument, f"{part.operator}.{number}")
        elif isinstance(part, EntityLeaf):
            found[f"{place}>{'set' if len(part.names) > 1 else 'entity'}"] = None

    visit(form, "")
    return [*found]
