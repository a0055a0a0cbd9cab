"""ConvQuestions: conversations of five questions about a film, book, team ... (Christmann et al. 2019).

Reads the original edition and the verbalised one (Kacupaj et al.), a JSON list, plain or gzip. A record of
the verbalised edition (invented content, two of five turns)::

    {"conv_id": 901, "domain": "books", "seed_entity": "https://www.wikidata.org/wiki/Q900001",
     "seed_entity_text": "The Glass Harbour",
     "questions": [
       {"turn": 0, "question_id": "901-0", "question": "Who wrote The Glass Harbour?",
        "paraphrased_question": ["The Glass Harbour was written by whom?"],
        "answer": "https://www.wikidata.org/wiki/Q900002", "answer_text": "Ada Quill",
        "verbalized_answer": "[Ada Quill] wrote it.", "paraphrased_answer": ["It is by [Ada Quill]."]},
       {"turn": 1, "question_id": "901-1", "question": "when was it published?",
        "answer": "3 May 1961", "answer_text": "3 May 1961", ...}]}

The original edition has no ``paraphrased_...`` and no ``verbalized_answer``.

=============================  ==========================================================================
answer                         becomes
=============================  ==========================================================================
addresses of items (``;``)     ``entities``
"Yes", "no."                   ``truths``
"3 May 1961", "1961"           ``values``, times; a bare year only where the question asks for no number
"7"                            ``numbers``
"138 minute", "$2,000"         ``values``, a quantity without a unit
anything else                  ``values``, a string
=============================  ==========================================================================

The address is not always the answer's: in the verbalised edition some dates, truth values and names carry
the address of the conversation's seed. So a date or a truth value in ``answer_text`` always wins over an
address, and any ``answer_text`` wins over the seed's address unless it is the seed's name.

``mentions`` is the seed, the only entity that the data names, for the first question and only where it is
not the answer; of later questions the data does not say what they are about. ``question_type`` is the
domain and ``description`` the turn. Dialogues with the same seed share a ``split_key``: the files mix
paraphrases of few conversations, so a split must be made by seed. A question without an answer has a gold
without one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from grammar.errors import DataError
from grammar.values import Quantity, String, Time, Value
from kgqa.conversation import Conversation, Dialogue, Example, Gold, Turn, TurnAnswer
from kgqa.datasets.files import OnError, read_json, reject
from kgqa.dates import read_date

_ADDRESS = re.compile(r"https?://www\.wikidata\.org/(?:wiki|entity)/(Q\d+)/?")
_TRUTH = re.compile(r"(yes|no)[.!]?", re.IGNORECASE)
_YEAR = re.compile(r"[1-9]\d{2,3}")
_NUMBER = re.compile(r"\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?")
_AMOUNT = re.compile(rf"(?:[$€£] ?)?({_NUMBER.pattern})(?: ?(?:million|[a-z]+(?: [a-z]+)?))?", re.IGNORECASE)
_ASKS_FOR_NUMBER = re.compile(r"\bhow (many|much|often|long|old)\b|\b(number|amount) of\b", re.IGNORECASE)


def read(path: Path, *, on_error: OnError = None, paraphrases: bool = False) -> Iterator[Dialogue]:
    """The conversations of a file; with ``paraphrases`` each again in its other wordings.

    Raises:
        DataError: the file cannot be read; or a conversation cannot and there is no ``on_error``.
    """
    if path.is_dir():
        raise DataError(f"{path}: expected a file such as train_set.json, found a folder; name the file")
    records = read_json(path)
    if not isinstance(records, list):
        raise DataError(f"{path}: expected a list of conversations, found {type(records).__name__}")
    for number, record in enumerate(records, start=1):
        place = f"{path}, conversation {number}"
        if isinstance(record, dict) and "conv_id" in record:
            place += f" (conv_id {record['conv_id']})"
        try:
            yield from _dialogues(record, place, paraphrases)
        except DataError as error:
            reject(error, on_error)


def _text(record: Mapping[str, Any], key: str, place: str) -> str:
    text = record.get(key)
    if not isinstance(text, str) or not text.strip():
        raise DataError(f"{place}: expected {key!r} to be a text, found {text!r}")
    return text.strip()


def _text_or_none(record: Mapping[str, Any], key: str, place: str) -> str:
    return _text(record, key, place) if record.get(key) not in (None, "") else ""


def _dialogues(record: Any, place: str, paraphrases: bool) -> Iterator[Dialogue]:
    if not isinstance(record, dict) or not isinstance(record.get("questions"), list):
        raise DataError(f"{place}: expected an object with 'questions', found {str(record)[:60]!r}")
    if "conv_id" not in record:
        raise DataError(f"{place}: expected 'conv_id', found only {', '.join(sorted(record))}")
    address = _ADDRESS.fullmatch(_text(record, "seed_entity", place))
    if address is None:
        raise DataError(f"{place}: expected the address of an item, found {record['seed_entity']!r}")
    seed, name = address[1], str(record.get("seed_entity_text", ""))
    identity, domain = str(record["conv_id"]), str(record.get("domain", ""))
    golds: list[Gold] = []
    wordings: list[list[str]] = []
    for turn, entry in enumerate(record["questions"]):
        where = f"{place}, question {turn + 1}"
        if not isinstance(entry, dict):
            raise DataError(f"{where}: expected an object, found {str(entry)[:60]!r}")
        question = _text(entry, "question", where)
        others = entry.get("paraphrased_question", ()) if paraphrases else ()
        wordings.append([question, *(str(other).strip() for other in others)])
        text, given = (_text_or_none(entry, key, where) for key in ("answer_text", "answer"))
        answer: dict[str, Any] = {}
        if text or given:
            answer = read_answer(given or text, text, question=question, seed=seed, seed_name=name)
        about_seed = turn == 0 and seed not in answer.get("entities", ())
        golds.append(
            Gold(
                **answer,
                text=text or given,
                question_type=domain,
                description=f"turn {turn}",
                mentions=(seed,) if about_seed else (),
            )
        )
    for version in range(max(map(len, wordings), default=0)):
        questions = [words[min(version, len(words) - 1)] for words in wordings]
        name_of_version = identity if version == 0 else f"{identity}~{version}"
        yield Dialogue(name_of_version, seed, tuple(_examples(name_of_version, questions, golds)))


def first_wording(example_id: str) -> str:
    """The id of the same question as it was worded first.

    >>> first_wording("901~2/0")
    '901/0'
    """
    return re.sub(r"~\d+(?=/)", "", example_id)


def _examples(identity: str, questions: list[str], golds: list[Gold]) -> Iterator[Example]:
    conversation = Conversation()
    for turn, (question, gold) in enumerate(zip(questions, golds, strict=True)):
        yield Example(f"{identity}/{turn}", conversation, question, gold)
        shown = TurnAnswer(
            text=gold.text,
            entities=gold.entities or (),
            values=gold.values or (),
            numbers=gold.numbers or (),
            truths=gold.truths or (),
        )
        answered = shown if gold.kind != "unknown" else None
        conversation = conversation.then(Turn(question, answered, gold.mentions))


def read_answer(answer: str, text: str, *, question: str, seed: str, seed_name: str) -> dict[str, Any]:
    """The fields of ``Gold`` that an answer stands for; ``text`` is the answer as people read it.

    >>> read_answer("3 May 1961", "3 May 1961", question="When?", seed="Q1", seed_name="Harbour")
    {'values': (Time(year=1961, month=5, day=3, precision=11, julian=False),)}
    """
    addresses = [_ADDRESS.fullmatch(part.strip()) for part in answer.split(";")]
    entities = tuple(dict.fromkeys(match[1] for match in addresses if match is not None))
    literal = text or answer
    if not all(addresses):
        return _literal(literal, question)
    if _TRUTH.fullmatch(literal) or read_date(literal) is not None:
        return _literal(literal, question)
    if entities == (seed,) and seed_name and not _same_name(literal, seed_name):
        return _literal(literal, question)
    return {"entities": entities}


def _same_name(one: str, other: str) -> bool:
    a, b = (re.sub(r"\W+", " ", name.casefold()).strip() for name in (one, other))
    return a in b or b in a


def _literal(text: str, question: str) -> dict[str, Any]:
    stripped = text.strip().rstrip(".").strip()
    truth = _TRUTH.fullmatch(stripped)
    if truth is not None:
        return {"truths": (truth[1].lower() == "yes",)}
    parts = [part.strip() for part in stripped.split(";")]
    values = [_value(part, question) for part in parts]
    if all(isinstance(value, float) for value in values):
        return {"numbers": tuple(values)}
    if any(value is None or isinstance(value, float) for value in values):
        return {"values": (String(text.strip()),)}
    return {"values": tuple(values)}


def _value(text: str, question: str) -> Value | float | None:
    """A time, a quantity, a bare number, or None for other text."""
    date = read_date(text)
    if date is not None:
        return date
    asks_for_number = _ASKS_FOR_NUMBER.search(question) is not None
    if _YEAR.fullmatch(text) and int(text) <= 2100 and not asks_for_number:
        return Time(int(text), precision=9)
    if _NUMBER.fullmatch(text):
        return float(text.replace(",", ""))
    amount = _AMOUNT.fullmatch(text)
    if amount is None:
        return None
    scale = 1e6 if "million" in text.lower() else 1.0
    return Quantity(float(amount[1].replace(",", "")) * scale)
