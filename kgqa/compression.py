"""A pretrained encoder in a quarter of its size: every matrix in 8 bits, one scale a row.

Weights are stored small and computed with at full width: rounding costs little (figures in the log), and
plain float32 runs at the same speed everywhere.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

WEIGHTS = "encoder.int8.safetensors"


def quantise(weight: Tensor) -> tuple[Tensor, Tensor]:
    """A matrix [rows, columns] as int8 and the scale of each row, [rows, 1]."""
    scale = weight.abs().amax(1, keepdim=True).clamp(min=1e-8) / 127
    return (weight / scale).round().to(torch.int8), scale.half()


def save_encoder(model: Any, folder: Path) -> None:
    """Write an encoder's configuration and compressed weights."""
    folder.mkdir(parents=True, exist_ok=True)
    tensors: dict[str, Tensor] = {}
    for name, weight in model.state_dict().items():
        if weight.ndim == 2 and weight.is_floating_point():
            tensors[name], tensors[f"{name}.scale"] = quantise(weight.float().cpu())
        else:
            tensors[name] = weight.cpu().half() if weight.is_floating_point() else weight.cpu()
    save_file({name: tensor.contiguous() for name, tensor in tensors.items()}, folder / WEIGHTS)
    settings = model.config.to_dict()
    settings.pop("_name_or_path", None)  # a folder of the machine that trained
    (folder / "config.json").write_text(json.dumps(settings, indent=1) + "\n", encoding="utf-8")


def load_encoder(folder: Path) -> Any | None:
    """Open what ``save_encoder`` wrote; None where the folder holds an ordinary, uncompressed encoder."""
    if not (folder / WEIGHTS).exists():
        return None
    from transformers import AutoConfig, AutoModel

    model = AutoModel.from_config(AutoConfig.from_pretrained(folder))
    stored = load_file(folder / WEIGHTS)
    weights = {
        name: tensor.float() * stored[f"{name}.scale"].float() if f"{name}.scale" in stored else tensor
        for name, tensor in stored.items()
        if not name.endswith(".scale")
    }
    model.load_state_dict({k: v.float() if v.is_floating_point() else v for k, v in weights.items()})
    return model
