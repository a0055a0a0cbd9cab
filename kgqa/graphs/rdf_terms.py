"""RDF terms and what they stand for: names of entities, values, in Wikidata's model and in any other.

Wikidata's RDF gives a value twice: plainly (``"1950-01-01T00:00:00Z"^^xsd:dateTime``), without precision,
calendar or unit, and as a node that has them. Both ways are read here; where the node is at hand it wins.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from urllib.parse import unquote

from grammar.sparql.graph_model import first_day, write_number
from grammar.values import DAY, MONTH, YEAR, Coordinate, Quantity, String, Text, Time, Value
from kgqa.graphs.readers.packed import plain_name

WD = "http://www.wikidata.org/entity/"
WDS = "http://www.wikidata.org/entity/statement/"
WDV = "http://www.wikidata.org/value/"
WDT = "http://www.wikidata.org/prop/direct/"
P = "http://www.wikidata.org/prop/"
PS = "http://www.wikidata.org/prop/statement/"
PSV = "http://www.wikidata.org/prop/statement/value/"
PQ = "http://www.wikidata.org/prop/qualifier/"
PQV = "http://www.wikidata.org/prop/qualifier/value/"
WIKIBASE = "http://wikiba.se/ontology#"
RDF_TYPE = "http://www.w3.org/1999/02/22-rdf-syntax-ns#type"
RDFS = "http://www.w3.org/2000/01/rdf-schema#"
SKOS = "http://www.w3.org/2004/02/skos/core#"
SCHEMA = "http://schema.org/"
XSD = "http://www.w3.org/2001/XMLSchema#"
WKT = "http://www.opengis.net/ont/geosparql#wktLiteral"
GREGORIAN, JULIAN = f"{WD}Q1985727", f"{WD}Q1985786"
NO_UNIT = f"{WD}Q199"

LABELS = (f"{RDFS}label", f"{SKOS}prefLabel", f"{SCHEMA}name", "https://schema.org/name")
"""In the order of trust."""
ALIASES = (f"{SKOS}altLabel", f"{SCHEMA}alternateName", "https://schema.org/alternateName")
DESCRIPTIONS = (f"{SCHEMA}description", "https://schema.org/description", f"{RDFS}comment")

FORMATS = MappingProxyType(
    {
        ".ttl": "turtle",
        ".nt": "nt",
        ".nq": "nquads",
        ".trig": "trig",
        ".rdf": "xml",
        ".owl": "xml",
        ".xml": "xml",
        ".jsonld": "json-ld",
    }
)
"""Ending of an RDF file -> the name of its format."""

_LOCAL_ID = re.compile(re.escape(WD) + r"([A-Z]\d+)")
_DATE = re.compile(r"([+-]?\d{4,12})(?:-(\d\d)(?:-(\d\d))?)?(?:T[\d:.]+)?(?:Z|[+-]\d\d:\d\d)?")
# A point on another globe, whose IRI would come first, is no coordinate here.
_POINT = re.compile(rf"(?:<{WD}Q2>\s*)?Point\(\s*(\S+)\s+(\S+)\s*\)", re.IGNORECASE)
_NUMERIC = frozenset(
    f"{XSD}{kind}"
    for kind in [
        "decimal",
        "integer",
        "double",
        "float",
        "int",
        "long",
        "short",
        "byte",
        "nonNegativeInteger",
        "positiveInteger",
        "nonPositiveInteger",
        "negativeInteger",
        "unsignedInt",
        "unsignedLong",
        "unsignedShort",
        "unsignedByte",
    ]
)
_DATES = frozenset(f"{XSD}{kind}" for kind in ("dateTime", "dateTimeStamp", "date", "gYear", "gYearMonth"))


@dataclass(frozen=True, slots=True)
class Term:
    """An IRI (``datatype`` None and ``is_iri``) or a literal, as SPARQL results and RDF files have it."""

    text: str
    is_iri: bool = False
    datatype: str | None = None
    language: str | None = None


@dataclass(frozen=True, slots=True)
class ValueNode:
    """What Wikidata's full value says beyond the plain one."""

    precision: int | None = None
    calendar: str | None = None
    unit: str | None = None


def wikidata_iri(name: str) -> str:
    """The IRI of an entity of Wikidata's model; a name that is an IRI already stays."""
    return name if ":" in name else WD + name


def wikidata_name(iri: str) -> str | None:
    """The id that an IRI of Wikidata's stands for, or None for any other."""
    match = _LOCAL_ID.fullmatch(iri)
    return match[1] if match else None


