"""Slices of real graphs, in every shape in which one and the same form can be asked of them."""

from __future__ import annotations

import gzip
import itertools
import random
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from grammar.errors import FormError
from grammar.execute import Execution, Limits
from grammar.forms import Call, LogicalForm, call, subforms
from grammar.operators import LIFTED, OPERATORS, ROOT_SORTS, Sort
from grammar.sample import Names, sample_form
from grammar.sparql import WIKIDATA, GraphModel
from grammar.sparql.graph_model import plain_model
from grammar.values import Time
from kgqa.graphs import EmbeddedGraph, Record, Statement, build_graph
from tests.grammar.answers import Answer, of_denotation
from tests.grammar.memory_graph import as_rdf_sees_it, to_turtle

NAMESPACE = "http://example.org/"
PLAIN = plain_model(namespace=NAMESPACE)
_SAME_LEAVES = 50
_RARE, _COMMON = 12, 0.15
_TABLES = ("triples", "qualifiers", "labels")


@dataclass(frozen=True)
class Slice:
    """Records as a graph, holding of values what RDF in this model can say, and as that RDF."""

    graph: EmbeddedGraph
    turtle: str
    model: GraphModel

    @classmethod
    def of(cls, graph: EmbeddedGraph) -> Slice:
        """A graph to make forms about."""
        return cls(graph, "", WIKIDATA)


@dataclass(frozen=True)
class Disagreement:
    """A form, and its two answers."""

    form: LogicalForm
    own: Answer
    theirs: Answer
    query: str

    def __str__(self) -> str:
        return f"{self.form}\n  own    {_short(self.own)}\n  theirs {_short(self.theirs)}"


def _short(answer: Answer) -> str:
    return str(sorted(answer, key=str) if isinstance(answer, frozenset) else answer)[:400]


def records_of(graph: EmbeddedGraph) -> list[Record]:
    """Everything that a graph states."""
    found = []
    for number, name in enumerate(graph.entity_names(np.arange(graph.info().entities))):
        facts: dict[str, list[Statement]] = {}
        for fact in graph.facts(number):
            facts.setdefault(fact.relation, []).append(Statement(fact.value, qualifiers=fact.qualifiers))
        found.append(Record(name, facts=facts))
    return found


