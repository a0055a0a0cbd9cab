"""Searching the index of names: whole names, begun ones, words of names, and all of that with typos."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

from tantivy import Occur, Query

from kgqa.graphs.name_index import AMONG, LONGEST, TIERS, Name, Opened, name_of, tier_of
from kgqa.graphs.names import normalise
from kgqa.graphs.protocol import Among
from kgqa.graphs.spellings import FOLDER as WORDS
from kgqa.graphs.spellings import Spellings

_LONGEST_ASKED = 120
_MOST_ASKED = 12  # words
_NAMESAKES = 100
_MOST = 100
"""How many names one way of searching gives, the best known first."""
_SHORT_ENDING = 2
_FREQUENT = 20_000
"""A word of more names than this narrows nothing down; it is used only where no rarer word is there."""
_SHORTEST = 3
"""Shorter words have as many neighbours as there are letters; they may be wrong in whole names only."""
_LONG = 8
"""From so many letters on two of them may be wrong."""
_SHORTEST_TWICE = 4
"""From so many letters on two of them may be wrong if all other words are right."""
_MOST_WAYS = 12
"""How many ways to put spaces elsewhere are looked at."""
_MOST_LIKE = {1: 50, 2: 200}
"""How many words like another are looked at, by letters wrong."""
_MOST_WRONG = 4
"""With more words wrong than this nothing is looked for."""
_TYPO_WORTH = 15.0
"""What a word that is like the one asked for is worth, in BM25's measure of rare words (5 to 25)."""


def open_names(folder: Path) -> dict[Among, NameIndex]:
    """Open the index in a folder: its files are mapped into memory, nothing is read.

    Raises:
        GraphError: it is damaged.
    """
    names, words = Opened(folder), Opened(folder / WORDS)
    return {among: NameIndex(names, Spellings(words, folder / WORDS, among), among) for among in AMONG}


