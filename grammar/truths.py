"""The rounds of the supervision search for questions that are answered with yes and no."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import permutations

from grammar.forms import Call, EntityLeaf, subforms
from grammar.groups import Group, Way, unexecuted
from grammar.operators import Sort
from grammar.rounds import items
from grammar.target import is_part
from grammar.workspace import STEPS, Workspace

_MOST = 8  # entities of which all orders are tried


def truths(space: Workspace, *, empty: bool = False) -> None:
    """``is_in(e, follow(e2, r))``, one or several; ``empty`` also asks of sets without elements."""
    reached = _chains(space)
    space.sets += [one for one in reached if len(one)]
    wanted = space.aim.truths
    asked = [(one, whole) for whole in reached if empty or len(whole) for one in space.entities]
    asked = [(one, whole) for one, whole in asked if not _names(one) & _names(whole)]
    answers = [(one, whole, _is_in(space, one, whole)) for one, whole in asked]
    if len(wanted) == 1:
        space.ways += [Way("is_in", (one, whole)) for one, whole, truth in answers if truth == wanted[0]]
        return
    # Several: about one and the same set, or about one entity and one relation.
    families: dict[object, list[tuple[Group, Group, bool]]] = {}
    for one, whole, truth in answers:
        if len(one) == 1:
            families.setdefault(id(whole), []).append((one, whole, truth))
            assert isinstance(whole.form, Call)
            if len(_names(whole)) == 1:
                key = (id(one), whole.form.operator, whole.form.arguments[1])
                families.setdefault(key, []).append((one, whole, truth))
    for family in families.values():
        for chosen in permutations(family[:_MOST], len(wanted)):
            space.pool.spend()
            if all(truth == right for (_, _, truth), right in zip(chosen, wanted, strict=True)):
                space.ways.append(_listed([Way("is_in", (one, whole)) for one, whole, _ in chosen]))


def _chains(space: Workspace) -> list[Group]:
    """One fact from every entity leaf; apart for every leaf, also where they denote the same."""
    groups = []
    for start in space.entities:
        for relation in space.leaves[Sort.RELATION]:
            for name in STEPS[Sort.ENTITIES, Sort.RELATION, Sort.ENTITIES]:
                form = Call(name, (start.form, relation.form))
                found = space.pool.execution.denotation(form)
                groups.append(Group(form, form.sort, found, start.size + 2, False, [Way(None)]))
                space.pool.spend(1, len(groups[-1]))
    return groups


def _names(group: Group) -> set[str]:
    """The entities that a group's form names."""
    return {name for part in subforms(group.form) if isinstance(part, EntityLeaf) for name in part.names}


def _is_in(space: Workspace, one: Group, whole: Group) -> bool:
    space.pool.spend(1, len(one))
    return is_part(items(one), items(whole))


def _listed(ways: Sequence[Way]) -> Way:
    """``pair(a, pair(b, c))``."""
    *first, last = [unexecuted(str(way.operator), *way.arguments) for way in ways]
    for group in reversed(first[1:]):
        last = unexecuted("pair", group, last)
    return Way("pair", (first[0], last))


def truths_of_values(space: Workspace) -> None:
    """``exists(greater_than(value(e, r), n))``, ``exists(where(statements(e, r), q, v))``."""
    if len(space.aim.truths) != 1:
        return
    narrowed = []
    for sort, kinds in (
        (Sort.VALUES, ((Sort.NUMBER,), (Sort.VALUES,))),
        (Sort.STATEMENTS, ((Sort.RELATION, Sort.ENTITIES), (Sort.RELATION, Sort.VALUES))),
    ):
        found = space.grow(space.entities, sort, Sort.RELATION)
        for rest in kinds:
            narrowed += space.grow(found, sort, *rest, empty=True, known=True)
    for group in dict.fromkeys(narrowed):
        if (len(group) > 0) == space.aim.truths[0]:
            space.ways.append(Way("exists", (group,)))
