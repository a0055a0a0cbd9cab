"""A searched silver file of CSQA beside the forms that another search found for the same questions.

    python benchmarks/silver.py CSQA FORMS GRAPH SILVER [--examples 3]

``CSQA`` is the dialogues (train.jsonl.gz), ``FORMS`` the other search's productions
(train_searched_forms.json.gz, keyed ``QA_9/QA_19.json<question>``), ``SILVER`` what ``kgqa supervise csqa``
wrote over ``GRAPH``. Their forms are translated operator by operator, and all are executed on the graph:
theirs, ours, and the annotated one.

find(S, P)                follow(S, P); P-17 is follow_back; P1 "instance of"; find(get(T), P-1) is members(T)
has_relation_with(S,P,X)  keep(follow_back(X, P), T) where S is members(T), else intersect
most_with_type(S,P,n,T)   arg(at_most(cardinality(keep(follow(for_each(S), P), T)), n)); so all of that kind
union, diff, count, is_in union, difference, cardinality, is_in
"""

from __future__ import annotations

import argparse
import gzip
import json
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from grammar.denotation import Denotation
from grammar.errors import KgqaError
from grammar.execute import execute
from grammar.forms import (
    Call,
    EntityLeaf,
    LogicalForm,
    NumberLeaf,
    RelationLeaf,
    TypeLeaf,
    call,
    leaves,
    normalise,
    read_form,
    subforms,
)
from grammar.search.target import Aim
from kgqa.conversation import Example
from kgqa.datasets import read_dataset
from kgqa.graphs import EmbeddedGraph
from kgqa.supervision import target_of

INSTANCE_OF = "P31"
COMPARISONS = {
    "most": "at_most",
    "least": "at_least",
    "more": "greater_than",
    "less": "less_than",
    "equal": "equals",
    "max": "max",
    "min": "min",
}


def translate(productions: list[str]) -> LogicalForm:
    """Their productions, in prefix order, as a form of ours."""
    rules = iter(production.split(" -> ", 1) for production in productions)

    def expand(symbol: str) -> Any:
        left, right = next(rules)
        assert left == symbol, f"expected {symbol}, found {left}"
        if symbol == "@start@":
            whole = expand(right)
            return NumberLeaf(float(whole)) if isinstance(whole, str) else whole  # some are a bare number
        if symbol in ("Entity", "Predicate", "Number") and not right.startswith("["):
            return right
        parts = split(right[1:-1])
        _, operator = next(rules)
        return apply(operator, [expand(part) for part in parts[1:]])

    form: LogicalForm = expand("@start@")
    return form


def split(text: str) -> list[str]:
    """The parts of ``<A,B:C>, A, B``."""
    parts, depth, start = [], 0, 0
    for place, letter in enumerate(text):
        depth += (letter in "<[") - (letter in ">]")
        if letter == "," and depth == 0:
            parts.append(text[start:place].strip())
            start = place + 1
    return [*parts, text[start:].strip()]


def follow(start: LogicalForm, predicate: str) -> LogicalForm:
    """One fact further; numbers of theirs below 0 go backward, 1 is "instance of"."""
    name, back = f"P{predicate.lstrip('P-')}", "-" in predicate
    if name == "P1":
        name = INSTANCE_OF
        if back and isinstance(start, EntityLeaf) and len(start.names) == 1:
            return call("members", TypeLeaf(start.names[0]))
    return call("follow_back" if back else "follow", start, RelationLeaf(name))


def apply(operator: str, given: list[Any]) -> LogicalForm:
    """One of their operators over translated arguments."""
    if operator == "get":
        return EntityLeaf((given[0],))
    if operator == "find":
        return follow(given[0], given[1])
    if operator == "count":
        return call("cardinality", given[0])
    if operator == "union":
        return call("union", given[0], given[1])
    if operator == "diff":
        return call("difference", given[0], given[1])
    if operator == "is_in":
        return call("is_in", EntityLeaf((given[0],)), given[1])
    if operator == "has_relation_with":
        reached = follow(given[2], given[1].replace("P-", "P") if "-" in given[1] else f"P-{given[1][1:]}")
        if isinstance(given[0], Call) and given[0].operator == "members":
            return call("keep", reached, given[0].arguments[0])
        return call("intersect", given[0], reached)
    name, typed = operator.removesuffix("_with_type"), operator.endswith("_with_type")
    each = follow(call("for_each", given[0]), given[1])
    if typed:
        each = call("keep", each, TypeLeaf(given[-1]))
    rest = given[2 : len(given) - typed]
    limits = [NumberLeaf(float(one)) if isinstance(one, str) else one for one in rest]
    return call("arg", call(COMPARISONS[name], call("cardinality", each), *limits))