class NameIndex:
    """The names of entities, of types or of relations. Safe to share between threads."""

    def __init__(self, opened: Opened, spellings: Spellings, among: Among) -> None:
        self._spellings = spellings
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
        texts = normalise(text[: 4 * _LONGEST_ASKED])[:_LONGEST_ASKED].split()[:_MOST_ASKED]
        if not texts:
            return []
        words = [self._asked(it) for it in texts]
        found = self._holding(words)
        if fuzzy:
            # From the cheapest way on; the dear ones only where nothing has been found.
            found += self._one_letter_off(words)
            found += self._respaced(words)
            found += self._alike(words)
            if not found and len(" ".join(texts)) >= _LONG:
                found += self._twice_in_a_word(words) + self._torn(words) or self._all_alike(words)
            if not found and len(words) > 1:
                found += self._sharing(words)
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

    def _asked(self, word: str) -> _Word:
        return _Word(word, self._count(word), self._spellings)

    def _count(self, word: str) -> int:
        return self._searcher.doc_freq(self._word, word)

    def _has(self, field: str, term: str) -> Query:
        return Query.term_query(self._schema, field, term, "freq" if field == self._word else "basic")

    def _any(self, field: str, terms: Sequence[str]) -> Query:
        return Query.term_set_query(self._schema, field, list(terms))

    # Whole words.

    def _holding(self, words: Sequence[_Word]) -> list[Name]:
        """Names with all the words; failing enough of them, the last one need only be begun."""
        *before, last = words
        if not all(word.count for word in before):
            return []
        found = self._best_known(words, begun=False, most=_MOST) if last.count else []
        if len(found) < _MOST and self._spellings.begins(last.text):
            found += self._best_known(words, begun=True, most=_MOST - len(found))
        return found

    def _best_known(self, words: Sequence[_Word], *, begun: bool, most: int) -> list[Name]:
        """From the best known down, a tier at a time, until there are enough."""
        texts = [word.text for word in words]
        whole, last = (texts[:-1], texts[-1]) if begun else (texts, "")
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

    def _one_letter_off(self, words: Sequence[_Word]) -> list[Name]:
        """Whole names in which one letter is another, or a space."""
        whole = " ".join(word.text for word in words)
        if len(whole) < _SHORTEST:
            return []
        names = _respelt(whole) | _one_replaced(words)
        return self._found(self._any(self._name, sorted(names)))

    def _alike(self, words: Sequence[_Word]) -> list[Name]:
        """Names with all the words, or words like the rare ones."""
        wrong = [word for word in words if self._may_be_wrong(word)]
        if not 0 < len(wrong) <= _MOST_WRONG:
            return []
        return self._found_by([self._spelt(word, 1 if word in wrong else 0) for word in words])

    def _twice_in_a_word(self, words: Sequence[_Word]) -> list[Name]:
        """Names with all the words but one, and one with two letters wrong."""
        unknown = [word for word in words if not word.count]
        found = []
        for wrong in unknown if len(unknown) == 1 else [] if unknown else words:
            least = _SHORTEST_TWICE if len(words) > 1 else _LONG
            if len(wrong.text) >= least and self._may_be_wrong(wrong):
                found += self._found_by([self._spelt(it, 2 if it is wrong else 0) for it in words])
        return found

    def _torn(self, words: Sequence[_Word]) -> list[Name]:
        """Whole names with a letter wrong, where spaces are not between the right letters."""
        if all(word.count for word in words):
            return []
        known = {word.text: word for word in words}
        ways: list[tuple[bool, int, list[str]]] = []
        for respelt in _respelt(" ".join(word.text for word in words)):
            texts = respelt.split()
            for text in texts:
                if text not in known:
                    known[text] = self._asked(text)
            unknown = [text for text in texts if not known[text].count]
            if len(unknown) < 2:
                ways.append((len(texts) > len(words), sum(map(len, unknown)), texts))
        # First spaces that were moved, which are few; then those whose words are known but for few letters.
        likeliest = [[known[text] for text in texts] for *_, texts in sorted(ways)[:_MOST_WAYS]]
        return self._found(self._any(self._name, sorted(set().union(*map(_one_replaced, likeliest)))))

    def _all_alike(self, words: Sequence[_Word]) -> list[Name]:
        """Names with all the words, however frequent, or words like them, which long ones are within two
        letters."""
        if len(words) == 1:
            return []
        distances = [1 if word.count or len(word.text) < _LONG else 2 for word in words]
        return self._found_by([self._spelt(*pair) for pair in zip(words, distances, strict=True)])

    def _spelt(self, word: _Word, distance: int) -> list[str]:
        """Known words that a word may be."""
        own = [word.text] if word.count else []
        return own + word.like(distance) if distance else own

    def _found_by(self, ways: Sequence[Sequence[str]]) -> list[Name]:
        """Names with one of several words, and one of several others, and so on."""
        if not all(ways):
            return []
        parts = [
            self._any(self._word, way) if len(way) > 1 else self._has(self._word, way[0]) for way in ways
        ]
        return self._found(_all(parts))

    def _may_be_wrong(self, word: _Word) -> bool:
        return word.count < self._rare and len(word.text) >= _SHORTEST

    def _sharing(self, words: Sequence[_Word]) -> list[Name]:
        """Names with some of the words, or words like them, the rarest before others."""
        parts = []
        for word in words:
            if not word.count and self._may_be_wrong(word) and word.like(1):
                parts.append(Query.const_score_query(self._any(self._word, word.like(1)), _TYPO_WORTH))
            elif 0 < word.count <= _FREQUENT:
                parts.append(self._has(self._word, word.text))
        if not parts:
            rarest = min((word for word in words if word.count), key=lambda word: word.count, default=None)
            parts = [self._has(self._word, rarest.text)] if rarest else []
        return self._closest(Query.boolean_query([(Occur.Should, part) for part in parts])) if parts else []

    def _respaced(self, words: Sequence[_Word]) -> list[Name]:
        """Names with the words, two neighbours being one, or an unknown one falling into two."""
        texts = [word.text for word in words]
        ways: list[list[str]] = []
        for place, (word, following) in enumerate(pairwise(texts)):
            if self._count(word + following):
                ways.append([*texts[:place], word + following, *texts[place + 2 :]])
        for place, word in enumerate(texts):
            if len(word) < 2 * _SHORT_ENDING or words[place].count:
                continue
            cuts = range(_SHORT_ENDING, len(word) - _SHORT_ENDING + 1)
            known = {cut: min(self._count(word[:cut]), self._count(word[cut:])) for cut in cuts}
            best = max(known, key=lambda cut: known[cut])
            if known[best]:
                ways.append([*texts[:place], word[:best], word[best:], *texts[place + 1 :]])
        return [
            name
            for way in ways
            if all(self._count(word) for word in way)
            for name in self._found(_all([self._has(self._word, word) for word in way]))
        ]


class _Word:
    """A word asked for, in how many names it is, and what it may be instead."""

    def __init__(self, text: str, count: int, spellings: Spellings) -> None:
        self.text, self.count = text, count
        self._spellings = spellings
        self._like: dict[int, list[str]] = {}

    def like(self, distance: int) -> list[str]:
        """Other words within so many letters, the most frequent first."""
        if distance not in self._like:
            self._like[distance] = self._spellings.like(self.text, distance, most=_MOST_LIKE[distance])
        return self._like[distance]


def _one_replaced(words: Sequence[_Word]) -> set[str]:
    """The words with one of them replaced by one like it: the one that no name has, if there is one."""
    texts = [word.text for word in words]
    unknown = [place for place, word in enumerate(words) if not word.count]
    return {
        " ".join([*texts[:place], other, *texts[place + 1 :]])
        for place in (unknown or range(len(words)) if len(unknown) < 2 else ())
        for other in words[place].like(1)
    }


def _respelt(text: str) -> set[str]:
    """A text with a space too many, missing, instead of a letter, or moved by one."""
    ways = {text[:place] + " " + text[place + more :] for place in range(1, len(text)) for more in (0, 1)}
    for place, letter in enumerate(text):
        if letter == " ":
            before, after = text[:place], text[place + 1 :]
            ways |= {before + after, f"{before[:-1]} {before[-1]}{after}", f"{before}{after[0]} {after[1:]}"}
    return {" ".join(way.split()) for way in ways} - {text}


def _all(parts: Sequence[Query]) -> Query:
    return parts[0] if len(parts) == 1 else Query.boolean_query([(Occur.Must, part) for part in parts])
