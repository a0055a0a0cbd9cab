"""Several processes that train one model, each on its share of every batch.

    accelerate launch --num_processes 4 --module kgqa train --config mine.toml --out runs/mine

Each process computes the gradient of its share, the gradients are summed, and all take the same step: the
curve is that of one process. The first process writes the run and looks at the dev lessons.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, TypeVar

import torch
from torch import Tensor, nn

from grammar.errors import ConfigError

if TYPE_CHECKING:
    from accelerate import Accelerator

_Item = TypeVar("_Item")


class Processes:
    """All processes of a run, seen from one of them; there is only this one unless a launcher started more.

    Raises:
        ConfigError: a launcher started several, but there is no ``accelerate`` to join them.
    """

    def __init__(self) -> None:
        self._accelerator: Accelerator | None = None
        self.rank, self.count = 0, int(os.environ.get("WORLD_SIZE", "1"))
        if self.count == 1:
            return
        try:
            from accelerate import Accelerator
        except ModuleNotFoundError:
            raise ConfigError(
                f"expected the package 'accelerate' to train in {self.count} processes, found none: "
                "pip install 'kgqa[distributed]'"
            ) from None
        self._accelerator = Accelerator()
        self.rank = self._accelerator.process_index

    @property
    def device(self) -> torch.device | None:
        """The device that the launcher gave this process, if it started several."""
        return None if self._accelerator is None else self._accelerator.device

    @property
    def first(self) -> bool:
        """Whether this process speaks for all."""
        return self.rank == 0

    def join(self, model: nn.Module) -> nn.Module:
        """The model as it is to be called in training, so that gradients are those of all processes."""
        return model if self._accelerator is None else self._accelerator.prepare_model(model)

    def share(self, items: Sequence[_Item]) -> Sequence[_Item]:
        """This process's part of a batch."""
        return items[self.rank :: self.count]

    def wait(self) -> None:
        """Until all processes are here."""
        if self._accelerator is not None:
            self._accelerator.wait_for_everyone()

    def as_first(self, number: float) -> float:
        """The number that the first process has, such as its clock's, so that all decide the same by it."""
        if self._accelerator is None:
            return number
        told = torch.tensor([number], dtype=torch.float64, device=self._accelerator.device)
        torch.distributed.broadcast(told, src=0)
        return float(told)

    def sum(self, number: float) -> float:
        """The sum of the numbers of all processes."""
        if self._accelerator is None:
            return number
        told: Tensor = torch.tensor([number], dtype=torch.float64, device=self._accelerator.device)
        torch.distributed.all_reduce(told)
        return float(told)
