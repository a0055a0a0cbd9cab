"""The door to the datasets, and splits."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grammar.errors import ConfigError
from kgqa.conversation import Dialogue
from kgqa.datasets import DATASETS, read_dataset, split_dialogues


def test_a_dataset_is_chosen_by_name_and_limited(tmp_path: Path) -> None:
    path = tmp_path / "mine.jsonl"
    path.write_text(
        "".join(json.dumps({"turns": [{"question": f"{n}?"}]}) + "\n" for n in range(5)), encoding="utf-8"
    )
    assert [dialogue.id for dialogue in read_dataset("plain", path)] == ["1", "2", "3", "4", "5"]
    assert [dialogue.id for dialogue in read_dataset("plain", str(path), limit=2)] == ["1", "2"]
    assert set(DATASETS) == {"csqa", "convquestions", "plain"}


def test_an_unknown_dataset_is_named_with_the_known_ones(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="csqa, convquestions, plain, found 'csqb'"):
        read_dataset("csqb", tmp_path)


@given(
    keys=st.lists(st.sampled_from("abcdefghij"), max_size=30),
    share=st.floats(0, 1),
    seed=st.integers(0, 99),
    order=st.randoms(use_true_random=False),
)
def test_a_split_keeps_every_dialogue_once_and_every_key_on_one_side(
    keys: list[str], share: float, seed: int, order: "object"
) -> None:
    dialogues = [Dialogue(str(number), key, ()) for number, key in enumerate(keys)]
    first, second = split_dialogues(dialogues, share=share, seed=seed)
    assert sorted(d.id for d in first + second) == sorted(d.id for d in dialogues)
    assert not {d.split_key for d in first} & {d.split_key for d in second}
    assert len({d.split_key for d in first}) == round(share * len(set(keys)))
    order.shuffle(dialogues)  # type: ignore[attr-defined]
    again, _ = split_dialogues(dialogues, share=share, seed=seed)
    assert {d.id for d in again} == {d.id for d in first}


def test_a_share_outside_0_to_1_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"between 0 and 1, found 90"):
        split_dialogues([], share=90, seed=0)
