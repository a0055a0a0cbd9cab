"""The graph that execution needs: a Protocol over integers, one call for a whole set.

A graph numbers its entities, literals and statements as it likes (int64, not negative); names and values
are what people see. A relation or a type is addressed by name, since a form has few of them.
``kgqa.graphs`` implements this.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple, Protocol, runtime_checkable

from grammar.denotation import BoolArray, FloatArray, IntArray
from grammar.values import Value

if TYPE_CHECKING:
    from grammar.denotation import Denotation
    from grammar.forms import LogicalForm


class Pairs(NamedTuple):
    """Facts found for an array of things.

    ``owners`` [m]: position in the array asked about, ascending; ``items`` [m]: what was found for it.
    """

    owners: IntArray
    items: IntArray


class Spans(NamedTuple):
    """Where literals lie on their line.

    ``kinds`` [n] ``grammar.values.Kind`` (literals are comparable only within a kind); ``low`` [n] and
    ``high`` [n] float64 ends of the stretch (``Value.span``), not-a-number for what is on no line.
    """

    kinds: IntArray
    low: FloatArray
    high: FloatArray


@runtime_checkable
class Graph(Protocol):
    """Facts, set-at-a-time. Nothing here changes the graph."""

    @property
    def name(self) -> str:
        """What to call it in messages and reports."""
        ...

    # Names. Unknown names give None or raise nothing: the caller says what was expected.
    def entities(self, names: Sequence[str]) -> IntArray:
        """Numbers of the entities, in the order given; -1 for a name the graph does not have."""
        ...

    def entity_names(self, entities: IntArray) -> list[str]:
        """Names of entities, in the order given."""
        ...

    def has_relation(self, relation: str) -> bool:
        """Whether any fact or qualifier uses the relation."""
        ...

    def has_type(self, type_name: str) -> bool:
        """Whether any entity is an instance of the type."""
        ...

    def literal(self, value: Value) -> int:
        """Number of a value; one that no fact has gets a number of its own that equals nothing else."""
        ...

    def values(self, literals: IntArray) -> list[Value]:
        """Values of literals, in the order given."""
        ...

    def spans(self, literals: IntArray) -> Spans:
        """Where the literals lie."""
        ...

    # Best-rank facts: of the statements of one subject and relation the preferred, else the normal.
    def objects(self, entities: IntArray, relation: str) -> Pairs:
        """Entities that the relation leads to."""
        ...

    def subjects(self, entities: IntArray, relation: str) -> Pairs:
        """Entities that the relation comes from."""
        ...

    def literals(self, entities: IntArray, relation: str) -> Pairs:
        """Literals that the relation leads to."""
        ...

    # Types.
    def members(self, type_name: str) -> IntArray:
        """All instances of the type, sorted."""
        ...

    def are_members(self, entities: IntArray, type_name: str) -> BoolArray:
        """For each entity, [n], whether it is an instance."""
        ...

    # Statements.
    def statements(self, entities: IntArray, relation: str) -> Pairs:
        """Best-rank statements of the relation."""
        ...

    def states(self, statements: IntArray, relation: str) -> BoolArray:
        """For each statement, [n], whether it is one of the relation."""
        ...

    def statement_entities(self, statements: IntArray) -> IntArray:
        """For each statement, [n], the entity it states, or -1."""
        ...

    def statement_literals(self, statements: IntArray) -> IntArray:
        """For each statement, [n], the literal it states, or -1."""
        ...

    def qualifier_entities(self, statements: IntArray, relation: str) -> Pairs:
        """Entities that a qualifier names."""
        ...

    def qualifier_literals(self, statements: IntArray, relation: str) -> Pairs:
        """Literals that a qualifier gives."""
        ...


@runtime_checkable
class AnswersForms(Protocol):
    """A graph that computes forms itself, as an endpoint does by one query."""

    def denotation(self, form: LogicalForm, *, seconds: float) -> Denotation | None:
        """What a whole form denotes, within so many seconds; None for one that has to be taken apart.

        Raises:
            LimitReached: it takes too long or too much there.
        """
        ...
