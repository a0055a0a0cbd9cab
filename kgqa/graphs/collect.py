"""Records gathered into columns: the first half of a build, before anything is ordered."""

from __future__ import annotations

from array import array
from dataclasses import dataclass, field

from grammar.values import Value
from kgqa.graphs.record import Object, Record


@dataclass(slots=True)
class Words:
    """Labels, aliases and descriptions by number, in the order they were met."""

    labels: dict[int, str] = field(default_factory=dict)
    aliases: dict[int, dict[str, None]] = field(default_factory=dict)
    descriptions: dict[int, str] = field(default_factory=dict)

    def add(self, number: int, record: Record) -> None:
        """Take what a record says; a second label becomes an alias, a second description is dropped."""
        if record.label:
            known = self.labels.setdefault(number, record.label)
            if known != record.label:
                self.aliases.setdefault(number, {}).setdefault(record.label)
        for alias in record.aliases:
            if alias:
                self.aliases.setdefault(number, {}).setdefault(alias)
        if record.description:
            self.descriptions.setdefault(number, record.description)

    def aliases_of(self, number: int) -> list[str]:
        """Aliases without the label."""
        label = self.labels.get(number)
        return [alias for alias in self.aliases.get(number, ()) if alias != label]


def _column() -> array[int]:
    return array("q")


@dataclass(slots=True)
class Collected:
    """All records as columns, numbered in the order of first mention.

    A node is an entity's number, or ``~number`` (negative) of a literal.
    """

    entities: dict[str, int] = field(default_factory=dict)
    relations: dict[str, int] = field(default_factory=dict)
    literals: dict[Value, int] = field(default_factory=dict)
    entity_words: Words = field(default_factory=Words)
    relation_words: Words = field(default_factory=Words)
    # Statements, one element each.
    subjects: array[int] = field(default_factory=_column)
    statement_relations: array[int] = field(default_factory=_column)
    nodes: array[int] = field(default_factory=_column)
    ranks: array[int] = field(default_factory=_column)
    # Qualifier values, one element each.
    qualified: array[int] = field(default_factory=_column)
    qualifier_relations: array[int] = field(default_factory=_column)
    qualifier_nodes: array[int] = field(default_factory=_column)

    def add(self, record: Record) -> None:
        """Take one record."""
        if record.is_relation:
            self.relation_words.add(self._relation(record.id), record)
            return
        subject = self.entities.setdefault(record.id, len(self.entities))
        self.entity_words.add(subject, record)
        for name, statements in record.facts.items():
            relation = self._relation(name)
            for statement in statements:
                number = len(self.subjects)
                self.subjects.append(subject)
                self.statement_relations.append(relation)
                self.nodes.append(self._node(statement.value))
                self.ranks.append(statement.rank)
                for qualifier, values in statement.qualifiers.items():
                    qualifier_relation = self._relation(qualifier)
                    for value in values:
                        self.qualified.append(number)
                        self.qualifier_relations.append(qualifier_relation)
                        self.qualifier_nodes.append(self._node(value))

    def _relation(self, name: str) -> int:
        return self.relations.setdefault(name, len(self.relations))

    def _node(self, thing: Object) -> int:
        if isinstance(thing, str):
            return self.entities.setdefault(thing, len(self.entities))
        return ~self.literals.setdefault(thing, len(self.literals))
