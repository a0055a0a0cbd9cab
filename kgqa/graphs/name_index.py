"""The index of names: labels and aliases of a graph, kept and searched on disk by tantivy.

Every label or alias is one document of it, found by its whole normal form, by its words, and by its words
behind a letter that says how well known its owner is (so that the best known are found without looking at
the others). The only thing stored is a number in which the documents are ordered; it says whose name it is,
and which of the owner's names. The text itself is read from the graph.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import tantivy
from tantivy import Occur, Query

from grammar.errors import GraphError
from kgqa.graphs.names import exact_score, initials, initials_key, normalise, standing
from kgqa.graphs.protocol import Among

FOLDER = "names"
"""Where the index lies inside the folder of a graph."""
MEMORY = 256 << 20
"""Bytes that building keeps before it writes; more makes fewer, larger files."""

_AMONG: tuple[Among, ...] = ("entities", "types", "relations")
_LEAST_MEMORY = 15 << 20  # tantivy's own
_LONGEST = 500  # characters of a name that count
_LONGEST_ASKED = 120
_MOST_ASKED = 12  # words
_NAMESAKES = 100
_MOST = 100
"""How many names one way of searching gives, the best known first."""
_SHORT_ENDING = 2
_FREQUENT = 20_000
"""A word of more names than this narrows nothing down; it is used only where no rarer word is there."""
_TIERS = 40
_SHORTEST = 3
"""Shorter words have as many neighbours as there are letters."""
_LONG = 8
"""From so many letters on two of them may be wrong."""
_MOST_WRONG = 4
"""With more words wrong than this nothing is looked for."""
_TYPO_WORTH = 15.0
"""What a word that is like the one asked for is worth, in BM25's measure of rare words (5 to 25)."""

_OWNER_BITS, _PLACE_BITS, _RANK_BITS = 32, 12, 20
INITIALS = (1 << _PLACE_BITS) - 1
"""The place of initials ("MLS"): found whole, by ``names.initials_key``, and by nothing else."""
_KNOWN = 5
"""Facts from which on somebody or something may be called by initials."""


class Entry(NamedTuple):
    """A name to be indexed.

    ``owner`` is a number among the entities or among the relations; ``place`` 0 its label, k its k-th alias,
    ``INITIALS`` what its label may be cut down to;
    ``degree`` how well known it is, ``is_type`` whether it is to be found among the types too.
    """

    among: Among
    owner: int
    place: int
    text: str
    degree: int
    is_type: bool = False


class Name(NamedTuple):
    """A name that was found: whose it is, and which of its names (``place`` as in an ``Entry``)."""

    owner: int
    place: int

    @property
    def is_label(self) -> bool:
        """Whether it is the owner's label."""
        return self.place == 0


# --- order ----------------------------------------------------------------------------------------------


def _order(entry: Entry) -> int:
    """Greater is better known; among equals the owner with the smaller number."""
    rank = standing(exact_score(entry.place == 0), float(entry.degree)) - 0.9
    rank = min(max(int(rank * 1e6), 0), (1 << _RANK_BITS) - 1)
    return (((rank << _OWNER_BITS) | ((1 << _OWNER_BITS) - 1 - entry.owner)) << _PLACE_BITS) | (
        (1 << _PLACE_BITS) - 1 - entry.place
    )


def _name(order: int) -> Name:
    place = (1 << _PLACE_BITS) - 1 - (order & ((1 << _PLACE_BITS) - 1))
    owner = (1 << _OWNER_BITS) - 1 - ((order >> _PLACE_BITS) & ((1 << _OWNER_BITS) - 1))
    return Name(owner, place)


def _tier(number: int) -> str:
    """A letter for entities that are about as well known, within a factor of two."""
    return chr(ord("A") + number)


# --- building -------------------------------------------------------------------------------------------


def _schema() -> tantivy.Schema:
    builder = tantivy.SchemaBuilder()
    for among in _AMONG:
        builder.add_text_field(f"{among}_name", tokenizer_name="raw", index_option="basic")
        builder.add_text_field(f"{among}_word", tokenizer_name="whitespace", index_option="freq")
        builder.add_text_field(f"{among}_tier", tokenizer_name="whitespace", index_option="basic")
    # All in one number: a column of ever growing ones would be packed in blocks whose table is read anew
    # by every search.
    builder.add_unsigned_field("order", fast=True)
    return builder.build()


def write_names(folder: Path, entries: Iterable[Entry], *, memory: int = MEMORY) -> list[Path]:
    """Write the index into a new folder.

    Args:
        entries: in any order; they are taken one at a time.
        memory: bytes to be used on the way.

    Returns:
        The files written.

    Raises:
        GraphError: it cannot be written.
    """
    folder.mkdir()
    try:
        index = tantivy.Index(_schema(), path=str(folder), reuse=False)
        index.register_tokenizer(
            "whitespace", tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.whitespace()).build()
        )
        writer = index.writer(heap_size=max(memory, _LEAST_MEMORY), num_threads=1)
    except ValueError as error:
        raise _unwritable(folder, error) from None
    for entry in _with_initials(entries):
        document = _document(entry)
        if document is not None:
            try:
                writer.add_document(document)
            except ValueError as error:
                raise _unwritable(folder, error) from None
    try:
        writer.commit()
        writer.wait_merging_threads()
    except ValueError as error:
        raise _unwritable(folder, error) from None
    for path in folder.iterdir():
        path.chmod(0o644)  # some of them keep others out
    # Its locks stay: were they not there, a reader would have to make them.
    return _without_locks(folder)


