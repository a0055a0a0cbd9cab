"""What may come next: the mask that keeps every decoded or enumerated form well-typed and finishable.

A form is written in prefix order. At every point one hole is to be filled; ``PartialForm.mask`` says with
which actions. The state of a hole is one small map: sort -> how many actions are still needed *after* the
hole, at the least, if it is filled with that sort. So an action is allowed exactly when some completion
exists within the budget and with the leaves at hand.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache

import numpy as np

from grammar.denotation import BoolArray
from grammar.errors import FormError
from grammar.forms import Action, Call, Leaf, LogicalForm
from grammar.operators import OPERATORS, ROOT_SORTS, Signature, Sort

OPERATOR_NAMES: tuple[str, ...] = tuple(OPERATORS)
_INFINITE = 10**6
Hole = Mapping[Sort, int]


@dataclass(frozen=True)
class ActionSpace:
    """The actions of one question: all operators, then the leaves at hand.

    Action k is ``OPERATOR_NAMES[k]``, or ``leaves[k - len(OPERATOR_NAMES)]``.
    """

    leaves: tuple[Leaf, ...]
    max_actions: int = 48
    roots: tuple[Sort, ...] = ROOT_SORTS
    _masks: dict[tuple[object, ...], BoolArray] = field(default_factory=dict, repr=False, compare=False)

    def __len__(self) -> int:
        return len(OPERATOR_NAMES) + len(self.leaves)

    def action(self, index: int) -> Action:
        """The action with this number."""
        count = len(OPERATOR_NAMES)
        return OPERATOR_NAMES[index] if index < count else self.leaves[index - count]

    @cached_property
    def _numbers(self) -> dict[Action, int]:
        return {self.action(k): k for k in reversed(range(len(self)))}

    def index(self, action: Action) -> int | None:
        """The number of an action (of equal leaves the first), or None where it is not at hand."""
        return self._numbers.get(action)

    @cached_property
    def leaf_masks(self) -> Mapping[Sort, BoolArray]:
        """For every sort, [actions], which actions are leaves of it."""
        masks = {sort: np.zeros(len(self), dtype=bool) for sort in Sort}
        for position, leaf in enumerate(self.leaves, start=len(OPERATOR_NAMES)):
            masks[leaf.sort][position] = True
        return masks

    @cached_property
    def costs(self) -> Mapping[Sort, int]:
        """For every sort, the fewest actions that make a form of it with the leaves at hand."""
        costs = dict.fromkeys(Sort, _INFINITE)
        costs.update({leaf.sort: 1 for leaf in self.leaves})
        changed = True
        while changed:
            changed = False
            for row in OPERATORS.values():
                for signature in row.signatures:
                    cost = 1 + self._cost(signature.arguments, costs)
                    if cost < costs[signature.result]:
                        costs[signature.result] = cost
                        changed = True
        return costs

    @staticmethod
    def _cost(sorts: Sequence[Sort], costs: Mapping[Sort, int]) -> int:
        return sum(costs[sort] for sort in sorts)

    def mask(self, hole: Hole, budget: int) -> BoolArray:
        """For every action, [actions], whether a hole can be filled with it within ``budget`` actions."""
        key = (tuple(sorted((sort.value, rest) for sort, rest in hole.items())), budget)
        mask = self._masks.get(key)
        if mask is None:
            mask = np.zeros(len(self), dtype=bool)
            mask[: len(OPERATOR_NAMES)] = _operators(tuple(hole.items()), budget, tuple(self.costs.items()))
            for sort, rest in hole.items():
                if 1 + rest <= budget:
                    mask |= self.leaf_masks[sort]
            mask.flags.writeable = False
            self._masks[key] = mask
        return mask

    def start(self) -> PartialForm:
        """The form of which nothing is written yet."""
        return PartialForm(self, (), (), dict.fromkeys(self.roots, 0))


@lru_cache(maxsize=50_000)  # questions differ in their leaves, but seldom in the sorts that they have
def _operators(
    hole: tuple[tuple[Sort, int], ...], budget: int, costs: tuple[tuple[Sort, int], ...]
) -> BoolArray:
    """For every operator whether it can fill a hole, given what leaves cost."""
    rest, cost = dict(hole), dict(costs)
    return np.array(
        [
            any(
                s.result in rest and 1 + sum(cost[a] for a in s.arguments) + rest[s.result] <= budget
                for s in OPERATORS[name].signatures
            )
            for name in OPERATOR_NAMES
        ]
    )


@dataclass(frozen=True)
class Frame:
    """An operator whose arguments are being written; ``signatures`` are those that still fit."""

    operator: str
    arguments: tuple[LogicalForm, ...]
    signatures: tuple[Signature, ...]
    outside: Hole


@dataclass(frozen=True)
class PartialForm:
    """The first actions of a form. Immutable: ``append`` gives a new one.

    ``hole`` maps each sort that the next sub-form may have to the fewest actions needed after it; it is
    None when the form is complete.
    """

    space: ActionSpace
    actions: tuple[int, ...]
    frames: tuple[Frame, ...]
    hole: Hole | None
    finished: LogicalForm | None = None

    @property
    def complete(self) -> bool:
        """Whether nothing is missing."""
        return self.hole is None

    @property
    def mask(self) -> BoolArray:
        """For every action, [actions], whether it may come next (none may when the form is complete)."""
        if self.hole is None:
            return np.zeros(len(self.space), dtype=bool)
        return self.space.mask(self.hole, self.space.max_actions - len(self.actions))

    def append(self, action: int) -> PartialForm:
        """The form with one more action.

        Raises:
            FormError: the mask does not allow the action.
        """
        if self.hole is None or not self.mask[action]:
            raise FormError(
                f"action {self.space.action(action)!s} may not come after {len(self.actions)} actions"
            )
        actions = (*self.actions, action)
        name = self.space.action(action)
        if isinstance(name, str):
            signatures = tuple(s for s in OPERATORS[name].signatures if s.result in self.hole)
            frame = Frame(name, (), signatures, self.hole)
            return PartialForm(self.space, actions, (*self.frames, frame), self._hole(frame))
        return self._filled(actions, name)

    def _filled(self, actions: tuple[int, ...], part: LogicalForm) -> PartialForm:
        """Close every operator that the sub-form completes."""
        frames = list(self.frames)
        while frames:
            frame = frames.pop()
            count = len(frame.arguments)
            signatures = tuple(s for s in frame.signatures if s.arguments[count] == part.sort)
            frame = Frame(frame.operator, (*frame.arguments, part), signatures, frame.outside)
            if count + 1 < len(signatures[0].arguments):
                return PartialForm(self.space, actions, (*frames, frame), self._hole(frame))
            part = Call(frame.operator, frame.arguments)
        return PartialForm(self.space, actions, (), None, part)

    def _hole(self, frame: Frame) -> Hole:
        hole: dict[Sort, int] = {}
        for signature in frame.signatures:
            sort, *later = signature.arguments[len(frame.arguments) :]
            rest = self.space._cost(later, self.space.costs) + frame.outside[signature.result]
            hole[sort] = min(rest, hole.get(sort, _INFINITE))
        return hole

    def form(self) -> LogicalForm:
        """The complete form.

        Raises:
            FormError: it is not complete yet.
        """
        if self.finished is None:
            raise FormError(f"expected a complete form, found {len(self.actions)} actions of one")
        return self.finished
