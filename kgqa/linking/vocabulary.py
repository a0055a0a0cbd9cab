"""Which types and relations a question's words may stand for: labels and aliases compared stem by stem.

The comparison is lexical. What no shared word tells is left to the context builder, which adds the
relations of the neighbourhood.
"""

from __future__ import annotations

import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np

from grammar.denotation import EMPTY
from grammar.values import String, Text
from kgqa.graphs.names import normalise
from kgqa.graphs.protocol import KnowledgeGraph
from kgqa.linking.mentions import STOP_WORDS, normal_form
from kgqa.linking.stems import SYNONYMS, singular, stem

_MOST = 30
_DEMONYM = "P1549"
_COUNTRIES = ("country", "sovereign state")
_PRIOR = 0.6  # how much of a score being well known decides
_CROWD = 0.2  # what each better name of the same words takes away, so that all words of a question have a say
_SILENT = STOP_WORDS - {"name", "thing", "things", "number", "may", "will"}
"""Words that tell no type or relation."""
_DERIVED = 0.7
"""What a shared stem is worth where the words differ: "territory" and "territorial"."""


def stems(text: str) -> dict[str, str]:
    """Stem -> word, in the singular, of the words that say something."""
    return {stem(word): singular(word) for word in normalise(text).split() if word not in _SILENT}


@dataclass(frozen=True)
class Wording:
    """A type or relation whose words occur: ``score`` 0..1; ``span`` characters from first to last word."""

    name: str
    score: float
    span: tuple[int, int]


@dataclass(frozen=True)
class _Place:
    """A word of the question: its number, and where it stands."""

    number: int
    start: int
    end: int
    word: str  # in the singular


@dataclass(frozen=True)
class _Text:
    owner: int
    words: Mapping[str, str]
    is_label: bool
    weight: float = 0.0  # what all its stems together say


class WordIndex:
    """Labels and aliases of a few thousand names, by stem.

    Args:
        texts: for every name its label, perhaps empty, then its aliases.
        priors: how likely each name is before any word is read, 0..1.
    """

    def __init__(self, names: Sequence[str], texts: Iterable[Sequence[str]], priors: Sequence[float]) -> None:
        self._names = names
        self._priors = priors
        read = [
            _Text(owner, own, place == 0)
            for owner, ways in enumerate(texts)
            for place, text in enumerate(ways)
            if (own := stems(text))
        ]
        self._with_stem: dict[str, list[int]] = defaultdict(list)
        self._with_stems: dict[frozenset[str], list[int]] = defaultdict(list)
        for number, text in enumerate(read):
            self._with_stems[frozenset(text.words)].append(number)
            for one in text.words:
                self._with_stem[one].append(number)
        self._says = {one: math.log1p(len(read) / len(found)) for one, found in self._with_stem.items()}
        self._texts = [replace(text, weight=sum(self._says[one] for one in text.words)) for text in read]

    @property
    def words(self) -> frozenset[str]:
        """The words of all labels and aliases, in the singular."""
        return frozenset(word for text in self._texts for word in text.words.values())

    def knows(self, word: str) -> bool:
        """Whether any label or alias has a word of the same stem."""
        return stem(word.casefold()) in self._says

    def find(self, question: str, *, limit: int) -> list[Wording]:
        """The names whose words occur in the question, best first."""
        places: dict[str, list[_Place]] = defaultdict(list)
        best: dict[int, tuple[float, int, int]] = {}

        def keep(owner: int, score: float, start: int, end: int) -> None:
            if owner not in best or best[owner][0] < score:
                best[owner] = (score, start, end)

        written = [(normal_form(match.group()), *match.span()) for match in re.finditer(r"\w+", question)]
        for number, (word, start, end) in enumerate(written):
            if word not in _SILENT:
                places[stem(word)].append(_Place(number, start, end, singular(word)))
            before, begin, _ = written[number - 1] if number else ("", 0, 0)
            pair = SYNONYMS.get(f"{before} {word}", ())
            for meant in pair or SYNONYMS.get(word) or SYNONYMS.get(singular(word), ()):
                words = stems(meant)
                for row in self._with_stems.get(frozenset(words), ()):
                    text = self._texts[row]
                    if text.words != words:  # "human" is meant, not "humanities"
                        continue
                    score = (0.75 if text.is_label else 0.5) * (0.8 + 0.2 * self._priors[text.owner])
                    keep(text.owner, score, begin if pair else start, end)
        shared: dict[int, list[str]] = defaultdict(list)
        for one in places:
            for row in self._with_stem.get(one, ()):
                shared[row].append(one)
        for row, found in shared.items():
            text = self._texts[row]
            chosen = _closest([places[one] for one in found])
            score = self._score(text, found, chosen)
            keep(text.owner, score, min(one.start for one in chosen), max(one.end for one in chosen))
        seen: Counter[tuple[int, int]] = Counter()
        ranked: list[tuple[int, tuple[float, int, int]]] = []
        for owner, (score, start, end) in sorted(best.items(), key=lambda item: (-item[1][0], item[0])):
            ranked.append((owner, (score / (1.0 + _CROWD * seen[start, end]), start, end)))
            seen[start, end] += 1
        ranked = sorted(ranked, key=lambda item: (-item[1][0], item[0]))[:limit]
        return [
            Wording(self._names[owner], round(score, 4), (start, end))
            for owner, (score, start, end) in ranked
        ]

    def _score(self, text: _Text, found: Sequence[str], chosen: Sequence[_Place]) -> float:
        """Share of the text's words that occur, by how much they say; words far apart count less."""
        said = sum(
            self._says[one] * (1.0 if place.word == text.words[one] else _DERIVED)
            for one, place in zip(found, chosen, strict=True)
        )
        numbers = [one.number for one in chosen]
        between = max(numbers) - min(numbers) + 1 - len(numbers)
        # The root keeps long labels in the race: "designation for an administrative territorial entity".
        score = math.sqrt(said / text.weight) / (1.0 + 0.15 * max(between, 0))
        score *= 0.9 + 0.1 * text.is_label
        score *= 0.5 + 0.5 * said / (said + 3.0)
        return score * (1.0 - _PRIOR + _PRIOR * self._priors[text.owner])


