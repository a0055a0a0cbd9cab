"""The rounds of the supervision search over sets: chains, sets of chains, statements, a second hop."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations, combinations_with_replacement

import numpy as np

from grammar.denotation import Entities, IntArray
from grammar.operators import Sort
from grammar.search.groups import SET_OPERATORS, Group, Way, unexecuted
from grammar.search.target import is_part
from grammar.search.workspace import Workspace

HOP = 2_000
"""A second hop, or a map, starts only from sets up to this size."""
_MOST_SETS = 40  # sets of which all pairs are counted where only the size of the target is known


def items(group: Group) -> IntArray:
    """The elements of a group of entities."""
    found = group.denotation
    assert isinstance(found, Entities), "only sets of entities are combined"
    return found.items


def chains(space: Workspace) -> None:
    """``keep(follow(e, r), t)``, ``value(e, r)``; two counts of these."""
    _grow_sets(space, space.entities)
    if len(space.aim.numbers) == 2:
        _pairs_of_counts(space)


def _grow_sets(space: Workspace, start: Sequence[Group]) -> None:
    reached = space.grow(start, Sort.ENTITIES, Sort.RELATION)
    several = [one for one in start if len(one) > 1]
    kept = space.grow([*several, *reached], Sort.ENTITIES, Sort.TYPE)
    values = space.grow(start, Sort.VALUES, Sort.RELATION)
    values += space.grow(values, Sort.VALUES)
    space.sets += [*reached, *kept]
    space.check([*reached, *kept, *values])


def second_hop(space: Workspace) -> None:
    """Chains of two facts, and sets of them with the others."""
    _grow_sets(space, [one for one in space.sets if len(one) <= HOP])
    if SET_OPERATORS & space.hints.operators.keys() and not space.found:
        combine(space)


def _pairs_of_counts(space: Workspace) -> None:
    """``pair(cardinality(a), cardinality(b))``."""
    fitting = [[one for one in space.sets if len(one) == number] for number in space.aim.numbers]
    for first in fitting[0]:
        for second in fitting[1]:
            space.pool.spend()
            if _is_counted(space, first, second):
                space.ways.append(
                    Way("pair", (unexecuted("cardinality", first), unexecuted("cardinality", second)))
                )


def _is_counted(space: Workspace, first: Group, second: Group) -> bool:
    """Whether two sets together are what was counted, or that is not known."""
    aim = space.aim.entities
    return aim is None or bool(np.array_equal(np.union1d(items(first), items(second)), aim))


def combine(space: Workspace) -> None:
    """Set operators over two of the sets, aimed at the target where it is a set.

    A set is also paired with itself: two forms may denote it.
    """
    aim = space.aim.entities
    if aim is None:
        if len(space.aim.numbers) == 1 and SET_OPERATORS & space.hints.operators.keys():
            _combine_by_size(space, [one for one in space.sets if len(one) <= HOP][:_MOST_SETS])
        return
    # A single entity that the question names is hardly a part of its answer; a previous answer may be.
    groups = [*space.sets, *(one for one in space.entities if len(one) > 1)]
    parts = [(one, np.isin(aim, items(one))) for one in groups if is_part(items(one), aim)]
    for (one, here), (other, there) in combinations_with_replacement(parts, 2):
        space.pool.spend()
        if (here | there).all():
            space.try_pair("union", one, other)
    wholes = [one for one in groups if is_part(aim, items(one))]
    for one, other in combinations_with_replacement(wholes, 2):
        space.pool.spend(1, len(one) + len(other))
        if len(np.intersect1d(items(one), items(other), assume_unique=True)) == len(aim):
            space.try_pair("intersect", one, other)
    outside = [one for one in [*space.sets, *space.entities] if not np.isin(aim, items(one)).any()]
    for one in wholes:
        rest = np.setdiff1d(items(one), aim, assume_unique=True)
        for other in outside if len(rest) else ():
            space.pool.spend()
            if is_part(rest, items(other)):
                space.try_pair("difference", one, other)


def _combine_by_size(space: Workspace, groups: Sequence[Group]) -> None:
    wanted = space.aim.numbers[0]
    for first, second in combinations(range(len(groups)), 2):
        one, other = groups[first], groups[second]
        space.pool.spend(1, len(one) + len(other))
        shared = len(np.intersect1d(items(one), items(other), assume_unique=True))
        trivial = (0, len(one), len(other))
        if len(one) + len(other) - shared == wanted not in trivial:
            space.try_pair("union", one, other)
        if shared == wanted not in trivial:
            space.try_pair("intersect", one, other)
        for left, right in ((one, other), (other, one)):
            if shared and len(left) - shared == wanted and wanted:
                space.try_pair("difference", left, right)


def statements(space: Workspace) -> None:
    """Statements narrowed down by a qualifier; what they state and what else qualifies them."""
    made = space.grow(space.entities, Sort.STATEMENTS, Sort.RELATION)
    narrowed = list(made)
    for sort in (Sort.ENTITIES, Sort.VALUES):
        narrowed += space.grow(made, Sort.STATEMENTS, Sort.RELATION, sort)
    narrowed += space.grow(narrowed, Sort.STATEMENTS, Sort.RELATION)
    found = space.grow(narrowed, Sort.ENTITIES) + space.grow(narrowed, Sort.VALUES)
    found += space.grow(narrowed, Sort.ENTITIES, Sort.RELATION)
    found += space.grow(narrowed, Sort.VALUES, Sort.RELATION)
    found += space.grow([one for one in found if one.sort is Sort.ENTITIES], Sort.ENTITIES, Sort.TYPE)
    space.check([*narrowed, *found])
