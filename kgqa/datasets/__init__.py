"""Datasets: files that others made, and our own, as dialogues of examples.

Nothing outside this package needs to know which dataset an example comes from.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator
from functools import partial
from itertools import islice
from pathlib import Path
from types import MappingProxyType
from typing import Protocol

from grammar.errors import ConfigError
from kgqa.conversation import Dialogue
from kgqa.datasets import convquestions, csqa, plain
from kgqa.datasets.files import OnError, lines_of


class Reader(Protocol):
    """Reads a file or folder; records that cannot be read go to ``on_error``, or are raised without one."""

    def __call__(self, path: Path, *, on_error: OnError = None) -> Iterator[Dialogue]: ...


DATASETS: MappingProxyType[str, Reader] = MappingProxyType(
    {"csqa": csqa.read, "convquestions": convquestions.read, "plain": plain.read}
)
"""Name on the command line -> reader."""


def is_released(name: str) -> bool:
    """Whether a dataset's questions were answered by others, from another graph than the one at hand."""
    return name != "plain"


def read_dataset(
    name: str,
    path: Path | str,
    *,
    limit: int | None = None,
    on_error: OnError = None,
    paraphrases: bool = False,
) -> Iterator[Dialogue]:
    """The dialogues of a dataset, at most ``limit`` of them; with ``paraphrases`` each also in its other
    wordings (``convquestions.first_wording``).

    ``on_error`` is called with the ``DataError`` of every record that is skipped, for example
    ``errors.append``; without it the first one is raised.

    Raises:
        ConfigError: there is no dataset of this name, or it has no paraphrases.
        DataError: the file or folder cannot be read.
    """
    reader = DATASETS.get(name)
    if reader is None:
        raise ConfigError(f"expected a dataset out of {', '.join(DATASETS)}, found {name!r}")
    if paraphrases:
        if reader is not convquestions.read:
            raise ConfigError(f"expected 'convquestions', which has paraphrases, found {name!r}")
        reader = partial(convquestions.read, paraphrases=True)
    return islice(reader(Path(path), on_error=on_error), limit)


def count_dialogues(name: str, path: Path | str, *, limit: int | None = None) -> int:
    """About how many dialogues a dataset has, broken ones among them; without parsing JSON lines or folders.

    Raises:
        ConfigError, DataError: as ``read_dataset``.
    """
    path = Path(path)
    if path.is_dir():
        found: Iterable[object] = path.rglob("*.json*")
    elif ".jsonl" in path.suffixes:
        found = lines_of(path)
    else:
        found = read_dataset(name, path, on_error=lambda error: None)
    return sum(1 for _ in islice(found, limit))


def split_dialogues(
    dialogues: Iterable[Dialogue], *, share: float, seed: int
) -> tuple[list[Dialogue], list[Dialogue]]:
    """Split into about ``share`` (of the split keys) and the rest; a split key is never on both sides.

    Which keys go where depends only on the keys and on ``seed``, not on the order of the dialogues.

    Raises:
        ConfigError: the share is not between 0 and 1.
    """
    if not 0.0 <= share <= 1.0:
        raise ConfigError(f"expected a share between 0 and 1, found {share}")
    dialogues = list(dialogues)
    keys = sorted({dialogue.split_key for dialogue in dialogues})
    random.Random(seed).shuffle(keys)
    first = set(keys[: round(share * len(keys))])
    return (
        [dialogue for dialogue in dialogues if dialogue.split_key in first],
        [dialogue for dialogue in dialogues if dialogue.split_key not in first],
    )
