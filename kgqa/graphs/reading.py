"""What every reader is handed: where to count what it skips, which words to take, whom to tell progress."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Protocol

from kgqa.graphs.languages import Languages
from kgqa.graphs.skips import Skips


class Progress(Protocol):
    """Told what is being done, how much of it is done, of how much, and in which unit."""

    def __call__(self, what: str, done: int, total: int | None = None, unit: str = "", /) -> None: ...


@dataclass(slots=True)
class Reading:
    """The circumstances of reading sources.

    ``relations`` are those whose facts are wanted (None: all), ``doing`` is what progress says; ``blanks``
    counts the nameless resources that have been given a name.
    """

    skips: Skips = field(default_factory=Skips)
    languages: Languages = field(default_factory=Languages)
    progress: Progress | None = None
    relations: frozenset[str] | None = None
    doing: str = "reading"
    blanks: int = 0

    def aside(self, doing: str) -> Reading:
        """For a first look at what will be read again: nothing in it is counted or refused."""
        return replace(self, skips=Skips(), doing=doing)

    def wanted(self, relation: str) -> bool:
        """Whether facts of this relation are asked for; readers may ask before they do costly work."""
        return self.relations is None or relation in self.relations

    def tell(self, name: str, done: int, total: int) -> None:
        """Say how many bytes of a file, as it lies on the disk, have been read."""
        if self.progress:
            self.progress(f"{self.doing} {name}", done, total, "bytes")
