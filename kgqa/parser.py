"""From a question in its conversation to an answer: all that chat, server, evaluation and command line call.

    question -> links -> context -> model under the mask (beam) -> forms -> execution -> Answer

Among the forms of the beam ``kgqa.choice`` decides. A guided parser then lets a form that denotes nothing
give way to one that denotes something and is not much less probable. Where none does, the best form is
tried without what the graph may just not tell (``kgqa.relaxing``), then the words that it took for an entity
are read as another one ("president of the United States" as the country). Where nothing was learnt to
choose by, or forms are dear to execute, one that leaves out a clearly named entity counts as less probable.
"""

from __future__ import annotations

import math
import re
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import torch

from grammar.denotation import Denotation, is_empty
from grammar.errors import ExecutionError
from grammar.execute import Execution, Limits
from grammar.forms import EntityLeaf, LogicalForm, leaves
from grammar.forms import replace as replace_parts
from grammar.offers import Offers
from grammar.partial import ActionSpace
from kgqa.answer import Answer, Answered, AskedBack, Failed, Hypothesis, Unparsed
from kgqa.batch import encode_contexts, make_batch
from kgqa.checkpoint import Checkpoint, load_checkpoint
from kgqa.context import Context
from kgqa.conversation import Conversation
from kgqa.decode import BEAM, beam_search
from kgqa.evidence import answer_text, facts_behind, result_of
from kgqa.form_features import SURE, Judged, execute_hypothesis, overlap
from kgqa.graph_text import GraphText
from kgqa.graphs.protocol import KnowledgeGraph
from kgqa.linking import Candidate, Links, link
from kgqa.linking.namesakes import close_namesakes, settled
from kgqa.refusals import hardly_named, not_understood, refusal, uses_words, without_antecedent
from kgqa.relaxing import relaxed, timeless
from kgqa.surroundings import build_context

MARGIN = 1.5
"""Nats by which a form that denotes something may be less probable than one that denotes nothing."""
UNSURE = 0.1
"""A guided parser answers with no form less probable than this: it says that it did not understand."""
DOUBTFUL = 0.5
"""Below this a guided parser rather takes the decoder's likeliest form without a time that no fact tells."""
LEFT_OUT = 2.5
"""Nats by which a form counts as less probable for every clearly named entity that it leaves out."""
CLOSE = 0.7
"""Two namesakes whose forms differ by less than this many nats are asked about."""

_ORDINALS = {"first": 0, "former": 0, "second": 1, "latter": 1, "third": 2, "fourth": 3}


@dataclass(frozen=True)
class Request:
    """One question; ``given`` are its entities where somebody knows them."""

    conversation: Conversation
    question: str
    given: tuple[str, ...] | None = None


@dataclass(frozen=True)
class _Read:
    """A question as it came, as it is meant ("the second one" means the question asked before), and read."""

    asked: Request
    meant: Request
    links: Links
    context: Context


