"""What is learnt from a source: silver forms for a question in every wording that its dataset has of it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from kgqa.config import SourceConfig
from kgqa.lessons import lessons_of

WIKI = "https://www.wikidata.org/wiki/"
RECORD = {
    "conv_id": 7,
    "domain": "books",
    "seed_entity": f"{WIKI}Q142",
    "seed_entity_text": "France",
    "questions": [
        {
            "question": "What is the capital of France?",
            "paraphrased_question": ["Which city is France's capital?"],
            "answer": f"{WIKI}Q90",
            "answer_text": "Paris",
        },
        {
            "question": "Who likes it?",
            "paraphrased_question": ["By whom is it liked?"],
            "answer_text": "Nobody",
        },
    ],
}


@pytest.mark.parametrize("paraphrases", [False, True])
def test_silver_forms_are_learnt_in_every_wording(paraphrases: bool, tmp_path: Path) -> None:
    data, silver = tmp_path / "data.json", tmp_path / "silver.jsonl"
    data.write_text(json.dumps([RECORD]))
    line = {"dialogue": "7", "type": "", "outcome": "exhausted", "source": "searched"}
    forms: list[list[object]] = [[["follow(Q142, P36)", 1.0]], []]
    silver.write_text(
        "".join(
            json.dumps({**line, "id": f"7/{turn}", "turn": turn, "question": "?", "forms": found}) + "\n"
            for turn, found in enumerate(forms)
        )
    )
    source = SourceConfig("convquestions", str(data), silver=str(silver), paraphrases=paraphrases)
    found = [(key, x.id, x.question, *map(str, x.forms)) for key, x in lessons_of(source, on_error=print)]
    wordings = [("7/0", "What is the capital of France?"), ("7~1/0", "Which city is France's capital?")]
    assert found == [("Q142", *one, "follow(Q142, P36)") for one in wordings[: 1 + paraphrases]]
