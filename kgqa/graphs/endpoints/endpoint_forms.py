"""Whole forms at an endpoint: which of them become one query, and what is read back.

A form whose answer is entities, numbers or truth values becomes one SPARQL query. Taken apart, into one
question for each reading of facts, are

- where the store is Virtuoso, differences and "is a part of": it gets them wrong;
- forms that give values, where the endpoint has statements: only these tell precision, calendar and unit;
- forms that hold dates against each other, where some dates are years or months only and few elements are
  concerned: the plain facts, which a query compares, give such a date by its first day. Over many elements
  they become a query all the same, and dates are compared by their first days.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from grammar.errors import FormError
from grammar.forms import Call, EntityLeaf, LogicalForm, RelationLeaf, TypeLeaf, leaves
from grammar.operators import Sort
from grammar.sparql import to_sparql
from kgqa.graphs.endpoints.endpoint_terms import Dialect
from kgqa.graphs.endpoints.stores import Store

WHOLE = (Sort.ENTITIES, Sort.VALUES, Sort.NUMBER, Sort.BOOLEAN, Sort.NUMBERS, Sort.BOOLEANS)
MOST_APART = 1_000
"""Elements over which a form with coarse dates is taken apart."""

_VALUES = (Sort.VALUES, Sort.EACH_VALUES)
_COMPARING = ("greater_than", "less_than", "at_least", "at_most", "equals", "around", "max", "min")
_READING = ("value", "statements")
# A group of nothing but these is empty to Virtuoso 7.
_LONE_VALUES = re.compile(
    r"\{\s*VALUES (?P<name>\?\w+) \{ (?P<terms>(?:wd:\w+|<[^>\s]*>)(?: (?:wd:\w+|<[^>\s]*>))*) \}\s*\}"
)


def query_of(form: LogicalForm, dialect: Dialect) -> str | None:
    """The one query of a form, or None where it has to be taken apart whatever its size."""
    if not isinstance(form, Call) or form.sort not in WHOLE:
        return None
    if form.sort is Sort.VALUES and dialect.has_statements:
        return None
    try:
        query = to_sparql(form, model=dialect.model)
    except FormError:  # names that cannot be there, statements that are not: execution says which
        return None
    if dialect.store is not Store.VIRTUOSO:
        return query
    # Virtuoso 7 loses its way in MINUS (wrong answers, "Stack Overflow in cost model").
    return None if " MINUS " in query else _LONE_VALUES.sub(_bound, query)


def _bound(values: re.Match[str]) -> str:
    """``{ VALUES ?x { a b } }`` as ``{ BIND(a AS ?x) } UNION { BIND(b AS ?x) }`` in braces."""
    terms = values["terms"].split(" ")
    return "{ " + " UNION ".join(f"{{ BIND({term} AS {values['name']}) }}" for term in terms) + " }"


def compared_relations(form: LogicalForm) -> list[str]:
    """Relations and qualifiers whose values the form holds against others."""
    found: dict[str, None] = {}
    for call in _calls(form):
        values = any(argument.sort in _VALUES for argument in call.arguments)
        if call.operator in ("where", "first", "last") or (call.operator in _COMPARING and values):
            found.update({leaf.name: None for leaf in leaves(call) if isinstance(leaf, RelationLeaf)})
    return list(found)


def read_of(form: LogicalForm) -> list[LogicalForm]:
    """The sets whose elements' values or statements are read, without those that the form names."""
    sets: dict[LogicalForm, None] = {}
    for call in _calls(form):
        if call.operator in _READING:
            inner = call.arguments[0]
            while isinstance(inner, Call) and inner.sort is not Sort.ENTITIES:
                inner = inner.arguments[0]
            if not isinstance(inner, EntityLeaf):
                sets[inner] = None
    return list(sets)


def names_of(form: LogicalForm) -> tuple[list[str], list[str], list[str]]:
    """Entities, relations and types that a form names."""
    entities: dict[str, None] = {}
    relations: dict[str, None] = {}
    types: dict[str, None] = {}
    for leaf in leaves(form):
        if isinstance(leaf, EntityLeaf):
            entities.update(dict.fromkeys(leaf.names))
        elif isinstance(leaf, RelationLeaf):
            relations[leaf.name] = None
        elif isinstance(leaf, TypeLeaf):
            types[leaf.name] = None
    return list(entities), list(relations), list(types)


def _calls(form: LogicalForm) -> Iterator[Call]:
    if isinstance(form, Call):
        yield form
        for argument in form.arguments:
            yield from _calls(argument)
