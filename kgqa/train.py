"""The training loop: from a settings file to a run folder.

Small batches of similar length; AdamW with warm-up and cosine decay; the checkpoint kept is the one with the
best exact match on held-out dialogues. What a kill loses is at most ``save_minutes``, or the lessons that
were being prepared; the same command goes on from there, with the same order and the same noise as an
undisturbed run.
"""

from __future__ import annotations

import copy
import json
import math
import os
import random
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import torch

from grammar.errors import ConfigError
from kgqa.associations import Associations
from kgqa.batch import make_batch
from kgqa.checkpoint import (
    CHOICE,
    CONFIG,
    TEXT,
    WEIGHTS,
    Checkpoint,
    choose_device,
    load_checkpoint,
    make_model,
    open_text,
    save_checkpoint,
    without_training_paths,
)
from kgqa.config import SCRATCH, Config, TrainingConfig, write_toml
from kgqa.development import choices_of, exact_match
from kgqa.distractors import Distractors
from kgqa.graph_text import GraphText
from kgqa.graphs.opening import open_graph
from kgqa.kept_lessons import KeptLessons
from kgqa.lessons import Sources, read_sources
from kgqa.model import StructuredTransformer
from kgqa.prepare import Learnable, Prepared, Progress, prepare_sources, targets, training_lessons
from kgqa.processes import Processes
from kgqa.text import PretrainedText, ScratchText, TextEncoder, multiplies_bf16
from kgqa.training_state import forget_state, read_record, read_state, write_state
from kgqa.tuning import Pair, aliases_of, pairs_of, tune

STATE, TUNING, SETTINGS = "training", "tuning", "settings.toml"
LESSONS = "lessons"
LOG = "log.jsonl"
_DEV_LIMIT = 400
_BUCKET = 40  # batches that are sorted by length together


@dataclass
class State:
    """Where training stands."""

    step: int = 0
    epoch: int = 0
    batch: int = 0
    best: float = -1.0
    seconds: float = 0.0


@dataclass(frozen=True)
class TrainingResult:
    """What came out: ``best`` is exact match on the dev lessons, with the best weights in ``out``."""

    out: Path
    best: float
    steps: int
    lessons: int
    seconds: float


def train(
    config: Config, out: Path, *, default_graph: str | Path, device: str = "auto", progress: Progress
) -> TrainingResult | None:
    """Train, or go on training, a run; of several processes the first one tells of it, the others give None.

    Raises:
        ConfigError: the settings name no source, or ``out`` holds a run with other settings.
    """
    if not config.source:
        raise ConfigError("the settings name nothing to train on: expected at least one [[source]] table")
    processes = Processes()
    if not processes.first:
        progress = _silently
    chosen = processes.device or choose_device(device)
    torch.manual_seed(config.training.seed)
    start = load_checkpoint(Path(config.training.start), device=device) if config.training.start else None
    if start is not None:
        config = _going_on(config, start.config)
    _check_settings(config, out, processes)
    sources = read_sources(config)
    if start is None:
        text, lies_in = _text(config, sources, out, chosen, processes, default_graph, progress), out
    else:
        text, lies_in = start.text, Path(config.training.start)
    curriculum = prepare_sources(
        config,
        sources,
        text,
        folder=lies_in,
        default_graph=str(default_graph),
        processes=processes,
        kept=KeptLessons(out / STATE / LESSONS),
        progress=progress,
    )
    if not curriculum.train:
        raise ConfigError(
            "no lesson is left to train on: no form can be made of what is linked in its question"
        )
    model = (start.model if start is not None else make_model(config, text)).to(chosen)
    model.hide(words=config.training.hidden_words, offers=config.training.hidden_offers)
    distractors = Distractors(curriculum.train, config.training.least_right)
    loop = _Loop(config, out, model, text, curriculum.associations, distractors, chosen, processes)
    loop.resume()
    coverage = {name: asdict(coverage) for name, coverage in curriculum.coverage.items()}
    loop.log(lessons=len(curriculum.train), dev=len(curriculum.dev), sources=coverage)
    try:
        loop.run(curriculum.train, curriculum.dev, progress)
    except KeyboardInterrupt:
        loop.save_state()
        raise
    if not processes.first:
        return None
    checkpoint = load_checkpoint(out, device=device)
    if start is not None:
        checkpoint = replace(checkpoint, choices=start.choices)
    choices_of(checkpoint, curriculum.dev, progress).save(out / CHOICE)
    forget_state(out / STATE / LESSONS)
    return TrainingResult(out, loop.state.best, loop.state.step, len(curriculum.train), loop.state.seconds)


