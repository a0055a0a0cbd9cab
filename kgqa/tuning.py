"""Tuning a pretrained encoder: a question is drawn towards the relations and types that its form needs.

Encoders of sentences bring together what means the same; a question and a relation of its answer ("Who wrote
it?", "author; writer") do not. Contrastive learning (InfoNCE, van den Oord et al. 2018) over the lessons
mends that, before the parser is trained on what the encoder then says: right are the texts of the form's
relations and types, wrong those of the other questions of the batch and other relations around the question's
entities. The aliases of relations are learnt along with the questions, so that relations without a lesson
keep their words.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from torch import Tensor
from torch.nn import functional

from grammar.errors import ConfigError
from grammar.forms import EntityLeaf, RelationLeaf, TypeLeaf, leaves
from kgqa.config import TextConfig
from kgqa.graph_text import GraphText
from kgqa.text import MAX_LABEL_PIECES, PretrainedText
from kgqa.training_state import read_record, read_state, write_state
from kgqa.unseen import is_unseen

if TYPE_CHECKING:
    from kgqa.lessons import Lesson

BATCH = 32
OF_ALIASES = 4
"""So many of a batch are aliases of relations."""
WRONG = 2
"""Relations around its entity that a question is told from, besides those of the batch."""
TEMPERATURE = 0.05
_QUESTION_PIECES = 40
_MOST_WRONG = 24  # relations around an entity that are kept to draw from
_WARMUP = 0.1  # of the steps


@dataclass(frozen=True)
class Pair:
    """A question with the texts that it needs, and with some that it is easily mistaken to need."""

    question: str
    right: tuple[str, ...]
    wrong: tuple[str, ...] = ()


def pairs_of(lessons: Iterable[Lesson], text: GraphText, unseen_share: float = 0.0) -> list[Pair]:
    """The lessons, in the order of their dialogues, that say what they are about.

    Left out are questions that only go on from the one before with its relations: "And what about Germany?"
    """
    pairs: list[Pair] = []
    before: frozenset[str] = frozenset()
    for lesson in lessons:
        used = list(dict.fromkeys(leaves(lesson.forms[0])))
        relations = frozenset(leaf.name for leaf in used if isinstance(leaf, RelationLeaf))
        goes_on = bool(lesson.conversation.turns and relations) and relations <= before
        before = relations
        types = [leaf.name for leaf in used if isinstance(leaf, TypeLeaf)]
        if goes_on or not (relations or types):
            continue
        names = [name for leaf in used if isinstance(leaf, EntityLeaf) for name in leaf.names[:1]]
        numbers = text.graph.entities(names[:1])
        around = text.graph.neighbourhood(numbers) if len(numbers) and numbers[0] >= 0 else ()
        wrong = dict.fromkeys(
            use.relation
            for use in around
            if use.relation not in relations and not is_unseen(use.relation, unseen_share)
        )
        right = (*map(text.relation, sorted(relations)), *map(text.type, types))
        pairs.append(Pair(lesson.question, right, tuple(map(text.relation, list(wrong)[:_MOST_WRONG]))))
    return pairs


def aliases_of(text: GraphText, unseen_share: float = 0.0) -> list[Pair]:
    """Every name of every relation of a graph, but for those held out, with the relation's text."""
    graph = text.graph
    return [
        Pair(name, (text.relation(relation),))
        for relation in text.relation_rows
        if not is_unseen(relation, unseen_share)
        for name in (graph.label(relation), *graph.aliases(relation))
        if name
    ]


