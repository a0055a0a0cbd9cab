"""A local graph around seeds or types, fetched from an endpoint.

The facts of the seeds and of all within some hops are fetched whole, with qualifiers and literals; what they
only mention comes with its words and types. A hop goes along a fact either way, from an entity to at most a
number of those that lead to it; what is mentioned most often comes first where there is a limit. One
question at a time, with pauses, in batches that are halved where they take too long.
"""

from __future__ import annotations

import json
import re
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from grammar.errors import GraphError, LimitReached, TooBusy, Unreachable
from kgqa.graphs.building.build import BuildReport, build_graph
from kgqa.graphs.endpoints.endpoint import EndpointGraph
from kgqa.graphs.endpoints.pull_fetch import Fetch, Found
from kgqa.graphs.endpoints.pull_journal import Journal
from kgqa.graphs.readers.jsonl import record_of
from kgqa.graphs.readers.record import Record

BATCHES: Mapping[str, int] = {"facts": 50, "into": 10, "types": 200, "words": 200}
"""Names in one question, by what is asked for."""
_BUSY_AGAIN = 20
"""Times that a busy endpoint is waited for before a pull gives up; it can be taken up later."""
_NETWORK_WAITS = (5.0, 20.0, 60.0)
_UNIT = re.compile(r"\[([^\]]+)\]$")

Progress = Callable[[str, int, int], object]
"""Told what is fetched, how many of it are done, and of how many."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What to pull: around these entities and instances of these types, so many hops, at most ``limit``."""

    seeds: tuple[str, ...] = ()
    types: tuple[str, ...] = ()
    hops: int = 1
    limit: int = 10_000
    into: int = 100


@dataclass(frozen=True, slots=True)
class PullReport:
    """What came of it: the build, entities with all their facts, others, requests, what was left out."""

    build: BuildReport
    entities: int
    mentioned: int
    requests: int
    left_out: tuple[str, ...]


def pull_graph(
    graph: EndpointGraph,
    out: Path,
    wish: Wish,
    *,
    name: str | None = None,
    progress: Progress = lambda what, done, total: None,
) -> PullReport:
    """Fetch and build; called again after a kill it goes on.

    Raises:
        GraphError: a seed is not there, or the endpoint cannot be reached; what was fetched is kept.
        LimitReached: the endpoint stays busy; likewise.
    """
    _see_that_there(graph, wish)
    journal = Journal(out.with_name(f"{out.name}.pulling"), {"endpoint": graph.url, **_plain(wish)})
    try:
        pull = _Pull(graph, wish, journal, progress)
        kept = pull.around()
        mentioned = pull.mentioned(kept)
        report = build_graph([pull.records(kept, mentioned)], out, name=name or out.name)
    except BaseException:
        journal.close()
        raise
    journal.remove()
    left_out = tuple(pull.left_out)
    return PullReport(report, len(kept), len(mentioned), graph.client.requests, left_out)


def _plain(wish: Wish) -> dict[str, Any]:
    plain: dict[str, Any] = json.loads(json.dumps(asdict(wish)))
    return plain


def _see_that_there(graph: EndpointGraph, wish: Wish) -> None:
    if not wish.seeds and not wish.types:
        raise GraphError("expected entities or types to start from, found none: give --seed or --type")
    asked = [*wish.seeds, *wish.types]
    for name, number in zip(asked, graph.entities(asked).tolist(), strict=True):
        if number < 0:
            expected = (
                "an id such as Q42" if graph.model.wikidata_ids else "an IRI such as http://example.org/Paris"
            )
            raise GraphError(f"{graph.url} has no {name!r}: expected {expected} that it has facts about")


