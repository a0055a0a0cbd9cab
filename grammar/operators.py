"""The table of operators: the page to read first.

A logical form is a tree of these operators over leaves (entities, relations, types, numbers, values).
Everything else is read off this table: the reader and printer (``forms``), the action sequence and the
mask of what may come next (``partial``), execution (``execute``), SPARQL (``sparql``), English
(``english``), enumeration (``search``) and sampling (``sample``).

Lifting. ``for_each`` opens a map element -> the element itself; an operator that takes a set takes such a
map too and works on every element on its own; ``arg`` closes the map and gives the elements that are left.
Operators that read facts (``follow``, ``value``, ``statements``, ...) drop the elements that have no such
fact at all; operators that filter (``keep``, ``where``, ...) leave an element with an empty set in the map.
So in ``cardinality(keep(follow(for_each(members(T)), R), U))`` the domain is the members of T that have a
fact of R, and an element whose facts are all filtered away counts 0: it matters to ``less_than``,
``at_most`` and ``min``. CSQA's answers have it so (1,333 released dialogues, measured on 2026-11-20): where
elements that count 0 are known, they and nothing else answer "the min number of" in 59 of 59 questions.

Statements. ``where`` takes their own relation too and then holds what they state against the argument:
``qualifier_value(where(statements(Q567, P39), P39, Q4970706), P580)`` is when Merkel became chancellor.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum
from types import MappingProxyType


class Sort(Enum):
    """What a form denotes."""

    ENTITIES = "Entities"
    VALUES = "Values"
    STATEMENTS = "Statements"
    NUMBER = "Number"
    BOOLEAN = "Boolean"
    NUMBERS = "Numbers"  # several counts, in the order asked for
    BOOLEANS = "Booleans"  # several truth values: "YES and NO respectively"
    EACH_ENTITIES = "Each[Entities]"
    EACH_VALUES = "Each[Values]"
    EACH_STATEMENTS = "Each[Statements]"
    EACH_NUMBER = "Each[Number]"
    RELATION = "Relation"
    TYPE = "Type"

    def __repr__(self) -> str:
        return self.value


LEAF_SORTS = (Sort.ENTITIES, Sort.RELATION, Sort.TYPE, Sort.NUMBER, Sort.VALUES)
"""What a leaf may be. An entity leaf holds one or several entities ("those countries")."""

ROOT_SORTS = (Sort.ENTITIES, Sort.VALUES, Sort.NUMBER, Sort.BOOLEAN, Sort.NUMBERS, Sort.BOOLEANS)
"""What may answer a question."""

LIFTED = MappingProxyType(
    {
        Sort.ENTITIES: Sort.EACH_ENTITIES,
        Sort.VALUES: Sort.EACH_VALUES,
        Sort.STATEMENTS: Sort.EACH_STATEMENTS,
        Sort.NUMBER: Sort.EACH_NUMBER,
    }
)
"""Sort of X -> sort of the map from elements to X."""

AROUND = 0.1
"""``around n`` of a number or of values: within this share of n, and always within 1 of n.

