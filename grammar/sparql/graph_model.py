"""How a graph is written in RDF: the terms and triples that a SPARQL query over it uses.

Only validated text gets into a query: ids match a pattern, strings are escaped.
"""

from __future__ import annotations

import calendar
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from grammar.errors import FormError
from grammar.operators import AROUND_YEARS
from grammar.values import DAY, Coordinate, Quantity, String, Text, Time, Value, format_number

_IRI = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*:[^\x00-\x20<>\"{}|\\^`]*")
_LOCAL = re.compile(r"[^\x00-\x20<>\"{}|\\^`]+")
_LANGUAGE = re.compile(r"[A-Za-z]+(-[A-Za-z0-9]+)*")
_ESCAPES = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t", "\b": "\\b", "\f": "\\f"}
# A "u" after a backslash is written as a code point: some readers (rdflib) expand \uXXXX before they look at
# backslashes, so that the text \u0022 would end the string. And they may take eight digits where there are.
_TO_ESCAPE = re.compile(r"(?<=\\)[uU]|[\\\"\x00-\x1f\x7f-\x9f\u2028\u2029]")
_XSD = "http://www.w3.org/2001/XMLSchema#"


def write_string(text: str) -> str:
    """A string literal of SPARQL, on one line.

    Raises:
        FormError: the text is no Unicode (it has one half of a surrogate pair).
    """
    try:
        text.encode()
    except UnicodeEncodeError:
        raise FormError(f"expected a text that can be written as Unicode, found {text!r}") from None

    def escape(match: re.Match[str]) -> str:
        return _ESCAPES.get(match[0]) or f"\\U{ord(match[0]):08X}"

    return f'"{_TO_ESCAPE.sub(escape, text)}"'


def write_number(number: float) -> str:
    """An integer or decimal literal of SPARQL (never a double, which compares inexactly).

    Raises:
        FormError: the number is not finite.
    """
    if not math.isfinite(number):
        raise FormError(f"SPARQL can compare only finite numbers, found {number}")
    return format(Decimal(format_number(number)), "f")


@dataclass(frozen=True)
class GraphModel:
    """Where a graph keeps its facts. Templates take an id, a term or an expression for ``{}``.

    ``statement`` is empty where the graph has no statements and so neither qualifiers nor ranks. ``low`` and
    ``high`` give the ends of the stretch that a literal covers, as terms that SPARQL can compare, and
    ``days`` a number that grows by 10,000 a year (``grammar.values.Time.span``).
    """

    name: str
    prefixes: Mapping[str, str]
    direct: str
    instance: str
    is_entity: str
    is_value: str
    is_time: str
    low: str
    high: str
    days: str
    wikidata_ids: bool
    statement: Mapping[str, str] = field(default_factory=dict)
    namespace: str = ""

    def entity(self, name: str) -> str:
        """The term of an entity or a type.

        Raises:
            FormError: the name cannot be one of this graph.
        """
        if self.wikidata_ids:
            return f"wd:{self._wikidata_id(name, r'[A-Z][0-9]+')}"
        return f"<{self._iri(name)}>"

    def relation(self, name: str, *, of: str = "direct") -> str:
        """The term that leads along a relation: ``direct``, or the ``node``, ``object`` or ``qualifier`` of a
        statement.

        Raises:
            FormError: the name cannot be one of this graph, or the graph has no statements.
        """
        if of == "direct":
            template = self.direct
        elif of in self.statement:
            template = self.statement[of]
        else:
            raise FormError(f"the graph model {self.name!r} has no statements and qualifiers")
        return template.format(self._wikidata_id(name, r"P[0-9]+") if self.wikidata_ids else self._iri(name))

    def _wikidata_id(self, name: str, pattern: str) -> str:
        if re.fullmatch(pattern, name) is None:
            raise FormError(f"expected an id such as {'P57' if 'P' in pattern else 'Q42'}, found {name!r}")
        return name

    def _iri(self, name: str) -> str:
        if _IRI.fullmatch(name):
            return name
        if self.namespace and _LOCAL.fullmatch(name):
            return self.namespace + name
        raise FormError(f"expected an IRI such as http://example.org/Paris, found {name!r}")

    def value(self, value: Value) -> str:
        """The term of a literal; a stretch of time is written by its first day.

        Raises:
            FormError: it cannot be written, such as an impossible language.
        """
        if isinstance(value, Time):
            return self._time_term(value)
        if isinstance(value, Quantity):
            return f'"{write_number(value.amount)}"^^xsd:decimal'
        if isinstance(value, String):
            return write_string(value.text)
        if isinstance(value, Text):
            if _LANGUAGE.fullmatch(value.language) is None:
                raise FormError(f"expected a language such as en, found {value.language!r}")
            return f"{write_string(value.text)}@{value.language}"
        assert isinstance(value, Coordinate)
        longitude, latitude = write_number(value.longitude), write_number(value.latitude)
        return f'"Point({longitude} {latitude})"^^geo:wktLiteral'

    def _time_term(self, time: Time) -> str:
        if self.wikidata_ids:
            return _date_time(*first_day(time))
        year, month, day = first_day(time)
        kind, length = {9: ("gYear", 1), 10: ("gYearMonth", 2)}.get(time.precision, ("date", 3))
        return f'"{_date(year, month, day, length)}"^^xsd:{kind}'

    def bounds(self, time: Time, *, around: bool = False) -> tuple[str, str]:
        """Ends of a stretch, comparable with ``high`` and ``low``; ``around`` widens it by the tolerance."""
        first, last = first_day(time), last_day(time)
        if around:
            first, last = _years_later(first, -AROUND_YEARS), _years_later(last, AROUND_YEARS)
        if self.wikidata_ids:
            return _date_time(*first), _date_time(*last)
        return write_string(_date(*first)), write_string(_date(*last) + "~")


