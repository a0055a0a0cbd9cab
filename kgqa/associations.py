"""Which relations and types the words of questions have stood for in training.

A small table learnt by counting: a run of one to three word stems -> names, with how often a form used the
name when the question had the words. It only proposes candidates ("starred in" -> cast member); the model
points at them by their text, as at any other candidate, and names that the graph lacks are left out.
"""

from __future__ import annotations

import json
import os
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Literal, TypeAlias

from grammar.errors import CheckpointError
from grammar.forms import LogicalForm, RelationLeaf, TypeLeaf, leaves
from kgqa.linking.mentions import find_words
from kgqa.linking.stems import stem

Among: TypeAlias = Literal["relations", "types"]
LONGEST = 3
_MOST_NAMES = 12  # names kept for one run of words
_KINDS: dict[Among, type[RelationLeaf] | type[TypeLeaf]] = {"relations": RelationLeaf, "types": TypeLeaf}


@lru_cache(maxsize=4096)  # a question is asked about again, for relations and types and in the turns after it
def runs_of(question: str) -> tuple[str, ...]:
    """All runs of one to three word stems, each once."""
    words = [stem(word.text.lower()) for word in find_words(question)]
    return tuple(
        dict.fromkeys(
            " ".join(words[k : k + length])
            for length in range(1, LONGEST + 1)
            for k in range(len(words) - length + 1)
        )
    )


@dataclass
class Associations:
    """Counts: ``seen`` of every run of words, ``together`` of runs and names."""

    seen: Counter[str] = field(default_factory=Counter)
    together: dict[Among, dict[str, dict[str, int]]] = field(
        default_factory=lambda: {"relations": {}, "types": {}}
    )

    @classmethod
    def learn(cls, lessons: Iterable[tuple[str, LogicalForm]]) -> Associations:
        """Count over questions and their forms, each pair once: how often a question was repeated, because it
        stands in many dialogues or has more weight, says nothing of what its words stand for."""
        learnt = cls()
        for question, form in dict.fromkeys(lessons):
            names = {
                among: list(dict.fromkeys(leaf.name for leaf in leaves(form) if isinstance(leaf, kind)))
                for among, kind in _KINDS.items()
            }
            for run in runs_of(question):
                learnt.seen[run] += 1
                for among, found in names.items():
                    counts = learnt.together[among].setdefault(run, {})
                    for name in found:
                        counts[name] = counts.get(name, 0) + 1
        for together in learnt.together.values():
            for run, counts in together.items():
                if len(counts) > _MOST_NAMES:
                    together[run] = dict(Counter(counts).most_common(_MOST_NAMES))
        return learnt

    def find(self, question: str, *, among: Among, limit: int) -> list[tuple[str, float]]:
        """Names that the words have stood for, with a score in 0..1, best first.

        The score is the share of questions with one of these runs that used the name, lowered for runs that
        were seen seldom; the best run counts, and a little of the others.
        """
        scores: dict[str, list[float]] = defaultdict(list)
        for run in runs_of(question):
            for name, count in self.together[among].get(run, {}).items():
                scores[name].append((count - 0.5) / (self.seen[run] + 2.0))
        ranked = []
        for name, found in scores.items():
            found.sort(reverse=True)
            ranked.append((name, round(min(1.0, found[0] + 0.1 * sum(found[1:4])), 3)))
        return sorted(ranked, key=lambda pair: (-pair[1], pair[0]))[:limit]

    def save(self, path: Path) -> None:
        """Write as JSON, without what was seen once only."""
        kept = {run: count for run, count in self.seen.items() if count > 1}
        record: dict[str, object] = {"seen": dict(sorted(kept.items()))}
        for among, together in self.together.items():
            record[among] = {run: together[run] for run in sorted(together) if run in kept}
        new = path.with_suffix(".new")
        new.write_text(json.dumps(record, ensure_ascii=False, separators=(",", ":")), encoding="utf-8")
        os.replace(new, path)

    @classmethod
    def load(cls, path: Path) -> Associations:
        """Open what ``save`` wrote; nothing is known where there is no such file.

        Raises:
            CheckpointError: the file is damaged.
        """
        learnt = cls()
        if not path.exists():
            return learnt
        try:
            record = json.loads(path.read_text(encoding="utf-8"))
            learnt.seen.update(record["seen"])
            for among in _KINDS:
                if not all(isinstance(counts, dict) for counts in record[among].values()):
                    raise TypeError(f"{among}: expected counts for every run of words")
                learnt.together[among].update(record[among])
        except (ValueError, KeyError, AttributeError, TypeError) as error:
            raise CheckpointError(f"{path} is damaged ({error}); copy the run anew") from None
        return learnt


def halves(
    lessons: Sequence[tuple[str, LogicalForm]], first: Sequence[bool]
) -> tuple[Associations, Associations]:
    """What the first half and what the second half of the lessons teach, to be used on the other half.

    Training must not see a word explained by the very example it stands in.
    """
    marked = list(zip(lessons, first, strict=True))
    return (
        Associations.learn(lesson for lesson, is_first in marked if is_first),
        Associations.learn(lesson for lesson, is_first in marked if not is_first),
    )
