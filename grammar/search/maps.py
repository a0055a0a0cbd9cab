"""The rounds of the supervision search over maps (``for_each``): counts and values of every element."""

from __future__ import annotations

from itertools import combinations

from grammar.denotation import EachNumber, EachSet, Entities, IntArray
from grammar.execute import MEANINGS
from grammar.forms import Call, EntityLeaf, LogicalForm, replace, subforms
from grammar.lines import TESTS
from grammar.operators import Sort
from grammar.search.groups import Group, Way, unexecuted
from grammar.search.rounds import HOP, items
from grammar.search.workspace import Workspace

EXTREMES = ("max", "min")
COMPARISONS = tuple(TESTS)
_REFERENCES = 6  # entities that a comparison may compare with


def count_maps(space: Workspace, *, broad: bool = False) -> None:
    """``arg(max(cardinality(keep(follow(for_each(members(t)), r), t2))))`` and its relatives.

    ``broad`` tries every comparison, not only those that the question's words ask for, and counts over sets
    found, not only over all members of a type.
    """
    followed = space.grow(_maps(space, sets=broad), Sort.EACH_ENTITIES, Sort.RELATION)
    followed = [one for one in followed if _may_be(space, one)]
    kept = space.grow(followed, Sort.EACH_ENTITIES, Sort.TYPE)
    new = space.grow([*followed, *kept], Sort.EACH_NUMBER)
    # The same count but for the type: "rivers and lakes".
    alike: dict[str, list[Group]] = {}
    for one in new:
        alike.setdefault(_without_types(one.form), []).append(one)
    for some in alike.values():
        for one, other in combinations(some, 2):
            both = space.pool.make("sum", one, other)
            new += [both] if both is not None else []
    space.counts += new
    for group in space.counts:
        for name in EXTREMES:
            _close(space, name, group)
        others = [*space.leaves[Sort.NUMBER], *_references(space, group)]
        for name in _comparisons(space, broad):
            for other in others:
                _close(space, name, group, other)


def value_maps(space: Workspace, *, broad: bool = False) -> None:
    """``arg(max(value(for_each(s), r)))``, ``arg(greater_than(value(for_each(s), r), v))``."""
    space.values += space.grow(_maps(space, sets=True), Sort.EACH_VALUES, Sort.RELATION)
    space.values += space.grow(_pairs(space), Sort.EACH_VALUES, Sort.RELATION)
    for group in space.values:
        if _may_be(space, group):
            for name in EXTREMES:
                _close(space, name, group)
            for name in _comparisons(space, broad):
                for other in (*space.leaves[Sort.VALUES], *space.leaves[Sort.NUMBER]):
                    _close(space, name, group, other)


def _comparisons(space: Workspace, broad: bool) -> tuple[str, ...]:
    asked = space.asked_comparisons()
    return COMPARISONS if broad or not asked else asked


def _maps(space: Workspace, *, sets: bool) -> list[Group]:
    """``for_each`` over the members of every type and over ``sets`` found, where they hold the target."""
    space.members += space.grow(space.leaves[Sort.TYPE], Sort.ENTITIES)
    domains = list(space.members)
    if sets or not domains:
        domains += [one for one in space.sets if 1 < len(one) <= HOP]
    space.maps += space.grow((one for one in domains if space.aim.may_be(items(one))), Sort.EACH_ENTITIES)
    return space.maps


def _pairs(space: Workspace) -> list[Group]:
    """``for_each`` over two entities that the question names: "who is older, A or B?"."""
    named = [one.form for one in space.entities if one.form in space.hints.expected][:_REFERENCES]
    both = [
        space.pool.leaf(EntityLeaf((*one.names, *other.names)))
        for one, other in combinations(named, 2)
        if isinstance(one, EntityLeaf) and isinstance(other, EntityLeaf)
    ]
    return space.grow((one for one in both if space.aim.may_be(items(one))), Sort.EACH_ENTITIES)


def _keys(group: Group) -> IntArray:
    found = group.denotation
    assert isinstance(found, (EachNumber, EachSet)), "only maps have keys"
    return found.keys


def _may_be(space: Workspace, group: Group) -> bool:
    return space.aim.may_be(_keys(group))


def _references(space: Workspace, group: Group) -> list[Group]:
    """The same count of single entities: "more than Paris"."""
    domain = next(
        part for part in subforms(group.form) if isinstance(part, Call) and part.operator == "for_each"
    )
    references = []
    for entity in [one for one in space.entities if len(one) == 1][:_REFERENCES]:
        form = replace(group.form, {domain: entity.form})
        number = space.pool.execution.denotation(form)
        references.append(Group(form, form.sort, number, group.size, False, [Way(None)]))
    return references


def _close(space: Workspace, operator: str, group: Group, *others: Group) -> None:
    """``arg`` over what an operator leaves of a map; noted where it is an answer, and not kept."""
    space.pool.spend(1, len(group))
    left = MEANINGS[operator](space.aim.graph, group.denotation, *(one.denotation for one in others))
    match = space.aim.match(Entities(left.keys))
    if match is not None:
        narrowed = unexecuted(operator, group, *others, denotation=left)
        space.ways.append(
            Way("arg", (narrowed,)) if match == "is" else Way("cardinality", (unexecuted("arg", narrowed),))
        )


def _without_types(form: LogicalForm) -> str:
    """The form without the types that it keeps of every element's set."""
    if not isinstance(form, Call):
        return str(form)
    if form.operator == "for_each":
        return str(form)
    if form.operator == "keep":
        return _without_types(form.arguments[0])
    return f"{form.operator}({','.join(map(_without_types, form.arguments))})"
