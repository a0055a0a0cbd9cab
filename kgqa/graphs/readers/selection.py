"""Which part of its sources a graph is built from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from grammar.errors import GraphError
from kgqa.graphs.readers.record import Record

TYPE_RELATIONS = ("P31", "http://www.w3.org/1999/02/22-rdf-syntax-ns#type")
"""Relations that say what an entity is: Wikidata's "instance of", and RDF's type."""


@dataclass(frozen=True, slots=True)
class Selection:
    """What to take.

    Args:
        languages: of words, in the order of preference.
        relations: only facts of these relations, and those that give types; None for all.
        types: only entities of these types, and what is within ``hops`` of them: a number is the size of a
            sample, drawn by ``seed``, None takes all of the type. No types at all take everything.
        hops: how many facts an entity may be away from those of the types. A fact between two entities is
            kept where both are.
    """

    languages: tuple[str, ...] = ("en",)
    relations: frozenset[str] | None = None
    types: Mapping[str, int | None] = field(default_factory=dict)
    hops: int = 1
    seed: int = 0

    def __str__(self) -> str:
        relations = None if self.relations is None else sorted(self.relations)
        return f"{self.languages} {relations} {sorted(self.types.items())} {self.hops} {self.seed}"

    def of_relations(self, record: Record) -> Record:
        """The record with the facts of the selected relations only."""
        if self.relations is None or not record.facts:
            return record
        facts = {r: s for r, s in record.facts.items() if r in self.relations or r in TYPE_RELATIONS}
        return replace(record, facts=facts)


EVERYTHING = Selection()


def read_selection(
    *,
    languages: str = "en",
    relations: str | None = None,
    relations_from: Path | None = None,
    types: str | None = None,
    sample: str | None = None,
    hops: int = 1,
    seed: int = 0,
) -> Selection:
    """A selection as it is written: lists separated by commas, samples as ``Q11424:1000``.

    Raises:
        GraphError: something else is written, or the file of relations cannot be read.
    """
    wanted: set[str] = (
        set(_listed(relations, "relations such as P57,P161")) if relations is not None else set()
    )
    if relations_from is not None:
        try:
            lines = relations_from.read_text(encoding="utf-8").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            raise GraphError(
                f"{relations_from} cannot be read ({error}): expected one relation a line"
            ) from None
        wanted |= {words[0] for line in lines if (words := line.partition("#")[0].split())}
        if not wanted:
            raise GraphError(f"{relations_from} names no relation: expected one id such as P57 a line")
    chosen: dict[str, int | None] = (
        dict.fromkeys(_listed(types, "types such as Q11424")) if types is not None else {}
    )
    for written in _listed(sample, "a type and a number such as Q11424:1000") if sample is not None else ():
        name, _, number = written.rpartition(":")
        if not name or not number.isdecimal() or not int(number):
            raise GraphError(
                f"expected a sample as a type and a number such as Q11424:1000, found {written!r}"
            )
        chosen[name] = int(number)
    return Selection(
        languages=tuple(_listed(languages, "languages such as en,de")),
        relations=frozenset(wanted) if wanted else None,
        types=chosen,
        hops=hops,
        seed=seed,
    )


def _listed(text: str, expected: str) -> list[str]:
    found = [part.strip() for part in text.split(",") if part.strip()]
    if not found:
        raise GraphError(f"expected {expected} separated by commas, found {text!r}")
    return found
