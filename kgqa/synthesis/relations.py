"""What synthesis knows beforehand of relations: which say what a thing is, which nobody asks about."""

from __future__ import annotations

import re

from kgqa.graphs.protocol import Direction
from kgqa.graphs.rdf_terms import RDF_TYPE

PLACE_RELATIONS = {"P1082", "P30", "P36", "P2046", "P131"}
TELL_KINDS = frozenset(("P31", "P21", RDF_TYPE))
"""Relations that say what kind of thing something is: little is asked about them."""
# Relations that nobody asks about in words: what classes and bookkeeping are made of.
SILENT = {
    "P279",
    "P373",
    "P910",
    "P1889",
    "P1343",
    "P6379",
    "P1424",
    "P5008",
    "P304",
    "P478",
    "P2093",
    "P1476",
}
SILENT |= {
    "P18",
    "P154",
    "P41",
    "P94",
    "P242",
    "P646",
    "P214",
    "P213",
    "P244",
    "P227",
    "P345",
    "P1813",
    "P935",
    "P460",
    "P5869",
    "P2868",
    "P1282",
    "P1036",
    "P1269",
    "P360",
    "P971",
}
# What is asked in the same words as another relation or the other way round: one of the two is enough.
SAID_BY: dict[tuple[str, Direction], str] = {
    ("P1376", "out"): "P36",
    ("P1376", "in"): "P36",
    ("P155", "in"): "P156",
    ("P156", "in"): "P155",
    ("P22", "in"): "P40",
    ("P25", "in"): "P40",
    ("P361", "in"): "P527",
    ("P527", "in"): "P361",
    ("P150", "in"): "P131",
    ("P674", "in"): "P1441",
    ("P1441", "in"): "P674",
    ("P749", "in"): "P355",
    ("P355", "in"): "P749",
    ("P26", "in"): "P26",
    ("P47", "in"): "P47",
    ("P3373", "in"): "P3373",
    ("P190", "in"): "P190",
    ("P530", "in"): "P530",
    ("P451", "in"): "P451",
}
_CLAUSE_END = re.compile(r" (by|in|of|at|for|to|with|from|on|after|as)$")
_ODD_NOUN = re.compile(
    r"^(is|has|have|was|were|where|who|what|when|how|which|from|does|do|made|won|plays|set|on|in|at|by|for|of|to|"
    r"came|comes|lies|belongs|same|native|part|spoken|kind|square|male|female|within|said|applies|subject|\w+ed)\b|ed$"
    r"|\b(born|died|from|by|for a|is)\b"
    r"|^(?!series)[a-z]+[^s]s$"
)


def reads_as_noun(name: str) -> bool:
    """Whether a name of a relation is a noun for its object: "author", not "written by"."""
    return not _CLAUSE_END.search(name) and not _ODD_NOUN.search(name)
