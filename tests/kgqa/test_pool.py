"""Work for several processes."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable

import pytest

from grammar.errors import DataError, KgqaError
from kgqa.pool import in_processes


def _adding(number: int) -> Callable[[int], int]:
    return lambda item: item + number


def _unable(number: int) -> Callable[[int], int]:
    raise DataError(f"cannot add {number}")


def _dying(number: int) -> Callable[[int], int]:
    def die(item: int) -> int:
        os.kill(os.getpid(), signal.SIGKILL)
        return item

    return die


def test_results_come_in_the_order_of_the_work() -> None:
    found = list(in_processes(range(20), _adding, (100,), workers=2, advice="wait"))
    assert found == list(range(100, 120))


def test_what_goes_wrong_in_a_process_is_told() -> None:
    with pytest.raises(DataError, match="cannot add 7"):
        list(in_processes(range(3), _unable, (7,), workers=2, advice="wait"))


def test_a_process_that_is_killed_is_told_with_advice() -> None:
    with pytest.raises(KgqaError, match=r"killed.*take fewer"):
        list(in_processes(range(30), _dying, (7,), workers=2, advice="take fewer"))
