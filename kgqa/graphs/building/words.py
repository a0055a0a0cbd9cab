"""What entities are called: the texts of all chunks, sorted on disk and written in the order of entities."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass

import numpy as np

from grammar.denotation import IntArray
from kgqa.graphs.arrays import ArrayReader, ArrayWriter, Strings, Texts
from kgqa.graphs.building.collect import WordKind, WordRows, Words
from kgqa.graphs.building.sorting import Runs
from kgqa.graphs.building.spool import Scratch, Segment
from kgqa.graphs.rdf_terms import end_of

_BYTES_OF_WORDS = 4_000
"""About what the texts of one entity take at the peak of a merge."""

_PIECE = 1 << 16


@dataclass(frozen=True, slots=True)
class _Run:
    """Texts of one chunk by owner: places of owners among the chunk's names, how many texts each, texts."""

    owners: Segment
    counts: Segment
    kinds: Segment
    lengths: Segment
    blob: Segment


class WordRuns:
    """Texts of all chunks."""

    def __init__(self, scratch: Scratch) -> None:
        self._spool = scratch.spool("words")
        self._by_chunk: list[_Run] = []
        self._runs = Runs(self._spool, 1)

    def add(self, words: WordRows, places: IntArray) -> None:
        """Take the texts of the next chunk; ``places`` of its names in sorted order."""
        owners = places[words.owners]
        order = np.argsort(owners, kind="stable")
        texts = words.texts.take(order)
        distinct, counts = np.unique(owners, return_counts=True)
        append = self._spool.append
        self._by_chunk.append(
            _Run(
                append(distinct.astype(np.uint64)),
                append(counts.astype(np.int32)),
                append(words.kinds[order].astype(np.int8)),
                append(texts.lengths.astype(np.int32)),
                append(texts.blob),
            )
        )

    def renumber(self, chunk: int, numbers: IntArray) -> None:
        """Turn a chunk's places of owners into numbers of entities, which are in the same order."""
        owners = self._by_chunk[chunk].owners
        self._runs.add(numbers[self._spool.read(owners).astype(np.int64)].astype(np.uint64)[:, None], chunk)

    def write(self, writer: ArrayWriter, n_entities: int, *, memory: int, with_iris: bool) -> tuple[int, int]:
        """Write labels, aliases and descriptions of all entities; says how many labels and aliases.

        Args:
            with_iris: whether to call entities without label, whose names are IRIs, by the ends of these.
        """
        names = ArrayReader(writer.folder).texts("entities") if with_iris else None
        n_labels = done = 0
        with ExitStack() as stack:
            labels = stack.enter_context(writer.open_texts("entities.labels"))
            descriptions = stack.enter_context(writer.open_texts("entities.descriptions"))
            aliases = stack.enter_context(writer.open_texts("entities.aliases"))
            alias_starts = stack.enter_context(writer.open_pointers("entities.alias_starts"))
            for rows, until in self._merged(memory // _BYTES_OF_WORDS, n_entities):
                own = _of_kind(rows, WordKind.LABEL)
                for labelled in _with_ends(own, names, range(done, until)) if names else (own,):
                    labels.at(labelled.owners, labelled.texts.lengths, labelled.texts.blob)
                    n_labels += len(labelled.owners)
                done = until
                own = _of_kind(rows, WordKind.DESCRIPTION)
                descriptions.at(own.owners, own.texts.lengths, own.texts.blob)
                own = _of_kind(rows, WordKind.ALIAS)
                aliases.append(own.texts.lengths, own.texts.blob)
                alias_starts.at(*np.unique(own.owners, return_counts=True))
            for pointers in (labels.pointers, descriptions.pointers, alias_starts):
                pointers.until(n_entities)
            n_aliases = aliases.pointers.column.count - 1
        self._spool.close()
        return n_labels, n_aliases

    def _merged(self, owners_at_once: int, n_entities: int) -> Iterator[tuple[WordRows, int]]:
        """All texts by entity, and before which entity they end; all those of one entity come together."""
        done = [(0, 0, 0)] * len(self._by_chunk)  # owners, texts and bytes that are read
        for pieces in self._runs.merged(owners_at_once):
            owners, counts, kinds, lengths, blobs = [], [], [], [], []
            for chunk, piece in zip(self._runs.owners, pieces, strict=True):
                run, (n_owners, n_texts, n_bytes) = self._by_chunk[chunk], done[chunk]
                read = self._spool.read
                counts.append(read(run.counts, n_owners, n_owners + len(piece)))
                until = n_texts + int(counts[-1].sum())
                kinds.append(read(run.kinds, n_texts, until))
                lengths.append(read(run.lengths, n_texts, until).astype(np.int64))
                blobs.append(read(run.blob, n_bytes, n_bytes + int(lengths[-1].sum())))
                owners.append(np.repeat(piece[:, 0].astype(np.int64), counts[-1]))
                done[chunk] = n_owners + len(piece), until, n_bytes + len(blobs[-1])
            distinct, chunks = np.unique(np.concatenate(pieces), return_counts=True)
            rows = WordRows(
                np.concatenate(owners),
                np.concatenate(kinds),
                Strings(np.concatenate(lengths), np.concatenate(blobs)),
            )
            order = np.argsort(rows.owners, kind="stable")  # in each owner, chunk after chunk
            united = _united(_take(rows, order), distinct[chunks > 1].astype(np.int64))
            yield united, int(distinct[-1]) + 1
        yield WordRows.of(Words()), n_entities


def _take(rows: WordRows, places: IntArray) -> WordRows:
    return WordRows(rows.owners[places], rows.kinds[places], rows.texts.take(places))


def _of_kind(rows: WordRows, kind: WordKind) -> WordRows:
    return _take(rows, np.flatnonzero(rows.kinds == kind))


def _with_ends(labels: WordRows, names: Texts, entities: range) -> Iterator[WordRows]:
    """Labels of some entities, and the ends of IRIs where there are none."""
    for first in range(entities.start, entities.stop, _PIECE):
        several = np.arange(first, min(first + _PIECE, entities.stop))
        low, high = np.searchsorted(labels.owners, [first, first + _PIECE])
        own = _take(labels, np.arange(low, high))
        words = Words()
        for entity in np.setdiff1d(several, own.owners).tolist():
            if end := end_of(names[entity]):
                words.add_text(entity, WordKind.LABEL, end)
        yield _together(own, WordRows.of(words))


def _together(*parts: WordRows) -> WordRows:
    """All rows by owner; those of one owner in the order given."""
    texts = Strings(
        np.concatenate([part.texts.lengths for part in parts]),
        np.concatenate([part.texts.blob for part in parts]),
    )
    owners = np.concatenate([part.owners for part in parts])
    rows = WordRows(owners, np.concatenate([part.kinds for part in parts]), texts)
    return _take(rows, np.argsort(owners, kind="stable"))


def _united(rows: WordRows, shared: IntArray) -> WordRows:
    """Rows in which what several chunks say of one entity (``shared``) is one chunk's."""
    if not len(shared):
        return rows
    is_shared = np.isin(rows.owners, shared)
    several = _take(rows, np.flatnonzero(is_shared))
    words = Words()
    for owner, kind, text in zip(several.owners.tolist(), several.kinds.tolist(), several.texts, strict=True):
        words.add_text(owner, WordKind(kind), text.decode())
    return _together(_take(rows, np.flatnonzero(~is_shared)), WordRows.of(words))


def write_relation_words(writer: ArrayWriter, words: Words, numbers: IntArray) -> None:
    """Texts of relations, which are few: ``numbers`` of the words in the order of the relations."""
    relations = numbers.tolist()
    writer.texts("relations.labels", [words.labels.get(n, "").encode() for n in relations])
    writer.texts("relations.descriptions", [words.descriptions.get(n, "").encode() for n in relations])
    aliases = [words.aliases_of(n) for n in relations]
    writer.texts("relations.aliases", [alias.encode() for several in aliases for alias in several])
    counts = np.fromiter(map(len, aliases), dtype=np.int64, count=len(aliases))
    with writer.open_pointers("relations.alias_starts") as starts:
        starts.append(counts)
