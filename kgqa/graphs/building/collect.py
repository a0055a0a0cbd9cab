"""Facts as columns: what records are gathered into before anything is ordered, a stretch at a time."""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from enum import IntEnum

import numpy as np

from grammar.denotation import EMPTY, IntArray
from grammar.values import Value
from kgqa.graphs.arrays import Array, Strings
from kgqa.graphs.readers.record import Object, Record

_PER_NAME, _PER_TEXT, _PER_VALUE, _PER_STATEMENT = 300, 500, 700, 50
"""About how many bytes of memory each takes here and while it is made a chunk."""


class WordKind(IntEnum):
    """What a text is to its entity."""

    LABEL = 0
    ALIAS = 1
    DESCRIPTION = 2


@dataclass(slots=True)
class Words:
    """Labels, aliases and descriptions by number. ``names``: labels and aliases as they were met."""

    labels: dict[int, str] = field(default_factory=dict)
    names: dict[int, dict[str, None]] = field(default_factory=dict)
    descriptions: dict[int, str] = field(default_factory=dict)

    def add(self, number: int, record: Record) -> None:
        """Take what a record says."""
        if record.label:
            self.add_text(number, WordKind.LABEL, record.label)
        for alias in record.aliases:
            if alias:
                self.add_text(number, WordKind.ALIAS, alias)
        if record.description:
            self.add_text(number, WordKind.DESCRIPTION, record.description)

    def add_text(self, number: int, kind: WordKind, text: str) -> None:
        """Take one text; a second label becomes an alias, a second description is dropped."""
        if kind == WordKind.DESCRIPTION:
            self.descriptions.setdefault(number, text)
            return
        if kind == WordKind.LABEL:
            self.labels.setdefault(number, text)
        self.names.setdefault(number, {}).setdefault(text)

    def aliases_of(self, number: int) -> list[str]:
        """All names but the label."""
        label = self.labels.get(number)
        return [name for name in self.names.get(number, ()) if name != label]

    def rows(self) -> Iterator[tuple[int, WordKind, str]]:
        """All texts: number, kind, text; those of a number so that taking them again gives the same."""
        for number, names in self.names.items():
            label = self.labels.get(number)
            for name in names:
                yield number, WordKind.LABEL if name == label else WordKind.ALIAS, name
        for number, description in self.descriptions.items():
            yield number, WordKind.DESCRIPTION, description


@dataclass(frozen=True, slots=True)
class WordRows:
    """Texts of entities as columns: whose, [n] places among names; of what kind, [n]; the texts."""

    owners: IntArray
    kinds: Array
    texts: Strings

    @classmethod
    def of(cls, words: Words) -> WordRows:
        """From words by place."""
        rows = list(words.rows())
        return cls(
            np.fromiter((number for number, _, _ in rows), dtype=np.int64, count=len(rows)),
            np.fromiter((kind for _, kind, _ in rows), dtype=np.int8, count=len(rows)),
            Strings.of([text.encode() for _, _, text in rows]),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Chunk:
    """Many facts at once, as columns.

    ``names`` are distinct names of entities, in any order. Statements [n]: ``subjects`` places in ``names``,
    ``relations`` places in ``relation_names``, ``nodes`` places in ``names`` or ``~place`` in ``literals``.
    Qualifier values [m]: ``qualified`` places among the statements. ``words``: of an entity at most one label
    and one description, and no text twice. ``sitelinks`` of every name, or of none.
    """

    names: Strings
    relation_names: Sequence[str]
    subjects: IntArray
    relations: IntArray
    nodes: IntArray
    ranks: IntArray
    literals: Sequence[Value] = ()
    qualified: IntArray = field(default_factory=lambda: EMPTY)
    qualifier_relations: IntArray = field(default_factory=lambda: EMPTY)
    qualifier_nodes: IntArray = field(default_factory=lambda: EMPTY)
    words: WordRows = field(default_factory=lambda: WordRows.of(Words()))
    sitelinks: IntArray = field(default_factory=lambda: EMPTY)


def _column() -> array[int]:
    return array("q")


@dataclass(slots=True)
class Collector:
    """Records taken one by one, until they are worth a chunk. ``size``: about how many bytes they take."""

    size: int = 0
    _names: dict[str, int] = field(default_factory=dict)
    _relations: dict[str, int] = field(default_factory=dict)
    _literals: dict[Value, int] = field(default_factory=dict)
    _words: Words = field(default_factory=Words)
    _sitelinks: dict[int, int] = field(default_factory=dict)
    _subjects: array[int] = field(default_factory=_column)
    _statement_relations: array[int] = field(default_factory=_column)
    _nodes: array[int] = field(default_factory=_column)
    _ranks: array[int] = field(default_factory=_column)
    _qualified: array[int] = field(default_factory=_column)
    _qualifier_relations: array[int] = field(default_factory=_column)
    _qualifier_nodes: array[int] = field(default_factory=_column)

    def add(self, record: Record) -> None:
        """Take the record of an entity."""
        subject = self._name(record.id)
        self._words.add(subject, record)
        if record.sitelinks:
            self._sitelinks[subject] = max(record.sitelinks, self._sitelinks.get(subject, 0))
        for text in (record.label, record.description, *record.aliases):
            self.size += _PER_TEXT + 4 * len(text) if text else 0
        for name, statements in record.facts.items():
            relation = self._relation(name)
            for statement in statements:
                number = len(self._subjects)
                self._subjects.append(subject)
                self._statement_relations.append(relation)
                self._nodes.append(self._node(statement.value))
                self._ranks.append(statement.rank)
                self.size += _PER_STATEMENT
                for qualifier, values in statement.qualifiers.items():
                    qualifier_relation = self._relation(qualifier)
                    for value in values:
                        self._qualified.append(number)
                        self._qualifier_relations.append(qualifier_relation)
                        self._qualifier_nodes.append(self._node(value))
                        self.size += _PER_STATEMENT

    def _name(self, name: str) -> int:
        number = self._names.setdefault(name, len(self._names))
        if number == len(self._names) - 1:
            self.size += _PER_NAME + 4 * len(name)
        return number

    def _relation(self, name: str) -> int:
        return self._relations.setdefault(name, len(self._relations))

    def _node(self, thing: Object) -> int:
        if isinstance(thing, str):
            return self._name(thing)
        number = self._literals.setdefault(thing, len(self._literals))
        if number == len(self._literals) - 1:
            self.size += _PER_VALUE
        return ~number

    def chunk(self) -> Chunk:
        """All that was taken."""
        sitelinks = np.zeros(len(self._names) if self._sitelinks else 0, dtype=np.int64)
        sitelinks[list(self._sitelinks)] = list(self._sitelinks.values())
        return Chunk(
            names=Strings.of([name.encode() for name in self._names]),
            relation_names=list(self._relations),
            literals=list(self._literals),
            subjects=_integers(self._subjects),
            relations=_integers(self._statement_relations),
            nodes=_integers(self._nodes),
            ranks=_integers(self._ranks),
            qualified=_integers(self._qualified),
            qualifier_relations=_integers(self._qualifier_relations),
            qualifier_nodes=_integers(self._qualifier_nodes),
            words=WordRows.of(self._words),
            sitelinks=sitelinks,
        )


def _integers(column: array[int]) -> IntArray:
    return np.asarray(column, dtype=np.int64)
