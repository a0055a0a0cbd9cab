"""The ConvQuestions reader: both editions, answers of every kind, and addresses that are not the answer's."""

import json
from pathlib import Path
from typing import Any

import pytest

from grammar.errors import ConfigError, DataError
from grammar.values import Quantity, String, Time
from kgqa.datasets import convquestions, read_dataset

SHARED = Path(__file__).parents[4] / "shared" / "data" / "convquestions"
WIKI = "https://www.wikidata.org/wiki/"


def answer(given: str, text: str | None = None, question: str = "When?") -> dict[str, Any]:
    text = given if text is None else text
    return convquestions.read_answer(given, text, question=question, seed="Q1", seed_name="The Glass Harbour")


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("5 January 1975", Time(1975, 1, 5)),
        ("01 April 1993", Time(1993, 4, 1)),
        ("January 5, 1975", Time(1975, 1, 5)),
        ("21st of Sept. 2016.", Time(2016, 9, 21)),
        ("1975-01-05", Time(1975, 1, 5)),
        ("September 1995", Time(1995, 9, precision=10)),
        (" 25 May 1977.", Time(1977, 5, 25)),
        ("1969", Time(1969, precision=9)),
        ("31 Jan 1969", Time(1969, 1, 31)),
        ("138 minute", Quantity(138)),
        ("$294,800,000", Quantity(294_800_000)),
        ("9.5 million", Quantity(9_500_000)),
        ("18 September 18", None),
        ("Slim Shady", None),
        ("Ocean's 11", None),
        ("38 January 1960", None),
    ],
)
def test_dates_quantities_and_strings(given: str, expected: object) -> None:
    assert answer(given) == {"values": (String(given.strip()) if expected is None else expected,)}


def test_bare_numbers_are_years_only_where_no_number_is_asked_for() -> None:
    assert answer("1969", question="In what year?") == {"values": (Time(1969, precision=9),)}
    assert answer("1969", question="How many copies were sold?") == {"numbers": (1969.0,)}
    assert answer("7", question="Which number?") == {"numbers": (7.0,)}
    assert answer("1940;1958") == {"values": (Time(1940, precision=9), Time(1958, precision=9))}


@pytest.mark.parametrize(("given", "truth"), [("Yes", True), ("yes.", True), ("No", False), ("no", False)])
def test_truth_values(given: str, truth: bool) -> None:
    assert answer(given) == {"truths": (truth,)}


@pytest.mark.parametrize(
    ("given", "text", "expected"),
    [
        (f"{WIKI}Q2", "Ada Quill", {"entities": ("Q2",)}),
        (f"{WIKI}Q2;{WIKI}Q3", "Ada;Ben", {"entities": ("Q2", "Q3")}),
        (f"{WIKI}Q2", "1984", {"entities": ("Q2",)}),  # the title of a novel
        (f"{WIKI}Q1", "Glass Harbour", {"entities": ("Q1",)}),
        (f"{WIKI}Q1", "1962", {"values": (Time(1962, precision=9),)}),
        (f"{WIKI}Q1", "Ada Quill", {"values": (String("Ada Quill"),)}),
        (f"{WIKI}Q2", "3 May 1961", {"values": (Time(1961, 5, 3),)}),
        (f"{WIKI}Q2", "Yes", {"truths": (True,)}),
    ],
)
def test_an_address_is_believed_unless_the_text_is_plainly_something_else(
    given: str, text: str, expected: dict[str, Any]
) -> None:
    assert answer(given, text) == expected


def record(**question: Any) -> dict[str, Any]:
    return {
        "conv_id": 901,
        "domain": "books",
        "seed_entity": f"{WIKI}Q1",
        "seed_entity_text": "The Glass Harbour",
        "questions": [
            {
                "turn": 0,
                "question": "Who wrote The Glass Harbour?",
                "paraphrased_question": ["By whom is The Glass Harbour?", "Whose is it?"],
                "answer": f"{WIKI}Q2",
                "answer_text": "Ada Quill",
            },
            {
                "turn": 1,
                "question": "when was it published?",
                "answer": "1961",
                "answer_text": "1961",
                **question,
            },
        ],
    }


