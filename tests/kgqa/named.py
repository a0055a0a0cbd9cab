"""A graph of names that are hard to find in a question: common words, numbers, punctuation, namesakes.

The facts are few and true or close to it; ids are made up (N1, N2, ...), relations are Wikidata's.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from kgqa.graphs import EmbeddedGraph, build_graph

HUMAN, FILM, BAND, COUNTRY, REGION, SHIP, CITY, SHOW = "T1", "T2", "T3", "T4", "T5", "T6", "T7", "T8"

_TYPES = {
    HUMAN: ("human", "person"),
    FILM: ("film", "movie"),
    BAND: ("musical group", "band"),
    COUNTRY: ("country",),
    REGION: ("administrative territorial entity",),
    SHIP: ("ship",),
    CITY: ("city",),
    SHOW: ("television series",),
}
_RELATIONS = {
    "P31": ("instance of",),
    "P57": ("director", "directed by"),
    "P161": ("cast member", "starring"),
    "P22": ("father",),
    "P26": ("spouse",),
    "P17": ("country",),
    "P27": ("country of citizenship",),
    "P577": ("publication date",),
    "P674": ("characters",),
    "P21": ("sex or gender",),
    "P1549": ("demonym",),
    "P1545": ("series ordinal",),
    "P527": ("has part",),
}
# id -> type, description, label, aliases
_NAMES: dict[str, tuple[str, str, str, tuple[str, ...]]] = {
    "it": (FILM, "2017 film", "It", ()),
    "her": (FILM, "2013 film", "Her", ()),
    "up": (FILM, "2009 film", "Up", ()),
    "yes film": (FILM, "2004 film", "Yes", ()),
    "yes band": (BAND, "English rock band", "Yes", ()),
    "the who": (BAND, "English rock band", "The Who", ()),
    "1917": (FILM, "2019 film", "1917", ()),
    "oceans": (FILM, "2001 film", "Ocean's Eleven", ("Ocean's 11",)),
    "terminator": (FILM, "1984 film", "The Terminator", ()),
    "terminator 2": (FILM, "1991 film", "Terminator 2: Judgment Day", ("Terminator 2",)),
    "odyssey": (FILM, "1968 film", "2001: A Space Odyssey", ()),
    "good night": (FILM, "2005 film", "Good Night, and Good Luck.", ()),
    "wall-e": (FILM, "2008 film", "WALL·E", ("Wall-E",)),
    "mash": (SHOW, "American series", "M*A*S*H", ("MASH",)),
    "rabbit": (FILM, "1988 film", "Who Framed Roger Rabbit", ()),
    "angry": (FILM, "1957 film", "12 Angry Men", ()),
    "towers": (FILM, "2002 film", "The Lord of the Rings: The Two Towers", ("The Two Towers",)),
    "inception": (FILM, "2010 film", "Inception", ()),
    "psycho": (FILM, "1960 film by Alfred Hitchcock", "Psycho", ()),
    "psycho 1998": (FILM, "1998 film by Gus Van Sant", "Psycho", ()),
    "titanic": (FILM, "1997 film", "Titanic", ()),
    "titanic ship": (SHIP, "British passenger liner", "Titanic", ("RMS Titanic",)),
    "nolan": (HUMAN, "British director", "Christopher Nolan", ()),
    "thomas": (HUMAN, "British producer", "Emma Thomas", ()),
    "jonathan": (HUMAN, "British screenwriter", "Jonathan Nolan", ()),
    "cameron": (HUMAN, "Canadian director", "James Cameron", ()),
    "dicaprio": (HUMAN, "American actor", "Leonardo DiCaprio", ()),
    "winslet": (HUMAN, "English actress", "Kate Winslet", ()),
    "george": (HUMAN, "American comics artist", "George DiCaprio", ()),
    "jack": ("", "character of Titanic", "Jack Dawson", ()),
    "nicholson": (HUMAN, "American actor", "Jack Nicholson", ()),
    "hitchcock": (HUMAN, "English director", "Alfred Hitchcock", ()),
    "van sant": (HUMAN, "American director", "Gus Van Sant", ()),
    "germany": (COUNTRY, "country in Europe", "Germany", ()),
    "uk": (COUNTRY, "country in Europe", "United Kingdom", ("UK", "Great Britain")),
    "new zealand": (COUNTRY, "country in Oceania", "New Zealand", ()),
    "georgia": (COUNTRY, "country in the Caucasus", "Georgia", ()),
    "georgia state": (REGION, "state of the United States", "Georgia", ()),
    "bavaria": (REGION, "state of Germany", "Bavaria", ()),
    "saxony": (REGION, "state of Germany", "Saxony", ()),
    "mls": ("", "football league", "Major League Soccer", ()),
    "frankfurt": (CITY, "city in Germany", "Frankfurt am Main", ()),
    "paris": (CITY, "capital of France", "Paris", ()),
    "man": ("", "gender", "male", ()),
    "woman": ("", "gender", "female", ()),
    "reading": (CITY, "town in England", "Reading", ()),
}
_FACTS: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "inception": {"P57": ("nolan",), "P161": ("dicaprio",)},
    "titanic": {
        "P57": ("cameron",),
        "P161": ("dicaprio", "winslet"),
        "P674": ("jack",),
        "P577": ("@1997-12-19",),
    },
    "terminator": {"P57": ("cameron",), "P577": ("@1984",)},
    "terminator 2": {"P57": ("cameron",), "P577": ("@1991",)},
    "psycho": {"P57": ("hitchcock",), "P577": ("@1960",)},
    "psycho 1998": {"P57": ("van sant",), "P577": ("@1998",)},
    "dicaprio": {"P22": ("george",), "P21": ("man",)},
    "winslet": {"P21": ("woman",)},
    "nolan": {"P26": ("thomas",)},
    "germany": {"P1549": ('"German"@en',)},
    "uk": {"P1549": ('"Brit"@en', '"British"@en')},
    "new zealand": {"P1549": ('"Kiwi"@en', '"New Zealander"@en')},
    "bavaria": {"P17": ("germany",)},
    "saxony": {"P17": ("germany",)},
    "frankfurt": {"P17": ("germany",)},
    "mls": {"P527": tuple(f"X{number}" for number in range(12))},
    "hitchcock": {"P27": ("uk",)},
}
NUMBER = {name: f"N{place}" for place, name in enumerate(_NAMES, start=1)}
"""Our word for an entity -> its id."""


def _record(name: str) -> dict[str, Any]:
    kind, description, label, aliases = _NAMES[name]
    facts = {
        relation: [NUMBER.get(v, v) for v in values] for relation, values in _FACTS.get(name, {}).items()
    }
    return {
        "id": NUMBER[name],
        "label": label,
        "aliases": list(aliases),
        "description": description,
        "facts": {**({"P31": [kind]} if kind else {}), **facts},
    }


def named_graph(folder: Path) -> EmbeddedGraph:
    """Build it in a folder and open it."""
    source = folder / "source"
    source.mkdir()
    types = [{"id": n, "label": ways[0], "aliases": list(ways[1:])} for n, ways in _TYPES.items()]
    relations = [{"id": n, "label": ways[0], "aliases": list(ways[1:])} for n, ways in _RELATIONS.items()]
    for file, records in (("names", [*types, *map(_record, _NAMES)]), ("relations", relations)):
        lines = [json.dumps(record, ensure_ascii=False) for record in records]
        (source / f"{file}.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    build_graph([source], folder / "graph")
    return EmbeddedGraph.open(folder / "graph")
