"""The structured input of the model: question, dialogue and graph neighbourhood as typed objects.

A context is one JSON-like structure::

    {"question": "When was he born?",
     "turns": [{"question": "Who directed Grease?", "answer": "Randal Kleiser",
                "form": ["follow", 0, 3]}],                      # operators, and objects by position
     "objects": [{"leaf": "Q267721", "sort": "Entities", "text": "Grease (film), 1978 film ...",
                  "how": "mentioned", "score": 1.0, "similarity": 0.21, "turn": 1, "weight": 0.4},
                 {"leaf": "P569", "sort": "Relation", "text": "date of birth; born", "how": "wording", ...
                  "near": ["literal:answer"]}, ...]}

Every object is something the form may point at: an entity (or a whole previous answer), a relation, a
type, a number, a value. Relations come from the words of the question, from similarity of meaning, and from
the neighbourhood of the entities; ``near`` says how they hang together with those.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from grammar.errors import DataError
from grammar.forms import (
    EntityLeaf,
    Leaf,
    LogicalForm,
    NumberLeaf,
    RelationLeaf,
    TypeLeaf,
    ValueLeaf,
    leaf_of,
    read_form,
    to_actions,
)
from grammar.operators import END_TIME, LEAF_SORTS, POINT_IN_TIME, START_TIME, Sort
from kgqa.associations import Among, Associations
from kgqa.config import ContextConfig
from kgqa.conversation import Conversation
from kgqa.graph_text import GraphText
from kgqa.graphs.protocol import KnowledgeGraph
from kgqa.linking import Candidate, Links

HOW = (
    "given",
    "exact",
    "alias",
    "partial",
    "fuzzy",
    "wording",
    "meaning",
    "learnt",
    "answer",
    "mentioned",
    "seed",
    "form",
    "near",
)
"""How an object came in; the position is what the model sees."""

NEAR = (
    "out:question",
    "in:question",
    "literal:question",
    "out:dialogue",
    "in:dialogue",
    "literal:dialogue",
    "qualifier",
)
"""How a relation hangs together with entities of the question and of the dialogue."""

_ALWAYS = (POINT_IN_TIME, START_TIME, END_TIME)
_AMONG: Mapping[Sort, Among] = {Sort.RELATION: "relations", Sort.TYPE: "types"}
_LEARNT = 10  # names that training associates with one question
_MOST_NEAR = 200  # entities of a set whose neighbourhood is looked at
_SORT_NAMES = {sort.value: sort for sort in LEAF_SORTS}


@dataclass(frozen=True)
class ContextObject:
    """Something the form may point at.

    ``score`` is the match with the words of the question, ``similarity`` that of meanings (-1..1, 0 if the
    encoder tells none), ``turn`` how many turns ago it came up (0: this question), ``span`` its characters
    in the question, ``weight`` the logarithm of its number of facts or of its size, scaled to about 0..1.
    """

    leaf: Leaf
    text: str
    how: str
    score: float = 0.0
    similarity: float = 0.0
    turn: int = 0
    weight: float = 0.0
    span: tuple[int, int] | None = None
    near: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """As the module's docstring shows; what is at its default is left out."""
        record: dict[str, Any] = {
            "leaf": str(self.leaf),
            "sort": self.leaf.sort.value,
            "text": self.text,
            "how": self.how,
        }
        for name, default in (("score", 0.0), ("similarity", 0.0), ("turn", 0), ("weight", 0.0)):
            if (value := getattr(self, name)) != default:
                record[name] = round(value, 3)
        if self.span:
            record["span"] = list(self.span)
        if self.near:
            record["near"] = list(self.near)
        return record

    @classmethod
    def from_json(cls, record: Mapping[str, Any]) -> ContextObject:
        """The inverse of ``to_json``."""
        rest = {k: v for k, v in record.items() if k not in ("leaf", "sort", "span", "near")}
        return cls(
            leaf=read_leaf(record["leaf"], _SORT_NAMES[record["sort"]]),
            span=tuple(record["span"]) if "span" in record else None,
            near=tuple(record.get("near", ())),
            **rest,
        )


def read_leaf(text: str, sort: Sort) -> Leaf:
    """A leaf from its text.

    Raises:
        DataError: the text is no leaf of the sort.
    """
    form = read_form(text, sorts=[sort])
    if not isinstance(form, (EntityLeaf, RelationLeaf, TypeLeaf, NumberLeaf, ValueLeaf)):
        raise DataError(f"expected a leaf of sort {sort.value}, found {text!r}")
    return form


@dataclass(frozen=True)
class ContextTurn:
    """An earlier turn; ``form`` has an operator's name or an object's position for every action."""

    question: str
    answer: str = ""
    form: tuple[str | int, ...] = ()


