"""The rounds of the supervision search for questions that are answered with yes and no."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import permutations

import numpy as np

from grammar.denotation import EMPTY, Entities
from grammar.forms import Call, EntityLeaf, LogicalForm, leaves, subforms
from grammar.lines import TESTS
from grammar.operators import Sort
from grammar.search.groups import Group, Way, unexecuted
from grammar.search.rounds import items
from grammar.search.target import is_part
from grammar.search.workspace import Workspace

_MOST = 8  # entities of which all orders are tried


@dataclass(frozen=True)
class _Claim:
    """That ``subject`` has ``relation`` to ``object``, and whether it is so.

    ``support`` counts the sides on which the graph has such facts at all: 0 to 2. Both directions of a wrong
    claim are answered with no; the one with support is meant.
    """

    subject: Group
    relation: Group
    object: Group
    truth: bool
    support: int
    ways: tuple[Way, ...]


def truths(space: Workspace) -> None:
    """``is_in(e, follow(e2, r))``, one or several of them; ``exists(follow(e, r))`` where nobody says of what
    the question is.

    An entity that the graph does not have takes part in no fact: it is in no set.
    """
    single = [one for one in space.spoken_of if len(_names(one)) == 1]
    claims = [
        _claim(space, subject, relation, object_)
        for relation in space.leaves[Sort.RELATION]
        for subject in space.spoken_of
        for object_ in space.spoken_of
        if not _names(subject) & _names(object_) and 1 in (len(_names(subject)), len(_names(object_)))
    ]
    wanted = space.aim.truths
    named = [one for one in single if one.form in space.hints.required]
    if wanted == (True,) and space.hints.affinity:  # "Has he won any awards?"
        found = [_chain(space, "follow", one, to) for one in single for to in space.leaves[Sort.RELATION]]
        space.ways += [Way("exists", (group,)) for group in found if len(group)]
    if len(wanted) == 1:
        _note(space, [[claim] for claim in claims if claim.truth == wanted[0]])
        if len(named) < 3:
            return
        wanted = wanted * (len(named) - 1)  # one word for several: of one of them all the others are claimed
    # Several: about one subject or one object, and where the question names enough, of what it names.
    among = {id(one) for one in (named if len(named) > len(wanted) else single)}
    families: dict[tuple[Group, ...], list[_Claim]] = defaultdict(list)
    for claim in claims:
        if id(claim.subject) in among and id(claim.object) in among:
            families[claim.relation, claim.subject].append(claim)
            families[claim.object, claim.relation].append(claim)
    lists = []
    for family in families.values():
        for chosen in permutations(family[:_MOST], len(wanted)):
            space.pool.spend()
            if all(claim.truth == truth for claim, truth in zip(chosen, wanted, strict=True)):
                lists.append(chosen)
    _note(space, lists)


def _claim(space: Workspace, subject: Group, relation: Group, object_: Group) -> _Claim:
    forward = _chain(space, "follow", subject, relation)
    backward = _chain(space, "follow_back", object_, relation)
    space.pool.spend(2, len(forward) + len(backward))
    support = (len(forward) > 0) + (len(backward) > 0)
    from_object = is_part(items(subject), items(backward))
    if len(_names(subject)) > 1:  # all of the subjects, not all together
        return _Claim(subject, relation, object_, from_object, support, (Way("is_in", (subject, backward)),))
    truth = is_part(items(object_), items(forward))
    ways = [Way("is_in", (object_, forward))]
    if truth == from_object:  # not so for a set of objects: each of them, or any
        ways.append(Way("is_in", (subject, backward)))
    return _Claim(subject, relation, object_, truth, support, tuple(ways))


def _chain(space: Workspace, operator: str, start: Group, relation: Group) -> Group:
    assert isinstance(start.form, EntityLeaf), "claims are of leaves"
    form = Call(operator, (start.form, relation.form))
    present = start.form if start not in space.absent else space.present(start.form)
    found = Entities(EMPTY)
    if present is not None:
        reached = space.pool.execution.denotation(Call(operator, (present, relation.form)))
        assert isinstance(reached, Entities), "following a relation leads to entities"
        found = reached
    return Group(form, form.sort, found, start.size + 2, False, [Way(None)])


def _names(leaf: Group) -> frozenset[str]:
    assert isinstance(leaf.form, EntityLeaf), "claims are of leaves"
    return frozenset(leaf.form.names)


def _note(space: Workspace, lists: Sequence[Sequence[_Claim]]) -> None:
    """Note the answers that have most support, of those that speak of the same entities."""
    best: dict[frozenset[str], int] = defaultdict(int)

    def spoken_of(claims: Sequence[_Claim]) -> frozenset[str]:
        return frozenset().union(*(_names(claim.subject) | _names(claim.object) for claim in claims))

    for claims in lists:
        about = spoken_of(claims)
        best[about] = max(best[about], sum(claim.support for claim in claims))
    for claims in lists:
        if sum(claim.support for claim in claims) == best[spoken_of(claims)]:
            for ways in zip(*(claim.ways for claim in claims), strict=False):
                space.ways.append(_listed(ways))


def _listed(ways: Sequence[Way]) -> Way:
    """``pair(a, pair(b, c))``."""
    if len(ways) == 1:
        return ways[0]
    *first, last = [unexecuted(str(way.operator), *way.arguments) for way in ways]
    for group in reversed(first[1:]):
        last = unexecuted("pair", group, last)
    return Way("pair", (first[0], last))


def truths_of_values(space: Workspace) -> None:
    """``exists(greater_than(value(e, r), n))``, ``exists(where(statements(e, r), q, v))``, one entity held
    against another: ``exists(less_than(value(a, r), value(b, r)))``, counts likewise."""
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
        if sort is Sort.VALUES:
            narrowed += _compared(space, found)
    for group in dict.fromkeys(narrowed):
        if (len(group) > 0) == space.aim.truths[0]:
            space.ways.append(Way("exists", (group,)))
    _compare_counts(space)


def truths_of_sets(space: Workspace) -> None:
    """``exists(keep(follow(e, r), t))``: "did she win any award?"."""
    if len(space.aim.truths) != 1:
        return
    found = space.grow(space.entities, Sort.ENTITIES, Sort.RELATION, empty=True, known=True)
    found += space.grow(found, Sort.ENTITIES, Sort.TYPE, empty=True, known=True)
    for group in dict.fromkeys(found):
        if (len(group) > 0) == space.aim.truths[0]:
            space.ways.append(Way("exists", (group,)))


def _compared(space: Workspace, found: Sequence[Group]) -> list[Group]:
    """Values of one entity that stand to those of another as the question asks."""
    made = (
        space.pool.make(name, one, other, empty=True, known=True)
        for one, other in permutations(found[:_MOST], 2)
        if _alike(one.form, other.form)
        for name in space.asked_comparisons()
    )
    return [group for group in made if group is not None]


def _compare_counts(space: Workspace) -> None:
    """Numbers of two entities compared: "has Paris more twin towns than Berlin?"."""
    if not space.asked_comparisons():
        return
    sets = space.grow(space.entities, Sort.ENTITIES, Sort.RELATION)
    sets += space.grow(sets, Sort.ENTITIES, Sort.TYPE)
    for one, other in permutations(sets[: 2 * _MOST], 2):
        if _alike(one.form, other.form):
            for name in space.asked_comparisons():
                left, right = (unexecuted("cardinality", group) for group in (one, other))
                space.pool.spend()
                count = np.array([float(len(one))])
                if bool(TESTS[name](count, count, len(other), len(other))[0]) == space.aim.truths[0]:
                    space.ways.append(Way(name, (left, right)))


def _alike(one: LogicalForm, other: LogicalForm) -> bool:
    """Whether two forms are the same but for an entity."""
    apart = [pair for pair in zip(leaves(one), leaves(other), strict=False) if pair[0] != pair[1]]
    return (
        [type(part) for part in subforms(one)] == [type(part) for part in subforms(other)]
        and len(apart) == 1
        and all(isinstance(leaf, EntityLeaf) for leaf in apart[0])
    )
