"""The graph of CSQA as it was released: a folder of JSON files, each one huge object, read as a stream.

===================================  ==================================================================
``wikidata_short_1``, ``_2``         subject -> relation -> objects
``comp_wikidata_rev``                object -> relation -> subjects
``par_child_dict``                   type -> its entities; without it ``child_par_dict_save``, or
                                     ``child_par_dict_immed``: entity -> its type
``items_wikidata_n``                 entity -> label; ``child_par_dict_name_2_corr`` overrules it
``filtered_property_wikidata4``      relation -> label
===================================  ==================================================================

All end in ``.json``, plain or packed. The released answers were computed with the types of those files, not
with P31 among the facts: that is left out where the folder has types of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple, TypeAlias

import ijson

from grammar.errors import GraphError
from kgqa.graphs.readers.lines import checked_name
from kgqa.graphs.readers.packed import PACKINGS, CutOff, open_packed, plain_name
from kgqa.graphs.readers.reading import Reading
from kgqa.graphs.readers.record import Record, Statement

_TYPE = "P31"
_FACTS = ("wikidata_short_1", "wikidata_short_2")
_TYPES = ("par_child_dict", "child_par_dict_save", "child_par_dict_immed")
"""In the order of trust: the first that is there is read."""


class _Leaf(NamedTuple):
    """A text in an object of objects: the key it stands under, the key under that (or none), and itself."""

    outer: str
    inner: str
    text: str


def is_csqa_folder(folder: Path) -> bool:
    """Whether a folder holds CSQA's facts."""
    return any(_file(folder, role) is not None for role in _FACTS)


def is_csqa_file(path: Path) -> bool:
    """Whether a file is one of these."""
    return plain_name(path).removesuffix(".json") in _ROLES and plain_name(path).endswith(".json")


def read_csqa_folder(folder: Path, reading: Reading) -> Iterator[Record]:
    """All files of a folder that say something to a graph.

    Raises:
        GraphError: one cannot be read.
    """
    types = next((role for role in _TYPES if _file(folder, role) is not None), None)
    for role, read in _ROLES.items():
        path = _file(folder, role)
        if path is None or (role in _TYPES and role != types):
            continue
        yield from read(path, reading, types is not None)


def read_csqa_file(path: Path, reading: Reading) -> Iterator[Record]:
    """One of these files.

    Raises:
        GraphError: it cannot be read.
    """
    yield from _ROLES[plain_name(path).removesuffix(".json")](path, reading, False)


def _file(folder: Path, role: str) -> Path | None:
    paths = (folder / f"{role}.json{packing}" for packing in ("", *PACKINGS))
    return next((path for path in paths if path.is_file()), None)


# --- roles ----------------------------------------------------------------------------------------------


def _facts(path: Path, reading: Reading, has_types: bool) -> Iterator[Record]:
    """One record a subject."""
    subject, facts = "", dict[str, list[Statement]]()
    for outer, relation, thing in _leaves(path, reading):
        if outer != subject:
            if facts:
                yield Record(subject, facts=facts)
            subject, facts = outer, {}
        if _is_fact(relation, has_types, reading):
            facts.setdefault(relation, []).append(Statement(thing))
    if facts:
        yield Record(subject, facts=facts)


def _inverse_facts(path: Path, reading: Reading, has_types: bool) -> Iterator[Record]:
    for thing, relation, subject in _leaves(path, reading):
        if _is_fact(relation, has_types, reading):
            yield Record(subject, facts={relation: [Statement(thing)]})


def _is_fact(relation: str, has_types: bool, reading: Reading) -> bool:
    if relation == _TYPE and has_types:
        reading.skips.leave_out("P31 beside the folder's own types")
        return False
    return bool(relation) and reading.wanted(relation)


def _types(path: Path, reading: Reading, has_types: bool, *, type_first: bool) -> Iterator[Record]:
    for outer, _, text in _leaves(path, reading):
        kind, entity = (outer, text) if type_first else (text, outer)
        yield Record(entity, facts={_TYPE: [Statement(kind)]})


def _labels(path: Path, reading: Reading, has_types: bool, *, is_relation: bool = False) -> Iterator[Record]:
    for name, _, label in _leaves(path, reading, are_names=False):
        yield Record(name, label=label.strip(), is_relation=is_relation)


_Role: TypeAlias = Callable[[Path, Reading, bool], Iterator[Record]]
_ROLES: Mapping[str, _Role] = MappingProxyType(
    {
        "filtered_property_wikidata4": partial(_labels, is_relation=True),
        "child_par_dict_name_2_corr": _labels,
        "items_wikidata_n": _labels,
        "wikidata_short_1": _facts,
        "wikidata_short_2": _facts,
        "comp_wikidata_rev": _inverse_facts,
        "par_child_dict": partial(_types, type_first=True),
        "child_par_dict_save": partial(_types, type_first=False),
        "child_par_dict_immed": partial(_types, type_first=False),
    }
)
"""Role of a file -> its reader, in the order of reading (the first label of an entity wins)."""


# --- JSON as a stream -----------------------------------------------------------------------------------


def _leaves(path: Path, reading: Reading, *, are_names: bool = True) -> Iterator[_Leaf]:
    """The texts of one object, in its order; what cannot be a name is named and counted."""
    skips, found = reading.skips, False
    keys: list[str] = []
    depth = 0
    try:
        with open_packed(path, reading) as file:
            for event, value in ijson.basic_parse(file, buf_size=1 << 18):
                if event == "map_key":
                    keys[depth - 1 :] = [value]
                elif event in ("start_map", "start_array"):
                    depth += event == "start_map"
                    found = True
                    if depth == 0 or depth > 2:
                        raise GraphError(f"{path}: expected an object of lists or of objects of lists")
                elif event == "end_map":
                    depth -= 1
                elif event != "end_array":
                    try:
                        if depth == 0 or not isinstance(value, str):
                            raise ValueError(f"expected a text, found {value!r:.60}")
                        outer, inner = checked_name(keys[0]), checked_name(keys[1]) if depth == 2 else ""
                        yield _Leaf(outer, inner, checked_name(value) if are_names else value)
                    except ValueError as error:
                        where = " ".join(keys)[:60]
                        skips.add(path, None, f"{where}: {error}", kind="malformed entry")
    except (OSError, CutOff, ijson.JSONError) as error:
        reason = " ".join(str(error).split())[:100]
        if not found:
            raise GraphError(f"{path} cannot be read as JSON: {reason}") from None
        skips.add(
            path,
            None,
            f"the file breaks off after {' '.join(keys)[:60]} ({reason})",
            kind="file that breaks off",
        )
