"""The words of an embedded graph: names, labels, aliases, descriptions, and search among them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property

import numpy as np

from grammar.denotation import IntArray
from kgqa.graphs.arrays import Array, ArrayReader, Texts
from kgqa.graphs.names import NameIndex, exact_score, normalise, standing
from kgqa.graphs.protocol import Among, Hit, How


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
    def _entity_index(self) -> NameIndex:
        return NameIndex(self._reader, "entity_index")

    @cached_property
    def _type_index(self) -> NameIndex:
        return NameIndex(self._reader, "type_index")

    @cached_property
    def _relation_index(self) -> NameIndex:
        return NameIndex(self._reader, "relation_index")

    def _among(self, among: Among) -> tuple[Words, NameIndex]:
        match among:
            case "entities":
                return self.entities, self._entity_index
            case "types":
                return self.entities, self._type_index
            case "relations":
                return self.relations, self._relation_index

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
        """For each text, names of all that it is a label or alias of."""
        words, index = self._among(among)
        return [[words.names[owner] for owner, _ in index.exact(text)] for text in texts]

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
        for owner, is_label in index.exact(text):
            name = words.names[owner]
            matched = _as_written(words, owner, normalise(text))
            how: How = "exact" if is_label else "alias"
            hits.setdefault(name, Hit(name, matched, exact_score(is_label), how))
        if len(hits) < limit:
            near = index.similar(text, limit=limit, fuzzy=fuzzy)
            if among != "relations" and near:
                degrees = degree(np.array([owner for owner, *_ in near], dtype=np.int64))
                scores = np.array([score for _, _, score, _ in near])
                near = [
                    near[i] for i in np.argsort(-standing(scores, degrees.astype(np.float64)), kind="stable")
                ]
            for owner, found, score, how in near:
                if len(hits) >= limit:
                    break
                if (name := words.names[owner]) not in hits:
                    hits[name] = Hit(name, _as_written(words, owner, found), score, how)
        return list(hits.values())[:limit]


def _as_written(words: Words, number: int, matched: str) -> str:
    """The label or alias whose normal form matched."""
    written = [words.label(number) or "", *words.aliases(number)]
    return next((text for text in written if normalise(text) == matched), matched)
