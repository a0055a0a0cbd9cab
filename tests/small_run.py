"""A small model that has learnt eight questions about the toy graph by heart."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import torch

from kgqa.checkpoint import make_model
from kgqa.config import SCRATCH, Config, ModelConfig, SourceConfig, TextConfig, TrainingConfig
from kgqa.graphs import EmbeddedGraph
from kgqa.model import StructuredTransformer
from kgqa.text import ScratchText
from kgqa.train import train

QUESTIONS = {
    "What is the capital of France?": "follow(Q142, P36)",
    "What is the capital of Germany?": "follow(Q183, P36)",
    "How many people live in France?": "value(Q142, P1082)",
    "How many people live in Germany?": "value(Q183, P1082)",
    "Which countries border France?": "keep(follow(Q142, P47), Q6256)",
    "Which countries border Germany?": "keep(follow(Q183, P47), Q6256)",
    "How many countries border France?": "cardinality(keep(follow(Q142, P47), Q6256))",
    "Is Paris the capital of France?": "is_in(Q90, follow(Q142, P36))",
}
SMALL = Config(
    text=TextConfig(encoder=SCRATCH),
    model=ModelConfig(dimension=48, heads=4, encoder_layers=2, decoder_layers=1, dropout=0.0),
    training=TrainingConfig(
        epochs=60, batch_size=8, learning_rate=3e-3, warmup_steps=5, dev_share=0.0, max_actions=16, seed=3
    ),
)


def silent(what: str, done: int, total: int | None) -> None:
    """Progress that nobody looks at."""


def write_lessons(path: Path) -> Path:
    """The questions with their forms, as dialogues of one turn."""
    with path.open("w", encoding="utf-8") as file:
        for number, (question, form) in enumerate(QUESTIONS.items()):
            entities = [name for name in ("Q142", "Q183", "Q90") if name in form]
            turn = {"question": question, "form": form, "entities": entities}
            file.write(json.dumps({"id": f"d{number}", "turns": [turn]}) + "\n")
    return path


def with_source(config: Config, path: Path, graph: EmbeddedGraph) -> Config:
    """The settings with lessons to learn from."""
    return replace(config, source=(SourceConfig("plain", str(path), str(graph.folder), entities="linked"),))


def untrained(text: ScratchText) -> StructuredTransformer:
    """The model before it has learnt anything."""
    torch.manual_seed(0)
    return make_model(SMALL, text).eval()


def learnt_by_heart(folder: Path, graph: EmbeddedGraph) -> Path:
    """Train the model into a folder within this one."""
    config = with_source(SMALL, write_lessons(folder / "lessons.jsonl"), graph)
    train(config, folder / "small", default_graph=graph.folder, device="cpu", progress=silent)
    return folder / "small"