@dataclass
class _Pull:
    graph: EndpointGraph
    wish: Wish
    journal: Journal
    progress: Progress
    left_out: dict[str, None] = field(default_factory=dict)
    relations: Sequence[str] = ()

    def __post_init__(self) -> None:
        self.fetch = Fetch(self.graph.terms, into_limit=self.wish.into)

    # --- what to fetch ----------------------------------------------------------------------------------

    def around(self) -> list[str]:
        """The entities whose facts are kept, all of them fetched, the nearest first."""
        kept: dict[str, None] = dict.fromkeys(self.wish.seeds[: self.wish.limit])
        # Members leave room for what is near them.
        most = len(kept) + (self.wish.limit - len(kept)) // (2 if self.wish.hops else 1)
        for type_name in self.wish.types:
            for member in self._members(type_name):
                if len(kept) < most:
                    kept[member] = None
        level = list(kept)
        for hop in range(self.wish.hops + 1):
            self._all("facts", level, f"facts, {hop} hops away" if hop else "facts of the seeds")
            left = self.wish.limit - len(kept)
            if hop == self.wish.hops or left <= 0 or not level:
                break
            self._all("into", level, f"what leads there, {hop + 1} hops away")
            near = Counter(name for entity in level for name in self._near(entity))
            level = [name for name, _ in near.most_common() if name not in kept][:left]
            kept.update(dict.fromkeys(level))
        return list(kept)

    def _members(self, type_name: str) -> list[str]:
        if ("members", type_name) not in self.journal:
            limit = self.wish.limit
            found = self._patiently(lambda: {type_name: self.fetch.members(type_name, limit)})
            self.journal.add("members", found)
        members: list[str] = self.journal.get("members", type_name)
        return members

    def _near(self, entity: str) -> dict[str, None]:
        """Entities one fact away, but not the types."""
        facts = self.journal.get("facts", entity) or {}
        values = (
            statement if isinstance(statement, str) else statement["value"]
            for relation, statements in facts.items()
            if relation != self.fetch.dialect.type_relation
            for statement in statements
        )
        near = {value: None for value in values if self.fetch.dialect.iri(value) is not None}
        return near | dict.fromkeys(self.journal.get("into", entity) or ())

    def mentioned(self, kept: Sequence[str]) -> list[str]:
        """What the facts name beside the entities kept, with types; words of everything are fetched."""
        named: dict[str, None] = {}
        relations: dict[str, None] = {}
        for entity in kept:
            facts = self.journal.get("facts", entity) or {}
            named.update(dict.fromkeys(self._named(facts)))
            for relation, statements in facts.items():
                relations[relation] = None
                for statement in statements:
                    if isinstance(statement, dict):
                        relations.update(dict.fromkeys(statement["qualifiers"]))
        known = set(kept)
        others = [name for name in named if name not in known]
        self._all("types", others, "types of what is mentioned")
        types = dict.fromkeys(t for name in others for t in self.journal.get("types", name) or ())
        others += [name for name in types if name not in named and name not in known]
        self._all("words", [*kept, *others, *relations], "words")
        self.relations = list(relations)
        return others

    def _named(self, facts: Mapping[str, Sequence[Any]]) -> Iterator[str]:
        """Entities that statements, their qualifiers and their units name, in order."""
        for statements in facts.values():
            for statement in statements:
                texts = [statement] if isinstance(statement, str) else [statement["value"]]
                if isinstance(statement, dict):
                    texts += [text for values in statement["qualifiers"].values() for text in values]
                for text in texts:
                    unit = _UNIT.search(text)
                    name = unit[1] if unit else text
                    if self.fetch.dialect.iri(name) is not None:
                        yield name

    # --- fetching ---------------------------------------------------------------------------------------

    def _all(self, kind: str, names: Sequence[str], what: str) -> None:
        """Fetch what is not there yet, batch by batch."""
        missing = self.journal.missing(kind, names)
        total = len(set(names))
        done = total - len(missing)
        self.progress(what, done, total)
        for start in range(0, len(missing), BATCHES[kind]):
            batch = missing[start : start + BATCHES[kind]]
            self._batch(kind, batch)
            done += len(batch)
            self.progress(what, done, total)

    def _batch(self, kind: str, names: Sequence[str]) -> None:
        question: Callable[[Sequence[str]], Found] = getattr(self.fetch, kind)
        try:
            found = self._patiently(lambda: question(names))
        except LimitReached:
            if len(names) == 1:
                self.left_out[f"{kind} of {names[0]}"] = None
                return
            half = len(names) // 2
            self._batch(kind, names[:half])
            self._batch(kind, names[half:])
            return
        self.journal.add(kind, found)

    def _patiently(self, question: Callable[[], Found]) -> Found:
        """Ask, and ask again when the endpoint was busy or the network away."""
        networks = iter(_NETWORK_WAITS)
        for _ in range(_BUSY_AGAIN):
            try:
                return question()
            except TooBusy as busy:
                time.sleep(busy.wait + self.graph.client.pause)
            except Unreachable:
                wait = next(networks, None)
                if wait is None:
                    raise
                time.sleep(wait)
        raise GraphError(f"{self.graph.url} stays busy: give the same command again later, it will go on")

    # --- what came of it --------------------------------------------------------------------------------

    def records(self, kept: Sequence[str], mentioned: Sequence[str]) -> Iterator[Record]:
        """Everything fetched, relations first."""
        for name in self.relations:
            yield from self._record(name, {}, is_relation=True)
        for name in kept:
            yield from self._record(name, self.journal.get("facts", name) or {})
        for name in mentioned:
            types = self.journal.get("types", name)
            yield from self._record(name, {self.fetch.dialect.type_relation: types} if types else {})

    def _record(self, name: str, facts: Mapping[str, Any], *, is_relation: bool = False) -> Iterator[Record]:
        content = {"id": name, **(self.journal.get("words", name) or {})}
        if not is_relation:
            content["facts"] = facts
        try:
            yield record_of(content, is_relation=is_relation)
        except ValueError as error:
            self.left_out[f"{name}: {error}"] = None
