"""A graph small enough to check by hand, with everything that a graph may have.

Countries with heads of state (terms as qualifiers) and populations of several ranks, a president with two
terms, films with casts and roles, books of a series with ordinals, cities with coordinates, dates of every
precision and calendar, an ambiguous name, entities without a label and without facts.
Ids are Wikidata's where one is at hand; X1 to X9 are made up. The facts are true or close to it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from grammar.values import Coordinate, Quantity, String, Text, Time, Value, read_value
from kgqa.graphs import EmbeddedGraph, Rank, Record, Statement, build_graph

HUMAN, COUNTRY, STATE, CITY, FILM, BOOK, SERIES, OFFICE = (
    "Q5", "Q6256", "Q3624078", "Q515", "Q11424", "Q571", "Q277759", "Q4164871",
)  # fmt: skip

_RELATIONS: dict[str, tuple[str, ...]] = {
    "P31": ("instance of", "is a", "type"),
    "P35": ("head of state", "president"),
    "P36": ("capital", "capital city"),
    "P17": ("country",),
    "P30": ("continent",),
    "P47": ("shares border with", "borders", "neighbours"),
    "P37": ("official language", "language spoken"),
    "P39": ("position held", "office held"),
    "P50": ("author", "writer"),
    "P57": ("director", "directed by"),
    "P155": ("follows",),
    "P161": ("cast member", "actor", "starring"),
    "P179": ("part of the series",),
    "P345": ("IMDb ID",),
    "P453": ("character role",),
    "P569": ("date of birth", "born"),
    "P570": ("date of death", "died"),
    "P571": ("inception", "founded"),
    "P577": ("publication date", "release date"),
    "P580": ("start time",),
    "P582": ("end time",),
    "P585": ("point in time",),
    "P625": ("coordinate location",),
    "P1082": ("population", "inhabitants"),
    "P1476": ("title",),
    "P1545": ("series ordinal",),
    "P2047": ("duration", "length"),
    "P2048": ("height",),
}

_LABELS: dict[str, tuple[str, ...]] = {
    "Q5": ("human", "person"),
    "Q6256": ("country",),
    "Q3624078": ("sovereign state",),
    "Q515": ("city",),
    "Q11424": ("film", "movie"),
    "Q571": ("book",),
    "Q277759": ("book series",),
    "Q4164871": ("position",),
    "Q49": ("North America",),
    "Q46": ("Europe",),
    "Q30": ("United States of America", "USA", "United States", "America"),
    "Q142": ("France", "French Republic"),
    "Q183": ("Germany", "Deutschland"),
    "Q31": ("Belgium",),
    "Q39": ("Switzerland",),
    "Q61": ("Washington, D.C.", "Washington"),
    "Q90": ("Paris", "City of Light"),
    "X1": ("Paris", "Paris, Texas"),
    "Q64": ("Berlin",),
    "Q72": ("Zürich", "Zurich"),
    "Q60": ("New York City", "New York"),
    "Q150": ("French",),
    "Q188": ("German",),
    "Q1860": ("English",),
    "Q329": ("Nicolas Sarkozy",),
    "Q157": ("François Hollande",),
    "Q3052772": ("Emmanuel Macron",),
    "Q35171": ("Grover Cleveland",),
    "Q6279": ("Joe Biden",),
    "Q76": ("Barack Obama",),
    "Q11696": ("President of the United States", "US president"),
    "Q1048": ("Julius Caesar", "Caesar"),
    "Q47703": ("The Godfather",),
    "Q184768": ("The Godfather Part II",),
    "Q44578": ("Titanic",),
    "Q56094": ("Francis Ford Coppola",),
    "Q42574": ("James Cameron",),
    "Q34012": ("Marlon Brando",),
    "Q41163": ("Al Pacino",),
    "Q36949": ("Robert De Niro",),
    "Q38111": ("Leonardo DiCaprio",),
    "X2": ("Vito Corleone",),
    "X3": ("Michael Corleone",),
    "Q34660": ("J. K. Rowling", "Joanne Rowling"),
    "X4": ("Harry Potter",),
    "Q43361": ("Harry Potter and the Philosopher's Stone",),
    "Q47209": ("Harry Potter and the Chamber of Secrets",),
    "X5": ("Harry Potter and the Prisoner of Azkaban",),
    "X7": ("Atlantis",),
}
"""X6 has facts and no label; X7 has a label and no facts."""

_DESCRIPTIONS = {
    "Q90": "capital of France",
    "X1": "city in Texas",
    "Q47703": "film of 1972",
    "X4": "series of novels",
}


def _day(text: str) -> Value:
    return read_value(f"@{text}")


def _said(value: str | Value, /, *, rank: Rank = Rank.NORMAL, **qualifiers: str | Value) -> Statement:
    return Statement(value, rank, {relation: [given] for relation, given in qualifiers.items()})


def _term(who: str, start: str, end: str | None = None, **more: str | Value) -> Statement:
    ended = {"P582": [_day(end)]} if end else {}
    others = {relation: [given] for relation, given in more.items()}
    return Statement(who, qualifiers={"P580": [_day(start)], **ended, **others})


def _people(amount: float, *, year: str, rank: Rank = Rank.NORMAL) -> Statement:
    return _said(Quantity(amount), rank=rank, P585=_day(year))


_FACTS: Mapping[str, Mapping[str, Sequence[str | Value | Statement]]] = {
    "Q30": {
        "P31": [COUNTRY, STATE],
        "P36": ["Q61"],
        "P30": ["Q49"],
        "P37": ["Q1860"],
        "P571": [_day("1776-07-04")],
        "P35": [
            _said("Q6279", rank=Rank.PREFERRED, P580=_day("2021-01-20")),
            _term("Q76", "2009-01-20", "2017-01-20"),
        ],
        "P1082": [
            _people(331449281, year="2020", rank=Rank.PREFERRED),
            _people(308745538, year="2010"),
            _people(1, year="2011", rank=Rank.DEPRECATED),
        ],
    },
    "Q142": {
        "P31": [COUNTRY, STATE],
        "P36": ["Q90"],
        "P30": ["Q46"],
        "P37": ["Q150"],
        "P47": ["Q183", "Q31", "Q39"],
        "P571": [_day("0843")],
        "P35": [
            _term("Q329", "2007-05-16", "2012-05-15"),
            _term("Q157", "2012-05-15", "2017-05-14"),
            _term("Q3052772", "2017-05-14"),
        ],
        "P1082": [_people(68373433, year="2024"), _people(66992000, year="2018")],
    },
    "Q183": {
        "P31": [COUNTRY],
        "P36": [_said("Q64", P580=_day("1990-10-03"))],
        "P30": ["Q46"],
        "P37": ["Q188"],
        "P47": ["Q142", "Q31", "Q39"],
        "P571": [_day("1949-05")],
        "P1082": [_people(83149300, year="2019")],
    },
    "Q31": {
        "P31": [COUNTRY],
        "P30": ["Q46"],
        "P37": ["Q150", "Q188"],
        "P47": ["Q142", "Q183"],
        "P571": [_day("1830")],
        "P1082": [Statement(Quantity(11584008))],
    },
    "Q39": {
        "P31": [COUNTRY, STATE],
        "P30": ["Q46"],
        "P37": ["Q150", "Q188"],
        "P47": ["Q142", "Q183"],
        "P571": [_day("1291-08-01J")],
        "P1082": [_said(Quantity(8466017), rank=Rank.DEPRECATED)],
    },
    "Q61": {
        "P31": [CITY],
        "P17": ["Q30"],
        "P625": [Coordinate(38.895, -77.0367)],
        "P571": [_day("1790-07-16")],
    },
    "Q90": {
        "P31": [CITY],
        "P17": ["Q142"],
        "P625": [Coordinate(48.8566, 2.3522)],
        "P1082": [_people(2145906, year="2020")],
    },
    "X1": {"P31": [CITY], "P17": ["Q30"], "P625": [Coordinate(33.6625, -95.5477)]},
    "Q64": {
        "P31": [CITY],
        "P17": ["Q183"],
        "P625": [Coordinate(52.5167, 13.3833)],
        "P1082": [_people(3755251, year="2022")],
        "P571": [_day("1244")],
    },
    "Q72": {"P31": [CITY], "P17": ["Q39"], "P1082": [_people(434335, year="2019")]},
    "Q60": {
        "P31": [CITY],
        "P17": ["Q30"],
        "P1082": [_people(8804190, year="2020-04-01")],
        "P571": [_day("1624")],
    },
    "Q329": {"P31": [HUMAN], "P569": [_day("1955-01-28")], "P2048": [Quantity(1.66, "Q11573")]},
    "Q157": {"P31": [HUMAN], "P569": [_day("1954-08-12")], "P2048": [Quantity(1.7, "Q11573")]},
    "Q3052772": {"P31": [HUMAN], "P569": [_day("1977-12-21")], "P2048": [Quantity(1.73, "Q11573")]},
    "Q35171": {
        "P31": [HUMAN],
        "P569": [_day("1837-03-18")],
        "P570": [_day("1908-06-24")],
        # One fact, two statements: the two terms of office.
        "P39": [
            _term("Q11696", "1885-03-04", "1889-03-04", P1545=String("22")),
            _term("Q11696", "1893-03-04", "1897-03-04", P1545=String("24")),
        ],
    },
    "Q6279": {
        "P31": [HUMAN],
        "P569": [_day("1942-11-20")],
        "P39": [_term("Q11696", "2021-01-20", P1545=String("46"))],
    },
    "Q76": {
        "P31": [HUMAN],
        "P569": [_day("1961-08-04")],
        "P39": [_term("Q11696", "2009-01-20", "2017-01-20", P1545=String("44"))],
    },
    "Q11696": {"P31": [OFFICE], "P17": ["Q30"]},
    "Q1048": {"P31": [HUMAN], "P569": [_day("-0100")], "P570": [_day("-0044-03-15J")]},
    "Q47703": {
        "P31": [FILM],
        "P57": ["Q56094"],
        "P161": [_said("Q34012", P453="X2"), _said("Q41163", P453="X3")],
        "P577": [_day("1972-03-14"), _day("1972-03-24")],
        "P2047": [Quantity(175, "Q7727")],
        "P1476": [Text("The Godfather", "en")],
        "P345": [String("tt0068646")],
    },
    "Q184768": {
        "P31": [FILM],
        "P57": ["Q56094"],
        "P155": ["Q47703"],
        "P161": [_said("Q36949", P453="X2"), _said("Q41163", P453="X3")],
        "P577": [_day("1974-12-12")],
        "P2047": [Quantity(202, "Q7727")],
        "P1476": [Text("The Godfather Part II", "en"), Text('Der Pate, Teil "II"', "de")],
        "P345": [String("tt0071562")],
    },
    "Q44578": {
        "P31": [FILM],
        "P57": ["Q42574"],
        "P161": ["Q38111"],
        "P577": [_day("1997-11")],
        "P2047": [Quantity(194, "Q7727")],
    },
    "Q56094": {"P31": [HUMAN], "P569": [_day("1939-04-07")]},
    "Q42574": {"P31": [HUMAN], "P569": [_day("1954-08-16")]},
    "Q34012": {"P31": [HUMAN], "P569": [_day("1924-04-03")], "P570": [_day("2004-07-01")]},
    "Q41163": {"P31": [HUMAN], "P569": [_day("1940-04-25")]},
    "Q36949": {"P31": [HUMAN], "P569": [_day("1943")]},
    "Q38111": {"P31": [HUMAN], "P569": [_day("1974-11-11")]},
    "Q34660": {"P31": [HUMAN], "P569": [_day("1965-07-31")]},
    "X4": {"P31": [SERIES], "P50": ["Q34660"]},
    "Q43361": {
        "P31": [BOOK],
        "P50": ["Q34660"],
        "P179": [_said("X4", P1545=String("1"))],
        "P577": [_day("1997-06-26")],
    },
    "Q47209": {
        "P31": [BOOK],
        "P50": ["Q34660"],
        "P179": [_said("X4", P1545=String("2"))],
        "P577": [_day("1998-07")],
        "P155": ["Q43361"],
    },
    "X5": {
        "P31": [BOOK],
        "P50": ["Q34660"],
        "P179": [_said("X4", P1545=String("3"))],
        "P577": [_day("1999")],
        "P155": ["Q47209"],
    },
    "X6": {"P31": [CITY], "P17": ["Q142"], "P571": [Time(1950, precision=8)]},
}


def toy_records() -> list[Record]:
    """The records: entities in the order of their first mention, then the relations."""
    entities = [
        Record(
            id=name,
            label=_LABELS[name][0] if name in _LABELS else None,
            aliases=_LABELS.get(name, ())[1:],
            description=_DESCRIPTIONS.get(name),
            facts={
                relation: [given if isinstance(given, Statement) else Statement(given) for given in values]
                for relation, values in _FACTS.get(name, {}).items()
            },
        )
        for name in dict.fromkeys([*_LABELS, *_FACTS])
    ]
    relations = [
        Record(id=name, label=words[0], aliases=words[1:], is_relation=True)
        for name, words in _RELATIONS.items()
    ]
    return entities + relations


def toy_graph(folder: Path) -> EmbeddedGraph:
    """The toy graph, built into a new folder under ``folder`` and opened."""
    out = folder / "toy-graph"
    build_graph([toy_records()], out, name="toy")
    return EmbeddedGraph.open(out)
