"""Damaged and half-copied folders are named; several processes read one graph; nothing is unpickled."""

from __future__ import annotations

import ast
import json
import pickle
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from grammar.errors import GraphError
from kgqa.cli import app
from kgqa.graphs import EmbeddedGraph, Record, build_graph, open_graph
from kgqa.graphs.arrays import ArrayReader
from kgqa.graphs.check import check_graph
from kgqa.graphs.manifest import MANIFEST, seal
from kgqa.graphs.rdf import to_rdf
from tests.toy import toy_graph, toy_records

REPOSITORY = Path(__file__).parents[3]
PACKAGES = ("grammar", "kgqa", "serve", "benchmarks")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The toy graph, built."""
    return toy_graph(tmp_path).folder


def manifest_of(folder: Path) -> dict[str, dict[str, dict[str, object]]]:
    found: dict[str, dict[str, dict[str, object]]] = json.loads((folder / MANIFEST).read_text())
    return found


def _miss(folder: Path) -> str:
    (folder / "subjects.npy").unlink()
    return r"subjects\.npy is missing"


def _truncate(folder: Path) -> str:
    path = folder / "statements.items.npy"
    path.write_bytes(path.read_bytes()[:-8])
    return r"statements\.items\.npy has \d+ bytes, expected \d+"


def _reserve(folder: Path) -> str:
    """As a copy that reserves the place of a file first, and is killed."""
    path = folder / "subjects.npy"
    path.write_bytes(path.read_bytes()[:-8] + bytes(8))
    return r"subjects\.npy is damaged"


def _blank(folder: Path) -> str:
    path = folder / "subjects.npy"
    path.write_bytes(bytes(path.stat().st_size))
    return r"subjects\.npy is damaged"


def _mix(folder: Path) -> str:
    shutil.copy(folder / "subjects.npy", folder / "of_another_build.npy")
    return r"of_another_build\.npy is no file of this graph"


def _stop(folder: Path) -> str:
    """As a copy that was stopped after a few files."""
    for path in sorted(folder.glob("*.npy"))[5:]:
        path.unlink()
    return r"is missing; .* is missing; .* is missing; and \d+ more"


def _break_manifest(folder: Path) -> str:
    (folder / MANIFEST).write_text((folder / MANIFEST).read_text()[:200])
    return rf"{MANIFEST} is damaged"


def _lose_manifest(folder: Path) -> str:
    (folder / MANIFEST).unlink()
    return r"is no built graph, it has no graph\.json"


def _other_format(folder: Path) -> str:
    (folder / MANIFEST).write_text(json.dumps({**manifest_of(folder), "format": 99}))
    return r"has format 99, this version of kgqa reads format \d+"


DAMAGES = [_miss, _truncate, _reserve, _blank, _mix, _stop, _break_manifest, _lose_manifest, _other_format]


@pytest.mark.parametrize("damage", DAMAGES, ids=lambda damage: damage.__name__.strip("_"))
def test_damage_is_named_on_opening_with_what_to_do(folder: Path, damage: Callable[[Path], str]) -> None:
    expected = damage(folder)
    with pytest.raises(GraphError, match=expected) as caught:
        EmbeddedGraph.open(folder)
    assert "build it again with `kgqa graph build SOURCE... --out DIR`" in str(caught.value)
    assert str(folder) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_every_file_is_looked_at(folder: Path) -> None:
    for name in manifest_of(folder)["files"]:
        content = (folder / name).read_bytes()
        (folder / name).write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
        with pytest.raises(GraphError, match=f"{name} is damaged"):
            EmbeddedGraph.open(folder)
        (folder / name).write_bytes(content)
    assert EmbeddedGraph.open(folder).info().entities


def test_what_others_leave_in_a_folder_does_no_harm(folder: Path) -> None:
    for name in ("README.md", ".DS_Store", ".subjects.npy.x8sd"):
        (folder / name).write_text("")
    assert EmbeddedGraph.open(folder).info().entities
    assert check_graph(folder).damages == ()


# --- kgqa graph check -----------------------------------------------------------------------------------


def test_a_whole_graph(folder: Path) -> None:
    seen: list[tuple[int, int]] = []
    checked = check_graph(folder, progress=lambda done, total: seen.append((done, total)))
    assert checked.damages == ()
    assert checked.bytes == seen[-1][0] == seen[-1][1] == EmbeddedGraph.open(folder).info().bytes
    result = CliRunner().invoke(app, ["graph", "check", str(folder)])
    assert result.exit_code == 0
    assert f"{folder}: whole, {checked.files} files" in result.stdout


def test_a_bit_in_the_middle_is_found(tmp_path: Path) -> None:
    folder = tmp_path / "g"
    build_graph([[Record(f"Q{n}", f"number {n}") for n in range(1, 2_000)]], folder)
    path = folder / "entities.labels.items.npy"
    content = bytearray(path.read_bytes())
    assert len(content) > 3 * 4096
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    EmbeddedGraph.open(folder)  # which reads beginnings and ends only
    (folder / "types.npy").unlink()
    assert sorted(check_graph(folder).damages) == sorted([f"{path.name} is damaged", "types.npy is missing"])
    result = CliRunner().invoke(app, ["graph", "check", str(folder), "--json"])
    assert isinstance(result.exception, GraphError)
    assert len(json.loads(result.stdout)["damages"]) == 2


@pytest.mark.parametrize(
    ("name", "change", "expected"),
    [
        ("members.pointers", lambda a: a[::-1], "does not cover"),
        ("members.pointers", lambda a: np.concatenate([a[:1], a[-2:0:-1], a[-1:]]), "not in ascending order"),
        ("members.items", lambda a: a[:-1], "does not cover"),
        ("entities.pointers", lambda a: np.append(a, a[-1:]), r"is not of \d+ entities"),
    ],
)
def test_a_build_that_went_wrong(
    folder: Path, name: str, change: Callable[[np.ndarray], np.ndarray], expected: str
) -> None:
    """All seals are right, and what they seal is not."""
    path = folder / f"{name}.npy"
    np.save(path, change(np.load(path, allow_pickle=False)), allow_pickle=False)
    sealed = seal(path)
    manifest = manifest_of(folder)
    row = {"bytes": sealed.bytes, "ends": sealed.ends, "sha256": sealed.sha256}
    manifest["files"][path.name] = row
    (folder / MANIFEST).write_text(json.dumps(manifest))
    with pytest.raises(GraphError, match=expected):
        check_graph(folder).raise_damages()


def test_only_a_graph_can_be_checked(tmp_path: Path) -> None:
    with pytest.raises(GraphError, match="is no built graph"):
        check_graph(tmp_path)


# --- several processes ----------------------------------------------------------------------------------

_READS = """
import sys
from grammar.execute import execute
from grammar.forms import read_form
from kgqa.graphs import open_graph
from kgqa.graphs.opening import Path
graph = open_graph(sys.argv[1], cache=Path(sys.argv[2]))
print("open", flush=True)
sys.stdin.readline()
for _ in range(30):
    found = execute(read_form("follow_back(Q46, P30)"), graph)
    assert graph.search("godfathr")[0].name == "Q47703"
