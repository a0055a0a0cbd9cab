"""From words to names: an index over labels and aliases, searched in place by binary search.

Three ways in, from the surest to the vaguest: the whole text (``exact``), whole words of it (``partial``),
words with typos (``fuzzy``: words that share trigrams with the ones asked for, ranked by rapidfuzz).
"""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import TypeVar

import numpy as np
from rapidfuzz import fuzz, process
from rapidfuzz.distance import OSA

from grammar.denotation import FloatArray, IntArray
from kgqa.graphs.arrays import Array, ArrayReader, ArrayWriter, Texts, compact
from kgqa.graphs.protocol import How

Number = TypeVar("Number", float, FloatArray)

_NOT_WORD = re.compile(r"[^\w+#]+|_+")  # C++ and C# are not C
_FREQUENT = 20_000
"""A word of more labels than this narrows nothing down; it is used only where no rarer word is there."""
_RARE = 10
_RANKED = 300
"""How many candidates are compared letter by letter."""
_LONGEST_WORD = 40
_TYPO_WORDS = 5
"""How many known words a mistyped one may stand for."""


def normalise(text: str) -> str:
    """What is left of a label when case, accents and punctuation are put aside.

    >>> normalise("Île-de-France")
    'ile de france'
    """
    plain = text
    if not text.isascii():
        text = text.encode("utf-8", "ignore").decode()  # half a surrogate pair is dropped
        parts = unicodedata.normalize("NFKD", text)
        plain = "".join(part for part in parts if not unicodedata.combining(part))
    words = _NOT_WORD.sub(" ", plain.casefold()).strip()
    return words or text.casefold().strip()  # "!!!" and "+" are names too


def exact_score(is_label: bool) -> float:
    """Score of a hit that is exactly a label, or an alias."""
    return 1.0 if is_label else 0.97


def standing(score: Number, degree: Number) -> Number:
    """The order of hits: how well they match, and a little how well known they are.

    An alias of something known all over (degree 10,000) stands before the label of something unknown, but
    after the label of something known a tenth as well.
    """
    return score + 0.012 * np.log1p(degree)


def _trigrams(word: str) -> set[str]:
    padded = f"^{word}$"
    return {padded[i : i + 3] for i in range(len(padded) - 2)}


def write_index(
    writer: ArrayWriter, name: str, *, entries: Iterable[tuple[str, int, bool]], weights: Array
) -> None:
    """Write an index.

    Args:
        entries: (label or alias, owner, whether it is the label).
        weights: [owners] degrees; owners of the same words are kept in the order of their ``standing``.
    """
    owners_of: dict[bytes, dict[int, bool]] = defaultdict(dict)
    for text, owner, is_label in entries:
        known = owners_of[normalise(text).encode()]
        known[owner] = known.get(owner, False) or is_label
    keys = sorted(owners_of)
    owners: list[int] = []
    is_labels: list[bool] = []
    words: dict[bytes, list[int]] = defaultdict(list)
    for row, key in enumerate(keys):
        ranked = list(owners_of[key].items())
        if len(ranked) > 1:
            ranked.sort(key=lambda pair: -standing(exact_score(pair[1]), float(weights[pair[0]])))
        owners += [owner for owner, _ in ranked]
        is_labels += [is_label for _, is_label in ranked]
        for word in dict.fromkeys(key.split()):
            words[word].append(row)
    writer.texts(f"{name}.keys", keys)
    counts = np.fromiter((len(owners_of[key]) for key in keys), dtype=np.int64, count=len(keys))
    writer.ragged(f"{name}.owners", counts, compact(np.array(owners, dtype=np.int64)))
    writer.column(f"{name}.is_label", np.array(is_labels, dtype=np.bool_))
    _write_postings(writer, f"{name}.words", words)
    trigrams: dict[bytes, list[int]] = defaultdict(list)
    for row, word in enumerate(sorted(words)):
        for trigram in _trigrams(word.decode()):
            trigrams[trigram.encode()].append(row)
    _write_postings(writer, f"{name}.trigrams", trigrams)


def _write_postings(writer: ArrayWriter, name: str, postings: dict[bytes, list[int]]) -> None:
    terms = sorted(postings)
    writer.texts(f"{name}.terms", terms)
    counts = np.fromiter((len(postings[term]) for term in terms), dtype=np.int64, count=len(terms))
    rows = np.fromiter(
        (row for term in terms for row in postings[term]), dtype=np.int64, count=int(counts.sum())
    )
    writer.ragged(f"{name}.rows", counts, compact(rows))


class _Postings:
    """Sorted terms, and for each the sorted rows that have it."""

    def __init__(self, reader: ArrayReader, name: str) -> None:
        self.terms = reader.texts(f"{name}.terms")
        self._pointers, self._rows = reader.ragged(f"{name}.rows")

    def find(self, term: str) -> int:
        return self.terms.find(term.encode())

    def count(self, place: int) -> int:
        return int(self._pointers[place + 1] - self._pointers[place])

    def rows(self, place: int) -> Array:
        rows: Array = self._rows[self._pointers[place] : self._pointers[place + 1]]
        return rows


