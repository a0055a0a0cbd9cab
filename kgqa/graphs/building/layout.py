"""The arrays of an embedded graph: what each holds, and how they are made from the collected columns.

Everything is numbered by its place in an order: entities and relations by name (shorter names first, so that
Q2 comes before Q10), literals by kind, then along their line, then by text; statements by relation, subject
and node. A *node* is an entity or, from the number of entities on, a literal.

=====================  ==================================================================================
``entities``           texts: names                 ``relations``      texts: names
``literals``           texts: written values        ``literal_kinds``, ``_low``, ``_high``: where they lie
``subject_starts``     [relations + 1] where a relation's subjects start in
``subjects``           every (relation, subject) that has facts, sorted
``statements``         ragged over ``subjects``: nodes; an item's place is the number of its statement
``object_starts``      [relations + 1], and ``objects``: the same the other way round, entities only
``inverse``            ragged over ``objects``: subjects, without repeats
``types``              entities that are types, sorted; ``members`` ragged over them
``entity_types``       ragged over entities: types
``uses``               ragged over entities: relation * 3 + direction; ``use_counts`` facts of each
``degrees``            [entities] number of facts
``sitelinks``          [entities] pages of Wikipedias and other wikis about it; left out where no source says
``qualified``          statements that have qualifiers, sorted; ``qualifiers`` ragged over them: nodes, and
                       ``qualifier_relations`` beside the items
``X.labels`` ...       texts of ``entities`` and ``relations``; ``names/``: see ``name_index``
=====================  ==================================================================================

So a fact costs one node, its share of a subject, and the same again the other way round.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np

from grammar.denotation import IntArray
from kgqa.graphs.arrays import ArrayReader, ArrayWriter
from kgqa.graphs.building.classes import Classes
from kgqa.graphs.building.collect import Words
from kgqa.graphs.building.facts import FactWriter
from kgqa.graphs.building.gather import Gathered
from kgqa.graphs.building.names import write_names
from kgqa.graphs.building.renumber import LiteralWriter
from kgqa.graphs.building.sorting import ExternalSort, changes
from kgqa.graphs.building.spool import Scratch
from kgqa.graphs.building.visible import Statements
from kgqa.graphs.building.words import write_relation_words
from kgqa.graphs.name_index import FOLDER as NAMES
from kgqa.graphs.name_index import Entry
from kgqa.graphs.rdf_terms import end_of
from kgqa.graphs.readers.reading import Progress

_PIECE = 1 << 16
"""Entities whose words are looked up at once."""


@dataclass(frozen=True, slots=True)
class Counts:
    """What the layout holds, for the manifest."""

    entities: int
    relations: int
    types: int
    triples: int
    literals: int
    statements: int
    qualifiers: int
    labels: int
    aliases: int


def write_layout(
    writer: ArrayWriter,
    gathered: Gathered,
    scratch: Scratch,
    *,
    memory: int,
    type_relations: Sequence[str],
    subclass_relation: str | None,
    progress: Progress | None,
) -> Counts:
    """Order what was gathered and write every array, in about so many bytes of memory."""
    tell = progress or _silent
    tell("sorting names", 0)
    with writer.open_texts("entities") as entities:
        n_entities = gathered.names.merge(entities, memory=memory // 4)
    n_literals = _write_literals(writer, gathered, memory=memory // 4)
    used = [(name.encode(), number) for name, number in gathered.relations.items() if number in gathered.used]
    used.sort(key=lambda pair: (len(pair[0]), pair[0]))
    writer.texts("relations", [name for name, _ in used])
    old_relations = np.array([number for _, number in used], dtype=np.int64)
    new_relation = np.full(len(gathered.relations), -1, dtype=np.int64)
    new_relation[old_relations] = np.arange(len(used))
    numbers = {name.decode(): number for number, (name, _) in enumerate(used)}

    statements = Statements(
        scratch,
        relations=len(used),
        entities=n_entities,
        nodes=n_entities + n_literals,
        statements=gathered.statements,
        qualifiers=gathered.qualifiers,
    )
    for facts in gathered.facts(new_relation, n_entities):
        statements.add(facts)
        tell("sorting", statements.count, gathered.statements, "statements")
    classes = Classes(
        scratch,
        entities=n_entities,
        type_relations=[numbers[name] for name in type_relations if name in numbers],
        subclass_relation=numbers.get(subclass_relation or ""),
    )
    facts_writer = FactWriter(writer, scratch, statements, relations=len(used), entities=n_entities)
    n_statements, n_triples = facts_writer.write_statements(classes, tell)
    facts_writer.write_inverse()
    types = classes.write(writer)
    facts_writer.write_uses()
    n_qualifiers = facts_writer.write_qualifiers()

    _write_sitelinks(writer, gathered, scratch, n_entities)

    tell("writing words", 0)
    n_labels, n_aliases = gathered.words.write(
        writer, n_entities, memory=memory // 2, with_iris=gathered.names.with_iris
    )
    for name, number in gathered.relations.items():
        if number not in gathered.relation_words.labels and (end := end_of(name)):
            gathered.relation_words.labels[number] = end
    write_relation_words(writer, gathered.relation_words, old_relations)
    tell("writing the index of names", 0)
    relation_entries = _relation_entries(gathered.relation_words, old_relations, facts_writer.usage)
    entries = chain(_entity_entries(writer, types), relation_entries)
    writer.adopt(write_names(writer.folder / NAMES, entries, memory=memory))
    return Counts(
        entities=n_entities,
        relations=len(used),
        types=len(types),
        triples=n_triples,
        literals=n_literals,
        statements=n_statements,
        qualifiers=n_qualifiers,
        labels=n_labels,
        aliases=n_aliases,
    )


def _silent(what: str, done: int, total: int | None = None, unit: str = "", /) -> None:
    pass


def _write_literals(writer: ArrayWriter, gathered: Gathered, *, memory: int) -> int:
    with (
        writer.open_texts("literals") as texts,
        writer.open_column("literal_kinds", np.int8) as kinds,
        writer.open_column("literal_low", np.float64) as low,
        writer.open_column("literal_high", np.float64) as high,
    ):
        return gathered.literals.merge(LiteralWriter(texts, kinds, low, high), memory=memory)


def _write_sitelinks(writer: ArrayWriter, gathered: Gathered, scratch: Scratch, n_entities: int) -> None:
    most = max((int(counts.max()) for _, counts in gathered.sitelinks()), default=0)
    if not most:
        return
    sort = ExternalSort(scratch, "sitelinks.runs", n_entities, most)
    for entities, counts in gathered.sitelinks():
        sort.add(entities, counts)
    with writer.open_column("sitelinks") as column:
        for entities, counts in sort.groups(1):
            starts = changes(entities)
            column.at(entities[starts], np.maximum.reduceat(counts, starts))
        column.until(n_entities)


# --- names ----------------------------------------------------------------------------------------------


def _relation_entries(words: Words, numbers: IntArray, usage: IntArray) -> Iterator[Entry]:
    for owner, (number, uses) in enumerate(zip(numbers.tolist(), usage.tolist(), strict=True)):
        if label := words.labels.get(number):
            yield Entry("relations", owner, 0, label, uses)
        for place, alias in enumerate(words.aliases_of(number), 1):
            yield Entry("relations", owner, place, alias, uses)


def _entity_entries(writer: ArrayWriter, types: IntArray) -> Iterator[Entry]:
    """Labels and aliases of entities, read back from the arrays."""
    reader = ArrayReader(writer.folder)
    count = len(reader.texts("entities.labels"))
    are_types = set(types.tolist())
    for first in range(0, count, _PIECE):
        # Mapped anew for every piece: pages of what was read before would count as held.
        labels, aliases = reader.texts("entities.labels"), reader.texts("entities.aliases")
        starts, known = reader.column("entities.alias_starts"), reader.columns("degrees", "sitelinks")
        rows = np.arange(first, min(first + _PIECE, count))
        named = rows[(labels.lengths(rows) > 0) | (starts[rows + 1] > starts[rows])]
        columns = (named, np.sum([c[named] for c in known], axis=0), starts[named], starts[named + 1])
        for owner, degree, start, end in zip(*(column.tolist() for column in columns), strict=True):
            if label := labels[owner]:
                yield Entry("entities", owner, 0, label, degree, owner in are_types)
            for row in range(start, end):
                yield Entry("entities", owner, row - start + 1, aliases[row], degree, owner in are_types)
