"""RDF of no particular model: IRIs as names, ``rdf:type`` as the type, words from rdfs, skos, schema.org.

What has no label is called by the end of its IRI; building sees to that, because a stream cannot know
whether a label is still to come.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import pyoxigraph as ox

from kgqa.graphs.rdf_terms import value_of
from kgqa.graphs.readers.lines import checked_name
from kgqa.graphs.readers.rdf_stream import OF_NAMES, Triple, by_subject, name_of_node, term_of_node, words_of
from kgqa.graphs.readers.reading import Reading
from kgqa.graphs.readers.record import Record, Statement


def relations_in(triples: Iterable[Triple]) -> set[str]:
    """The relations that link things, not those that only give words."""
    return {triple.relation for triple in triples} - OF_NAMES


def plain_records(
    triples: Iterable[Triple], relations: set[str], path: Path, reading: Reading
) -> Iterator[Record]:
    """Every resource that has facts or words, and every relation with its words."""
    names = _Names(reading)
    for name in sorted(relations):
        if _is_name(name, path, reading):
            yield Record(name, is_relation=True)
    for subject, said in by_subject(triples):
        name = names.of(subject)
        if not _is_name(name, path, reading):
            continue
        label, aliases, description = words_of(said, reading)
        facts: dict[str, list[Statement]] = {}
        for _, relation, thing in said:
            if relation in OF_NAMES or not reading.wanted(relation):
                continue
            if isinstance(thing, ox.Literal):
                facts.setdefault(relation, []).append(Statement(value_of(term_of_node(thing))))
            elif _is_name(other := names.of(name_of_node(thing)), path, reading):
                facts.setdefault(relation, []).append(Statement(other))
        if subject in relations:
            yield Record(name, label, aliases, description, is_relation=True)
        if facts or subject not in relations:
            yield Record(name, label, aliases, description, facts)


class _Names:
    """Names of resources: blank ones are numbered, over all files that are read."""

    def __init__(self, reading: Reading) -> None:
        self._reading = reading
        self._blanks: dict[str, str] = {}

    def of(self, node: str) -> str:
        if not node.startswith("_:"):
            return node
        name = self._blanks.get(node)
        if name is None:
            self._reading.blanks += 1
            name = self._blanks[node] = f"_:b{self._reading.blanks}"
        return name


def _is_name(text: str, path: Path, reading: Reading) -> bool:
    """Whether a text can be a name; one that cannot is named and counted."""
    try:
        checked_name(text)
    except ValueError as error:
        reading.skips.add(path, None, str(error), kind="IRI that cannot be a name")
        return False
    return True