class NameIndex:
    """Labels and aliases of entities, types or relations; owners are numbers."""

    def __init__(self, reader: ArrayReader, name: str) -> None:
        self._keys: Texts = reader.texts(f"{name}.keys")
        self._pointers, self._owners = reader.ragged(f"{name}.owners")
        self._is_label = reader.column(f"{name}.is_label")
        self._words = _Postings(reader, f"{name}.words")
        self._trigrams = _Postings(reader, f"{name}.trigrams")

    def exact(self, text: str) -> list[tuple[int, bool]]:
        """Owners of exactly these words, with whether they are the label, in order of ``standing``."""
        wanted = normalise(text).encode()
        row = self._keys.find(wanted) if wanted else -1
        if row < 0:
            return []
        start, end = self._pointers[row], self._pointers[row + 1]
        return list(zip(self._owners[start:end].tolist(), self._is_label[start:end].tolist(), strict=True))

    def similar(self, text: str, *, limit: int, fuzzy: bool) -> list[tuple[int, str, float, How]]:
        """Owners of similar words: (owner, the words, score below 1, how), best first; no exact ones."""
        wanted = normalise(text)[:200]
        if not wanted:
            return []
        rows = self._candidates(wanted, fuzzy=fuzzy)
        own = self._keys.find(wanted.encode())
        keys = [self._keys[row] for row in rows.tolist()]
        in_order = process.cdist([wanted], keys, scorer=fuzz.ratio)[0] if keys else np.empty(0)
        as_words = process.cdist([wanted], keys, scorer=fuzz.token_set_ratio)[0] if keys else np.empty(0)
        scores = (0.6 * as_words + 0.4 * in_order) / 100 * 0.95
        asked = wanted.split()
        found: dict[int, tuple[int, str, float, How]] = {}
        for place in np.argsort(-scores, kind="stable").tolist():
            row, score = int(rows[place]), float(scores[place])
            if row == own:
                continue
            whole = _has_words(keys[place].split(), asked)
            if not (whole or fuzzy) or score < 0.5:
                continue
            for owner in self._owners[self._pointers[row] : self._pointers[row + 1]].tolist():
                found.setdefault(owner, (owner, keys[place], score, "partial" if whole else "fuzzy"))
            if len(found) >= max(limit * 3, 30):
                break
        return list(found.values())

    def _candidates(self, wanted: str, *, fuzzy: bool) -> IntArray:
        """Rows that share words with the text, at most ``_RANKED``, the likeliest first."""
        weight: dict[int, float] = {}  # place of a known word -> how much sharing it says
        words = wanted.split()
        for last, word in enumerate(words, 1 - len(words)):
            place = self._words.find(word)
            if place >= 0:
                weight[place] = max(weight.get(place, 0.0), 1.0)
            if last == 0 and len(word) > 1:  # the last word may still be being typed
                for longer in self._starting_with(word, most=20):
                    weight.setdefault(longer, 0.7)
            # A rare word may still be a mistyped one that happens to exist.
            if fuzzy and (place < 0 or self._words.count(place) < _RARE):
                for other, similarity in self._typos(word):
                    weight[other] = max(weight.get(other, 0.0), similarity)
        for place in self._wrong_spaces(words) if fuzzy else ():
            weight.setdefault(place, 0.9)
        if not weight:
            return np.empty(0, dtype=np.int64)
        sizes = {place: self._words.count(place) for place in weight}
        used = [place for place in weight if sizes[place] <= _FREQUENT] or [
            min(weight, key=lambda p: sizes[p])
        ]
        rows = np.concatenate([self._words.rows(place) for place in used]).astype(np.int64)
        worth = np.concatenate(
            [
                np.full(sizes[place], weight[place] * np.log1p(len(self._keys) / sizes[place]))
                for place in used
            ]
        )
        unique, inverse = np.unique(rows, return_inverse=True)
        totals = np.bincount(inverse, weights=worth)
        if len(unique) > _RANKED:
            # Among rows that share equally much, the shorter label is the closer one.
            lengths = self._keys.lengths(unique)
            best = np.lexsort((lengths, -totals))[:_RANKED]
            unique = unique[best]
        return unique

    def _wrong_spaces(self, words: Sequence[str]) -> Iterable[int]:
        """Known words that an unknown one falls into, or that two neighbours are together."""
        find = self._words.find
        for word in words:
            if 4 <= len(word) <= _LONGEST_WORD and find(word) < 0:
                for cut in range(2, len(word) - 1):
                    parts = find(word[:cut]), find(word[cut:])
                    if min(parts) >= 0:
                        yield from parts
        for word, following in pairwise(words):
            place = find(word + following)
            if place >= 0:
                yield place

    def _starting_with(self, start: str, *, most: int) -> Iterable[int]:
        wanted = start.encode()
        place = self._words.terms.place(wanted)
        for longer in range(place, min(place + most, len(self._words.terms))):
            if not self._words.terms.row(longer).startswith(wanted):
                return
            yield longer

    def _typos(self, word: str) -> list[tuple[int, float]]:
        """Known words that a mistyped one may stand for, with their similarity."""
        if len(word) < 3:
            return []
        grams = [place for place in map(self._trigrams.find, _trigrams(word)) if place >= 0]
        if not grams:
            return []
        rows, shared = np.unique(np.concatenate([self._trigrams.rows(p) for p in grams]), return_counts=True)
        if len(rows) > _RANKED:
            rows = rows[np.argsort(-shared, kind="stable")[:_RANKED]]
        terms = [self._words.terms[row] for row in rows.tolist()]
        best = process.extract(
            word, terms, scorer=OSA.normalized_similarity, limit=_TYPO_WORDS, score_cutoff=0.65
        )
        return [(int(rows[place]), float(similarity)) for _, similarity, place in best]


def _has_words(words: Sequence[str], asked: Sequence[str]) -> bool:
    """Whether all words asked for are there, the last one perhaps only begun."""
    there = set(words)
    return all(word in there for word in asked[:-1]) and (
        asked[-1] in there or any(word.startswith(asked[-1]) for word in there)
    )
