"""Values in words."""

from __future__ import annotations

import pytest

from grammar.values import read_value
from kgqa.graphs import EmbeddedGraph
from kgqa.readable import number_text, ordinal, value_text


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("@1952-03-11", "11 March 1952"),
        ("@1776-07", "July 1776"),
        ("@1776", "1776"),
        ("@-0044", "44 BC"),
        ("@1990/8", "1990s"),
        ("@1850/7", "19th century"),
        ("@1900/7", "19th century"),
        ("@-0100/7", "1st century BC"),
        ("@1500/6", "2nd millennium"),
        ("@-66000000/3", "around 66,000,000 BC"),
        ("1.73[Q60]", "1.73 New York City"),
        ("12345[1]", "12,345"),
        ("-2.5[1]", "-2.5"),
        ('"tt0068646"', "tt0068646"),
        ('"Der Pate"@de', "Der Pate"),
        ("(-33.5 -70.25)", "33.5000° S, 70.2500° W"),
    ],
)
def test_values(written: str, shown: str, graph: EmbeddedGraph) -> None:
    assert value_text(read_value(written), graph) == shown


def test_units_have_a_plural(graph: EmbeddedGraph, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(EmbeddedGraph, "label", lambda self, name: "minute")
    assert value_text(read_value("175[Q7727]"), graph) == "175 minutes"
    assert value_text(read_value("1[Q7727]"), graph) == "1 minute"


def test_numbers_and_ordinals() -> None:
    assert [number_text(n) for n in (7.0, 1999.0, 12345.0, 0.5)] == ["7", "1999", "12,345", "0.5"]
    assert [ordinal(n) for n in (1, 2, 3, 4, 11, 12, 13, 21, 112)] == (
        ["1st", "2nd", "3rd", "4th", "11th", "12th", "13th", "21st", "112th"]
    )
