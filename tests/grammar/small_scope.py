"""Every form up to a depth over a few leaves."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from itertools import product

from grammar.forms import Call, Leaf, LogicalForm
from grammar.operators import OPERATORS, Sort


def every_form(leaves: Iterable[Leaf], *, depth: int) -> list[LogicalForm]:
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