In a map of numbers the tolerance is their own (population) standard deviation, and what is exactly as far
from n belongs to it. Measured on 2026-11-20 on CSQA's "approximately n" and "around the same number as e",
1,333 released dialogues: of 28,361 elements whose counts other answers give away, the deviation decides
99.6 % as the answer does (the others need counts that are not known), AROUND 73.0 %, equality 86.5 %.
"""
AROUND_YEARS = 5
"""``around`` a date keeps what is within this many years."""

POINT_IN_TIME, START_TIME, END_TIME = "P585", "P580", "P582"
"""Time qualifiers: ``where(S, P585, @2007)`` also keeps what holds over a stretch with 2007 in it."""


@dataclass(frozen=True)
class Signature:
    """One way to apply an operator."""

    arguments: tuple[Sort, ...]
    result: Sort


@dataclass(frozen=True)
class Operator:
    """A row of the table.

    ``commutative`` operators are printed with their arguments in one fixed order when forms are compared.
    """

    name: str
    group: str
    signatures: tuple[Signature, ...]
    meaning: str
    commutative: bool = False

    @property
    def arity(self) -> int:
        """How many arguments it takes (the same in every signature)."""
        return len(self.signatures[0].arguments)

    def result(self, arguments: tuple[Sort, ...]) -> Sort | None:
        """The sort that it gives for these argument sorts, or None where they do not fit."""
        return next((s.result for s in self.signatures if s.arguments == arguments), None)


def _plain(*rows: tuple[Sort, ...]) -> list[Signature]:
    """Signatures from rows of argument sorts with the result last."""
    return [Signature(row[:-1], row[-1]) for row in rows]


def _lifting(*rows: tuple[Sort, ...]) -> list[Signature]:
    """Signatures as ``_plain``, and each again with first argument and result lifted to maps."""
    signatures = _plain(*rows)
    return signatures + [
        Signature((LIFTED[s.arguments[0]], *s.arguments[1:]), LIFTED[s.result]) for s in signatures
    ]


def _table(operators: Iterable[Operator]) -> MappingProxyType[str, Operator]:
    return MappingProxyType({operator.name: operator for operator in operators})


_E, _V, _S, _N, _B = Sort.ENTITIES, Sort.VALUES, Sort.STATEMENTS, Sort.NUMBER, Sort.BOOLEAN
_EE, _EV, _ES, _EN = Sort.EACH_ENTITIES, Sort.EACH_VALUES, Sort.EACH_STATEMENTS, Sort.EACH_NUMBER
_R, _T = Sort.RELATION, Sort.TYPE


def _graph(name: str, row: tuple[Sort, ...], meaning: str, group: str = "graph") -> Operator:
    return Operator(name, group, tuple(_lifting(row)), meaning)


def _set(name: str, meaning: str, *, commutative: bool) -> Operator:
    signatures = _plain((_E, _E, _E), (_V, _V, _V), (_EE, _EE, _EE), (_EE, _E, _EE))
    return Operator(name, "sets", tuple(signatures), meaning, commutative)


def _extreme(name: str, meaning: str) -> Operator:
    return Operator(name, "numbers", tuple(_plain((_V, _V), (_EN, _EN), (_EV, _EV))), meaning)


def _comparison(name: str, meaning: str) -> Operator:
    signatures = _plain(
        (_EN, _N, _EN), (_V, _V, _V), (_V, _N, _V), (_EV, _V, _EV), (_EV, _N, _EV), (_N, _N, _B)
    )
    return Operator(name, "numbers", tuple(signatures), meaning)


OPERATORS = _table(
    [
        _graph("follow", (_E, _R, _E), "objects of the relation"),
        _graph("follow_back", (_E, _R, _E), "subjects of the relation"),
        _graph("value", (_E, _R, _V), "literal objects of the relation"),
        _graph("statements", (_E, _R, _S), "best-rank statements (preferred, else normal)", "statements"),
        _graph("qualifier", (_S, _R, _E), "entities that a qualifier names", "statements"),
        _graph("qualifier_value", (_S, _R, _V), "literals that a qualifier gives", "statements"),
        Operator(
            "where",
            "statements",
            tuple(_lifting((_S, _R, _E, _S), (_S, _R, _V, _S))),
            "statements whose qualifier is one of these; with their own relation, that state one of these; "
            "dates match at the coarser precision, "
            "and a point in time matches the stretch from start to end that it lies in",
        ),
        _graph("first", (_S, _R, _S), "statement with the smallest time or ordinal qualifier", "statements"),
        _graph("last", (_S, _R, _S), "statement with the largest time or ordinal qualifier", "statements"),
        _graph("object", (_S, _E), "entities that the statements state", "statements"),
        _graph("object_value", (_S, _V), "literals that the statements state", "statements"),
        Operator("members", "classes", tuple(_plain((_T, _E))), "all instances of the type"),
        _graph("keep", (_E, _T, _E), "those that are instances of the type", "classes"),
        _set("union", "in either", commutative=True),
        _set("intersect", "in both", commutative=True),
        _set("difference", "in the first, not in the second", commutative=False),
        Operator(
            "is_in", "sets", tuple(_plain((_E, _E, _B))), "the left is a subset of the right and not empty"
        ),
        Operator("exists", "sets", tuple(_plain((_E, _B), (_V, _B), (_S, _B))), "not empty"),
        Operator("cardinality", "numbers", tuple(_lifting((_E, _N), (_V, _N), (_S, _N))), "how many"),
        _extreme("max", "only the largest: values, or elements of a map"),
        _extreme("min", "only the smallest: values, or elements of a map"),
        Operator(
            "sum",
            "numbers",
            tuple(_plain((_EN, _EN, _EN), (_N, _N, _N))),
            "element by element; an element that one map lacks counts 0 there",
            commutative=True,
        ),
        _comparison("greater_than", "strictly more, strictly later"),
        _comparison("less_than", "strictly less, strictly earlier"),
        _comparison("at_least", "not less"),
        _comparison("at_most", "not more"),
        _comparison("equals", "the same number; dates at the coarser precision; the same text"),
        _comparison(
            "around",
            "within AROUND, of dates AROUND_YEARS; in a map of numbers within their standard deviation",
        ),
        Operator("for_each", "each", tuple(_plain((_E, _EE))), "start: every element on its own"),
        Operator(
            "arg",
            "each",
            tuple(_plain((_EE, _E), (_EV, _E), (_ES, _E), (_EN, _E))),
            "end: the elements that are left (of sets: those whose set is not empty)",
        ),
        Operator(
            "pair",
            "answers",
            tuple(
                _plain(
                    (_N, _N, Sort.NUMBERS),
                    (_N, Sort.NUMBERS, Sort.NUMBERS),
                    (_B, _B, Sort.BOOLEANS),
                    (_B, Sort.BOOLEANS, Sort.BOOLEANS),
                )
            ),
            "two or more answers, in the order asked for",
        ),
    ]
)
"""Name -> operator, in the order of ``GRAMMAR_NAME``'s actions."""

GRAMMAR_NAME = "kgqa-1"
"""Stored in checkpoints; changes with every change of the table that moves an action."""
