"""From an ordinary RDF file to a chat in three commands, as a user types them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from grammar.errors import CheckpointError, ConfigError
from kgqa.bundled import bundled
from kgqa.cli import app
from kgqa.graphs import open_graph
from tests.museum import SPACE, write_museum

PIECES = ("museum.ttl", "graphs/museum", "runs/museum")


def kgqa(*arguments: str, given: str = "") -> str:
    result = CliRunner().invoke(app, arguments, input=given)
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == 0, result.output
    return result.stdout


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which the first two commands were given."""
    folder = Path(tmp_path_factory.mktemp("user"))
    source, graph, run = (folder / piece for piece in PIECES)
    write_museum(source, works=60)
    kgqa("graph", "build", str(source), "--out", str(graph))
    said = kgqa("train", "--graph", str(graph), "--out", str(run), "--count", "14", "--epochs", "1", "--json")
    assert json.loads(said)["lessons"] > 20
    return folder


def test_three_commands(home: Path) -> None:
    chat = kgqa(
        "chat", "--graph", str(home / "graphs/museum"), "--model", str(home / "runs/museum"),
        given="Who created Harbour at dusk?\n:why\nWhen was she born?\n:quit\n",
    )  # fmt: skip
    graph = open_graph(home / "graphs/museum")
    work = graph.entities([f"{SPACE}id/work0"])
    (artist,) = graph.entity_names(graph.objects(work, f"{SPACE}schema#createdBy").items)
    assert f"Who created Harbour at dusk?\n{graph.label(artist)}\n" in chat
    assert f"follow(<{SPACE}id/work0>, <{SPACE}schema#createdBy>)" in chat  # :why
    assert "“museum”" in chat


def test_a_run_tells_what_it_was_made_from(home: Path) -> None:
    settings = (home / "runs/museum/config.toml").read_text()
    assert 'start = "model"' in settings
    assert str(home) not in settings
    assert [path.name for path in (home / "runs/museum").glob("invented-*.jsonl")] != []


def test_the_same_command_goes_on(home: Path) -> None:
    run = home / "runs/museum"
    before = (run / "weights.safetensors").read_bytes()
    kgqa("train", "--graph", str(home / "graphs/museum"), "--out", str(run), "--count", "14", "--epochs", "1")
    assert (run / "weights.safetensors").read_bytes() == before  # it was finished


def test_what_is_asked_for_must_fit_together(home: Path, tmp_path: Path) -> None:
    graph, run = str(home / "graphs/museum"), str(tmp_path / "run")
    with pytest.raises(ConfigError, match="expected --graph GRAPH"):
        kgqa("train", "--out", run)
    with pytest.raises(ConfigError, match="--encoder is for training from nothing"):
        kgqa("train", "--graph", graph, "--out", run, "--encoder", "scratch")
    with pytest.raises(CheckpointError, match="is no run"):
        kgqa("train", "--graph", graph, "--out", run, "--from", str(tmp_path), "--count", "10")
    recipe = tmp_path / "mine.toml"
    recipe.write_text("")
    with pytest.raises(ConfigError, match="--count is for invented dialogues"):
        kgqa("train", "--config", str(recipe), "--out", run, "--count", "10")


def test_training_goes_on_from_a_run_with_its_settings(home: Path, tmp_path: Path) -> None:
    """With a settings file: text, context and model are those of the run that it starts from."""
    dialogues = next((home / "runs/museum").glob("invented-*.jsonl"))
    recipe = tmp_path / "mine.toml"
    recipe.write_text(
        "[training]\nepochs = 1\n[model]\ndimension = 32\n"
        f'[[source]]\ndataset = "plain"\npath = {json.dumps(str(dialogues))}\nlimit = 6\n'
    )
    graph, run = str(home / "graphs/museum"), tmp_path / "run"
    kgqa(
        "train", "--config", str(recipe), "--graph", graph, "--from", str(bundled("model")), "--out", str(run)
    )
    settings = (run / "config.toml").read_text()
    assert "dimension = 32" not in settings
