"""What "it", "those countries" and "the second one" may stand for: objects of the dialogue so far.

Entities that earlier questions named, and the entities, values and numbers of the answers given: each on
its own, and together as a set where they came together. "She" is rather a woman, "it" is no person, "the
other one" is the one of two that was not spoken of since.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from grammar.forms import EntityLeaf, Leaf, NumberLeaf, RelationLeaf, TypeLeaf, ValueLeaf, leaves
from grammar.values import String, Text
from kgqa.conversation import Conversation, Turn
from kgqa.graphs.protocol import KnowledgeGraph
from kgqa.linking.mentions import normal_form

TURNS = 4
"""How many turns the dialogue is looked back; what it began with is kept for ever."""
SET_SIZE = 50
"""A larger answer is not offered as a set of entities: its form says it shorter."""
_NAMESAKES = 3  # entities that an answer in words may mean
_SINGLE = 20  # entities of one answer that are offered one by one
_UNTYPED, _OTHER_TYPE = 0.85, 0.6  # where the question says of which type it is
_FADES = 0.8  # from turn to turn

_POINTS = re.compile(
    r"\b(that|those|this|these|such|the same|its|their|his|her|it|he|she|they|them|him|former|latter)\b"
    r"|(?<!\bis )(?<!\bare )(?<!\bwas )(?<!\bwere )\bthere\b",  # a place, not "are there"
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
    "fourth": 3,
    "4th": 3,
}
_ORDER |= {"fifth": 4, "5th": 4, "latter": -1, "last": -1}
_ENDS = r"(?:['\u2019]s\b|\s*[?.!,]|\s+(?:is|was|did|born)\b|$)"
ORDERED = re.compile(rf"\bthe\s+({'|'.join(_ORDER)})(?:\s+(?:ones?|of)\b|{_ENDS})", re.IGNORECASE)
_OTHER = re.compile(rf"\bthe\s+other(?:\s+one\b|{_ENDS})", re.IGNORECASE)
_OF_A_KIND = re.compile(rf"\bthe\s+({'|'.join(_ORDER)}|other)\s+(\w+)(?={_ENDS})", re.IGNORECASE)
_COUNTS = {"two": 2, "2": 2, "three": 3, "3": 3, "four": 4, "4": 4}
_SEVERAL = re.compile(rf"\bthe\s+(first|last)\s+({'|'.join(_COUNTS)})\b", re.IGNORECASE)
_OTHERS = re.compile(rf"\bthe\s+other(?:s|\s+(?:ones|{'|'.join(_COUNTS)}))\b", re.IGNORECASE)
_PRONOUN = re.compile(
    r"\b(?:(?P<she>she|hers?)|(?P<he>he|him|his)|(?P<it>it|its|(?<!is )(?<!are )(?<!was )(?<!were )there))\b",
    re.IGNORECASE,
)
_HUMAN, _GENDER, _GENDERS = "human", "sex or gender", {"he": "male", "she": "female"}


@dataclass(frozen=True)
class Referent:
    """An object of the dialogue: how it came up, ``score`` 0..1, and how many turns ago (from 1).

    ``span`` are the characters that point it out ("the second one"), None where none do.
    """

    leaf: Leaf
    how: str
    score: float
    turn: int
    span: tuple[int, int] | None = None


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
    found = list(_objects(conversation, graph, settled))
    if not found:
        return []
    points = 1.0 if _POINTS.search(question) else 0.6
    many = bool(_MANY.search(question))
    starts = {match.end() for match in _POINTS_AT_TYPE.finditer(question)}
    wanted = [name for name, start in types if start in starts and graph.has_type(name)][:4]
    names = sorted({name for one in found if isinstance(one.leaf, EntityLeaf) for name in one.leaf.names})
    fits = _fits(names, wanted, graph)
    pronouns = _pronoun_fits(names, question, graph)
    pointing = _pointing(question, types)
    chosen = _pointed_out(pointing, conversation, graph, settled) if pointing else None
    best: dict[Leaf, Referent] = {}
    for one in found:
        score = one.score * points
        if isinstance(one.leaf, EntityLeaf):
            members = one.leaf.names
            score *= min(fits.get(name, 1.0) * pronouns.get(name, 1.0) for name in members)
            score *= 1.0 if (len(members) > 1) == many else 0.85
        if one.leaf not in best or best[one.leaf].score < score:
            best[one.leaf] = replace(one, score=round(score, 4))
    if pointing and chosen:
        kept = best.get(chosen.leaf, chosen)
        best[chosen.leaf] = replace(kept, score=1.0, span=pointing.span)
    return sorted(best.values(), key=lambda one: (-one.score, one.turn))


def _objects(
    conversation: Conversation, graph: KnowledgeGraph, settled: Callable[[str], Sequence[str]]
) -> Iterator[Referent]:
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
            yield from _answered(turn, graph, ago, fade)


def _answered(turn: Turn, graph: KnowledgeGraph, ago: int, fade: float) -> Iterator[Referent]:
    answer = turn.answer
    if answer is None:
        return
    for place, name in enumerate(answer.entities[:_SINGLE]):
        yield Referent(EntityLeaf((name,)), "answer", (0.95 - 0.01 * place) * fade, ago)
    if 1 < len(answer.entities) <= SET_SIZE:
        yield Referent(EntityLeaf(answer.entities), "answer", 0.95 * fade, ago)
    for value in answer.values[:_SINGLE]:
        yield Referent(ValueLeaf(value), "answer", 0.8 * fade, ago)
    # Released dialogues, and people, answer with a name where they do not know the entity.
    texts = [value.text for value in answer.values[:_SINGLE] if isinstance(value, String | Text)]
    for names in graph.exact(texts) if texts else ():
        for place, name in enumerate(names[:_NAMESAKES]):
            yield Referent(EntityLeaf((name,)), "answer", (0.9 - 0.05 * place) * fade, ago)
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


def _fits(names: Sequence[str], types: Sequence[str], graph: KnowledgeGraph) -> dict[str, float]:
    """How well each entity is one of the types: 1, or less where it has others, or where it has none."""
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


def _pronoun_fits(names: Sequence[str], question: str, graph: KnowledgeGraph) -> dict[str, float]:
    """How well "he", "she" or "it" stands for each entity, as far as the graph tells people and genders."""
    said = {kind for match in _PRONOUN.finditer(question) for kind, text in match.groupdict().items() if text}
    if len(said) != 1 or not names:
        return {}
    pronoun = said.pop()
    numbers = graph.entities(names)
    human = np.zeros(len(names), dtype=np.bool_)
    for kind in graph.exact([_HUMAN], among="types")[0][:2]:
        human |= graph.are_members(numbers, kind)
    if not human.any():
        return {}
    fits = {
        name: 1.0 if one == (pronoun != "it") else _OTHER_TYPE for name, one in zip(names, human, strict=True)
    }
    for relation in graph.exact([_GENDER], among="relations")[0][:1] if pronoun != "it" else ():
        genders = graph.objects(numbers, relation)
        labels = graph.labels(graph.entity_names(genders.items))
        for place, label in zip(genders.owners.tolist(), labels, strict=True):
            if label in _GENDERS.values() and label != _GENDERS[pronoun]:
                fits[names[place]] = _OTHER_TYPE
    return fits


@dataclass(frozen=True)
class _Pointing:
    """Words that point some things out of several, perhaps of things that are all of a kind.

    They mean those from ``first`` up to ``last`` of a list, or, where these are None, those that were not
    spoken of since.
    """

    span: tuple[int, int]
    several: bool
    first: int | None = None
    last: int | None = None
    kind: str | None = None

    def choose(self, names: Sequence[str], since: set[str]) -> tuple[str, ...]:
        """Those of a list that are pointed out; none, where it is not the list that is spoken of."""
        if self.first is None:
            left = tuple(name for name in names if name not in since)
            fits = len(left) < len(names) and (len(left) > 0 if self.several else len(names) == 2)
            return left if fits else ()
        chosen = tuple(names[self.first : self.last])
        wanted = abs(self.first) if self.last is None else self.last - self.first
        return chosen if len(names) > 1 and len(chosen) == wanted else ()


def _pointing(question: str, types: Sequence[tuple[str, int]]) -> _Pointing | None:
    """ "The second one", "the other country", "the first two", "the others"."""
    if match := _SEVERAL.search(question):
        many = _COUNTS[match[2].casefold()]
        first, last = (0, many) if match[1].casefold() == "first" else (-many, None)
        return _Pointing(match.span(), several=True, first=first, last=last)
    if match := _OTHERS.search(question):
        return _Pointing(match.span(), several=True)
    if match := ORDERED.search(question):
        return _single(match.span(), match[1], None)
    if match := _OTHER.search(question):
        return _single(match.span(), "other", None)
    for match in _OF_A_KIND.finditer(question):
        kind = next((name for name, start in types if start == match.start(2)), None)
        if kind is not None:
            return _single(match.span(), match[1], kind)
    return None


def _single(span: tuple[int, int], word: str, kind: str | None) -> _Pointing:
    if word.casefold() == "other":
        return _Pointing(span, several=False, kind=kind)
    place = _ORDER[word.casefold()]
    return _Pointing(span, several=False, first=place, last=None if place < 0 else place + 1, kind=kind)


def _pointed_out(
    pointing: _Pointing,
    conversation: Conversation,
    graph: KnowledgeGraph,
    settled: Callable[[str], Sequence[str]],
) -> Referent | None:
    """What the words stand for, in the last list of the dialogue that they fit."""
    since: set[str] = set()  # what was spoken of after the list
    for ago, turn in enumerate(reversed(conversation.turns), start=1):
        answered = turn.answer.entities if turn.answer is not None else ()
        mentioned = _in_order(_mentioned(turn, settled), turn.question, graph)
        for how, names in (("answer", answered), ("mentioned", mentioned)):
            of_kind = pointing.kind is None or (
                len(names) > 0 and graph.are_members(graph.entities(names), pointing.kind).all()
            )
            if of_kind and (chosen := pointing.choose(names, since)):
                return Referent(EntityLeaf(chosen), how, 1.0, ago)
        since.update(answered, mentioned)
    return None


def _in_order(names: Sequence[str], question: str, graph: KnowledgeGraph) -> tuple[str, ...]:
    """Entities as the question names them: a form has them in an order of its own."""
    if len(names) < 2:
        return tuple(names)
    asked = f" {normal_form(question)} "
    labels = [normal_form(label or "") for label in graph.labels(names)]

    def place(label: str) -> int:
        whole = asked.find(f" {label} ") if label else -1
        parts = [asked.find(f" {word} ") for word in label.split()]
        return whole if whole >= 0 else max(parts, default=-1)

    order = sorted(range(len(names)), key=lambda k: (place(labels[k]) < 0, place(labels[k])))
    return tuple(names[k] for k in order)
