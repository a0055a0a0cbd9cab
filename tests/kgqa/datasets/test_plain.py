"""Our own format: what may be left out, what is refused, and that it comes back as it was written."""

import gzip
import io
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grammar.errors import DataError
from grammar.forms import read_form
from grammar.values import Quantity, String, Text, Time, Value
from kgqa.conversation import Conversation, Dialogue, Example, Gold, Turn, TurnAnswer
from kgqa.datasets import plain

TRIP: dict[str, Any] = {
    "id": "trip-7",
    "turns": [
        {
            "question": "Capital of France?",
            "answer": ["Q90"],
            "form": "follow(Q142, P36)",
            "entities": ["Q142"],
        },
        {"question": "How many people live there?", "answer": 2145906},
        {"question": "Since when?", "answer": {"values": ["@-0300/7"], "text": "300 BC"}},
        {"question": "Is it in Europe, and in France?", "answer": [True, True], "shown": None},
        {"question": "Its rivers?", "answer": ["Q1471", "Q2", "Q3"], "shown": {"entities": ["Q1471"]}},
        {"question": "And which country?"},
    ],
}


def write(path: Path, *records: Any) -> Path:
    path.write_text("".join(json.dumps(record) + "\n" for record in records), encoding="utf-8")
    return path


def test_a_turn_needs_only_its_question_and_answers_take_short_forms(tmp_path: Path) -> None:
    (dialogue,) = plain.read(write(tmp_path / "mine.jsonl", TRIP))
    golds = [example.gold for example in dialogue.examples]
    assert [gold.kind for gold in golds] == ["entities", "numbers", "values", "truths", "entities", "unknown"]
    assert golds[0].form == read_form("follow(Q142, P36)")
    assert dialogue.examples[0].gold.mentions == ("Q142",)
    assert golds[1].numbers == (2145906.0,)
    assert golds[2].values == (Time(-300, precision=7),)
    shown = [turn.answer for turn in dialogue.examples[-1].conversation.turns]
    assert shown[0] == TurnAnswer(entities=("Q90",))
    assert shown[3] is None
    assert shown[4] == TurnAnswer(entities=("Q1471",))
    assert (dialogue.id, dialogue.split_key) == ("trip-7", "trip-7")


def test_all_layouts_read_the_same(tmp_path: Path) -> None:
    lines = write(tmp_path / "a.jsonl", TRIP)
    expected = list(plain.read(lines))
    (tmp_path / "a.jsonl.gz").write_bytes(gzip.compress(lines.read_bytes()))
    (tmp_path / "one.json").write_text(json.dumps(TRIP, indent=1), encoding="utf-8")
    (tmp_path / "list.json").write_text(json.dumps([TRIP]), encoding="utf-8")
    for name in ("a.jsonl.gz", "one.json", "list.json"):
        assert list(plain.read(tmp_path / name)) == expected
    assert list(plain.read(tmp_path)) == expected * 4


@pytest.mark.parametrize(
    ("record", "said"),
    [
        ([], "expected an object"),
        ({"turns": []}, "expected 'turns'"),
        ({"turns": [{"question": " "}]}, "turn 1: expected 'question'"),
        ({"turns": [{"question": "?", "anwser": 1}]}, "'anwser' is no key here"),
        ({"turns": [{"question": "?", "answer": ["Q1", "@1950"]}]}, "found both"),
        ({"turns": [{"question": "?", "answer": ["Q1", 5]}]}, "expected ids, values, numbers"),
        ({"turns": [{"question": "?", "answer": {"values": ["1950"]}}]}, "expected a value such as"),
        ({"turns": [{"question": "?", "answer": {"numbers": 5}}]}, "list of numbers"),
        ({"turns": [{"question": "?", "answer": {"truths": [1]}}]}, "true and false"),
        ({"turns": [{"question": "?", "form": "follow(Q1"}]}, "'form' cannot be read"),
        ({"turns": [{"question": "?", "form": "follow(Q1, follow(Q2, P3))"}]}, "'form' cannot be read"),
        ({"turns": [{"question": "?", "entities": "Q1"}]}, "'entities' to be a list"),
    ],
)
def test_a_broken_line_is_named_and_can_be_skipped(tmp_path: Path, record: Any, said: str) -> None:
    path = write(tmp_path / "mine.jsonl", TRIP, record)
    with pytest.raises(DataError, match="line 2") as caught:
        list(plain.read(path))
    assert said in str(caught.value)
    errors: list[DataError] = []
    assert len(list(plain.read(path, on_error=errors.append))) == len(errors) == 1


