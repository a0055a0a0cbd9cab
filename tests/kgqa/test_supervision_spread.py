"""Supervision killed, and supervision on several processes or a Ray cluster: always the same bytes."""

from __future__ import annotations

import importlib.util
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from grammar.errors import ConfigError, GraphError, KgqaError
from kgqa.graphs import EmbeddedGraph
from kgqa.supervision import supervise
from kgqa.supervision.spread import _knock, _work_on_node
from kgqa.supervision.turns import BUDGET, Task
from tests.kgqa.test_supervision import dialogue

REPOSITORY = Path(__file__).resolve().parents[2]
DIALOGUES = [dialogue(number) for number in range(200)]

SCRIPT = """
import sys, time
from kgqa.graphs import EmbeddedGraph
from kgqa.supervision import supervise
from tests.kgqa.test_supervision import dialogue

def slowly(coverage):
    time.sleep(float(sys.argv[3]))

if __name__ == "__main__":
    graph = EmbeddedGraph.open(sys.argv[1])
    dialogues = map(dialogue, range(200))
    options = {"ray": sys.argv[4]} if len(sys.argv) > 4 else {"workers": 2}
    supervise(dialogues, graph, out=sys.argv[2], progress=slowly, **options)
"""


@pytest.fixture(scope="module")
def undisturbed(graph: EmbeddedGraph, tmp_path_factory: pytest.TempPathFactory) -> bytes:
    out = tmp_path_factory.mktemp("undisturbed") / "silver.jsonl"
    supervise(DIALOGUES, graph, out=out)
    return out.read_bytes()


def start(folder: Path, *arguments: object) -> subprocess.Popen[bytes]:
    """A process of its own group that supervises 200 dialogues on a graph."""
    script = folder / "supervise_it.py"
    script.write_text(SCRIPT)
    return subprocess.Popen(
        [sys.executable, str(script), *map(str, arguments)],
        env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
        stderr=subprocess.PIPE,
        start_new_session=True,
    )


def wait_for(condition: object, seconds: float = 60.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():  # type: ignore[operator]
        assert time.monotonic() < deadline, "waited too long"
        time.sleep(0.01)


def group_is_gone(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return True
    return False


def test_three_kills_change_nothing(graph: EmbeddedGraph, undisturbed: bytes, tmp_path: Path) -> None:
    out = tmp_path / "silver.jsonl"
    sizes = [0]
    for _ in range(3):
        process = start(tmp_path, graph.folder, out, 0.02)
        before = sizes[-1]
        wait_for(lambda before=before: out.is_file() and out.stat().st_size > before + 10_000)
        process.kill()  # SIGKILL, to the process that writes alone
        process.communicate(timeout=60)
        assert process.returncode == -signal.SIGKILL
        sizes.append(out.stat().st_size)
        assert sizes[-1] < len(undisturbed)
        assert undisturbed.startswith(out.read_bytes())
        wait_for(lambda group=process.pid: group_is_gone(group), 20)  # its workers end, too
    coverage = supervise(DIALOGUES, graph, out=out, workers=2)
    assert coverage.resumed >= 5 * 3
    assert out.read_bytes() == undisturbed


def test_a_worker_that_is_killed_is_told(graph: EmbeddedGraph, undisturbed: bytes, tmp_path: Path) -> None:
    out = tmp_path / "silver.jsonl"
    killed: list[int] = []

    def kill_one(coverage: object) -> None:
        children = Path(f"/proc/{os.getpid()}/task/{os.getpid()}/children")
        if not killed and children.is_file():
            killed.extend(
                child
                for child in map(int, children.read_text().split())
                if "spawn_main" in Path(f"/proc/{child}/cmdline").read_text()
            )
            for child in killed:
                os.kill(child, signal.SIGKILL)

    if not Path("/proc/self/cmdline").is_file():
        pytest.skip("finds the processes in /proc, which this system has not")
    with pytest.raises(KgqaError, match="was killed"):
        supervise(DIALOGUES, graph, out=out, workers=2, progress=kill_one)
    assert killed
    assert undisturbed.startswith(out.read_bytes())
    supervise(DIALOGUES, graph, out=out)
    assert out.read_bytes() == undisturbed


def test_a_node_needs_the_same_graph(graph: EmbeddedGraph) -> None:
    task = Task("searched", BUDGET, "another")
    with pytest.raises(GraphError, match="the graph another on every node"):
        _work_on_node((graph, task), DIALOGUES[:1])
    task = Task("searched", BUDGET, graph.checksum[:16])
    [lines] = _work_on_node((graph, task), DIALOGUES[:1])
    assert len(lines) == 5


@pytest.mark.skipif(importlib.util.find_spec("ray") is not None, reason="Ray is installed")
def test_without_ray_the_extra_is_named(graph: EmbeddedGraph, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"kgqa\[distributed\]"):
        supervise(DIALOGUES, graph, out=tmp_path / "silver.jsonl", ray="local")


with_ray = pytest.mark.skipif(
    importlib.util.find_spec("ray") is None, reason="needs Ray: pip install 'kgqa[distributed]'"
)


@with_ray
def test_ray_writes_the_same_even_when_killed(
    graph: EmbeddedGraph, undisturbed: bytes, tmp_path: Path
) -> None:
    out = tmp_path / "silver.jsonl"
    process = start(tmp_path, graph.folder, out, 0.02, "local")
    wait_for(lambda: out.is_file() and out.stat().st_size > 10_000, 120)
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate(timeout=60)
    assert undisturbed.startswith(out.read_bytes())
    assert len(out.read_bytes()) < len(undisturbed)
    process = start(tmp_path, graph.folder, out, 0, "local")
    _, errors = process.communicate(timeout=120)
    assert process.returncode == 0, errors.decode()
    assert out.read_bytes() == undisturbed


@with_ray
@pytest.mark.parametrize("address", ["nonsense:x:1", "127.0.0.1:1"])
def test_no_such_cluster(graph: EmbeddedGraph, tmp_path: Path, address: str) -> None:
    process = start(tmp_path, graph.folder, tmp_path / "silver.jsonl", 0, address)
    _, errors = process.communicate(timeout=120)
    assert f"ConfigError: expected the address of a Ray cluster, found {address!r}" in errors.decode()


def test_nobody_at_the_address_is_told_at_once() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        _knock(f"127.0.0.1:{server.getsockname()[1]}")
        _knock(f"ray://127.0.0.1:{server.getsockname()[1]}")
        closed = server.getsockname()[1]
    with pytest.raises(OSError, match="refused"):
        _knock(f"127.0.0.1:{closed}")
    _knock("local")
