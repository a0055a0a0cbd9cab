"""What sort of answer a question asks for, where its first words say so: "how many" asks for no date.

Only what the words leave no doubt about is held against a form: "when" may be answered with an event, but
not with a length; "what" and "which" may be answered with anything.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from grammar.denotation import Denotation, Entities, Number, Numbers, Values, is_empty
from grammar.graph import Graph
from grammar.values import Coordinate, Quantity, String, Text, Time
from kgqa.answer import Hypothesis
from kgqa.form_features import Judged

MISFIT = 4.0
"""Nats by which a form counts as less probable whose answer is not of the sort asked for."""

_LEAD = r"^\W*(?:(?:and|but|so|then|ok|okay|since|until|till|from|in|on|at|to|by)\W+)*"
_ASKED_FOR: tuple[tuple[re.Pattern[str], frozenset[type]], ...] = tuple(
    (re.compile(rf"{_LEAD}(?:{words})\b", re.IGNORECASE), frozenset(kinds))
    for words, kinds in (
        ("how many|how much", (Number, Numbers, Quantity)),
        ("when", (Entities, Time)),
        ("where", (Entities, Coordinate)),
        ("who|whom|whose", (Entities, String, Text)),
    )
)
"""First words, and what an answer may be made of: denotations, or values among one."""


def of_sort_asked_for(judged: Sequence[Judged], question: str, graph: Graph) -> list[Judged]:
    """The same, best first, with those lowered whose answer is of no sort that the question asks for."""
    asked_for = next((kinds for words, kinds in _ASKED_FOR if words.match(question)), None)
    if asked_for is None:
        return list(judged)
    lowered = [one if _fits(one.denotation, asked_for, graph) else _less_probable(one) for one in judged]
    return sorted(lowered, key=lambda one: -one.hypothesis.score)


def _less_probable(one: Judged) -> Judged:
    return replace(one, hypothesis=Hypothesis(one.hypothesis.form, one.hypothesis.score - MISFIT))


def _fits(denotation: Denotation | None, asked_for: frozenset[type], graph: Graph) -> bool:
    if denotation is None or is_empty(denotation):
        return True
    parts = graph.values(denotation.items) if isinstance(denotation, Values) else [denotation]
    return any(type(part) in asked_for for part in parts)