class SemanticParser:
    """A model on a graph.

    ``guided`` towards forms that denote something or not: on a slice of a graph the right form may denote
    nothing, and what is learnt on released dialogues about that (``kgqa.choice``) is the fairer guess.
    """

    def __init__(self, checkpoint: Checkpoint, graph: KnowledgeGraph, *, guided: bool = True) -> None:
        self.guided = guided
        self.graph = graph
        self.checkpoint = checkpoint
        self.text = GraphText(graph, checkpoint.text)
        self.offers = Offers(graph, silent="offers" in checkpoint.config.context.without)
        self.limits = Limits(elements=5_000_000, seconds=10.0)

    @classmethod
    def load(cls, run: Path, graph: KnowledgeGraph, *, device: str = "auto") -> SemanticParser:
        """Open a run for a graph.

        Raises:
            CheckpointError: it is no run, or one for another grammar.
        """
        return cls(load_checkpoint(run, device=device), graph)

    def answer(
        self,
        conversation: Conversation,
        question: str,
        *,
        given: Sequence[str] | None = None,
        beam: int = BEAM,
    ) -> Answer:
        """Answer one question."""
        known = None if given is None else tuple(given)
        return self.answer_batch([Request(conversation, question, known)], beam=beam)[0]

    def answer_batch(self, requests: Sequence[Request], *, beam: int = BEAM) -> list[Answer]:
        """Answer several questions; each in its own conversation, all in one batch of the model."""
        started = time.perf_counter()
        answers: dict[int, Answer] = {}
        read: dict[int, _Read] = {}
        config = self.checkpoint.config.context
        refused = [refusal(asked.question) for asked in requests]
        taken = {asked.question for asked, why in zip(requests, refused, strict=True) if not why}
        self.checkpoint.text.pieces(sorted(taken), config.question_tokens)  # together, and once for all uses
        for k, (asked, why) in enumerate(zip(requests, refused, strict=True)):
            if why:
                answers[k] = Unparsed(asked.question, Links(), 0.0, why=why)
                continue
            read[k] = self._read(asked)
        if read:
            found = self._parse([one.context for one in read.values()], beam)
            shared = time.perf_counter() - started
            for (k, one), hypotheses in zip(read.items(), found, strict=True):
                before = time.perf_counter()
                answer = self._choose(one, hypotheses)
                if self.guided and isinstance(answer, Answered) and answer.result.empty:
                    answer = self._read_otherwise(one, answer, beam) or answer
                spent = shared / len(read) + time.perf_counter() - before
                answers[k] = replace(answer, milliseconds=1000 * spent)
        return [answers[k] for k in range(len(requests))]

    def context(
        self, conversation: Conversation, question: str, *, given: Sequence[str] | None = None
    ) -> Context:
        """What the model sees of a question."""
        known = None if given is None else tuple(given)
        return self._read(Request(conversation, question, known)).context

    def _read(self, asked: Request) -> _Read:
        meant, choice = _settled(asked, self.graph)
        links = link(meant.question, meant.conversation, self.graph, given=meant.given)
        if choice is None:
            links = settled(meant.question, links, meant.conversation, self.graph)
        else:
            links = _prefer(links, choice)
        return _Read(asked, meant, links, self._context(meant, links))

    def _context(self, request: Request, links: Links) -> Context:
        checkpoint = self.checkpoint
        return build_context(
            request.question,
            request.conversation,
            links,
            self.text,
            offers=self.offers,
            associations=checkpoint.associations,
            config=checkpoint.config.context,
        )

    def _parse(self, contexts: Sequence[Context], beam: int) -> list[list[Hypothesis]]:
        config, model = self.checkpoint.config, self.checkpoint.model
        encoded = encode_contexts(contexts, self.checkpoint.text, config=config.context)
        device = next(model.parameters()).device
        batch = make_batch(encoded, self.checkpoint.text).to(device)
        spaces = [ActionSpace(c.leaves, max_actions=config.training.max_actions) for c in contexts]
        with torch.inference_mode():
            return beam_search(model, batch, spaces, offers=[self.offers] * len(spaces), beam=beam)

    def _choose(self, read: _Read, hypotheses: Sequence[Hypothesis]) -> Answer:
        """The answer that the best form gives which can be executed."""
        question, given, links = read.asked.question, read.meant.given, read.links
        if not hypotheses:
            return Unparsed(question, links, 0.0, why=not_understood(read.meant.question, links))
        execution = Execution(self.graph, limits=self.limits)
        likeliest = hypotheses[0]
        hypotheses, close = self._judged(hypotheses, read, execution)
        executed = [(one.hypothesis, one.denotation) for one in close if one.denotation is not None]
        if not executed:
            form, error = close[0].hypothesis.form, close[0].error
            assert error is not None
            return Failed(question, links, 0.0, form=form, error=error)
        chosen, denotation = next((pair for pair in executed if not is_empty(pair[1])), executed[0])
        if self.guided and math.exp(chosen.score) < DOUBTFUL:
            chosen, denotation = timeless(likeliest, execution) or (chosen, denotation)
        if self.guided and is_empty(denotation):
            chosen, denotation = relaxed(chosen, execution) or (chosen, denotation)
        unsure = math.exp(chosen.score) < UNSURE or not links.candidates or hardly_named(chosen.form, links)
        unknown = links.unlinked and not uses_words(chosen.form, links)
        lost = without_antecedent(read.meant.question, links)
        if self.guided and (unsure or (given is None and (unknown or lost))):
            return Unparsed(question, links, 0.0, why=not_understood(read.meant.question, links))
        namesakes = [] if given is not None else _namesakes(chosen, executed, read.context, self.graph)
        if not namesakes and self.guided and given is None:
            namesakes = self._close(chosen.form, read, execution)
        if namesakes:
            text = f"Did you mean {' or '.join(self._told_apart(namesakes))}?"
            return AskedBack(question, links, 0.0, choices=tuple(namesakes), text=text)
        like = self.text.similar_types([read.meant.question]).of
        result = result_of(denotation, self.graph, told=read.meant.conversation.told, likeness=like)
        return Answered(
            question,
            links,
            0.0,
            form=chosen.form,
            result=result,
            confidence=math.exp(chosen.score),
            text=answer_text(result, self.graph),
            evidence=facts_behind(chosen.form, self.graph, execution=execution),
            alternatives=tuple(h for h in hypotheses if h.form != chosen.form),
        )

    def _judged(
        self, hypotheses: Sequence[Hypothesis], read: _Read, execution: Execution
    ) -> tuple[list[Hypothesis], list[Judged]]:
        """All hypotheses, best first; the best and those nearly as good executed."""
        margin = MARGIN if self.guided else 0.0
        choices = self.checkpoint.choices
        choice = choices.guided if self.guided else choices.unguided
        if self.offers.are_cheap and choice:
            judged = choice.judge(hypotheses, read.context, execution, self.offers)
            ranked = [one.hypothesis for one in judged]
            return ranked, [one for one in judged if one.hypothesis.score >= ranked[0].score - margin]
        ranked = _ranked(hypotheses, read.links) if self.guided else list(hypotheses)
        near = [h for h in ranked if h.score >= ranked[0].score - margin]
        return ranked, [execute_hypothesis(h, execution) for h in near]

    def _close(self, form: LogicalForm, read: _Read, execution: Execution) -> list[str]:
        """An entity of the form and its namesakes that may be meant just as well, and give an answer too."""
        asked, conversation = read.meant.question, read.meant.conversation
        for leaf in dict.fromkeys(leaves(form)):
            if isinstance(leaf, EntityLeaf) and len(leaf.names) == 1:
                others = close_namesakes(leaf.names[0], asked, read.links, conversation, self.graph)
                answering = [name for name in others if _denotes(form, leaf, name, execution)]
                if answering:
                    return [leaf.names[0], *answering]
        return []

    def _read_otherwise(self, read: _Read, answer: Answered, beam: int) -> Answered | None:
        """The answer with the words of the form's entities read as others, if that denotes something."""
        used = {leaf for leaf in leaves(answer.form) if isinstance(leaf, EntityLeaf)}
        spans = [c.span for c in read.links.candidates if c.leaf in used]
        others = tuple(c for c in read.links.candidates if c.leaf not in used)
        entities = [c for c in others if isinstance(c.leaf, EntityLeaf)]
        if not any(overlap(c.span, span) for c in entities for span in spans):
            return None
        links = replace(read.links, candidates=others)
        again = replace(read, links=links, context=self._context(read.meant, links))
        found = self._choose(again, self._parse([again.context], beam)[0])
        return found if isinstance(found, Answered) and not found.result.empty else None

    def _told_apart(self, names: Sequence[str]) -> list[str]:
        """Labels with descriptions, and with ids where these do not tell them apart."""
        labels = [label or name for label, name in zip(self.graph.labels(names), names, strict=True)]
        about = [self.graph.description(name) for name in names]
        notes = [
            text if text and about.count(text) == 1 else f"{text}, {name}" if text else name
            for text, name in zip(about, names, strict=True)
        ]
        return [f"{label} ({note})" for label, note in zip(labels, notes, strict=True)]


