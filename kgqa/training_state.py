"""What a kill must not lose: weights, the optimiser's moments and where training stands, in a folder.

``state.json`` names the file with the tensors and is written last, so that it counts only when all is there.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from torch.optim import Optimizer

from grammar.errors import CheckpointError

_RECORD = "state.json"


def write_state(folder: Path, model: nn.Module, optimizer: Optimizer, record: Mapping[str, Any]) -> None:
    """Write everything that going on needs; ``record`` has a ``step`` that tells states apart."""
    folder.mkdir(parents=True, exist_ok=True)
    tensors = {f"model.{k}": v.detach().cpu().contiguous() for k, v in model.state_dict().items()}
    for number, moments in optimizer.state_dict()["state"].items():
        tensors |= {f"optimizer.{number}.{k}": v.detach().cpu().contiguous() for k, v in moments.items()}
    name = f"step-{record['step']}.safetensors"
    save_file(tensors, folder / f"{name}.new")  # the state that counts may have the same name
    os.replace(folder / f"{name}.new", folder / name)
    (folder / f"{_RECORD}.new").write_text(json.dumps({"file": name, **record}), encoding="utf-8")
    os.replace(folder / f"{_RECORD}.new", folder / _RECORD)
    for old in folder.glob("step-*.safetensors"):
        if old.name != name:
            old.unlink()


def read_record(folder: Path) -> dict[str, Any] | None:
    """The record of a state; None where there is none."""
    path = folder / _RECORD
    if not path.exists():
        return None
    record: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return record


def read_state(folder: Path, model: nn.Module, optimizer: Optimizer) -> None:
    """Put the weights and moments of a state, of which there must be one, where they were.

    Raises:
        CheckpointError: its tensors cannot be read.
    """
    record = read_record(folder)
    assert record is not None
    try:
        tensors = load_file(folder / record["file"])
    except (OSError, SafetensorError) as error:
        raise CheckpointError(f"cannot go on from {folder}: {error}; remove it to start anew") from None
    model.load_state_dict({k[6:]: v for k, v in tensors.items() if k.startswith("model.")})
    moments: dict[int, dict[str, Tensor]] = {}
    for key, tensor in tensors.items():
        if key.startswith("optimizer."):
            _, number, name = key.split(".")
            moments.setdefault(int(number), {})[name] = tensor
    stored = optimizer.state_dict()
    optimizer.load_state_dict({"state": moments, "param_groups": stored["param_groups"]})


def forget_state(folder: Path) -> None:
    """Remove a state that is no longer needed."""
    shutil.rmtree(folder, ignore_errors=True)
