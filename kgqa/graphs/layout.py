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
``qualified``          statements that have qualifiers, sorted; ``qualifiers`` ragged over them: nodes, and
                       ``qualifier_relations`` beside the items
``X.labels`` ...       texts of ``entities`` and ``relations``; ``names/``: see ``name_index``
=====================  ==================================================================================

So a fact costs one node, its share of a subject, and the same again the other way round.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np

from grammar.denotation import BoolArray, IntArray
from grammar.values import Value
from kgqa.graphs.arrays import Array, ArrayWriter, compact, find_sorted, pointers_of, rows_of
from kgqa.graphs.collect import Collected, Words
from kgqa.graphs.name_index import FOLDER as NAMES
from kgqa.graphs.name_index import Entry, write_names
from kgqa.graphs.protocol import Among, Direction

DIRECTIONS: tuple[Direction, ...] = ("out", "in", "literal")


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


@dataclass(frozen=True, slots=True)
class _Statements:
    """Visible statements in their final order, one element each, and their qualifiers."""

    relations: IntArray
    subjects: IntArray
    nodes: IntArray
    qualified: IntArray
    qualifier_relations: IntArray
    qualifier_nodes: IntArray


def write_layout(
    writer: ArrayWriter, collected: Collected, *, type_relations: Sequence[str], subclass_relation: str | None
) -> Counts:
    """Order the collected columns and write every array."""
    entity_order = _shortest_first(collected.entities)
    used = set(collected.statement_relations) | set(collected.qualifier_relations)
    relation_order = _shortest_first({n: i for n, i in collected.relations.items() if i in used})
    literal_order = sorted(collected.literals.items(), key=lambda pair: _along_the_line(pair[0]))

    n_entities, n_relations = len(entity_order), len(relation_order)
    new_relation = _renumbered([i for _, i in relation_order], len(collected.relations))
    new_entity = _renumbered([i for _, i in entity_order], n_entities)
    new_literal = _renumbered([i for _, i in literal_order], len(literal_order)) + n_entities

    def nodes_of(column: IntArray) -> IntArray:
        nodes = np.empty(len(column), dtype=np.int64)
        is_entity = column >= 0
        nodes[is_entity] = new_entity[column[is_entity]]
        nodes[~is_entity] = new_literal[~column[~is_entity]]
        return nodes

    statements = _visible(
        relations=new_relation[_integers(collected.statement_relations)],
        subjects=new_entity[_integers(collected.subjects)],
        nodes=nodes_of(_integers(collected.nodes)),
        ranks=_integers(collected.ranks),
        qualified=_integers(collected.qualified),
        qualifier_relations=new_relation[_integers(collected.qualifier_relations)],
        qualifier_nodes=nodes_of(_integers(collected.qualifier_nodes)),
    )
    writer.texts("entities", [name for name, _ in entity_order])
    writer.texts("relations", [name for name, _ in relation_order])
    _write_literals(writer, [value for value, _ in literal_order])

    facts = _changes(statements.relations, statements.subjects, statements.nodes)
    relations, subjects, nodes = (
        statements.relations[facts],
        statements.subjects[facts],
        statements.nodes[facts],
    )
    _write_statements(writer, statements, n_relations)
    to_entity = nodes < n_entities
    _write_inverse(writer, relations[to_entity], subjects[to_entity], nodes[to_entity], n_relations)

    names = {name: number for number, (name, _) in enumerate(relation_order)}
    wanted = [names[name.encode()] for name in type_relations if name.encode() in names]
    is_type = to_entity & np.isin(relations, wanted)
    instances, classes = subjects[is_type], nodes[is_type]
    if subclass_relation and subclass_relation.encode() in names:
        is_subclass = to_entity & (relations == names[subclass_relation.encode()])
        instances, classes = _closed(instances, classes, subjects[is_subclass], nodes[is_subclass])
    types = _write_types(writer, instances, classes, n_entities)

    degrees = np.bincount(subjects, minlength=n_entities)
    degrees = degrees + np.bincount(nodes[to_entity], minlength=n_entities)
    writer.column("degrees", compact(degrees))
    _write_uses(writer, relations, subjects, nodes, n_entities=n_entities, n_relations=n_relations)

    entity_ids = [number for _, number in entity_order]
    relation_ids = [number for _, number in relation_order]
    _write_words(writer, "entities", collected.entity_words, entity_ids)
    _write_words(writer, "relations", collected.relation_words, relation_ids)
    usage = np.bincount(relations, minlength=n_relations)
    usage = usage + np.bincount(statements.qualifier_relations, minlength=n_relations)
    is_class = np.zeros(n_entities, dtype=np.bool_)
    is_class[types] = True
    writer.adopt(
        write_names(
            writer.folder / NAMES,
            chain(
                _entries("entities", collected.entity_words, entity_ids, degrees, is_class),
                _entries(
                    "relations", collected.relation_words, relation_ids, usage, np.zeros(n_relations, bool)
                ),
            ),
        )
    )
    return Counts(
        entities=n_entities,
        relations=n_relations,
        types=len(types),
        triples=len(nodes),
        literals=len(literal_order),
        statements=len(statements.nodes),
        qualifiers=len(statements.qualifier_nodes),
        labels=len(collected.entity_words.labels),
        aliases=sum(len(collected.entity_words.aliases_of(i)) for i in collected.entity_words.aliases),
    )


