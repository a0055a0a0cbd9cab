"""An answer as the JSON object that the command line and the page give.

===================  ====================================================================================
``outcome``          answered, asked_back, unparsed or failed
``question``         as it was asked
``answer``           the answer in words; null where there is none (``message`` then says why)
``message``          what a dialogue shows: the answer, the question back, or what was not understood
``entities``         ``{id, label, description}`` of each entity of the answer (or of the choices)
``values``           literals as they are written in forms; ``numbers`` and ``truths`` likewise
``size``             how many entities or values the answer has; null for numbers and truth values
``form``             the logical form; ``english`` and ``sparql`` say the same (null where there is no form)
``evidence``         ``[subject, relation, object, [qualifier, value], ...]`` by ids; ``facts`` in words
``linked``           ``{id, label, sort, how, score, text}`` of what the question was taken to speak of
``not_linked``       what looks like a name and is none that the graph knows
``left_out``         words of the question that say when ("before the war"), and that the form has nothing for
``confidence``       0 to 1, null where there is no answer; ``milliseconds`` from question to answer
===================  ====================================================================================
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from typing import Any

from grammar.english import to_english
from grammar.errors import FormError, KgqaError
from grammar.execute import Execution
from grammar.forms import EntityLeaf, LogicalForm, RelationLeaf, TypeLeaf, leaves
from grammar.sparql import to_sparql
from grammar.sparql.graph_model import PLAIN, WIKIDATA
from kgqa.answer import Answer, Answered, AskedBack, Fact, Failed, Result, Unparsed
from kgqa.evidence import answer_text, facts_behind, result_of
from kgqa.graphs.protocol import KnowledgeGraph
from kgqa.linking import Candidate
from kgqa.readable import fact_text, name_text, value_text

MOST_ENTITIES = 1_000
"""An answer with more entities lists the first ones; ``size`` tells how many there are."""
_MOST_LINKED = 10


def answer_record(answer: Answer, graph: KnowledgeGraph) -> dict[str, Any]:
    """The JSON object of an answer (see the top of this file)."""
    record: dict[str, Any] = {
        "outcome": outcome_of(answer),
        "question": answer.question,
        "answer": None,
        "message": message_of(answer),
        "entities": [],
        "values": [],
        "numbers": [],
        "truths": [],
        "size": None,
        "form": None,
        "english": None,
        "sparql": None,
        "evidence": [],
        "facts": [],
        "linked": [linked_record(candidate, graph, answer.question) for candidate in shown_links(answer)],
        "not_linked": list(answer.links.unlinked),
        "left_out": list(answer.links.left_out(answer.form)) if isinstance(answer, Answered) else [],
        "confidence": None,
        "milliseconds": round(answer.milliseconds, 1),
    }
    if isinstance(answer, Answered):
        record |= _result_fields(answer.result, graph, answer.evidence)
        record |= {"answer": answer.text, "confidence": round(answer.confidence, 4)}
    elif isinstance(answer, AskedBack):
        record["entities"] = entity_records(answer.choices, graph)
    if isinstance(answer, Answered | Failed):
        record |= _form_fields(answer.form, graph)
    return record


def form_record(form: LogicalForm, graph: KnowledgeGraph) -> dict[str, Any]:
    """What a form denotes on a graph, with the keys of an answer.

    Raises:
        ExecutionError: it cannot be executed there.
    """
    started = time.perf_counter()
    execution = Execution(graph)
    result = result_of(execution.denotation(form), graph)
    milliseconds = (time.perf_counter() - started) * 1e3
    return {
        **_result_fields(result, graph, facts_behind(form, graph, execution=execution)),
        **_form_fields(form, graph),
        "answer": answer_text(result, graph),
        "sort": form.sort.value,
        "milliseconds": round(milliseconds, 1),
    }


def _result_fields(result: Result, graph: KnowledgeGraph, evidence: Sequence[Fact]) -> dict[str, Any]:
    members = result.entities if result.entities is not None else result.values
    return {
        "entities": entity_records((result.entities or ())[:MOST_ENTITIES], graph),
        "values": [str(value) for value in (result.values or ())[:MOST_ENTITIES]],
        "numbers": list(result.numbers or ()),
        "truths": list(result.truths or ()),
        "size": None if members is None else len(members),
        "evidence": [
            [fact.subject, fact.relation, fact.object, *map(list, fact.qualifiers)] for fact in evidence
        ],
        "facts": [fact_text(fact, graph) for fact in evidence],
    }


def _form_fields(form: LogicalForm, graph: KnowledgeGraph) -> dict[str, Any]:
    return {"form": str(form), "english": form_english(form, graph), "sparql": form_sparql(form)}


def outcome_of(answer: Answer) -> str:
    """``answered``, ``asked_back``, ``unparsed`` or ``failed``."""
    for kind, word in ((Answered, "answered"), (AskedBack, "asked_back"), (Unparsed, "unparsed")):
        if isinstance(answer, kind):
            return word
    return "failed"


def message_of(answer: Answer) -> str:
    """What a dialogue shows; never empty."""
    if isinstance(answer, Answered):
        missing = answer.links.left_out(answer.form)
        note = (
            f" (I did not take {' or '.join(f'“{text}”' for text in missing)} into account.)"
            if missing
            else ""
        )
        return answer.text + note
    if isinstance(answer, AskedBack):
        return answer.text
    if isinstance(answer, Unparsed):
        return answer.why
    assert isinstance(answer, Failed)
    return f"I read the question as {answer.form}, but it cannot be computed: {one_line(answer.error)}"


def one_line(error: KgqaError) -> str:
    """An error's message without its line breaks; the caret line under a form is left out."""
    lines = [line.strip() for line in str(error).splitlines()]
    return ": ".join(line for line in lines if line and line != "^")