def _without_locks(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if path.suffix != ".lock")


def _with_initials(entries: Iterable[Entry]) -> Iterator[Entry]:
    for entry in entries:
        yield entry
        if entry.place == 0 and entry.among == "entities" and entry.degree >= _KNOWN:
            letters = initials(entry.text)
            if letters is not None:
                yield entry._replace(place=INITIALS, text=initials_key(letters), is_type=False)


def _unwritable(folder: Path, error: ValueError) -> GraphError:
    return GraphError(f"{folder} cannot be written ({error}): make room, or name another place")


def _document(entry: Entry) -> tantivy.Document | None:
    name = normalise(entry.text)[:_LONGEST]
    if not name or entry.place > INITIALS:
        return None
    if entry.owner >= 1 << _OWNER_BITS:
        raise GraphError(f"expected at most {1 << _OWNER_BITS:,} entities, found more")
    tier = _tier(min(entry.degree.bit_length(), _TIERS - 1))
    words = name.split()
    in_tier = tier + f" {tier}".join(words)
    document = tantivy.Document()
    for among in (entry.among, "types") if entry.is_type else (entry.among,):
        document.add_text(f"{among}_name", name)
        if entry.place != INITIALS:
            document.add_text(f"{among}_word", name)
            document.add_text(f"{among}_tier", in_tier)
    document.add_unsigned("order", _order(entry))
    return document


# --- opening --------------------------------------------------------------------------------------------


def open_names(folder: Path) -> dict[Among, NameIndex]:
    """Open the index; its files are mapped into memory, nothing is read.

    Raises:
        GraphError: it is damaged.
    """
    opened = _Opened(folder)
    return {among: NameIndex(opened, among) for among in _AMONG}


class _Opened:
    """The files of an index."""

    def __init__(self, folder: Path) -> None:
        try:
            if os.access(folder, os.W_OK):
                self.searcher, self.schema = _open(folder)
            else:
                # tantivy wants to take a lock in the folder that it reads. Where it must not, it is shown a
                # folder of links; once it has opened the files, they are not needed any more.
                with tempfile.TemporaryDirectory(prefix="kgqa-", ignore_cleanup_errors=True) as links:
                    for path in _without_locks(folder):
                        _link(path.resolve(), Path(links, path.name))
                    self.searcher, self.schema = _open(Path(links))
        except (ValueError, OSError) as error:
            raise GraphError(
                f"{folder} is damaged ({error}): build the graph again, or copy the folder again"
            ) from None
        self.size = self.searcher.num_docs


def _open(folder: Path) -> tuple[tantivy.Searcher, tantivy.Schema]:
    index = tantivy.Index.open(str(folder))
    index.config_reader("manual")  # nobody writes it any more: no thread need watch it
    return index.searcher(), index.schema


def _link(target: Path, link: Path) -> None:
    try:
        link.symlink_to(target)
    except OSError:  # Windows does not let everybody make links
        shutil.copyfile(target, link)


# --- searching ------------------------------------------------------------------------------------------


class NameIndex:
    """The names of entities, of types or of relations. Safe to share between threads."""

    def __init__(self, opened: _Opened, among: Among) -> None:
        self._opened = opened
        self._searcher, self._schema = opened.searcher, opened.schema
        self._name, self._word, self._tier = f"{among}_name", f"{among}_word", f"{among}_tier"
        self._rare = 10 + opened.size // 100_000
        """A word of fewer names than this may still be a mistyped one that happens to exist."""

    def exact(self, text: str) -> list[Name]:
        """Names of exactly these words, at most a hundred, in order of ``standing``; an owner once."""
        name = normalise(text)[:_LONGEST]
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
            counts = [self._count(word) for word in words]
            found += self._found(self._like(self._name, " ".join(words), 1))
            found += self._respaced(words, counts)
            found += self._alike(words, counts, most_wrong=1)
            if not found:
                found += self._found(self._like(self._name, " ".join(words), 2))
                found += self._alike(words, counts, most_wrong=2)
            if not found and len(words) > 1:
                found += self._sharing(words, counts)
        return list(dict.fromkeys(found))

    # One question to tantivy.

    def _found(self, query: Query, *, most: int = _MOST) -> list[Name]:
        """Best known first, an owner once."""
        hits = self._searcher.search(query, limit=most, count=False, order_by_field="order").hits
        names: dict[int, Name] = {}
        for order, _ in hits:
            name = _name(order)
            names.setdefault(name.owner, name)
        return list(names.values())

    def _closest(self, query: Query) -> list[Name]:
        """Those that share most, by how rare it is; among equals the shorter."""
        hits = self._searcher.search(query, limit=_MOST, count=False).hits
        orders = self._searcher.fast_field_values("order", [address for _, address in hits])
        return [_name(int(order)) for order in orders if order is not None]

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
        for tier in map(_tier, reversed(range(_TIERS))):
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
