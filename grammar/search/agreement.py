"""How well a form agrees with the words of its question: ranks the survivors of the supervision search.

Execution cannot tell a true form from a spurious one with the same answer; the question often can. Labels
come as arguments, since a form's leaves are ids. The words that go with operators are English.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TypeGuard

from grammar.forms import Call, EntityLeaf, Leaf, LogicalForm, RelationLeaf, TypeLeaf, leaves, subforms
from grammar.operators import Sort


@dataclass(frozen=True)
class Cue:
    """Words that go with operators: where they stand, a form should use one of these, else it should not."""

    operators: frozenset[str]
    words: re.Pattern[str]
    weight: float = 0.6


def _cue(operators: str, words: str, weight: float = 0.6) -> Cue:
    return Cue(frozenset(operators.split()), re.compile(rf"\b(?:{words})\b", re.IGNORECASE), weight)


WEAK = 0.3
"""Weight of words that mean an operator only sometimes."""
_WEIGHED = 0.4  # what a type's words count beside relations that are weighed by their meaning
CUES = (
    _cue("max", r"max(?:imum)?|most|highest|largest|biggest|longest|greatest|newest|latest|youngest"),
    _cue("min", r"min(?:imum)?|fewest|lowest|smallest|shortest|earliest|oldest|(?<!at )(?<!at)least"),
    _cue("at_least", r"at ?least|no (?:less|fewer) than|or more"),
    _cue("at_most", r"at ?most|no more than|or (?:less|fewer)"),
    _cue(
        "around",
        r"approximately|around|roughly|nearly|almost|close to"
        r"|(?<!how )(?<!what )(?<!me )about (?:\d+|the same|as)",
    ),
    _cue("around equals", r"same (?:number|amount)"),
    _cue("equals where", r"exactly|equal(?:s|ly)?|precisely"),
    _cue("greater_than", r"more|greater|higher|larger|longer|bigger|exceed\w*"),
    _cue("greater_than", r"later|after", WEAK),
    _cue("less_than", r"less|lesser|fewer|lower|smaller|shorter"),
    _cue("less_than", r"earlier|before", WEAK),
    _cue("difference", r"not|without|except|excluding|but|neither|nor|n't|besides|other than|apart from"),
    _cue("first min", r"first|original(?:ly)?|initial(?:ly)?|earliest|debut"),
    _cue("last max", r"last|latest|current(?:ly)?|final(?:ly)?|newest|recent(?:ly)?|now"),
    # Names and lists of types contain them too: weak. "And ..." and "And also tell me ..." start an ellipsis.
    _cue("union sum", r"or|either", 0.4),
    _cue("intersect sum pair", r"(?<!^)and|also(?! tell)", WEAK),
    _cue("intersect sum pair", r"both|at once|at the same time|together|shares?|in common", 0.6),
)
"""Cues, in English."""

_CUED = frozenset().union(*(cue.operators for cue in CUES))
_WORD = re.compile(r"[^\W_]+")
_EMPTY_WORDS = frozenset(
    re.findall(r"\w+", "a an the of in on at by for to from with is are was were be as and or that it its")
)


def stem(word: str) -> str:
    """A word without the endings that differ between a label and a question; crude on purpose."""
    word = word.lower()
    for ending, instead in (
        ("ies", "y"),
        ("sses", "ss"),
        ("ing", ""),
        ("ed", ""),
        ("es", ""),
        ("s", ""),
        ("e", ""),
    ):
        if word.endswith(ending) and len(word) - len(ending) >= 3 and not word.endswith("ss"):
            return word[: len(word) - len(ending)] + instead
    return word


def stems(text: str) -> frozenset[str]:
    """Stems of the words that say something."""
    return frozenset(stem(word) for word in _WORD.findall(text) if word.lower() not in _EMPTY_WORDS)


@dataclass(frozen=True)
class Hints:
    """What is known about the question beside its leaves.

    ``names`` gives the labels and aliases of relation and type leaves. ``expected`` are the leaves that the
    question seems to use: entities one by one, relations and types where somebody annotated them, numbers
    and dates that it states. ``required`` are those of them without which a form cannot be the right one.
    ``earlier`` are forms of earlier turns, latest last: an ``elliptic`` question tends to repeat the latest.
    ``referents`` are what its "that" or "those" may stand for, the likeliest first: the form should use one.
    Forms that agree less than ``least`` are taken for spurious. ``affinity`` says what a leaf adds to the
    agreement, or takes from it, where that has been measured otherwise than by words in common. With
    ``about_entities`` a form that uses no entity is taken for spurious.
    """

    question: str = ""
    names: Mapping[Leaf, Sequence[str]] = field(default_factory=dict)
    expected: frozenset[Leaf] = frozenset()
    required: frozenset[Leaf] = frozenset()
    earlier: tuple[LogicalForm, ...] = ()
    referents: tuple[Leaf, ...] = ()
    elliptic: bool = False
    least: float = -math.inf
    affinity: Mapping[Leaf, float] = field(default_factory=dict)
    about_entities: bool = False

    @cached_property
    def operators(self) -> Mapping[str, float]:
        """Operators that the question's words ask for, with the weight of the words; of a question that is
        elliptic or has no such words, also those of the turn before."""
        found: dict[str, float] = {}
        if self.earlier and (self.elliptic or not any(cue.weight > WEAK for cue in self._found)):
            parts = (part for part in subforms(self.earlier[-1]) if isinstance(part, Call))
            weight = 0.5 if self.elliptic else WEAK
            found = {part.operator: weight for part in parts if part.operator in _CUED}
        for cue in self._found:
            for name in cue.operators:
                found[name] = max(cue.weight, found.get(name, 0.0))
        return found

    @cached_property
    def _found(self) -> tuple[Cue, ...]:
        return tuple(cue for cue in CUES if cue.words.search(self.question))

    @cached_property
    def _words(self) -> frozenset[str]:
        return stems(self.question)

    @cached_property
    def _overlaps(self) -> dict[Leaf, tuple[float, frozenset[str]]]:
        return {}

    @cached_property
    def _expected_sorts(self) -> frozenset[Sort]:
        return frozenset(leaf.sort for leaf in self.expected)

    @cached_property
    def _shapes(self) -> frozenset[tuple[str, ...]]:
        return frozenset(_shape(form) for form in self.earlier)

    def overlap(self, leaf: Leaf) -> tuple[float, frozenset[str]]:
        """Share of the words of a leaf's best-fitting name that the question has, 0 to 1, and these words."""
        found = self._overlaps.get(leaf)
        if found is None:
            names = [stems(name) for name in self.names.get(leaf, ())]
            shares = ((len(name & self._words) / len(name), name & self._words) for name in names if name)
            found = max(shares, key=lambda one: one[0], default=(0.0, frozenset()))
            self._overlaps[leaf] = found
        return found

    @cached_property
    def _places(self) -> dict[Leaf, int]:
        return {}

    @cached_property
    def _ranks(self) -> dict[Leaf, int]:
        return {leaf: rank for rank, leaf in reversed([*enumerate(self.referents)])}

    def allows(self, form: LogicalForm) -> bool:
        """Whether the form reads a fact or a type at all, uses what is required, and agrees well enough."""
        used: set[Leaf] = set()
        for part in subforms(form):
            if not isinstance(part, Call):
                used.update(_single(part))
        if not self.required <= used or not any(isinstance(leaf, (RelationLeaf, TypeLeaf)) for leaf in used):
            return False
        if self.about_entities and not any(isinstance(leaf, EntityLeaf) for leaf in used):
            return False
        return self.least == -math.inf or self.agreement(form) >= self.least

    def agreement(self, form: LogicalForm) -> float:
        """A score: the higher, the better the form goes with the question. Comparable within one question."""
        operators: set[str] = set()
        used: dict[Leaf, None] = {}  # in the order of the form: sums are the same in every process
        members: set[LogicalForm] = set()
        size, score = 0, 0.0
        for part in subforms(form):
            size += 1
            if isinstance(part, Call):
                operators.add(part.operator)
                # Both directions of a symmetric relation answer alike: the plain one is meant.
                score -= 0.02 * (part.operator == "follow_back")
                # "Is there any" says less than that this one is.
                score -= 0.15 * (part.operator == "exists" and part.arguments[0].sort is Sort.ENTITIES)
                score += 0.12 * (part.operator == "keep" and part.arguments[1] in self.expected)
                if part.operator == "members":
                    members.add(part.arguments[0])
            else:
                for leaf in _single(part):
                    # Named once, used once: no sets of everything in every place.
                    score -= 0.25 * (leaf in used and isinstance(leaf, EntityLeaf))
                    used[leaf] = None
        score -= 0.05 * size
        if members:  # "which rivers cross most countries": what is asked for comes before what is counted
            counted = [leaf for leaf in used if isinstance(leaf, TypeLeaf) and leaf not in members]
            places = [self._place(leaf) for leaf in members if isinstance(leaf, TypeLeaf)]
            score += 0.1 * (min(places) < min(map(self._place, counted), default=0))
        relations = [leaf for leaf in used if isinstance(leaf, RelationLeaf)]
        spoken = frozenset().union(*(self.overlap(leaf)[1] for leaf in relations))
        for leaf in used:
            if leaf in self.affinity:
                score += self.affinity[leaf]
            elif isinstance(leaf, RelationLeaf):
                score += self.overlap(leaf)[0]
            elif isinstance(leaf, TypeLeaf):
                share, words = self.overlap(leaf)
                # A word that the relation goes with ("its country") does not ask for a type besides.
                if leaf in self.expected or not words <= spoken:
                    score += share * (_WEIGHED if self.affinity else 1.0)
            if leaf not in self.expected and leaf.sort in self._expected_sorts:
                score -= 0.7
        score -= len(self.expected - used.keys())
        for cue in self._found:
            score += cue.weight if operators & cue.operators else -cue.weight
        score -= sum(max(0.0, 0.5 - self.operators.get(name, 0.0)) for name in sorted(operators & _CUED))
        if isinstance(form, Call) and form.operator == "pair":
            score += self._in_order(form)
        if self._shapes and _shape(form) in self._shapes:
            score += 0.3
        if self.elliptic and self.earlier and _shape(form) == _shape(self.earlier[-1]):
            score += 0.7
        if self.referents:
            meant = (self._ranks[leaf] for leaf in leaves(form) if leaf in self._ranks)
            rank = min(meant, default=None)
            score += -0.6 if rank is None else 0.6 - 0.02 * min(rank, 10)
        return score

    def _in_order(self, form: Call) -> float:
        """Whether two answers are of one kind and about different things, in the order of the question."""
        one, other = (part.arguments[0] if _is_pair(part) else part for part in form.arguments)
        apart = [pair for pair in zip(leaves(one), leaves(other), strict=False) if pair[0] != pair[1]]
        if _shape(one) != _shape(other) or len(apart) != 1:
            return -0.3
        places = [self._place(leaf) for leaf in apart[0]]
        return 0.1 if places[0] < places[1] else 0.0

    def _place(self, leaf: Leaf) -> int:
        """Where in the question a name of the leaf stands; after its end where none does."""
        place = self._places.get(leaf)
        if place is None:
            said = [stem(word) for word in _WORD.findall(self.question)]
            names = ([stem(word) for word in _WORD.findall(name)] for name in self.names.get(leaf, ()))
            found = (
                start
                for words in names
                for start in range(len(said) - len(words) + 1)
                if words and said[start : start + len(words)] == words
            )
            place = self._places[leaf] = next(found, len(said))
        return place


def _is_pair(form: LogicalForm) -> TypeGuard[Call]:
    return isinstance(form, Call) and form.operator == "pair"


def _single(leaf: Leaf) -> Iterable[Leaf]:
    if isinstance(leaf, EntityLeaf) and len(leaf.names) > 1:
        return (EntityLeaf((name,)) for name in leaf.names)
    return (leaf,)


def _shape(form: LogicalForm) -> tuple[str, ...]:
    """Operators and sorts of leaves, in prefix order."""
    return tuple(map(_kind, subforms(form)))


def _kind(part: LogicalForm) -> str:
    if isinstance(part, Call):
        return part.operator
    return "set" if isinstance(part, EntityLeaf) and len(part.names) > 1 else part.sort.value
