"""What a parser may see of a dialogue, and what only its examiner may see.

``Conversation`` holds the turns before a question: what was asked and what the dialogue showed as the
answer. A parser takes a ``Conversation``, a question and, in the protocol with gold entities, the ids of
entities. Everything else that a dataset knows is in ``Gold``, which lives only in ``Example``: no type
that a parser takes can hold it.

The protocol with gold entities gives ``Gold.mentions``: the entities that the question names and those
that its pronouns and "that person" stand for. It gives no relations and no types.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

from grammar.forms import LogicalForm
from grammar.values import Value

AnswerKind: TypeAlias = Literal["entities", "values", "numbers", "truths", "unknown"]


@dataclass(frozen=True)
class TurnAnswer:
    """An answer as the dialogue showed it, which may be a part of it ("Some of them are ...").

    A system that asks back ("Did you mean Paris?") answers with that text, the entity that it names and
    ``asks_back``. ``form`` is the form that a parser found for the turn; datasets leave it out, since
    dialogues show answers, not forms.
    """

    text: str = ""
    entities: tuple[str, ...] = ()
    values: tuple[Value, ...] = ()
    numbers: tuple[float, ...] = ()
    truths: tuple[bool, ...] = ()
    form: LogicalForm | None = None
    asks_back: bool = False


@dataclass(frozen=True)
class Turn:
    """A question that was asked and the answer it got, or None where it got none.

    ``mentions`` are the entities that the question was taken to be about, where that is known.
    """

    question: str
    answer: TurnAnswer | None = None
    mentions: tuple[str, ...] = ()


@dataclass(frozen=True)
class Conversation:
    """The turns before a question, oldest first. The empty conversation starts a dialogue."""

    turns: tuple[Turn, ...] = ()

    @property
    def asked_back(self) -> TurnAnswer | None:
        """The question back that the next question replies to, if there is one."""
        last = self.turns[-1].answer if self.turns else None
        return last if last is not None and last.asks_back else None

    @property
    def told(self) -> frozenset[str]:
        """The entities that answers have named."""
        return frozenset(name for turn in self.turns if turn.answer for name in turn.answer.entities)

    def then(self, turn: Turn) -> Conversation:
        """The conversation with one more turn."""
        return Conversation((*self.turns, turn))

    def without_mentions(self) -> Conversation:
        """The same turns without the entities that their questions were about (entities linked, not gold)."""
        return Conversation(tuple(replace(turn, mentions=()) for turn in self.turns))


@dataclass(frozen=True)
class Gold:
    """What a dataset knows about a question; whatever it does not know is None or empty.

    One of ``entities``, ``values``, ``numbers``, ``truths`` is the answer and the rest are None: a set of
    entities (perhaps empty), a set of literals, one count or several in the order asked for, one truth
    value or several. ``counted`` is the set that a count was taken over.

    ``mentions`` are the entities that the question is about, never one that only its answer names;
    ``named`` are those of them that the dataset gives along with the question (None: all), whatever else may
    have been read off its annotation. ``relations`` and ``types`` are those that it uses. ``ambiguous`` marks
    a question to which the dialogue answered by asking back; its answer is the one that followed once that
    was settled.
    """

    entities: tuple[str, ...] | None = None
    values: tuple[Value, ...] | None = None
    numbers: tuple[float, ...] | None = None
    truths: tuple[bool, ...] | None = None
    counted: tuple[str, ...] | None = None
    text: str = ""
    form: LogicalForm | None = None
    question_type: str = ""
    description: str = ""
    mentions: tuple[str, ...] = ()
    named: tuple[str, ...] | None = None
    relations: tuple[str, ...] = ()
    types: tuple[str, ...] = ()
    ambiguous: bool = False

    @property
    def kind(self) -> AnswerKind:
        """Which of the fields is the answer."""
        for kind in ("entities", "values", "numbers", "truths"):
            if getattr(self, kind) is not None:
                return kind
        return "unknown"


@dataclass(frozen=True)
class Example:
    """A question in its conversation, with what is known about it. ``id`` is unique within its dataset."""

    id: str
    conversation: Conversation
    question: str
    gold: Gold


@dataclass(frozen=True)
class Dialogue:
    """The examples of one dialogue, in order.

    Dialogues with the same ``split_key`` must stay on the same side of a split into training and test.
    """

    id: str
    split_key: str
    examples: tuple[Example, ...]
