"""Facts and words from tab-separated tables, plain or packed.

A folder holds ``triples.tsv`` and, where there are any, the others; a single file is read by its name or by
its number of columns: 2 are (entity, type), 3 or more (subject, relation, object).

====================  ===========================================================
``triples``           subject, relation, object[, sources]
``labels``            name, label[, source]
``aliases``           name, alias
``descriptions``      name, description
``qualifiers``        subject, relation, object, qualifier relation, value[, source]
``properties``        relation, label[, source]
``property_words``    relation, label, aliases separated by commas
====================  ===========================================================

An object is an entity's id or a literal: ``time:+1776-07-04T00:00:00Z/11`` (precision last),
``quantity:+170|Q174728``, ``string:...``, ``text:en:...``, ``coord:48.8566,2.3522``.

The table of qualifiers does not say which qualifiers belong to one statement; see ``grouping``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import MappingProxyType

from grammar.errors import GraphError
from grammar.values import Coordinate, Quantity, String, Text, Time, Value
from kgqa.graphs.readers.grouping import QualifierRow, group_qualifiers
from kgqa.graphs.readers.lines import checked_name, read_lines
from kgqa.graphs.readers.packed import PACKINGS, plain_name
from kgqa.graphs.readers.reading import Reading
from kgqa.graphs.readers.record import Object, Record, Statement
from kgqa.graphs.readers.wikidata_values import coordinate_of, quantity_of, time_of

_TYPE = "P31"
_RELATION_ID = re.compile(r"P\d+")
_LANGUAGE = re.compile(r"[A-Za-z][A-Za-z0-9-]*")


def is_tsv(path: Path) -> bool:
    """Whether the name of a file says so."""
    return plain_name(path).endswith(".tsv")


def is_tsv_folder(folder: Path) -> bool:
    """Whether a folder holds a table of triples."""
    return _table(folder, "triples") is not None


def read_tsv_folder(folder: Path, reading: Reading) -> Iterator[Record]:
    """Every table that the folder has, one after another."""
    for role, reader in _READERS.items():
        path = _table(folder, role)
        if path is not None:
            yield from reader(path, reading)


def _table(folder: Path, role: str) -> Path | None:
    paths = (folder / f"{role}.tsv{packing}" for packing in ("", *PACKINGS))
    return next((path for path in paths if path.is_file()), None)


def read_tsv(path: Path, reading: Reading) -> Iterator[Record]:
    """One table."""
    role = plain_name(path).removesuffix(".tsv")
    if role in _READERS:
        yield from _READERS[role](path, reading)
        return
    first = next((line for _, line in read_lines(path, Reading())), "")
    columns = first.count("\t") + 1
    if first and columns < 2:
        raise GraphError(
            f"{path} has one column: expected (entity, type) or (subject, relation, object) separated by tabs"
        )
    yield from (_read_types if columns == 2 else _read_triples)(path, reading)


def read_literal(text: str) -> Object:
    """An object as the tables write it.

    Raises:
        ValueError: it is none.

    >>> str(read_literal("time:+1776-07-00T00:00:00Z/10"))
    '@1776-07'
    """
    if ":" not in text:
        return checked_name(text)
    kind, mark, rest = text.partition(":")
    read = _LITERALS.get(kind) if mark else None
    return checked_name(text) if read is None else read(rest)


# --- literals -------------------------------------------------------------------------------------------


def _read_time(text: str) -> Time:
    written, _, precision = text.rpartition("/")
    if not precision.isdecimal():
        raise ValueError(f"expected a time such as +1776-07-04T00:00:00Z/11, found {text[:60]!r}")
    return time_of(written, int(precision))


def _read_quantity(text: str) -> Quantity:
    amount, _, unit = text.partition("|")
    return quantity_of(amount, unit or "1")


def _read_text(text: str) -> Text:
    language, mark, rest = text.partition(":")
    if not mark or not _LANGUAGE.fullmatch(language):
        raise ValueError(f"expected a language and a text such as text:en:Grease, found {text[:60]!r}")
    return Text(rest, language)


def _read_coordinate(text: str) -> Coordinate:
    latitude, _, longitude = text.partition(",")
    return coordinate_of(float(latitude), float(longitude))


_LITERALS: Mapping[str, Callable[[str], Value]] = MappingProxyType(
    {
        "time": _read_time,
        "quantity": _read_quantity,
        "string": String,
        "text": _read_text,
        "coord": _read_coordinate,
    }
)


# --- tables ---------------------------------------------------------------------------------------------


def _rows(path: Path, reading: Reading, *, columns: int) -> Iterator[tuple[int, list[str]]]:
    for number, line in read_lines(path, reading):
        row = line.split("\t")
        if len(row) < columns:
            reading.skips.add(path, number, f"expected {columns} columns separated by tabs, found {len(row)}")
        else:
            yield number, row


def _read_triples(path: Path, reading: Reading) -> Iterator[Record]:
    subject, facts = "", dict[str, list[Statement]]()
    for number, row in _rows(path, reading, columns=3):
        try:
            if row[0] != subject:
                if facts:
                    yield Record(subject, facts=facts)
                facts = {}
                subject = checked_name(row[0])
            facts.setdefault(checked_name(row[1]), []).append(Statement(read_literal(row[2])))
        except ValueError as error:
            reading.skips.add(path, number, str(error))
    if facts:
        yield Record(subject, facts=facts)


def _read_types(path: Path, reading: Reading) -> Iterator[Record]:
    for number, row in _rows(path, reading, columns=2):
        try:
            yield Record(checked_name(row[0]), facts={_TYPE: [Statement(checked_name(row[1]))]})
        except ValueError as error:
            reading.skips.add(path, number, str(error))


def _read_qualifiers(path: Path, reading: Reading) -> Iterator[Record]:
    """One record a subject, as long as its rows stand together."""
    subject, facts = "", dict[tuple[str, Object], list[QualifierRow]]()
    for number, row in _rows(path, reading, columns=5):
        try:
            if row[0] != subject:
                if facts:
                    yield _qualified(subject, facts)
                facts = {}
                subject = checked_name(row[0])
            source = row[5] if len(row) > 5 else ""
            qualifier = QualifierRow(checked_name(row[3]), read_literal(row[4]), source)
            facts.setdefault((checked_name(row[1]), read_literal(row[2])), []).append(qualifier)
        except ValueError as error:
            reading.skips.add(path, number, str(error))
    if facts:
        yield _qualified(subject, facts)


def _qualified(subject: str, facts: Mapping[tuple[str, Object], list[QualifierRow]]) -> Record:
    statements: dict[str, list[Statement]] = {}
    for (relation, value), rows in facts.items():
        statements.setdefault(relation, []).extend(
            Statement(value, qualifiers=qualifiers) for qualifiers in group_qualifiers(rows)
        )
    return Record(subject, facts=statements)


def _read_words(path: Path, reading: Reading, *, role: str) -> Iterator[Record]:
    for number, row in _rows(path, reading, columns=2):
        try:
            name = checked_name(row[0])
        except ValueError as error:
            reading.skips.add(path, number, str(error))
            continue
        is_relation = role in ("properties", "property_words") or _RELATION_ID.fullmatch(name) is not None
        word = row[1].strip()
        if role == "aliases":
            yield Record(name, aliases=[word], is_relation=is_relation)
        elif role == "descriptions":
            yield Record(name, description=word, is_relation=is_relation)
        else:
            more = row[2].split(",") if role == "property_words" and len(row) > 2 else []
            aliases = [alias.strip() for alias in more if alias.strip()]
            yield Record(name, label=word, aliases=aliases, is_relation=is_relation)


def _words(role: str) -> Callable[[Path, Reading], Iterator[Record]]:
    return lambda path, reading: _read_words(path, reading, role=role)


_READERS: Mapping[str, Callable[[Path, Reading], Iterator[Record]]] = MappingProxyType(
    {
        "triples": _read_triples,
        "qualifiers": _read_qualifiers,
        **{
            role: _words(role)
            for role in ("labels", "aliases", "descriptions", "properties", "property_words")
        },
    }
)
"""Role of a table -> its reader, in the order of reading (the first label of an entity wins)."""
