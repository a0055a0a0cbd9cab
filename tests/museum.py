"""An ordinary RDF file that is not Wikidata: museums, their works, artists, exhibitions, all invented.

Written as such files are: IRIs of its own, ``rdfs:label`` for most things and for some relations (the others
are called by the ends of their IRIs), dates as ``xsd:date``, years as ``xsd:gYear``.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from pathlib import Path

SPACE = "http://museums.example/"
_PREFIXES = """\
@prefix : <http://museums.example/schema#> .
@prefix m: <http://museums.example/id/> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
@prefix skos: <http://www.w3.org/2004/02/skos/core#> .
@prefix xsd: <http://www.w3.org/2001/XMLSchema#> .
"""
_SCHEMA = """
:Painting rdfs:label "painting"@en . :Sculpture rdfs:label "sculpture"@en . :Artist rdfs:label "artist"@en .
:Museum rdfs:label "museum"@en . :City rdfs:label "city"@en . :Country rdfs:label "country"@en .
:Exhibition rdfs:label "exhibition"@en . :Movement rdfs:label "movement"@en .
:createdBy rdfs:label "created by"@en ; skos:altLabel "artist"@en .
:keptIn rdfs:label "kept in"@en .
:dateOfBirth rdfs:label "date of birth"@en .
:placeOfBirth rdfs:label "place of birth"@en .
:studentOf rdfs:label "student of"@en .
:annualVisitors rdfs:label "annual visitors"@en .
:director rdfs:label "director"@en .
:yearCompleted rdfs:label "year completed"@en .
:heightCm rdfs:label "height"@en .
"""  # without labels: :depicts, :memberOf, :locatedIn, :inCountry, :population, :openedOn, :showed, :heldAt,


#      :startDate, :curator, :diedOn, :insuranceValue
def _words(text: str) -> list[str]:
    return [word.strip() for word in text.split(",")]


_FIRST = _words(
    "Marta, Ilse, Joren, Tomas, Aveline, Bruno, Clara, Dario, Elin, Farid, Greta, Henrik, Ines, Jakob, "
    "Katya, Lorenz, Mirela, Nadia, Oskar, Petra, Quentin, Rosa, Stefan, Tilda, Ulrich, Vera, Wanda, "
    "Xenia, Yusuf, Zofia"
)
_LAST = _words(
    "Lindqvist, Arbelo, Castellan, Drummond, Eskola, Ferrant, Galanis, Hollander, Ivanek, Jorritsma, "
    "Kessler, Lombardi, Marchetti, Novak, Okonjo, Pellerin, Quist, Rasmussen, Sorensen, Tavares, "
    "Ulbricht, Vasquez, Weller, Ximenes, Yilmaz"
)
_CITY = _words(
    "Aldhaven, Brackford, Cormont, Delwick, Estrada, Falkenau, Grimsby, Hollis, Iverness, Jaromir, "
    "Kestrel, Lunden, Marrow, Norvik, Ostrava, Pellwood, Quarrel, Rothen, Sandmere, Tarnow, Ulverton, "
    "Vantry, Westmark, Yarrow"
)
_COUNTRY = _words("Arvonia, Belmark, Cordovia, Dravenia, Estland, Farrow")
_SUBJECT = _words(
    "harbour, orchard, shepherd, bridge, storm, market, lighthouse, dancer, blacksmith, garden, winter, "
    "fisherman, cathedral, horse, river, widow, violinist, mill, snowfall, baker"
)
_MANNER = _words(
    "at dusk, in blue, by the sea, after the rain, with red scarf, in winter, at noon, in the fog, under "
    "the moon, of the north, without a name, in three parts, before the war, at rest, on fire"
)
_MOVEMENT = _words("Northern Light, Verist, Tidal, New Geometry, Quiet School, Salt Road, Ember")
_NUMBERS = ("II", "III", "IV", "V", "VI", "VII", "VIII", "IX", "X")


@dataclass
class _Writer:
    """Turtle, a subject at a time."""

    lines: list[str] = field(default_factory=list)

    def add(self, name: str, kind: str, label: str, *facts: str) -> str:
        self.lines.append(" ;\n    ".join([f'{name} a :{kind} ; rdfs:label "{label}"@en', *facts]) + " .")
        return name


def museum_turtle(*, works: int = 2_400, seed: int = 7) -> str:
    """The file's text; entities number about ``works`` times 1.3, the same for the same seed."""
    rng = random.Random(seed)
    out = _Writer()
    countries = [
        out.add(f"m:country{k}", "Country", name, f":population {rng.randint(1, 60) * 1_000_000}")
        for k, name in enumerate(_COUNTRY)
    ]
    cities = [
        out.add(
            f"m:city{k}",
            "City",
            name,
            f":inCountry {rng.choice(countries)}",
            f":population {rng.randint(20, 3_000) * 1_000}",
        )
        for k, name in enumerate(_CITY)
    ]
    movements = [
        out.add(f"m:movement{k}", "Movement", name if name.endswith("School") else f"{name} movement")
        for k, name in enumerate(_MOVEMENT)
    ]
    artists = _artists(out, rng, cities, movements, count=max(20, works // 10))
    museums = _museums(out, rng, cities, artists, count=max(8, works // 50))
    pieces = _works(out, rng, artists, museums, count=works)
    _exhibitions(out, rng, pieces, museums, artists, count=max(6, works // 20))
    return _PREFIXES + _SCHEMA + "\n".join(out.lines) + "\n"


def write_museum(path: Path, *, works: int = 2_400, seed: int = 7) -> Path:
    """Write the file."""
    path.write_text(museum_turtle(works=works, seed=seed), encoding="utf-8")
    return path


def _names(rng: random.Random, count: int) -> list[str]:
    every = [f"{first} {last}" for first in _FIRST for last in _LAST]
    return rng.sample(every, count)


def _date(rng: random.Random, first: int, last: int) -> str:
    return f'"{rng.randint(first, last)}-{rng.randint(1, 12):02d}-{rng.randint(1, 28):02d}"^^xsd:date'


def _artists(
    out: _Writer, rng: random.Random, cities: list[str], movements: list[str], *, count: int
) -> list[str]:
    artists: list[str] = []
    for k, name in enumerate(_names(rng, count)):
        born = 1780 + k * 170 // count
        facts = [
            f":dateOfBirth {_date(rng, born, born + 3)}",
            f":placeOfBirth {rng.choice(cities)}",
            f":memberOf {rng.choice(movements)}",
        ]
        if born < 1930:
            facts.append(f":diedOn {_date(rng, born + 35, born + 90)}")
        if artists and rng.random() < 0.6:
            facts.append(f":studentOf {rng.choice(artists[-25:])}")
        artists.append(out.add(f"m:artist{k}", "Artist", name, *facts))
    return artists


def _museums(
    out: _Writer, rng: random.Random, cities: list[str], artists: list[str], *, count: int
) -> list[str]:
    kinds = ("Museum of Art", "City Gallery", "National Gallery", "Sculpture Hall", "Modern Collection")
    places = rng.sample([(city, kind) for city in range(len(cities)) for kind in kinds], count)
    return [
        out.add(
            f"m:museum{k}",
            "Museum",
            f"{_CITY[city]} {kind}",
            f":locatedIn {cities[city]}",
            f":openedOn {_date(rng, 1820, 2005)}",
            f":annualVisitors {rng.randint(4, 900) * 1_000}",
            f":director {rng.choice(artists[-len(artists) // 4 :])}",
        )
        for k, (city, kind) in enumerate(places)
    ]


def _works(
    out: _Writer, rng: random.Random, artists: list[str], museums: list[str], *, count: int
) -> list[str]:
    pieces = []
    titles = [f"{start} {manner}" for start in _SUBJECT for manner in _MANNER]
    for k in range(count):
        title = titles[k % len(titles)]
        title = title[0].upper() + title[1:]
        if k >= len(titles):
            title += f" {_NUMBERS[k // len(titles) - 1]}"
        painted = rng.random() < 0.8
        # A few artists made most of the works, as it is.
        artist = artists[int(len(artists) * rng.random() ** 1.8)]
        year = 1800 + int(artist.removeprefix("m:artist")) * 170 // len(artists) + rng.randint(4, 45)
        facts = [
            f":createdBy {artist}",
            f":keptIn {museums[int(len(museums) * rng.random() ** 1.5)]}",
            f":depicts m:subject{_SUBJECT.index(title.split()[0].lower())}",
            f':yearCompleted "{year}"^^xsd:gYear',
            f":heightCm {rng.randint(20, 400)}.0",
        ]
        if rng.random() < 0.4:
            facts.append(f":insuranceValue {rng.randint(1, 900) * 10_000}")
        kind = "Painting" if painted else "Sculpture"
        pieces.append(out.add(f"m:work{k}", kind, title, *facts))
    for k, word in enumerate(_SUBJECT):
        out.lines.append(f'm:subject{k} rdfs:label "{word}"@en .')
    return pieces


def _exhibitions(
    out: _Writer,
    rng: random.Random,
    pieces: list[str],
    museums: list[str],
    artists: list[str],
    *,
    count: int,
) -> None:
    themes = ("Masters of", "Visions of", "A Century of", "Rediscovering", "The World of")
    for k in range(count):
        year = 1960 + k * 60 // count
        shown = ", ".join(rng.sample(pieces, rng.randint(3, 12)))
        out.add(
            f"m:exhibition{k}",
            "Exhibition",
            f"{rng.choice(themes)} {rng.choice(_MOVEMENT)} {year}-{k}",
            f":heldAt {rng.choice(museums)}",
            f":startDate {_date(rng, year, year)}",
            f":curator {rng.choice(artists[-len(artists) // 3 :])}",
            f":showed {shown}",
        )