# --- order ----------------------------------------------------------------------------------------------


def _integers(column: object) -> IntArray:
    return np.asarray(column, dtype=np.int64)


def _shortest_first(numbers: dict[str, int]) -> list[tuple[bytes, int]]:
    encoded = [(name.encode(), number) for name, number in numbers.items()]
    return sorted(encoded, key=lambda pair: (len(pair[0]), pair[0]))


def _along_the_line(value: Value) -> tuple[int, bool, float, bytes]:
    low = value.span[0]
    return (int(value.kind), math.isnan(low), 0.0 if math.isnan(low) else low, str(value).encode())


def _renumbered(old_in_new_order: Sequence[int], size: int) -> IntArray:
    new = np.full(size, -1, dtype=np.int64)
    new[np.asarray(old_in_new_order, dtype=np.int64)] = np.arange(len(old_in_new_order))
    return new


def _changes(*columns: IntArray) -> IntArray:
    """Rows of sorted columns that differ from the row before."""
    changed: BoolArray = np.ones(len(columns[0]), dtype=np.bool_)
    if len(changed):
        changed[1:] = np.logical_or.reduce([column[1:] != column[:-1] for column in columns])
    return np.flatnonzero(changed)


# --- statements -----------------------------------------------------------------------------------------


def _visible(
    *,
    relations: IntArray,
    subjects: IntArray,
    nodes: IntArray,
    ranks: IntArray,
    qualified: IntArray,
    qualifier_relations: IntArray,
    qualifier_nodes: IntArray,
) -> _Statements:
    """Best-rank statements without repeats, in order of relation, subject, node, first mention.

    Of equal statements from several sources one is kept, and one without qualifiers is dropped where the same
    fact is also stated with qualifiers.
    """
    count = len(nodes)
    order = np.lexsort((subjects, relations))
    starts = _changes(relations[order], subjects[order])
    kept = np.zeros(count, dtype=np.bool_)
    if count:
        best = np.maximum.reduceat(ranks[order], starts)
        sizes = np.diff(np.append(starts, count))
        kept[order] = (ranks[order] == np.repeat(best, sizes)) & (ranks[order] > 0)

    rows = np.lexsort((qualifier_nodes, qualifier_relations, qualified))
    rows = rows[_changes(qualified[rows], qualifier_relations[rows], qualifier_nodes[rows])]
    qualified, qualifier_relations, qualifier_nodes = (
        qualified[rows],
        qualifier_relations[rows],
        qualifier_nodes[rows],
    )
    digests = np.zeros(count, dtype=np.uint64)
    np.add.at(digests, qualified, _mixed(qualifier_relations, qualifier_nodes))

    rows = np.flatnonzero(kept)
    rows = rows[np.lexsort((rows, digests[rows], nodes[rows], subjects[rows], relations[rows]))]
    fact_starts = _changes(relations[rows], subjects[rows], nodes[rows])
    keep = np.zeros(len(rows), dtype=np.bool_)
    keep[_changes(relations[rows], subjects[rows], nodes[rows], digests[rows].view(np.int64))] = True
    if len(rows):
        has_qualified = np.logical_or.reduceat(digests[rows] != 0, fact_starts)
        sizes = np.diff(np.append(fact_starts, len(rows)))
        keep &= (digests[rows] != 0) | ~np.repeat(has_qualified, sizes)
    rows = rows[keep]
    rows = rows[np.lexsort((rows, nodes[rows], subjects[rows], relations[rows]))]

    number = _renumbered(rows.tolist(), count)
    visible = number[qualified] >= 0
    by_number = np.lexsort(
        (qualifier_nodes[visible], qualifier_relations[visible], number[qualified[visible]])
    )
    return _Statements(
        relations[rows],
        subjects[rows],
        nodes[rows],
        number[qualified[visible]][by_number],
        qualifier_relations[visible][by_number],
        qualifier_nodes[visible][by_number],
    )


def _mixed(relations: IntArray, nodes: IntArray) -> Array:
    """A 64-bit number for each qualifier; a statement's qualifiers are compared by the sum of theirs."""
    mixed = (
        nodes.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15) + relations.astype(np.uint64) + np.uint64(1)
    )
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
        mixed = (mixed ^ (mixed >> np.uint64(shift))) * np.uint64(factor)
    result: Array = mixed ^ (mixed >> np.uint64(31))
    return result


def _write_statements(writer: ArrayWriter, statements: _Statements, n_relations: int) -> None:
    starts = _changes(statements.relations, statements.subjects)
    per_relation = np.bincount(statements.relations[starts], minlength=n_relations)
    writer.column("subject_starts", compact(pointers_of(per_relation)))
    writer.column("subjects", compact(statements.subjects[starts]))
    sizes = np.diff(np.append(starts, len(statements.nodes)))
    writer.ragged("statements", sizes, compact(statements.nodes))

    starts = _changes(statements.qualified)
    writer.column("qualified", compact(statements.qualified[starts]))
    sizes = np.diff(np.append(starts, len(statements.qualified)))
    writer.ragged("qualifiers", sizes, compact(statements.qualifier_nodes))
    writer.column("qualifier_relations", compact(statements.qualifier_relations))


