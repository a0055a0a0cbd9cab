"""Vectors of a graph's entities, made ahead and kept on disk for one graph and one encoder.

A question brings a dozen entities into its context, and reading their texts takes longer than deciding among
them. ``kgqa graph encode`` reads them once. What it made is memory-mapped: a process holds in memory only
what it asks for, and several share it. A rebuilt graph or another encoder never meets old vectors.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from grammar.denotation import IntArray
from grammar.errors import ConfigError
from kgqa.graphs.embedded import EmbeddedGraph
from kgqa.graphs.protocol import KnowledgeGraph
from kgqa.stored_vectors import vectors_folder
from kgqa.text import HalfArray, TextEncoder

if TYPE_CHECKING:
    from kgqa.graph_text import GraphText

_CHUNK = 512
_NUMBERS, _VECTORS, _STATE = "numbers.npy", "vectors.npy", "state.json"


@dataclass(frozen=True)
class EntityVectors:
    """``vectors`` [n, width] of the entities ``numbers`` [n], which ascend; the first ``done`` are made."""

    folder: Path
    numbers: IntArray
    vectors: HalfArray
    done: int

    @classmethod
    def open(
        cls, graph: KnowledgeGraph, encoder: TextEncoder, *, folder: Path | None = None
    ) -> EntityVectors | None:
        """Those of a graph and an encoder; None where none have been made, or what was made is damaged."""
        if not isinstance(graph, EmbeddedGraph) or encoder.digest is None:
            return None
        kept = _folder(graph, encoder.digest, folder)
        try:
            numbers = np.load(kept / _NUMBERS, mmap_mode="r", allow_pickle=False)
            vectors = np.load(kept / _VECTORS, mmap_mode="r", allow_pickle=False)
            done = int(json.loads((kept / _STATE).read_text(encoding="utf-8"))["done"])
        except (OSError, ValueError, EOFError, KeyError, TypeError):
            return None
        fits = vectors.shape == (len(numbers), encoder.width) and 0 <= done <= len(numbers)
        return cls(kept, numbers, vectors, done) if fits else None

    def of(self, number: int) -> npt.NDArray[np.float16] | None:
        """The vector [width] of an entity, if it has been made."""
        row = int(np.searchsorted(self.numbers, number))
        return self.vectors[row] if row < self.done and self.numbers[row] == number else None


def encode_entities(
    text: GraphText,
    *,
    most: int | None = None,
    folder: Path | None = None,
    progress: Callable[[str, int, int | None], None],
) -> EntityVectors:
    """Make the vectors of the best-known entities of a graph; what a stopped call has made is kept.

    Args:
        most: of so many; of all if left out.
        folder: where they are kept; the user's cache if left out.

    Raises:
        ConfigError: the graph is no built one, or the encoder has no vectors of texts.
    """
    graph, encoder = text.graph, text.encoder
    if not isinstance(graph, EmbeddedGraph) or encoder.digest is None:
        raise ConfigError(
            "expected a built graph and a model with a pretrained text encoder, found "
            + ("a model that learnt its own word pieces" if encoder.digest is None else "an endpoint")
        )
    numbers = _best_known(graph, most)
    kept = EntityVectors.open(graph, encoder, folder=folder)
    if kept is None or not np.array_equal(kept.numbers, numbers):
        kept = _begin(_folder(graph, encoder.digest, folder), numbers, encoder.width)
    vectors = np.load(kept.folder / _VECTORS, mmap_mode="r+", allow_pickle=False)
    for start in range(kept.done, len(numbers), _CHUNK):
        names = graph.entity_names(numbers[start : start + _CHUNK])
        vectors[start : start + len(names)] = encoder.labels([text.entity((name,)) for name in names])
        vectors.flush()
        _write_state(kept.folder, start + len(names))
        progress("entities", start + len(names), len(numbers))
    return EntityVectors(kept.folder, numbers, vectors, len(numbers))


def _best_known(graph: EmbeddedGraph, most: int | None) -> IntArray:
    """Numbers of the best-known entities, ascending."""
    everything = np.arange(graph.info().entities, dtype=np.int64)
    if most is None or most >= len(everything):
        return everything
    return np.sort(np.argsort(-graph.degree(everything), kind="stable")[:most])


def _folder(graph: EmbeddedGraph, digest: str, folder: Path | None) -> Path:
    key = hashlib.sha256(f"{graph.checksum} {digest}".encode()).hexdigest()[:32]
    return (folder or vectors_folder()) / key


def _begin(folder: Path, numbers: IntArray, width: int) -> EntityVectors:
    folder.mkdir(parents=True, exist_ok=True)
    _write_state(folder, 0)
    np.save(folder / _NUMBERS, numbers, allow_pickle=False)
    vectors = np.lib.format.open_memmap(
        folder / _VECTORS, mode="w+", dtype=np.float16, shape=(len(numbers), width)
    )
    return EntityVectors(folder, numbers, vectors, 0)


def _write_state(folder: Path, done: int) -> None:
    new = folder / f"{_STATE}.new"
    new.write_text(json.dumps({"done": done}), encoding="utf-8")
    os.replace(new, folder / _STATE)
