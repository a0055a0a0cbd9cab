"""Corrections: "I meant Paris, Texas", "no, the film", "not Titanic but Alien".

A correction asks the previous question again with one leaf of its form replaced: the leaf that what was
meant can best stand for. It works with any parser, since it needs only the last form and the graph.
"""

from __future__ import annotations

import dataclasses
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from grammar.errors import ExecutionError
from grammar.execute import Execution
from grammar.forms import EntityLeaf, Leaf, LogicalForm, RelationLeaf, TypeLeaf, leaves, replace
from kgqa.answer import Answer, Answered, Failed, Unparsed
from kgqa.evidence import answer_text, facts_behind, result_of
from kgqa.graphs.names import normalise
from kgqa.graphs.protocol import Among, Hit, KnowledgeGraph
from kgqa.linking import Candidate, Links
from kgqa.readable import name_text

_LEAD = r"(?:(?:no|nope|sorry|actually|well|oh|wait)\b[\s,.!:;-]*)"
_CORRECTION = re.compile(
    rf"^\s*(?:"
    rf"{_LEAD}*i\s+(?:actually\s+|really\s+)?(?:meant|mean)\s+(?:to\s+(?:say|ask\s+about)\s+)?(?P<meant>.+?)"
    rf"(?:,?\s+not\s+(?P<wrong>.+?))?"
    rf"|{_LEAD}*not\s+(?P<wrong_first>.+?),?\s+(?:but|i\s+meant)\s+(?P<instead>.+?)"
    rf"|no\s*[,!:;-]+\s*(?P<plain>.+?)"
    rf")[\s.!]*$",
    re.IGNORECASE,
)
_QUESTION = re.compile(
    r"\?\s*$|^(?:who|whom|whose|what|when|where|which|why|how|is|are|was|were|do|does|did|has|have|had|can|"
    r"tell|give|name|list|show|and)\b",
    re.IGNORECASE,
)
_ARTICLE = re.compile(r"^(?:the|a|an)\s+", re.IGNORECASE)
_TRIED = 6


@dataclass(frozen=True)
class Correction:
    """What somebody meant, and what they were taken to mean, if they say so."""

    meant: str
    wrong: str = ""


def read_correction(text: str) -> Correction | None:
    """The correction that a text is, or None.

    >>> read_correction("No, I meant Paris, Texas.")
    Correction(meant='Paris, Texas', wrong='')
    >>> read_correction("not Titanic but Alien")
    Correction(meant='Alien', wrong='Titanic')
    >>> read_correction("No, who directed Alien?") is None
    True
    """
    match = _CORRECTION.match(text)
    if match is None:
        return None
    meant = match["meant"] or match["instead"] or match["plain"]
    if _QUESTION.search(meant):
        return None
    return Correction(meant.strip(" \"'“”"), (match["wrong"] or match["wrong_first"] or "").strip(" \"'“”"))


def corrected(text: str, last: Answered | Failed, graph: KnowledgeGraph) -> Answer | None:
    """The answer to the last question with what was meant put in, or None where the text corrects nothing."""
    correction = read_correction(text)
    if correction is None:
        return None
    started = time.perf_counter()

    def milliseconds() -> float:
        return (time.perf_counter() - started) * 1e3

    ways = list(_ways(correction, last.form, graph))
    if not ways:
        why = f"I know nothing called “{correction.meant}” that could stand in the last question."
        return Unparsed(text, Links(unlinked=(correction.meant,)), milliseconds(), why)
    outcomes = [_execute(text, way, last, graph) for way in ways[:_TRIED]]
    best = next((a for a in outcomes if isinstance(a, Answered) and not a.result.empty), outcomes[0])
    return dataclasses.replace(best, milliseconds=milliseconds())


@dataclass(frozen=True)
class _Way:
    """One leaf of the form replaced by one thing that may be meant."""

    form: LogicalForm
    leaf: Leaf
    hit: Hit
    worth: float


def _ways(correction: Correction, form: LogicalForm, graph: KnowledgeGraph) -> Iterator[_Way]:
    """The ways to put in what was meant, the likeliest first."""
    ways = []
    for among, kind in (("entities", EntityLeaf), ("types", TypeLeaf), ("relations", RelationLeaf)):
        targets = [leaf for leaf in dict.fromkeys(leaves(form)) if isinstance(leaf, kind)]
        for hit in _hits(correction.meant, among, graph) if targets else ():  # type: ignore[arg-type]
            for leaf in targets:
                new: Leaf = EntityLeaf((hit.name,)) if isinstance(leaf, EntityLeaf) else kind(hit.name)  # type: ignore[arg-type]
                if new == leaf:
                    continue
                worth = hit.score + _fit(leaf, hit, correction, graph)
                ways.append(_Way(replace(form, {leaf: new}), new, hit, worth))
    yield from sorted(ways, key=lambda way: -way.worth)


def _hits(meant: str, among: Among, graph: KnowledgeGraph) -> list[Hit]:
    hits = graph.search(meant, limit=5, among=among)
    if _ARTICLE.match(meant) and not any(hit.how == "exact" for hit in hits):
        hits = graph.search(_ARTICLE.sub("", meant), limit=5, among=among) or hits
    # Of relations and types only what is really called so: any word resembles some relation.
    return hits if among == "entities" else [hit for hit in hits if hit.how in ("exact", "alias")]


def _fit(leaf: Leaf, hit: Hit, correction: Correction, graph: KnowledgeGraph) -> float:
    """How well what was found fits the place of a leaf."""
    names = leaf.names if isinstance(leaf, EntityLeaf) else (leaf.name,)  # type: ignore[union-attr]
    words = {word for name in names for word in normalise(name_text(name, graph)).split()}
    fit = 0.0
    if correction.wrong:
        fit += 2.0 * bool(words & set(normalise(correction.wrong).split()))
    fit += 0.5 * bool(words & set(normalise(correction.meant).split()))  # namesakes are what gets mixed up
    if isinstance(leaf, EntityLeaf):
        numbers = graph.entities([hit.name, *names])
        kinds = graph.types(numbers[numbers >= 0])
        own = kinds.items[kinds.owners == 0]
        fit += 0.5 * bool(np.isin(own, kinds.items[kinds.owners > 0]).any())
        fit -= 0.3 * (len(names) > 1)
    return fit


def _execute(text: str, way: _Way, last: Answered | Failed, graph: KnowledgeGraph) -> Answered | Failed:
    links = Links((Candidate(way.leaf, way.hit.how, way.hit.score),))
    execution = Execution(graph)
    try:
        result = result_of(execution.denotation(way.form), graph)
        evidence = facts_behind(way.form, graph, execution=execution)
    except ExecutionError as error:
        return Failed(text, links, 0.0, way.form, error)
    sure = last.confidence if isinstance(last, Answered) else 1.0
    return Answered(
        question=text,
        links=links,
        milliseconds=0.0,
        form=way.form,
        result=result,
        confidence=min(sure, way.hit.score),
        text=answer_text(result, graph),
        evidence=evidence,
    )
