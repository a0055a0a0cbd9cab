"""A model for a graph of one's own: invented dialogues over it, and training that goes on from another model.

What the other model knows of English and of forms stays; the graph's relations, types and names are new. So
minutes are enough where training from nothing takes hours.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from kgqa.config import Config, SourceConfig, TrainingConfig
from kgqa.graphs.protocol import KnowledgeGraph
from kgqa.synthesis import synthesize

DIALOGUES = 1_500
"""How many dialogues are invented; of each about three questions. More help little (the log has figures)."""
_TRAINING = TrainingConfig(epochs=3, learning_rate=3e-4, warmup_steps=50, dev_share=0.04, max_minutes=30.0)


def own_settings(dialogues: Path, *, start: Path) -> Config:
    """Settings to train on invented dialogues, from the weights of the run ``start``."""
    source = SourceConfig(dataset="plain", path=str(dialogues))
    return Config(training=replace(_TRAINING, start=str(start)), source=(source,))


def invented(
    graph: KnowledgeGraph, folder: Path, *, count: int, seed: int, on_progress: Callable[[int], None]
) -> Path:
    """Dialogues over the graph, invented once for a run.

    Raises:
        GraphError: the graph has no labelled entities with types and facts.
    """
    path = folder / f"invented-{graph.checksum[:8]}-{count}-{seed}.jsonl"
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        unfinished = path.with_suffix(".new")
        synthesize(graph, count=count, seed=seed, out=unfinished, on_progress=on_progress)
        os.replace(unfinished, path)
    return path
