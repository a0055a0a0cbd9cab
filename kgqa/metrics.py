"""Scores, as pure functions over predictions and gold; each published measure under its own name.

A prediction is None where there is no answer: the question was not parsed or its form failed. None is
never better than a wrong answer. An empty set is an answer.

Set-valued questions: ``micro_f1``, ``macro_f1``, ``csqa_f1``, each over (predicted, gold) sets.
Truth values and counts: ``accuracy`` over ``same_truth``, ``same_truths``, ``same_numbers``.
Ranked answers: ``chance_at_1``, ``reciprocal_rank``, ``chance_within``.
Forms: ``execution_equality``, ``exact_match``.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from typing import TypeAlias

from grammar.denotation import Denotation, Number, Numbers, is_empty
from grammar.forms import LogicalForm, normalise
from grammar.values import Quantity, String, Text, Time, Value

SetPair: TypeAlias = tuple[Set[str] | None, Set[str]]
"""Predicted and gold."""

CAP = 1_000


@dataclass(frozen=True)
class Score:
    """Precision, recall and F1, each in 0..1."""

    precision: float
    recall: float
    f1: float


def _f1(precision: float, recall: float) -> float:
    return 2 * precision * recall / (precision + recall) if precision + recall else 0.0


def _mean(numbers: Sequence[float]) -> float:
    return sum(numbers) / len(numbers) if numbers else 0.0


# --- sets --------------------------------------------------------------------------------------------


def micro_f1(pairs: Iterable[SetPair]) -> Score:
    """Hits, false and missed items pooled over all questions (LASAGNE, CARTON).

    An empty prediction only adds missed items; empty against empty adds nothing.

    >>> micro_f1([({"a", "b"}, {"a"}), (None, {"c"})])
    Score(precision=0.5, recall=0.5, f1=0.5)
    """
    hits = predicted_items = gold_items = 0
    for predicted, gold in pairs:
        hits += len(gold & predicted) if predicted else 0
        predicted_items += len(predicted or ())
        gold_items += len(gold)
    precision = hits / predicted_items if predicted_items else 0.0
    recall = hits / gold_items if gold_items else 0.0
    return Score(precision, recall, _f1(precision, recall))


def macro_f1(pairs: Iterable[SetPair], *, empty: float) -> float:
    """Mean of the questions' F1 (SPICE); ``empty`` is what an empty answer to an empty gold counts.

    SPICE counts it 0; 1 is the other convention. No answer at all counts 0 in both.
    """
    return _mean([_item_f1(predicted, gold, empty) for predicted, gold in pairs])


def _item_f1(predicted: Set[str] | None, gold: Set[str], empty: float) -> float:
    if predicted is None:
        return 0.0
    if not predicted and not gold:
        return empty
    return 2 * len(predicted & gold) / (len(predicted) + len(gold))


def csqa_f1(pairs: Iterable[SetPair]) -> Score:
    """Mean precision, mean recall, and their harmonic mean (CSQA's own).

    The precision of an empty prediction and the recall of an empty gold are 0, unless both are empty:
    then both are 1.
    """
    precisions, recalls = [], []
    for predicted, gold in pairs:
        hits = len(gold & predicted) if predicted else 0
        both_empty = 1.0 if predicted is not None and not predicted and not gold else 0.0
        precisions.append(hits / len(predicted) if predicted else both_empty)
        recalls.append(hits / len(gold) if gold else both_empty)
    precision, recall = _mean(precisions), _mean(recalls)
    return Score(precision, recall, _f1(precision, recall))


def capped(predicted: Set[str] | None, gold: Set[str], *, cap: int = CAP) -> Set[str] | None:
    """What LASAGNE's scripts score in place of a prediction of more than ``cap`` items: its hits only.

    All its false positives vanish, so this looks at gold. A known defect of published figures; report it
    beside the true figure, never in its place.
    """
    return predicted & gold if predicted is not None and len(predicted) > cap else predicted


# --- truth values and counts -------------------------------------------------------------------------


def accuracy(right: Iterable[bool]) -> float:
    """The share that is right; 0 of nothing."""
    return _mean([float(one) for one in right])


def same_truth(predicted: Sequence[bool] | None, gold: Sequence[bool]) -> bool:
    """LASAGNE's way: one truth value, true only if every part of the answer is yes."""
    return predicted is not None and _all_true(predicted) == _all_true(gold)


def _all_true(truths: Sequence[bool]) -> bool:
    return bool(truths) and all(truths)


def same_truths(predicted: Sequence[bool] | None, gold: Sequence[bool]) -> bool:
    """CSQA's way: the words "YES" and "NO" in order, where one word stands for parts that agree."""
    return predicted is not None and _said(predicted) == _said(gold)


def _said(truths: Sequence[bool]) -> tuple[bool, ...]:
    return tuple(truths[:1]) if len(set(truths)) <= 1 else tuple(truths)


def same_numbers(
    predicted: Sequence[float] | None, gold: Sequence[float], *, failed_as_zero: bool = False
) -> bool:
    """The same numbers in the same order.

    No answer is wrong; with ``failed_as_zero`` it counts as 0, as in LASAGNE's scripts.
    """
    if predicted is None:
        return failed_as_zero and tuple(gold) == (0.0,)
    return len(predicted) == len(gold) and all(map(_same_number, predicted, gold))


def _same_number(one: float, other: float) -> bool:
    return math.isclose(one, other, rel_tol=1e-9, abs_tol=1e-9)


def count_set_exact(predicted: Set[str] | None, gold: Set[str]) -> bool:
    """Whether the set that was counted is the right one, not only its size."""
    return predicted is not None and set(predicted) == set(gold)


# --- over question types -----------------------------------------------------------------------------


def unweighted_mean(by_type: Mapping[str, tuple[float, int]]) -> float:
    """Mean over question types, from type -> (score, number of questions); types without any are left out."""
    return _mean([score for score, questions in by_type.values() if questions])


def weighted_mean(by_type: Mapping[str, tuple[float, int]]) -> float:
    """Mean over questions, from type -> (score, number of questions)."""
    questions = sum(number for _, number in by_type.values())
    return sum(score * number for score, number in by_type.values()) / questions if questions else 0.0


# --- ranked answers ----------------------------------------------------------------------------------

# A parser answers with groups of items, best first, and the items of a group are tied: nothing ranks one of
# them above another. So these are expectations over the orders in which tied items could stand. Each group
# is (number of items, how many of them are right).

Groups: TypeAlias = Sequence[tuple[int, int]]


def chance_at_1(groups: Groups) -> float:
    """P@1: the chance that the first item is right.

    >>> chance_at_1([(2, 1), (1, 1)])
    0.5
    """
    size, right = next((group for group in groups if group[0]), (0, 0))
    return right / size if size else 0.0


def reciprocal_rank(groups: Groups) -> float:
    """The expected reciprocal of the rank of the first right item; 0 where there is none."""
    before = 0
    for size, right in groups:
        if right:
            ways = math.comb(size, right)
            return sum(
                math.comb(size - place, right - 1) / ways / (before + place)
                for place in range(1, size - right + 2)
            )
        before += size
    return 0.0


def chance_within(groups: Groups, depth: int) -> float:
    """Hit@depth: the chance that one of the first ``depth`` items is right."""
    left = depth
    for size, right in groups:
        if left <= 0:
            return 0.0
        if right:
            drawn = min(left, size)
            return 1.0 - math.comb(size - right, drawn) / math.comb(size, drawn)
        left -= size
    return 0.0


Item: TypeAlias = str | Value | float | bool
"""An entity's id, a literal, a number or a truth value."""


def matches(predicted: Item, gold: Item, *, label: str = "") -> bool:
    """Whether an answer is the gold one: ids, numbers and truth values by value, dates at the coarser
    precision, quantities by amount (and unit where gold has one), texts after ``normalise_text``.

    ``label`` is the name of a predicted entity, for a gold answer that is only a name.
    """
    if isinstance(predicted, bool) or isinstance(gold, bool):
        return predicted is gold
    if isinstance(predicted, str) and isinstance(gold, str):
        return predicted == gold
    if isinstance(gold, (String, Text)):
        text = label if isinstance(predicted, str) else getattr(predicted, "text", "")
        return bool(text) and normalise_text(text) == normalise_text(gold.text)
    if isinstance(predicted, Time) and isinstance(gold, Time):
        return predicted.span[0] <= gold.span[1] and gold.span[0] <= predicted.span[1]
    if isinstance(predicted, Quantity) and isinstance(gold, Quantity):
        return _same_number(predicted.amount, gold.amount) and gold.unit in ("1", predicted.unit)
    one, other = _number(predicted), _number(gold)
    if one is not None and other is not None:
        return _same_number(one, other)
    return predicted == gold


def _number(item: Item) -> float | None:
    if isinstance(item, Quantity):
        return item.amount
    return float(item) if isinstance(item, (int, float)) else None


_ARTICLE = re.compile(r"^(the|a|an) ")


def normalise_text(text: str) -> str:
    """Case, accents, punctuation, spaces and a leading article do not matter.

    >>> normalise_text("The  Café-Concert.")
    'cafe concert'
    """
    plain = "".join(c for c in unicodedata.normalize("NFKD", text.casefold()) if not unicodedata.combining(c))
    return _ARTICLE.sub("", re.sub(r"[\W_]+", " ", plain).strip())


def group_of(
    predicted: Iterable[Item], gold: Iterable[Item], *, label: Callable[[str], str]
) -> tuple[int, int]:
    """The group (items, right items) of one predicted set; ``label`` names entities."""
    gold = list(gold)
    items = list(predicted)
    right = sum(
        any(matches(item, one, label=label(item) if isinstance(item, str) else "") for one in gold)
        for item in items
    )
    return len(items), right


# --- forms -------------------------------------------------------------------------------------------


def exact_match(predicted: LogicalForm | None, gold: LogicalForm) -> bool:
    """Whether the forms are the same up to the order of arguments that may be swapped."""
    return predicted is not None and normalise(predicted) == normalise(gold)


def execution_equality(predicted: Denotation | None, gold: Denotation, *, exact: bool) -> bool:
    """Whether two forms denote the same on the same graph; ``exact`` is ``exact_match`` of them.

    Two empty denotations say nothing about the forms, so they are equal only where the forms match
    exactly; a count of 0 (or several of 0) is as empty as the set that it counts.
    """
    if predicted is None:
        return False
    if _says_nothing(predicted) and _says_nothing(gold):
        return exact
    return predicted == gold


def _says_nothing(denotation: Denotation) -> bool:
    if isinstance(denotation, Number):
        return denotation.number == 0
    if isinstance(denotation, Numbers):
        return not any(denotation.numbers)
    return is_empty(denotation)
