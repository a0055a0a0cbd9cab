"""Vectors of names come from disk the second time, and never from another encoder or of other texts."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from kgqa.stored_vectors import stored_vectors


class Counting:
    """An encoder that counts what it is asked for."""

    name, width = "counting", 3

    def __init__(self, digest: str | None) -> None:
        self.digest = digest
        self.asked = 0

    def vectors(self, texts: Sequence[str]) -> npt.NDArray[np.float32]:
        self.asked += len(texts)
        return np.array([[len(text), self.asked, 1] for text in texts], np.float32)


def test_the_second_start_reads_what_the_first_has_made(tmp_path: Path) -> None:
    first, second = Counting("a"), Counting("a")
    made = stored_vectors(first, ["x", "yy"], folder=tmp_path)  # type: ignore[arg-type]
    read = stored_vectors(second, ["x", "yy"], folder=tmp_path)  # type: ignore[arg-type]
    assert (first.asked, second.asked) == (2, 0)
    assert isinstance(read, np.memmap)
    np.testing.assert_array_equal(made, read)


def test_other_texts_or_weights_are_encoded_anew(tmp_path: Path) -> None:
    stored_vectors(Counting("a"), ["x"], folder=tmp_path)  # type: ignore[arg-type]
    for encoder, texts in ((Counting("b"), ["x"]), (Counting("a"), ["y"]), (Counting(None), ["x"])):
        stored_vectors(encoder, texts, folder=tmp_path)  # type: ignore[arg-type]
        assert encoder.asked == 1


def test_a_damaged_file_is_made_anew(tmp_path: Path) -> None:
    stored_vectors(Counting("a"), ["x"], folder=tmp_path)  # type: ignore[arg-type]
    (kept,) = tmp_path.iterdir()
    kept.write_bytes(kept.read_bytes()[:20])
    again = Counting("a")
    stored_vectors(again, ["x"], folder=tmp_path)  # type: ignore[arg-type]
    stored_vectors(again, ["x"], folder=tmp_path)  # type: ignore[arg-type]
    assert again.asked == 1


def test_a_place_that_cannot_be_written_to_costs_only_time(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    encoder = Counting("a")
    assert stored_vectors(encoder, ["x"], folder=tmp_path / "file") is not None  # type: ignore[arg-type]
    assert encoder.asked == 1
