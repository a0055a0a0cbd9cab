"""The facts of a closed world and what its questions mean, in plain Python: sets in dictionaries.

Nothing here uses the executor or the graph of the project, so that the two hold one another to account. A
world is drawn from real tables (``triples``, ``labels``, ... as ``kgqa graph build`` reads them) with a seed,
in a wanted size; a larger one than the tables hold is grown by drawing more facts of the same schema among
the same entities. ``resampled`` draws all facts anew: the same words, entities and types, other facts.
"""

from __future__ import annotations

import gzip
import math
import random
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

Triple: TypeAlias = tuple[str, str, str]
Direction: TypeAlias = Literal["out", "in"]  # from subject to object, and back
SetOperation: TypeAlias = Literal["union", "intersection", "difference"]
INSTANCE_OF = "P31"


@dataclass(frozen=True)
class Words:
    """English names: labels of entities and relations, other names of relations."""

    labels: dict[str, str]
    relations: dict[str, tuple[str, ...]]


class Facts:
    """Triples between entities, and their types, found from every side."""

    def __init__(self, triples: Iterable[Triple], types: Iterable[tuple[str, str]]) -> None:
        self.objects: dict[str, dict[str, set[str]]] = {}
        self.subjects: dict[str, dict[str, set[str]]] = {}
        self.members: dict[str, set[str]] = defaultdict(set)
        self.types_of: dict[str, set[str]] = defaultdict(set)
        for subject, relation, thing in triples:
            self.objects.setdefault(relation, {}).setdefault(subject, set()).add(thing)
            self.subjects.setdefault(relation, {}).setdefault(thing, set()).add(subject)
        for entity, type_name in types:
            self.members[type_name].add(entity)
            self.types_of[entity].add(type_name)

    def triples(self) -> Iterator[Triple]:
        """Every fact but the types, sorted."""
        for relation in sorted(self.objects):
            for subject in sorted(self.objects[relation]):
                for thing in sorted(self.objects[relation][subject]):
                    yield subject, relation, thing

    def types(self) -> Iterator[tuple[str, str]]:
        """(entity, type), sorted."""
        for entity in sorted(self.types_of):
            for type_name in sorted(self.types_of[entity]):
                yield entity, type_name

    def reached(self, entity: str, relation: str, direction: Direction) -> set[str]:
        """What a relation leads to from an entity."""
        side = self.objects if direction == "out" else self.subjects
        return side.get(relation, {}).get(entity, set())

    def size(self) -> int:
        """Facts, types among them."""
        facts = sum(len(things) for side in self.objects.values() for things in side.values())
        return facts + sum(map(len, self.types_of.values()))


# --- what questions mean -------------------------------------------------------------------------------


@dataclass(frozen=True)
class Step:
    """The entities of a type that a relation leads to, from any of some entities."""

    entities: tuple[str, ...]
    relation: str
    direction: Direction
    type_name: str


@dataclass(frozen=True)
class Joined:
    """Two steps, one set: ``union``, ``intersection`` or ``difference``."""

    how: SetOperation
    first: Step
    second: Step


@dataclass(frozen=True)
class Claims:
    """Whether subjects have the relation to objects: one truth each, or (``together``) one for all."""

    relation: str
    pairs: tuple[tuple[str, str], ...]
    together: bool = False


@dataclass(frozen=True)
class Ranked:
    """Members of ``asked`` chosen by how many entities of the ``counted`` types a relation leads to.

    The domain are the members that the relation leads anywhere from. ``test`` is max, min, or a comparison
    with ``number``, or with what is counted for the entity ``like``.
    """

    asked: str
    relation: str
    direction: Direction
    counted: tuple[str, ...]
    test: str
    number: int = 0
    like: str = ""


@dataclass(frozen=True)
class Counted:
    """How many; of several sets each."""

    of: tuple[Step | Joined | Ranked, ...]


Meaning: TypeAlias = Step | Joined | Claims | Ranked | Counted


@dataclass(frozen=True)
class Answer:
    """What is asked for: entities, or numbers and the entities counted, or truths."""

    entities: frozenset[str] = frozenset()
    numbers: tuple[int, ...] = ()
    truths: tuple[bool, ...] = ()


def answer(meaning: Meaning, facts: Facts) -> Answer:
    """The answer to a question in a world."""
    if isinstance(meaning, Counted):
        sets = [_entities(part, facts) for part in meaning.of]
        return Answer(frozenset().union(*sets), numbers=tuple(map(len, sets)))
    if isinstance(meaning, Claims):
        truths = tuple(o in facts.reached(s, meaning.relation, "out") for s, o in meaning.pairs)
        return Answer(truths=(all(truths),) if meaning.together else truths)
    return Answer(frozenset(_entities(meaning, facts)))


def _entities(meaning: Step | Joined | Ranked, facts: Facts) -> set[str]:
    if isinstance(meaning, Step):
        found: set[str] = set()
        for entity in meaning.entities:
            found |= facts.reached(entity, meaning.relation, meaning.direction)
        return found & facts.members.get(meaning.type_name, set())
    if isinstance(meaning, Joined):
        one, other = _entities(meaning.first, facts), _entities(meaning.second, facts)
        return (
            one | other
            if meaning.how == "union"
            else one & other
            if meaning.how == "intersection"
            else one - other
        )
    return _ranked(meaning, facts)


def counts(meaning: Ranked, facts: Facts) -> dict[str, int]:
    """For every member of the domain how many are counted."""
    side = (facts.objects if meaning.direction == "out" else facts.subjects).get(meaning.relation, {})
    members = facts.members.get(meaning.asked, set())
    return {name: _count(meaning, side[name], facts) for name in side.keys() & members}


