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
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from grammar.errors import DataError
from grammar.forms import (
    EntityLeaf,
    Leaf,
    LogicalForm,
    NumberLeaf,
    RelationLeaf,
    TypeLeaf,
    ValueLeaf,
    read_form,
    to_actions,
)
from grammar.operators import END_TIME, LEAF_SORTS, POINT_IN_TIME, START_TIME, Sort
from kgqa.config import ContextConfig
from kgqa.conversation import Conversation
from kgqa.graphs.protocol import KnowledgeGraph
from kgqa.linking import Candidate, Links
from kgqa.text import TextEncoder

HOW = (
    "given",
    "exact",
    "alias",
    "partial",
    "fuzzy",
    "wording",
    "meaning",
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
_SHOWN_OF_SET = 4
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


@dataclass
class GraphText:
    """Texts of a graph's relations and types, and their vectors where the encoder has any.

    Made once for a graph and an encoder; entity texts are made when they are met.
    """

    graph: KnowledgeGraph
    encoder: TextEncoder
    relations: list[str] = field(init=False)
    types: list[str] = field(init=False)

    def __post_init__(self) -> None:
        self.relations = sorted(self.graph.relation_names())
        self.types = sorted(self.graph.type_names())
        self._relation_rows = {name: row for row, name in enumerate(self.relations)}
        self._type_rows = {name: row for row, name in enumerate(self.types)}
        self._relation_vectors = self.encoder.vectors([self.relation(name) for name in self.relations])
        self._type_vectors = self.encoder.vectors([self.type(name) for name in self.types])

    def relation(self, name: str) -> str:
        """``director; film director, directed by``."""
        aliases = sorted(self.graph.aliases(name), key=lambda alias: (len(alias), alias))[:4]
        label = self.graph.label(name) or name
        return f"{label}; {', '.join(aliases)}" if aliases else label

    def type(self, name: str) -> str:
        """The label."""
        return self.graph.label(name) or name

    def entity(self, names: Sequence[str]) -> str:
        """``Grease, 1978 film by Randal Kleiser``; of several the first few and how many there are."""
        if len(names) > 1:
            labels = [label or name for label, name in zip(self.graph.labels(names), names, strict=True)]
            return f"{len(names)}: {', '.join(labels[:_SHOWN_OF_SET])}"
        label = self.graph.label(names[0]) or names[0]
        kinds = self.graph.types(self.graph.entities(names))
        labels = [x for x in self.graph.labels(self.graph.entity_names(kinds.items[:2])) if x]
        about = ", ".join(dict.fromkeys([*labels, self.graph.description(names[0]) or ""]))
        return f"{label} ({about.strip(', ')})" if about.strip(", ") else label

    def similar_relations(self, question: npt.NDArray[np.float32] | None) -> dict[str, float]:
        """Similarity of every relation to a question vector."""
        return _similar(self.relations, self._relation_vectors, question)

    def similar_types(self, question: npt.NDArray[np.float32] | None) -> dict[str, float]:
        """Similarity of every type to a question vector."""
        return _similar(self.types, self._type_vectors, question)


def _similar(
    names: Sequence[str], vectors: npt.NDArray[np.float32] | None, question: npt.NDArray[np.float32] | None
) -> dict[str, float]:
    if vectors is None or question is None or not names:
        return {}
    return dict(zip(names, (vectors @ question).tolist(), strict=True))


def build_context(
    question: str, conversation: Conversation, links: Links, text: GraphText, *, config: ContextConfig
) -> Context:
    """Put together what the model sees of a question.

    Nothing of a gold annotation can come in here: the arguments cannot hold it.
    """
    vectors = text.encoder.vectors([question])
    vector = None if vectors is None else vectors[0]
    previous = _previous_form(conversation)
    in_form = {leaf for leaf in to_actions(previous) if not isinstance(leaf, str)} if previous else set()
    entities = _entities(links, in_form, text, config.entities)
    objects = [
        *entities,
        *_relations(links, in_form, entities, text, vector, config.relations),
        *_types(links, in_form, entities, text, vector, config.types),
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
    found = {c.leaf: c for c in reversed(links.candidates) if c.leaf.sort is sort}
    for leaf in in_form:
        if leaf.sort is sort and leaf not in found:
            found[leaf] = Candidate(leaf=leaf, how="form", score=0.0, span=None, turn=1)
    order = {c.leaf: k for k, c in reversed(list(enumerate(links.candidates)))}
    return sorted(found.values(), key=lambda c: order.get(c.leaf, len(order)))


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
        numbers = graph.entities(sorted(set(names))[:200])
        numbers = np.unique(numbers[numbers >= 0])
        if not len(numbers):
            continue
        for use in graph.neighbourhood(numbers):
            near.setdefault(use.relation, set()).add(f"{use.direction}:{where}")
            counts[use.relation] = counts.get(use.relation, 0) + use.count
    return near, counts


def _relations(
    links: Links,
    in_form: Iterable[Leaf],
    entities: Sequence[ContextObject],
    text: GraphText,
    vector: npt.NDArray[np.float32] | None,
    limit: int,
) -> list[ContextObject]:
    words = {c.leaf: c for c in _of_sort(links, in_form, Sort.RELATION)}
    similar = text.similar_relations(vector)
    near, counts = _near(entities, text.graph)
    for name in _ALWAYS:
        if text.graph.has_relation(name):
            near.setdefault(name, set()).add("qualifier")
    names = {leaf.name for leaf in words if isinstance(leaf, RelationLeaf)} | set(near)
    names |= set(sorted(similar, key=lambda n: -similar[n])[:limit])
    chosen: list[tuple[float, ContextObject]] = []
    for name in names:
        leaf = RelationLeaf(name)
        word = words.get(leaf)
        score = word.score if word else 0.0
        how = word.how if word else ("near" if name in near else "meaning")
        around = near.get(name, set())
        # Words and meaning first; a relation that the entities have beats one that they have not.
        rank = similar.get(name, 0.0) + score + 0.25 * bool(around - {"qualifier"}) + 2.0 * (how == "form")
        rank += 0.3 * (name in _ALWAYS) + 0.001 * math.log1p(counts.get(name, 0))
        chosen.append(
            (
                rank,
                ContextObject(
                    leaf=leaf,
                    text=text.relation(name),
                    how=how,
                    score=round(score, 3),
                    similarity=round(similar.get(name, 0.0), 3),
                    turn=word.turn if word else 0,
                    weight=_share(counts.get(name, 0)),
                    near=tuple(sorted(around)),
                ),
            )
        )
    return [o for _, o in sorted(chosen, key=lambda pair: (-pair[0], str(pair[1].leaf)))[:limit]]


def _types(
    links: Links,
    in_form: Iterable[Leaf],
    entities: Sequence[ContextObject],
    text: GraphText,
    vector: npt.NDArray[np.float32] | None,
    limit: int,
) -> list[ContextObject]:
    words = {c.leaf: c for c in _of_sort(links, in_form, Sort.TYPE)}
    similar = text.similar_types(vector)
    names = dict.fromkeys(leaf.name for leaf in words if isinstance(leaf, TypeLeaf))
    names |= dict.fromkeys(sorted(similar, key=lambda n: -similar[n])[: limit // 2])
    for o in entities:
        if isinstance(o.leaf, EntityLeaf):
            numbers = text.graph.entities(o.leaf.names[:20])
            kinds = text.graph.types(numbers[numbers >= 0])
            names |= dict.fromkeys(text.graph.entity_names(np.unique(kinds.items)[:3]))
    chosen: list[tuple[float, ContextObject]] = []
    for position, name in enumerate(names):
        if not text.graph.has_type(name):
            continue
        leaf = TypeLeaf(name)
        word = words.get(leaf)
        score, how = (word.score, word.how) if word else (0.0, "meaning" if name in similar else "near")
        rank = similar.get(name, 0.0) + 1.5 * score + 2.0 * (how == "form") - 0.001 * position
        chosen.append(
            (
                rank,
                ContextObject(
                    leaf=leaf,
                    text=text.type(name),
                    how=how,
                    score=round(score, 3),
                    similarity=round(similar.get(name, 0.0), 3),
                    turn=word.turn if word else 0,
                    span=word.span if word else None,
                ),
            )
        )
    return [o for _, o in sorted(chosen, key=lambda pair: (-pair[0], str(pair[1].leaf)))[:limit]]


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