def entity_records(names: Sequence[str], graph: KnowledgeGraph) -> list[dict[str, str | None]]:
    """``{id, label, description}`` of each."""
    return [
        {"id": name, "label": label, "description": graph.description(name)}
        for name, label in zip(names, graph.labels(names), strict=True)
    ]


def shown_links(answer: Answer) -> list[Candidate]:
    """What the question was taken to speak of: what its form uses; without a form, what it names."""
    if isinstance(answer, Answered | Failed):
        used = set(leaves(answer.form))
        known = [candidate for candidate in answer.links.candidates if candidate.leaf in used]
        found = {candidate.leaf for candidate in known}
        return known + [
            Candidate(leaf, "model", 0.0) for leaf in dict.fromkeys(leaves(answer.form)) if leaf not in found
        ]
    return list(_best_apart(answer.links.candidates))[:_MOST_LINKED]


def _best_apart(candidates: Iterable[Candidate]) -> Iterable[Candidate]:
    """The best candidate of every stretch of the question."""
    taken: list[tuple[int, int]] = []
    for candidate in candidates:
        if candidate.span is None or not isinstance(candidate.leaf, EntityLeaf | TypeLeaf):
            continue
        start, end = candidate.span
        if all(end <= low or high <= start for low, high in taken):
            taken.append(candidate.span)
            yield candidate


def linked_record(candidate: Candidate, graph: KnowledgeGraph, question: str) -> dict[str, Any]:
    """``{id, label, sort, how, score, text}``; ``text`` is the part of the question, if it names it."""
    leaf = candidate.leaf
    label: str | None
    if isinstance(leaf, EntityLeaf):
        label = ", ".join(name_text(name, graph) for name in leaf.names[:3])
        label += f" and {len(leaf.names) - 3} more" if len(leaf.names) > 3 else ""
    elif isinstance(leaf, RelationLeaf | TypeLeaf):
        label = graph.label(leaf.name)
    else:
        label = value_text(leaf.value, graph) if hasattr(leaf, "value") else str(leaf)
    return {
        "id": str(leaf),
        "label": label,
        "sort": leaf.sort.value,
        "how": candidate.how,
        "score": round(candidate.score, 3),
        "text": question[slice(*candidate.span)] if candidate.span else None,
    }


def form_english(form: LogicalForm, graph: KnowledgeGraph) -> str:
    """What the form computes, in a sentence with the graph's labels."""
    return to_english(form, graph.label)


def form_sparql(form: LogicalForm) -> str:
    """The form as one SPARQL query: over Wikidata where all its ids are Wikidata's, else over plain RDF.

    Raises:
        FormError: an id cannot be written in a query.
    """
    try:
        return to_sparql(form, model=WIKIDATA)
    except FormError:
        return to_sparql(form, model=PLAIN)
