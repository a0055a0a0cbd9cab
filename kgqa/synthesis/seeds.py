"""Whom a dialogue is started about: any kind of thing, what is known and talked about more often."""

from __future__ import annotations

import random
from dataclasses import dataclass
from functools import cached_property

from grammar.errors import GraphError
from kgqa.synthesis.english import wordings
from kgqa.synthesis.survey import Survey

_POPULAR = 4.0
"""How much more often a dialogue starts with something that people chat about."""


@dataclass
class Seeds:
    """Entities of a graph to start dialogues with."""

    survey: Survey

    def pick(self, rng: random.Random) -> str:
        """Somebody or something worth a dialogue.

        Raises:
            GraphError: the graph has too few facts.
        """
        pools = list(self._pools.values())
        for _ in range(200 if pools else 0):
            names = rng.choices(pools, weights=self._weights)[0]
            name = names[int(len(names) * rng.random() ** 1.5)]
            if len(self.survey.uses(name)) >= 2:
                return name
        name = self.survey.graph.name
        raise GraphError(f"the graph {name!r} has too few facts to make up dialogues about it")

    @cached_property
    def _pools(self) -> dict[str, list[str]]:
        """Entities to start from, by the largest of their types, the best known first."""
        pools: dict[str, list[str]] = {}
        members = self.survey.members
        for type_name, names in sorted(members.items(), key=lambda item: (-len(item[1]), item[0])):
            for name in names:
                if name not in members and self.survey.types(name)[:1] == (type_name,):
                    pools.setdefault(type_name, []).append(name)
        return pools

    @cached_property
    def _weights(self) -> list[float]:
        # A type counts by what is known of its members, damped, so that no kind of thing fills all dialogues.
        weights = []
        for type_name, names in self._pools.items():
            some = names[:: max(1, len(names) // 20)]
            facts = sum(len(self.survey.uses(n)) for n in some) / len(some)
            liked = _POPULAR if type_name in wordings().popular else 1.0
            weights.append(liked * len(names) ** 0.5 * max(0.0, facts - 2) ** 1.2)
        return weights if sum(weights) else [1.0] * len(weights)
