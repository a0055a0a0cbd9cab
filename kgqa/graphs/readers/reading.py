"""What every reader is handed: where to count what it skips, which words to take, whom to tell progress."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Protocol

from kgqa.graphs.readers.languages import Languages
from kgqa.graphs.readers.skips import Skips

if TYPE_CHECKING:
    from kgqa.graphs.readers.journal import Journal


class Progress(Protocol):
    """Told what is being done, how much of it is done, of how much, and in which unit."""

    def __call__(self, what: str, done: int, total: int | None = None, unit: str = "", /) -> None: ...


@dataclass(slots=True)
class Reading:
    """The circumstances of reading sources.

    ``relations`` are those whose facts are wanted (None: all), ``doing`` is what progress says; ``blanks``
    counts the nameless resources that have been given a name. Where there is a journal, ``line`` is the one
    that is being read, and ``before`` what was skipped in the lines before it.
    """

    skips: Skips = field(default_factory=Skips)
    languages: Languages = field(default_factory=Languages)
    progress: Progress | None = None
    relations: frozenset[str] | None = None
    doing: str = "reading"
    blanks: int = 0
    journal: Journal | None = None
    line: int = 0
    before: Skips = field(default_factory=Skips)

    def aside(self, doing: str) -> Reading:
        """For a first look at what will be read again: nothing in it is counted or refused."""
        return replace(self, skips=Skips(), journal=None, doing=doing)

    def begin(self, line: int) -> None:
        """A line of a dump is being read from here on."""
        if self.journal is not None:
            self.line, self.before = line, self.skips.copy()

    def wanted(self, relation: str) -> bool:
        """Whether facts of this relation are asked for; readers may ask before they do costly work."""
        return self.relations is None or relation in self.relations

    def tell(self, name: str, done: int, total: int) -> None:
        """Say how many bytes of a file, as it lies on the disk, have been read."""
        if self.progress:
            self.progress(f"{self.doing} {name}", done, total, "bytes")
