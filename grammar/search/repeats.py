"""The round of the supervision search for elliptic questions: the form before, with other leaves."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

from grammar.errors import UnknownName
from grammar.forms import Call, EntityLeaf, LogicalForm, TypeLeaf, leaves, replace
from grammar.operators import Sort
from grammar.search.workspace import Workspace


def repeats(space: Workspace) -> None:
    """The form before over another entity or type, and both of them together: "And Germany?", "But not X"."""
    before = space.hints.earlier[-1] if space.hints.earlier else None
    if before is None:
        return
    for form in dict.fromkeys(_again(space, before)):
        space.pool.spend()
        _try(space, form)


def _again(space: Workspace, before: LogicalForm) -> Iterator[LogicalForm]:
    used = dict.fromkeys(leaves(before))
    entities = [leaf for leaf in used if isinstance(leaf, EntityLeaf)]
    others = [group.form for group in space.entities]
    kinds = [group.form for group in space.leaves[Sort.TYPE]]
    for kind, other in product([leaf for leaf in used if isinstance(leaf, TypeLeaf)], kinds):
        yield replace(before, {kind: other})
    for old, new in product(entities, others):
        again = replace(before, {old: new})
        if again != before:
            yield again
            if before.sort is Sort.ENTITIES:
                for operator in ("union", "intersect", "difference"):
                    yield Call(operator, (before, again))


def _try(space: Workspace, form: LogicalForm) -> None:
    """Execute a whole form; noted where it is an answer."""
    aim, counted = space.aim, form
    if aim.entities is not None and isinstance(form, Call) and form.operator == "cardinality":
        counted = form.arguments[0]  # what is counted is known, and tells more than how many
    try:
        found = space.pool.execution.denotation(counted)
    except UnknownName:  # the form before names what the graph does not have
        return
    if aim.match(found) == ("is" if counted is form else "counts"):
        space.whole.append(form)
