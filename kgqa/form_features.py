"""What whole forms tell, once they are executed, beside how likely the decoder finds them.

The decoder writes from left to right. When a form is whole, more is known: whether it denotes anything,
whether its relations and types lead anywhere on the way, how many other forms of the beam denote the same,
and what of the question it leaves unused.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from grammar.denotation import Boolean, Booleans, Denotation, FloatArray, Number, Numbers, is_empty
from grammar.errors import ExecutionError
from grammar.execute import Execution
from grammar.forms import (
    Call,
    EntityLeaf,
    LogicalForm,
    NumberLeaf,
    RelationLeaf,
    TypeLeaf,
    ValueLeaf,
    leaves,
    subforms,
    to_actions,
)
from grammar.graph import Graph
from grammar.offers import Offers
from kgqa.answer import Hypothesis
from kgqa.answer_sorts import is_of_sort, sorts_asked_for
from kgqa.batch import MAX_TURN
from kgqa.context import Context, ContextObject
from kgqa.decode import says_twice

SURE = 0.5
"""From this score of its match on, an entity counts as named by the question."""
_COMBINED = ("union", "intersect", "difference")
_SIDE_BY_SIDE = ("pair", "union", "intersect", "sum")
_SMALLEST = 1e-3
_LEAVES_OUT = re.compile(
    r"(?:\bnot|n['\u2019]t|\b(?:never|without|except|excepting|excluding|besides|leaving out|rather than"
    r"|all but|other than|different from|apart from|aside from|save for|but for))\b",
    re.IGNORECASE,
)
"""Words behind which stands what is not wanted."""

FEATURES = (
    "probability",  # logarithm of the decoder's probability
    "agreement",  # logarithm of the share of the beam's probability that denotes the same
    "fails",
    "empty",
    "empty combination",
    "zero",
    "false",
    "another sort",  # than that of the answer asked for
    "relations to nothing",  # how many relations of the form lead nowhere on the way
    "types of nothing",
    "share",  # logarithm of the share of elements that have the rarest relation or type of the form
    "entities left out",  # of those that the question names
    "entities of before",
    "types left out",
    "types unsaid",
    "numbers left out",  # or dates
    "likeness",  # of its relations to the question, less than the likeliest candidate's
    "worded",  # score of the words that its relations were found by
    "unconnected",  # relations that nothing in sight has
    "length",
    "twice",
    "several relations",
    "disorder",  # how many of its parts name things the other way round than the question
    "of itself",  # how often it asks whether something is related to itself
    "surest entity",  # the least score of the match of its entities
    "turns back",  # how many turns ago the oldest of its entities was spoken of; longer ago counts like four
    "types led to",  # how much of what the likeliest relations lead to is of its types
    "types of before",  # types and relations that only earlier turns have named
    "relations of before",
    "keeps what is left out",  # how many of its differences have their sides exchanged
    "leaves nothing out",  # though the question does
)


@dataclass(frozen=True)
class Judged:
    """A hypothesis, executed; ``denotation`` or ``error`` is None."""

    hypothesis: Hypothesis
    denotation: Denotation | None = None
    error: ExecutionError | None = None


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
    """The context's objects by leaf, those of them that the question itself names, and what it asks for.

    ``left_out`` is where the words end behind which stands what is not wanted.
    """

    def __init__(self, context: Context) -> None:
        self.sorts = sorts_asked_for(context.question)
        self.left_out = [words.end() for words in _LEAVES_OUT.finditer(context.question)]
        self.objects: dict[object, ContextObject] = {o.leaf: o for o in reversed(context.objects)}
        said = [o for o in context.objects if o.span is not None and o.turn == 0]
        self.entities = [o for o in said if isinstance(o.leaf, EntityLeaf) and o.score >= SURE]
        self.types = _longest([o for o in said if isinstance(o.leaf, TypeLeaf) and o.how == "wording"])
        self.numbers = [o for o in said if isinstance(o.leaf, (NumberLeaf, ValueLeaf))]
        relations = [o for o in context.objects if isinstance(o.leaf, RelationLeaf)]
        self.likeliest = max((o.similarity for o in relations), default=0.0)

    def expects(self, denotation: Denotation, graph: Graph) -> bool:
        """Whether the question may ask for such an answer."""
        return self.sorts is None or is_of_sort(denotation, self.sorts, graph)


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
    entities = [o for o in used if isinstance(o.leaf, EntityLeaf)]
    relations = [o for o in used if isinstance(o.leaf, RelationLeaf)]
    types = [o for o in used if isinstance(o.leaf, TypeLeaf)]
    differences = [
        part for part in subforms(form) if isinstance(part, Call) and part.operator == "difference"
    ]
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
        denotation is not None and not seen.expects(denotation, offers.graph),
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
        _disorder(form, seen.objects),
        sum(_asks_itself(part) for part in subforms(form)),
        min([o.score for o in entities], default=1.0),
        min(MAX_TURN - 1, max([o.turn for o in entities], default=0)),
        _mean([o.weight for o in types]),
        sum(o.turn > 0 for o in types),
        sum(o.turn > 0 for o in relations),
        sum(_keeps_what_is_left_out(part, seen) for part in differences),
        bool(seen.left_out) and not differences,
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


def same_denotation(one: Judged, other: Judged) -> bool:
    """Whether two forms denote the same; that both denote nothing says nothing."""
    if one is other:
        return True
    return one.denotation is not None and not is_empty(one.denotation) and one.denotation == other.denotation


def _agreement(one: Judged, beam: Sequence[Judged]) -> float:
    if one.denotation is None or is_empty(one.denotation):
        return 0.0
    all_of_it = sum(math.exp(other.hypothesis.score) for other in beam)
    same = sum(math.exp(other.hypothesis.score) for other in beam if same_denotation(one, other))
    return math.log(max(same / max(all_of_it, 1e-12), 1e-12)) - one.hypothesis.score


def _disorder(form: LogicalForm, objects: Mapping[object, ContextObject]) -> int:
    """How many parts that are put together stand the other way round than their words."""
    turned = 0
    for part in subforms(form):
        if isinstance(part, Call) and part.operator in _SIDE_BY_SIDE and len(part.arguments) == 2:
            for one, other in zip(*(leaves(side) for side in part.arguments), strict=False):
                spans = [objects[leaf].span for leaf in (one, other) if leaf in objects]
                known = one != other and type(one) is type(other) and len(spans) == 2 and all(spans)
                turned += known and spans[0] > spans[1]  # type: ignore[operator]
    return turned


def _keeps_what_is_left_out(difference: Call, seen: _Seen) -> bool:
    """Whether what the question leaves out ("not", "except") is of the first side only, not of the second."""
    sides = [set(leaves(side)) for side in difference.arguments]
    for end in seen.left_out:
        behind = [
            (o.span[0], in_second)
            for in_second in (False, True)
            for leaf in sides[in_second] - sides[not in_second]
            if (o := seen.objects.get(leaf)) is not None and o.span is not None and o.span[0] >= end
        ]
        if behind and not min(behind)[1]:
            return True
    return False


def _asks_itself(part: LogicalForm) -> bool:
    """Whether it asks if an entity is among those that its own relations lead to."""
    return (
        isinstance(part, Call)
        and part.operator == "is_in"
        and isinstance(part.arguments[0], EntityLeaf)
        and part.arguments[0] in set(leaves(part.arguments[1]))
    )


def _combines(form: LogicalForm) -> bool:
    return isinstance(form, Call) and form.operator in _COMBINED


def _says_zero(denotation: Number | Numbers) -> bool:
    return denotation.number == 0 if isinstance(denotation, Number) else not any(denotation.numbers)


def _truth(denotation: Boolean | Booleans) -> bool:
    return denotation.truth if isinstance(denotation, Boolean) else any(denotation.truths)
