"""Texts of a graph's relations, types and entities, as the model reads them, and what they are similar to."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

import numpy as np
import numpy.typing as npt

from kgqa.entity_vectors import EntityVectors
from kgqa.graphs.protocol import KnowledgeGraph
from kgqa.stored_vectors import stored_vectors
from kgqa.text import TextEncoder

Vectors = npt.NDArray[np.float32]
_ALIASES = 4
_SHOWN_OF_SET = 4
_KEPT_QUESTIONS = 256
EARLIER = 0.1
"""What similarity to an earlier question counts less, for every turn back ("And Titanic?" asks the same)."""


class Similarity:
    """Similarity of names to the questions of a dialogue; nothing is similar where the encoder tells none."""

    def __init__(self, names: Sequence[str], rows: dict[str, int], scores: Vectors | None) -> None:
        self._names, self._rows, self._scores = names, rows, scores

    def of(self, name: str) -> float:
        """Similarity of a name, 0 if unknown."""
        row = self._rows.get(name)
        return 0.0 if row is None or self._scores is None else float(self._scores[row])

    def top(self, limit: int) -> list[str]:
        """The most similar names."""
        if self._scores is None or not self._names:
            return []
        count = min(limit, len(self._names))
        return [self._names[row] for row in np.argpartition(-self._scores, count - 1)[:count]]


class GraphText:
    """A graph's words for one encoder; relations and types are read once, entities when they are met."""

    def __init__(self, graph: KnowledgeGraph, encoder: TextEncoder) -> None:
        self.graph = graph
        self.encoder = encoder
        self._relations = sorted(graph.relation_names())
        self._types = sorted(graph.type_names())
        self.relation_rows = {name: row for row, name in enumerate(self._relations)}
        self.type_rows = {name: row for row, name in enumerate(self._types)}
        relations = graph.labels(self._relations)  # together: an endpoint is asked for all words at once
        self._relation_texts = list(map(self._relation_text, self._relations, relations))
        labels = graph.labels(self._types)
        self._type_texts = [label or name for label, name in zip(labels, self._types, strict=True)]
        self._entity_texts: dict[tuple[str, ...], str] = {}
        self._products: dict[int, dict[str, Vectors]] = {}  # of relation and of type vectors, by question

    @cached_property
    def _relation_vectors(self) -> Vectors | None:
        return stored_vectors(self.encoder, self._relation_texts)

    @cached_property
    def _type_vectors(self) -> Vectors | None:
        return stored_vectors(self.encoder, self._type_texts)

    @cached_property
    def _entity_vectors(self) -> EntityVectors | None:
        return EntityVectors.open(self.graph, self.encoder)

    def encode_names(self) -> None:
        """Have the vectors of all relations and types made and kept on disk, for other processes to find."""
        for texts in (self._relation_texts, self._type_texts):
            stored_vectors(self.encoder, texts)

    def forget_questions(self) -> None:
        """Encode questions anew, so that what is said of one does not depend on those asked before."""
        self._products.clear()
        self.encoder.forget()

    def _relation_text(self, name: str, label: str | None) -> str:
        aliases = sorted(self.graph.aliases(name), key=lambda alias: (len(alias), alias))[:_ALIASES]
        label = label or name
        return f"{label}; {', '.join(aliases)}" if aliases else label

    def relation(self, name: str) -> str:
        """``director; film director, directed by``; the name of a relation that the graph does not have."""
        row = self.relation_rows.get(name)
        return name if row is None else self._relation_texts[row]

    def type(self, name: str) -> str:
        """The label."""
        row = self.type_rows.get(name)
        return name if row is None else self._type_texts[row]

    def entity(self, names: Sequence[str]) -> str:
        """``Grease (film, 1978 film by Randal Kleiser)``; of several the first few and how many there are."""
        key = tuple(names)
        if key not in self._entity_texts:
            if len(self._entity_texts) > 100_000:
                self._entity_texts.clear()
            self._entity_texts[key] = self._several_text(key) if len(key) > 1 else self._entity_text(key[0])
            if len(key) == 1 and self._entity_vectors is not None:
                number = int(self.graph.entities(key)[0])
                if (vector := self._entity_vectors.of(number)) is not None:
                    self.encoder.remember(self._entity_texts[key], vector)
        return self._entity_texts[key]

    def _several_text(self, names: Sequence[str]) -> str:
        shown = names[:_SHOWN_OF_SET]
        labels = [label or name for label, name in zip(self.graph.labels(shown), shown, strict=True)]
        return f"{len(names)}: {', '.join(labels)}"

    def _entity_text(self, name: str) -> str:
        label = self.graph.label(name) or name
        number = self.graph.entities([name])
        kinds = self.graph.types(number[number >= 0])
        labels = [x for x in self.graph.labels(self.graph.entity_names(kinds.items[:2])) if x]
        about = ", ".join(dict.fromkeys([*labels, self.graph.description(name) or ""])).strip(", ")
        return f"{label} ({about})" if about else label

    def similar_relations(self, questions: Sequence[str]) -> Similarity:
        """Similarity of every relation to the questions of a dialogue, the latest first."""
        scores = self._similarity(self._relation_vectors, questions)
        return Similarity(self._relations, self.relation_rows, scores)

    def similar_types(self, questions: Sequence[str]) -> Similarity:
        """Similarity of every type to the questions of a dialogue, the latest first."""
        return Similarity(self._types, self.type_rows, self._similarity(self._type_vectors, questions))

    def _similarity(self, vectors: Vectors | None, questions: Sequence[str]) -> Vectors | None:
        if vectors is None:
            return None
        # A question is asked about again in the turns after it: its products are kept for a while.
        kept = self._products.setdefault(id(vectors), {})
        if len(kept) > _KEPT_QUESTIONS:
            kept.clear()
        for question in questions:
            if question not in kept:
                asked = self.encoder.vectors([question])
                if asked is None:
                    return None
                kept[question] = vectors @ asked[0]
        best: Vectors = np.max([kept[q] - EARLIER * turn for turn, q in enumerate(questions)], axis=0)
        return best
