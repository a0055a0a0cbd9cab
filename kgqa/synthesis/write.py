"""Invented dialogues into a file."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from grammar.errors import ConfigError
from kgqa.datasets.plain import record_of
from kgqa.graphs.protocol import KnowledgeGraph
from kgqa.synthesis.dialogue import invent
from kgqa.synthesis.noise import Noise


@dataclass(frozen=True)
class Summary:
    """What was written: how much, how fast, and how many turns of every kind."""

    dialogues: int
    turns: int
    seconds: float
    kinds: Mapping[str, int]
    relations: int


def synthesize(
    graph: KnowledgeGraph,
    *,
    count: int,
    seed: int,
    out: Path,
    noise: Noise | None = None,
    on_progress: Callable[[int], None] | None = None,
) -> Summary:
    """Invent dialogues over a graph and write them as JSON lines (``kgqa.datasets.plain``).

    Args:
        count: how many dialogues; of each about four turns.
        seed: the same seed gives the same file on the same graph.
        on_progress: called with the number of dialogues written so far.

    Raises:
        ConfigError: ``count`` is less than 1.
        GraphError: the graph has no labelled entities with types and facts.
    """
    if count < 1:
        raise ConfigError(f"expected at least one dialogue to write, found {count}")
    kinds: Counter[str] = Counter()
    relations: set[str] = set()
    began = time.monotonic()
    dialogues = invent(graph, seed=seed, noise=noise)
    with Path(out).open("w", encoding="utf-8") as file:
        for number in range(1, count + 1):
            dialogue = next(dialogues)
            file.write(json.dumps(record_of(dialogue), ensure_ascii=False) + "\n")
            for example in dialogue.examples:
                kinds[example.gold.question_type] += 1
                relations.update(example.gold.relations)
            if on_progress is not None:
                on_progress(number)
    return Summary(
        dialogues=count,
        turns=kinds.total(),
        seconds=time.monotonic() - began,
        kinds=dict(kinds.most_common()),
        relations=len(relations),
    )
