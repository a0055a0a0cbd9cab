"""The index of names: labels and aliases of a graph, kept on disk by tantivy.

Every label or alias is one document of it, found by its whole normal form, by its words, and by its words
behind a letter that says how well known its owner is (so that the best known are found without looking at
the others). The only thing stored is a number in which the documents are ordered; it says whose name it is,
and which of the owner's names. The text itself is read from the graph.

It is written in ``building.names`` and searched in ``name_search``; the words that names are made of are in
an index of their own (``spellings``).
"""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path
from typing import NamedTuple

import tantivy

from grammar.errors import GraphError
from kgqa.graphs.names import exact_score, standing
from kgqa.graphs.protocol import Among

FOLDER = "names"
"""Where the index lies inside the folder of a graph."""
AMONG: tuple[Among, ...] = ("entities", "types", "relations")
LONGEST = 500
"""Characters of a name that count."""
TIERS = 40

OWNER_BITS, _PLACE_BITS, _RANK_BITS = 32, 12, 20
INITIALS = (1 << _PLACE_BITS) - 1
"""The place of initials ("MLS"): found whole, by ``names.initials_key``, and by nothing else."""


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


def order_of(entry: Entry) -> int:
    """Greater is better known; among equals the owner with the smaller number."""
    rank = standing(exact_score(entry.place == 0), float(entry.degree)) - 0.9
    rank = min(max(int(rank * 1e6), 0), (1 << _RANK_BITS) - 1)
    return (((rank << OWNER_BITS) | ((1 << OWNER_BITS) - 1 - entry.owner)) << _PLACE_BITS) | (
        (1 << _PLACE_BITS) - 1 - entry.place
    )


def name_of(order: int) -> Name:
    """The name whose document has this number."""
    place = (1 << _PLACE_BITS) - 1 - (order & ((1 << _PLACE_BITS) - 1))
    owner = (1 << OWNER_BITS) - 1 - ((order >> _PLACE_BITS) & ((1 << OWNER_BITS) - 1))
    return Name(owner, place)


def tier_of(number: int) -> str:
    """A letter for entities that are about as well known, within a factor of two."""
    return chr(ord("A") + number)


# --- files ----------------------------------------------------------------------------------------------


def name_schema() -> tantivy.Schema:
    """Fields of a name: whole, by words, by words behind the letter of a tier; and its place in the order."""
    builder = tantivy.SchemaBuilder()
    for among in AMONG:
        builder.add_text_field(f"{among}_name", tokenizer_name="raw", index_option="basic")
        builder.add_text_field(f"{among}_word", tokenizer_name="whitespace", index_option="freq")
        builder.add_text_field(f"{among}_tier", tokenizer_name="whitespace", index_option="basic")
    # All in one number: a column of ever growing ones would be packed in blocks whose table is read anew
    # by every search.
    builder.add_unsigned_field("order", fast=True)
    return builder.build()


def files_of(folder: Path) -> list[Path]:
    """What an index consists of. Its locks do not count, but stay: a reader would have to make them."""
    return sorted(path for path in folder.iterdir() if path.is_file() and path.suffix != ".lock")


# --- opening --------------------------------------------------------------------------------------------


class Opened:
    """The files of an index, mapped into memory; nothing is read.

    Raises:
        GraphError: they are damaged.
    """

    def __init__(self, folder: Path) -> None:
        try:
            if os.access(folder, os.W_OK):
                self.searcher, self.schema = _open(folder)
            else:
                # tantivy wants to take a lock in the folder that it reads. Where it must not, it is shown a
                # folder of links; once it has opened the files, they are not needed any more.
                with tempfile.TemporaryDirectory(prefix="kgqa-", ignore_cleanup_errors=True) as links:
                    for path in files_of(folder):
                        if path.suffix != ".npy":  # what lies beside the words' index and is no part of it
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
