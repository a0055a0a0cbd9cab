"""Entities that the words of a question name: found by index, ranked by how likely each reading is."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np

from grammar.denotation import EMPTY, IntArray
from grammar.graph import AnswersForms
from kgqa.graphs.names import initials_key, standing
from kgqa.graphs.protocol import How, KnowledgeGraph
from kgqa.linking.mentions import (
    PRONOUNS,
    Span,
    Word,
    beside,
    find_spans,
    find_words,
    normal_form,
)
from kgqa.linking.mistyped import Asked, known_words, laid_against, mended, searched_runs
from kgqa.linking.stems import singular
from kgqa.linking.vocabulary import Wording, find_wordings, vocabulary

NAMESAKES = 12
"""How many entities of one name are kept, those with most facts first."""
SEARCHES = 3
"""How many mentions that no name fits are searched for with typos: such a search is the slow part."""
_PARTIAL = 0.75  # the best that a part of a name may count
_MENDED = 0.9
"""What a name counts that is there once a letter has changed places with a space."""
_SEARCHED = 100
"""Names that a search gives: which of them is meant the words around it tell."""
_ASKED_ABOUT = 24
"""Of how many of these a graph that is asked over the network is to say how well known they are."""
_KINDS = 12
_OF_KIND = 0.15
"""What it counts among names that are alike to be what the question calls them."""
_EASILY_ANOTHER = 5
"""Letters up to which a typo is likely to make another name of a name."""
_CLOSE = 0.85  # likeness from which a mistyped name covers the names inside it
_ELLIPSIS = re.compile(
    r"^\W*and\b(?!.*\b(?:is|are|was|were|did|do|does)\b)|\babout\b|\bmeant?\b", re.IGNORECASE
)
_ALL_THAT_IS_SAID = 0.6
"""In "And what about hypoxia?" the name is all there is, however common a word it may be."""
_POINTED = re.compile(
    r"\b(?:that|those|this|these|such|same|other|first|second|third|fourth|fifth|last)\s+$", re.IGNORECASE
)
"""In "and what about that film?" the kind is no name."""
_AS_CALLED = ("exact", "alias")
_INITIALS = 0.9
_MOST_NEAR = 400  # entities around those of the dialogue that may be called by a part of their name
_SETTLED = 4  # mentions of an earlier question that are taken over


@dataclass(frozen=True)
class Match:
    """An entity and the words that may name it; ``score`` is in 0..1."""

    name: str
    span: Span
    how: How
    score: float


@dataclass(frozen=True)
class _Reading:
    """What a question says on its own, whatever was said before."""

    spans: tuple[Span, ...]
    matches: tuple[Match, ...]


def find_matches(
    question: str, graph: KnowledgeGraph, *, spoken_of: Iterable[str] = (), near: IntArray = EMPTY
) -> list[Match]:
    """What the question may name, best first, every entity once.

    Args:
        spoken_of: entities of the dialogue, which may be called by a part of their name from then on.
        near: entities one fact away from those, which may be called so as well.
    """
    reading = _read(question, graph)  # type: ignore[arg-type]  # graphs are hashable by identity
    known = sorted(set(spoken_of))
    read = [match for match in reading.matches if not (known and _points(match.span))]
    common = known_words(graph).common  # type: ignore[arg-type]
    shortened = _shortened(reading.spans, _labels(known, graph), common=common)
    if len(near) and (open_spans := _open_spans(reading, common=common)):
        around = graph.entity_names(near[:_MOST_NEAR])
        shortened += _shortened(open_spans, _labels(around, graph), common=common)
    here = {(match.name, match.span.first, match.span.last) for match in read}
    shortened = [match for match in shortened if (match.name, match.span.first, match.span.last) not in here]
    best: dict[str, Match] = {}
    for match in _scored([*read, *shortened], graph, spoken_of=frozenset(known)):
        before = best.setdefault(match.name, match)
        if before.how not in _AS_CALLED and match.how in _AS_CALLED:  # the words that are its name, no more
            best[match.name] = replace(match, score=before.score)
    found = list(best.values())
    if _ELLIPSIS.search(question):
        meant = {
            match.name
            for match in apart(found, least=0.0)
            if match.how in _AS_CALLED and not _POINTED.search(question[: match.span.start])
        }
        found = [
            replace(match, score=max(match.score, _ALL_THAT_IS_SAID)) if match.name in meant else match
            for match in found
        ]
        found.sort(key=lambda match: -match.score)
    return found


def _points(span: Span) -> bool:
    """Whether it is rather a pronoun: in a dialogue "who starred in it?" has something to point to."""
    return span.doubtful and span.text.casefold() in PRONOUNS


@lru_cache(maxsize=256)
def settled_names(question: str, graph: KnowledgeGraph) -> tuple[str, ...]:
    """The likeliest entities of an earlier question of which nobody has recorded them."""
    return tuple(match.name for match in apart(find_matches(question, graph), least=0.3)[:_SETTLED])


@lru_cache(maxsize=64)
def _read(question: str, graph: KnowledgeGraph) -> _Reading:
    """Remembered because the next turns of a dialogue come back to its questions."""
    words = find_words(question)
    spans = find_spans(question, words, kind=vocabulary(graph).types.knows)  # type: ignore[arg-type]
    matches = _as_called(words, spans, graph)
    matches += _mistyped(question, words, spans, matches, graph)
    best: dict[tuple[str, int, int], Match] = {}
    for match in matches:
        kept = best.setdefault((match.name, match.span.first, match.span.last), match)
        if kept.how not in _AS_CALLED and match.score > kept.score:
            best[match.name, match.span.first, match.span.last] = match
    return _Reading(tuple(spans), tuple(best.values()))


def _as_called(words: Sequence[Word], spans: Sequence[Span], graph: KnowledgeGraph) -> list[Match]:
    """Entities with a name of exactly these words, which may be initials."""
    common, demonyms = known_words(graph).common, vocabulary(graph).demonyms  # type: ignore[arg-type]
    cut = {
        span: initials_key(span.text)
        for span in spans
        if span.length == 1 and _may_be_initials(words[span.first], common=common)
    }
    texts = list(dict.fromkeys([*cut.values(), *(writing for span in spans for writing in span.writings)]))
    found = dict(zip(texts, graph.exact(texts), strict=True)) if texts else {}
    matches = []
    for span in spans:
        for place, writing in enumerate(span.writings):
            score = 0.9 if place else 1.0
            matches += [Match(name, span, "exact", score) for name in found[writing][:NAMESAKES]]
        demonym = demonyms.get(normal_form(singular(span.text)), ())
        matches += [Match(name, span, "exact", 0.9) for name in demonym]
        if span in cut and not any(found[writing] for writing in span.writings):
            matches += [Match(name, span, "alias", _INITIALS) for name in found[cut[span]][:NAMESAKES]]
    return matches


def _mistyped(
    question: str,
    words: Sequence[Word],
    spans: Sequence[Span],
    matches: Sequence[Match],
    graph: KnowledgeGraph,
) -> list[Match]:
    """Entities with a name that is like some of the words, where no name settles these."""
    known = known_words(graph)  # type: ignore[arg-type]
    covered = {number for match in matches for number in range(match.span.first, match.span.last)}
    ways = mended(question, words, spans, covered, known)
    texts = list(dict.fromkeys(text for _, text in ways))
    found = dict(zip(texts, graph.exact(texts), strict=True)) if texts else {}
    like = [Match(name, span, "fuzzy", _MENDED) for span, text in ways for name in found[text][:NAMESAKES]]
    asked = Asked.read(question, words, covered, known)
    kinds = find_wordings(vocabulary(graph).types, question, limit=_KINDS)  # type: ignore[arg-type]
    for span in _otherwise_called(asked, matches, kinds, graph):
        like += _searched(asked, span, kinds, graph, of_kind=True)
    settled: set[int] = set()
    searches = SEARCHES
    for run in searched_runs(asked, [match.span for match in matches]):
        if searches and not asked.is_settled(run, settled):
            searches -= 1
            like += (here := _searched(asked, run, kinds, graph))
            for match in here:
                if match.how == "fuzzy" and match.score >= _CLOSE:
                    settled.update(range(match.span.first, match.span.last))
    # "Tom Hanks or Brad Pitt" is two names, and no Tom Skerritt.
    names = [match.span for match in matches if match.span.length > 1]
    return [m for m in like if m.score >= _CLOSE or not any(_inside(name, m.span) for name in names)]


def _called(question: str, span: Span, kinds: Sequence[Wording]) -> list[str]:
    """Kinds that the words beside a name say it is of: "the group TCL"."""
    return [kind.name for kind in kinds if beside(question, kind.span, (span.start, span.end)) == 2]


def _otherwise_called(
    asked: Asked, matches: Sequence[Match], kinds: Sequence[Wording], graph: KnowledgeGraph
) -> list[Span]:
    """Short names of which nobody is what the question calls them, so that a typo may have made them."""
    by_span: dict[Span, list[str]] = {}
    for match in matches:
        by_span.setdefault(match.span, []).append(match.name)
    for span, names in by_span.items():
        near = asked.uncommon.intersection(range(span.first - 1, span.last + 1))
        alone = span.length == 1 and near == {span.first}
        if alone and len(span.text) <= _EASILY_ANOTHER and (called := _called(asked.text, span, kinds)):
            numbers = graph.entities(names)
            typed = np.unique(graph.types(numbers).owners)
            if len(typed) == len(names) and not any(
                graph.are_members(numbers, kind).any() for kind in called
            ):
                return [span]
    return []


def _searched(
    asked: Asked, run: Span, kinds: Sequence[Wording], graph: KnowledgeGraph, *, of_kind: bool = False
) -> list[Match]:
    """The likeliest of what a search for a run finds, each with the words that it stands for.

    Args:
        of_kind: leave out what is certainly not of the kind that the question says.
    """
    hits = graph.search(run.text, limit=_SEARCHED, fuzzy=True)
    if not hits:
        return []
    unknown = asked.unknown.intersection(range(run.first, run.last))
    matches, order = [], []
    for hit, (span, alike) in zip(hits, laid_against(asked, run, [hit.matched for hit in hits]), strict=True):
        # A search is generous with names that merely hold the words; letter by letter they are less like.
        if hit.how == "partial" and alike < min(hit.score, _PARTIAL):
            matches.append(Match(hit.name, run, "partial", min(hit.score, _PARTIAL)))
            order.append(hit.score)
        # What is called by just these words is known already; words that are known are rarely mistyped.
        elif (alike < 1.0 or span == run) and (unknown or alike >= _PARTIAL):
            matches.append(Match(hit.name, span, "fuzzy", alike))
            order.append(alike)
    if isinstance(graph, AnswersForms):
        most_alike = np.argsort(-np.array(order), kind="stable")[:_ASKED_ABOUT].tolist()
        matches, order = [matches[row] for row in most_alike], [order[row] for row in most_alike]
    numbers = graph.entities([match.name for match in matches])
    likely = standing(np.array(order), graph.degree(numbers).astype(np.float64))
    typed, fits = np.zeros((2, len(matches)), dtype=np.bool_)
    typed[graph.types(numbers).owners] = True
    for kind in _called(asked.text, run, kinds):
        fits |= graph.are_members(numbers, kind)
    best = np.argsort(-(likely + _OF_KIND * fits), kind="stable")[:NAMESAKES].tolist()
    return [matches[row] for row in best if fits[row] or not (of_kind and typed[row])]


def _may_be_initials(word: Word, *, common: Callable[[str], bool]) -> bool:
    """MLS, but in small letters too: "mls" is no word."""
    text = word.text
    return text.isalpha() and 3 <= len(text) <= 6 and (text.isupper() or not (word.stop or common(text)))


def apart(matches: Sequence[Match], *, least: float) -> list[Match]:
    """The best matches that share no words, best first."""
    chosen: list[Match] = []
    for match in matches:
        if match.score >= least and all(
            match.span.last <= other.span.first or other.span.last <= match.span.first for other in chosen
        ):
            chosen.append(match)
    return chosen


def _labels(names: Sequence[str], graph: KnowledgeGraph) -> dict[str, str | None]:
    return dict(zip(names, graph.labels(names), strict=True))


def _open_spans(reading: _Reading, *, common: Callable[[str], bool]) -> list[Span]:
    """Short runs of words that are no whole name, and that types and relations do not know either."""
    named = [match.span for match in reading.matches if match.how in _AS_CALLED]
    covered = {number for span in named for number in range(span.first, span.last)}
    return [
        span
        for span in reading.spans
        if span.stops == 0
        and span.length <= 2
        and not covered.intersection(range(span.first, span.last))
        and (span.capitals or span.quoted or not any(map(common, normal_form(span.text).split())))
    ]


def _shortened(
    spans: Sequence[Span], labels: dict[str, str | None], *, common: Callable[[str], bool]
) -> list[Match]:
    """Entities of the dialogue called by a part of their name: "Nolan" for Christopher Nolan.

    A "group" without a capital is no Australia Group.
    """
    wanted = {name: normal_form(label).split() for name, label in labels.items() if label}
    matches = []
    for span in spans:
        if span.length > 4 or span.stops == span.length:
            continue
        asked = set(normal_form(span.text).split())
        if not (span.capitals or span.quoted) and all(common(word) for word in asked):
            continue
        for name, label in wanted.items():
            if len(asked) < len(label) and asked <= set(label):
                matches.append(Match(name, span, "partial", 0.6 + 0.3 * len(asked) / len(label)))
    return matches


# --- ranking -----------------------------------------------------------------------------------------

FEATURES = (
    "one", "label", "case", "searched", "likeness", "words", "characters", "capitals", "plain", "stops",
    "inside", "degree", "namesakes", "spoken_of", "quoted", "type",
)  # fmt: skip
WEIGHTS = (-4.7, 3.2, 0.9, -0.8, 5.0, 1.1, 1.2, -0.8, -0.8, -3.1, -4.1, 1.6, -1.9, 2.6, 1.0, -3.4)
"""A logistic regression over candidates of 1,090 CSQA and ConvQuestions turns, part of them without capitals
or with typos; the weight of quotation marks is set by hand, since those turns have none."""


def features(matches: Sequence[Match], graph: KnowledgeGraph, *, spoken_of: frozenset[str]) -> np.ndarray:
    """What tells likely readings from unlikely ones, [matches, FEATURES]."""
    names = list(dict.fromkeys(match.name for match in matches))
    labels = dict(zip(names, graph.labels(names), strict=True))
    numbers = graph.degree(graph.entities(names))
    degrees = dict(zip(names, (np.log1p(np.maximum(numbers, 0)) / 10.0).tolist(), strict=True))
    any_capital = any(match.span.capitals for match in matches)
    called = {match.name for match in matches if match.how == "exact"}
    firm = {
        one.span
        for one in matches
        if one.span.length > 1 and (one.how == "exact" or (one.score >= _CLOSE and one.name not in called))
    }
    seen: dict[tuple[int, int], int] = {}
    table = np.zeros((len(matches), len(FEATURES)))
    for row, match in enumerate(matches):
        span, text = match.span, labels[match.name] or ""
        place = seen[span.first, span.last] = seen.get((span.first, span.last), -1) + 1
        inside = any(_inside(span, other) for other in firm)
        exact = match.how == "exact"
        table[row] = (
            1.0,
            exact and normal_form(text) == normal_form(span.text),
            _case(text, span.text) if exact and any_capital else 0.0,
            not exact,
            0.0 if exact else max(2.0 * match.score - 1.0, 0.0) ** 2,
            min(span.length, 6) / 3.0,
            min(len(span.text), 30) / 15.0,
            span.capitals / span.length,
            any_capital and not span.capitals and not span.quoted,
            span.stops / span.length,
            inside,
            degrees[match.name],
            math.log1p(place),
            match.name in spoken_of,
            span.quoted,
            not span.capitals and graph.has_type(match.name),
        )
    return table


def _inside(span: Span, other: Span) -> bool:
    return other.first <= span.first and span.last <= other.last and other.length > span.length


def _case(label: str, written: str) -> float:
    """1 where both have the same capitals, -1 where only one has any, 0 where neither has."""
    if label.islower() or not label:
        return 0.0 if written.islower() else -0.5
    return 1.0 if label in written else -1.0 if written.islower() else 0.0


def _scored(matches: Sequence[Match], graph: KnowledgeGraph, *, spoken_of: frozenset[str]) -> list[Match]:
    if not matches:
        return []
    table = features(matches, graph, spoken_of=spoken_of)
    scores = 1.0 / (1.0 + np.exp(-(table @ np.asarray(WEIGHTS))))
    is_label = table[:, FEATURES.index("label")] > 0
    scored = [
        replace(
            match, score=round(score, 4), how="alias" if match.how == "exact" and not label else match.how
        )
        for match, score, label in zip(matches, scores.tolist(), is_label.tolist(), strict=True)
    ]
    return sorted(scored, key=lambda match: (-match.score, match.span.start))
