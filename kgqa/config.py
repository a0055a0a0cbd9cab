"""Settings: frozen dataclasses read from TOML. An unknown key is an error that names the nearest known one.

[text]      which text encoder
[context]   how much of dialogue and graph the model sees
[model]     layers and widths
[training]  the loop
[[source]]  what to train on, one table a source
"""

from __future__ import annotations

import dataclasses
import difflib
import json
import tomllib
import types
import typing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from grammar.errors import ConfigError

SCRATCH = "scratch"
"""Name of the text encoder that is trained from nothing."""
MINILM = "sentence-transformers/all-MiniLM-L6-v2"
"""The text encoder that was measured best (``docs/parser.md``)."""


@dataclass(frozen=True)
class TextConfig:
    """``encoder`` is ``scratch``, or the name or folder of any Hugging Face encoder.

    A pretrained encoder is tuned for ``tuning_steps`` (0: it stays as it is) in its last ``tuned_layers``,
    and frozen then. ``vocabulary`` is the number of word pieces of the encoder trained from scratch.
    """

    encoder: str = MINILM
    vocabulary: int = 8_000
    tuning_steps: int = 1_000
    tuned_layers: int = 4
    tuning_rate: float = 5e-5


@dataclass(frozen=True)
class ContextConfig:
    """How many of each the model sees, best first; ``without`` are parts of ``kgqa.context.PARTS`` that it
    does not see, to learn what they are worth."""

    entities: int = 14
    relations: int = 24
    types: int = 10
    numbers: int = 5
    values: int = 6
    question_tokens: int = 48
    history_turns: int = 2
    form_actions: int = 40
    without: tuple[str, ...] = ()


@dataclass(frozen=True)
class ModelConfig:
    """The structured Transformer."""

    dimension: int = 192
    heads: int = 6
    encoder_layers: int = 3
    decoder_layers: int = 2
    dropout: float = 0.1


@dataclass(frozen=True)
class TrainingConfig:
    """The loop. ``save_minutes`` is how much work a kill can lose at the most.

    A step is on ``batch_size`` lessons, shared by all processes; each reads at most ``at_once`` of them
    together (0: all of its share) and adds up the gradients. ``precision`` of the matrix products is
    ``fp32``, or ``bf16`` (weights stay fp32) on GPUs and processors that multiply it; others would be many
    times slower with it than with fp32, which they go on in.
    ``forms`` is how many of the forms that a search found for a question are learnt from together, by the
    likelihood that any of them is written (1: from the best alone). At every step ``hidden_words`` is the
    share of word pieces that the model does not see, and ``hidden_offers`` that of forms without what the
    graph offers: the model is to lean on none of these alone. ``least_right`` is the share of the lessons
    showing a relation or type that is to need it at least, since others leave it out
    (``kgqa.distractors``). ``workers`` processes prepare lessons (0: as many as there are cores, at most 8).
    ``unseen_share`` of all relations and types are held out, with the lessons that need them, to measure what
    becomes of names never learnt. ``start`` is the folder of a run whose weights training goes on from, with
    its text encoder and its settings of model and context; with none it starts from nothing. ``start_share``
    is how much of those weights the run's own are mixed with when they are kept, so that what was learnt
    before is lost less. ``max_minutes`` of 0 is no limit.
    """

    epochs: int = 8
    batch_size: int = 16
    at_once: int = 0
    learning_rate: float = 7e-4
    warmup_steps: int = 300
    weight_decay: float = 0.01
    clip: float = 1.0
    seed: int = 1
    dev_share: float = 0.03
    save_minutes: float = 5.0
    max_minutes: float = 0.0
    max_actions: int = 48
    forms: int = 1
    hidden_words: float = 0.0
    hidden_offers: float = 0.0
    least_right: float = 0.0
    workers: int = 0
    unseen_share: float = 0.0
    start: str = ""
    start_share: float = 0.0
    precision: str = "bf16"


