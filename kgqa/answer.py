"""What a parser gives back: an answer, a question back, or an honest no.

    Answer
    ├── Answered     a form and what it denotes (an empty set is an answer)
    ├── AskedBack    two readings are close: "Did you mean ...?"
    ├── Unparsed     no form was found; ``why`` says what was not understood
    └── Failed       a form was found but cannot be executed on this graph

A failure is never an empty answer.
"""

from __future__ import annotations

from dataclasses import dataclass

from grammar.errors import KgqaError
from grammar.forms import LogicalForm
from grammar.values import Value
from kgqa.conversation import Turn, TurnAnswer
from kgqa.linking import Links


@dataclass(frozen=True)
class Result:
    """A denotation in names and values, readable without its graph. One of the fields is not None."""

    entities: tuple[str, ...] | None = None
    values: tuple[Value, ...] | None = None
    numbers: tuple[float, ...] | None = None
    truths: tuple[bool, ...] | None = None

    @property
    def empty(self) -> bool:
        """Whether it is an empty set."""
        return not (self.entities or self.values or self.numbers or self.truths)


@dataclass(frozen=True)
class Fact:
    """A fact that backs an answer; ``qualifiers`` are (relation, written value) pairs."""

    subject: str
    relation: str
    object: str
    qualifiers: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Hypothesis:
    """A form that the decoder found, with its log-probability."""

    form: LogicalForm
    score: float


@dataclass(frozen=True)
class Answer:
    """What every outcome carries: the question, what was linked in it, and how long it took."""

    question: str
    links: Links
    milliseconds: float


@dataclass(frozen=True)
class Answered(Answer):
    """A form was found and executed.

    ``confidence`` is in 0..1; ``alternatives`` are the other forms of the beam, best first; ``text`` is the
    answer as a dialogue shows it.
    """

    form: LogicalForm
    result: Result
    confidence: float
    text: str
    evidence: tuple[Fact, ...] = ()
    alternatives: tuple[Hypothesis, ...] = ()


@dataclass(frozen=True)
class AskedBack(Answer):
    """Two readings are close: ``text`` asks which of ``choices`` (entity names) is meant."""

    choices: tuple[str, ...]
    text: str


@dataclass(frozen=True)
class Unparsed(Answer):
    """No form was found; ``why`` is a sentence for the person who asked."""

    why: str


@dataclass(frozen=True)
class Failed(Answer):
    """The form cannot be executed on this graph."""

    form: LogicalForm
    error: KgqaError


def turn_of(answer: Answer, *, mentions: tuple[str, ...] = ()) -> Turn:
    """The turn that an answer adds to a conversation."""
    shown: TurnAnswer | None = None
    if isinstance(answer, Answered):
        result = answer.result
        shown = TurnAnswer(
            text=answer.text,
            entities=result.entities or (),
            values=result.values or (),
            numbers=result.numbers or (),
            truths=result.truths or (),
            form=answer.form,
        )
    elif isinstance(answer, AskedBack):
        shown = TurnAnswer(text=answer.text, entities=answer.choices, asks_back=True)
    return Turn(answer.question, shown, mentions)
