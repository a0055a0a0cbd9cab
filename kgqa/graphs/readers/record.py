"""What every source of facts is read into: one record an entity or relation, with its statements."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from typing import TypeAlias

from grammar.values import VALUE_PATTERN, Value, read_value
from kgqa.graphs.readers.skips import Skips

Object: TypeAlias = str | Value
"""What a statement or qualifier gives: the name of an entity, or a literal value."""

_ONLY_VALUES = ("@", '"', "(")  # no name starts with these


class Rank(IntEnum):
    """Wikidata's ranks. Only the best of a subject and relation are visible; deprecated ones never are."""

    DEPRECATED = 0
    NORMAL = 1
    PREFERRED = 2


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement about the entity whose record holds it."""

    value: Object
    rank: Rank = Rank.NORMAL
    qualifiers: Mapping[str, Sequence[Object]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Record:
    """An entity with what is known of it, or a relation with its names.

    A source may spread one entity over several records: building unites them (the first label and
    description win). ``facts``: relation -> statements; a relation's record has none. ``sitelinks`` is how
    many pages of Wikipedias and other wikis are about it, 0 where that is not known.
    """

    id: str
    label: str | None = None
    aliases: Sequence[str] = ()
    description: str | None = None
    facts: Mapping[str, Sequence[Statement]] = field(default_factory=dict)
    is_relation: bool = False
    sitelinks: int = 0


def not_outranked(statements: list[Statement], unknown: Rank, skips: Skips) -> list[Statement]:
    """The statements of a relation without those that are worse than one with an unknown or missing value.

    Where the best statement says "no value", nothing worse may speak for it. What falls is counted.
    """
    kept = [one for one in statements if one.rank >= unknown or one.rank is Rank.DEPRECATED]
    for _ in range(len(statements) - len(kept)):
        skips.leave_out("statement outranked by an unknown or missing value")
    return kept


def read_object(text: str) -> Object:
    """A written value as a value, any other text as the name of an entity.

    Raises:
        ValueError: the text starts as only values do but is none, or is empty.

    >>> read_object("Q61"), str(read_object("170[Q174728]"))
    ('Q61', '170[Q174728]')
    """
    if text.startswith(_ONLY_VALUES) or VALUE_PATTERN.fullmatch(text):
        return read_value(text)
    if not text or text.isspace():
        raise ValueError("expected a value or the name of an entity, found nothing")
    return text


def write_object(thing: Object) -> str:
    """The inverse of ``read_object``."""
    return str(thing)
