"""CSQA: dialogues over Wikidata with questions of ten types (Saha et al. 2018).

Reads a ``.jsonl[.gz]`` with one ``{"id": ..., "turns": [...]}`` a line, a ``.json`` with the turns of one
dialogue, or a folder of such files in the released layout ``QA_*/QA_*.json``; the turns are described in
``csqa_records``. A dialogue becomes one example a question; for example (invented content)::

    {"speaker": "USER", "utterance": "How many rivers cross Ruritania ?",
     "question-type": "Quantitative Reasoning (Count) (All)", "ques_type_id": 7,
     "description": "Quantitative|Count|Single entity type", "count_ques_type": 2, "count_ques_sub_type": 1,
     "is_incomplete": 0, "entities_in_utterance": ["Q1000001"], "relations": ["P30"], "type_list": ["Q4022"]}
    {"speaker": "SYSTEM", "utterance": "2", "all_entities": ["Q11", "Q12"], "entities_in_utterance": [],
     "active_set": ["(c(Q4022),P30,Q1000001)"]}

becomes question "How many rivers cross Ruritania ?" with ``Gold(numbers=(2.0,), counted=("Q11", "Q12"),
mentions=("Q1000001",), form=cardinality(keep(follow_back(Q1000001, P30), Q4022)), ...)``.

**Clarification.** Where the system asks back, both the question and the user's answer to "Did you mean
X ?" are examples, both with the answer that follows in the end. The user's answer, which can be
understood only with the turns before it, is the example of type Clarification; the question itself has
the type of its description and is marked ``ambiguous``. (The release labels the two the other way
round; the numbers of questions per type are the same. The published scores have one item for both, of
type Clarification: leave the ambiguous ones out to count as they do.)

**What is shown.** A turn's answer is what the reply shows, often three of hundreds; gold is all of it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from grammar.errors import DataError
from grammar.forms import EntityLeaf, LogicalForm, leaves
from kgqa.conversation import Conversation, Dialogue, Example, Gold, Turn, TurnAnswer
from kgqa.datasets.csqa_annotation import annotate
from kgqa.datasets.csqa_records import (
    CLARIFICATION,
    COMPARATIVE_COUNT,
    QUANTITATIVE_COUNT,
    VERIFICATION,
    Exchange,
    asked,
    read_exchanges,
    settled,
)
from kgqa.datasets.files import OnError, reject

_COUNTS = (QUANTITATIVE_COUNT, COMPARATIVE_COUNT)
_NUMBER = re.compile(r"(?<![\w.,])\d+(?![\w.,]*\w)")
_TRUTH = re.compile(r"\b(YES|NO)\b")


def read(path: Path, *, on_error: OnError = None) -> Iterator[Dialogue]:
    """The dialogues of a file or folder. A question whose answer the record lacks has a gold without one.

    Raises:
        DataError: nothing there can be read; or a dialogue cannot and there is no ``on_error``.
    """
    for identity, exchanges in read_exchanges(path, on_error):
        try:
            place = f"{path}, dialogue {identity}"
            yield Dialogue(identity, identity, tuple(_examples(identity, exchanges, place)))
        except DataError as error:
            reject(error, on_error)


def _examples(identity: str, exchanges: Sequence[Exchange], place: str) -> Iterator[Example]:
    conversation = Conversation()
    forms = [reading.form for reading in annotate(exchanges)]
    for number, exchange in enumerate(exchanges):
        gold = _gold(exchanges, number, forms[number], place=f"{place}, question {number + 1}")
        yield Example(f"{identity}/{number}", conversation, exchange.question, gold)
        mentions = () if exchange.asks_back else gold.mentions
        conversation = conversation.then(Turn(exchange.question, _shown(exchange, gold), mentions))


def _gold(exchanges: Sequence[Exchange], number: int, form: LogicalForm | None, *, place: str) -> Gold:
    exchange, question, reply = exchanges[number], asked(exchanges, number), settled(exchanges, number)
    numbers, truths, counted = None, None, None
    if reply.asks_back:
        raise DataError(f"{place}: the system asks back and the dialogue ends; leave the dialogue out")
    if question.kind == VERIFICATION:
        truths = tuple(word == "YES" for word in _TRUTH.findall(reply.reply))
        if not truths:
            raise DataError(f"{place}: expected YES or NO as the answer, found {reply.reply[:60]!r}")
        if "query entities" in question.description and len(truths) == 1:
            truths *= 2  # "A and B": one word stands for both where they agree
    elif question.kind in _COUNTS:
        counted = None if reply.unanswered else reply.answers
        numbers = tuple(float(text) for text in _NUMBER.findall(reply.reply))
        if not numbers:
            raise DataError(f"{place}: expected a count as the answer, found {reply.reply[:60]!r}")
    prefix = f"{CLARIFICATION}::" if exchange.answers_back else ""
    known_by_text = truths is not None or numbers is not None
    return Gold(
        entities=None if known_by_text or reply.unanswered else reply.answers,
        numbers=numbers,
        truths=truths,
        counted=counted,
        text=reply.reply,
        form=form,
        question_type=CLARIFICATION if exchange.answers_back else exchange.kind,
        description=prefix + question.description,
        mentions=_mentions(exchange, form),
        named=exchange.mentions,
        relations=question.relations,
        types=question.types,
        ambiguous=exchange.asks_back,
    )


def _mentions(exchange: Exchange, form: LogicalForm | None) -> tuple[str, ...]:
    """The entities of the utterance, then those that its pronouns stand for: the others of its form."""
    names = list(exchange.mentions)
    for leaf in leaves(form) if form is not None else ():
        if isinstance(leaf, EntityLeaf):
            names.extend(leaf.names)
    return tuple(dict.fromkeys(names))


def _shown(exchange: Exchange, gold: Gold) -> TurnAnswer:
    if exchange.asks_back:
        return TurnAnswer(text=exchange.reply, entities=exchange.shown, asks_back=True)
    return TurnAnswer(
        text=exchange.reply, entities=exchange.shown, numbers=gold.numbers or (), truths=gold.truths or ()
    )
