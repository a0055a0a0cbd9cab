"""The CSQA reader: layouts, keys old and new, clarification, and files that are wrong."""

import gzip
import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from grammar.errors import DataError
from kgqa.conversation import Example
from kgqa.datasets import csqa
from tests.kgqa.datasets.csqa_dialogues import Turn, clarification, system, user

SHARED = Path(__file__).parents[4] / "shared" / "data" / "csqa"


def simple() -> list[Turn]:
    return [
        user(
            "Which rivers cross Ruritania ?",
            "Simple Question|Single Entity",
            "Simple Question (Direct)",
            entities_in_utterance=["Q1"],
            relations=["P30"],
            type_list=["Q4022"],
            sec_ques_type=2,
        ),
        system("Elbow, Wladir, Zem", ["(c(Q4022),P30,Q1)"], ["Q11", "Q12", "Q13", "Q14", "Q11"]),
    ]


def count() -> list[Turn]:
    return [
        user(
            "How many rivers and lakes cross Ruritania ?",
            "Quantitative|Count|Logical operators",
            "Quantitative Reasoning (Count) (All)",
            entities_in_utterance=["Q1"],
            relations=["P30"],
            type_list=["Q4022", "Q23397"],
            set_op=1,
            count_ques_type=2,
        ),
        system("2 rivers and 1 lakes", ["(c(Q4022),P30,Q1)", "(c(Q23397),P30,Q1)"], ["Q11", "Q12", "Q15"]),
    ]


def verification(reply: str) -> list[Turn]:
    return [
        user(
            "Does Elbow cross Ruritania and Syldavia ?",
            "Verification|3 entities, all direct, 2 are query entities",
            "Verification (Boolean) (All)",
            entities_in_utterance=["Q11", "Q1", "Q2"],
            relations=["P30"],
            type_list=["Q6256"],
        ),
        system(reply, ["(Q11,P30,Q1)", "(Q11,P30,Q2)"]),
    ]


def write_lines(path: Path, *dialogues: list[Turn]) -> Path:
    lines = [
        json.dumps({"id": f"d{n}", "source": "test", "turns": turns}) for n, turns in enumerate(dialogues)
    ]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def examples(tmp_path: Path, *dialogues: list[Turn]) -> list[Example]:
    path = write_lines(tmp_path / "dialogues.jsonl", *dialogues)
    return [example for dialogue in csqa.read(path) for example in dialogue.examples]


def test_a_set_question_has_its_whole_answer_as_gold_and_what_was_shown_in_the_history(
    tmp_path: Path,
) -> None:
    first, second = examples(tmp_path, [*simple(), *count()])
    assert first.gold.entities == ("Q11", "Q12", "Q13", "Q14")
    assert first.gold.mentions == ("Q1",)
    assert str(first.gold.form) == "keep(follow_back(Q1, P30), Q4022)"
    assert first.conversation.turns == ()
    (turn,) = second.conversation.turns
    assert (turn.question, turn.mentions) == ("Which rivers cross Ruritania ?", ("Q1",))
    assert turn.answer is not None
    assert turn.answer.entities == ("Q11", "Q12", "Q13")
    assert turn.answer.form is None


def test_a_count_has_its_numbers_and_the_set_that_was_counted(tmp_path: Path) -> None:
    (example,) = examples(tmp_path, count())
    assert example.gold.kind == "numbers"
    assert example.gold.numbers == (2.0, 1.0)
    assert example.gold.counted == ("Q11", "Q12", "Q15")
    assert example.gold.entities is None


@pytest.mark.parametrize(
    ("reply", "truths"),
    [
        ("YES and NO respectively", (True, False)),
        ("NO and YES respectively", (False, True)),
        ("NO", (False,) * 2),
    ],
)
def test_truth_values_come_in_the_order_asked_and_one_word_stands_for_both(
    tmp_path: Path, reply: str, truths: tuple[bool, ...]
) -> None:
    (example,) = examples(tmp_path, verification(reply))
    assert example.gold.truths == truths
    assert example.gold.kind == "truths"


def test_clarification_makes_an_ambiguous_question_and_a_reply_with_the_same_gold(tmp_path: Path) -> None:
    ambiguous, reply = examples(tmp_path, clarification())
    assert ambiguous.gold.ambiguous
    assert not reply.gold.ambiguous
    assert (ambiguous.gold.question_type, reply.gold.question_type) == (
        "Simple Question (Coreferenced)",
        "Clarification",
    )
    assert reply.gold.description == "Clarification::Simple Question|Single Entity|Indirect"
    assert ambiguous.gold.entities == reply.gold.entities == ("Q33",)
    assert str(reply.gold.form) == "keep(follow(Q21, P112), Q5)"
    assert reply.gold.relations == ("P112",)
    assert reply.gold.mentions == ("Q21",)
    (turn,) = reply.conversation.turns
    assert turn.mentions == (), "the entity meant is not known before the user says so"
    assert turn.answer is not None
    assert (turn.answer.asks_back, turn.answer.entities) == (True, ("Q20",))