def _silently(what: str, done: int, total: int | None) -> None:
    """The first process tells how far all are."""


def _check_settings(config: Config, out: Path, processes: Processes) -> None:
    """See that ``out`` holds nothing, or what a run with these settings has left there."""
    path, settings = out / STATE / SETTINGS, write_toml(config)
    if path.exists():
        if path.read_text(encoding="utf-8") != settings:
            raise ConfigError(f"{out} holds a run with other settings; give another --out, or remove it")
    elif (out / WEIGHTS).exists():
        raise ConfigError(f"{out} holds a finished run; give another --out, or remove it")
    elif processes.first:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(settings, encoding="utf-8")
    processes.wait()


def _going_on(config: Config, start: Config) -> Config:
    """The settings with those of the run that training starts from, where its weights depend on them.

    Raises:
        ConfigError: names are to be held out that the run has learnt.
    """
    if start.training.unseen_share < config.training.unseen_share:
        raise ConfigError(
            f"[training] unseen_share: expected at most {start.training.unseen_share:g}, which the run that "
            f"training starts from held out, found {config.training.unseen_share:g}; train from nothing"
        )
    training = replace(config.training, max_actions=start.training.max_actions)
    return replace(config, text=start.text, context=start.context, model=start.model, training=training)


def _text(
    config: Config,
    sources: Sources,
    out: Path,
    device: torch.device,
    processes: Processes,
    default_graph: str | Path,
    progress: Progress,
) -> TextEncoder:
    """The text encoder as it lies in the run, where the first process has put it: what the model learns from
    is what it will read, rounded to 8 bits."""
    if processes.first and not (out / TEXT).exists():
        text: TextEncoder
        if config.text.encoder == SCRATCH:
            questions = (x.question for _, lessons in sources.values() for _, x in lessons)
            text = ScratchText.train(questions, vocabulary=config.text.vocabulary)
        else:
            text = PretrainedText(config.text.encoder, device=device)
            if config.text.tuning_steps:
                _tune(text, config, sources, out, default_graph, progress)
        text.save(out / f"{TEXT}.new")
        os.replace(out / f"{TEXT}.new", out / TEXT)
        forget_state(out / TUNING)
    processes.wait()
    return open_text(out, config.text, device)


def _tune(
    text: PretrainedText,
    config: Config,
    sources: Sources,
    out: Path,
    default_graph: str | Path,
    progress: Progress,
) -> None:
    pairs: list[Pair] = []
    unseen = config.training.unseen_share
    graphs: dict[str, GraphText] = {}
    for source, lessons in training_lessons(sources, config):
        uri = source.graph or str(default_graph)
        if uri not in graphs:
            graphs[uri] = GraphText(open_graph(uri), text)
        pairs += pairs_of((lesson for _, lesson in lessons), graphs[uri], unseen)
    if not pairs:
        return
    tune(
        text,
        pairs,
        [pair for graph in graphs.values() for pair in aliases_of(graph, unseen)],
        config=config.text,
        seed=config.training.seed,
        state=out / TUNING,
        save_minutes=config.training.save_minutes,
        half=_in_half(config.training, text.device),
        progress=progress,
    )


def _in_half(settings: TrainingConfig, device: torch.device) -> bool:
    """Whether matrices are multiplied in bf16: where it is asked for, and not many times slower than fp32."""
    return settings.precision == "bf16" and multiplies_bf16(device)


