"""The stores that are compared: kgqa's embedded graph, and what others use."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from csqa_shape import RELATIONS, CsqaShape, entity_name, relation_name
from scale_cases import Store, columns_of

from grammar.denotation import EachNumber, Entities
from grammar.execute import execute
from grammar.forms import read_form
from grammar.operators import Sort
from kgqa.graphs import EmbeddedGraph

_IRI = "http://x/"


class Embedded:
    """kgqa: lookups as the graph answers them, all else as logical forms."""

    def __init__(self, graph: EmbeddedGraph) -> None:
        self.graph = graph

    def objects(self, entity: int, relation: int) -> int:
        return len(self.graph.objects(np.array([entity]), relation_name(relation)).items)

    def subjects(self, entity: int, relation: int) -> int:
        return len(self.graph.subjects(np.array([entity]), relation_name(relation)).items)

    def _entities(self, form: str) -> int:
        found = execute(read_form(form), self.graph)
        assert isinstance(found, Entities)
        return len(found.items)

    def _sum(self, form: str) -> int:
        found = execute(read_form(form, sorts=(Sort.EACH_NUMBER,)), self.graph)
        assert isinstance(found, EachNumber)
        return int(found.numbers.sum())

    def keep(self, entity: int, relation: int, type_: int) -> int:
        hub = f"follow_back({entity_name(entity)}, {relation_name(relation)})"
        return self._entities(f"keep({hub}, {entity_name(type_)})")

    @staticmethod
    def _each(type_: int, relation: int) -> str:
        return f"follow(for_each(members({entity_name(type_)})), {relation_name(relation)})"

    def count_each(self, type_: int, relation: int) -> int:
        return self._sum(f"cardinality({self._each(type_, relation)})")

    def most(self, type_: int, relation: int) -> int:
        return self._entities(f"arg(max(cardinality({self._each(type_, relation)})))")

    def count_union(self, type_: int, first: int, second: int) -> int:
        return self._sum(f"cardinality(union({self._each(type_, first)}, {self._each(type_, second)}))")


class Dictionaries:
    """Dictionaries of sets, as the published code for CSQA has them."""

    def __init__(self, shape: CsqaShape) -> None:
        self._out: dict[int, dict[int, set[int]]] = defaultdict(dict)
        self._in: dict[int, dict[int, set[int]]] = defaultdict(dict)
        self._members: dict[int, set[int]] = defaultdict(set)
        for subjects, relations, objects, _ in shape.columns():
            for subject, relation, value in zip(
                subjects.tolist(), relations.tolist(), objects.tolist(), strict=True
            ):
                if relation == RELATIONS:
                    self._members[value].add(subject)
                self._out[subject].setdefault(relation, set()).add(value)
                self._in[value].setdefault(relation, set()).add(subject)

    def objects(self, entity: int, relation: int) -> int:
        return len(self._out[entity].get(relation, ()))

    def subjects(self, entity: int, relation: int) -> int:
        return len(self._in[entity].get(relation, ()))

    def keep(self, entity: int, relation: int, type_: int) -> int:
        return len(self._in[entity][relation] & self._members[type_])

    def _counts(self, type_: int, relation: int) -> dict[int, int]:
        return {e: len(found) for e in self._members[type_] if (found := self._out[e].get(relation))}

    def count_each(self, type_: int, relation: int) -> int:
        return sum(self._counts(type_, relation).values())

    def most(self, type_: int, relation: int) -> int:
        counts = self._counts(type_, relation)
        most = max(counts.values())
        return sum(count == most for count in counts.values())

    def count_union(self, type_: int, first: int, second: int) -> int:
        none: set[int] = set()
        return sum(
            len(self._out[e].get(first, none) | self._out[e].get(second, none)) for e in self._members[type_]
        )


class Duckdb:
    """Tables of integers, one sorted by subject and one by object; on disk, 4 GB of memory, one thread."""

    def __init__(self, shape: CsqaShape, folder: Path) -> None:
        import duckdb

        self._connection = duckdb.connect(str(folder / "duck.db"))
        run = self._connection.execute
        run("SET threads = 1; SET memory_limit = '4GB'; SET preserve_insertion_order = false")
        run("CREATE TABLE given (s INTEGER, r SMALLINT, o INTEGER)")
        for subjects, relations, objects, _ in shape.columns():
            columns = {
                "s": subjects.astype(np.int32),
                "r": relations.astype(np.int16),
                "o": objects.astype(np.int32),
            }
            run("INSERT INTO given SELECT s, r, o FROM columns")
            del columns
        run("CREATE TABLE facts AS SELECT DISTINCT s, r, o FROM given ORDER BY r, s, o")
        run("CREATE TABLE inverse AS SELECT r, o, s FROM facts ORDER BY r, o, s")
        run("DROP TABLE given; CHECKPOINT")

    def _fetched(self, query: str, *values: int) -> int:
        return len(next(iter(self._connection.execute(query, values).fetchnumpy().values())))

    def _number(self, query: str, *values: int) -> int:
        found = self._connection.execute(query, values).fetchone()
        return int(found[0]) if found else 0

    def objects(self, entity: int, relation: int) -> int:
        return self._fetched("SELECT o FROM facts WHERE r = ? AND s = ?", relation, entity)

    def subjects(self, entity: int, relation: int) -> int:
        return self._fetched("SELECT s FROM inverse WHERE r = ? AND o = ?", relation, entity)

    def keep(self, entity: int, relation: int, type_: int) -> int:
        found = "SELECT s FROM inverse WHERE r = ? AND o = ?"
        query = f"{found} AND s IN ({found})"
        return self._fetched(query, relation, entity, RELATIONS, type_)

    _MEMBERS = f"SELECT s FROM inverse WHERE r = {RELATIONS} AND o = ?"
    _COUNTS = f"SELECT s, count(*) AS n FROM facts WHERE r = ? AND s IN ({_MEMBERS}) GROUP BY s"

    def count_each(self, type_: int, relation: int) -> int:
        return int(self._connection.execute(self._COUNTS, (relation, type_)).fetchnumpy()["n"].sum())

    def most(self, type_: int, relation: int) -> int:
        query = f"WITH c AS ({self._COUNTS}) SELECT s FROM c WHERE n = (SELECT max(n) FROM c)"
        return self._fetched(query, relation, type_)

    def count_union(self, type_: int, first: int, second: int) -> int:
        query = (
            "SELECT s, count(DISTINCT o) AS n FROM facts "
            f"WHERE r IN (?, ?) AND s IN ({self._MEMBERS}) GROUP BY s"
        )
        return int(self._connection.execute(query, (first, second, type_)).fetchnumpy()["n"].sum())


class Sparql:
    """A store that is asked in SPARQL: rdflib's, or pyoxigraph's."""

    def __init__(self, ask: Callable[[str], list[Any]]) -> None:
        self._ask = ask

    def objects(self, entity: int, relation: int) -> int:
        return len(self._ask(f"SELECT ?o {{ {_entity(entity)} {_relation(relation)} ?o }}"))

    def subjects(self, entity: int, relation: int) -> int:
        return len(self._ask(f"SELECT ?s {{ ?s {_relation(relation)} {_entity(entity)} }}"))

    def keep(self, entity: int, relation: int, type_: int) -> int:
        pattern = f"?s {_relation(relation)} {_entity(entity)} ; {_relation(RELATIONS)} {_entity(type_)}"
        return len(self._ask(f"SELECT ?s {{ {pattern} }}"))

    @staticmethod
    def _counts(type_: int, paths: str) -> str:
        pattern = f"?s {_relation(RELATIONS)} {_entity(type_)} . ?s {paths} ?o"
        return f"SELECT ?s (COUNT(DISTINCT ?o) AS ?n) {{ {pattern} }} GROUP BY ?s"

    def _numbers(self, paths: str, type_: int) -> list[int]:
        return [_number(row[1]) for row in self._ask(self._counts(type_, paths))]

    def count_each(self, type_: int, relation: int) -> int:
        return sum(self._numbers(_relation(relation), type_))

    def most(self, type_: int, relation: int) -> int:
        numbers = self._numbers(_relation(relation), type_)
        return numbers.count(max(numbers))

    def count_union(self, type_: int, first: int, second: int) -> int:
        return sum(self._numbers(f"({_relation(first)}|{_relation(second)})", type_))


def _entity(entity: int) -> str:
    return f"<{_IRI}{entity_name(entity)}>"


def _relation(relation: int) -> str:
    return f"<{_IRI}{relation_name(relation)}>"


def _number(literal: Any) -> int:
    return int(literal.value)


def _lines(shape: CsqaShape) -> str:
    columns = (column.tolist() for column in columns_of(shape))
    return "".join(f"{_entity(s)} {_relation(r)} {_entity(o)} .\n" for s, r, o in zip(*columns, strict=True))


def _rdflib(shape: CsqaShape, folder: Path) -> Store:
    import rdflib

    graph = rdflib.Graph()
    graph.parse(data=_lines(shape), format="nt")
    return Sparql(lambda query: list(graph.query(query)))


def _pyoxigraph(shape: CsqaShape, folder: Path) -> Store:
    import pyoxigraph

    store = pyoxigraph.Store(str(folder / "oxigraph"))
    store.bulk_load(_lines(shape).encode(), format=pyoxigraph.RdfFormat.N_TRIPLES)
    store.optimize()
    return Sparql(lambda query: list(store.query(query)))


PEERS: dict[str, Callable[[CsqaShape, Path], Store]] = {
    "rdflib": _rdflib,
    "pyoxigraph": _pyoxigraph,
    "duckdb": Duckdb,
    "dictionaries of sets": lambda shape, folder: Dictionaries(shape),
}
"""Name -> the store, filled."""
