"""Wikidata's full RDF model: entities with statements, qualifiers and ranks, gathered in memory.

Facts that only the plain triples (``wdt:``) give are statements of normal rank; triples that are no facts
(sitelinks, normalised values) are left out.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from kgqa.graphs.rdf_terms import PQ, PQV, PS, PSV, WDT, WIKIBASE, P, ValueNode, value_of, wikidata_name
from kgqa.graphs.readers.rdf_stream import Node, Triple, name_of_node, term_of_node
from kgqa.graphs.readers.reading import Reading
from kgqa.graphs.readers.record import Object, Rank, Record, Statement, not_outranked
from kgqa.graphs.readers.truthy_rdf import entity_records, stated, truthy_facts

_RANKS = {f"{WIKIBASE}{rank.name.title()}Rank": rank for rank in Rank}
_VALUE_PARTS = ("timePrecision", "timeCalendarModel", "quantityUnit")


@dataclass(slots=True)
class _Node:
    """What the triples say of one statement."""

    rank: Rank = Rank.NORMAL
    values: dict[str, Node] = field(default_factory=dict)
    full: dict[str, str] = field(default_factory=dict)
    qualifiers: dict[str, list[Node]] = field(default_factory=lambda: defaultdict(list))
    full_qualifiers: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))


@dataclass(slots=True)
class _Triples:
    """All triples, by what they say; ``others`` are those of entities that are no statements."""

    others: dict[str, list[Triple]] = field(default_factory=lambda: defaultdict(list))
    links: dict[str, dict[str, list[str]]] = field(
        default_factory=lambda: defaultdict(lambda: defaultdict(list))
    )
    statements: dict[str, _Node] = field(default_factory=lambda: defaultdict(_Node))
    parts: dict[str, dict[str, str]] = field(default_factory=lambda: defaultdict(dict))
    plain: dict[str, Node] = field(default_factory=dict)


def wikidata_records(triples: Iterable[Triple], path: Path, reading: Reading) -> Iterator[Record]:
    """Records of all entities and relations."""
    found = _sorted_out(triples)
    for subject in dict.fromkeys([*found.links, *found.others]):
        name = wikidata_name(subject)
        if name is not None:
            said = found.others.get(subject, [])
            try:
                facts = _facts(found, subject, said, reading)
            except ValueError as error:
                reading.skips.add(path, None, f"{name}: {error}", kind="value that cannot be read")
                continue
            yield from entity_records(name, said, facts, reading)


def _sorted_out(triples: Iterable[Triple]) -> _Triples:
    found = _Triples()
    for triple in triples:
        subject, iri, thing = triple
        if iri.startswith(PSV):
            found.statements[subject].full[iri.removeprefix(PSV)] = name_of_node(thing)
        elif iri.startswith(PS):
            found.statements[subject].values[iri.removeprefix(PS)] = thing
        elif iri.startswith(PQV):
            found.statements[subject].full_qualifiers[iri.removeprefix(PQV)].append(name_of_node(thing))
        elif iri.startswith(PQ):
            found.statements[subject].qualifiers[iri.removeprefix(PQ)].append(thing)
        elif iri.startswith(P) and "/" not in iri.removeprefix(P):
            found.links[subject][iri.removeprefix(P)].append(name_of_node(thing))
        elif iri == f"{WIKIBASE}rank":
            found.statements[subject].rank = _RANKS.get(name_of_node(thing), Rank.NORMAL)
        elif iri.startswith(WIKIBASE) and (part := iri.removeprefix(WIKIBASE)) in _VALUE_PARTS:
            found.parts[subject][part] = term_of_node(thing).text
        elif iri in (f"{WIKIBASE}timeValue", f"{WIKIBASE}quantityAmount"):
            found.plain[subject] = thing
        elif wikidata_name(subject):
            found.others[subject].append(triple)
    return found


def _facts(
    triples: _Triples, subject: str, said: list[Triple], reading: Reading
) -> dict[str, list[Statement]]:
    facts: dict[str, list[Statement]] = {}
    links = triples.links.get(subject, {})
    for relation, nodes in links.items():
        if not reading.wanted(relation):
            continue
        found, unknown = [], Rank.DEPRECATED
        for node in nodes:
            statement = triples.statements[node]
            values = _objects(triples, statement.values.get(relation), statement.full.get(relation), reading)
            if not values:
                unknown = max(unknown, statement.rank)
            qualifiers = {
                name: _qualifier(triples, given, statement.full_qualifiers.get(name, []), reading)
                for name, given in statement.qualifiers.items()
            }
            qualifiers = {name: given for name, given in qualifiers.items() if given}
            found += [Statement(value, statement.rank, qualifiers) for value in values]
        facts[relation] = not_outranked(found, unknown, reading.skips)
    rest = (triple for triple in said if triple.relation.removeprefix(WDT) not in links)
    facts |= truthy_facts(rest, reading)
    return {relation: statements for relation, statements in facts.items() if statements}


def _qualifier(triples: _Triples, plain: list[Node], full: list[str], reading: Reading) -> list[Object]:
    """Values of a qualifier: the full ones, and of the plain ones those that no full one repeats."""
    whole = [node for node in full if node in triples.plain]
    repeated = {term_of_node(triples.plain[node]).text for node in whole}
    values = [value for node in whole for value in _objects(triples, triples.plain[node], node, reading)]
    rest = [thing for thing in plain if term_of_node(thing).text not in repeated]
    return values + [value for thing in rest for value in _objects(triples, thing, None, reading)]


def _objects(triples: _Triples, plain: Node | None, full: str | None, reading: Reading) -> list[Object]:
    """The object that is stated, or none for an unknown or missing value."""
    if full is not None and full in triples.plain:
        parts = triples.parts.get(full, {})
        precision = parts.get("timePrecision")
        node = ValueNode(
            precision=int(precision) if precision and precision.isdigit() else None,
            calendar=parts.get("timeCalendarModel"),
            unit=parts.get("quantityUnit"),
        )
        return [value_of(term_of_node(triples.plain[full]), node)]
    if plain is None:
        reading.skips.leave_out("statement that there is no value")
        return []
    value = stated(plain, reading)
    return [] if value is None else [value]
