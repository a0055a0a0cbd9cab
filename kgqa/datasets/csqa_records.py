"""CSQA's raw records: from files to ``Exchange``s, in the released keys and in the older ones.

A dialogue is a list of turns, USER and SYSTEM by turns. This is the shape of a question and its reply in
the released keys (invented content)::

    {"speaker": "USER", "utterance": "Which rivers cross Ruritania and Syldavia ?",
     "question-type": "Logical Reasoning (All)", "description": "Logical|Intersection|Single_Relation",
     "ques_type_id": 4, "set_op_choice": 2, "is_inc": 0, "entities_in_utterance": ["Q1000001", "Q1000002"],
     "relations": ["P30"], "type_list": ["Q4022"]}
    {"speaker": "SYSTEM", "utterance": "Elbow, Wladir", "all_entities": ["Q11", "Q12", "Q13"],
     "entities_in_utterance": ["Q11", "Q12"],
     "active_set": ["AND((c(Q4022),P30,Q1000001), (c(Q4022),P30,Q1000002))"]}

``all_entities`` is the whole answer, ``entities_in_utterance`` of a reply the part of it that is shown.
The official example dialogues use older keys: ``entities`` for ``entities_in_utterance``,
``ans_list_full`` for ``all_entities``, and neither ``question-type`` nor ``type_list``, which follow from
``description`` and ``signature``.

A system may ask back. The reply then has a description of its own and the next question is the user's
answer to it, without a description and without relations::

    USER    Who founded that school ?                 description: Simple Question|Single Entity|Indirect
    SYSTEM  Did you mean Royal School ?               description: Clarification for simple ques.
    USER    No, I meant High School. Could you ...    entities: ["Q21"] (or entities_in_utterance)
    SYSTEM  Mary Smith
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from grammar.errors import DataError
from kgqa.datasets.files import OnError, read_json, read_json_lines, reject

SIMPLE_DIRECT, SIMPLE_COREFERENCED = "Simple Question (Direct)", "Simple Question (Coreferenced)"
SIMPLE_ELLIPSIS, CLARIFICATION = "Simple Question (Ellipsis)", "Clarification"
VERIFICATION, LOGICAL = "Verification (Boolean) (All)", "Logical Reasoning (All)"
QUANTITATIVE, QUANTITATIVE_COUNT = "Quantitative Reasoning (All)", "Quantitative Reasoning (Count) (All)"
COMPARATIVE, COMPARATIVE_COUNT = "Comparative Reasoning (All)", "Comparative Reasoning (Count) (All)"

_TYPE_OF_DESCRIPTION = (  # the first that fits
    (re.compile(r"Simple Question(\|Single Entity|\|Mult\. Entity\|Indirect)?"), SIMPLE_DIRECT),
    (re.compile(r"Simple Question\|(Single Entity\|Indirect|Mult\. Entity)"), SIMPLE_COREFERENCED),
    (re.compile(r"Incomplete count-based ques"), QUANTITATIVE_COUNT),
    (re.compile(r"only subject is changed.*|Incomplete\|object parent.*"), SIMPLE_ELLIPSIS),
    (re.compile(r"Verification\|.*"), VERIFICATION),
    (re.compile(r"Logical\|.*"), LOGICAL),
    (re.compile(r"Quantitative\|Count.*"), QUANTITATIVE_COUNT),
    (re.compile(r"Quantitative\|.*"), QUANTITATIVE),
    (re.compile(r"Comparative\|Count.*"), COMPARATIVE_COUNT),
    (re.compile(r"Comparative\|.*"), COMPARATIVE),
)
_ASKS_FOR: dict[object, str] = {1: "object", 2: "subject"}  # count_ques_type and sec_ques_type
_JOINED_BY: dict[object, str] = {1: "and", 2: "or"}  # set_op
_TYPE_IN_SIGNATURE = re.compile(r"\{(?:obj_par|sub_par|prop_Qid_par)\w*:(Q\d+)\}")
_TYPE_ID = re.compile(r"c\((Q\d+)\)")


@dataclass(frozen=True)
class Exchange:
    """A question and its reply, with what CSQA says about them; keys as in the module's docstring.

    ``kind`` is the question type that the description stands for, whatever the record calls it, and ""
    where there is no description, that is where the user answers a system that asked back
    (``answers_back``). ``asks_back`` says that the reply is such a question. ``asks_for`` is the end of
    the relation that is asked for, "object" or "subject", where that is said; ``joined_by`` "and" or "or"
    where the question joins two entities or types. ``unanswered`` says that the record has no answer.
    """

    question: str
    kind: str
    description: str
    mentions: tuple[str, ...]
    relations: tuple[str, ...]
    types: tuple[str, ...]
    reply: str
    shown: tuple[str, ...]
    answers: tuple[str, ...]
    active_set: tuple[str, ...]
    asks_back: bool = False
    answers_back: bool = False
    asks_for: str = ""
    joined_by: str = ""
    unanswered: bool = False


def settled(exchanges: Sequence[Exchange], number: int) -> Exchange:
    """The exchange whose reply answers this question: a later one where the system asks back."""
    while exchanges[number].asks_back and number + 1 < len(exchanges):
        number += 1
    return exchanges[number]


def asked(exchanges: Sequence[Exchange], number: int) -> Exchange:
    """The exchange whose question is to be answered: an earlier one where the user answers back."""
    while exchanges[number].answers_back:
        number -= 1
    return exchanges[number]


def read_exchanges(path: Path, on_error: OnError = None) -> Iterator[tuple[str, list[Exchange]]]:
    """The dialogues of a file (``.jsonl`` or ``.json``, plain or gzip) or folder, each with its id.

    Raises:
        DataError: nothing there can be read; or a dialogue cannot and there is no ``on_error``.
    """
    for place, default_id, record in _records(path, on_error):
        turns, identity = record, default_id
        if isinstance(record, dict):
            turns, identity = record.get("turns"), str(record.get("id", default_id))
        try:
            if not isinstance(turns, list) or not turns:
                found = f"only {', '.join(map(repr, record))}" if isinstance(record, dict) else _shape(record)
                raise DataError(
                    f"{place}, dialogue {identity}: expected a dialogue, a list of turns or an object with "
                    f"'turns', found {_shape(turns) if turns is not None else found}"
                )
            exchanges = _exchanges(turns, f"{place}, dialogue {identity}")
        except DataError as error:
            reject(error, on_error)
            continue
        yield identity, exchanges


def _records(path: Path, on_error: OnError) -> Iterator[tuple[str, str, Any]]:
    if not path.is_dir():
        if ".jsonl" in path.suffixes:
            for number, (place, record) in enumerate(read_json_lines(path, on_error)):
                yield place, f"{path.name.split('.')[0]}#{number}", record
        else:
            yield str(path), path.name.split(".")[0], read_json(path)
        return
    files = sorted((p for p in path.rglob("*.json*") if p.is_file()), key=_natural_order)
    if not files:
        raise DataError(f"{path}: expected folders QA_*/ with QA_*.json files, found no such file")
    for file in files:
        try:
            record = read_json(file)
        except DataError as error:
            reject(error, on_error)
            continue
        yield str(file), "#".join(file.relative_to(path).parts).split(".json")[0], record


def _natural_order(path: Path) -> list[str | int]:
    return [int(part) if part.isdigit() else part for part in re.split(r"(\d+)", str(path))]


def _shape(thing: object) -> str:
    return {dict: "an object", list: "an empty list", type(None): "none"}.get(type(thing), repr(thing)[:60])


def _exchanges(turns: Sequence[Any], place: str) -> list[Exchange]:
    exchanges: list[Exchange] = []
    if len(turns) % 2:
        raise DataError(
            f"{place}: expected USER and SYSTEM by turns, found {len(turns)}; is the end missing?"
        )
    for number in range(0, len(turns), 2):
        user, system, *after = turns[number : number + 3]
        for offset, (turn, speaker) in enumerate(((user, "USER"), (system, "SYSTEM"))):
            where = f"{place}, turn {number + offset + 1}"
            if not isinstance(turn, dict):
                raise DataError(f"{where}: expected an object, found {_shape(turn)}")
            if turn.get("speaker") != speaker:
                raise DataError(f"{where}: expected speaker {speaker}, found {turn.get('speaker')!r}")
            if not isinstance(turn.get("utterance"), str):
                raise DataError(f"{where}: expected 'utterance', found only {', '.join(sorted(turn))}")
        before = exchanges[-1] if exchanges else None
        # Replies that ask back carry a description; those of the old format's "see all?" carry nothing at
        # all, nor does the user's answer to them. Any other that carries nothing lacks its answer.
        bare = not any(key in system for key in ("all_entities", "ans_list_full"))
        goes_on = bool(after) and isinstance(after[0], dict) and not after[0].get("description")
        asks_back = "description" in system or (bare and goes_on)
        where = f"{place}, turn {number + 1}"
        exchange = _exchange(user, system, before=before, asks_back=asks_back, place=where)
        exchanges.append(replace(exchange, unanswered=bare and not asks_back))
    return exchanges


def _exchange(
    user: Mapping[str, Any],
    system: Mapping[str, Any],
    *,
    before: Exchange | None,
    asks_back: bool,
    place: str,
) -> Exchange:
    description = str(user.get("description", ""))
    answers_back = before is not None and before.asks_back
    if not description and not answers_back:
        raise DataError(f"{place}: expected 'description', found only {', '.join(sorted(user))}")
    answers: tuple[str, ...] = ()
    if not asks_back:
        answers = _names(system, ("all_entities", "ans_list_full"), place=place, required=False)
    active_set = tuple(str(part) for part in system.get("active_set", ()))
    types = _names(user, ("type_list",), place=place, required=False)
    if not types:  # the older keys: types are in the signature, else only in the patterns
        types = tuple(dict.fromkeys(_TYPE_IN_SIGNATURE.findall(str(user.get("signature", "")))))
    return Exchange(
        question=user["utterance"].strip(),
        kind=_kind(description, place) if description else "",
        description=description,
        mentions=_names(user, ("entities_in_utterance", "entities"), place=place, required=not answers_back),
        relations=_names(user, ("relations",), place=place, required=not answers_back),
        types=types or tuple(dict.fromkeys(_TYPE_ID.findall(" ".join(active_set)))),
        reply=system["utterance"].strip(),
        shown=_names(system, ("entities_in_utterance", "entities"), place=place, required=not asks_back),
        answers=answers,
        active_set=active_set,
        asks_back=asks_back,
        answers_back=answers_back,
        asks_for=_ASKS_FOR.get(user.get("count_ques_type", user.get("sec_ques_type")), ""),
        joined_by=_JOINED_BY.get(user.get("set_op"), ""),
    )


def _kind(description: str, place: str) -> str:
    for pattern, kind in _TYPE_OF_DESCRIPTION:
        if pattern.fullmatch(description):
            return kind
    raise DataError(f"{place}: {description!r} is no question description of CSQA; leave the dialogue out")


def _names(
    turn: Mapping[str, Any], keys: tuple[str, ...], *, place: str, required: bool = True
) -> tuple[str, ...]:
    """The ids under the first of these keys that the turn has, without repeats."""
    for key in keys:
        if key in turn:
            names = turn[key]
            if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
                raise DataError(f"{place}: expected {key!r} to be a list of ids, found {str(names)[:60]!r}")
            return tuple(dict.fromkeys(names))
    if required:
        expected = " or ".join(repr(key) for key in keys)
        raise DataError(f"{place}: expected {expected}, found only {', '.join(sorted(turn))}")
    return ()
