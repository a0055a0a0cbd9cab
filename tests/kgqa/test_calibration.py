"""Calibration, by hand."""

from __future__ import annotations

from typing import Any

import pytest

from kgqa.calibration import calibration_table


def test_each_bin_compares_confidence_with_what_was_right() -> None:
    lines: list[dict[str, Any]] = [
        {"confidence": 0.95, "equal": True},
        {"confidence": 0.95, "equal": False},
        {"confidence": 1.0, "equal": True},
        {"confidence": 0.2, "equal": False},
        {"confidence": 0.25, "groups": [(2, 1)]},
        {"confidence": None, "equal": False},  # not answered
        {"confidence": 0.5, "equal": None},  # cannot be judged
    ]
    table = calibration_table(lines)
    assert list(table) == ["0.2 to 0.3", "0.9 to 1.0", "all"]
    assert table["0.9 to 1.0"]["n"] == 3
    assert table["0.9 to 1.0"]["right"] == pytest.approx(2 / 3)
    assert table["0.2 to 0.3"]["right"] == pytest.approx(0.25)  # one of two tied answers is right
    expected = 3 / 5 * abs(2.9 / 3 - 2 / 3) + 2 / 5 * abs(0.225 - 0.25)
    assert table["all"]["calibration_error"] == pytest.approx(expected)


def test_nothing_to_judge_gives_no_table() -> None:
    assert calibration_table([{"confidence": None, "equal": True}]) == {}
