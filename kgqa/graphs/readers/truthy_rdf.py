"""Wikidata's "truthy" RDF: one triple a fact, of the best rank, without qualifiers; read as a stream.

It says less than the JSON dump: no units, no calendars, and no precision of times. The first of January is
therefore read as its year, which is what it stands for nearly always.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from urllib.parse import unquote

import pyoxigraph as ox

from grammar.values import YEAR, String, Time
from kgqa.graphs.rdf_terms import (
    ALIASES,
    DESCRIPTIONS,
    LABELS,
    PQ,
    PS,
    RDF_TYPE,
    WD,
    WDT,
    WIKIBASE,
    WKT,
    value_of,
    wikidata_name,
)
from kgqa.graphs.readers.languages import ANY_LANGUAGE, Languages
from kgqa.graphs.readers.rdf_stream import (
    OF_NAMES,
    Node,
    Triple,
    by_subject,
    name_of_node,
    term_of_node,
    words_of,
)
from kgqa.graphs.readers.reading import Reading
from kgqa.graphs.readers.record import Object, Record, Statement

_SAME = "http://www.w3.org/2002/07/owl#sameAs"
_SITELINKS = f"{WIKIBASE}sitelinks"
_NO_VALUE = "http://www.wikidata.org/prop/novalue/"
_UNKNOWN = "/.well-known/genid/"
_FILE = re.compile(r"https?://commons\.wikimedia\.org/(?:wiki/Special:FilePath|data/main)/")
_PAGE_OF = re.compile(r"https?://www\.wikidata\.org/wiki/Special:EntityData/(Q\d+)")
_LEFT_OUT = {"L": "lexeme", "M": "mediainfo", "E": "entity schema"}
"""First letters of names that a graph is not about."""


def saying_nothing(languages: Languages) -> re.Pattern[bytes]:
    """Lines of a truthy N-Triples dump that add nothing: nine in ten of the released one.

    Names that repeat labels, descriptions and aliases in languages that nobody asked for, pages of wikis.
    """
    near = "|".join(map(re.escape, (*languages.order, ANY_LANGUAGE)))
    entity = re.escape(f"<{WD}") + "[^>\n]*> "
    repeated = "|".join(map(re.escape, (*LABELS[1:], "http://www.wikidata.org/prop/direct-normalized/")))
    foreign = "|".join(map(re.escape, (*ALIASES, *DESCRIPTIONS)))
    return re.compile(
        f"^(?:{entity}<(?:{repeated}).*"
        f'|{entity}<(?:{foreign})> .*"@(?!(?:{near})(?:-[a-zA-Z0-9-]+)? \\.).*'
        r"|<https?://(?!www\.wikidata\.org/).*)$".encode(),
        re.MULTILINE | re.IGNORECASE,
    )


def truthy_records(triples: Iterable[Triple], path: Path, reading: Reading) -> Iterator[Record]:
    """Records of all entities and relations."""
    for subject, said in by_subject(triple for triple in triples if _speaks(triple, reading)):
        name = wikidata_name(subject)
        if name is None:
            if (page := _PAGE_OF.fullmatch(subject)) and (links := sitelinks_of(said)):
                yield Record(page[1], sitelinks=links)
            continue
        yield from entity_records(name, said, truthy_facts(said, reading), reading)


def entity_records(
    name: str, said: list[Triple], facts: dict[str, list[Statement]], reading: Reading
) -> Iterator[Record]:
    """An entity as an entity, and a property first of all as a relation."""
    if kind := _LEFT_OUT.get(name[0]):
        reading.skips.leave_out(f"entity of type {kind}")
        return
    if any(triple.relation == _SAME for triple in said):
        reading.skips.leave_out("redirect")
        if not facts:
            return
    label, aliases, description = words_of(said, reading)
    is_relation = name.startswith("P")
    if is_relation:
        yield Record(name, label, aliases, description, is_relation=True)
    if facts or not is_relation:
        yield Record(name, label, aliases, description, facts, sitelinks=sitelinks_of(said))


def truthy_facts(said: Iterable[Triple], reading: Reading) -> dict[str, list[Statement]]:
    """The facts that truthy triples give."""
    facts: dict[str, list[Statement]] = {}
    for _, relation, thing in said:
        if relation == RDF_TYPE and isinstance(thing, ox.NamedNode) and thing.value.startswith(_NO_VALUE):
            reading.skips.leave_out("statement that there is no value")
        if not relation.startswith(WDT):
            continue
        name = relation.removeprefix(WDT)
        if reading.wanted(name) and (value := stated(thing, reading)) is not None:
            facts.setdefault(name, []).append(Statement(value))
    return facts


def stated(thing: Node, reading: Reading) -> Object | None:
    """What a plain triple states, or None for what is left out, which is counted."""
    if isinstance(thing, ox.Literal):
        value = value_of(term_of_node(thing))
        if isinstance(value, Time) and value.month == value.day == 1:
            return replace(value, month=0, day=0, precision=YEAR)
        if isinstance(value, String) and thing.datatype.value == WKT:
            reading.skips.leave_out("coordinate that is not on the Earth")
            return None
        return value
    text = name_of_node(thing)
    if text.startswith("_:") or _UNKNOWN in text:
        reading.skips.leave_out("unknown value")
        return None
    if not text.startswith(WD):
        file = _FILE.match(text)
        return String(unquote(text[file.end() :]).replace("_", " ") if file else text)
    name = wikidata_name(text)
    if name is None or name[0] in _LEFT_OUT:
        reading.skips.leave_out("value that is a lexeme, form, sense or other kind of entity")
        return None
    return name


def sitelinks_of(said: Iterable[Triple]) -> int:
    """How many pages of Wikipedias and other wikis are about an entity; 0 where it is not said."""
    counts = (triple.thing.value for triple in said if triple.relation == _SITELINKS)
    return next((int(count) for count in counts if count.isdecimal()), 0)


def _speaks(triple: Triple, reading: Reading) -> bool:
    """Whether a triple says anything to a graph: the rest is not held."""
    relation = triple.relation
    if relation.startswith((PS, PQ)):
        reading.skips.leave_out("triple of a full statement, far into a truthy file")
    return relation.startswith(WDT) or relation in OF_NAMES or relation in (RDF_TYPE, _SAME, _SITELINKS)
