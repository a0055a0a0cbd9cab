"""CSQA's own annotation read as logical forms: the source of supervision that is called ``annotated``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from grammar.forms import LogicalForm
from kgqa.datasets.csqa_records import Exchange


@dataclass(frozen=True)
class Reading:
    """A form, or why there is none."""

    form: LogicalForm | None
    why_not: str = ""


def annotate(exchanges: Sequence[Exchange]) -> list[Reading]:
    """The form of every question of a dialogue, in order."""
    return [Reading(None, "not read yet") for _ in exchanges]
