"""Searching the index of names: whole names, begun ones, words of names, and all of that with typos."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

from tantivy import Occur, Query

from kgqa.graphs.name_index import AMONG, LONGEST, TIERS, Name, Opened, name_of, tier_of
from kgqa.graphs.names import normalise
from kgqa.graphs.protocol import Among

_LONGEST_ASKED = 120
_MOST_ASKED = 12  # words
_NAMESAKES = 100
_MOST = 100
"""How many names one way of searching gives, the best known first."""
_SHORT_ENDING = 2
_FREQUENT = 20_000
"""A word of more names than this narrows nothing down; it is used only where no rarer word is there."""
_SHORTEST = 3
"""Shorter words have as many neighbours as there are letters."""
_LONG = 8
"""From so many letters on two of them may be wrong."""
_MOST_WRONG = 4
"""With more words wrong than this nothing is looked for."""
_TYPO_WORTH = 15.0
"""What a word that is like the one asked for is worth, in BM25's measure of rare words (5 to 25)."""


def open_names(folder: Path) -> dict[Among, NameIndex]:
    """Open the index in a folder: its files are mapped into memory, nothing is read.

    Raises:
        GraphError: it is damaged.
    """
    opened = Opened(folder)
    return {among: NameIndex(opened, among) for among in AMONG}


