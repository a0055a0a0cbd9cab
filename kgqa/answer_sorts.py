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
from grammar.values import Coordinate, Quantity, Time
from kgqa.answer import Hypothesis
from kgqa.form_features import Judged

MISFIT = 4.0
"""Nats by which a form counts as less probable whose answer is not of the sort asked for."""

_LEAD = r"^\W*(?:(?:and|but|so|then|ok|okay|since|until|till|from|in|on|at|to|by)\W+)*"
_WHEN = re.compile(_LEAD + r"when\b", re.IGNORECASE)
_HOW_MANY = re.compile(_LEAD + r"how (?:many|much)\b", re.IGNORECASE)
_WHO = re.compile(_LEAD + r"(?:who|whom|whose)\b", re.IGNORECASE)
_WHERE = re.compile(_LEAD + r"where\b", re.IGNORECASE)


def of_sort_asked_for(judged: Sequence[Judged], question: str, graph: Graph) -> list[Judged]:
    """The same, best first, with those lowered whose answer is of no sort that the question asks for."""
    lowered = [one if _fits(question, one.denotation, graph) else _less_probable(one) for one in judged]
    return sorted(lowered, key=lambda one: -one.hypothesis.score)


def _less_probable(one: Judged) -> Judged:
    return replace(one, hypothesis=Hypothesis(one.hypothesis.form, one.hypothesis.score - MISFIT))


def _fits(question: str, denotation: Denotation | None, graph: Graph) -> bool:
    if denotation is None or is_empty(denotation):
        return True
    entities, numbers = isinstance(denotation, Entities), isinstance(denotation, (Number, Numbers))
    values = graph.values(denotation.items) if isinstance(denotation, Values) else []
    kinds = {type(value) for value in values}
    if _HOW_MANY.match(question):
        return numbers or Quantity in kinds
    if _WHEN.match(question):
        return entities or Time in kinds
    if _WHERE.match(question):
        return entities or Coordinate in kinds
    if _WHO.match(question):
        return entities or bool(kinds - {Time, Quantity, Coordinate})
    return True
