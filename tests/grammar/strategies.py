"""Hypothesis: random values, and random forms made action by action under the mask."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

from grammar.forms import EntityLeaf, Leaf, LogicalForm, NumberLeaf, RelationLeaf, TypeLeaf, ValueLeaf
from grammar.partial import ActionSpace
from grammar.values import Coordinate, Quantity, String, Text, Time, Value, read_value

finite = st.floats(allow_nan=False, allow_infinity=False)
years = st.integers(-10_000, 10_000).filter(bool)
times = st.one_of(
    st.builds(Time, years, st.integers(1, 12), st.integers(1, 31), julian=st.booleans()),
    st.builds(Time, years, st.integers(1, 12), precision=st.just(10)),
    st.builds(Time, years, precision=st.integers(0, 9)),
)
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
languages = st.sampled_from(["en", "de", "zh-Hant"])
units = st.sampled_from(["1", "Q174728", "http://example.org/metre"])
values: st.SearchStrategy[Value] = st.one_of(
    times,
    st.builds(Quantity, finite, units),
    st.builds(String, texts),
    st.builds(Text, texts, languages),
    st.builds(Coordinate, st.floats(-90, 90), st.floats(-180, 180)),
)
names = st.one_of(
    st.from_regex(r"[QP][1-9][0-9]{0,6}", fullmatch=True),
    st.sampled_from(["http://example.org/a?b=c#d", "union", "x-1.y", "Zürich", "_"]),
)


def _entity_leaf(some: list[str]) -> Leaf:
    return EntityLeaf(tuple(some))


leaves: st.SearchStrategy[Leaf] = st.one_of(
    st.lists(names, min_size=1, max_size=3).map(_entity_leaf),
    names.map(RelationLeaf),
    names.map(TypeLeaf),
    finite.map(NumberLeaf),
    values.map(ValueLeaf),
)


def _value(text: str) -> ValueLeaf:
    return ValueLeaf(read_value(text))


TOY_LEAVES: tuple[Leaf, ...] = (
    *(EntityLeaf((name,)) for name in ("Q30", "Q35171", "Q11696", "X4", "Q47703", "Q56094")),
    EntityLeaf(("Q142", "Q183")),
    *(RelationLeaf(name) for name in ("P31", "P35", "P36", "P47", "P37", "P39", "P161", "P453", "P577")),
    *(RelationLeaf(name) for name in ("P580", "P582", "P585", "P1082", "P1545", "P1476", "P571", "P50")),
    *(TypeLeaf(name) for name in ("Q5", "Q6256", "Q515", "Q3624078", "Q11424", "Q571")),
    *(NumberLeaf(number) for number in (0.5, 1.0, 2.0)),
    *map(_value, ("@2017", "@1889-03-04", "@2012-05", "@1950/8", '"22"', "175[1]", '"The Godfather"@en')),
)
"""Leaves of the toy graph."""


@st.composite
def toy_forms(draw: st.DrawFn, *, max_actions: int = 12, space: ActionSpace | None = None) -> LogicalForm:
    """Forms over the toy graph: a random walk under the mask."""
    space = space or ActionSpace(TOY_LEAVES, max_actions=max_actions)
    form = space.start()
    while not form.complete:
        form = form.append(int(draw(st.sampled_from([int(k) for k in np.flatnonzero(form.mask)]))))
    return form.form()
