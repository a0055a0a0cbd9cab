"""Our own format: JSON lines, one dialogue a line, for data of any origin.

A turn needs only its question::

    {"id": "trip-7", "turns": [
      {"question": "What is the capital of France?", "answer": ["Q90"],
       "form": "follow(Q142, P36)", "entities": ["Q142"]},
      {"question": "How many people live there?", "answer": 2145906},
      {"question": "Since when has it existed?", "answer": {"values": ["@-0300/7"], "text": "300 BC"}},
      {"question": "And which country is it in?"}]}

====================  ===================================================================================
dialogue              ``turns``; ``id`` (else the line's number); ``split`` (dialogues with the same one
                      stay on one side of a split into training and test; else the id)
turn                  ``question``; all else may be left out
``answer``            entity ids, written values (``grammar.values``), numbers or truth values: one, a list,
                      or an object with ``entities``, ``values``, ``numbers`` or ``truths`` (lists), and
                      ``text`` and ``counted`` (the entities that a count was taken over)
``form``              the logical form, in the text of ``grammar.forms``
``entities``          the entities that the question is about, pronouns resolved
``relations`` ...     ``relations`` and ``types`` that it uses; ``type`` and ``description``, names for the
                      kind of question; ``ambiguous``, where the dialogue asks back
``shown``             what the dialogue shows as the answer, if not all of it: an object as in ``answer``,
                      with ``form`` and ``asks_back``; null where it shows none
====================  ===================================================================================

``write`` writes what ``read`` reads: dialogues come back equal.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, TextIO

from grammar.errors import DataError, FormError
from grammar.forms import LogicalForm, read_form
from grammar.values import Value, read_value
from kgqa.conversation import Conversation, Dialogue, Example, Gold, Turn, TurnAnswer
from kgqa.datasets.files import OnError, read_json, read_json_lines, reject

_DIALOGUE_KEYS = frozenset(["id", "split", "turns"])
_ABOUT_QUESTION = ("question", "entities", "relations", "types", "type", "description", "ambiguous")
_TURN_KEYS = frozenset([*_ABOUT_QUESTION, "answer", "form", "shown"])
_ANSWER_KEYS = frozenset(["entities", "values", "numbers", "truths", "text", "counted"])
_SHOWN_KEYS = frozenset(["entities", "values", "numbers", "truths", "text", "form", "asks_back"])


def read(path: Path, *, on_error: OnError = None) -> Iterator[Dialogue]:
    """The dialogues of a folder or file, ``.jsonl`` or ``.json`` (one dialogue or a list), plain or gzip.

    Raises:
        DataError: the file cannot be read; or a line cannot and there is no ``on_error``.
    """
    for place, default_id, record in _records(path, on_error):
        try:
            yield read_dialogue(record, place=place, default_id=default_id)
        except DataError as error:
            reject(error, on_error)


def _records(path: Path, on_error: OnError) -> Iterator[tuple[str, str, Any]]:
    if path.is_dir():
        files = sorted(p for p in path.iterdir() if ".json" in p.name)
        if not files:
            raise DataError(f"{path}: expected .jsonl or .json files, found none")
        for file in files:
            yield from _records(file, on_error)
    elif ".json" in path.suffixes:
        content = read_json(path)
        for number, record in enumerate(content if isinstance(content, list) else [content], start=1):
            yield f"{path}, dialogue {number}", str(number), record
    else:
        for place, record in read_json_lines(path, on_error):
            yield place, place.rpartition(" ")[2], record


def _check_keys(thing: Any, keys: frozenset[str], place: str) -> Mapping[str, Any]:
    if not isinstance(thing, dict):
        raise DataError(f"{place}: expected an object, found {str(thing)[:60]!r}")
    unknown = sorted(set(thing) - keys)
    if unknown:
        raise DataError(f"{place}: {unknown[0]!r} is no key here; the keys are {', '.join(sorted(keys))}")
    return thing


def read_dialogue(record: Any, *, place: str, default_id: str = "1") -> Dialogue:
    """The dialogue of one JSON object; ``place`` is named in errors.

    Raises:
        DataError: it is none.
    """
    if isinstance(record, dict) and "id" in record:
        place = f"{place}, dialogue {record['id']}"
    fields = _check_keys(record, _DIALOGUE_KEYS, place)
    turns = fields.get("turns")
    if not isinstance(turns, list) or not turns:
        raise DataError(
            f"{place}: expected 'turns', a list of objects with 'question', found {str(turns)[:60]!r}"
        )
    identity = str(fields.get("id", default_id))
    conversation, examples = Conversation(), []
    for number, turn in enumerate(turns):
        where = f"{place}, turn {number + 1}"
        fields_of_turn = _check_keys(turn, _TURN_KEYS, where)
        question = fields_of_turn.get("question")
        if not isinstance(question, str) or not question.strip():
            raise DataError(f"{where}: expected 'question' to be a text, found {question!r}")
        gold = _gold(fields_of_turn, where)
        examples.append(Example(f"{identity}/{number}", conversation, question, gold))
        mentions = () if gold.ambiguous else gold.mentions
        conversation = conversation.then(Turn(question, _shown(fields_of_turn, gold, where), mentions))
    return Dialogue(identity, str(fields.get("split", identity)), tuple(examples))


def _gold(turn: Mapping[str, Any], place: str) -> Gold:
    answer = _answer(turn["answer"], place) if "answer" in turn else {}
    return Gold(
        **answer,
        form=_form(turn.get("form"), place),
        question_type=str(turn.get("type", "")),
        description=str(turn.get("description", "")),
        mentions=_texts(turn, "entities", place) or (),
        relations=_texts(turn, "relations", place) or (),
        types=_texts(turn, "types", place) or (),
        ambiguous=bool(turn.get("ambiguous", False)),
    )


def _shown(turn: Mapping[str, Any], gold: Gold, place: str) -> TurnAnswer | None:
    if "shown" not in turn:
        if gold.kind == "unknown" and not gold.text:
            return None
        return TurnAnswer(
            text=gold.text,
            entities=gold.entities or (),
            values=gold.values or (),
            numbers=gold.numbers or (),
            truths=gold.truths or (),
        )
    if turn["shown"] is None:
        return None
    fields = _check_keys(turn["shown"], _SHOWN_KEYS, f"{place}, 'shown'")
    parts = {key: part or () for key, part in _parts(fields, place).items()}
    return TurnAnswer(
        **parts,
        text=str(fields.get("text", "")),
        form=_form(fields.get("form"), place),
        asks_back=bool(fields.get("asks_back", False)),
    )


def _answer(answer: Any, place: str) -> dict[str, Any]:
    """The fields of ``Gold`` that an answer gives."""
    if isinstance(answer, dict):
        fields = _check_keys(answer, _ANSWER_KEYS, f"{place}, 'answer'")
        counted = _texts(fields, "counted", place)
        return {**_parts(fields, place), "counted": counted, "text": str(fields.get("text", ""))}
    items = answer if isinstance(answer, list) else [answer]
    if items and all(isinstance(item, bool) for item in items):
        return {"truths": tuple(items)}
    if items and all(isinstance(item, (int, float)) and not isinstance(item, bool) for item in items):
        return {"numbers": tuple(float(item) for item in items)}
    if not all(isinstance(item, str) for item in items):
        raise DataError(
            f"{place}: expected ids, values, numbers or truth values as 'answer', found {answer!r}"
        )
    written = [_try_value(item) for item in items]
    if items and all(value is not None for value in written):
        return {"values": tuple(written)}
    if any(value is not None for value in written):
        raise DataError(f"{place}: expected entities or values, found both in 'answer': {answer!r}")
    return {"entities": tuple(items)}


def _parts(fields: Mapping[str, Any], place: str) -> dict[str, Any]:
    numbers, truths = fields.get("numbers"), fields.get("truths")
    if numbers is not None and not (
        isinstance(numbers, list) and all(isinstance(n, (int, float)) for n in numbers)
    ):
        raise DataError(f"{place}: expected 'numbers' to be a list of numbers, found {numbers!r}")
    if truths is not None and not (isinstance(truths, list) and all(isinstance(t, bool) for t in truths)):
        raise DataError(f"{place}: expected 'truths' to be a list of true and false, found {truths!r}")
    values = _texts(fields, "values", place)
    return {
        "entities": _texts(fields, "entities", place),
        "values": None if values is None else tuple(_value(text, place) for text in values),
        "numbers": None if numbers is None else tuple(float(number) for number in numbers),
        "truths": None if truths is None else tuple(truths),
    }


def _texts(fields: Mapping[str, Any], key: str, place: str) -> tuple[str, ...] | None:
    texts = fields.get(key)
    if texts is None:
        return None
    if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
        raise DataError(f"{place}: expected {key!r} to be a list of texts, found {str(texts)[:60]!r}")
    return tuple(texts)


def _try_value(text: str) -> Value | None:
    try:
        return read_value(text)
    except ValueError:
        return None


def _value(text: str, place: str) -> Value:
    try:
        return read_value(text)
    except ValueError as error:
        raise DataError(f"{place}: {error}") from None


def _form(text: Any, place: str) -> LogicalForm | None:
    if text is None:
        return None
    if not isinstance(text, str):
        raise DataError(f"{place}: expected 'form' to be the text of a form, found {str(text)[:60]!r}")
    try:
        return read_form(text)
    except FormError as error:
        raise DataError(f"{place}: 'form' cannot be read: {error}") from None


# --- writing -----------------------------------------------------------------------------------------


def write(dialogues: Iterable[Dialogue], file: TextIO) -> int:
    """Write dialogues, one a line, and say how many.

    Raises:
        ValueError: the examples of a dialogue are not one conversation.
    """
    number = 0
    for number, dialogue in enumerate(dialogues, start=1):  # noqa: B007 (the count is the result)
        file.write(json.dumps(record_of(dialogue), ensure_ascii=False) + "\n")
    return number


def record_of(dialogue: Dialogue) -> dict[str, Any]:
    """The JSON object of a dialogue.

    Raises:
        ValueError: its examples are not one conversation.
    """
    turns = []
    for number, example in enumerate(dialogue.examples):
        following = dialogue.examples[number + 1 : number + 2]
        after = following[0].conversation.turns if following else ()
        if after and (len(after) != number + 1 or after[number].question != example.question):
            raise ValueError(f"the examples of dialogue {dialogue.id!r} are not one conversation")
        turn = _turn_record(example)
        if after:
            default = _shown({}, example.gold, "")
            if after[number].answer != default:
                turn["shown"] = _shown_record(after[number].answer)
        turns.append(turn)
    record: dict[str, Any] = {"id": dialogue.id, "turns": turns}
    return record if dialogue.split_key == dialogue.id else {**record, "split": dialogue.split_key}


def _turn_record(example: Example) -> dict[str, Any]:
    gold = example.gold
    answer = {
        "entities": gold.entities,
        "values": None if gold.values is None else [str(value) for value in gold.values],
        "numbers": gold.numbers,
        "truths": gold.truths,
        "counted": gold.counted,
        "text": gold.text or None,
    }
    answer = {key: part for key, part in answer.items() if part is not None}
    turn = {
        "answer": answer,
        "form": None if gold.form is None else str(gold.form),
        "entities": gold.mentions,
        "relations": gold.relations,
        "types": gold.types,
        "type": gold.question_type,
        "description": gold.description,
        "ambiguous": gold.ambiguous,
    }
    return {"question": example.question, **{key: part for key, part in turn.items() if part}}


def _shown_record(shown: TurnAnswer | None) -> dict[str, Any] | None:
    if shown is None:
        return None
    record = {
        "text": shown.text,
        "entities": shown.entities,
        "values": [str(value) for value in shown.values],
        "numbers": shown.numbers,
        "truths": shown.truths,
        "form": None if shown.form is None else str(shown.form),
        "asks_back": shown.asks_back,
    }
    return {key: part for key, part in record.items() if part}
