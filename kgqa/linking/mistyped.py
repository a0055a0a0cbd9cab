"""Names that a question mistypes: what to search for, and which words a name that was found stands for.

A typo may hit any word, the names' neighbours too, and the space between two words ("the band Rus hcome
from"). So no run of words is trusted: a search starts from words that nothing knows, and a name that it
finds is laid against all the words around these; it stands for those that are most like it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence, Set
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import pairwise

import numpy as np
from rapidfuzz import fuzz, process
from rapidfuzz.distance import OSA

from kgqa.graphs.protocol import KnowledgeGraph
from kgqa.linking.mentions import (
    APOSTROPHES,
    ENDS_SENTENCE,
    JOINING,
    MOST_WORDS,
    STOP_WORDS,
    Span,
    Word,
    normal_form,
    open_mentions,
    span_of,
)
from kgqa.linking.stems import singular
from kgqa.linking.vocabulary import vocabulary

_SHORTEST = 3
"""Letters of a word that is searched for; of shorter ones nearly every other is a neighbour."""
_ALIKE = 0.75
"""Words around what was searched for are a name's only where they are so much like it."""
_AROUND = 5
"""Words on either side of what was searched for that a name may stand for as well."""
_WIDER = 2
"""Words on either side that are searched for together with a run."""
_MOST_MENDED = 100
_MENDED_WORDS = 6
_MARKS = frozenset(".?!,;:")


@dataclass(frozen=True)
class Known:
    """What the vocabulary of a graph tells of a word."""

    common: Callable[[str], bool]
    """Whether types or relations have it, rather than only names."""
    slip: Callable[[str], bool]
    """Whether it is one typo away from a word that types or relations have."""
    small: Callable[[str], str | None]
    """The small word that it is one typo away from: "hte", "wwhat"."""


@lru_cache(maxsize=4)
def known_words(graph: KnowledgeGraph) -> Known:
    """What types and relations of a graph, and the small words of the language, tell of a word."""
    words = vocabulary(graph)  # type: ignore[arg-type]  # graphs are hashable by identity
    types, relations = words.types, words.relations
    few, many = _Spellings(STOP_WORDS), _Spellings(types.words | relations.words)

    @lru_cache(maxsize=20_000)
    def small(word: str) -> str | None:
        return few.near(word.casefold()) if len(word) >= _SHORTEST else None

    @lru_cache(maxsize=20_000)
    def slip(word: str) -> bool:
        folded = word.casefold()
        # Of three letters every other word is near to one of so many.
        return len(word) > _SHORTEST and any(many.near(way) for way in {folded, singular(folded)})

    @lru_cache(maxsize=20_000)
    def common(word: str) -> bool:
        return relations.knows(word) or types.knows(word)

    return Known(common, slip, small)


class _Spellings:
    """Words, found by others that are one typo away.

    Two such words are equal once each has lost one letter or none, so that all shortened words are kept.
    """

    def __init__(self, words: Iterable[str]) -> None:
        self._words: dict[str, list[str]] = {}
        for word in sorted(words):
            if len(word) >= _SHORTEST:
                for cut in _cuts(word):
                    self._words.setdefault(cut, []).append(word)

    def near(self, word: str) -> str | None:
        """One of them with a letter wrong, too many, missing, or in its neighbour's place; rather as long."""
        found = {one for cut in _cuts(word) for one in self._words.get(cut, ())}
        near = [one for one in found if OSA.distance(word, one, score_cutoff=1) <= 1]
        return min(near, key=lambda one: (abs(len(one) - len(word)), one), default=None)


def _cuts(word: str) -> set[str]:
    return {word, *(word[:place] + word[place + 1 :] for place in range(len(word)))}


