"""Questions from a file or a pipe, one on each line, and the turns that came before them.

A line is one of::

    {"question": "Who directed Alien?", "conversation": "c1"}     questions of one conversation follow up
    {"id": "d7", "turns": [{"question": "Who directed Alien?"}, {"question": "When was he born?"}]}
    Who directed Alien?                                           a question of its own

``conversation`` may be left out: then the question stands alone. Other keys are passed through to the
output. A history file has the turns of a dialogue so far: lines of ``kgqa answer --json``, turns of the
``plain`` dataset, or whole dialogues of it.
"""

from __future__ import annotations

import gzip
import json
import sys
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from grammar.errors import DataError, FormError
from grammar.forms import read_form
from grammar.values import read_value
from kgqa.answer import Answer
from kgqa.chat import Chat
from kgqa.conversation import Conversation, Turn, TurnAnswer
from kgqa.datasets.files import OnError, read_json_lines, reject
from kgqa.datasets.plain import read_dialogue

_SUFFIXES = (".jsonl", ".json", ".txt", ".gz")
_PASSED_ON = ("id", "conversation")


@dataclass(frozen=True)
class Asked:
    """A question to answer; ``conversation`` None stands alone; ``keys`` go back out with the answer."""

    text: str
    conversation: str | None = None
    place: str = ""
    keys: Mapping[str, Any] = field(default_factory=dict)


def is_file(argument: str) -> bool:
    """Whether what was given to ``kgqa answer`` is a file and not a question."""
    if len(argument) > 255 or "\n" in argument:
        return False
    path = Path(argument)
    return path.is_file() or (" " not in argument and path.suffix in _SUFFIXES)


def read_questions(lines: Iterable[tuple[str, str]], on_error: OnError = None) -> Iterator[Asked]:
    """The questions of lines that come with their place (see the top of this file).

    Raises:
        DataError: a line is none of these and there is no ``on_error``.
    """
    for place, line in lines:
        if not line.strip():
            continue
        try:
            yield from _asked(line.strip(), place)
        except DataError as error:
            reject(error, on_error)


def open_questions(argument: str | None, on_error: OnError = None) -> Iterator[Asked]:
    """The questions of a file, or of stdin for "-" or None, read as they come.

    Raises:
        DataError: the file cannot be opened; later, from the iterator: it is no text, or a line is broken
            and there is no ``on_error``.
    """
    if argument in (None, "-"):
        return read_questions(text_lines(sys.stdin.buffer, "stdin"), on_error)
    path = Path(argument or "")
    try:
        path.open("rb").close()  # said now, and not when the first question is asked for
    except OSError as error:
        raise DataError(f"cannot read {path}: {error.strerror}; give a file of questions") from None
    return read_questions(_file_lines(path), on_error)


def _file_lines(path: Path) -> Iterator[tuple[str, str]]:
    with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as stream:
        yield from text_lines(stream, str(path))


def answer_all(
    asked: Iterable[Asked],
    start: Callable[[], Chat],
    *,
    broken: list[DataError],
    complain: Callable[[DataError], object],
) -> Iterator[tuple[Mapping[str, Any], Answer]]:
    """Answer questions one after another, each in its conversation.

    Yields the keys that a line passes on, and its answer. What cannot be asked is complained about and
    noted in ``broken``; lines that could not be read stand there already.
    """
    chats: dict[str, Chat] = {}
    told = 0
    for one in asked:
        for unread in broken[told:]:
            complain(unread)
        talk = start() if one.conversation is None else chats.get(one.conversation) or start()
        if one.conversation is not None:
            chats[one.conversation] = talk
        try:
            answer = talk.ask(one.text)
        except DataError as error:
            broken.append(DataError(f"{one.place}: {error}"))
            complain(broken[-1])
        else:
            yield one.keys, answer
        told = len(broken)
    for unread in broken[told:]:
        complain(unread)


def text_lines(stream: Iterable[bytes], name: str) -> Iterator[tuple[str, str]]:
    """The lines of a stream of bytes with their places.

    Raises:
        DataError: the bytes are no UTF-8 text.
    """
    number = 0
    lines = iter(stream)
    while True:
        place = f"{name}, line {(number := number + 1)}"
        try:
            line = next(lines)
        except StopIteration:
            return
        except (EOFError, OSError, zlib.error) as error:
            raise DataError(f"{place}: the file is cut off or damaged ({error}); fetch it again") from None
        try:
            text = line.decode("utf-8")
        except UnicodeDecodeError:
            raise DataError(f"{place}: expected UTF-8 text, found other bytes; give JSON lines") from None
        if "\x00" in text:
            raise DataError(f"{place}: expected text, found a zero byte; give JSON lines")
        yield place, text


def _asked(line: str, place: str) -> Iterator[Asked]:
    if not line.startswith(("{", "[")):
        yield Asked(line, place=place)
        return
    try:
        record = json.loads(line)
    except json.JSONDecodeError as error:
        raise DataError(
            f"{place}: expected JSON, found {error.msg.lower()} at column {error.colno}; repair the line"
        ) from None
    if isinstance(record, dict) and isinstance(record.get("turns"), list):
        identity = str(record.get("id", place))
        for turn in record["turns"]:
            yield _one({**turn, "conversation": identity} if isinstance(turn, dict) else turn, place)
    else:
        yield _one(record, place)


def _one(record: Any, place: str) -> Asked:
    if not isinstance(record, dict) or not isinstance(record.get("question"), str):
        found = str(record)[:60]
        raise DataError(f"{place}: expected an object with 'question' or 'turns', found {found!r}")
    conversation = record.get("conversation")
    return Asked(
        record["question"],
        None if conversation is None else str(conversation),
        place,
        {key: record[key] for key in _PASSED_ON if key in record},
    )


def read_history(path: Path) -> Conversation:
    """The conversation that a file holds.

    Raises:
        DataError: the file or one of its lines cannot be read.
    """
    conversation = Conversation()
    for place, record in read_json_lines(path):
        for turn in _turns(record, place):
            conversation = conversation.then(turn)
    return conversation


def _turns(record: Any, place: str) -> Iterator[Turn]:
    if isinstance(record, dict) and "linked" in record:
        yield _answered_turn(record, place)
        return
    dialogue = record if isinstance(record, dict) and isinstance(record.get("turns"), list) else None
    dialogue = dialogue or {"turns": [record]}
    # With one question more, its conversation is all that came before.
    with_next = {**dialogue, "turns": [*dialogue["turns"], {"question": "?"}]}
    yield from read_dialogue(with_next, place=place).examples[-1].conversation.turns


def _answered_turn(record: Mapping[str, Any], place: str) -> Turn:
    """A line that ``kgqa answer --json`` has written."""
    try:
        answer = TurnAnswer(
            text=str(record.get("message") or ""),
            entities=tuple(entity["id"] for entity in record.get("entities", ())),
            values=tuple(read_value(text) for text in record.get("values", ())),
            numbers=tuple(float(number) for number in record.get("numbers", ())),
            truths=tuple(bool(truth) for truth in record.get("truths", ())),
            form=read_form(record["form"]) if record.get("form") else None,
            asks_back=record.get("outcome") == "asked_back",
        )
        question = record["question"]
    except (KeyError, TypeError, ValueError, FormError) as error:
        raise DataError(f"{place}: expected a line of 'kgqa answer --json': {error!r}") from None
    unanswered = record.get("outcome") in ("unparsed", "failed")
    return Turn(str(question), None if unanswered else answer)
