"""Which readings of a name agree with the rest of the question, and with what was spoken of before.

"The ship Titanic" is a ship, "who directed Psycho?" asks for something that has a director, and after a
question about Titanic "Jack" is rather the one in it than any other. Each agreement moves the odds of a
reading by a fixed factor; nothing is thrown away.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np

from grammar.denotation import EMPTY, IntArray
from kgqa.graphs.near import near
from kgqa.graphs.protocol import KnowledgeGraph
from kgqa.linking.matches import Match
from kgqa.linking.mentions import STOP_WORDS, beside, normal_form
from kgqa.linking.vocabulary import Wording

# Logarithms of factors on the odds; set by hand, since few of the turns at hand have namesakes.
_IS_ONE, _IS_ANOTHER = 2.5, -1.5
_HAS_RELATION = 1.0
_NEAR = 2.0
_DESCRIBED = 2.0
_RELATIONS = 3
"""How many of the relations that the question's words stand for are looked for at namesakes."""
_MANY = 60
"""Facts of one relation; of more, the neighbours tell nothing."""
_LIKELY = 0.35  # the least score of such a relation


@dataclass(frozen=True)
class Said:
    """What the question says besides its names: types and relations that its words may stand for."""

    types: Sequence[Wording] = ()
    relations: Sequence[Wording] = ()


def agreed(
    question: str,
    matches: Sequence[Match],
    graph: KnowledgeGraph,
    *,
    said: Said,
    close: IntArray = EMPTY,
) -> list[Match]:
    """The matches with their scores moved, best first.

    Args:
        close: entities one fact away from the dialogue's.
    """
    moves: dict[int, float] = defaultdict(float)
    by_span: dict[tuple[int, int], list[int]] = defaultdict(list)
    for row, match in enumerate(matches):
        by_span[match.span.start, match.span.end].append(row)
    if len(close):
        for row in np.flatnonzero(np.isin(graph.entities([match.name for match in matches]), close)).tolist():
            moves[row] += _NEAR
    for span, rows in by_span.items():
        numbers = graph.entities([matches[row].name for row in rows])
        placed = {one.name: beside(question, one.span, span) for one in said.types}
        kinds = [name for name, how in placed.items() if how]
        if kinds:
            fits = np.logical_or.reduce([graph.are_members(numbers, kind) for kind in kinds])
            others = np.zeros(len(rows), dtype=np.bool_)
            if max(placed.values()) == 2:
                others[graph.types(numbers).owners] = True
            for row, fit, other in zip(rows, fits.tolist(), others.tolist(), strict=True):
                moves[row] += _IS_ONE if fit else _IS_ANOTHER if other else 0.0
        if len(rows) > 1:
            for place in _with_relations(numbers, graph, said.relations):
                moves[rows[place]] += _HAS_RELATION
            names = [matches[row].name for row in rows]
            for row, words in zip(rows, telling(question, span, names, graph), strict=True):
                moves[row] += _DESCRIBED * words
    moved = [replace(match, score=_moved(match.score, moves[row])) for row, match in enumerate(matches)]
    return sorted(moved, key=lambda match: (-match.score, match.span.start))


def telling(question: str, span: tuple[int, int], names: Sequence[str], graph: KnowledgeGraph) -> list[int]:
    """Of each namesake, how many words of the question are in its description and not in all of them.

    "The 1998 film Psycho" is the one described as "1998 film by Gus Van Sant".
    """
    around = set(normal_form(question[: span[0]] + " " + question[span[1] :]).split()) - STOP_WORDS
    described = [set(normal_form(graph.description(name) or "").split()) for name in names]
    shared = set.intersection(*described) if described else set()
    return [len((words - shared) & around) for words in described]


def _with_relations(numbers: IntArray, graph: KnowledgeGraph, relations: Sequence[Wording]) -> list[int]:
    """Places of those that have a fact of one of the question's likeliest relations."""
    having: set[int] = set()
    for one in relations[:_RELATIONS]:
        if one.score >= _LIKELY:
            for facts in (graph.objects, graph.subjects, graph.literals):
                having.update(np.unique(facts(numbers, one.name).owners).tolist())
    return sorted(having)


def _moved(score: float, by: float) -> float:
    if not by:
        return score
    likely = min(max(score, 1e-4), 1.0 - 1e-4)
    return round(1.0 / (1.0 + math.exp(-(math.log(likely / (1.0 - likely)) + by))), 4)


@lru_cache(maxsize=256)
def neighbours(graph: KnowledgeGraph, names: tuple[str, ...]) -> IntArray:
    """Entities one fact away from any of the names; remembered from turn to turn."""
    return near(graph, graph.entities(names), most=_MANY)
