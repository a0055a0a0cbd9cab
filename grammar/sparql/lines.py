"""Literals on their line, in SPARQL: the tests of ``lines`` as expressions."""

from __future__ import annotations

from typing import NamedTuple

from grammar.forms import LogicalForm, ValueLeaf
from grammar.operators import AROUND, AROUND_YEARS, Sort
from grammar.sparql.compiler import Compiler
from grammar.sparql.graph_model import write_number
from grammar.values import Quantity, Time, Value

TESTS = {
    "greater_than": "{low} > {last}",
    "less_than": "{high} < {first}",
    "at_least": "{high} >= {first}",
    "at_most": "{low} <= {last}",
    "equals": "{low} <= {last} && {high} >= {first}",
}
"""As ``lines.TESTS``: a literal from low to high against one from first to last."""
_NEVER = "1 = 0"  # rdflib passes over FILTER(false)


class Held(NamedTuple):
    """A literal held against another: the test, a group that the test needs, and the other's ends.

    The ends are empty where the other is no time; ``is_time`` tests that where only the graph knows.
    """

    test: str
    group: str = ""
    first: str = ""
    last: str = ""
    is_time: str = ""


def compare_numbers(test: str, left: str, right: str) -> str:
    """The test of two terms or expressions that are numbers."""
    if test == "around":
        distance = f"ABS({left} - {right})"
        return f"({distance} <= 1 || {distance} <= {write_number(AROUND)} * ABS({right}))"
    if test == "equals":
        return f"{left} = {right}"
    return TESTS[test].format(low=left, high=left, first=right, last=right)


def _numbers(test: str, left: str, right: str, *, known: bool) -> str:
    """The test where both are numbers, else false; ``known`` says that the right one is."""
    both = f"isNumeric({left})" if known else f"isNumeric({left}) && isNumeric({right})"
    compared = compare_numbers(test, left, right)
    # "&&" would do, but rdflib computes both sides and fails where a date minus a name is to be taken.
    return f"IF({both}, {compared}, false)" if test == "around" else f"{both} && {compared}"


def hold_against(c: Compiler, test: str, v: str, wanted: LogicalForm) -> Held:
    """How the literal ``v`` is held against a number, a value that the form names, or one of its values."""
    if wanted.sort is Sort.NUMBER:
        group, n = c.term(wanted, "c")
        return Held(_numbers(test, v, n, known=True), group)
    if isinstance(wanted, ValueLeaf):
        return _against_value(c, test, v, wanted.value)
    w = c.fresh("v")
    numbers = _numbers(test, v, w, known=False)
    first, last = c.model.low.format(w), c.model.high.format(w)
    if test == "around":
        days = f"ABS({c.model.days.format(v)} - {c.model.days.format(w)})"
        held = f"{days} <= {AROUND_YEARS * 10_000}"
    else:
        held = _between(c, test, v, first, last)
    is_time = c.model.is_time.format(w)
    times = f"{c.model.is_time.format(v)} && {is_time} && {held}"
    same = f" || sameTerm({v}, {w})" if test == "equals" else ""
    return Held(f"(({numbers}) || ({times}){same})", c.rows(wanted, w), first, last, is_time)


def _against_value(c: Compiler, test: str, v: str, value: Value) -> Held:
    if isinstance(value, Quantity):
        return Held(_numbers(test, v, write_number(value.amount), known=True))
    if not isinstance(value, Time):
        return Held(f"{v} = {c.model.value(value)}" if test == "equals" else _NEVER)
    first, last = c.model.bounds(value, around=test == "around")
    held = _between(c, "equals" if test == "around" else test, v, first, last)
    return Held(f"{c.model.is_time.format(v)} && {held}", first=first, last=last)


def _between(c: Compiler, test: str, v: str, first: str, last: str) -> str:
    low, high = c.model.low.format(v), c.model.high.format(v)
    return TESTS[test].format(low=low, high=high, first=first, last=last)
