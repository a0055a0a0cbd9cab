"""A chat: a dialogue with a parser that is kept from question to question and can be corrected.

The command line, the terminal chat and the page all talk through ``Chat``, so that a question means the
same everywhere.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from grammar.errors import DataError
from kgqa.answer import Answer, Answered, Failed, turn_of
from kgqa.conversation import Conversation
from kgqa.corrections import corrected
from kgqa.graphs.protocol import KnowledgeGraph

MOST_CHARACTERS = 1_000
"""Longer texts are no questions; the parser refuses them too."""


class Parser(Protocol):
    """What a chat needs of a parser; ``kgqa.parser.SemanticParser`` is one."""

    @property
    def graph(self) -> KnowledgeGraph:
        """The graph that it answers from."""
        ...

    def answer(
        self,
        conversation: Conversation,
        question: str,
        *,
        given: Sequence[str] | None = None,
        beam: int = 8,
    ) -> Answer:
        """Answer a question that follows a conversation."""
        ...


def check_question(text: str) -> str:
    """The question without the space around it.

    Raises:
        DataError: it is empty, too long, or no text.
    """
    question = " ".join(text.split())
    if not question:
        raise DataError("expected a question, found an empty line: ask, for example, 'Who directed Titanic?'")
    if len(question) > MOST_CHARACTERS:
        raise DataError(
            f"expected a question of at most {MOST_CHARACTERS:,} characters, found {len(question):,}: "
            "shorten it, or ask it in several questions"
        )
    if not question.isprintable():
        odd = next(character for character in question if not character.isprintable())
        raise DataError(f"expected a question in plain text, found {odd!r} in it: is this a text file?")
    return question


@dataclass
class Chat:
    """A dialogue so far, and the answer given last."""

    parser: Parser
    conversation: Conversation = field(default_factory=Conversation)
    last: Answer | None = None

    def ask(self, text: str) -> Answer:
        """Answer a question, or a correction of the last one ("I meant Paris, Texas"), and remember it.

        Raises:
            DataError: the text is empty, too long, or no text; the dialogue stays as it was.
        """
        question = check_question(text)
        answer = self._correction(question) or self.parser.answer(self.conversation, question)
        self.conversation = self.conversation.then(turn_of(answer))
        self.last = answer
        return answer

    def _correction(self, text: str) -> Answer | None:
        turns = self.conversation.turns
        # Where the parser asked back, it has learned to understand the reply.
        if not turns or turns[-1].answer is None or turns[-1].answer.asks_back:
            return None
        if not isinstance(self.last, Answered | Failed):
            return None
        return corrected(text, self.last, self.parser.graph)

    def reset(self) -> None:
        """Start a new dialogue."""
        self.conversation, self.last = Conversation(), None
