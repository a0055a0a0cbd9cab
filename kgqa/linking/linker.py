"""Linking: which entities, types, relations, numbers and values a question may speak of.

Recall comes first: every run of words is looked up, namesakes and overlapping names stay, and the parser
chooses among all candidates. What the dialogue offers (``referents``) comes along, ranked with the rest.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from grammar.denotation import EMPTY
from grammar.forms import EntityLeaf, Leaf, LogicalForm, RelationLeaf, TypeLeaf, ValueLeaf, leaves
from grammar.operators import LEAF_SORTS
from grammar.values import YEAR, Time
from kgqa.conversation import Conversation
from kgqa.graphs.protocol import KnowledgeGraph
from kgqa.linking.agreement import Said, agreed, neighbours
from kgqa.linking.conditions import Condition, find_conditions
from kgqa.linking.given import find_given
from kgqa.linking.matches import apart, find_matches, settled_names
from kgqa.linking.mentions import unlinked_mentions
from kgqa.linking.pointing import find_pointing
from kgqa.linking.quantities import find_dates, find_numbers, find_ordinals
from kgqa.linking.referents import ORDERED, Referent, find_referents
from kgqa.linking.vocabulary import Vocabulary, find_wordings, vocabulary

MOST_CHARACTERS = 2_000
"""What is longer is no question: only its first characters are looked at."""
_SURE_ENOUGH = 0.1
"""A mention with nothing but vaguer likenesses than this counts as not found."""
_RECENT, _AROUND = 2, 12
"""How many turns back, and of how many entities, the neighbours are looked at."""
_ORDINAL = 0.5  # "first" mostly asks for an extreme, not for the text "1"
_ELLIPSIS = 0.6  # types and relations of the question before, for "And what about Paris?"


@dataclass(frozen=True)
class Candidate:
    """Something that the question may speak of.

    ``how`` it was found: 'exact' (the label), 'alias', 'partial' (words of a name), 'fuzzy' (with typos),
    'wording' (words or their stems; numbers, dates), 'given' (by the caller); or in the dialogue: 'answer',
    'mentioned', 'seed' (what the dialogue began with). ``score`` is in 0..1. ``span`` are characters of the
    question, None for what it does not name; ``turn`` is 0 for this question, 1 for the turn before.
    """

    leaf: Leaf
    how: str
    score: float
    span: tuple[int, int] | None = None
    turn: int = 0


@dataclass(frozen=True)
class Links:
    """All candidates, sort by sort and the best first.

    ``unlinked`` are the mentions that nothing was found for, ``conditions`` the words that say when, dates or
    not: what a form uses nothing of was not understood. ``pointing`` are the words that mean something of the
    dialogue.
    """

    candidates: tuple[Candidate, ...] = ()
    unlinked: tuple[str, ...] = ()
    conditions: tuple[Condition, ...] = ()
    pointing: tuple[tuple[int, int], ...] = ()

    def of(self, kind: type[Leaf]) -> tuple[Candidate, ...]:
        """The candidates of one kind of leaf, best first."""
        return tuple(candidate for candidate in self.candidates if isinstance(candidate.leaf, kind))

    def left_out(self, form: LogicalForm) -> tuple[str, ...]:
        """The conditions of the question that a form has no leaf for: an answer should own up to them."""
        used = set(leaves(form))
        spans = [one.span for one in self.candidates if one.span and one.leaf in used]
        return tuple(
            one.text
            for one in self.conditions
            if not any(start < one.span[1] and one.span[0] < end for start, end in spans)
        )


@dataclass(frozen=True)
class LinkLimits:
    """How many candidates are kept: ``entities`` that the question names, ``dialogue`` entities of the
    turns before, ``sets`` of several entities; the other sorts wherever they come from."""

    entities: int = 24
    dialogue: int = 24
    sets: int = 6
    types: int = 12
    relations: int = 15
    numbers: int = 8
    values: int = 10


def link(
    question: str,
    conversation: Conversation,
    graph: KnowledgeGraph,
    *,
    given: Sequence[str] | None = None,
    limits: LinkLimits | None = None,
) -> Links:
    """Find the candidates of a question.

    The first call for a graph reads the words of its types and relations, which takes about a second.

    Args:
        given: names of the question's entities, where somebody knows them (the protocol with gold
            entities): no others are searched for; types, relations, numbers and the dialogue are as ever.
    """
    limits = limits or LinkLimits()
    question = question[:MOST_CHARACTERS]
    words = vocabulary(graph)  # type: ignore[arg-type]  # graphs are hashable by identity
    types = find_wordings(words.types, question, limit=limits.types)
    referents = find_referents(
        question,
        conversation,
        graph,
        settled=lambda earlier: settled_names(earlier[:MOST_CHARACTERS], graph),  # type: ignore[arg-type]
        types=[(found.name, found.span[0]) for found in types],
    )
    pointing = find_pointing(question, [found.span for found in types])
    if given is None:
        said = Said(types, find_wordings(words.relations, question, limit=limits.relations))
        entities = _linked(question, graph, referents, said, limits)
    else:
        spoken_of = {name for one in referents if isinstance(one.leaf, EntityLeaf) for name in one.leaf.names}
        entities = (
            Candidate(leaf, "given", 1.0 if len(leaf.names) == 1 else 0.9, span)
            for leaf, span in find_given(question, graph, given, spoken_of=spoken_of, pointing=pointing)
        )
    literals = list(_literals(question))
    candidates = [
        *entities,
        *(Candidate(TypeLeaf(found.name), "wording", found.score, found.span) for found in types),
        *_worded_relations(question, words, limits),
        *literals,
        *_earlier_words(conversation, words),
        *(Candidate(one.leaf, one.how, one.score, one.span, one.turn) for one in referents),
    ]
    covered = [
        one.span
        for one in candidates
        if one.span
        and (one.score >= _SURE_ENOUGH or one.how in ("exact", "alias"))
        and not isinstance(one.leaf, RelationLeaf)
    ]
    unlinked = unlinked_mentions(question, covered) if given is None else ()
    conditions = find_conditions(question, [one.span for one in literals if one.span and _is_time(one.leaf)])
    return Links(tuple(_ranked(candidates, limits)), unlinked, conditions, pointing)


def _linked(
    question: str, graph: KnowledgeGraph, referents: Sequence[Referent], said: Said, limits: LinkLimits
) -> Iterator[Candidate]:
    entities = [one for one in referents if isinstance(one.leaf, EntityLeaf)]
    spoken_of = {name for one in entities for name in one.leaf.names}  # type: ignore[union-attr]
    recent = dict.fromkeys(
        name
        for one in entities
        if one.turn <= _RECENT
        for name in one.leaf.names  # type: ignore[union-attr]
    )
    around = tuple(list(recent)[:_AROUND])
    near = neighbours(graph, around) if around else EMPTY  # type: ignore[arg-type]
    found = find_matches(question, graph, spoken_of=spoken_of, near=near)
    matches = agreed(question, found, graph, said=said, close=near)[: limits.entities]
    for match in matches:
        span = (match.span.start, match.span.end)
        yield Candidate(EntityLeaf((match.name,)), match.how, match.score, span)
    joined: list[list[int]] = []
    best = sorted(apart(matches, least=0.2), key=lambda match: match.span.first)
    for number, match in enumerate(best):
        gap = question[best[number - 1].span.end : match.span.start].strip().casefold() if number else ""
        if gap.removesuffix(" the") in (",", "and", "or", ", and", ", or", "&", "as well as"):
            joined[-1].append(number)
        else:
            joined.append([number])
    for group in joined:
        if len(group) > 1:
            members = [best[number] for number in group]
            leaf = EntityLeaf(tuple(match.name for match in members))
            span = (members[0].span.start, members[-1].span.end)
            yield Candidate(leaf, members[0].how, min(match.score for match in members), span)


def _worded_relations(question: str, words: Vocabulary, limits: LinkLimits) -> Iterator[Candidate]:
    for found in find_wordings(words.relations, question, limit=limits.relations):
        yield Candidate(RelationLeaf(found.name), "wording", found.score, found.span)


def _literals(question: str) -> Iterator[Candidate]:
    """Dates, numbers that are no part of a date (a bare year is both), and ordinals ("the 44th")."""
    whole_dates, taken = [], [match.span() for match in ORDERED.finditer(question)]
    for date in find_dates(question):
        taken.append(date.span)
        yield Candidate(date.leaf, "wording", 0.9, date.span)
        value = date.leaf.value if isinstance(date.leaf, ValueLeaf) else None
        if isinstance(value, Time) and value.precision != YEAR:
            whole_dates.append(date.span)
    for number in find_numbers(question):
        if not any(start <= number.span[0] and number.span[1] <= end for start, end in whole_dates):
            yield Candidate(number.leaf, "wording", 0.9, number.span)
    for nth in find_ordinals(question):
        if not any(start < nth.span[1] and nth.span[0] < end for start, end in taken):
            yield Candidate(nth.leaf, "wording", _ORDINAL, nth.span)


def _is_time(leaf: Leaf) -> bool:
    return isinstance(leaf, ValueLeaf) and isinstance(leaf.value, Time)


def _earlier_words(conversation: Conversation, words: Vocabulary) -> Iterator[Candidate]:
    """Types, relations, numbers and dates of the question before, which an ellipsis takes over."""
    for ago, turn in enumerate(reversed(conversation.turns[-2:]), start=1):
        question, fade = turn.question[:MOST_CHARACTERS], _ELLIPSIS**ago
        for index, kind in ((words.types, TypeLeaf), (words.relations, RelationLeaf)):
            for found in find_wordings(index, question, limit=4):
                yield Candidate(kind(found.name), "mentioned", round(found.score * fade, 4), turn=ago)
        for literal in _literals(question):
            yield Candidate(literal.leaf, "mentioned", round(literal.score * fade, 4), turn=ago)


def _ranked(candidates: Sequence[Candidate], limits: LinkLimits) -> Iterator[Candidate]:
    """Every leaf once, at its best; sorts in a fixed order."""
    best: dict[Leaf, Candidate] = {}
    for one in sorted(candidates, key=lambda one: (-one.score, one.turn)):
        kept = best.setdefault(one.leaf, one)
        if kept.span is None and one.span is not None:  # named here and known from the dialogue
            best[one.leaf] = Candidate(one.leaf, one.how, kept.score, one.span)
    most = {
        "set": limits.sets,
        "named": limits.entities,
        "dialogue": limits.dialogue,
        "Type": limits.types,
        "Relation": limits.relations,
        "Number": limits.numbers,
        "Values": limits.values,
    }
    ranked = sorted(best.values(), key=lambda one: -one.score)
    for sort in LEAF_SORTS:
        for one in ranked:
            if one.leaf.sort is not sort:
                continue
            group = sort.value
            if isinstance(one.leaf, EntityLeaf):
                group = "set" if len(one.leaf.names) > 1 else "dialogue" if one.turn else "named"
            most[group] -= 1
            if most[group] >= 0:
                yield one
