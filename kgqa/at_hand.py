"""What a form may be made of, for one example: the leaves of the supervision search and the hints for it.

Leaves come from what the dataset says about the turn where it says something, else from linking and from the
graph around the linked entities; and from the turns before. The narrow choice is tried first: what the turn
offers by itself; then what the dialogue offers besides.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from grammar.forms import (
    EntityLeaf,
    Leaf,
    LogicalForm,
    NumberLeaf,
    RelationLeaf,
    TypeLeaf,
    ValueLeaf,
)
from grammar.search import Hints, Leaves
from grammar.search.agreement import WEAK
from grammar.search.maps import COMPARISONS
from kgqa.conversation import Conversation, Example
from kgqa.graphs.protocol import Direction, KnowledgeGraph
from kgqa.linking import link
from kgqa.linking.quantities import find_dates, find_numbers

_MOST_SHOWN = 30  # entities of an earlier answer that are taken up together
_MOST_RELATIONS = 25  # relations around the entities, where nobody annotated them
_MOST_QUALIFIERS = 12
_OPERATORS: dict[Direction, frozenset[str]] = {
    "out": frozenset({"follow", "statements"}),
    "in": frozenset({"follow_back"}),
    "literal": frozenset({"value", "statements"}),
}
# Of the forms over linked leaves, of which there are many, those that agree less are mostly spurious; for a
# yes or no even more.
_LEAST, _LEAST_OF_TRUTHS = 0.0, 0.5
_QUALIFYING = frozenset({"qualifier", "qualifier_value", "where", "first", "last"})


@dataclass(frozen=True)
class Earlier:
    """Relations and types that the turns before were annotated with, and the forms found, oldest first."""

    relations: tuple[tuple[str, ...], ...] = ()
    types: tuple[tuple[str, ...], ...] = ()
    forms: tuple[LogicalForm, ...] = ()

    def then(self, example: Example, form: LogicalForm | None) -> Earlier:
        """The same with one more example and the form found for it."""
        relations, types = example.gold.relations, example.gold.types
        return Earlier(
            (*self.relations, *([relations] if relations else [])),
            (*self.types, *([types] if types else [])),
            (*self.forms, *([form] if form is not None else [])),
        )


def attempts(example: Example, earlier: Earlier, graph: KnowledgeGraph) -> Iterator[tuple[Leaves, Hints]]:
    """Leaves and hints to search with, the narrowest first; the next are for when these gave nothing."""
    gold = example.gold
    # A turn without relations of its own takes those of an annotated turn before.
    if gold.relations or gold.types or (gold.mentions and earlier.relations):
        yield from _from_annotation(example, earlier, graph)
    else:
        yield _from_linking(example, earlier, graph)


# --- where the dataset names entities, relations and types --------------------------------------------


def _from_annotation(
    example: Example, earlier: Earlier, graph: KnowledgeGraph
) -> Iterator[tuple[Leaves, Hints]]:
    gold = example.gold
    relations = gold.relations or (earlier.relations[-1] if earlier.relations else ())
    types = gold.types or (earlier.types[-1] if earlier.types else ())
    question = _without_names(example.question, gold.mentions, graph)
    numbers, values = _literals(question)
    expected: set[Leaf] = {EntityLeaf((name,)) for name in gold.mentions}
    expected |= {RelationLeaf(name) for name in relations} | {TypeLeaf(name) for name in types}
    expected |= set(numbers) if _compares(question) else set()
    required = {leaf for leaf in expected if not isinstance(leaf, TypeLeaf)}

    def choice(
        entities: Iterable[EntityLeaf], relations: Iterable[str], types: Iterable[str]
    ) -> tuple[Leaves, Hints]:
        hand = Leaves(
            tuple(dict.fromkeys(entities)),
            tuple(RelationLeaf(name) for name in dict.fromkeys(relations)),
            tuple(TypeLeaf(name) for name in dict.fromkeys(types)),
            numbers,
            values,
        )
        names = _names(hand, graph)
        return hand, Hints(question, names, frozenset(expected), frozenset(required), earlier.forms[-3:])

    mentioned = [*_alone(gold.mentions), *_together(gold.mentions), *_taken_up(example, graph)]
    leaves, hints = choice(mentioned, relations, types)
    yield leaves, hints
    if mentioned or numbers or {"max", "min"} & hints.operators.keys():
        return  # the question speaks for itself
    spoken = [*mentioned, *_from_dialogue(example.conversation)]
    yield choice(
        spoken,
        [*relations, *(name for names in earlier.relations[-3:] for name in names)],
        [*types, *(name for names in earlier.types[-3:] for name in names)],
    )


def _alone(names: Iterable[str]) -> list[EntityLeaf]:
    return [EntityLeaf((name,)) for name in dict.fromkeys(names)]


def _together(names: Sequence[str]) -> Iterator[EntityLeaf]:
    """All of them as one set."""
    if len(set(names)) > 1:
        yield EntityLeaf(tuple(names))


def _taken_up(example: Example, graph: KnowledgeGraph) -> Iterator[EntityLeaf]:
    """Those that the question does not name but takes up together: "does X border those countries?"."""
    question = example.question.casefold()
    earlier = {
        name
        for turn in example.conversation.turns
        for name in (*turn.mentions, *(turn.answer.entities if turn.answer is not None else ()))
    }
    names = example.gold.mentions
    labels = [(label or "").casefold() for label in graph.labels(names)]
    pronouns = [
        name
        for name, label in zip(names, labels, strict=True)
        if name in earlier and (not label or label not in question)
    ]
    if len(pronouns) < len(set(names)):
        yield from _together(pronouns)


def _from_dialogue(conversation: Conversation) -> Iterator[EntityLeaf]:
    """What was shown and spoken of in the turns before, the latest first."""
    for turn in reversed(conversation.turns[-3:]):
        shown = turn.answer.entities[:_MOST_SHOWN] if turn.answer is not None else ()
        if len(shown) > 1:
            yield EntityLeaf(shown)
        yield from _alone(shown[:5])
        yield from _alone(turn.mentions[:5])


def _without_names(question: str, mentions: Sequence[str], graph: KnowledgeGraph) -> str:
    """The question without the names in it, whose numbers and words say nothing about the form."""
    labels = sorted((label for label in graph.labels(mentions) if label), key=len, reverse=True)
    for label in labels:
        question = re.sub(rf"(?<!\w){re.escape(label)}(?!\w)", "_", question, flags=re.IGNORECASE)
    return question


def _literals(question: str) -> tuple[tuple[NumberLeaf, ...], tuple[ValueLeaf, ...]]:
    """Numbers and dates; the "one" of "that one" is no number."""
    numbers = find_numbers(question)
    if not _compares(question):
        numbers = [found for found in numbers if question[slice(*found.span)].casefold() != "one"]
    values = dict.fromkeys(found.leaf for found in find_dates(question))
    return (
        tuple(
            leaf for leaf in dict.fromkeys(found.leaf for found in numbers) if isinstance(leaf, NumberLeaf)
        ),
        tuple(leaf for leaf in values if isinstance(leaf, ValueLeaf)),
    )


def _compares(question: str) -> bool:
    """Whether its words compare, so that its numbers are surely meant as such and are no part of a name."""
    asked = Hints(question).operators
    return any(asked.get(name, 0.0) > WEAK for name in COMPARISONS)


def _names(hand: Leaves, graph: KnowledgeGraph) -> dict[Leaf, list[str]]:
    """Labels and aliases of relations and types."""
    worded: tuple[RelationLeaf | TypeLeaf, ...] = (*hand.relations, *hand.types)
    return {
        leaf: [name for name in (graph.label(leaf.name), *graph.aliases(leaf.name)) if name]
        for leaf in worded
    }


# --- where nobody does --------------------------------------------------------------------------------


def _from_linking(example: Example, earlier: Earlier, graph: KnowledgeGraph) -> tuple[Leaves, Hints]:
    links = link(example.question, example.conversation, graph, given=example.gold.mentions or None)
    entities = [one.leaf for one in links.of(EntityLeaf) if isinstance(one.leaf, EntityLeaf)][:10]
    entities += [leaf for leaf in _from_dialogue(example.conversation) if leaf not in entities][:10]
    numbers, values = _literals(example.question)
    types = [one.leaf for one in links.of(TypeLeaf) if isinstance(one.leaf, TypeLeaf)][:6]
    offered = _around(entities, graph)
    worded = [one.leaf.name for one in links.of(RelationLeaf) if isinstance(one.leaf, RelationLeaf)]
    ranked = sorted(offered, key=lambda name: worded.index(name) if name in worded else len(worded))
    chosen = [*ranked[:_MOST_RELATIONS], *(name for name in worded[:6] if name not in offered)]
    qualifying = [name for name in ranked if offered[name] <= _QUALIFYING][:_MOST_QUALIFIERS]
    hand = Leaves(
        tuple(entities),
        tuple(RelationLeaf(name) for name in dict.fromkeys([*chosen, *qualifying])),
        tuple(types),
        numbers,
        values,
        offered,
    )
    named: set[Leaf] = {one.leaf for one in links.candidates if one.span is not None and one.score >= 0.9}
    literals: Iterable[Leaf] = values or (numbers if _compares(example.question) else ())
    expected = frozenset(named & {*entities}) | frozenset(literals)
    least = _LEAST_OF_TRUTHS if example.gold.truths else _LEAST
    names = _names(hand, graph)
    return hand, Hints(example.question, names, expected, earlier=earlier.forms[-3:], least=least)


def _around(entities: Sequence[EntityLeaf], graph: KnowledgeGraph) -> dict[str, frozenset[str]]:
    """The relations around the entities with the operators that find something, as the graph offers them."""
    offered: dict[str, frozenset[str]] = {}
    numbers = graph.entities(list(dict.fromkeys(name for leaf in entities for name in leaf.names)))
    numbers = np.unique(numbers[numbers >= 0])
    for use in graph.neighbourhood(numbers):
        offered[use.relation] = offered.get(use.relation, frozenset()) | _OPERATORS[use.direction]
        if use.direction == "out":
            statements = graph.statements(numbers, use.relation).items
            for qualifier in graph.qualifier_relations(statements[:200]):
                offered[qualifier] = offered.get(qualifier, frozenset()) | _QUALIFYING
    return offered