@dataclass(frozen=True)
class SourceConfig:
    """Dialogues with forms: from the file itself (``plain``) or from a silver file beside it.

    ``entities`` is how the entities of a question are found while training: ``gold``, ``linked``, or
    ``both`` (every example once, half of them each way). ``weight`` repeats (2.0) or thins out (0.5).
    ``held_out`` is a file of split keys, one a line, that must not be trained on. With ``paraphrases`` the
    other wordings that a dataset has of its questions are learnt too, with the forms of the first.
    ``dev_share`` of its dialogues are dev lessons, where that is more than ``[training] dev_share``.
    """

    dataset: str
    path: str
    graph: str = ""
    silver: str = ""
    entities: str = "both"
    weight: float = 1.0
    limit: int = 0
    held_out: str = ""
    paraphrases: bool = False
    dev_share: float = 0.0


@dataclass(frozen=True)
class Config:
    """Everything that makes a run; stored with its weights."""

    text: TextConfig = field(default_factory=TextConfig)
    context: ContextConfig = field(default_factory=ContextConfig)
    model: ModelConfig = field(default_factory=ModelConfig)
    training: TrainingConfig = field(default_factory=TrainingConfig)
    source: tuple[SourceConfig, ...] = ()


_T = TypeVar("_T")


def load_config(path: Path) -> Config:
    """Read settings from a TOML file.

    Raises:
        ConfigError: the file cannot be read, or has an unknown or badly typed key.
    """
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"cannot read the settings {str(path)!r}: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} is no TOML file: {error}") from None
    return read_config(raw, where=str(path))


def read_config(raw: dict[str, Any], *, where: str) -> Config:
    """Settings from parsed TOML; ``where`` is named in errors."""
    return _read(Config, raw, where)


def _read(kind: type[_T], raw: Any, where: str) -> _T:
    if not isinstance(raw, dict):
        raise ConfigError(f"{where}: expected a table, found {raw!r}")
    known = {f.name: f for f in dataclasses.fields(kind)}  # type: ignore[arg-type]
    hints = typing.get_type_hints(kind)
    values: dict[str, Any] = {}
    for key, value in raw.items():
        if key not in known:
            near = difflib.get_close_matches(key, known, n=1)
            hint = f"; did you mean {near[0]!r}?" if near else f"; known are {', '.join(known)}"
            raise ConfigError(f"{where}: unknown key {key!r}{hint}")
        values[key] = _value(hints[key], value, f"{where}: {key}")
    missing = [
        name
        for name, f in known.items()
        if name not in values
        and f.default is dataclasses.MISSING
        and f.default_factory is dataclasses.MISSING
    ]
    if missing:
        raise ConfigError(f"{where}: expected the key {missing[0]!r}")
    return kind(**values)


def _value(hint: Any, value: Any, where: str) -> Any:
    if hint == tuple[str, ...]:
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            raise ConfigError(f"{where}: expected a list of strings, found {value!r}")
        return tuple(value)
    if isinstance(hint, types.GenericAlias):
        if not isinstance(value, list):
            raise ConfigError(f"{where}: expected tables [[...]], found {value!r}")
        return tuple(_read(hint.__args__[0], item, f"{where}[{n}]") for n, item in enumerate(value))
    if dataclasses.is_dataclass(hint):
        return _read(typing.cast(type, hint), value, where)
    if hint is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if type(value) is not hint:
        raise ConfigError(f"{where}: expected {hint.__name__}, found {value!r}")
    return value


def write_toml(config: Config, **head: str) -> str:
    """Settings as TOML, after the given top-level strings; ``read_config`` reads the tables back."""
    lines = [f"{key} = {json.dumps(value, ensure_ascii=False)}" for key, value in head.items()]
    for section in dataclasses.fields(config):
        value = getattr(config, section.name)
        tables = [(f"[[{section.name}]]", t) for t in value] if isinstance(value, tuple) else []
        for title, table in tables or (
            [(f"[{section.name}]", value)] if not isinstance(value, tuple) else []
        ):
            lines += ["", title]
            for f in dataclasses.fields(table):
                lines.append(f"{f.name} = {json.dumps(getattr(table, f.name), ensure_ascii=False)}")
    return "\n".join(lines) + "\n"
