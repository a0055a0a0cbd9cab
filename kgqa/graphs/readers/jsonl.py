"""The project's own form of a graph: a folder of JSON lines, one readable record an entity.

``relations.jsonl`` holds the relations, every other ``*.jsonl`` (plain or packed) entities::

    {"id": "Q30", "label": "United States of America", "aliases": ["USA"], "description": "country",
     "facts": {"P36": ["Q61"], "P571": ["@1776-07-04"],
               "P35": [{"value": "Q6279", "rank": "preferred", "qualifiers": {"P580": ["@2021-01-20"]}}]}}

A value is written as in logical forms (``grammar.values``); what is no value is an entity's id. A statement
with a rank or qualifiers is an object, and every item of a list is a statement of its own. ``sitelinks`` may
say how many pages of Wikipedias are about an entity.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from kgqa.graphs.readers.lines import checked_name, read_lines
from kgqa.graphs.readers.packed import plain_name
from kgqa.graphs.readers.reading import Reading
from kgqa.graphs.readers.record import Object, Rank, Record, Statement, read_object, write_object

RELATIONS = "relations.jsonl"
_RECORD_KEYS = frozenset(("id", "label", "aliases", "description", "facts", "sitelinks"))
_STATEMENT_KEYS = frozenset(("value", "rank", "qualifiers"))


def is_jsonl(path: Path) -> bool:
    """Whether the name of a file says so."""
    return plain_name(path).endswith(".jsonl")


def jsonl_files(folder: Path) -> list[Path]:
    """The files of a folder in this form, in the order of their names."""
    return sorted(path for path in folder.iterdir() if is_jsonl(path) and path.is_file())


def read_jsonl(path: Path, reading: Reading) -> Iterator[Record]:
    """One file."""
    is_relation = plain_name(path) == RELATIONS
    for number, line in read_lines(path, reading):
        try:
            yield record_of(json.loads(line), is_relation=is_relation)
        except json.JSONDecodeError as error:
            reading.skips.add(path, number, f"no JSON: {error.msg} in column {error.colno}")
        except (ValueError, RecursionError) as error:
            reading.skips.add(path, number, str(error))


def record_of(content: object, *, is_relation: bool = False) -> Record:
    """The record that a JSON object stands for.

    Raises:
        ValueError: it stands for none; says which part and what was expected.
    """
    if not isinstance(content, dict):
        raise ValueError(f"expected an object with an id, found {_shown(content)}")
    unknown = content.keys() - _RECORD_KEYS
    if unknown:
        raise ValueError(f"unknown key {min(unknown)!r}; the keys are {', '.join(sorted(_RECORD_KEYS))}")
    facts = content.get("facts", {})
    if not isinstance(facts, dict) or (is_relation and facts):
        raise ValueError(f"expected facts as an object (and none for a relation), found {_shown(facts)}")
    return Record(
        id=checked_name(_text(content, "id") or ""),
        label=_text(content, "label"),
        aliases=[_as_text(alias, "an alias") for alias in _as_list(content.get("aliases", []), "aliases")],
        description=_text(content, "description"),
        facts={
            checked_name(relation): [_statement(item) for item in _as_list(values, relation)]
            for relation, values in facts.items()
        },
        is_relation=is_relation,
        sitelinks=_count(content.get("sitelinks", 0)),
    )


def content_of(record: Record) -> dict[str, Any]:
    """The inverse of ``record_of``: what ``json.dumps`` writes as one line."""
    content: dict[str, Any] = {"id": record.id, "label": record.label}
    if record.aliases:
        content["aliases"] = list(record.aliases)
    if record.description:
        content["description"] = record.description
    if record.sitelinks:
        content["sitelinks"] = record.sitelinks
    if not record.is_relation:
        content["facts"] = {
            relation: [_content_of_statement(statement) for statement in statements]
            for relation, statements in record.facts.items()
        }
    return content


def _content_of_statement(statement: Statement) -> str | dict[str, Any]:
    value = write_object(statement.value)
    if statement.rank is Rank.NORMAL and not statement.qualifiers:
        return value
    content: dict[str, Any] = {"value": value}
    if statement.rank is not Rank.NORMAL:
        content["rank"] = statement.rank.name.lower()
    if statement.qualifiers:
        content["qualifiers"] = {r: [write_object(v) for v in vs] for r, vs in statement.qualifiers.items()}
    return content


def _statement(item: object) -> Statement:
    if isinstance(item, str):
        return Statement(_object(item))
    if not isinstance(item, dict) or "value" not in item or item.keys() - _STATEMENT_KEYS:
        raise ValueError(
            f"expected a value, or an object with value, rank and qualifiers, found {_shown(item)}"
        )
    rank = item.get("rank", "normal")
    if not isinstance(rank, str) or rank.upper() not in Rank.__members__:
        raise ValueError(f"expected a rank of preferred, normal or deprecated, found {_shown(rank)}")
    qualifiers = item.get("qualifiers", {})
    if not isinstance(qualifiers, Mapping):
        raise ValueError(f"expected qualifiers as an object of lists, found {_shown(qualifiers)}")
    return Statement(
        _object(item["value"]),
        Rank[rank.upper()],
        {
            checked_name(r): [_object(value) for value in _as_list(values, r)]
            for r, values in qualifiers.items()
        },
    )


def _object(item: object) -> Object:
    thing = read_object(_as_text(item, "a value"))
    return checked_name(thing) if isinstance(thing, str) else thing


def _text(content: Mapping[str, object], key: str) -> str | None:
    item = content.get(key)
    return None if item is None else _as_text(item, key)


def _as_text(item: object, what: str) -> str:
    if not isinstance(item, str):
        raise ValueError(f"expected {what} as text, found {_shown(item)}")
    item.encode()  # half a surrogate pair, written \ud800, is no text
    return item


def _count(item: object) -> int:
    if not isinstance(item, int) or isinstance(item, bool) or item < 0:
        raise ValueError(f"expected sitelinks as a number, found {_shown(item)}")
    return item


def _as_list(item: object, what: str) -> Sequence[object]:
    if not isinstance(item, list):
        raise ValueError(f"expected {what} as a list, found {_shown(item)}")
    return item


def _shown(item: object) -> str:
    return json.dumps(item, ensure_ascii=True)[:60]
