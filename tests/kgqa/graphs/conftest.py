"""What the tests of graphs share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.kgqa.graphs.misbehaving import Serve, misbehaving


@pytest.fixture
def serve() -> Iterator[Serve]:
    with misbehaving() as start:
        yield start
