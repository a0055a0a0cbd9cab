"""CSQA's own annotation read as logical forms: the source of supervision that is called ``annotated``.

A reply carries ``active_set``, patterns that say which facts answer the question; ``c(T)`` stands for the
instances of a type. The description says which kind of question it is, the wording which comparison.

======================================  ================================================================
question                                form
======================================  ================================================================
Simple, ``(e,P,c(T))``                  ``keep(follow(e, P), T)``; ``follow_back`` for ``(c(T),P,e)``;
                                        one leaf for several entities
Verification, ``(s,P,o)``               ``is_in(o, follow(s, P))``; "A and B respectively": a ``pair``;
                                        "those": one leaf of all of them on the left
Logical, ``OR(..)``, ``AND(..)``        ``union``, ``intersect``; with ``NOT(..)`` ``difference``
Quantitative (Count), one pattern       ``cardinality`` of the Simple form
the same, two entities                  ``cardinality`` of their ``union`` ("or") or ``intersect`` ("and")
the same, two types                     ``cardinality`` of the ``union`` ("or"); ``pair`` of two ("and")
Quantitative, ``(c(U),P,c(T))``         ``arg(max(N))``, ``arg(at_least(N, 5))`` ... with N the map
                                        ``cardinality(keep(follow_back(for_each(members(T)), P), U))``,
                                        for two types U the ``sum`` of two such maps
Comparative                             ``arg(less_than(N, n))`` ..., n the same over the entity
... (Count)                             ``cardinality`` of that
======================================  ================================================================

Three things in the release need care, each measured on the 1,333 shared train dialogues:

* In 669 Simple questions about "that person" the pattern names the previous answer where
  ``entities_in_utterance`` names an entity of the previous question. Facts from other sources support the
  pattern in 3 and the utterance in 71 of them, so the utterance is believed.
* 165 Simple questions have no pattern: relation, type and direction (``sec_ques_type``) make up for it.
* ``max`` and ``min`` sometimes have an answer's id in place of ``c(T)``: T is then the first type listed.

That the comparisons are read right shows without any graph: the questions about the same counts bound the
count of every entity from both sides, and no two of the released answers contradict each other.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from grammar.forms import EntityLeaf, LogicalForm, NumberLeaf, RelationLeaf, TypeLeaf, call
from kgqa.datasets.csqa_records import (
    COMPARATIVE,
    COMPARATIVE_COUNT,
    LOGICAL,
    QUANTITATIVE_COUNT,
    SIMPLE_COREFERENCED,
    SIMPLE_DIRECT,
    SIMPLE_ELLIPSIS,
    VERIFICATION,
    Exchange,
    settled,
)

_PATTERN = re.compile(r"\(([^(),]+(?:\([^()]*\)[^(),]*)*),(P\d+),([^(),]+(?:\([^()]*\)[^(),]*)*)\)")
_ENTITY, _TYPE = re.compile(r"Q\d+"), re.compile(r"c\((Q\d+)\)")
_SIMPLE = (SIMPLE_DIRECT, SIMPLE_COREFERENCED, SIMPLE_ELLIPSIS)

_EXTREME = re.compile(r"\b(max|min)\b")
_NUMBER_OPERATORS = {
    "atleast": "at_least",
    "at least": "at_least",
    "atmost": "at_most",
    "at most": "at_most",
    "exactly": "equals",
    "approximately": "around",
    "around": "around",
}
_WITH_NUMBER = re.compile(rf"\b({'|'.join(_NUMBER_OPERATORS)}) (\d+)\b")
_COMPARING_OPERATORS = {
    "more": "greater_than",
    "greater": "greater_than",
    "less": "less_than",
    "lesser": "less_than",
    "fewer": "less_than",
    "approximately the same": "around",
    "around the same": "around",
    "the same": "equals",
}
_COMPARING = re.compile(rf"\b({'|'.join(sorted(_COMPARING_OPERATORS, key=len, reverse=True))}) number\b")


@dataclass(frozen=True)
class Reading:
    """A form, or why there is none."""

    form: LogicalForm | None
    why_not: str = ""


@dataclass(frozen=True)
class _End:
    """One end of a pattern: an entity, or the instances of one or two types."""

    entity: str = ""
    types: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Pattern:
    subject: _End
    relation: str
    object: _End


class _Unreadable(Exception):
    """Says why an exchange has no form; never leaves this module."""


def annotate(exchanges: Sequence[Exchange]) -> list[Reading]:
    """The form of every question of a dialogue, in order.

    A question to which the system asks back has the form for the entity that the user then settles on,
    and the user's answer to that has the same form.
    """
    readings: list[Reading] = []
    comparison = ""
    for number, exchange in enumerate(exchanges):
        if exchange.answers_back:
            readings.append(readings[-1])
            continue
        if exchange.kind in (COMPARATIVE, COMPARATIVE_COUNT):
            # An incomplete question ("And what about Paris?") compares as the one before it did.
            found = _COMPARING.search(exchange.question)
            comparison = _COMPARING_OPERATORS[found[1]] if found else comparison
        try:
            form = _Reader(exchanges, number, comparison).form()
        except _Unreadable as error:
            readings.append(Reading(None, str(error)))
        else:
            readings.append(Reading(form))
    return readings


class _Reader:
    """Reads the form of one question; ``comparison`` is what its dialogue last compared by."""

    def __init__(self, exchanges: Sequence[Exchange], number: int, comparison: str) -> None:
        self.exchange = exchanges[number]
        self.before = exchanges[number - 1] if number else None
        self.after = exchanges[number + 1] if number + 1 < len(exchanges) else None
        self.comparison = comparison
        self.written = settled(exchanges, number).active_set

    def form(self) -> LogicalForm:
        kind, description = self.exchange.kind, self.exchange.description
        if kind in _SIMPLE:
            return self._simple()
        if kind == VERIFICATION:
            return self._verification()
        if kind == LOGICAL:
            return self._logical()
        counted = kind in (QUANTITATIVE_COUNT, COMPARATIVE_COUNT)
        if kind == QUANTITATIVE_COUNT and "Count over" not in description:
            return self._count()
        compares = kind in (COMPARATIVE, COMPARATIVE_COUNT)
        form = self._comparative() if compares else self._quantitative()
        return call("cardinality", form) if counted else form

    # --- what the annotation says ---

    def _patterns(self) -> list[_Pattern]:
        patterns = [_pattern(text) for text in self.written]
        if not patterns:
            raise _Unreadable("active_set is empty")
        return patterns

    def _meant(self) -> tuple[str, ...]:
        """The entities that the user settled on after the system asked back."""
        if not self.exchange.asks_back:
            return ()
        return (self.after.mentions if self.after else ()) or self.exchange.shown

    def _only_type(self) -> str:
        if len(self.exchange.types) != 1:
            raise _Unreadable(f"expected one type, found {len(self.exchange.types)}")
        return self.exchange.types[0]

    # --- one relation away ---

    def _simple(self) -> LogicalForm:
        entities = self._meant() or self.exchange.mentions
        if self.written:
            patterns = self._patterns()
            shapes = {(p.relation, p.subject.types, p.object.types) for p in patterns}
            if len(shapes) != 1:
                raise _Unreadable("active_set has patterns of several shapes")
            return _one_step(patterns[0], entities)
        relations = self.exchange.relations
        if len(relations) != 1 or not entities or not self.exchange.asks_for:
            raise _Unreadable("active_set is empty and relation, entity or direction are not given")
        known, asked_for = _End(entity=entities[0]), _End(types=(self._only_type(),))
        pattern = (
            _Pattern(known, relations[0], asked_for)
            if self.exchange.asks_for == "object"
            else _Pattern(asked_for, relations[0], known)
        )
        return _one_step(pattern, entities)

    def _verification(self) -> LogicalForm:
        patterns = self._patterns()
        if not all(p.subject.entity and p.object.entity for p in patterns):
            raise _Unreadable("a verification needs an entity at both ends")
        relation = RelationLeaf(patterns[0].relation)
        subjects, objects = [[getattr(p, end).entity for p in patterns] for end in ("subject", "object")]
        if "multiple entities" in self.exchange.description:
            if len(set(subjects)) == 1:
                return call("is_in", EntityLeaf(tuple(objects)), call("follow", _leaf(subjects[0]), relation))
            return call(
                "is_in", EntityLeaf(tuple(subjects)), call("follow_back", _leaf(objects[0]), relation)
            )
        checks: list[LogicalForm] = [
            call("is_in", _leaf(o), call("follow", _leaf(s), relation))
            for s, o in zip(subjects, objects, strict=True)
        ]
        return _paired(checks)

    def _logical(self) -> LogicalForm:
        if len(self.written) != 1:
            raise _Unreadable(f"expected one AND or OR, found {len(self.written)} patterns")
        text = self.written[0]
        parts = [_one_step(_pattern(match[0])) for match in _PATTERN.finditer(text)]
        if len(parts) != 2 or text[:3] not in ("OR(", "AND"):
            raise _Unreadable(f"expected AND or OR of two patterns, found {text!r}")
        operator = "difference" if "NOT(" in text else "union" if text.startswith("OR(") else "intersect"
        return call(operator, *parts)

    def _count(self) -> LogicalForm:
        meant = self._meant()
        patterns = [
            p for p in self._patterns() if not meant or (p.subject.entity or p.object.entity) in meant
        ]
        # A coreference to several candidates repeats the patterns, and those of other candidates follow.
        first = patterns[0].subject.entity or patterns[0].object.entity if patterns else ""
        sets = [_one_step(p) for p in dict.fromkeys(patterns)]
        if "Logical operators" in self.exchange.description:
            sets = [
                _one_step(p)
                for p in dict.fromkeys(patterns)
                if (p.subject.entity or p.object.entity) == first
            ]
            if len(sets) == 2 and self.exchange.joined_by == "and":
                return _paired([call("cardinality", part) for part in sets])
            if len(sets) == 2:
                return call("cardinality", call("union", *sets))
        elif len(sets) == 1:
            return call("cardinality", sets[0])
        elif len(sets) == 2 and self.exchange.joined_by:
            operator = "intersect" if self.exchange.joined_by == "and" else "union"
            return call("cardinality", call(operator, *sets))
        raise _Unreadable(f"expected a count over one or two patterns, found {len(sets)}")

    # --- counting for each instance of a type ---

    def _quantitative(self) -> LogicalForm:
        question = self.exchange.question
        with_number, extreme = _WITH_NUMBER.search(question), _EXTREME.search(question)
        counts = self._counts(None)
        if with_number is not None:
            operator, number = _NUMBER_OPERATORS[with_number[1]], NumberLeaf(float(with_number[2]))
            return call("arg", call(operator, counts, number))
        if extreme is None:
            raise _Unreadable("the question says neither max or min nor a number to compare with")
        return call("arg", call(extreme[1], counts))

    def _comparative(self) -> LogicalForm:
        entities = self._meant() or self.exchange.mentions
        if not entities and self.before is not None:
            entities = self.before.shown  # "that person" is the previous answer
        if len(entities) != 1:
            raise _Unreadable(f"expected one entity to compare with, found {len(entities)}")
        if not self.comparison:
            raise _Unreadable("the question says neither more, less nor the same")
        return call("arg", call(self.comparison, self._counts(None), self._counts(_leaf(entities[0]))))

    def _counts(self, start: EntityLeaf | None) -> LogicalForm:
        """How many facts lead from ``start``, or from each instance of the asked type, to the others."""
        if len(self.written) != 1:
            raise _Unreadable(f"expected one pattern, found {len(self.written)}")
        pattern = _pattern(self.written[0])
        if self.exchange.asks_for == "object":
            operator, here, there = "follow_back", pattern.object, pattern.subject
        elif self.exchange.asks_for == "subject":
            operator, here, there = "follow", pattern.subject, pattern.object
        else:
            raise _Unreadable("count_ques_type does not say which end is asked for")
        types = here.types or self.exchange.types[:1]
        if len(types) != 1 or not there.types:
            raise _Unreadable(f"expected types at both ends of {self.written[0]}")
        origin = start or call("for_each", call("members", TypeLeaf(types[0])))
        reached = call(operator, origin, RelationLeaf(pattern.relation))
        counts = [call("cardinality", call("keep", reached, TypeLeaf(name))) for name in there.types]
        return counts[0] if len(counts) == 1 else call("sum", *counts)


def _pattern(text: str) -> _Pattern:
    match = _PATTERN.fullmatch(text)
    if match is None:
        raise _Unreadable(f"no pattern: {text!r}")
    return _Pattern(_end(match[1]), match[2], _end(match[3]))


def _end(text: str) -> _End:
    if _ENTITY.fullmatch(text):
        return _End(entity=text)
    types = tuple(_TYPE.findall(text))
    if not types or "|".join(f"c({name})" for name in types) != text:
        raise _Unreadable(f"neither an entity nor types: {text!r}")
    return _End(types=types)


def _one_step(pattern: _Pattern, entities: tuple[str, ...] = ()) -> LogicalForm:
    """``keep(follow(e, P), T)`` or ``keep(follow_back(e, P), T)``; ``entities`` replace the pattern's."""
    backwards = not pattern.subject.entity
    known, asked_for = (pattern.object, pattern.subject) if backwards else (pattern.subject, pattern.object)
    if not known.entity or len(asked_for.types) != 1:
        raise _Unreadable("expected a pattern with an entity at one end and one type at the other")
    operator = "follow_back" if backwards else "follow"
    step = call(operator, EntityLeaf(entities or (known.entity,)), RelationLeaf(pattern.relation))
    return call("keep", step, TypeLeaf(asked_for.types[0]))


def _leaf(name: str) -> EntityLeaf:
    return EntityLeaf((name,))


def _paired(parts: Sequence[LogicalForm]) -> LogicalForm:
    form = parts[-1]
    for part in reversed(parts[:-1]):
        form = call("pair", part, form)
    return form
