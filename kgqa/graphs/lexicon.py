"""The words of an embedded graph: names, labels, aliases, descriptions, and search among them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from rapidfuzz import fuzz, process

from grammar.denotation import IntArray
from kgqa.graphs.arrays import Array, ArrayReader, Texts
from kgqa.graphs.name_index import FOLDER as NAMES
from kgqa.graphs.name_index import INITIALS, Name
from kgqa.graphs.name_search import NameIndex, open_names
from kgqa.graphs.names import exact_score, normalise, standing
from kgqa.graphs.protocol import Among, Hit, How

_LONGEST = 200
_LEAST = 0.5
"""What is less like the text than this is not meant by it."""


class Words:
    """Names of one kind (entities or relations) and what people call them, by number."""

    def __init__(self, reader: ArrayReader, kind: str) -> None:
        self._reader = reader
        self._kind = kind
        self.names: Texts = reader.texts(kind)

    def __len__(self) -> int:
        return len(self.names)

    def number(self, name: str) -> int:
        """Number of a name, or -1."""
        try:
            return self.names.find(name.encode(), shortest_first=True)
        except UnicodeEncodeError:  # half a surrogate pair: no name has one
            return -1

    def label(self, number: int) -> str | None:
        """Label, or None."""
        return self._labels[number] or None

    def description(self, number: int) -> str | None:
        """Description, or None."""
        return self._descriptions[number] or None

    def aliases(self, number: int) -> list[str]:
        """Aliases, without the label."""
        return [
            self._aliases[row] for row in range(self._alias_starts[number], self._alias_starts[number + 1])
        ]

    def written(self, name: Name) -> str:
        """A name of the index as the graph writes it."""
        if name.is_label or name.place == INITIALS:
            return self._labels[name.owner]
        return self._aliases[int(self._alias_starts[name.owner]) + name.place - 1]

    @cached_property
    def _labels(self) -> Texts:
        return self._reader.texts(f"{self._kind}.labels")

    @cached_property
    def _descriptions(self) -> Texts:
        return self._reader.texts(f"{self._kind}.descriptions")

    @cached_property
    def _aliases(self) -> Texts:
        return self._reader.texts(f"{self._kind}.aliases")

    @cached_property
    def _alias_starts(self) -> Array:
        return self._reader.column(f"{self._kind}.alias_starts")


class Lexicon:
    """All words of a graph."""

    def __init__(self, reader: ArrayReader, *, is_type: Callable[[int], bool]) -> None:
        self._reader = reader
        self._is_type = is_type
        self.entities = Words(reader, "entities")
        self.relations = Words(reader, "relations")

    @cached_property
    def _index(self) -> dict[Among, NameIndex]:
        index = open_names(self._reader.folder / NAMES)
        self._reader.see_unchanged()
        return index

    def _among(self, among: Among) -> tuple[Words, NameIndex]:
        return self.relations if among == "relations" else self.entities, self._index[among]

    def places(self, name: str) -> list[tuple[Words, int]]:
        """Where a name stands: as a relation, as an entity, as both, or nowhere."""
        both = [(words, words.number(name)) for words in (self.relations, self.entities)]
        return [(words, number) for words, number in both if number >= 0]

    def label(self, name: str) -> str | None:
        """What people call it, or None."""
        return next((label for words, n in self.places(name) if (label := words.label(n))), None)

    def description(self, name: str) -> str | None:
        """A few words that tell it apart, or None."""
        return next((text for words, n in self.places(name) if (text := words.description(n))), None)

    def aliases(self, name: str) -> list[str]:
        """What else people call it."""
        return list(dict.fromkeys(alias for words, n in self.places(name) for alias in words.aliases(n)))

    def exact(self, texts: Sequence[str], among: Among) -> list[list[str]]:
        """For each text, names of what it is a label or alias of, the best known hundred."""
        words, index = self._among(among)
        return [[words.names[found.owner] for found in index.exact(text)] for text in texts]

    def search(
        self, text: str, *, limit: int, fuzzy: bool, among: Among, degree: Callable[[IntArray], IntArray]
    ) -> list[Hit]:
        """What people may mean by a text, best first."""
        text = text.encode("utf-8", "ignore").decode()
        words, index = self._among(among)
        hits: dict[str, Hit] = {}
        number = words.number(text.strip())
        if number >= 0 and (among != "types" or self._is_type(number)):
            hits[text.strip()] = Hit(text.strip(), words.label(number) or text.strip(), 1.0, "exact")
        for found in index.exact(text):
            how: How = "exact" if found.is_label else "alias"
            name, score = words.names[found.owner], exact_score(found.is_label)
            hits.setdefault(name, Hit(name, words.written(found), score, how))
        if len(hits) < limit:
            near = _compared(text, [(n.owner, words.written(n)) for n in index.near(text, fuzzy=fuzzy)])
            near = [it for it in near if fuzzy or it.how == "partial"]
            degrees = degree(np.array([it.owner for it in near], dtype=np.int64))
            if among == "relations":
                degrees = np.zeros_like(degrees)
            ranks = standing(np.array([it.score for it in near]), degrees.astype(np.float64))
            for place in np.argsort(-ranks, kind="stable").tolist():
                it = near[place]
                name = words.names[it.owner]
                hits.setdefault(name, Hit(name, it.matched, it.score, it.how))
        return list(hits.values())[:limit]


@dataclass(frozen=True, slots=True)
class _Near:
    """A name that is like the text asked for."""

    owner: int
    matched: str
    score: float
    how: How


def _compared(text: str, candidates: Sequence[tuple[int, str]]) -> list[_Near]:
    """How much candidates (owner, label or alias) are like a text; those that are not are left out.

    A name that holds the words scores much the same whatever else it holds: how well known it is decides.
    """
    asked = normalise(text)[:_LONGEST]
    names = [normalise(written) for _, written in candidates]
    if not names:
        return []
    in_order = process.cdist([asked], names, scorer=fuzz.ratio)[0] / 100
    as_words = process.cdist([asked], names, scorer=fuzz.token_set_ratio)[0] / 100
    near = []
    for (owner, written), name, ratio, share in zip(
        candidates, names, in_order.tolist(), as_words.tolist(), strict=True
    ):
        if name == asked:
            continue
        if _has_words(name.split(), asked.split()):
            near.append(_Near(owner, written, 0.7 + 0.1 * ratio, "partial"))
        elif (score := (0.6 * share + 0.4 * ratio) * 0.95) >= _LEAST:
            near.append(_Near(owner, written, score, "fuzzy"))
    return near


def _has_words(words: Sequence[str], asked: Sequence[str]) -> bool:
    """Whether all words asked for are there, the last one perhaps only begun."""
    there = set(words)
    return all(word in there for word in asked[:-1]) and (
        asked[-1] in there or any(word.startswith(asked[-1]) for word in there)
    )
