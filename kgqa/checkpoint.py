"""A run folder: weights with the settings that made them.

    config.toml            settings, grammar and kgqa version
    weights.safetensors    the structured Transformer
    text/                  the text encoder: word pieces, and 8-bit weights where it is a pretrained one
    associations.json      which relations and types words have stood for
    choice.json            what decides among the forms of a beam
    log.jsonl              what training printed
    training/              what is needed to go on (absent once a run is packed for use)

Nothing is ever unpickled.
"""

from __future__ import annotations

import hashlib
import os
import tomllib
from dataclasses import dataclass, field, replace
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from grammar.errors import CheckpointError, ConfigError
from grammar.operators import GRAMMAR_NAME
from grammar.partial import OPERATOR_NAMES
from kgqa import __version__
from kgqa.associations import Associations
from kgqa.choice import Choices
from kgqa.config import SCRATCH, Config, TextConfig, read_config, write_toml
from kgqa.model import StructuredTransformer
from kgqa.text import PretrainedText, ScratchText, TextEncoder, TextInput

CONFIG, WEIGHTS, TEXT = "config.toml", "weights.safetensors", "text"
ASSOCIATIONS, CHOICE = "associations.json", "choice.json"


@dataclass(frozen=True)
class Checkpoint:
    """An opened run."""

    config: Config
    model: StructuredTransformer
    text: TextEncoder
    associations: Associations
    checksum: str
    choices: Choices = field(default_factory=Choices)


def choose_device(name: str) -> torch.device:
    """``auto`` is cuda, else mps, else cpu.

    Raises:
        ConfigError: there is no such device here.
    """
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "mps" if torch.backends.mps.is_available() else "cpu"
    try:
        torch.empty(1, device=name)
    except (RuntimeError, AssertionError) as error:
        reason = str(error).splitlines()[0]
        raise ConfigError(f"device {name!r} cannot be used here ({reason}); try --device auto") from None
    return torch.device(name)


def make_model(config: Config, text: TextEncoder) -> StructuredTransformer:
    """A model with fresh weights for a text encoder."""
    vocabulary = text.vocabulary if isinstance(text, ScratchText) else 0
    source = TextInput(dimension=config.model.dimension, width=text.width, vocabulary=vocabulary)
    return StructuredTransformer(
        config.model, config.context, text=source, max_actions=config.training.max_actions
    )


def save_checkpoint(folder: Path, checkpoint: Checkpoint) -> None:
    """Write a run folder (weights in half precision); an interrupted save leaves the old one."""
    folder.mkdir(parents=True, exist_ok=True)
    if not (folder / TEXT).exists():
        checkpoint.text.save(folder / TEXT)
    checkpoint.associations.save(folder / ASSOCIATIONS)
    checkpoint.choices.save(folder / CHOICE)
    state = checkpoint.model.state_dict()
    weights = {name: tensor.detach().cpu().half().contiguous() for name, tensor in state.items()}
    save_file(weights, folder / f"{WEIGHTS}.new")
    head = {"grammar": GRAMMAR_NAME, "operators": " ".join(OPERATOR_NAMES), "kgqa": __version__}
    (folder / f"{CONFIG}.new").write_text(write_toml(checkpoint.config, **head), encoding="utf-8")
    os.replace(folder / f"{WEIGHTS}.new", folder / WEIGHTS)
    os.replace(folder / f"{CONFIG}.new", folder / CONFIG)


def load_checkpoint(folder: Path, *, device: str = "auto") -> Checkpoint:
    """Open a run folder.

    Raises:
        CheckpointError: something is missing, or the weights belong to another grammar.
    """
    chosen = choose_device(device)
    for name in (CONFIG, WEIGHTS):
        if not (folder / name).is_file():
            raise CheckpointError(
                f"{str(folder)!r} is no run: expected {name} in it; make one with 'kgqa train --out {folder}'"
            )
    config = _read_config(folder / CONFIG)
    text = open_text(folder, config.text, chosen)
    model = make_model(config, text)
    try:
        weights = load_file(folder / WEIGHTS)
        model.load_state_dict({name: tensor.float() for name, tensor in weights.items()})
    except (SafetensorError, OSError, RuntimeError) as error:
        reason = str(error).splitlines()[0]
        raise CheckpointError(
            f"{folder / WEIGHTS} does not hold the weights that {CONFIG} describes ({reason}); copy it anew"
        ) from None
    digest = hashlib.sha256()
    texts = sorted((folder / TEXT).iterdir())
    for path in (folder / WEIGHTS, folder / ASSOCIATIONS, folder / CHOICE, *texts):
        if path.is_file():  # all that answers depend on
            digest.update(path.read_bytes())
    associations = Associations.load(folder / ASSOCIATIONS)
    choices = Choices.load(folder / CHOICE)
    return Checkpoint(config, model.eval().to(chosen), text, associations, digest.hexdigest()[:16], choices)


def _read_config(path: Path) -> Config:
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise CheckpointError(f"{path} is damaged: {error}") from None
    grammar, operators = raw.pop("grammar", ""), raw.pop("operators", "")
    version = raw.pop("kgqa", "unknown")
    if grammar != GRAMMAR_NAME or operators != " ".join(OPERATOR_NAMES):
        raise CheckpointError(
            f"{path.parent} was trained by kgqa {version} for the grammar {grammar or 'unknown'!r}; "
            f"this kgqa {__version__} has {GRAMMAR_NAME!r}: use that version, or train anew"
        )
    try:
        return read_config(raw, where=str(path))
    except ConfigError as error:
        raise CheckpointError(str(error)) from None


def open_text(folder: Path, config: TextConfig, device: torch.device) -> TextEncoder:
    """The text encoder of a run.

    Raises:
        CheckpointError: the run has none.
    """
    if config.encoder == SCRATCH:
        return ScratchText.load(folder / TEXT)
    if not (folder / TEXT).is_dir():
        raise CheckpointError(f"expected the text encoder at {folder / TEXT}; the run is incomplete")
    return PretrainedText(str(folder / TEXT), device=device)


def without_training_paths(config: Config) -> Config:
    """The settings without the paths of the machine that trained, for a run that travels."""
    sources = tuple(
        replace(s, path=Path(s.path).name, graph=Path(s.graph).name, silver=Path(s.silver).name, held_out="")
        for s in config.source
    )
    name = config.text.encoder
    text = replace(config.text, encoder=name if name == SCRATCH else Path(name).name)
    training = replace(config.training, start=Path(config.training.start).name)
    return replace(config, source=sources, text=text, training=training)