class NameIndex:
    """The names of entities, of types or of relations. Safe to share between threads."""

    def __init__(self, opened: Opened, among: Among) -> None:
        self._opened = opened
        self._searcher, self._schema = opened.searcher, opened.schema
        self._name, self._word, self._tier = f"{among}_name", f"{among}_word", f"{among}_tier"
        self._rare = 10 + opened.size // 100_000
        """A word of fewer names than this may still be a mistyped one that happens to exist."""

    def exact(self, text: str) -> list[Name]:
        """Names of exactly these words, at most a hundred, in order of ``standing``; an owner once."""
        name = normalise(text)[:LONGEST]
        if not name or not self._searcher.doc_freq(self._name, name):  # by far the quicker question
            return []
        return self._found(self._has(self._name, name), most=_NAMESAKES)

    def near(self, text: str, *, fuzzy: bool) -> list[Name]:
        """Names that may be meant by a text, unordered: they have all its words, the last perhaps only
        begun; if ``fuzzy`` also those that are alike letter by letter, or have most of the words or words
        like them."""
        words = normalise(text[: 4 * _LONGEST_ASKED])[:_LONGEST_ASKED].split()[:_MOST_ASKED]
        if not words:
            return []
        found = self._holding(words)
        if fuzzy:
            # From the cheapest way on; the dear ones only where nothing has been found.
            whole, counts = " ".join(words), [self._count(word) for word in words]
            found += self._found(self._like(self._name, whole, 1))
            found += self._respaced(words, counts)
            found += self._alike(words, counts, most_wrong=1)
            if not found:
                found += self._alike(words, counts, most_wrong=2)
            if not found and len(whole) >= _LONG:
                found += self._found(self._like(self._name, whole, 2))
            if not found and len(words) > 1:
                found += self._sharing(words, counts)
        return list(dict.fromkeys(found))

    # One question to tantivy.

    def _found(self, query: Query, *, most: int = _MOST) -> list[Name]:
        """Best known first, an owner once."""
        hits = self._searcher.search(query, limit=most, count=False, order_by_field="order").hits
        names: dict[int, Name] = {}
        for order, _ in hits:
            name = name_of(order)
            names.setdefault(name.owner, name)
        return list(names.values())

    def _closest(self, query: Query) -> list[Name]:
        """Those that share most, by how rare it is; among equals the shorter."""
        hits = self._searcher.search(query, limit=_MOST, count=False).hits
        orders = self._searcher.fast_field_values("order", [address for _, address in hits])
        return [name_of(int(order)) for order in orders if order is not None]

    def _count(self, word: str) -> int:
        return self._searcher.doc_freq(self._word, word)

    def _has(self, field: str, term: str) -> Query:
        return Query.term_query(self._schema, field, term, "freq" if field == self._word else "basic")

    def _like(self, field: str, term: str, distance: int) -> Query:
        """Within so many letters wrong, missing, too many, or changed places with their neighbour."""
        if len(term) < _SHORTEST:
            return Query.empty_query()
        distance = distance if len(term) >= _LONG else 1
        return Query.fuzzy_term_query(self._schema, field, term, distance, transposition_cost_one=True)

    # Whole words.

    def _holding(self, words: Sequence[str]) -> list[Name]:
        """Names with all the words; failing enough of them, the last one need only be begun."""
        found = self._best_known(words, begun=False, most=_MOST)
        if len(found) < _MOST:
            found += self._best_known(words, begun=True, most=_MOST - len(found))
        return found

    def _best_known(self, words: Sequence[str], *, begun: bool, most: int) -> list[Name]:
        """From the best known down, a tier at a time, until there are enough."""
        whole, last = (words[:-1], words[-1]) if begun else (words, "")
        if whole and len(last) <= _SHORT_ENDING:
            last = ""  # too many words begin like that; who asked sees which names have one
        found: list[Name] = []
        for tier in map(tier_of, reversed(range(TIERS))):
            terms = [tier + word for word in whole]
            if all(self._searcher.doc_freq(self._tier, term) for term in terms):
                parts = [self._has(self._tier, term) for term in terms]
                if last:
                    begins = Query.fuzzy_term_query(self._schema, self._tier, tier + last, 0, prefix=True)
                    parts.append(begins)
                found += self._found(_all(parts), most=most - len(found))
            if len(found) >= most:
                break
        return found

    # Typos.

    def _alike(self, words: Sequence[str], counts: Sequence[int], *, most_wrong: int) -> list[Name]:
        """Names with all the words, or words like them."""
        wrong = [place for place, word in enumerate(words) if self._may_be_wrong(word, counts[place])]
        if not 0 < len(wrong) <= _MOST_WRONG:
            return []
        parts = []
        for place, word in enumerate(words):
            if place in wrong:
                parts.append(self._like(self._word, word, most_wrong))
            elif counts[place]:
                parts.append(self._has(self._word, word))
            else:
                return []
        return self._found(_all(parts))

    def _may_be_wrong(self, word: str, count: int) -> bool:
        return count < self._rare and len(word) >= _SHORTEST

    def _sharing(self, words: Sequence[str], counts: Sequence[int]) -> list[Name]:
        """Names with some of the words, or words like them, the rarest before others."""
        parts = []
        for word, count in zip(words, counts, strict=True):
            if not count and self._may_be_wrong(word, count):
                parts.append(Query.boost_query(self._like(self._word, word, 1), _TYPO_WORTH))
            elif 0 < count <= _FREQUENT:
                parts.append(self._has(self._word, word))
        if not parts:
            rarest = min((word for word in words if self._count(word)), key=self._count, default=None)
            parts = [self._has(self._word, rarest)] if rarest else []
        return self._closest(Query.boolean_query([(Occur.Should, part) for part in parts])) if parts else []

    def _respaced(self, words: Sequence[str], counts: Sequence[int]) -> list[Name]:
        """Names with the words, two neighbours being one, or an unknown one falling into two."""
        ways: list[list[str]] = []
        for place, (word, following) in enumerate(pairwise(words)):
            if self._count(word + following):
                ways.append([*words[:place], word + following, *words[place + 2 :]])
        for place, word in enumerate(words):
            if len(word) < 2 * _SHORT_ENDING or counts[place]:
                continue
            cuts = range(_SHORT_ENDING, len(word) - _SHORT_ENDING + 1)
            known = {cut: min(self._count(word[:cut]), self._count(word[cut:])) for cut in cuts}
            best = max(known, key=lambda cut: known[cut])
            if known[best]:
                ways.append([*words[:place], word[:best], word[best:], *words[place + 1 :]])
        return [
            name
            for way in ways
            if all(self._count(word) for word in way)
            for name in self._found(_all([self._has(self._word, word) for word in way]))
        ]


def _all(parts: Sequence[Query]) -> Query:
    return parts[0] if len(parts) == 1 else Query.boolean_query([(Occur.Must, part) for part in parts])