_NAMES = st.lists(st.sampled_from(["Q1", "Q2", "Q30"]), unique=True).map(tuple)
_VALUES: st.SearchStrategy[Value] = st.one_of(
    st.builds(Time, st.integers(-3000, 2500), st.just(0), st.just(0), st.just(9)),
    st.builds(Quantity, st.floats(-1e9, 1e9).map(lambda x: round(x, 3)), st.sampled_from(["1", "Q11573"])),
    st.builds(String, st.text(max_size=12)),
    st.builds(Text, st.text(max_size=12), st.sampled_from(["en", "pt-br"])),
)
_ANSWERS: st.SearchStrategy[dict[str, Any]] = st.one_of(
    st.fixed_dictionaries({"entities": _NAMES}),
    st.fixed_dictionaries({"values": st.lists(_VALUES, max_size=3).map(tuple)}),
    st.fixed_dictionaries(
        {"numbers": st.lists(st.integers(0, 99).map(float), min_size=1).map(tuple), "counted": _NAMES}
    ),
    st.fixed_dictionaries({"truths": st.lists(st.booleans(), min_size=1, max_size=3).map(tuple)}),
    st.just({}),
)
_QUESTIONS = st.text(min_size=1, max_size=30).filter(str.strip)
_FORMS = st.sampled_from([None, *map(read_form, ("follow(Q1, P2)", "cardinality(members(Q5))"))])


@st.composite
def dialogues(draw: st.DrawFn) -> Dialogue:
    """Any dialogue whose examples are one conversation."""
    examples, conversation = [], Conversation()
    for number in range(draw(st.integers(1, 4))):
        question = draw(_QUESTIONS)
        gold = Gold(
            **draw(_ANSWERS),
            text=draw(st.text(max_size=9)),
            form=draw(_FORMS),
            question_type=draw(st.sampled_from(["", "Simple"])),
            mentions=draw(_NAMES),
            types=draw(_NAMES),
            ambiguous=draw(st.booleans()),
        )
        examples.append(Example(f"d/{number}", conversation, question, gold))
        shown = draw(
            st.none() | st.builds(TurnAnswer, text=st.text(max_size=9), entities=_NAMES, form=_FORMS)
        )
        mentions = () if gold.ambiguous else gold.mentions
        conversation = conversation.then(Turn(question, shown, mentions))
    return Dialogue("d", draw(st.sampled_from(["d", "Q1"])), tuple(examples))


@settings(max_examples=150, deadline=None)
@given(dialogues())
def test_what_is_written_comes_back_equal(
    tmp_path_factory: pytest.TempPathFactory, dialogue: Dialogue
) -> None:
    file = io.StringIO()
    assert plain.write([dialogue], file) == 1
    assert file.getvalue().count("\n") == 1
    assert plain.read_dialogue(json.loads(file.getvalue()), place="here") == dialogue


def test_examples_that_are_no_conversation_cannot_be_written() -> None:
    one = Example("d/0", Conversation(), "Who?", Gold())
    two = Example("d/1", Conversation((Turn("Somebody else?"),)), "And?", Gold())
    with pytest.raises(ValueError, match="not one conversation"):
        plain.write([Dialogue("d", "d", (one, two))], io.StringIO())
