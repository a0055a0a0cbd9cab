"""What a form may be made of, for one example: the leaves of the supervision search and the hints for it.

Leaves come from what the dataset says about the turn where it says something, else from linking and from the
graph around the linked entities; and from the turns before. The narrow choice is tried first: what the turn
offers by itself; then what the dialogue offers besides.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from grammar.forms import (
    EntityLeaf,
    Leaf,
    LogicalForm,
    NumberLeaf,
    RelationLeaf,
    TypeLeaf,
    ValueLeaf,
    leaves,
)
from grammar.search import Hints, Leaves
from grammar.search.agreement import WEAK, stems
from grammar.search.maps import COMPARISONS
from kgqa.conversation import Example, Gold, Turn
from kgqa.graphs.protocol import KnowledgeGraph
from kgqa.linking.quantities import find_dates, find_numbers
from kgqa.unannotated import Setting, from_linking

if TYPE_CHECKING:
    from kgqa.likeness import Likeness

_THOSE = re.compile(r"\b(?:those|these)\b", re.IGNORECASE)
_THAT = re.compile(r"\b(?:that|this|he|she|him|his|her)\b", re.IGNORECASE)
_THEM = re.compile(
    r"\b(?:it|its|they|them|their|just named)\b", re.IGNORECASE
)  # "what is their anthem?" of one
_MOST_OF_ELLIPSIS = 6  # words that say something
_MOST_SHOWN = 30  # entities of an earlier answer that are taken up together


@dataclass(frozen=True)
class Asked:
    """What a turn before was given with, and the form found for it."""

    named: tuple[str, ...]
    relations: tuple[str, ...]
    types: tuple[str, ...]
    form: LogicalForm | None


@dataclass(frozen=True)
class Earlier:
    """The turns before, oldest first."""

    turns: tuple[Asked, ...] = ()

    def then(self, example: Example, form: LogicalForm | None) -> Earlier:
        """The same with one more example and the form found for it."""
        gold = example.gold
        return Earlier((*self.turns, Asked(_given(gold), gold.relations, gold.types, form)))

    @property
    def forms(self) -> tuple[LogicalForm, ...]:
        """The forms found."""
        return tuple(turn.form for turn in self.turns if turn.form is not None)

    @property
    def relations(self) -> tuple[str, ...]:
        """Those of the last turn that was given with some."""
        return next((turn.relations for turn in reversed(self.turns) if turn.relations), ())

    @property
    def types(self) -> tuple[str, ...]:
        """Those of the last turn that was given with some."""
        return next((turn.types for turn in reversed(self.turns) if turn.types), ())


def _given(gold: Gold) -> tuple[str, ...]:
    """The entities that the dataset gives along with the question."""
    return gold.mentions if gold.named is None else gold.named


def is_annotated(example: Example, earlier: Earlier) -> bool:
    """Whether the dataset says what the question is about; one without relations of its own takes those of an
    annotated turn before."""
    gold = example.gold
    return bool(gold.relations or gold.types or (_given(gold) and earlier.relations))


def attempts(
    example: Example, earlier: Earlier, graph: KnowledgeGraph, likeness: Likeness | None = None
) -> Iterator[tuple[Leaves, Hints]]:
    """Leaves and hints to search with, the narrowest first; the next are for when these gave nothing.

    ``likeness`` weighs the relations where the dataset names none.
    """
    if is_annotated(example, earlier):
        yield from _from_annotation(example, earlier, graph)
    else:
        numbers, values = _literals(example.question)
        setting = Setting(numbers, values, _compares(example.question), earlier.forms[-3:])
        yield from_linking(example, graph, setting=setting, likeness=likeness)


# --- where the dataset names entities, relations and types --------------------------------------------


def _from_annotation(
    example: Example, earlier: Earlier, graph: KnowledgeGraph
) -> Iterator[tuple[Leaves, Hints]]:
    gold, question, turns = example.gold, example.question, example.conversation.turns
    named = _given(gold)
    asked_back = example.conversation.asked_back
    settles = asked_back is not None
    if asked_back is not None:
        # "Yes", or "No, I meant X": the question before is asked, about what it has been settled on.
        question = turns[-1].question
        named = tuple(dict.fromkeys((*(named or asked_back.entities), *earlier.turns[-1].named)))
        earlier, turns = Earlier(earlier.turns[:-1]), turns[:-1]
    relations, types = gold.relations or earlier.relations, gold.types or earlier.types
    spoken, question = question, _without_names(question, named, graph)
    names = _names([*map(RelationLeaf, relations), *map(TypeLeaf, types)], graph)
    numbers, values = _literals(question, stems(" ".join(name for some in names.values() for name in some)))
    expected: set[Leaf] = {EntityLeaf((name,)) for name in named}
    expected |= {RelationLeaf(name) for name in relations} | {TypeLeaf(name) for name in types}
    expected |= set(numbers) if _compares(question) else set()
    required = {leaf for leaf in expected if not isinstance(leaf, TypeLeaf)}
    elliptic = bool(earlier.forms) and not settles and _is_elliptic(question, names)

    def choice(entities: Iterable[EntityLeaf], referents: Iterable[EntityLeaf]) -> tuple[Leaves, Hints]:
        hand = Leaves(
            tuple(dict.fromkeys(entities)),
            tuple(RelationLeaf(name) for name in dict.fromkeys(relations)),
            tuple(TypeLeaf(name) for name in dict.fromkeys(types)),
            numbers,
            values,
        )
        return hand, Hints(
            question, names, frozenset(expected), frozenset(required), earlier.forms[-3:],
            referents=tuple(referents), elliptic=elliptic,
        )  # fmt: skip

    shown = [*_from_dialogue(turns, earlier)]
    taken_up = _taken_up(spoken, named, shown, graph)
    # Asked whether it is so, entities that are named are meant one by one.
    mentioned = [*_alone(named), *(_together(named) if gold.truths is None else ())]
    referents = tuple(_together(taken_up))
    if not settles and not taken_up:
        referents = _referents(question, shown)
    yield choice([*mentioned, *referents], referents)
    if not settles:
        yield choice([*mentioned, *shown], ())


def _alone(names: Iterable[str]) -> list[EntityLeaf]:
    return [EntityLeaf((name,)) for name in dict.fromkeys(names)]


def _together(names: Sequence[str]) -> Iterator[EntityLeaf]:
    """All of them as one set."""
    if len(set(names)) > 1:
        yield EntityLeaf(tuple(dict.fromkeys(names)))


def _taken_up(
    question: str, named: Sequence[str], shown: Iterable[EntityLeaf], graph: KnowledgeGraph
) -> list[str]:
    """Those that are given with a question that does not name them: "does X border those countries?"."""
    earlier = {name for leaf in shown for name in leaf.names}
    known = [name for name in named if name in earlier]
    labels = [(label or "").casefold() for label in graph.labels(known)]
    question = question.casefold()
    return [name for name, label in zip(known, labels, strict=True) if not label or label not in question]


def _referents(question: str, shown: Sequence[EntityLeaf]) -> tuple[EntityLeaf, ...]:
    """What "that person" or "those people" may stand for."""
    if _THOSE.search(question):
        return tuple(leaf for leaf in shown if len(leaf.names) > 1)
    if _THAT.search(question):
        return tuple(leaf for leaf in shown if len(leaf.names) == 1)
    return tuple(shown) if _THEM.search(question) else ()


def _is_elliptic(question: str, names: Mapping[Leaf, Sequence[str]]) -> bool:
    """Whether a question says too little to stand alone: "And Germany?"."""
    said = stems(question)
    worded = any(
        stems(name) <= said for leaf in names if isinstance(leaf, RelationLeaf) for name in names[leaf]
    )
    return len(said) <= _MOST_OF_ELLIPSIS and not worded


def _from_dialogue(turns: Sequence[Turn], earlier: Earlier) -> Iterator[EntityLeaf]:
    """What was shown and spoken of in the turns before, the latest first."""
    known = dict(enumerate(earlier.turns))
    for number, turn in reversed([*enumerate(turns)][-3:]):
        shown = turn.answer.entities[:_MOST_SHOWN] if turn.answer is not None else ()
        yield from _together(shown)
        yield from _alone(shown[:5])
        asked = known.get(number)
        if asked is not None:
            about = (
                [leaf for leaf in leaves(asked.form) if isinstance(leaf, EntityLeaf)] if asked.form else []
            )
            yield from about[:5]
            yield from _alone(asked.named[:5])
        else:
            yield from _alone(turn.mentions[:5])


def _without_names(question: str, mentions: Sequence[str], graph: KnowledgeGraph) -> str:
    """The question without the names in it, whose numbers and words say nothing about the form."""
    labels = sorted((label for label in graph.labels(mentions) if label), key=len, reverse=True)
    for label in labels:
        question = re.sub(rf"(?<!\w){re.escape(label)}(?!\w)", "_", question, flags=re.IGNORECASE)
    return question


def _literals(
    question: str, of_names: frozenset[str] = frozenset()
) -> tuple[tuple[NumberLeaf, ...], tuple[ValueLeaf, ...]]:
    """Numbers and dates; the "one" of "that one" is no number, and "cities with millions of inhabitants" has
    none where these are words ``of_names``."""
    numbers = [
        found for found in find_numbers(question) if not stems(question[slice(*found.span)]) <= of_names
    ]
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


def _names(worded: Iterable[RelationLeaf | TypeLeaf], graph: KnowledgeGraph) -> dict[Leaf, list[str]]:
    """Labels and aliases of relations and types."""
    return {
        leaf: [name for name in (graph.label(leaf.name), *graph.aliases(leaf.name)) if name]
        for leaf in worded
    }
