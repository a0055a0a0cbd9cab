"""What is given up of a form, since a patchy graph does not tell it.

Types are where graphs are patchiest; and of many statements no graph says when they held.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

from grammar.denotation import Denotation, is_empty
from grammar.execute import Execution
from grammar.forms import Call, LogicalForm, RelationLeaf, ValueLeaf, call, replace, subforms
from grammar.operators import END_TIME, POINT_IN_TIME, START_TIME
from grammar.values import Time
from kgqa.answer import Hypothesis
from kgqa.form_features import execute_hypothesis

Relaxed: TypeAlias = tuple[Hypothesis, Denotation]


def relaxed(hypothesis: Hypothesis, execution: Execution) -> Relaxed | None:
    """The form without one of its type filters, if that denotes something."""
    for part in subforms(hypothesis.form):
        if isinstance(part, Call) and part.operator == "keep":
            found = _without({part: part.arguments[0]}, hypothesis, execution)
            if found is not None:
                return found
    return None


def timeless(hypothesis: Hypothesis, execution: Execution) -> Relaxed | None:
    """The form without the times that the graph knows nothing of, if it has such and then denotes something.

    What is asked of a year is then answered for any time, and ``Links.left_out`` says so.
    """
    untold: dict[LogicalForm, LogicalForm] = {
        part: part.arguments[0]
        for part in subforms(hypothesis.form)
        if isinstance(part, Call) and _is_untold(part, execution)
    }
    return _without(untold, hypothesis, execution) if untold else None


def _without(
    wider: Mapping[LogicalForm, LogicalForm], hypothesis: Hypothesis, execution: Execution
) -> Relaxed | None:
    """The form with wider parts in place of some of its own, if that denotes something."""
    found = execute_hypothesis(Hypothesis(replace(hypothesis.form, wider), hypothesis.score), execution)
    if found.denotation is None or is_empty(found.denotation):
        return None
    return found.hypothesis, found.denotation


def _is_untold(form: Call, execution: Execution) -> bool:
    """Whether a form asks for statements of a time, and no time is known of any of them.

    Where some have one, that the others do not fit is an answer.
    """
    if form.operator != "where" or not isinstance(form.arguments[2], ValueLeaf):
        return False
    asked = {form.arguments[1], *map(RelationLeaf, (POINT_IN_TIME, START_TIME, END_TIME))}
    told = (call("qualifier_value", form.arguments[0], relation) for relation in asked)
    found = (execute_hypothesis(Hypothesis(one, 0.0), execution).denotation for one in told)
    return isinstance(form.arguments[2].value, Time) and all(
        one is not None and is_empty(one) for one in found
    )