def _count(meaning: Ranked, reached: set[str], facts: Facts) -> int:
    return sum(len(reached & facts.members.get(name, set())) for name in meaning.counted)


def _ranked(meaning: Ranked, facts: Facts) -> set[str]:
    of_each, test = counts(meaning, facts), meaning.test
    if not of_each:
        return set()
    if test in ("max", "min"):
        best = max(of_each.values()) if test == "max" else min(of_each.values())
        return {name for name, count in of_each.items() if count == best}
    wanted = meaning.number
    if meaning.like:
        wanted = _count(meaning, facts.reached(meaning.like, meaning.relation, meaning.direction), facts)
    if test == "around":
        average = sum(of_each.values()) / len(of_each)
        deviation = math.sqrt(sum((count - average) ** 2 for count in of_each.values()) / len(of_each))
        return {name for name, count in of_each.items() if abs(count - wanted) <= deviation + 1e-9}
    holds = {
        "more": lambda count: count > wanted,
        "less": lambda count: count < wanted,
        "at_least": lambda count: count >= wanted,
        "at_most": lambda count: count <= wanted,
        "equal": lambda count: count == wanted,
    }[test]
    return {name for name, count in of_each.items() if holds(count)}


# --- worlds --------------------------------------------------------------------------------------------


def read_words(folder: Path) -> Words:
    """Labels and relation names out of ``labels.tsv.gz``, ``properties.tsv`` and ``property_words.tsv``."""
    labels = {row[0]: row[1] for row in _rows(folder / "labels.tsv.gz") if len(row) > 1 and row[1].strip()}
    relations: dict[str, tuple[str, ...]] = {
        row[0]: (row[1],) for row in _rows(folder / "properties.tsv") if len(row) > 1
    }
    for row in _rows(folder / "property_words.tsv"):
        others = [name.strip() for name in (row[2].split(",") if len(row) > 2 else ())]
        relations[row[0]] = tuple(dict.fromkeys(name for name in (row[1], *others) if name))
    return Words(labels, relations)


def read_facts(
    folder: Path, words: Words, more: Sequence[Path] = ()
) -> tuple[list[Triple], dict[str, set[str]]]:
    """Facts between labelled entities and the types of these, out of ``triples.tsv.gz`` and further tables
    of triples or of (entity, type)."""
    triples: set[Triple] = set()
    types: dict[str, set[str]] = defaultdict(set)
    for path in (folder / "triples.tsv.gz", *more):
        for row in _rows(path):
            subject, thing = row[0], row[-1] if len(row) < 4 else row[2]
            if subject not in words.labels or thing not in words.labels:
                continue
            if len(row) == 2 or row[1] == INSTANCE_OF:
                types[subject].add(thing)
            elif row[1] in words.relations:
                triples.add((subject, row[1], thing))
    return sorted(triples), types


def _rows(path: Path) -> Iterator[list[str]]:
    opener = gzip.open if path.suffix == ".gz" else open
    with opener(path, "rt", encoding="utf-8") as file:
        for line in file:
            yield line.rstrip("\n").split("\t")


def draw(triples: Sequence[Triple], types: dict[str, set[str]], *, size: int, seed: int) -> Facts:
    """A world of about ``size`` triples: the facts of some subjects, or all and more like them."""
    rng = random.Random(seed)
    order = sorted({subject for subject, _, _ in triples})
    rng.shuffle(order)
    place = {subject: number for number, subject in enumerate(order)}
    chosen: list[Triple] = []
    named: set[str] = set()
    typed = 0
    for triple in sorted(triples, key=lambda one: place[one[0]]):
        if len(chosen) + typed >= size:
            break
        chosen.append(triple)
        for name in (triple[0], triple[2]):
            if name not in named:
                named.add(name)
                typed += len(types.get(name, ()))
    of_world = [(name, type_name) for name in sorted(named) for type_name in sorted(types.get(name, ()))]
    if size > len(chosen) + typed:
        chosen = _grown(chosen, types, wanted=size - typed, rng=rng)
    return Facts(chosen, of_world)


def resampled(facts: Facts, *, seed: int) -> Facts:
    """The same entities, types and schema with other facts: both ends of every fact are drawn anew, out of
    those that have the relation and the same main type."""
    triples, rng = list(facts.triples()), random.Random(seed)
    drawn = _grown([], facts.types_of, wanted=len(triples), rng=rng, like=triples)
    return Facts(drawn, facts.types())


def _grown(
    triples: list[Triple],
    types: dict[str, set[str]],
    *,
    wanted: int,
    rng: random.Random,
    like: Sequence[Triple] = (),
) -> list[Triple]:
    """The triples and others of the same schema, ``wanted`` in all."""
    like = like or list(triples)
    size = Counter(type_name for names in types.values() for type_name in names)

    def main(name: str) -> str:
        return max(types.get(name, ()), key=lambda type_name: (size[type_name], type_name), default="")

    known = {name: main(name) for name in {end for s, _, o in like for end in (s, o)}}
    ends: dict[tuple[str, str, str], tuple[list[str], list[str]]] = defaultdict(lambda: ([], []))
    for subject, relation, thing in like:
        subjects, objects = ends[known[subject], relation, known[thing]]
        subjects.append(subject)
        objects.append(thing)
    made = dict.fromkeys(triples)
    for _ in range(8 * wanted):  # of a relation with few subjects all pairs may be there
        if len(made) >= wanted:
            break
        subject, relation, thing = rng.choice(like)
        subjects, objects = ends[known[subject], relation, known[thing]]
        subject, thing = rng.choice(subjects), rng.choice(objects)
        if subject != thing:
            made[subject, relation, thing] = None
    return list(made)