def tune(
    text: PretrainedText,
    pairs: Sequence[Pair],
    aliases: Sequence[Pair],
    *,
    config: TextConfig,
    seed: int,
    state: Path,
    save_minutes: float,
    half: bool = True,
    progress: Callable[[str, int, int | None], None],
) -> None:
    """Tune an encoder in place; its embeddings and lower layers stay as they are.

    ``state`` is a folder for what a kill must not lose; with what it holds, tuning goes on. It is to be
    forgotten when the encoder has been saved.

    Raises:
        ConfigError: the encoder has no layers to be tuned.
    """
    model = text.model.requires_grad_(True)
    _freeze(model, config.tuned_layers)
    tuned = [parameter for parameter in model.parameters() if parameter.requires_grad]
    if not tuned:
        raise ConfigError(
            f"expected layers to tune in the text encoder {text.name!r}, found none to take the last "
            f"{config.tuned_layers} of; set [text] tuning_steps = 0"
        )
    optimizer = torch.optim.AdamW(tuned, lr=config.tuning_rate, weight_decay=0.01)
    first = 0
    if (record := read_record(state)) is not None:
        read_state(state, model, optimizer)
        first = record["step"]
    losses: list[float] = []
    saved = time.monotonic()
    try:
        for step in range(first, config.tuning_steps):
            torch.manual_seed(seed * 1_000_003 + step)
            model.train()
            rate = min(1.0, (step + 1) / (_WARMUP * config.tuning_steps)) * max(
                0.02, 1 - step / config.tuning_steps
            )
            for group in optimizer.param_groups:
                group["lr"] = config.tuning_rate * rate
            loss = _loss(text, half, *_batch(pairs, aliases, random.Random(f"{seed}/{step}")))
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            torch.nn.utils.clip_grad_norm_(tuned, 1.0)
            optimizer.step()
            first = step + 1
            losses.append(float(loss.detach()))
            if first % 20 == 0:
                progress(f"tuning, loss {sum(losses) / len(losses):.3f}", first, config.tuning_steps)
                losses.clear()
            if time.monotonic() - saved > 60 * save_minutes:
                write_state(state, model, optimizer, {"step": first})
                saved = time.monotonic()
    except KeyboardInterrupt:
        write_state(state, model, optimizer, {"step": first})
        raise
    finally:
        text.tuned()


def _freeze(model: torch.nn.Module, layers: int) -> None:
    """All but the last layers: whatever stands before the layers is kept too."""
    stacks = [module for module in model.modules() if isinstance(module, torch.nn.ModuleList)]
    stack = max(stacks, key=len, default=None)
    last = list(stack)[-layers:] if stack is not None and layers > 0 else []
    kept = {id(p) for layer in last for p in layer.parameters()}
    for parameter in model.parameters():
        parameter.requires_grad_(id(parameter) in kept)


def _batch(
    pairs: Sequence[Pair], aliases: Sequence[Pair], rng: random.Random
) -> tuple[list[str], list[str], Tensor]:
    """Questions, texts, and which texts are right for which questions, [questions, texts]."""
    chosen = [rng.choice(pairs) for _ in range(BATCH - OF_ALIASES)]
    chosen += [rng.choice(aliases or pairs) for _ in range(OF_ALIASES)]
    row: dict[str, int] = {}
    right = [[row.setdefault(text, len(row)) for text in pair.right] for pair in chosen]
    for pair in chosen:
        for text in rng.sample(pair.wrong, min(WRONG, len(pair.wrong))):
            row.setdefault(text, len(row))
    needed = torch.zeros(len(chosen), len(row), dtype=torch.bool)
    for question, rows in enumerate(right):
        needed[question, rows] = True
    return [pair.question for pair in chosen], list(row), needed


def _loss(text: PretrainedText, half: bool, questions: list[str], texts: list[str], needed: Tensor) -> Tensor:
    """Every right text against all wrong ones, the mean over right texts."""
    with torch.autocast(text.device.type, dtype=torch.bfloat16, enabled=half):
        asked = text.embed(questions, _QUESTION_PIECES)  # [questions, width]
        named = text.embed(texts, MAX_LABEL_PIECES)  # [texts, width]
    scores = asked.float() @ named.float().T / TEMPERATURE
    needed = needed.to(scores.device)
    wrong = scores.masked_fill(needed, -1e4).logsumexp(1, keepdim=True)
    return (functional.softplus(wrong - scores) * needed).sum() / needed.sum()