print(*sorted(graph.entity_names(found.items)))
"""


def _readers(uri: Path, cache: Path, count: int) -> list[subprocess.Popen[str]]:
    command = [sys.executable, "-c", _READS, str(uri), str(cache)]
    pipe = subprocess.PIPE
    return [
        subprocess.Popen(command, cwd=REPOSITORY, stdin=pipe, stdout=pipe, text=True) for _ in range(count)
    ]


def _answers(readers: list[subprocess.Popen[str]]) -> list[str]:
    for reader in readers:
        assert reader.stdout is not None
        assert reader.stdout.readline() == "open\n"
    found = []
    for reader in readers:  # all have it open before the first goes on
        out, _ = reader.communicate("go\n", timeout=60)
        assert reader.returncode == 0
        found.append(out.strip())
    return found


def test_two_processes_read_one_graph(folder: Path, tmp_path: Path) -> None:
    here = EmbeddedGraph.open(folder)
    before = {path.name: path.stat().st_mtime_ns for path in folder.iterdir()}
    assert _answers(_readers(folder, tmp_path, 2)) == ["Q142 Q183 Q31 Q39"] * 2
    assert here.label("Q30") == "United States of America"
    assert {
        path.name: path.stat().st_mtime_ns for path in folder.iterdir()
    } == before  # reading writes nothing


def test_two_processes_open_one_rdf_file_at_once(tmp_path: Path) -> None:
    """It is built once: the second waits, and is not left with a graph that was replaced."""
    to_rdf(toy_records()).serialize(tmp_path / "toy.ttl", format="turtle", encoding="utf-8")
    cache = tmp_path / "cache"
    assert _answers(_readers(tmp_path / "toy.ttl", cache, 2)) == ["Q142 Q183 Q31 Q39"] * 2
    assert len([path for path in cache.iterdir() if not path.name.startswith(".")]) == 1


# --- nothing is unpickled -------------------------------------------------------------------------------

_UNPICKLERS = {"pickle", "cPickle", "dill", "cloudpickle", "joblib", "shelve", "marshal", "jsonpickle"}
_LOADERS = {"np.load", "numpy.load", "np.save", "numpy.save"}
_FORBIDDEN_CALLS = {"torch.load", "torch.save", "pandas.read_pickle", "pd.read_pickle", "np.savez"}


def _unpickling(text: str) -> list[str]:
    """What a source text has that may unpickle."""
    found = []
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            found += [a.name for a in node.names if a.name.split(".")[0] in _UNPICKLERS]
        elif isinstance(node, ast.ImportFrom):
            found += [m for m in [node.module or ""] if m.split(".")[0] in _UNPICKLERS]
        elif isinstance(node, ast.Call):
            called = ast.unparse(node.func)
            allowed = {
                word.arg: word.value.value for word in node.keywords if isinstance(word.value, ast.Constant)
            }
            if called in _FORBIDDEN_CALLS or (
                called in _LOADERS and allowed.get("allow_pickle", True) is not False
            ):
                found.append(called)
    return found


def test_no_source_unpickles() -> None:
    paths = [path for package in PACKAGES for path in (REPOSITORY / package).rglob("*.py")]
    assert len(paths) > 80
    found = {str(path.relative_to(REPOSITORY)): _unpickling(path.read_text("utf-8")) for path in paths}
    assert {path: what for path, what in found.items() if what} == {}


@pytest.mark.parametrize(
    "text",
    [
        "import pickle",
        "from dill import loads",
        "np.load(p)",
        "np.load(p, allow_pickle=True)",
        "torch.load(p)",
    ],
)
def test_the_rule_finds(text: str) -> None:
    assert _unpickling(text) != []


class _Bomb:
    """What unpickling it does."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, ...]:
        return Path.touch, (self.path,)


def test_an_array_of_objects_is_refused_in_one_line(folder: Path, tmp_path: Path) -> None:
    exploded = tmp_path / "exploded"
    bomb = np.array([_Bomb(exploded)], dtype=object)
    np.save(folder / "bomb.npy", bomb, allow_pickle=True)
    with pytest.raises(GraphError, match=r"bomb\.npy is damaged \(.*Python objects.*\)") as caught:
        ArrayReader(folder).column("bomb")
    assert "\n" not in str(caught.value)
    # The same in the place of a real array, with a manifest that agrees.
    (folder / "bomb.npy").replace(folder / "subjects.npy")
    manifest, sealed = manifest_of(folder), seal(folder / "subjects.npy")
    manifest["files"]["subjects.npy"] = {
        "bytes": sealed.bytes,
        "ends": sealed.ends,
        "sha256": sealed.sha256,
    }
    (folder / MANIFEST).write_text(json.dumps(manifest))
    graph = open_graph(folder)
    with pytest.raises(GraphError, match=r"subjects\.npy is damaged"):
        graph.objects(graph.entities(["Q30"]), "P36")
    assert not exploded.exists()
    pickle.loads(pickle.dumps(_Bomb(exploded)))
    assert exploded.exists()  # so the bomb would have gone off