def _write_inverse(
    writer: ArrayWriter, relations: IntArray, subjects: IntArray, objects: IntArray, n_relations: int
) -> None:
    order = np.lexsort((subjects, objects, relations))
    relations, subjects, objects = relations[order], subjects[order], objects[order]
    starts = _changes(relations, objects)
    writer.column(
        "object_starts", compact(pointers_of(np.bincount(relations[starts], minlength=n_relations)))
    )
    writer.column("objects", compact(objects[starts]))
    writer.ragged("inverse", np.diff(np.append(starts, len(objects))), compact(subjects))


# --- types, uses ----------------------------------------------------------------------------------------


def _closed(
    instances: IntArray, classes: IntArray, lower: IntArray, upper: IntArray
) -> tuple[IntArray, IntArray]:
    """Membership carried up the subclass relation (``lower`` is a subclass of ``upper``), to its end."""
    order = np.lexsort((upper, lower))
    lower, upper = lower[order], upper[order]
    starts = _changes(lower)
    keys, pointers = lower[starts], np.append(starts, len(lower))
    known = np.unique(classes)
    pairs = np.stack([known, known], axis=1)  # class, itself or what is above it
    frontier = pairs
    while len(frontier):
        found, places = find_sorted(keys, frontier[:, 1])
        owners, rows = rows_of(pointers, places)
        reached = np.stack([frontier[found[owners], 0], upper[rows]], axis=1)
        before = len(pairs)
        united, first = np.unique(np.concatenate([pairs, reached]), axis=0, return_index=True)
        pairs, frontier = united, united[first >= before]
    starts = _changes(pairs[:, 0])
    _, places = find_sorted(pairs[starts, 0], classes)
    owners, rows = rows_of(np.append(starts, len(pairs)), places)
    return instances[owners], pairs[rows, 1]


def _write_types(writer: ArrayWriter, instances: IntArray, classes: IntArray, n_entities: int) -> IntArray:
    order = np.lexsort((instances, classes))
    order = order[_changes(classes[order], instances[order])]
    instances, classes = instances[order], classes[order]
    starts = _changes(classes)
    types = classes[starts]
    writer.column("types", compact(types))
    writer.ragged("members", np.diff(np.append(starts, len(classes))), compact(instances))
    order = np.lexsort((classes, instances))
    writer.ragged("entity_types", np.bincount(instances, minlength=n_entities), compact(classes[order]))
    return types


def _write_uses(
    writer: ArrayWriter,
    relations: IntArray,
    subjects: IntArray,
    nodes: IntArray,
    *,
    n_entities: int,
    n_relations: int,
) -> None:
    to_entity, width = nodes < n_entities, 3 * n_relations
    direction = np.where(to_entity, DIRECTIONS.index("out"), DIRECTIONS.index("literal"))
    leaving = subjects * width + relations * 3 + direction
    entering = nodes[to_entity] * width + relations[to_entity] * 3 + DIRECTIONS.index("in")
    unique, counts = np.unique(np.concatenate([leaving, entering]), return_counts=True)
    owners, codes = (unique // width, unique % width) if width else (unique, unique)
    writer.ragged("uses", np.bincount(owners, minlength=n_entities), compact(codes))
    writer.column("use_counts", compact(counts))


# --- words and values -----------------------------------------------------------------------------------


def _write_literals(writer: ArrayWriter, values: Sequence[Value]) -> None:
    writer.texts("literals", [str(value).encode() for value in values])
    writer.column("literal_kinds", np.array([int(value.kind) for value in values], dtype=np.int8))
    spans = np.array([value.span for value in values], dtype=np.float64).reshape(-1, 2)
    writer.column("literal_low", spans[:, 0])
    writer.column("literal_high", spans[:, 1])


def _write_words(writer: ArrayWriter, name: str, words: Words, numbers: Sequence[int]) -> None:
    writer.texts(f"{name}.labels", [words.labels.get(n, "").encode() for n in numbers])
    writer.texts(f"{name}.descriptions", [words.descriptions.get(n, "").encode() for n in numbers])
    aliases = [words.aliases_of(n) for n in numbers]
    writer.texts(f"{name}.aliases", [alias.encode() for several in aliases for alias in several])
    counts = np.fromiter(map(len, aliases), dtype=np.int64, count=len(aliases))
    writer.column(f"{name}.alias_starts", compact(pointers_of(counts)))


def _entries(
    among: Among, words: Words, numbers: Sequence[int], degrees: IntArray, is_type: BoolArray
) -> Iterator[Entry]:
    for owner, number in enumerate(numbers):
        label = words.labels.get(number)
        degree, also_type = int(degrees[owner]), bool(is_type[owner])
        if label is not None:
            yield Entry(among, owner, 0, label, degree, also_type)
        for place, alias in enumerate(words.aliases_of(number), 1):
            yield Entry(among, owner, place, alias, degree, also_type)