def value_of(term: Term, node: ValueNode | None = None) -> Value:
    """The value that a term stands for; web addresses and unknown kinds of literals become strings."""
    node = node or ValueNode()
    if term.is_iri:
        return String(term.text)
    if term.language:
        return Text(term.text, term.language.lower())
    if term.datatype in _DATES:
        time = _time_of(term.text, term.datatype, node)
        return time if time is not None else String(term.text)
    if term.datatype in _NUMERIC:
        try:
            amount = float(term.text)
        except ValueError:
            return String(term.text)
        unit = node.unit if node.unit and node.unit != NO_UNIT else None
        return (
            Quantity(amount, (wikidata_name(unit) or unit) if unit else "1")
            if math.isfinite(amount)
            else String(term.text)
        )
    if term.datatype == WKT and (match := _POINT.fullmatch(term.text.strip())):
        try:
            return Coordinate(float(match[2]), float(match[1]))
        except ValueError:
            return String(term.text)
    return String(term.text)


def _time_of(text: str, datatype: str, node: ValueNode) -> Time | None:
    match = _DATE.fullmatch(text)
    if match is None:
        return None
    year, month, day = int(match[1]), int(match[2] or 0), int(match[3] or 0)
    if month > 12 or day > 31:
        return None
    if year <= 0:  # RDF (XSD 1.1) counts a year 0, values do not
        year -= 1
    written = DAY if day else MONTH if month else YEAR
    precision = min(DAY if node.precision is None else node.precision, written)
    if precision >= DAY:
        if node.calendar == JULIAN:
            return Time(*_to_julian(year, month, day), julian=True)
        return Time(year, month, day)
    julian = node.calendar == JULIAN
    return Time(year, month if precision == MONTH else 0, precision=precision, julian=julian)


def _to_julian(year: int, month: int, day: int) -> tuple[int, int, int]:
    """A day of the Gregorian calendar in the Julian one, through the number of days (no year 0 in both)."""
    year = year + 1 if year < 0 else year
    before = (14 - month) // 12
    years, months = year + 4800 - before, month + 12 * before - 3
    days = day + (153 * months + 2) // 5 + 365 * years + years // 4 - years // 100 + years // 400 - 32_045
    shifted = days + 32_082
    years = (4 * shifted + 3) // 1461
    left = shifted - 1461 * years // 4
    months = (5 * left + 2) // 153
    year = years - 4800 + months // 10
    return (
        (year - 1 if year <= 0 else year),
        months + 3 - 12 * (months // 10),
        left - (153 * months + 2) // 5 + 1,
    )


def term_of(value: Value) -> Term:
    """The plain term of a value, as Wikidata's RDF has it."""
    if isinstance(value, Time):
        year, month, day = first_day(value)
        year = year + 1 if year < 0 else year
        text = f"{'-' if year < 0 else ''}{abs(year):04d}-{month:02d}-{day:02d}T00:00:00Z"
        return Term(text, datatype=f"{XSD}dateTime")
    if isinstance(value, Quantity):
        return Term(write_number(value.amount), datatype=f"{XSD}decimal")
    if isinstance(value, Text):
        return Term(value.text, language=value.language)
    if isinstance(value, Coordinate):
        longitude, latitude = write_number(value.longitude), write_number(value.latitude)
        return Term(f"Point({longitude} {latitude})", datatype=WKT)
    return Term(value.text)


def node_of(value: Value) -> ValueNode | None:
    """What the full value of Wikidata's RDF would say, or None for kinds that have none here."""
    if isinstance(value, Time):
        return ValueNode(precision=value.precision, calendar=JULIAN if value.julian else GREGORIAN)
    if isinstance(value, Quantity):
        return ValueNode(unit=NO_UNIT if value.unit == "1" else wikidata_iri(value.unit))
    return None


def plain_term_of(value: Value) -> Term:
    """The term of a value in RDF of no particular model: a year and a month keep their precision."""
    if isinstance(value, Time) and value.precision in (YEAR, MONTH):
        year, month, _ = first_day(value)
        year = year + 1 if year < 0 else year
        text = f"{'-' if year < 0 else ''}{abs(year):04d}"
        if value.precision == YEAR:
            return Term(text, datatype=f"{XSD}gYear")
        return Term(f"{text}-{month:02d}", datatype=f"{XSD}gYearMonth")
    if isinstance(value, Time):
        return Term(term_of(value).text.partition("T")[0], datatype=f"{XSD}date")
    return term_of(value)


def end_of(iri: str) -> str | None:
    """The readable end of an IRI; None for any other name.

    >>> end_of("http://example.org/places#NewYork_City")
    'New York City'
    >>> end_of("http://example.org/schema/dateOfBirth")
    'date of birth'
    """
    if ":" not in iri or iri.startswith("_:"):
        return None
    end = unquote(re.split(r"[/#:]", iri.rstrip("/#"))[-1])
    words = re.sub(r"(?<=[a-z])(?=[A-Z])|_+", " ", end).strip()
    if words[:1].islower():  # capitals only part the words; an abbreviation stays
        words = re.sub(r"\b[A-Z](?=[a-z]|\b)", lambda capital: capital[0].lower(), words)
    return words or None


def format_of(path: Path) -> str | None:
    """The format of an RDF file, plain or packed, by its name; None for other files."""
    return FORMATS.get(Path(plain_name(path)).suffix.lower())