@dataclass(frozen=True)
class Asked:
    """A question, and which of its words are known.

    ``words`` are as they are meant: a small one with a typo ("hte", "Wwhat") is a small one. The others are
    numbers of words: ``uncommon`` those that no type or relation has, ``unknown`` those among them that no
    name has either, and ``strange`` those that are not even near to a type's or relation's word.
    """

    text: str
    words: tuple[Word, ...]
    uncommon: frozenset[int]
    unknown: frozenset[int]
    strange: frozenset[int]

    @classmethod
    def read(cls, question: str, words: Sequence[Word], covered: Set[int], known: Known) -> Asked:
        """
        Args:
            covered: numbers of the words that names have.
        """
        # A word with a capital inside the sentence is meant as a name, whatever it is near to.
        named = [word.quoted or (word.capital and number > 0) for number, word in enumerate(words)]
        uncommon = {
            number
            for number, word in enumerate(words)
            if not word.stop and (named[number] or word.capital or not known.common(word.text))
        }
        small = {
            number: meant
            for number in uncommon - covered
            if not named[number]
            and (meant := known.small(words[number].text))
            and (number == 0 or not known.slip(words[number].text))
        }
        as_meant = tuple(
            replace(word, text=small[number], stop=True, capital=False) if number in small else word
            for number, word in enumerate(words)
        )
        numbers = {number for number, word in enumerate(words) if word.text.isdigit()}  # nobody's typo
        unknown = uncommon - covered - small.keys() - numbers
        strange = {
            number
            for number in unknown
            if len(words[number].text) >= _SHORTEST and (named[number] or not known.slip(words[number].text))
        }
        return cls(
            question, as_meant, frozenset(uncommon - small.keys()), frozenset(unknown), frozenset(strange)
        )

    def between(self, number: int) -> str:
        """What stands before the word with this number, back to the word before it."""
        inside = 0 < number < len(self.words)
        return self.text[self.words[number - 1].end : self.words[number].start] if inside else ""

    def is_settled(self, run: Span, found: Set[int]) -> bool:
        """Whether a run, now that names were found for some of its words, has none left worth a search.

        Words without a capital that are left beside words with one have a search of their own.
        """
        own = set(range(run.first, run.last))
        left = self.unknown & own - found
        great = any(self.words[number].capital for number in left)
        return own <= found or (not own.isdisjoint(found) and not great and bool(run.capitals or not left))

    def span(self, first: int, last: int) -> Span:
        """A run of its words."""
        return span_of(self.text, self.words, first, last)


# --- spaces --------------------------------------------------------------------------------------------


def mended(
    question: str, words: Sequence[Word], spans: Sequence[Span], covered: Set[int], known: Known
) -> dict[tuple[Span, str], None]:
    """Runs of words as they read once a letter beside an unknown word is put on the other side of its space.

    "The band Rus hcome from" and "who is in the grou pTLC": a typing hand swaps a letter with the space as
    with any other; and with the question mark.
    """
    told = [n in covered or word.stop or known.common(word.text) for n, word in enumerate(words)]
    by_edge: dict[int, list[Span]] = {}
    for span in spans:
        if span.length <= _MENDED_WORDS:
            for gap in range(span.first - 1, span.last):
                by_edge.setdefault(gap, []).append(span)
    found: dict[tuple[Span, str], None] = {}
    for gap, (before, after) in enumerate(pairwise(words)):
        between = question[before.end : after.start]
        ways = (
            _moved(before.text, after.text, between)
            if between in _MARKS or not all(told[gap : gap + 2])
            else ()
        )
        for left, right in ways:
            for span in by_edge.get(gap, ()):
                head = question[span.start : before.start] + left if span.first <= gap else ""
                tail = right + question[after.end : span.end] if gap + 1 < span.last else ""
                if not (head or right):
                    continue
                beyond = right if not tail else left if not head else ""
                text = f"{head} {tail}".strip()
                if len(text) >= _SHORTEST and len(found) < _MOST_MENDED and _is_word(beyond, known):
                    found[span, text] = None
    return found


def _is_word(text: str, known: Known) -> bool:
    return not text or text.casefold() in STOP_WORDS or known.common(text)


def _moved(one: str, two: str, between: str) -> Iterator[tuple[str, str]]:
    if between.isspace():
        yield one + two[0], two[1:]
        yield one[:-1], one[-1] + two
    elif len(two) == 1 and two.islower():
        yield one + two, ""


# --- searching ---------------------------------------------------------------------------------------------


