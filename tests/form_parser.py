"""A parser that takes forms for questions: the shell around a parser is tested with it, without a model."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

from grammar.errors import ExecutionError, FormError
from grammar.execute import Execution
from grammar.forms import LogicalForm, leaves, read_form
from kgqa.answer import Answer, Answered, AskedBack, Failed, Hypothesis, Unparsed
from kgqa.conversation import Conversation
from kgqa.evidence import answer_text, facts_behind, result_of
from kgqa.graphs import KnowledgeGraph
from kgqa.linking import Candidate, Links
from kgqa.parser import Request


class FormParser:
    """Understands "follow(Q142, P36)", "it: follow(IT, P36)" with IT the last answer, and "which Paris"."""

    def __init__(self, graph: KnowledgeGraph, *, seconds: float = 0.0) -> None:
        self.graph = graph
        self.seconds = seconds
        self.requests: list[Request] = []

    @classmethod
    def load(cls, run: Path, graph: KnowledgeGraph, *, device: str = "auto") -> FormParser:
        return cls(graph)

    def answer(
        self,
        conversation: Conversation,
        question: str,
        *,
        given: Sequence[str] | None = None,
        beam: int = 6,
    ) -> Answer:
        return self.answer_batch([Request(conversation, question, tuple(given) if given else None)])[0]

    def answer_batch(self, requests: Sequence[Request], *, beam: int = 6) -> list[Answer]:
        self.requests += requests
        return [self._answer(request) for request in requests]

    def _answer(self, request: Request) -> Answer:
        time.sleep(self.seconds)
        question = request.question
        turns = request.conversation.turns
        before = turns[-1].answer if turns else None
        if question == "which Paris":
            return AskedBack(
                question, Links(), 1.0, choices=("Q90", "X1"), text="Did you mean Paris or Paris?"
            )
        if before is not None and before.asks_back:
            question = f"follow({before.entities[0]}, P17)"
        text = question.removeprefix("it: ")
        if before is not None:
            text = text.replace("IT", "{" + " ".join(before.entities) + "}")
        forms = []
        for part in text.split(" OR "):
            try:
                forms.append(read_form(part))
            except FormError:
                why = "I know what you speak of, but not what you ask about it."
                return Unparsed(request.question, Links(unlinked=("Xyzzy",)), 1.0, why=why)
        return self._executed(request.question, forms)

    def _executed(self, question: str, forms: Sequence[LogicalForm]) -> Answer:
        form = forms[0]
        links = Links(tuple(Candidate(leaf, "exact", 1.0, span=(0, 6)) for leaf in leaves(form)))
        try:
            result = result_of(Execution(self.graph).denotation(form), self.graph)
        except ExecutionError as error:
            return Failed(question, links, 1.0, form=form, error=error)
        return Answered(
            question,
            links,
            1.0,
            form=form,
            result=result,
            confidence=0.9,
            text=answer_text(result, self.graph),
            evidence=facts_behind(form, self.graph),
            alternatives=tuple(Hypothesis(other, -1.0) for other in forms[1:]),
        )
