"""What "it", "those countries" and "the second one" may stand for: objects of the dialogue so far.

Entities that earlier questions named, and the entities, values and numbers of the answers given: each on
its own, and together as a set where they came together.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from grammar.forms import EntityLeaf, Leaf, NumberLeaf, RelationLeaf, TypeLeaf, ValueLeaf, leaves
from kgqa.conversation import Conversation, Turn
from kgqa.graphs.protocol import KnowledgeGraph

TURNS = 4
"""How many turns the dialogue is looked back; what it began with is kept for ever."""
SET_SIZE = 50
"""A larger answer is not offered as a set of entities: its form says it shorter."""
_SINGLE = 20  # entities of one answer that are offered one by one
_UNTYPED, _OTHER_TYPE = 0.85, 0.6  # where the question says of which type it is
_FADES = 0.8  # from turn to turn

_POINTS = re.compile(
    r"\b(that|those|this|these|such|the same|its|their|his|her|it|he|she|they|them|him|former|latter)\b",
    re.IGNORECASE,
)
_POINTS_AT_TYPE = re.compile(r"\b(?:that|those|this|these|such|the same|which)\s+(?=\w)", re.IGNORECASE)
_MANY = re.compile(r"\b(those|these|they|them|their|both|all)\b", re.IGNORECASE)
_ORDER = {
    "first": 0,
    "former": 0,
    "1st": 0,
    "second": 1,
    "2nd": 1,
    "third": 2,
    "3rd": 2,
    "latter": -1,
    "last": -1,
}
ORDERED = re.compile(rf"\bthe\s+({'|'.join(_ORDER)})(?:\s+(?:one|of)\b|\s*[?.!,]|$)", re.IGNORECASE)


@dataclass(frozen=True)
class Referent:
    """An object of the dialogue: how it came up, ``score`` 0..1, and how many turns ago (from 1)."""

    leaf: Leaf
    how: str
    score: float
    turn: int


def find_referents(
    question: str,
    conversation: Conversation,
    graph: KnowledgeGraph,
    *,
    settled: Callable[[str], Sequence[str]],
    types: Sequence[tuple[str, int]] = (),
) -> list[Referent]:
    """Objects of the dialogue, best first, every leaf once.

    Args:
        settled: the likely entities of an earlier question that has no record of them.
        types: types that the question's words may stand for, each with the character where they start:
            "those rivers" stands for rivers rather than for other things.
    """
    found = list(_objects(conversation, settled))
    if not found:
        return []
    points = 1.0 if _POINTS.search(question) else 0.6
    many = bool(_MANY.search(question))
    starts = {match.end() for match in _POINTS_AT_TYPE.finditer(question)}
    wanted = [name for name, start in types if start in starts and graph.has_type(name)][:4]
    fits = _fits(found, wanted, graph)
    chosen = _pointed_out(question, conversation)
    best: dict[Leaf, Referent] = {}
    for one in found:
        score = one.score * points
        if isinstance(one.leaf, EntityLeaf):
            names = one.leaf.names
            score *= min(fits.get(name, 1.0) for name in names)
            score *= 1.0 if (len(names) > 1) == many else 0.85
            if names == chosen:
                score = 1.0
        if one.leaf not in best or best[one.leaf].score < score:
            best[one.leaf] = replace(one, score=round(score, 4))
    return sorted(best.values(), key=lambda one: (-one.score, one.turn))


def _objects(conversation: Conversation, settled: Callable[[str], Sequence[str]]) -> Iterator[Referent]:
    turns = conversation.turns
    for ago, turn in enumerate(reversed(turns), start=1):
        seed = ago == len(turns)
        if ago > TURNS and not seed:
            continue
        fade = _FADES ** (ago - 1)
        names = _mentioned(turn, settled)
        for name in names:
            yield Referent(
                EntityLeaf((name,)), "seed" if seed else "mentioned", max(0.85 * fade, 0.5 * seed), ago
            )
        if 1 < len(names) <= SET_SIZE:
            yield Referent(EntityLeaf(names), "mentioned", 0.7 * fade, ago)
        if ago <= TURNS:
            yield from _answered(turn, ago, fade)


def _answered(turn: Turn, ago: int, fade: float) -> Iterator[Referent]:
    answer = turn.answer
    if answer is None:
        return
    for place, name in enumerate(answer.entities[:_SINGLE]):
        yield Referent(EntityLeaf((name,)), "answer", (0.95 - 0.01 * place) * fade, ago)
    if 1 < len(answer.entities) <= SET_SIZE:
        yield Referent(EntityLeaf(answer.entities), "answer", 0.95 * fade, ago)
    for value in answer.values[:_SINGLE]:
        yield Referent(ValueLeaf(value), "answer", 0.8 * fade, ago)
    for number in answer.numbers[:_SINGLE]:
        yield Referent(NumberLeaf(number), "answer", 0.6 * fade, ago)
    for leaf in leaves(answer.form) if answer.form is not None else ():
        if isinstance(leaf, TypeLeaf | RelationLeaf | NumberLeaf | ValueLeaf):
            yield Referent(leaf, "mentioned", 0.8 * fade, ago)


def _mentioned(turn: Turn, settled: Callable[[str], Sequence[str]]) -> tuple[str, ...]:
    """What the turn was about: as recorded, else as its form has it, else as its words may be read."""
    if turn.mentions:
        return tuple(dict.fromkeys(turn.mentions))
    form = turn.answer.form if turn.answer is not None else None
    if form is not None:
        named = [name for leaf in leaves(form) if isinstance(leaf, EntityLeaf) for name in leaf.names]
        return tuple(dict.fromkeys(named))[:SET_SIZE]
    return tuple(settled(turn.question))


def _fits(found: Sequence[Referent], types: Sequence[str], graph: KnowledgeGraph) -> dict[str, float]:
    """How well each entity is one of the types: 1, or less where it has others, or where it has none."""
    names = sorted({name for one in found if isinstance(one.leaf, EntityLeaf) for name in one.leaf.names})
    if not types or not names:
        return {}
    numbers = graph.entities(names)
    fits = dict.fromkeys(names, _UNTYPED)
    for place in np.unique(graph.types(numbers).owners).tolist():
        fits[names[place]] = _OTHER_TYPE
    for type_name in types:
        for place in np.flatnonzero(graph.are_members(numbers, type_name)).tolist():
            fits[names[place]] = 1.0
    return fits


def _pointed_out(question: str, conversation: Conversation) -> tuple[str, ...] | None:
    """What "the second one" or "the former" stands for, in the last answer or else the last question."""
    match = ORDERED.search(question)
    if match is None:
        return None
    place = _ORDER[match[1].casefold()]
    for turn in reversed(conversation.turns):
        for names in (turn.answer.entities if turn.answer is not None else (), turn.mentions):
            if len(names) > 1 and place < len(names):
                return (names[place],)
    return None
