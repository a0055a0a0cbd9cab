"""How much the meaning of a question is like the names of relations, as a text encoder has it.

Words in common miss "Where is he from?" and "place of birth". The best of a relation's label and aliases
counts. What is measured does not depend on what was measured before, so that silver files made by one
process or by many are the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from kgqa.graphs.protocol import KnowledgeGraph

_MOST_NAMES = 10  # of one relation


class Likeness:
    """Measures questions against relations of one graph.

    Args:
        encoder: a folder or Hugging Face name, as in the settings of training.

    Raises:
        ConfigError: there is no such encoder.
    """

    def __init__(self, encoder: Path | str, graph: KnowledgeGraph) -> None:
        # Seconds to import, and only questions without annotation need it.
        import torch

        from kgqa.text import PretrainedText

        torch.set_num_threads(1)
        self._text = PretrainedText(str(encoder), device=torch.device("cpu"))
        self._graph = graph
        self._relations: dict[str, npt.NDArray[np.float32]] = {}

    def of(self, question: str, relations: Iterable[str]) -> dict[str, float]:
        """Cosine of the question and the best name of each relation; relations without a name are left out.

        Raises nothing: a relation that the graph does not know has no name.
        """
        asked = self._vectors([question])[0]
        found = {}
        for relation in dict.fromkeys(relations):
            names = self._relations.get(relation)
            if names is None:
                words = [self._graph.label(relation), *self._graph.aliases(relation)][:_MOST_NAMES]
                names = self._relations[relation] = self._vectors([word for word in words if word])
            if len(names):
                found[relation] = round(float((names @ asked).max()), 3)
        return found

    def _vectors(self, texts: Sequence[str]) -> npt.NDArray[np.float32]:
        """Unit vectors [n, width]; one text at a time, since a batch changes the last digits."""
        rows = [self._text.labels([text])[0] for text in texts]
        return np.array(rows, dtype=np.float32).reshape(-1, self._text.width)