class Comparison:
    """The three forms of every question, executed on one graph, and what comes of it."""

    def __init__(self, graph: EmbeddedGraph) -> None:
        self.graph = graph
        self.table: dict[str, Counter[str]] = defaultdict(Counter)
        self.examples: dict[str, list[str]] = defaultdict(list)

    def denotation(self, form: LogicalForm | None) -> Denotation | None:
        try:
            return None if form is None else execute(form, self.graph)
        except KgqaError:
            return None

    def add(self, example: Example, theirs: LogicalForm, ours: LogicalForm | None) -> None:
        gold, row = example.gold, self.table[example.gold.question_type]
        their_set, our_set, meant = map(self.denotation, (theirs, ours, gold.form))
        right = Aim(target_of(gold), self.graph).match(their_set) == "is" if their_set is not None else False
        row["questions"] += 1
        row["theirs answers here"] += right
        row["theirs as annotated"] += meant is not None and their_set == meant
        row["ours found"] += ours is not None
        row["both"] += right and ours is not None
        if ours is None:
            if right:
                self.note(row, "only theirs: " + why(theirs, gold.form), example, theirs, gold.form)
            return
        row["ours as annotated"] += our_set == meant
        if normalise(ours) == normalise(theirs):
            row["same form"] += 1
        elif our_set is not None and our_set == their_set:
            row["same answer"] += 1
            self.note(row, "same answer: " + why(theirs, ours), example, theirs, ours)
        else:
            row["differ"] += 1
            side = "ours as annotated" if our_set == meant else "ours not as annotated"
            self.note(row, f"differ, {side}: " + why(theirs, ours), example, theirs, ours)

    def note(
        self, row: Counter[str], what: str, example: Example, theirs: LogicalForm, other: LogicalForm | None
    ) -> None:
        row[what] += 1
        self.examples[what].append(f"{example.id} {example.question}\n      theirs {theirs}\n      {other}")


def operators(form: LogicalForm) -> set[str]:
    return {part.operator for part in subforms(form) if isinstance(part, Call)}


def names(form: LogicalForm, kind: type) -> set[Any]:
    return {name for leaf in leaves(form) if isinstance(leaf, kind) for name in leaf_names(leaf)}


def leaf_names(leaf: Any) -> tuple[str, ...]:
    return leaf.names if isinstance(leaf, EntityLeaf) else (leaf.name,)


def why(theirs: LogicalForm, other: LogicalForm | None) -> str:
    """In a few words, how their form differs from another."""
    if not names(theirs, RelationLeaf):
        return "theirs reads no fact"
    if other is None:
        return "no other form"
    if names(theirs, EntityLeaf) != names(other, EntityLeaf):
        return "other entities"
    if names(theirs, RelationLeaf) != names(other, RelationLeaf):
        return "other relation"
    if names(theirs, TypeLeaf) < names(other, TypeLeaf):
        return "theirs without a type"
    if names(theirs, TypeLeaf) != names(other, TypeLeaf):
        return "other type"
    return "other operators" if operators(theirs) != operators(other) else "another order or direction"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    for name in ("csqa", "forms", "graph", "silver"):
        parser.add_argument(name, type=Path)
    parser.add_argument("--examples", type=int, default=2)
    given = parser.parse_args()
    with gzip.open(given.forms, "rt", encoding="utf-8") as file:
        searched: dict[str, list[list[str]]] = json.load(file)
    ours = {line["id"]: line["form"] for line in map(json.loads, given.silver.open(encoding="utf-8"))}
    comparison = Comparison(EmbeddedGraph.open(given.graph))
    unmatched = dict.fromkeys(searched)
    for dialogue in read_dataset("csqa", given.csqa):
        for number, example in enumerate(dialogue.examples):
            key = f"{'/'.join(dialogue.id.split('#')[-2:])}.json{number}"
            if key in searched:
                del unmatched[key]
                found = ours.get(example.id)
                comparison.add(
                    example, translate(searched[key][0]), None if found is None else read_form(found)
                )
    print("\n".join(table(comparison, given.examples)))
    print(f"\n{len(unmatched)} of their {len(searched)} forms are for questions that are not in {given.csqa}")


def table(comparison: Comparison, examples: int) -> Iterator[str]:
    columns = (
        "questions",
        "theirs answers here",
        "theirs as annotated",
        "ours found",
        "ours as annotated",
        "both",
        "same form",
        "same answer",
        "differ",
    )
    total = sum(comparison.table.values(), Counter[str]())
    yield f"{'':38}" + "".join(f"{column:>21}" for column in columns)
    for name, row in [*sorted(comparison.table.items()), ("all", total)]:
        yield f"{name:38}" + "".join(f"{row[column]:>21,}" for column in columns)
    for what, noted in sorted(comparison.examples.items(), key=lambda item: -len(item[1])):
        yield f"\n{what}: {len(noted):,}"
        yield from (f"   {line}" for line in noted[:examples])


if __name__ == "__main__":
    main()
