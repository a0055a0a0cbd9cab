"""The words that names are made of, each once: which are like a mistyped one, which begin like a text.

There are far fewer words than names, so typos are looked for here, and names then by words that exist. The
words lie beside each other, sorted; an index of theirs (of tantivy, like that of the names) finds those
within a few letters of another.
"""

from __future__ import annotations

from pathlib import Path

import tantivy
from tantivy import Query

from kgqa.graphs.arrays import ArrayReader
from kgqa.graphs.name_index import AMONG, Opened
from kgqa.graphs.protocol import Among

FOLDER = "words"
"""Where they lie inside the folder of the index of names."""
LONGEST = 60
"""Letters of a word that may be mistyped."""

_NUMBER_BITS = 32


def spelling_schema() -> tantivy.Schema:
    """Fields of a word, for every kind of names that have it; and its place in the order."""
    builder = tantivy.SchemaBuilder()
    for among in AMONG:
        builder.add_text_field(among, tokenizer_name="raw", index_option="basic")
    builder.add_unsigned_field("order", fast=True)
    return builder.build()


def array_of(among: Among) -> str:
    """What the array of the words is called."""
    return f"{among}.words"


def order_of(count: int, number: int) -> int:
    """Greater is more frequent; ``number`` is the word's place among the sorted ones."""
    return (count << _NUMBER_BITS) | number


class Spellings:
    """The words of the names of entities, of types or of relations. Safe to share between threads."""

    def __init__(self, opened: Opened, folder: Path, among: Among) -> None:
        self._searcher, self._schema = opened.searcher, opened.schema
        self._among = among
        self._words = ArrayReader(folder).texts(array_of(among))

    def like(self, word: str, distance: int, *, most: int) -> list[str]:
        """Words that are within so many letters of another, the most frequent first; itself left out.

        Letters may be wrong, missing, too many, or have changed places with their neighbour.
        """
        if len(word) > LONGEST:
            return []
        query = Query.fuzzy_term_query(self._schema, self._among, word, distance, transposition_cost_one=True)
        hits = self._searcher.search(query, limit=most + 1, count=False, order_by_field="order").hits
        found = (self._words[order & ((1 << _NUMBER_BITS) - 1)] for order, _ in hits)
        return [other for other in found if other != word][:most]

    def begins(self, start: str) -> bool:
        """Whether any word begins like this."""
        wanted = start.encode()
        place = self._words.place(wanted)
        return place < len(self._words) and self._words.row(place).startswith(wanted)