@dataclass(frozen=True)
class Context:
    """What the model sees of one question. ``turns`` are the latest earlier turns, the latest first."""

    question: str
    turns: tuple[ContextTurn, ...]
    objects: tuple[ContextObject, ...]

    @property
    def leaves(self) -> tuple[Leaf, ...]:
        """The leaves that a form can be made of, in the order of the objects."""
        return tuple(o.leaf for o in self.objects)

    def to_json(self) -> dict[str, Any]:
        """The structure of the module's docstring."""
        turns = [{"question": t.question, "answer": t.answer, "form": list(t.form)} for t in self.turns]
        return {"question": self.question, "turns": turns, "objects": [o.to_json() for o in self.objects]}

    @classmethod
    def from_json(cls, record: Mapping[str, Any]) -> Context:
        """The inverse of ``to_json``."""
        turns = tuple(ContextTurn(t["question"], t["answer"], tuple(t["form"])) for t in record["turns"])
        return cls(record["question"], turns, tuple(map(ContextObject.from_json, record["objects"])))


def build_context(
    question: str,
    conversation: Conversation,
    links: Links,
    text: GraphText,
    *,
    associations: Associations,
    config: ContextConfig,
) -> Context:
    """Put together what the model sees of a question.

    Nothing of a gold annotation can come in here: the arguments cannot hold it.
    """
    asked = [question, *(turn.question for turn in conversation.turns[: -config.history_turns - 1 : -1])]
    previous = _previous_form(conversation)
    in_form = {leaf for leaf in to_actions(previous) if not isinstance(leaf, str)} if previous else set()
    entities = _entities(links, in_form, text, config.entities)
    words = _Words(links, in_form, associations, asked)
    objects = [
        *entities,
        *_relations(words, entities, text, asked, config.relations),
        *_types(words, entities, text, asked, config.types),
        *_plain(links, in_form, Sort.NUMBER, config.numbers),
        *_plain(links, in_form, Sort.VALUES, config.values),
    ]
    turns = _turns(conversation, {o.leaf: k for k, o in reversed(list(enumerate(objects)))}, config)
    return Context(question, turns, tuple(objects))


def _previous_form(conversation: Conversation) -> LogicalForm | None:
    answers = [
        turn.answer for turn in reversed(conversation.turns) if turn.answer and not turn.answer.asks_back
    ]
    return answers[0].form if answers else None


def _of_sort(links: Links, in_form: Iterable[Leaf], sort: Sort) -> list[Candidate]:
    """Candidates of a sort, best first, with the leaves of the previous form among them."""
    found = dict.fromkeys(c.leaf for c in links.candidates if c.leaf.sort is sort)
    candidates = {c.leaf: c for c in reversed(links.candidates)}
    for leaf in sorted(in_form, key=str):
        if leaf.sort is sort and leaf not in found:
            found[leaf] = None
            candidates[leaf] = Candidate(leaf=leaf, how="form", score=0.0, span=None, turn=1)
    return [candidates[leaf] for leaf in found]


class _Words:
    """Relations and types that the words of the question, or of the dialogue, stand for."""

    def __init__(
        self, links: Links, in_form: Iterable[Leaf], associations: Associations, asked: Sequence[str]
    ) -> None:
        self.found: dict[Sort, dict[str, Candidate]] = {}
        for sort, among in _AMONG.items():
            found = {str(getattr(c.leaf, "name", "")): c for c in _of_sort(links, in_form, sort)}
            for turn, question in enumerate(asked):
                for name, score in associations.find(question, among=among, limit=_LEARNT):
                    if name not in found or found[name].score < score:
                        span = found[name].span if name in found else None
                        found[name] = Candidate(leaf_of(sort, [name]), "learnt", score, span, turn)
            self.found[sort] = found


def _share(number: float) -> float:
    return round(math.log1p(number) / 10, 3)


def _entities(links: Links, in_form: Iterable[Leaf], text: GraphText, limit: int) -> list[ContextObject]:
    chosen: list[ContextObject] = []
    for candidate in _of_sort(links, in_form, Sort.ENTITIES)[:limit]:
        assert isinstance(candidate.leaf, EntityLeaf)
        names = candidate.leaf.names
        known = text.graph.entities(names[:1])
        degree = int(text.graph.degree(known)[0]) if len(names) == 1 and known[0] >= 0 else len(names)
        chosen.append(
            ContextObject(
                leaf=candidate.leaf,
                text=text.entity(names),
                how=candidate.how,
                score=round(candidate.score, 3),
                turn=candidate.turn,
                weight=_share(degree),
                span=candidate.span,
            )
        )
    return chosen


