"""Whether confidence means something: of answers given with 80 % confidence, about 80 % should be right.

The expected calibration error (Guo et al. 2017) is the mean distance between confidence and share of right
answers over ten equal bins of confidence, weighted by how many answers are in them.
"""

from __future__ import annotations

from collections.abc import Sequence

from kgqa import metrics
from kgqa.report import Measures
from kgqa.scoring import Line

BINS = 10


def judged(lines: Sequence[Line]) -> list[tuple[float, float]]:
    """Confidence, and 1 for right or 0 for wrong, of every answer that can be judged.

    By execution equality where there is an annotated form, else by the ranked answers.
    """
    pairs = []
    for line in lines:
        if line.get("confidence") is None:
            continue
        if line.get("equal") is not None:
            pairs.append((line["confidence"], float(line["equal"])))
        elif line.get("groups") is not None:
            pairs.append((line["confidence"], metrics.chance_at_1(line["groups"])))
    return pairs


def calibration_table(lines: Sequence[Line]) -> dict[str, Measures]:
    """A row for each bin of confidence that is not empty, and one over all with the calibration error."""
    pairs = judged(lines)
    if not pairs:
        return {}
    rows: dict[str, Measures] = {}
    error = 0.0
    for number in range(BINS):
        low, high = number / BINS, (number + 1) / BINS
        inside = [pair for pair in pairs if low <= pair[0] < high or (pair[0] == high == 1.0)]
        if inside:
            rows[f"{low:.1f} to {high:.1f}"] = row = _row(inside)
            error += len(inside) / len(pairs) * abs((row["confidence"] or 0.0) - (row["right"] or 0.0))
    rows["all"] = {**_row(pairs), "calibration_error": error}
    return rows


def _row(pairs: Sequence[tuple[float, float]]) -> dict[str, float | int | None]:
    count = len(pairs)
    return {
        "n": count,
        "confidence": sum(confidence for confidence, _ in pairs) / count,
        "right": sum(right for _, right in pairs) / count,
        "calibration_error": None,
    }