def searched_runs(asked: Asked, matched: Sequence[Span]) -> list[Span]:
    """What to search for: runs with words that are strange or have a capital, the most promising first.

    Args:
        matched: the runs that are names as they stand.
    """
    covered = {number for span in matched for number in range(span.first, span.last)}
    whole = {(span.first, span.last) for span in matched}

    def is_settled(run: tuple[int, int]) -> bool:
        """By a name for all of it, or by one of several words that leaves none over; a number needs none."""
        if all(asked.words[number].text.isdigit() for number in range(*run)):
            return True
        inside = [span.length for span in matched if run[0] <= span.first and span.last <= run[1]]
        if all(asked.words[number].stop for number in range(*run)):
            return False
        return run in whole or (max(inside, default=0) > 1 and covered.issuperset(range(*run)))

    def mentions(strong: Set[int], joining: Set[str]) -> list[tuple[int, int]]:
        found = open_mentions(asked.text, asked.words, joining=frozenset(joining), also=strong)
        return sorted((_trimmed(asked.words, run) for run in found), key=lambda run: run[0] - run[1])

    # "And" may part two names or belong to one ("Harry Potter and the ...").
    joined = [*mentions(asked.strange, JOINING), *mentions(asked.strange, STOP_WORDS)]
    if any(word.text != word.text.lower() for word in asked.words):
        longest = sorted(joined, key=lambda run: run[0] - run[1])[:1]
        first = [*longest, *mentions(asked.strange, set())]
    else:
        # Without any capital a name may have words that are common or near to common ones: "the dark kniht".
        content = {number for number, word in enumerate(asked.words) if not word.stop}
        first = [run for run in mentions(content, set()) if not asked.unknown.isdisjoint(range(*run))]
        first.sort(key=lambda run: -len(asked.strange.intersection(range(*run))))
    alone = [(number, number + 1) for number in sorted(asked.strange)]
    runs: list[tuple[int, int]] = []
    for run in (*first, *joined, *alone):
        if not is_settled(run):
            runs += [_widened(asked, run), run]
            if asked.between(run[1]) in APOSTROPHES:  # "schindleer's list", or somebody's something
                runs.append((run[0], run[1] + 1))
    runs = [(first, min(last, first + MOST_WORDS)) for first, last in runs]
    spans = [asked.span(*run) for run in dict.fromkeys(runs) if not is_settled(run)]
    spans = [span for span in spans if span.end - span.start >= _SHORTEST]
    return sorted(spans, key=lambda span: not span.capitals)


def _trimmed(words: Sequence[Word], run: tuple[int, int]) -> tuple[int, int]:
    """Without what small words join to the words with capitals: "protagonist in Haryr Potter"."""
    first, last = run
    great = [number for number in range(first, last) if words[number].capital]
    if great:
        while first < great[0] and any(word.stop for word in words[first : great[0]]):
            first += 1
        while last > great[-1] + 1 and any(word.stop for word in words[great[-1] + 1 : last]):
            last -= 1
    return first, last


def _widened(asked: Asked, run: tuple[int, int]) -> tuple[int, int]:
    """With neighbours that may belong to the name as well, if one of all these words is unknown."""
    first, last = run
    while first > 0 and run[0] - first < _WIDER and first - 1 in asked.uncommon:
        first -= 1
    while last - run[1] < _WIDER and last in asked.uncommon:
        last += 1
    return run if asked.unknown.isdisjoint(range(first, last)) else (first, last)


def laid_against(asked: Asked, run: Span, names: Sequence[str]) -> list[tuple[Span, float]]:
    """For each name the words in and around a run that are most like it, and how much they are (0..1)."""
    words, windows = asked.words, [(run.first, run.last), *_windows(asked, run)]
    texts = [normal_form(asked.text[words[first].start : words[last - 1].end]) for first, last in windows]
    forms = [normal_form(name) for name in names]
    alike = process.cdist(forms, texts, scorer=fuzz.ratio)
    for place, (first, last) in enumerate(windows[1:], start=1):
        # "Was Cameron" is no James Cameron: a small word at an edge is one of the name or none of it.
        for small in {words[n].text.casefold() for n in (first, last - 1) if words[n].stop}:
            alike[[f" {small} " not in f" {form} " for form in forms], place] = 0.0
    alike[:, 1:][alike[:, 1:] < 100 * _ALIKE] = 0.0
    best = np.argmax(alike, axis=1)
    return [
        (asked.span(*windows[place]), float(alike[row, place]) / 100)
        for row, place in enumerate(best.tolist())
    ]


def _windows(asked: Asked, run: Span) -> Iterator[tuple[int, int]]:
    """Other runs of words that share an unknown word with the given one.

    Where all words are known, probably none is mistyped.
    """
    unknown = [number for number in range(run.first, run.last) if number in asked.unknown]
    if not unknown:
        return
    low, high = max(run.first - _AROUND, 0), min(run.last + _AROUND, len(asked.words))
    for first in range(low, unknown[-1] + 1):
        for last in range(first + 1, min(high, first + MOST_WORDS) + 1):
            if last - first > 1 and ENDS_SENTENCE.search(asked.between(last - 1)):
                break
            if any(first <= number < last for number in unknown) and (first, last) != (run.first, run.last):
                yield first, last