def _near(
    entities: Sequence[ContextObject], graph: KnowledgeGraph
) -> tuple[dict[str, set[str]], dict[str, int]]:
    """For every relation around the entities, how it hangs together with them, and its number of facts."""
    near: dict[str, set[str]] = {}
    counts: dict[str, int] = {}
    for where, here in (("question", True), ("dialogue", False)):
        names = [
            n
            for o in entities
            if (o.turn == 0) == here and isinstance(o.leaf, EntityLeaf)
            for n in o.leaf.names
        ]
        numbers = graph.entities(sorted(set(names))[:_MOST_NEAR])
        numbers = np.unique(numbers[numbers >= 0])
        for use in graph.neighbourhood(numbers) if len(numbers) else ():
            near.setdefault(use.relation, set()).add(f"{use.direction}:{where}")
            counts[use.relation] = counts.get(use.relation, 0) + use.count
    return near, counts


def _relations(
    words: _Words, entities: Sequence[ContextObject], text: GraphText, asked: Sequence[str], limit: int
) -> list[ContextObject]:
    spoken = words.found[Sort.RELATION]
    similar = text.similar_relations(asked)
    near, counts = _near(entities, text.graph)
    for name in _ALWAYS:
        near.setdefault(name, set()).add("qualifier")
    names = {name for name in (*spoken, *near, *similar.top(limit)) if name in text.relation_rows}

    def rank(name: str) -> float:
        # Words and meaning first; a relation that the entities have beats one that they have not.
        word = spoken.get(name)
        known = similar.of(name) + (word.score + 2.0 * (word.how == "form") if word else 0.0)
        around = near.get(name, set())
        return (
            known
            + 0.25 * bool(around - {"qualifier"})
            + 0.3 * (name in _ALWAYS)
            + _share(counts.get(name, 0)) / 100
        )

    return [
        _named_object(
            leaf_of(Sort.RELATION, [name]),
            text.relation(name),
            spoken.get(name),
            similar.of(name),
            near=tuple(sorted(near.get(name, ()))),
            weight=_share(counts.get(name, 0)),
        )
        for name in sorted(names, key=lambda name: (-rank(name), name))[:limit]
    ]


def _types(
    words: _Words, entities: Sequence[ContextObject], text: GraphText, asked: Sequence[str], limit: int
) -> list[ContextObject]:
    spoken = words.found[Sort.TYPE]
    similar = text.similar_types(asked)
    members = [n for o in entities if isinstance(o.leaf, EntityLeaf) for n in o.leaf.names[:5]]
    numbers = text.graph.entities(members)
    kinds, uses = np.unique(text.graph.types(numbers[numbers >= 0]).items, return_counts=True)
    near = text.graph.entity_names(kinds[np.argsort(-uses, kind="stable")[:limit]])
    names = {name for name in (*spoken, *near, *similar.top(limit)) if name in text.type_rows}

    def rank(name: str) -> float:
        word = spoken.get(name)
        return (
            similar.of(name)
            + (1.5 * word.score + 2.0 * (word.how == "form") if word else 0.0)
            + 0.1 * (name in near)
        )

    return [
        _named_object(
            leaf_of(Sort.TYPE, [name]),
            text.type(name),
            spoken.get(name),
            similar.of(name),
            how="near" if name in near else "meaning",
        )
        for name in sorted(names, key=lambda name: (-rank(name), name))[:limit]
    ]


def _named_object(
    leaf: Leaf,
    text: str,
    word: Candidate | None,
    similarity: float,
    *,
    near: tuple[str, ...] = (),
    weight: float = 0.0,
    how: str = "",
) -> ContextObject:
    """A relation or type; ``word`` is the candidate that the words of the dialogue gave, if they gave it."""
    return ContextObject(
        leaf=leaf,
        text=text,
        how=word.how if word else how or ("near" if near else "meaning"),
        score=round(word.score, 3) if word else 0.0,
        similarity=round(similarity, 3),
        turn=word.turn if word else 0,
        weight=weight,
        span=word.span if word else None,
        near=near,
    )


def _plain(links: Links, in_form: Iterable[Leaf], sort: Sort, limit: int) -> list[ContextObject]:
    """Numbers and values as the question and the dialogue name them."""
    return [
        ContextObject(
            leaf=c.leaf,
            text=str(c.leaf).strip('@"'),
            how=c.how,
            score=round(c.score, 3),
            turn=c.turn,
            span=c.span,
        )
        for c in _of_sort(links, in_form, sort)[:limit]
    ]


def _turns(
    conversation: Conversation, positions: Mapping[Leaf, int], config: ContextConfig
) -> tuple[ContextTurn, ...]:
    turns: list[ContextTurn] = []
    for turn in list(reversed(conversation.turns))[: config.history_turns]:
        form = turn.answer.form if turn.answer else None
        actions: list[str | int] = []
        for action in to_actions(form)[: config.form_actions] if form else []:
            if isinstance(action, str):
                actions.append(action)
            elif action in positions:
                actions.append(positions[action])
        turns.append(ContextTurn(turn.question, turn.answer.text if turn.answer else "", tuple(actions)))
    return tuple(turns)
