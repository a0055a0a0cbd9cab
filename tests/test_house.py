"""The house rules that can be read off the source: who imports whom, names, sizes, excepts."""

import ast
import re
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parent.parent
PACKAGES = ("grammar", "kgqa", "serve")
# From the bottom up: a package imports itself and what stands before it.
MAY_IMPORT = {"grammar": {"grammar"}, "kgqa": {"grammar", "kgqa"}, "serve": {"grammar", "kgqa", "serve"}}
# The one written exception: the `serve` verb starts the page that stands above it.
SERVE_VERB = (Path("kgqa/cli.py"), "serve")
# What fastapi itself hands out and expects to be imported by name; the module that text2num installs.
COMES_WITH = {"fastapi": {"fastapi", "pydantic", "starlette"}, "text2num": {"text_to_num"}}
FORBIDDEN_NAMES = {"utils", "util", "helpers", "helper", "common", "manager", "managers", "base"}
MOST_LINES = 420


@dataclass(frozen=True, slots=True)
class Import:
    """One imported module, the line it stands on, and the functions around it (outermost first)."""

    module: str
    line: int
    inside: tuple[str, ...]

    @property
    def root(self) -> str:
        return self.module.partition(".")[0]


def sources(*folders: str) -> list[Path]:
    """Every Python file under the folders, relative to the repository."""
    found = [file for folder in folders for file in (REPOSITORY / folder).rglob("*.py")]
    return sorted(file.relative_to(REPOSITORY) for file in found)


def imports(text: str, path: Path) -> Iterator[Import]:
    """Every import in the source text, at any depth and under any condition, relative ones resolved."""
    package = path.parent.parts

    def walk(node: ast.AST, inside: tuple[str, ...]) -> Iterator[Import]:
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield Import(alias.name, node.lineno, inside)
        elif isinstance(node, ast.ImportFrom):
            start = package[: len(package) - node.level + 1] if node.level else ()
            prefix = ".".join([*start, *([node.module] if node.module else [])])
            if prefix:
                yield Import(prefix, node.lineno, inside)
            else:  # `from .. import name` out of the package: each name is a module beside it
                for alias in node.names:
                    yield Import(alias.name, node.lineno, inside)
        elif isinstance(node, ast.Call) and ast.unparse(node.func) in {"import_module", "__import__"} | {
            "importlib.import_module"
        }:
            match node.args:
                case [ast.Constant(value=str(module)), *_]:
                    yield Import(module, node.lineno, inside)
        within = inside
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            within = (*inside, node.name)
        for child in ast.iter_child_nodes(node):
            yield from walk(child, within)

    yield from walk(ast.parse(text, filename=str(path)), ())


def declared(*extras: str) -> set[str]:
    """The import names of the dependencies, and of these extras, as pyproject.toml declares them."""
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    lines = [*project["dependencies"]]
    for extra in extras:
        lines += project["optional-dependencies"][extra]
    names = {re.split(r"[^A-Za-z0-9_-]", line, maxsplit=1)[0] for line in lines}
    return set().union(*(COMES_WITH.get(name, {name}) for name in names))


def upward(text: str, path: Path) -> list[str]:
    """The imports in a file of one of the three packages that its place in the house does not allow."""
    package = path.parts[0]
    third_party = {
        "grammar": {"numpy"},
        "kgqa": declared("distributed", "dumps"),
        "serve": declared("distributed", "dumps", "serve"),
    }[package]
    allowed = MAY_IMPORT[package] | third_party | set(sys.stdlib_module_names)
    return [
        f"{path}:{found.line}: {package} must not import {found.module}"
        for found in imports(text, path)
        if found.root not in allowed
        and not (found.root == "serve" and path == SERVE_VERB[0] and SERVE_VERB[1] in found.inside)
    ]


def read(path: Path) -> str:
    return (REPOSITORY / path).read_text(encoding="utf-8")


def test_every_package_is_looked_at() -> None:
    assert {path.parts[0] for path in sources(*PACKAGES)} == set(PACKAGES)