def _denotes(form: LogicalForm, leaf: EntityLeaf, name: str, execution: Execution) -> bool:
    """Whether the form denotes something with another entity in place of the leaf."""
    try:
        return not is_empty(execution.denotation(replace_parts(form, {leaf: EntityLeaf((name,))})))
    except ExecutionError:  # then it is no answer to ask about
        return False


def _ranked(hypotheses: Sequence[Hypothesis], links: Links) -> list[Hypothesis]:
    """Hypotheses best first, those lowered that leave out what the question clearly names."""
    named = [c for c in links.candidates if isinstance(c.leaf, EntityLeaf) and c.span]
    clear = [c.span for c in named if c.score >= SURE]

    def left_out(form: LogicalForm) -> int:
        used = set(leaves(form))
        spans = [c.span for c in named if c.leaf in used]
        return sum(not any(overlap(span, other) for other in spans) for span in clear)

    return sorted(hypotheses, key=lambda h: LEFT_OUT * left_out(h.form) - h.score)


# --- namesakes ----------------------------------------------------------------------------------------


def _namesakes(
    chosen: Hypothesis,
    executed: Sequence[tuple[Hypothesis, Denotation]],
    context: Context,
    graph: KnowledgeGraph,
) -> list[str]:
    """Entities of one name between which the forms of the beam cannot decide: the chosen one first."""
    spans = {o.leaf: o.span for o in context.objects if isinstance(o.leaf, EntityLeaf) and o.span}
    for mine in dict.fromkeys(leaves(chosen.form)):
        if not isinstance(mine, EntityLeaf) or mine not in spans:
            continue
        names = [mine.names[0]]
        for other, denotation in executed:
            if is_empty(denotation) or chosen.score - other.score > CLOSE:
                continue
            for theirs in dict.fromkeys(leaves(other.form)):
                if (
                    isinstance(theirs, EntityLeaf)
                    and theirs != mine
                    and spans.get(theirs) == spans[mine]
                    and graph.label(theirs.names[0]) == graph.label(mine.names[0])
                    and replace_parts(other.form, {theirs: mine}) == chosen.form
                ):
                    names.append(theirs.names[0])
        if len(names) > 1:
            return names
    return []


