"""Bundled data is found in the package first, then in the source tree; otherwise both places are named."""

from pathlib import Path

import pytest

from grammar.errors import KgqaError
from kgqa import bundled as place


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "kgqa"
    monkeypatch.setattr(place, "_PACKAGE", folder)
    return folder


def test_the_source_tree_serves_when_the_package_has_none(package: Path) -> None:
    tree = package.parent / "data" / "graph"
    tree.mkdir(parents=True)
    assert place.bundled("graph") == tree


def test_the_package_wins(package: Path) -> None:
    (package.parent / "data" / "graph").mkdir(parents=True)
    inside = package / "bundled" / "graph"
    inside.mkdir(parents=True)
    assert place.bundled("graph") == inside


def test_both_places_are_named(package: Path) -> None:
    with pytest.raises(KgqaError) as raised:
        place.bundled("graph")
    assert str(package / "bundled" / "graph") in str(raised.value)
    assert str(package.parent / "data" / "graph") in str(raised.value)
    assert "\n" not in str(raised.value)
