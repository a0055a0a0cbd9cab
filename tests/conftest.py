"""What every test shares."""

import os
from collections.abc import Iterator

import pytest

# Two threads are what the smallest machines have; more of them under contention make a step several times
# slower. Set here, before any test imports torch, it also reaches the processes that tests start.
os.environ.setdefault("OMP_NUM_THREADS", "2")
# Otherwise every process forked after a tokenizer was used warns.
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")


@pytest.fixture(autouse=True, scope="session")
def _own_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Tests keep nothing in the cache of the user who runs them, and find nothing there."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        yield
