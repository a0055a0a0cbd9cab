"""Wikidata's JSON dumps: one entity a line, in an array or bare, plain or packed.

Read with care for what a dump holds:

==================================  ===================================================================
unknown and missing values          left out, and with them what they outrank: where the best statement
                                    of a relation says "no value", nothing worse may speak for it
ranks                               kept; building shows the best of a subject and relation
lexemes, forms, senses, media       left out, also as values
redirects                           left out: their facts stand under the entity they lead to
properties                          relations with their words, and entities where they have facts
quantities                          amount and unit; bounds have no place in a graph
times                               as fine as their precision, with their calendar
coordinates                         only those on the Earth
external ids, addresses, files      strings
==================================  ===================================================================
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec

from grammar.values import String, Text
from kgqa.graphs.readers.languages import Said
from kgqa.graphs.readers.lines import checked_name, read_raw_lines
from kgqa.graphs.readers.packed import plain_name
from kgqa.graphs.readers.reading import Reading
from kgqa.graphs.readers.record import Object, Rank, Record, Statement, not_outranked
from kgqa.graphs.readers.wikidata_values import coordinate_of, quantity_of, time_of

_NAME = re.compile(r"[PQ][1-9]\d*")
_ENTITY = "http://www.wikidata.org/entity/"
_EARTH, _JULIAN = "Q2", "Q1985786"
_RANKS = {rank.name.lower(): rank for rank in Rank}
_LETTERS = {"item": "Q", "property": "P"}


class _Words(msgspec.Struct, gc=False):
    value: str
    language: str = ""


class _Parts(msgspec.Struct, rename={"entity_type": "entity-type", "numeric_id": "numeric-id"}, gc=False):
    """The parts of a value of any kind; which are there depends on the kind."""

    id: str | None = None
    entity_type: str | None = None
    numeric_id: int | None = None
    time: str = ""
    precision: float | None = None  # of a coordinate in degrees
    calendarmodel: str = ""
    amount: str = ""
    unit: str = "1"
    text: str = ""
    language: str = ""
    latitude: float | None = None
    longitude: float | None = None
    globe: str | None = None


class _Value(msgspec.Struct, gc=False):
    type: str
    value: str | _Parts


class _Snak(msgspec.Struct):
    snaktype: str
    datavalue: _Value | None = None


class _Statement(msgspec.Struct):
    mainsnak: _Snak
    rank: str = "normal"
    qualifiers: dict[str, list[_Snak]] | list[Any] = {}


class _Entity(msgspec.Struct):
    """An entity; PHP writes an empty object as an empty list."""

    id: str = ""
    type: str = "item"
    labels: dict[str, _Words] | list[Any] = {}
    descriptions: dict[str, _Words] | list[Any] = {}
    aliases: dict[str, list[_Words]] | list[Any] = {}
    claims: dict[str, list[_Statement]] | list[Any] = {}
    sitelinks: dict[str, msgspec.Raw] | list[Any] = {}
    redirect: str | None = None
    missing: str | None = None
    entities: dict[str, _Entity] | list[Any] = {}  # what Special:EntityData wraps entities in


def is_wikidata_json(path: Path) -> bool:
    """Whether the name of a file says so."""
    return plain_name(path).endswith((".json", ".ndjson"))


def read_wikidata_json(path: Path, reading: Reading, behind: int = 0) -> Iterator[Record]:
    """The records of a dump, from behind a line on.

    Raises:
        GraphError: the file cannot be read.
    """
    decode = msgspec.json.Decoder(_Entity).decode
    skips = reading.skips
    opened = behind > 0
    for number, raw in read_raw_lines(path, reading, behind=behind):
        line = raw.strip().removesuffix(b",")
        if line in (b"[", b"]", b""):
            opened = line == b"[" or (opened and not line)
            continue
        try:
            entity = decode(line)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            skips.add(path, number, f"no entity of Wikidata's JSON: {error}")
            continue
        wrapped = entity.entities.values() if isinstance(entity.entities, dict) else ()
        for part in wrapped or (entity,):
            try:
                yield from _Read(part, path, number, reading).records()
            except ValueError as error:
                skips.add(path, number, str(error))
    if opened:
        skips.add(path, None, "ends without its closing bracket", kind="file that breaks off")


class _Read:
    """One entity, being read."""

    def __init__(self, entity: _Entity, path: Path, line: int, reading: Reading) -> None:
        self._entity, self._path, self._line, self._reading = entity, path, line, reading
        self._skips = reading.skips

    def records(self) -> Iterator[Record]:
        """The entity as an entity, and a property first of all as a relation.

        Raises:
            ValueError: it has no id that can be a name.
        """
        entity = self._entity
        if entity.redirect is not None:
            self._skips.leave_out("redirect")
        elif entity.missing is not None:
            self._skips.leave_out("entity that is said to be missing")
        elif entity.type not in _LETTERS:
            self._skips.leave_out(f"entity of type {entity.type[:30]}")
        elif _NAME.fullmatch(entity.id) is None or not entity.id.startswith(_LETTERS[entity.type]):
            raise ValueError(f"expected the id of an entity such as Q42, found {entity.id[:60]!r}")
        else:
            label, aliases, description = self._words()
            is_relation = entity.type == "property"
            if is_relation:
                yield Record(entity.id, label, aliases, description, is_relation=True)
            facts = self._facts()
            if facts or not is_relation:
                yield Record(entity.id, label, aliases, description, facts, sitelinks=len(entity.sitelinks))

    def _words(self) -> tuple[str | None, list[str], str | None]:
        entity = self._entity
        labels, descriptions = (
            [Said(said.value, language) for language, said in texts.items()]
            if isinstance(texts, dict)
            else []
            for texts in (entity.labels, entity.descriptions)
        )
        aliases = (
            [Said(said.value, language) for language, many in entity.aliases.items() for said in many]
            if isinstance(entity.aliases, dict)
            else []
        )
        return self._reading.languages.words(labels, aliases, descriptions)

    def _facts(self) -> Mapping[str, list[Statement]]:
        claims = self._entity.claims
        facts = {}
        for relation, statements in claims.items() if isinstance(claims, dict) else ():
            if not self._reading.wanted(relation):
                continue
            if found := self._statements(checked_name(relation), statements):
                facts[relation] = found
        return facts

    def _statements(self, relation: str, statements: list[_Statement]) -> list[Statement]:
        found, outranked = [], Rank.DEPRECATED
        for statement in statements:
            rank = _RANKS.get(statement.rank)
            if rank is None:
                self._broken(relation, f"expected a rank, found {statement.rank[:60]!r}")
                continue
            value = self._object(relation, statement.mainsnak)
            if value is None:
                outranked = max(outranked, rank)
                continue
            qualifiers = self._qualifiers(statement.qualifiers) if statement.qualifiers else {}
            found.append(Statement(value, rank, qualifiers))
        return not_outranked(found, outranked, self._skips)

    def _qualifiers(self, qualifiers: dict[str, list[_Snak]] | list[Any]) -> dict[str, list[Object]]:
        found: dict[str, list[Object]] = {}
        for relation, snaks in qualifiers.items() if isinstance(qualifiers, dict) else ():
            values = [value for snak in snaks if (value := self._object(relation, snak)) is not None]
            if values:
                found[checked_name(relation)] = values
        return found

    def _object(self, relation: str, snak: _Snak) -> Object | None:
        """What a snak gives, or None for what is left out or broken; both are counted."""
        if snak.snaktype != "value" or snak.datavalue is None:
            self._skips.leave_out(_NOTHING.get(snak.snaktype, f"value of type {snak.snaktype[:30]}"))
            return None
        value = snak.datavalue.value
        try:
            if isinstance(value, str):
                return String(value)
            return self._whole(snak.datavalue.type, value)
        except ValueError as error:
            self._broken(relation, str(error))
            return None

    def _whole(self, kind: str, value: _Parts) -> Object | None:
        match kind:
            case "wikibase-entityid":
                name = value.id or f"{_LETTERS.get(value.entity_type or '', '')}{value.numeric_id}"
                if _NAME.fullmatch(name):
                    return name
                self._skips.leave_out("value that is a lexeme, form, sense or other kind of entity")
            case "time":
                julian = value.calendarmodel.endswith(f"/{_JULIAN}")
                return time_of(value.time, int(value.precision or 0), julian=julian)
            case "quantity":
                return quantity_of(value.amount, value.unit.rpartition("/entity/")[2])
            case "monolingualtext":
                return Text(value.text, value.language.lower())
            case "globecoordinate":
                if value.globe is None or value.globe.endswith(f"/{_EARTH}"):
                    if value.latitude is None or value.longitude is None:
                        raise ValueError("a coordinate lacks a number")
                    return coordinate_of(value.latitude, value.longitude)
                self._skips.leave_out("coordinate that is not on the Earth")
            case _:
                self._skips.leave_out(f"value of type {kind[:30]}")
        return None

    def _broken(self, relation: str, reason: str) -> None:
        self._skips.add(
            self._path,
            self._line,
            f"{self._entity.id} {relation[:20]}: {reason}",
            kind="value that cannot be read",
        )


_NOTHING = {"somevalue": "unknown value", "novalue": "statement that there is no value"}