def cut_tables(data: Path, out: Path, *, subjects: int, seed: int) -> Path:
    """Rows of the tables about so many subjects, those with qualifiers first; a folder to build from.

    A subject is taken with all that is said of it.
    """
    rng = random.Random(seed)
    with gzip.open(data / "qualifiers.tsv.gz", "rt", encoding="utf-8") as file:
        qualified = sorted({line.partition("\t")[0] for line in file})
    with gzip.open(data / "triples.tsv.gz", "rt", encoding="utf-8") as file:
        some = sorted({row[0] for row in (line.split("\t") for line in file) if ":" in row[2]})
    chosen = {*rng.sample(qualified, min(len(qualified), subjects // 2))}
    chosen |= {*rng.sample(some, min(len(some), subjects - len(chosen)))}
    out.mkdir(parents=True)
    for name in _TABLES:
        with (
            gzip.open(data / f"{name}.tsv.gz", "rt", encoding="utf-8") as file,
            (out / f"{name}.tsv").open("w", encoding="utf-8") as cut,
        ):
            cut.writelines(line for line in file if line.partition("\t")[0] in chosen)
    return out


def wikidata_slice(records: Sequence[Record], folder: Path) -> Slice:
    """Records in Wikidata's model: all of it but the precision of dates and the units of amounts.

    Of statements that differ in these alone one is left: a graph that does not see the difference holds one,
    RDF has a node for each.
    """
    apart = [_apart(record) for record in records if not record.is_relation]
    build_graph([as_rdf_sees_it(apart)], folder, name=folder.name)
    return Slice(EmbeddedGraph.open(folder), to_turtle(apart, model=WIKIDATA), WIKIDATA)


def _apart(record: Record) -> Record:
    (seen,) = as_rdf_sees_it([record])
    kept: dict[str, list[Statement]] = {}
    for relation, statements in record.facts.items():
        pairs = zip(seen.facts[relation], statements, strict=True)
        kept[relation] = list({str(blurred): statement for blurred, statement in pairs}.values())
    return replace(record, facts=kept)


def plain_slice(records: Sequence[Record], folder: Path) -> Slice:
    """Records as plain RDF with IRIs of its own: facts without qualifiers, dates as precise as they are.

    Without what plain RDF has no way to write, decades and centuries and years before the first; and a
    date of the Julian calendar is its Gregorian day there.
    """
    plain = [_plain(record) for record in records if not record.is_relation]
    build_graph([plain], folder, name=folder.name)
    return Slice(EmbeddedGraph.open(folder), to_turtle(plain, model=PLAIN), PLAIN)


def _plain(record: Record) -> Record:
    facts = {
        relation: [Statement(it.value) for it in statements if _can_be_plain(it)]
        for relation, statements in record.facts.items()
    }
    return replace(record, facts={relation: stated for relation, stated in facts.items() if stated})


def _can_be_plain(statement: Statement) -> bool:
    value = statement.value
    if not isinstance(value, Time):
        return True
    return value.year > 0 and value.precision >= 9 and not value.julian


def random_forms(slice_: Slice, *, seed: int, count: int, most_actions: int = 14) -> Iterator[LogicalForm]:
    """Distinct random well-typed forms that the model can ask for, three in four of which denote something.

    The sorts of answers come in turn, and those of maps, closed by ``arg``; and a form with an operator that
    few have so far is taken before others. Left to luck alone most forms would count entities.
    """
    graph, model = slice_.graph, slice_.model
    rng, seen, leaves = random.Random(seed), set[LogicalForm](), _leaves(graph, model)
    uses: Counter[str] = Counter()
    about_statements = {name for name, row in OPERATORS.items() if row.group == "statements"}
    operators = set(OPERATORS) - (set() if model.statement else about_statements)
    sorts = [*ROOT_SORTS, *(s for s in LIFTED.values() if model.statement or s is not Sort.EACH_STATEMENTS)]
    for turn in itertools.count():
        if len(seen) == count:
            return
        sort = sorts[turn % len(sorts)]
        if turn % _SAME_LEAVES == 0:
            names = _some(leaves, rng)
        try:
            form = sample_form(
                graph,
                rng,
                source=names,
                sort=sort,
                most_actions=most_actions,
                non_empty=rng.random() < 0.75,
                attempts=20,
                operators=operators,
            )
        except FormError:  # bad luck, or none with so many actions
            continue
        if sort not in ROOT_SORTS:
            form = call("arg", form)
        used = {part.operator for part in subforms(form) if isinstance(part, Call)}
        rare = any(uses[name] * _RARE < len(seen) for name in used)
        if form not in seen and (rare or rng.random() < _COMMON):
            seen.add(form)
            uses.update(used)
            yield form


def _leaves(graph: EmbeddedGraph, model: GraphModel) -> tuple[Names, list[str]]:
    """What forms can be made of, entities with facts and types with members; and relations of qualifiers."""
    everyone = np.arange(graph.info().entities)
    relations = [name for name in graph.relation_names() if model.wikidata_ids or name != "P31"]
    types = [name for name in graph.type_names() if len(graph.members(name)) > 1]
    stated = np.concatenate([graph.statements(everyone, name).items for name in relations])
    known = graph.entity_names(everyone[graph.degree(everyone) > 1])
    return Names(known, relations, types), graph.qualifier_relations(stated)


def _some(leaves: tuple[Names, list[str]], rng: random.Random) -> Names:
    """A few of each: a form is made by trying what fits, and most relations fit nowhere."""
    names, qualifiers = leaves

    def few(things: Sequence[str], count: int) -> list[str]:
        return rng.sample(list(things), min(count, len(things)))

    relations = {*few(names.relations, 20), *few(qualifiers, 6)}
    return Names(few(names.entities, 100), sorted(relations), few(names.types, 20))


def own_answer(form: LogicalForm, graph: EmbeddedGraph, model: GraphModel) -> Answer:
    """What own execution answers, with values as the model's RDF has them."""
    found = of_denotation(Execution(graph, limits=Limits(seconds=120)).denotation(form), graph, model=model)
    if form.sort is Sort.ENTITIES and model.namespace and isinstance(found, frozenset):
        return frozenset(model.namespace + name for name in found)
    return found
