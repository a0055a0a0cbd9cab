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

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from grammar.errors import ConfigError, DataError
from grammar.forms import (
    EntityLeaf,
    Leaf,
    NumberLeaf,
    RelationLeaf,
    TypeLeaf,
    ValueLeaf,
    read_form,
)
from grammar.operators import LEAF_SORTS, Sort

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
    "out:type",
    "in:type",
)
"""How a relation hangs together with entities of the question and of the dialogue, and with members of the
types that it names."""

PARTS = ("history", "forms", "descriptions", "neighbourhood", "likeness", "words", "offers")
"""Parts of the structure that can be left out, to learn what each is worth: earlier questions; the form of
the turn before; what texts say besides names; how relations hang together with entities; likeness of meaning;
where and how well words of the question match; and, while decoding, what the graph offers."""

_SORT_NAMES = {sort.value: sort for sort in LEAF_SORTS}


@dataclass(frozen=True)
class ContextObject:
    """Something the form may point at.

    ``score`` is the match with the words of the question, ``similarity`` that of meanings (-1..1, 0 if the
    encoder tells none), ``turn`` how many turns ago it came up (0: this question), ``span`` its characters
    in the question, ``weight`` the logarithm of its number of facts or of its size, scaled to about 0..1; of
    a type how much of what the likeliest relations lead to has it. ``leads`` is the type of what a relation
    leads to from here, in words.
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
    leads: str = ""

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
        if self.leads:
            record["leads"] = self.leads
        return record

    def less(self, parts: Sequence[str]) -> ContextObject:
        """The same without some of ``PARTS``."""
        changed: dict[str, Any] = {}
        if "descriptions" in parts:
            changed["text"] = self.text.split(" (")[0].split("; ")[0]
        if "neighbourhood" in parts:
            changed |= {"near": (), "leads": "", "weight": 0.0}
        if "likeness" in parts:
            changed["similarity"] = 0.0
        if "words" in parts:
            changed |= {"score": 0.0, "span": None}
        return replace(self, **changed)

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
    """A leaf from its text, however many entities it has.

    Raises:
        DataError: the text is no leaf of the sort.
    """
    form = read_form(text, sorts=[sort], longest=len(text))
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

    def less(self, parts: Sequence[str]) -> Context:
        """The same without some of ``PARTS``.

        Raises:
            ConfigError: there is no such part.
        """
        if unknown := sorted(set(parts) - set(PARTS)):
            raise ConfigError(f"[context] without: expected some of {', '.join(PARTS)}, found {unknown[0]!r}")
        if not parts:
            return self
        turns = () if "history" in parts else self.turns
        if "forms" in parts:
            turns = tuple(replace(turn, form=()) for turn in turns)
        return Context(self.question, turns, tuple(o.less(parts) for o in self.objects))

    def to_json(self) -> dict[str, Any]:
        """The structure of the module's docstring."""
        turns = [{"question": t.question, "answer": t.answer, "form": list(t.form)} for t in self.turns]
        return {"question": self.question, "turns": turns, "objects": [o.to_json() for o in self.objects]}

    @classmethod
    def from_json(cls, record: Mapping[str, Any]) -> Context:
        """The inverse of ``to_json``."""
        turns = tuple(ContextTurn(t["question"], t["answer"], tuple(t["form"])) for t in record["turns"])
        return cls(record["question"], turns, tuple(map(ContextObject.from_json, record["objects"])))
