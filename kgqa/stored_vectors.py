"""Vectors of a graph's relation and type names, kept on disk from one start to the next.

A large graph has tens of thousands of types, and encoding them takes longer than everything else at a start.
What is kept is found again by the encoder's weights and the texts themselves, so a rebuilt graph or another
encoder never meets old vectors; it is memory-mapped, and several processes share it.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from kgqa.graphs.opening import cache_folder
from kgqa.text import TextEncoder

Vectors = npt.NDArray[np.float32]


def stored_vectors(
    encoder: TextEncoder, texts: Sequence[str], *, folder: Path | None = None
) -> Vectors | None:
    """``encoder.vectors`` of texts [n, width], from disk if they have been encoded before.

    Args:
        folder: where they are kept; the user's cache if left out.
    """
    if not texts or (digest := encoder.digest) is None:
        return encoder.vectors(texts)
    key = hashlib.sha256("\0".join((digest, *texts)).encode()).hexdigest()[:32]
    path = (folder or vectors_folder()) / f"{key}.npy"
    kept = _open(path)
    if kept is not None and kept.shape == (len(texts), encoder.width):
        return kept
    vectors = encoder.vectors(texts)
    if vectors is not None:
        _keep(path, vectors)
    return vectors


def vectors_folder() -> Path:
    """Where vectors are kept on this machine."""
    return cache_folder().parent / "vectors"


def _open(path: Path) -> Vectors | None:
    """What is kept there; None where nothing is, or what is there is damaged and is to be made anew."""
    try:
        return np.load(path, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError, EOFError):
        return None


def _keep(path: Path, vectors: Vectors) -> None:
    """Write so that a reader finds all or nothing. A place that cannot be written to costs only time."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=path.parent, suffix=".new", delete=False) as file:
            np.save(file, vectors, allow_pickle=False)
        os.replace(file.name, path)
    except OSError:
        return