@pytest.mark.parametrize("path", sources(*PACKAGES), ids=str)
def test_imports_point_downward(path: Path) -> None:
    assert upward(read(path), path) == []


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("grammar/x.py", "import torch"),
        ("grammar/x.py", "from kgqa.model import Model"),
        ("grammar/x.py", "def f():\n    import rdflib"),
        ("grammar/x.py", "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import kgqa.context"),
        ("grammar/x.py", "from ..kgqa import model"),
        ("grammar/x.py", "from .. import kgqa"),
        ("grammar/x.py", "import importlib\nimportlib.import_module('torch')"),
        ("kgqa/x.py", "import serve"),
        ("kgqa/x.py", "def serve():\n    from serve.app import run"),
        ("kgqa/cli.py", "from serve.app import run"),
        ("kgqa/cli.py", "def chat():\n    import serve.app"),
        ("kgqa/cli.py", "def serve():\n    import fastapi"),
        ("kgqa/graphs/x.py", "import fastapi"),
        ("kgqa/x.py", "import pandas"),
        ("serve/x.py", "import flask"),
    ],
)
def test_an_upward_import_is_seen(path: str, text: str) -> None:
    assert upward(text, Path(path))


@pytest.mark.parametrize(
    ("path", "text"),
    [
        (
            "grammar/x.py",
            "import numpy as np\nfrom dataclasses import dataclass\nfrom .errors import KgqaError",
        ),
        (
            "kgqa/graphs/x.py",
            "import rdflib\nfrom SPARQLWrapper import JSON\nfrom grammar import graph\nfrom ..a import b",
        ),
        ("kgqa/cli.py", "def serve():\n    from serve.app import run"),
        ("kgqa/x.py", "def f():\n    import ray"),
        ("serve/app.py", "import fastapi, uvicorn, pydantic\nfrom kgqa.parser import SemanticParser"),
    ],
)
def test_a_downward_import_passes(path: str, text: str) -> None:
    assert upward(text, Path(path)) == []


@pytest.mark.parametrize("path", sources(*PACKAGES, "tests"), ids=str)
def test_names_sizes_and_excepts(path: Path) -> None:
    text = read(path)
    assert not FORBIDDEN_NAMES & {Path(part).stem for part in path.parts}, "a function lives with its noun"
    assert len(text.splitlines()) <= MOST_LINES, "the file asks for a cut"
    for node in ast.walk(ast.parse(text, filename=str(path))):
        if isinstance(node, ast.ExceptHandler):
            swallowed = [ast.unparse(statement) for statement in node.body] in (["pass"], ["..."])
            caught = ast.unparse(node.type) if node.type else None
            assert caught is not None, f"{path}:{node.lineno}: bare except"
            assert not (swallowed and caught in {"Exception", "BaseException"}), (
                f"{path}:{node.lineno}: swallowed"
            )


@pytest.mark.parametrize("path", sources(*PACKAGES), ids=str)
def test_nothing_is_read_at_import(path: Path) -> None:
    assert list(read_at_import(ast.parse(read(path)))) == []


def test_reading_at_import_is_seen() -> None:
    seen = "import os\nX = os.environ['A']\nclass C:\n    y = open('f').read()\nF = Path('a').read_text()\n"
    later = "import os\ndef f():\n    return os.environ['A']\n"
    assert len(list(read_at_import(ast.parse(seen)))) == 3
    assert list(read_at_import(ast.parse(later))) == []


def read_at_import(node: ast.AST) -> Iterator[str]:
    """What a module reads of argv, environment or files before any of its functions is called."""
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
        return
    if isinstance(node, ast.If) and ast.unparse(node.test) == "__name__ == '__main__'":
        return
    if isinstance(node, ast.Attribute) and ast.unparse(node) in {"os.environ", "sys.argv", "os.getenv"}:
        yield f"line {node.lineno}: {ast.unparse(node)}"
    if isinstance(node, ast.Call):
        called = node.func
        name = called.id if isinstance(called, ast.Name) else getattr(called, "attr", "")
        if name in {"open", "read_text", "read_bytes"}:
            yield f"line {node.lineno}: {ast.unparse(node)}"
    for child in ast.iter_child_nodes(node):
        yield from read_at_import(child)
