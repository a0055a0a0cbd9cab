"""Every form up to a depth, or up to a size, over a few leaves."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from itertools import product

from grammar.forms import Call, Leaf, LogicalForm
from grammar.operators import OPERATORS, Sort


def forms_up_to_depth(leaves: Iterable[Leaf], depth: int) -> list[LogicalForm]:
    """All well-typed forms of at most ``depth`` operators above each other, of every sort."""
    forms: list[LogicalForm] = list(dict.fromkeys(leaves))
    for _ in range(depth):
        by_sort: dict[Sort, list[LogicalForm]] = defaultdict(list)
        for form in forms:
            by_sort[form.sort].append(form)
        found = dict.fromkeys(forms)
        for operator in OPERATORS.values():
            for signature in operator.signatures:
                for arguments in product(*(by_sort[sort] for sort in signature.arguments)):
                    found.setdefault(Call(operator.name, arguments))
        forms = list(found)
    return forms


def forms_up_to_size(leaves: Iterable[Leaf], size: int) -> list[LogicalForm]:
    """All well-typed forms of at most ``size`` actions, of every sort."""
    by_size: list[dict[Sort, list[LogicalForm]]] = [{}, defaultdict(list)]
    for leaf in dict.fromkeys(leaves):
        by_size[1][leaf.sort].append(leaf)
    for total in range(2, size + 1):
        here: dict[Sort, list[LogicalForm]] = defaultdict(list)
        for operator in OPERATORS.values():
            for signature in operator.signatures:
                for sizes in _splits(total - 1, operator.arity):
                    some = (
                        by_size[k].get(sort, []) for k, sort in zip(sizes, signature.arguments, strict=True)
                    )
                    here[signature.result] += [Call(operator.name, arguments) for arguments in product(*some)]
        by_size.append(here)
    return [form for group in by_size for forms in group.values() for form in forms]


def _splits(total: int, parts: int) -> Iterator[tuple[int, ...]]:
    """All ways to write ``total`` as a sum of ``parts`` positive numbers."""
    if parts == 1:
        if total >= 1:
            yield (total,)
        return
    for first in range(1, total - parts + 2):
        for rest in _splits(total - first, parts - 1):
            yield (first, *rest)
