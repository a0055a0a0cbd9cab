"""What surrounds entities at an endpoint, without reading all that hangs on a hub.

Of every entity only so many facts are looked at, each way. Where there are more, the relations that the
sample lacks are found by asking of each relation whether there is one fact; so a hub's counts are lower
bounds, and none of its relations is missing where the endpoint lists them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import TypeAlias

from kgqa.graphs.endpoints.endpoint_terms import Terms
from kgqa.graphs.protocol import DIRECTIONS, Direction

MOST_FACTS = 2_000
"""Facts looked at, of one entity and way."""
MOST_COUNTED = 500
"""Facts counted, of one entity and way, to tell how well known it is."""
_AT_ONCE = 20
"""Entities in one request; each is a part of its own there."""

Uses: TypeAlias = Counter[tuple[str, Direction]]
"""(relation, way) -> how many facts of an entity were seen."""


def uses(terms: Terms, names: Sequence[str]) -> dict[str, Uses]:
    """What was seen around each entity."""
    found: dict[str, Uses] = {name: Counter() for name in names}
    for start in range(0, len(names), _AT_ONCE):
        iris = {iri: name for name in names[start : start + _AT_ONCE] if (iri := terms.dialect.iri(name))}
        parts = " UNION ".join(part for iri in iris for part in _ways(terms, iri))
        select, group = "?key ?link ?way (COUNT(*) AS ?n)", " GROUP BY ?key ?link ?way"
        for row in terms.select(select, parts, group) if parts else ():
            direction = next((d for d in DIRECTIONS if d == row["way"].text), None)
            if direction is not None:
                relation = terms.dialect.relation_name(row["link"].text)
                found[iris[row["key"].text]][relation, direction] += int(row["n"].text)
        for iri, name in iris.items():
            entering = sum(count for (_, direction), count in found[name].items() if direction == "in")
            if entering >= MOST_FACTS and terms.lists_relations:
                for relation in _entering(terms, iri):
                    found[name][relation, "in"] = max(1, found[name][relation, "in"])
    return found


def near(terms: Terms, names: Sequence[str], *, most: int) -> list[str]:
    """Names of what is one fact away; relations with more than ``most`` facts of an entity are left out."""
    found: dict[tuple[str, str, str], list[str]] = {}
    for start in range(0, len(names), _AT_ONCE):
        iris = [iri for name in names[start : start + _AT_ONCE] if (iri := terms.dialect.iri(name))]
        ways = [(way, iri) for iri in iris for way in (f"<{iri}> ?link ?x", f"?x ?link <{iri}>")]
        parts = [
            f"{{ {_limited(terms, triple, iri, MOST_COUNTED)} BIND({k % 2} AS ?way) }}"
            for k, (triple, iri) in enumerate(ways)
        ]
        for row in terms.select("?key ?link ?way ?x", " UNION ".join(parts)) if parts else ():
            name = terms.dialect.name(row["x"])
            if name is not None:
                found.setdefault((row["key"].text, row["link"].text, row["way"].text), []).append(name)
    return list(dict.fromkeys(name for group in found.values() if len(group) <= most for name in group))


def degrees(terms: Terms, names: Sequence[str], *, both: bool) -> dict[str, int]:
    """Number of facts of each, each way at most ``MOST_COUNTED``; unless ``both``, only from it."""
    found = dict.fromkeys(names, 0)
    for start in range(0, len(names), _AT_ONCE):
        iris = {iri: name for name in names[start : start + _AT_ONCE] if (iri := terms.dialect.iri(name))}
        parts = []
        for iri in iris:
            ways = [f"<{iri}> ?link ?x", f"?x ?link <{iri}>"][: 1 + both]
            parts += [_limited(terms, way, iri, MOST_COUNTED) for way in ways]
        rows = terms.select("?key (COUNT(*) AS ?n)", " UNION ".join(parts), " GROUP BY ?key") if parts else []
        found.update({iris[row["key"].text]: int(row["n"].text) for row in rows if "key" in row})
    return found


def _limited(terms: Terms, triple: str, iri: str, most: int) -> str:
    facts = f"{{ SELECT ?link ?x WHERE {{ {triple} . {terms.dialect.only_facts} }} LIMIT {most} }}"
    return f"{{ {facts} BIND(<{iri}> AS ?key) }}"


def _ways(terms: Terms, iri: str) -> Iterator[str]:
    is_entity = terms.dialect.model.is_entity.format("?x")
    out = _limited(terms, f"<{iri}> ?link ?x", iri, MOST_FACTS)
    yield f'{{ {out} BIND(IF({is_entity}, "out", "literal") AS ?way) }}'
    yield f'{{ {_limited(terms, f"?x ?link <{iri}>", iri, MOST_FACTS)} BIND("in" AS ?way) }}'


def _entering(terms: Terms, iri: str) -> list[str]:
    """All relations that lead to a hub, one look-up for each that there is."""
    body = f"?property wikibase:directClaim ?link . FILTER EXISTS {{ ?x ?link <{iri}> }}"
    return [terms.dialect.relation_name(row["link"].text) for row in terms.select("?link", body)]
