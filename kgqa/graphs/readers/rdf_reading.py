"""RDF files as records: of Wikidata's own model, or of any other.

In Wikidata's model names are ids (Q42, P31). In any other, names are IRIs; ``rdf:type`` gives the types, and
labels come from rdfs, skos or schema.org. Which model it is shows in the first triples of a file.

Read as a stream, except for full statements of Wikidata (with ranks and qualifiers), whose parts may stand
anywhere in a file: these are gathered in memory first. For all of Wikidata with qualifiers there are the JSON
dumps.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path

from kgqa.graphs.rdf_terms import LABELS, PS, WDT, format_of
from kgqa.graphs.readers.plain_rdf import plain_records, relations_in
from kgqa.graphs.readers.rdf_stream import WINDOW, Sieve, triples_of
from kgqa.graphs.readers.reading import Reading
from kgqa.graphs.readers.record import Record
from kgqa.graphs.readers.truthy_rdf import saying_nothing, truthy_records
from kgqa.graphs.readers.wikidata_rdf import wikidata_records


def read_rdf(path: Path, reading: Reading) -> Iterator[Record]:
    """The records of an RDF file.

    Raises:
        GraphError: it cannot be read, or is not in the format that its name says.
    """
    sieve = Sieve()
    rest = triples_of(path, reading, sieve)
    first = list(itertools.islice(rest, WINDOW))
    triples = itertools.chain(first, rest)
    if any(triple.relation.startswith(PS) for triple in first):
        yield from wikidata_records(triples, path, reading)
    elif any(triple.relation.startswith(WDT) for triple in first):
        if format_of(path) == "nt" and any(triple.relation == LABELS[0] for triple in first):
            sieve.dropped = saying_nothing(reading.languages)
        del first
        yield from truthy_records(triples, path, reading)
    elif len(first) < WINDOW:
        yield from plain_records(first, relations_in(first), path, reading)
    else:
        del first
        relations = relations_in(triples_of(path, reading.aside("looking for relations in")))
        yield from plain_records(triples, relations, path, reading)