def _settled(request: Request, graph: KnowledgeGraph) -> tuple[Request, str | None]:
    """A reply to "Did you mean X or Y?" becomes the earlier question again, with the entity that it chose."""
    turns, asked_back = request.conversation.turns, request.conversation.asked_back
    if asked_back is None:
        return request, None
    choices = asked_back.entities
    chosen = _chosen(request.question, choices, graph) if len(choices) > 1 else None
    if chosen is None:
        return request, None
    return Request(Conversation(turns[:-1]), turns[-1].question, request.given), chosen


def _chosen(reply: str, choices: Sequence[str], graph: KnowledgeGraph) -> str | None:
    words = re.findall(r"\w+", reply.lower())
    if len(words) > 8:
        return None
    for word in words:
        if _ORDINALS.get(word, len(choices)) < len(choices):
            return choices[_ORDINALS[word]]
    if words[:1] in (["yes"], ["yeah"], ["yep"]):
        return choices[0]
    descriptions = [set(re.findall(r"\w+", (graph.description(c) or "").lower())) for c in choices]
    telling = [len((d - set.intersection(*descriptions)) & set(words)) for d in descriptions]
    best = max(telling)
    return choices[telling.index(best)] if best and telling.count(best) == 1 else None


def _prefer(links: Links, chosen: str) -> Links:
    """The links without the other readings of the words that the chosen entity was found in."""
    spans = {c.span for c in links.candidates if c.leaf == EntityLeaf((chosen,))}

    def stays(candidate: Candidate) -> bool:
        other = isinstance(candidate.leaf, EntityLeaf) and candidate.leaf != EntityLeaf((chosen,))
        return not (other and candidate.span in spans and candidate.span is not None)

    return replace(links, candidates=tuple(filter(stays, links.candidates)))