Day = tuple[int, int, int]


def _date(year: int, month: int, day: int, length: int = 3) -> str:
    parts = (f"{'-' if year < 0 else ''}{abs(year):04d}", f"{month:02d}", f"{day:02d}")
    return "-".join(parts[:length])


def _date_time(year: int, month: int, day: int) -> str:
    # Wikidata counts 44 BC as -44, its RDF (XSD 1.1) as -43.
    return f'"{_date(year + 1 if year < 0 else year, month, day)}T00:00:00Z"^^xsd:dateTime'


def first_day(time: Time) -> Day:
    """The first day of a stretch, in the Gregorian calendar."""
    if time.precision >= DAY:
        return _gregorian(time)
    year, rest = divmod(int(time.span[0]), 10_000)
    return year, max(rest // 100, 1), 1


def last_day(time: Time) -> Day:
    """The last day of a stretch, in the Gregorian calendar."""
    if time.precision >= DAY:
        return _gregorian(time)
    year, rest = divmod(int(time.span[1]), 10_000)
    month = rest // 100
    return year, month, calendar.monthrange(year % 400 + 2000, month)[1]


def _years_later(day: Day, years: int) -> Day:
    year, month, number = day[0] + years, day[1], day[2]
    return year, month, min(number, calendar.monthrange(year % 400 + 2000, month)[1])


def _gregorian(time: Time) -> Day:
    """A day of either calendar as a day of the (proleptic) Gregorian one, the way Wikidata's RDF has it."""
    if not time.julian:
        return time.year, time.month, time.day
    year = time.year + 1 if time.year < 0 else time.year  # without a gap at year 0
    # Julian date -> days since 1 March of year 0 of the Julian calendar -> Gregorian date.
    shifted, month = year - (time.month < 3), (time.month - 3) % 12
    days = shifted * 365 + shifted // 4 + (153 * month + 2) // 5 + time.day - 1 - 2
    era, of_era = divmod(days, 146_097)
    year_of_era = (of_era - of_era // 1460 + of_era // 36_524 - of_era // 146_096) // 365
    of_year = of_era - (365 * year_of_era + year_of_era // 4 - year_of_era // 100)
    month = (5 * of_year + 2) // 153
    day = of_year - (153 * month + 2) // 5 + 1
    year = era * 400 + year_of_era + (month >= 10)
    return (year - 1 if year <= 0 else year), (month + 2) % 12 + 1, day


_WIKIDATA_PREFIXES = {
    "wd": "http://www.wikidata.org/entity/",
    "wdt": "http://www.wikidata.org/prop/direct/",
    "p": "http://www.wikidata.org/prop/",
    "ps": "http://www.wikidata.org/prop/statement/",
    "pq": "http://www.wikidata.org/prop/qualifier/",
    "wikibase": "http://wikiba.se/ontology#",
    "geo": "http://www.opengis.net/ont/geosparql#",
    "xsd": _XSD,
}


def wikidata_model(*, subclasses: bool = False) -> GraphModel:
    """Wikidata's RDF; ``subclasses`` makes an instance of a subclass an instance."""
    return GraphModel(
        name="wikidata",
        prefixes=_WIKIDATA_PREFIXES,
        direct="wdt:{}",
        instance="wdt:P31/wdt:P279*" if subclasses else "wdt:P31",
        is_entity="STRSTARTS(STR({0}), STR(wd:))",
        # Neither an entity nor an unknown value; the address of a web page is a value.
        is_value='!(isIRI({0}) && STRSTARTS(STR({0}), "http://www.wikidata.org/")) && !isBlank({0})',
        is_time="DATATYPE({0}) = xsd:dateTime",
        low="{0}",
        high="{0}",
        days="(YEAR({0}) * 10000 + MONTH({0}) * 100 + DAY({0}))",
        wikidata_ids=True,
        statement={"node": "p:{}", "object": "ps:{}", "qualifier": "pq:{}"},
    )


def plain_model(*, namespace: str = "", subclasses: bool = False) -> GraphModel:
    """Any RDF: names are IRIs, or local names in ``namespace``; dates are compared as they are written."""
    text = "STR({0})"
    return GraphModel(
        name="rdf",
        prefixes={
            "xsd": _XSD,
            "rdfs": "http://www.w3.org/2000/01/rdf-schema#",
            "geo": _WIKIDATA_PREFIXES["geo"],
        },
        direct="<{}>",
        instance="a/rdfs:subClassOf*" if subclasses else "a",
        is_entity="isIRI({0})",
        is_value="isLiteral({0})",
        is_time="DATATYPE({0}) IN (xsd:date, xsd:dateTime, xsd:gYearMonth, xsd:gYear)",
        low=f"IF(isNumeric({{0}}), {{0}}, {text})",
        high=f'IF(isNumeric({{0}}), {{0}}, CONCAT({text}, "~"))',
        days=f"(xsd:integer(SUBSTR({text}, 1, 4)) * 10000"
        f' + xsd:integer(CONCAT("0", SUBSTR({text}, 6, 2))) * 100'
        f' + xsd:integer(CONCAT("0", SUBSTR({text}, 9, 2))))',
        wikidata_ids=False,
        namespace=namespace,
    )


WIKIDATA = wikidata_model()
PLAIN = plain_model()
