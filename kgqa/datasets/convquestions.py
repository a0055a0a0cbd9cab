"""ConvQuestions (reader follows)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from kgqa.conversation import Dialogue
from kgqa.datasets.files import OnError


def read(path: Path, *, on_error: OnError = None) -> Iterator[Dialogue]:
    """The conversations of a file."""
    yield from ()
