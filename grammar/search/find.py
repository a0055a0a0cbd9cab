"""Supervision search: which forms over the leaves at hand have the right answer?

Bottom-up over denotations (``groups``), in rounds that each reach one kind of question: chains of facts, sets
of chains, counts over every member of a type, statements and their qualifiers, values, a second hop. Set
operators and filters are aimed at the target: a set that is no part of it is never united with another.
Rounds that the words of the question ask for come first; as soon as there is an answer, the rest are not run.
The survivors are ranked by agreement with the question and by size.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Literal, TypeAlias

from grammar.denotation import Denotation
from grammar.errors import LimitReached
from grammar.execute import Execution, Limits
from grammar.forms import LogicalForm
from grammar.graph import Graph
from grammar.operators import Sort
from grammar.search.agreement import Hints
from grammar.search.groups import SET_OPERATORS, Budget, OutOfBudget, Pool
from grammar.search.maps import COMPARISONS, EXTREMES, count_maps, value_maps
from grammar.search.repeats import repeats
from grammar.search.rounds import chains, combine, second_hop, statements
from grammar.search.target import Aim, Target
from grammar.search.truths import truths, truths_of_sets, truths_of_values
from grammar.search.workspace import Leaves, Workspace

__all__ = ["Budget", "Hints", "Leaves", "Outcome", "ScoredForm", "SearchResult", "Target", "search"]

Outcome: TypeAlias = Literal["exhausted", "budget"]
_Round: TypeAlias = Callable[[Workspace], None]


@dataclass(frozen=True)
class ScoredForm:
    """A form that has the right answer; the higher the score, the better it agrees with the question."""

    form: LogicalForm
    score: float


@dataclass(frozen=True)
class SearchResult:
    """The forms found, best first; with ``budget`` the search was cut off, perhaps before a better one."""

    forms: tuple[ScoredForm, ...]
    outcome: Outcome
    forms_tried: int
    seconds: float


def search(
    leaves: Leaves,
    target: Target,
    graph: Graph,
    *,
    budget: Budget = Budget(),  # noqa: B008
    hints: Hints = Hints(),  # noqa: B008
    keep: int = 8,
    memo: dict[LogicalForm, Denotation] | None = None,
) -> SearchResult:
    """Find the forms over ``leaves`` that denote ``target`` on ``graph``.

    Leaves that the graph does not have are left out. Many forms denote nothing or count 0: of an answer that
    is empty only what the question's words say tells the true form from the others.

    Args:
        keep: how many forms to give.
        memo: denotations of forms without entities, which the search adds to; for the next search on the same
            graph. It changes the time that a search takes and nothing else.
    """
    started = time.monotonic()
    limits = Limits(elements=budget.elements, seconds=2 * budget.milliseconds / 1000)
    known = {} if memo is None else memo
    pool = Pool(Execution(graph, limits=limits), budget, known, empties=target.is_empty)
    space = Workspace(leaves, Aim(target, graph), hints, pool)
    outcome: Outcome = "exhausted"
    try:
        if target and space.aim.reachable:
            _run(space)
    except (OutOfBudget, LimitReached):
        outcome = "budget"
    forms = dict.fromkeys(space.forms())
    # A stable sort: of equals comes first what was found first, that is what uses the leaves in their order.
    scored = (ScoredForm(form, round(hints.agreement(form), 4)) for form in forms)
    ranked = sorted(scored, key=lambda one: -one.score)
    return SearchResult(tuple(ranked[:keep]), outcome, pool.forms_tried, time.monotonic() - started)


def _run(space: Workspace) -> None:
    """Run the rounds that the question asks for, then the others one by one until there is an answer."""
    first, then = _rounds(space)
    for run in first:
        run(space)
    for run in then:
        if space.found:
            return
        run(space)


def _rounds(space: Workspace) -> tuple[Sequence[_Round], Sequence[_Round]]:
    """The rounds that the question's words ask for, and those for when they have found nothing."""
    asked = space.hints.operators.keys()
    counting = bool(asked & {*EXTREMES, *COMPARISONS} or space.leaves[Sort.NUMBER])
    dated = bool(asked & {"first", "last"} or space.leaves[Sort.VALUES])
    if space.aim.truths:
        first: list[_Round] = [truths, *([truths_of_values] if counting or dated else [])]
        return first, [truths_of_values, truths_of_sets]
    first = [repeats, chains] if space.hints.elliptic else [chains]
    if asked & SET_OPERATORS:
        first.append(combine)
    if counting:
        first += [count_maps, value_maps]
    if dated:
        first.append(statements)
    then: list[_Round] = [statements]
    # Where somebody has said which relations and entities a question uses, there is no need to look far.
    sorts = [leaf.sort for leaf in space.hints.required]
    if space.hints.affinity:  # nobody has: "which player did they get from Real Madrid?"
        return first, [*then, combine, second_hop]
    if sorts.count(Sort.ENTITIES) > 1 or sorts.count(Sort.RELATION) > 1 or len(space.leaves[Sort.TYPE]) > 1:
        then.insert(0, combine)
    if sorts.count(Sort.RELATION) != 1:
        then.append(second_hop)
    if Sort.ENTITIES not in sorts and (counting or not space.entities):
        then += [partial(count_maps, broad=True), partial(value_maps, broad=True)]
    return first, then
