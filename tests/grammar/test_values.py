"""Values: their written form and the stretch they cover."""

from __future__ import annotations

import math

import pytest
from hypothesis import given

from grammar.values import Coordinate, Quantity, String, Text, Time, Value, format_number, read_value
from tests.grammar.strategies import finite, values


@given(values)
def test_reads_what_it_writes(value: Value) -> None:
    assert read_value(str(value)) == value


@given(finite)
def test_numbers_read_back(number: float) -> None:
    assert float(format_number(number)) == number


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("@1776-07-04", Time(1776, 7, 4)),
        ("@1776-07", Time(1776, 7, precision=10)),
        ("@1776", Time(1776, precision=9)),
        ("@1950/8", Time(1950, precision=8)),
        ("@-0044-03-15J", Time(-44, 3, 15, julian=True)),
        ("170[Q174728]", Quantity(170, "Q174728")),
        ("-1.5e3[1]", Quantity(-1500)),
        ('"say \\"hi\\""', String('say "hi"')),
        ('"Grease"@en', Text("Grease", "en")),
        ("(48.8566 2.3522)", Coordinate(48.8566, 2.3522)),
    ],
)
def test_written_forms(text: str, value: Value) -> None:
    assert read_value(text) == value


@pytest.mark.parametrize(
    "text",
    [
        *("", "1776", "@", "@1776-13", "@1776-00", "@1776-07-32", "@1776/9", "@1776-07/8", "@1776 "),
        *("170", "170[]", "1e999[1]", '"open', '"x"@', "(1,2)"),
    ],
)
def test_what_is_no_value(text: str) -> None:
    with pytest.raises(ValueError, match=r"expected|no such|must be|precision"):
        read_value(text)


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("@1776-07-04", 1776_07_04, 1776_07_04),
        ("@1776-07", 1776_07_00, 1776_07_31),
        ("@1776", 1776_00_00, 1776_12_31),
        ("@1950/8", 1950_00_00, 1959_12_31),
        ("@1901/7", 1901_00_00, 2000_12_31),
        ("@2000/7", 1901_00_00, 2000_12_31),
        ("@1001/6", 1001_00_00, 2000_12_31),
        ("@-0044", -44_00_00, -44_00_00 + 12_31),
        ("170[Q174728]", 170, 170),
        ('"22"', 22, 22),
    ],
)
def test_spans(text: str, first: float, last: float) -> None:
    assert read_value(text).span == (first, last)


@pytest.mark.parametrize("text", ['"II"', '"22"@en', "(1 2)"])
def test_on_no_line(text: str) -> None:
    assert all(math.isnan(end) for end in read_value(text).span)


def test_time_runs_forward_before_year_1() -> None:
    times = ["@-0100", "@-0044-03-14", "@-0044-03-15", "@-0043", "@0001", "@0001-01-02"]
    spans = [read_value(text).span for text in times]
    assert spans == sorted(spans)
