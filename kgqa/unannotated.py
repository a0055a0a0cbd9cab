"""What a form may be made of where a dataset names neither relations nor types: linking and the graph say it.

Entities come from the question and the dialogue, relations from the graph around them. There are many, and
with many leaves some form has the right answer by luck. So every leaf is weighed: an entity by how surely the
question means it, a relation by how much its name is like the question, and a form that does not agree well
enough is dropped. For a yes or no, which every second form gives, and for a count more is asked.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from grammar.forms import EntityLeaf, Leaf, LogicalForm, NumberLeaf, RelationLeaf, TypeLeaf, ValueLeaf
from grammar.operators import END_TIME, POINT_IN_TIME, START_TIME
from grammar.search import Hints, Leaves
from kgqa.conversation import Example, Gold
from kgqa.graphs.protocol import Direction, KnowledgeGraph
from kgqa.linking import Candidate, Links, link

if TYPE_CHECKING:
    from kgqa.likeness import Likeness

_MOST_ENTITIES, _MOST_OF_DIALOGUE = 12, 7
_MOST_NAMESAKES = 2
_MOST_SHOWN = 20  # entities of an earlier answer that are taken up together
_MOST_RELATIONS = 30
_MOST_QUALIFIERS = 12
_MOST_TYPES = 6
_OPERATORS: dict[Direction, frozenset[str]] = {
    "out": frozenset({"follow", "statements"}),
    "in": frozenset({"follow_back"}),
    "literal": frozenset({"value", "statements"}),
}
_QUALIFYING = frozenset({"qualifier", "qualifier_value", "where", "first", "last"})

# What a leaf adds to the agreement of a form; measured on half of the seeds of ConvQuestions val.
_LIKE, _SLOPE = 0.7, 2.5  # a relation as like as this costs nothing, each 0.1 less costs a quarter
_MOST_LIKE, _LEAST_LIKE = 0.25, -2.0  # so that a second relation is never for nothing
_LONG_AGO = 0.05  # an entity of the dialogue costs this, for every turn since
_NAMED = 0.5  # an entity or a date that the question names beside what the dialogue is about adds this
_QUALIFIER = 0.15  # a relation that only qualifies statements costs no more than this
_UNSURE = 0.6  # an entity that the words may well not mean costs this
_LEAST_OF_ALL, _LEAST_BY_WORDS = -1.2, 0.0
_LEAST_OF_NUMBERS, _LEAST_OF_YES, _LEAST_OF_NO = -1.1, -0.7, -0.4  # most of what is claimed is not so
_LEAST_SCORE = 0.1  # of a linked entity that does not look like a name
_CAPITAL_BEFORE, _CAPITAL_AFTER = (
    re.compile(r"\b[A-Z]\w*\s+$"),
    re.compile(r"\s+(?:(?:van|von|de|der|da|di|del|la|le|of|the)\s+)*[A-Z]"),
)
_STATEMENTS = 200  # of one relation that are asked for their qualifiers


@dataclass(frozen=True)
class Setting:
    """What the caller knows of a question: its numbers and values, whether it compares, earlier forms."""

    numbers: tuple[NumberLeaf, ...]
    values: tuple[ValueLeaf, ...]
    compares: bool
    earlier: tuple[LogicalForm, ...]


def from_linking(
    example: Example, graph: KnowledgeGraph, *, setting: Setting, likeness: Likeness | None
) -> tuple[Leaves, Hints]:
    """Leaves and hints for the supervision search; without ``likeness`` relations count by their words."""
    question = example.question
    links = link(question, example.conversation, graph)
    entities, sure_words = _entities(links, example, graph)
    types = [one.leaf for one in links.of(TypeLeaf) if isinstance(one.leaf, TypeLeaf)][:_MOST_TYPES]
    offered = _around(list(entities), graph)
    worded = [one.leaf.name for one in links.of(RelationLeaf) if isinstance(one.leaf, RelationLeaf)]
    candidates = dict.fromkeys([*offered, *worded[:_MOST_TYPES]])
    like = likeness.of(_without(question, sure_words), candidates) if likeness is not None else {}
    place = {name: number for number, name in enumerate(worded)}
    ranked = sorted(candidates, key=lambda name: (-like.get(name, -1.0), place.get(name, len(worded))))
    qualifying = [name for name in ranked if offered.get(name, frozenset("-")) <= _QUALIFYING]
    qualifying.sort(key=lambda name: name not in (POINT_IN_TIME, START_TIME, END_TIME))
    facts = [name for name in ranked if not offered.get(name, frozenset()) <= _QUALIFYING]
    chosen = [*facts[:_MOST_RELATIONS], *qualifying[:_MOST_QUALIFIERS]]
    hand = Leaves(
        tuple(entities),
        tuple(RelationLeaf(name) for name in chosen),
        tuple(types),
        setting.numbers,
        setting.values,
        offered,
    )
    weights: dict[Leaf, float] = {**dict(entities.items()), **dict.fromkeys(setting.values, _NAMED)}
    weights |= {RelationLeaf(name): _weight(like[name]) for name in like}
    # Questions seldom name a qualifier: "in 2010", "first", "become".
    weights |= {leaf: max(weights.get(leaf, 0.0), -_QUALIFIER) for leaf in map(RelationLeaf, qualifying)}
    worded_leaves: tuple[RelationLeaf | TypeLeaf, ...] = (*hand.relations, *hand.types)
    names: dict[Leaf, list[str]] = {
        leaf: [name for name in (graph.label(leaf.name), *graph.aliases(leaf.name)) if name]
        for leaf in worded_leaves
    }
    literals: Iterable[Leaf] = setting.values or (setting.numbers if setting.compares else ())
    return hand, Hints(
        question,
        names,
        frozenset(literals),
        earlier=setting.earlier,
        least=_least(example.gold) if like else _LEAST_BY_WORDS,
        affinity=weights,
        about_entities=bool(example.gold.mentions or example.conversation.turns),
    )


def _least(gold: Gold) -> float:
    if gold.truths is not None:
        return _LEAST_OF_YES if any(gold.truths) else _LEAST_OF_NO
    return _LEAST_OF_NUMBERS if gold.numbers is not None else _LEAST_OF_ALL


def _entities(
    links: Links, example: Example, graph: KnowledgeGraph
) -> tuple[dict[EntityLeaf, float], list[str]]:
    """Entity leaves with what they add to the agreement of a form, and the words that surely name one."""
    question, given = example.question, example.gold.mentions
    found = [
        one for one in links.of(EntityLeaf) if one.how != "mentioned" and _names(one.leaf) <= _MOST_SHOWN
    ]
    weights = {EntityLeaf((name,)): 0.0 for name in given}
    for one in [one for one in found if one.turn][:_MOST_OF_DIALOGUE]:
        if isinstance(one.leaf, EntityLeaf):
            weights.setdefault(one.leaf, -_LONG_AGO * one.turn)
    words = [label for label in graph.labels(given) if label]
    named: dict[tuple[int, int], int] = {}
    for one in sorted((one for one in found if not one.turn), key=lambda one: not _is_name(one, question)):
        if one.span is None or len(weights) >= _MOST_ENTITIES or not isinstance(one.leaf, EntityLeaf):
            continue
        written = question[slice(*one.span)]
        inside = any(
            start <= one.span[0] and one.span[1] <= end for start, end in named if (start, end) != one.span
        )
        if inside or named.get(one.span, 0) >= _MOST_NAMESAKES or not any(map(str.isalpha, written)):
            continue
        if _is_name(one, question):
            weights.setdefault(one.leaf, _NAMED)
            words.append(written)
        elif one.how in ("exact", "alias") and one.score >= _LEAST_SCORE:
            weights.setdefault(one.leaf, -_UNSURE)
        else:
            continue
        named[one.span] = named.get(one.span, 0) + 1
    return weights, words


def _names(leaf: Leaf) -> int:
    return len(leaf.names) if isinstance(leaf, EntityLeaf) else 0


def _is_name(one: Candidate, question: str) -> bool:
    """Whether it is known by exactly these words, and they look like a whole name: with a capital that no
    sentence asks for or a digit, and no other such word beside them."""
    if one.span is None or one.how not in ("exact", "alias"):
        return False
    start, end = one.span
    words = question[start:end]
    if not any(letter.isupper() or letter.isdigit() for letter in (words[1:] if start == 0 else words)):
        return False
    before = _CAPITAL_BEFORE.search(question, 0, start)
    return _CAPITAL_AFTER.match(question, end) is None and (before is None or before.start() == 0)


def _without(question: str, names: Sequence[str]) -> str:
    """The question without the names in it, which hide what it asks for."""
    for name in sorted(names, key=len, reverse=True):
        question = question.replace(name, "it")
    return question


def _weight(like: float) -> float:
    return round(min(_MOST_LIKE, max(_LEAST_LIKE, _SLOPE * (like - _LIKE))), 4)


def _around(entities: Sequence[EntityLeaf], graph: KnowledgeGraph) -> dict[str, frozenset[str]]:
    """The relations around the entities with the operators that find something, as the graph offers them."""
    offered: dict[str, frozenset[str]] = {}
    names = [name for leaf in entities for name in leaf.names]
    numbers = graph.entities(list(dict.fromkeys(names)))
    numbers = np.unique(numbers[numbers >= 0])
    for use in graph.neighbourhood(numbers):
        offered[use.relation] = offered.get(use.relation, frozenset()) | _OPERATORS[use.direction]
        if use.direction == "out":
            statements = graph.statements(numbers, use.relation).items
            for qualifier in graph.qualifier_relations(statements[:_STATEMENTS]):
                offered[qualifier] = offered.get(qualifier, frozenset()) | _QUALIFYING
    if offered.keys() & {START_TIME, END_TIME}:  # a stretch is asked for by a point in it
        offered[POINT_IN_TIME] = offered.get(POINT_IN_TIME, frozenset()) | {"where"}
    return offered
