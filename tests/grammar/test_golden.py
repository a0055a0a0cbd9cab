"""Every operator in every signature, by hand, on every implementation."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import pyoxigraph
import pytest
import rdflib

from grammar.denotation import Boolean, Booleans, Denotation, Entities, Number, Numbers, Values
from grammar.execute import MEANINGS, execute
from grammar.forms import Call, LogicalForm, read_form, subforms
from grammar.graph import Graph
from grammar.operators import OPERATORS
from grammar.sparql import to_sparql
from grammar.values import VALUE_PATTERN, format_number
from kgqa.graphs import EmbeddedGraph
from tests.grammar.answers import of_denotation, of_oxigraph, of_rdflib
from tests.grammar.memory_graph import MemoryGraph


class Golden(NamedTuple):
    """A line of the table; ``coarse`` where RDF lacks the precision of a date."""

    form: LogicalForm
    answer: str
    coarse: bool


def golden_table() -> list[Golden]:
    table = []
    for line in Path(__file__).with_name("golden.txt").read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            text, _, answer = line.removeprefix("~ ").rpartition(" = ")
            table.append(Golden(read_form(text), answer, line.startswith("~")))
    return table


GOLDEN = golden_table()
every_line = pytest.mark.parametrize("line", GOLDEN, ids=lambda line: str(line.form))


def written(denotation: Denotation, graph: Graph) -> list[str]:
    """An answer as the table has it, sorted where it is a set."""
    match denotation:
        case Entities():
            return sorted(graph.entity_names(denotation.items))
        case Values():
            return sorted(map(str, graph.values(denotation.items)))
        case Number():
            return [format_number(denotation.number)]
        case Numbers():
            return [format_number(number) for number in denotation.numbers]
        case Boolean():
            return [str(denotation.truth).lower()]
        case Booleans():
            return [str(truth).lower() for truth in denotation.truths]
    raise TypeError(f"{denotation} answers no question")


def expected(line: Golden) -> list[str]:
    if line.answer == "-":
        return []
    if line.form.sort.value == "Values":  # values have spaces: read them as the reader of forms does
        text = line.answer
        values = []
        while text := text.strip():
            ends = [end for end in range(1, len(text) + 1) if end == len(text) or text[end] == " "]
            end = next(end for end in ends if _reads(text[:end]))
            values.append(text[:end])
            text = text[end:]
        return sorted(values)
    words = line.answer.split(" ")
    return sorted(words) if line.form.sort.value == "Entities" else words


def _reads(text: str) -> bool:
    return VALUE_PATTERN.fullmatch(text) is not None


def test_no_signature_is_missing() -> None:
    shown = {
        (part.operator, tuple(argument.sort for argument in part.arguments))
        for line in GOLDEN
        for part in subforms(line.form)
        if isinstance(part, Call)
    }
    all_ = {(row.name, signature.arguments) for row in OPERATORS.values() for signature in row.signatures}
    assert sorted(map(str, all_ - shown)) == []
    assert set(MEANINGS) == set(OPERATORS)


@every_line
def test_own_execution(line: Golden, memory: MemoryGraph) -> None:
    assert written(execute(line.form, memory), memory) == expected(line)


@every_line
def test_own_execution_on_disk(line: Golden, embedded: EmbeddedGraph) -> None:
    assert written(execute(line.form, embedded), embedded) == expected(line)


@every_line
def test_oxigraph(line: Golden, memory: MemoryGraph, store: pyoxigraph.Store) -> None:
    own = of_denotation(execute(line.form, memory), memory)
    assert (of_oxigraph(to_sparql(line.form), store) == own) != line.coarse


@every_line
def test_rdflib(line: Golden, memory: MemoryGraph, rdf: rdflib.Graph) -> None:
    if "@-" in str(line.form):
        pytest.skip("rdflib has no dates before year 1")
    own = of_denotation(execute(line.form, memory), memory)
    assert (of_rdflib(to_sparql(line.form), rdf) == own) != line.coarse