def batches_of(lessons: Sequence[Learnable], size: int, *, seed: int) -> Iterator[list[Learnable]]:
    """All lessons once, in batches of similar length, in an order that depends on the seed alone."""
    order = list(lessons)
    generator = random.Random(seed)
    generator.shuffle(order)
    buckets = [order[k : k + size * _BUCKET] for k in range(0, len(order), size * _BUCKET)]
    batches: list[list[Learnable]] = []
    for bucket in buckets:
        bucket.sort(key=lambda lesson: lesson.length)
        batches += [bucket[k : k + size] for k in range(0, len(bucket), size)]
    generator.shuffle(batches)
    yield from batches


class _Loop:
    """Steps, saves, looks at the dev lessons."""

    def __init__(
        self,
        config: Config,
        out: Path,
        model: StructuredTransformer,
        text: TextEncoder,
        associations: Associations,
        distractors: Distractors,
        device: torch.device,
        processes: Processes,
    ) -> None:
        self.config, self.out, self.model, self.text, self.device = config, out, model, text, device
        self.processes, self.network = processes, processes.join(model)
        self.associations, self.distractors = associations, distractors
        self.settings: TrainingConfig = config.training
        self.state = State()
        mixes = self.settings.start and self.settings.start_share
        self.start = {name: weight.clone() for name, weight in model.state_dict().items()} if mixes else {}
        decayed = [p for p in model.parameters() if p.ndim > 1]
        plain = [p for p in model.parameters() if p.ndim <= 1]
        self.optimizer = torch.optim.AdamW(
            [
                {"params": decayed, "weight_decay": self.settings.weight_decay},
                {"params": plain, "weight_decay": 0.0},
            ],
            lr=self.settings.learning_rate,
            betas=(0.9, 0.98),
            fused=device.type in ("cpu", "cuda"),
        )

    def log(self, **record: Any) -> None:
        """Append a line to the run's log."""
        if not self.processes.first:
            return
        self.out.mkdir(parents=True, exist_ok=True)
        with (self.out / LOG).open("a", encoding="utf-8") as file:
            file.write(json.dumps({"seconds": round(self.state.seconds, 1), **record}) + "\n")

    # --- what a kill must not lose ---

    def save_state(self) -> None:
        """Write everything that going on needs; the last file written makes it count."""
        if not self.processes.first:
            return
        record = {"step": self.state.step, "state": asdict(self.state)}
        write_state(self.out / STATE, self.model, self.optimizer, record)

    def resume(self) -> None:
        """Go on where ``out`` stands, if it holds a run."""
        record = read_record(self.out / STATE)
        if record is not None:
            read_state(self.out / STATE, self.model, self.optimizer)
            self.state = State(**record["state"])

    # --- the loop ---

    def rate(self, total: int) -> float:
        """The learning rate now: linear warm-up, cosine decay to a twentieth at the end of steps or time."""
        warm = min(1.0, (self.state.step + 1) / max(1, self.settings.warmup_steps))
        share = min(1.0, max(self.state.step / max(1, total), self.time_share))
        return self.settings.learning_rate * warm * (0.05 + 0.95 * 0.5 * (1 + math.cos(math.pi * share)))

    @property
    def time_share(self) -> float:
        """How much of the time allowed is used up; 0 where there is no limit."""
        return self.state.seconds / (60 * self.settings.max_minutes) if self.settings.max_minutes else 0.0

    def run(self, lessons: Sequence[Learnable], dev: Sequence[Prepared], progress: Progress) -> None:
        """Train to the end; keeps the best checkpoint in ``out``."""
        steps_an_epoch = math.ceil(len(lessons) / self.settings.batch_size)
        total = steps_an_epoch * self.settings.epochs
        started = time.monotonic() - self.state.seconds
        saved = time.monotonic()
        losses: list[float] = []
        while self.state.epoch < self.settings.epochs and self.time_share < 1:
            seed = self.settings.seed * 1_000 + self.state.epoch
            for number, batch in enumerate(batches_of(lessons, self.settings.batch_size, seed=seed)):
                if number < self.state.batch:
                    continue  # already done before an interruption
                losses.append(self._step(batch, self.rate(total)))
                self.state.step += 1
                self.state.batch = number + 1
                self.state.seconds = self.processes.as_first(time.monotonic() - started)
                if self.state.step % 50 == 0:
                    mean = sum(losses) / len(losses)
                    progress(
                        f"training, epoch {self.state.epoch + 1}, loss {mean:.3f}", self.state.step, total
                    )
                    self.log(step=self.state.step, epoch=self.state.epoch + 1, loss=round(mean, 4))
                    losses.clear()
                if time.monotonic() - saved > 60 * self.settings.save_minutes:
                    self.save_state()
                    saved = time.monotonic()
                if self.time_share >= 1:
                    break
            self.state.epoch += 1
            self.state.batch = 0
            self._keep_best(dev)
            self.save_state()
            if self.time_share >= 1:
                self.log(stopped=f"after {self.settings.max_minutes:g} minutes")

    def _step(self, batch: Sequence[Learnable], rate: float) -> float:
        torch.manual_seed(self.settings.seed * 1_000_003 + self.state.step)  # the same noise after a resume
        self.model.train()
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        self.optimizer.zero_grad(set_to_none=True)
        actions = sum(len(lesson.targets[0].actions) for lesson in batch)
        own = self.processes.share(batch)
        longest = math.ceil(len(batch) / self.processes.count)
        at_once = self.settings.at_once or longest
        loss = 0.0
        for start in range(0, longest, at_once):
            # Every process takes as many turns as every other, or they would wait for each other for ever.
            part = own[start : start + at_once]
            loss += self._gradient(part or batch[:1], share=bool(part) / actions)
        norm = torch.nn.utils.clip_grad_norm_(self.model.parameters(), self.settings.clip)
        if not torch.isfinite(norm):  # one such step would make every weight not-a-number for good
            self.log(step=self.state.step, left_out=[lesson.id for lesson in batch])
            return 0.0
        self.optimizer.step()
        return self.processes.sum(loss)

    def _gradient(self, part: Sequence[Learnable], *, share: float) -> float:
        """Add the gradient of a part of a batch, of whose actions one is this share; gives its loss."""
        arrays = make_batch([lesson.encoded for lesson in part], self.text)
        if self.distractors:
            arrays = arrays.showing(self.distractors.shown(part, arrays.label.shape[1]))
        arrays = arrays.to(self.device)
        width = self.model.operator_score.out_features + arrays.label.shape[1]
        wanted = [tensor.to(self.device) for tensor in targets(part, width)]
        half = _in_half(self.settings, self.device)
        with torch.autocast(self.device.type, dtype=torch.bfloat16, enabled=half):
            loss = self.network(arrays, *wanted) * share
        # Gradients of processes are averaged, and are meant to be summed.
        (loss * self.processes.count).backward()
        return float(loss.detach())

    def _keep_best(self, dev: Sequence[Prepared]) -> None:
        if not self.processes.first:
            return
        model = self._mixed()
        match = exact_match(model, dev[:_DEV_LIMIT], self.text, self.config) if dev else 0.0
        self.log(step=self.state.step, epoch=self.state.epoch, dev_exact_match=round(match, 4))
        if match >= self.state.best or not (self.out / CONFIG).exists():
            self.state.best = match
            checkpoint = Checkpoint(
                without_training_paths(self.config), model, self.text, self.associations, checksum=""
            )
            save_checkpoint(self.out, checkpoint)

    def _mixed(self) -> StructuredTransformer:
        """The model with its share of the weights that it started from (Wortsman et al. 2022)."""
        if not self.start:
            return self.model
        mixed = copy.deepcopy(self.model)
        for name, weight in mixed.state_dict().items():
            weight.lerp_(self.start[name], self.settings.start_share)
        return mixed