def write(tmp_path: Path, *records: Any) -> Path:
    path = tmp_path / "conversations.json"
    path.write_text(json.dumps(records), encoding="utf-8")
    return path


def test_a_conversation_keeps_its_seed_as_split_key_and_its_answers_as_history(tmp_path: Path) -> None:
    (dialogue,) = convquestions.read(write(tmp_path, record()))
    first, second = dialogue.examples
    assert (dialogue.id, dialogue.split_key) == ("901", "Q1")
    assert (first.id, first.gold.question_type, first.gold.description) == ("901/0", "books", "turn 0")
    assert (first.gold.mentions, second.gold.mentions) == (("Q1",), ())
    (turn,) = second.conversation.turns
    assert turn.answer is not None
    assert (turn.answer.text, turn.answer.entities) == ("Ada Quill", ("Q2",))


def test_the_seed_is_not_given_away_where_it_is_the_answer(tmp_path: Path) -> None:
    asks_for_seed = record()
    asks_for_seed["questions"][0] |= {"answer": f"{WIKI}Q1", "answer_text": "The Glass Harbour"}
    (dialogue,) = convquestions.read(write(tmp_path, asks_for_seed))
    assert dialogue.examples[0].gold.entities == ("Q1",)
    assert dialogue.examples[0].gold.mentions == ()


def test_paraphrases_are_further_dialogues_of_the_same_seed(tmp_path: Path) -> None:
    dialogues = list(convquestions.read(write(tmp_path, record()), paraphrases=True))
    assert [dialogue.id for dialogue in dialogues] == ["901", "901~1", "901~2"]
    assert {dialogue.split_key for dialogue in dialogues} == {"Q1"}
    assert [example.question for example in dialogues[2].examples] == [
        "Whose is it?",
        "when was it published?",
    ]
    assert dialogues[1].examples[1].conversation.turns[0].question == "By whom is The Glass Harbour?"
    assert {convquestions.first_wording(d.examples[1].id) for d in dialogues} == {"901/1"}
    through = read_dataset("convquestions", write(tmp_path, record()), paraphrases=True)
    assert [dialogue.id for dialogue in through] == ["901", "901~1", "901~2"]
    with pytest.raises(ConfigError, match="paraphrases"):
        read_dataset("csqa", tmp_path, paraphrases=True)


@pytest.mark.parametrize(
    ("broken", "said"),
    [
        ("text", "an object with 'questions'"),
        (record(question=""), "question 2: expected 'question'"),
        (record(answer=["Q1"]), "question 2: expected 'answer'"),
        ({**record(), "seed_entity": "Glass"}, "address of an item"),
    ],
)
def test_a_broken_conversation_is_named_and_can_be_skipped(tmp_path: Path, broken: Any, said: str) -> None:
    path = write(tmp_path, record(), broken)
    with pytest.raises(DataError, match="conversation 2") as caught:
        list(convquestions.read(path))
    assert said in str(caught.value)
    errors: list[DataError] = []
    assert len(list(convquestions.read(path, on_error=errors.append))) == len(errors) == 1


def test_another_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "other.json"
    path.write_text("{}", encoding="utf-8")
    with pytest.raises(DataError, match="list of conversations"):
        list(convquestions.read(path))
    with pytest.raises(DataError, match="found a folder"):
        list(convquestions.read(tmp_path))


@pytest.mark.parametrize(
    ("name", "conversations", "seeds"), [("val.json.gz", 2240, 66), ("train_partial.json", 25, 21)]
)
def test_the_shared_files_are_read_as_they_are(name: str, conversations: int, seeds: int) -> None:
    path = SHARED / name
    if not path.exists():
        pytest.skip("the shared ConvQuestions files are not here")
    dialogues = list(convquestions.read(path))
    assert len(dialogues) == conversations
    assert len({dialogue.split_key for dialogue in dialogues}) == seeds
    assert all(len(dialogue.examples) == 5 for dialogue in dialogues)
    kinds = [example.gold.kind for dialogue in dialogues for example in dialogue.examples]
    assert "unknown" not in kinds
    assert 0.55 < kinds.count("entities") / len(kinds) < 0.72