def test_older_keys_are_read(tmp_path: Path) -> None:
    turns: list[dict[str, Any]] = [
        {
            "speaker": "USER",
            "utterance": "Which rivers cross max number of states or towns ?",
            "description": "Quantitative|Min/Max|Mult. entity type",
            "entities": [],
            "relations": ["P30"],
            "count_ques_type": 1,
            "set_op": 2,
            "signature": "{obj_par:Q4022}@{prop_res:P30}@{sub_par_1:Q7275}@{sub_par_2:Q3957}",
        },
        {
            "speaker": "SYSTEM",
            "utterance": "Elbow",
            "entities": ["Q11"],
            "ans_list_full": ["Q11"],
            "active_set": ["(c(Q7275)|c(Q3957),P30,Q11)"],
        },
    ]
    (example,) = examples(tmp_path, turns)
    assert example.gold.question_type == "Quantitative Reasoning (All)"
    assert example.gold.types == ("Q4022", "Q7275", "Q3957")
    assert "members(Q4022)" in str(example.gold.form)


def test_folders_files_and_gzip_read_the_same(tmp_path: Path) -> None:
    folder = tmp_path / "train" / "QA_10"
    folder.mkdir(parents=True)
    (folder / "QA_2.json").write_text(json.dumps(simple()), encoding="utf-8")
    (folder / "QA_11.json.gz").write_bytes(gzip.compress(json.dumps(count()).encode()))
    dialogues = list(csqa.read(tmp_path / "train"))
    assert [dialogue.id for dialogue in dialogues] == ["QA_10#QA_2", "QA_10#QA_11"]
    (alone,) = csqa.read(folder / "QA_2.json")
    assert [e.gold for e in alone.examples] == [e.gold for e in dialogues[0].examples]


def without(turns: list[Turn], key: str, turn: int = 0) -> list[Turn]:
    copy = [dict(turn) for turn in turns]
    del copy[turn][key]
    return copy


@pytest.mark.parametrize(
    ("turns", "said"),
    [
        (simple()[:1], "by turns, found 1"),
        (without(simple(), "utterance"), "turn 1: expected 'utterance'"),
        (without(simple(), "description"), "turn 1: expected 'description'"),
        (without(simple(), "entities_in_utterance"), "expected 'entities_in_utterance' or 'entities'"),
        (without(simple(), "speaker", 1), "turn 2: expected speaker SYSTEM"),
        ([{**simple()[0], "description": "Riddle"}, simple()[1]], "'Riddle' is no question description"),
        ([count()[0], {**count()[1], "utterance": "many"}], "expected a count"),
        (verification("maybe"), "expected YES or NO"),
        (clarification()[:2], "asks back and the dialogue ends"),
    ],
)
def test_a_broken_dialogue_is_named_and_can_be_skipped(tmp_path: Path, turns: list[Turn], said: str) -> None:
    path = write_lines(tmp_path / "dialogues.jsonl", simple(), turns, count())
    with pytest.raises(DataError, match="d1") as caught:
        list(csqa.read(path))
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)
    errors: list[DataError] = []
    assert [dialogue.id for dialogue in csqa.read(path, on_error=errors.append)] == ["d0", "d2"]
    assert len(errors) == 1


def test_a_line_that_is_no_json_is_named_and_can_be_skipped(tmp_path: Path) -> None:
    path = write_lines(tmp_path / "dialogues.jsonl", simple())
    path.write_text("{oops\n" + path.read_text(encoding="utf-8"), encoding="utf-8")
    with pytest.raises(DataError, match="line 1: expected JSON"):
        list(csqa.read(path))
    errors: list[DataError] = []
    assert len(list(csqa.read(path, on_error=errors.append))) == len(errors) == 1


def test_a_gzip_file_that_is_cut_off_is_said_so(tmp_path: Path) -> None:
    whole = "\n".join(
        json.dumps({"id": str(n), "turns": simple(), "noise": [n * 7919 % 1009] * n}) for n in range(200)
    )
    path = tmp_path / "dialogues.jsonl.gz"
    path.write_bytes(gzip.compress(whole.encode())[:-200])
    with pytest.raises(DataError, match="cut off"):
        list(csqa.read(path))


@pytest.mark.parametrize("name", ["dialogues.jsonl", "dialogue.json"])
def test_files_that_are_no_text_or_not_there_are_named(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    with pytest.raises(DataError, match="cannot read"):
        list(csqa.read(path))
    path.write_bytes(bytes(range(256)))
    with pytest.raises(DataError, match="UTF-8"):
        list(csqa.read(path))


def test_an_empty_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no such file"):
        list(csqa.read(tmp_path))


def test_the_shared_dialogues_have_the_questions_of_every_type() -> None:
    path = SHARED / "train.jsonl.gz"
    if not path.exists():
        pytest.skip("the shared CSQA dialogues are not here")
    golds = [example.gold for dialogue in csqa.read(path) for example in dialogue.examples]
    assert Counter(gold.question_type for gold in golds) == {
        "Simple Question (Direct)": 4101,
        "Simple Question (Coreferenced)": 2529,
        "Simple Question (Ellipsis)": 486,
        "Clarification": 623,
        "Verification (Boolean) (All)": 1181,
        "Logical Reasoning (All)": 923,
        "Quantitative Reasoning (All)": 798,
        "Quantitative Reasoning (Count) (All)": 1574,
        "Comparative Reasoning (All)": 799,
        "Comparative Reasoning (Count) (All)": 824,
    }
    known = set((SHARED / "descriptions.txt").read_text(encoding="utf-8").splitlines())
    assert {gold.description for gold in golds} <= known
    assert sum(gold.ambiguous for gold in golds) == 623


def test_the_official_examples_in_older_keys_are_read() -> None:
    path = SHARED / "official_examples.jsonl.gz"
    if not path.exists():
        pytest.skip("the shared CSQA dialogues are not here")
    dialogues = list(csqa.read(path))
    assert len(dialogues) == 10
    assert all(example.gold.form is not None for dialogue in dialogues for example in dialogue.examples)
