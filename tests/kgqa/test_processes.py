"""Two processes, or a batch in parts, teach what one process does with whole batches."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from grammar.errors import ConfigError
from kgqa.config import SCRATCH, Config, ModelConfig, SourceConfig, TextConfig, TrainingConfig, write_toml
from kgqa.processes import Processes
from kgqa.train import train
from tests.toy import toy_graph

LESSONS = {
    "What is the capital of France?": "follow(Q142, P36)",
    "How many people live in Germany?": "value(Q183, P1082)",
    "Which countries border France?": "keep(follow(Q142, P47), Q6256)",
    "Is Paris the capital of France?": "is_in(Q90, follow(Q142, P36))",
    "Which countries border Germany?": "keep(follow(Q183, P47), Q6256)",
}
CONFIG = Config(
    text=TextConfig(encoder=SCRATCH),
    model=ModelConfig(dimension=24, heads=2, encoder_layers=1, decoder_layers=1, dropout=0.0),
    # Five lessons in batches of two: the last batch leaves one of two processes without a lesson.
    training=TrainingConfig(
        epochs=2, batch_size=2, warmup_steps=1, dev_share=0.0, max_actions=16, precision="fp32"
    ),
)


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Config:
    folder = tmp_path_factory.mktemp("lessons")
    lines = [
        {"id": str(k), "turns": [{"question": question, "form": form}]}
        for k, (question, form) in enumerate(LESSONS.items())
    ]
    (folder / "lessons.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    graph = toy_graph(folder / "graph")
    source = SourceConfig("plain", str(folder / "lessons.jsonl"), graph=str(graph.folder), entities="linked")
    return replace(CONFIG, source=(source,))


@pytest.fixture(scope="module")
def alone(config: Config, tmp_path_factory: pytest.TempPathFactory) -> dict[str, torch.Tensor]:
    """The weights that one process gives."""
    return _trained(config, tmp_path_factory.mktemp("alone") / "run")


def _trained(config: Config, out: Path) -> dict[str, torch.Tensor]:
    train(config, out, default_graph=out, device="cpu", progress=lambda what, done, total: None)
    return load_file(out / "weights.safetensors")


def _assert_equal(one: dict[str, torch.Tensor], other: dict[str, torch.Tensor]) -> None:
    assert one.keys() == other.keys()
    for name, weights in one.items():
        torch.testing.assert_close(other[name].float(), weights.float(), atol=2e-3, rtol=2e-3, msg=name)


def test_a_batch_in_parts(config: Config, alone: dict[str, torch.Tensor], tmp_path: Path) -> None:
    parts = replace(config, training=replace(config.training, at_once=1))
    _assert_equal(alone, _trained(parts, tmp_path / "run"))


def test_two_processes(config: Config, alone: dict[str, torch.Tensor], tmp_path: Path) -> None:
    pytest.importorskip("accelerate", reason="accelerate is not installed (extra 'distributed')")
    settings, out = tmp_path / "settings.toml", tmp_path / "run"
    settings.write_text(write_toml(config))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    command = [sys.executable, "-m", "kgqa", "train", "--config", str(settings), "--out", str(out)]
    started = [
        subprocess.Popen(
            command,
            env={
                **os.environ,
                "WORLD_SIZE": "2",
                "RANK": str(rank),
                "LOCAL_RANK": str(rank),
                "MASTER_ADDR": "127.0.0.1",
                "MASTER_PORT": port,
                "ACCELERATE_USE_CPU": "true",
            },
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for rank in range(2)
    ]
    told, complaints = zip(*(process.communicate(timeout=300) for process in started), strict=True)
    assert [process.returncode for process in started] == [0, 0], complaints
    assert "exact match" in told[0]
    assert told[1] == ""
    _assert_equal(alone, load_file(out / "weights.safetensors"))


def test_several_processes_need_accelerate(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORLD_SIZE", "2")
    monkeypatch.setitem(sys.modules, "accelerate", None)
    with pytest.raises(ConfigError, match="accelerate"):
        Processes()