def _closest(places: Sequence[Sequence[_Place]]) -> list[_Place]:
    """One place for each word, close to that of the first."""
    around = places[0][0].number
    return [min(own, key=lambda one: abs(one.number - around)) for own in places]


def find_wordings(index: WordIndex, question: str, *, limit: int) -> tuple[Wording, ...]:
    """``WordIndex.find``, remembered: the next turns of a dialogue come back to its questions."""
    return _remembered(index, question)[:limit]


@lru_cache(maxsize=256)
def _remembered(index: WordIndex, question: str) -> tuple[Wording, ...]:
    return tuple(index.find(question, limit=_MOST))


@dataclass(frozen=True)
class Vocabulary:
    """The words of a graph's types and relations; ``demonyms``: normal forms ("german", "kiwi") -> names."""

    types: WordIndex
    relations: WordIndex
    demonyms: Mapping[str, tuple[str, ...]]


@lru_cache(maxsize=4)
def vocabulary(graph: KnowledgeGraph) -> Vocabulary:
    """The vocabulary of a graph; the first call reads all labels of types and relations (about a second).

    Among types with the same words the one with most facts comes first.
    """
    types, relations = graph.type_names(), graph.relation_names()
    numbers = graph.entities(types)
    degrees = np.zeros(len(types))
    degrees[numbers >= 0] = graph.degree(numbers[numbers >= 0])
    known = np.log1p(degrees)
    priors = (known / max(float(known.max(initial=0.0)), 1.0)).tolist()
    return Vocabulary(
        WordIndex(types, _ways(graph, types), priors),
        WordIndex(relations, _ways(graph, relations), [1.0] * len(relations)),
        _demonyms(graph) if _DEMONYM in relations else {},
    )


def _demonyms(graph: KnowledgeGraph) -> dict[str, tuple[str, ...]]:
    """What the people and things of a country are called, as far as the graph says so."""
    kinds = [name for names in graph.exact(_COUNTRIES, among="types") for name in names]
    countries = np.unique(np.concatenate([EMPTY, *(graph.members(name) for name in kinds)]))
    found = graph.literals(countries, _DEMONYM)
    names = graph.entity_names(countries[found.owners])
    demonyms: dict[str, list[str]] = defaultdict(list)
    for name, value in zip(names, graph.values(found.items), strict=True):
        if isinstance(value, String) or (isinstance(value, Text) and value.language == "en"):
            demonyms[normalise(value.text)].append(name)
    return {text: tuple(dict.fromkeys(owners)) for text, owners in demonyms.items()}


def _ways(graph: KnowledgeGraph, names: Sequence[str]) -> list[list[str]]:
    labels = graph.labels(names)
    return [[label or "", *graph.aliases(name)] for name, label in zip(names, labels, strict=True)]
