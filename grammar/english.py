"""A form's third meaning: a phrase of English that says what will be computed.

    the films whose director is Randal Kleiser that have the most cast members

Sets are noun phrases, and statements are worded as what they state; a map is a noun phrase (its elements)
with another one for what each of them owns, in which the element is "they". Labels stand for ids where there
are any; plurals follow the rules of English and so fit English labels only.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from grammar.forms import (
    Call,
    EntityLeaf,
    LogicalForm,
    NumberLeaf,
    RelationLeaf,
    TypeLeaf,
    ValueLeaf,
    stated_relation,
)
from grammar.operators import POINT_IN_TIME, Sort
from grammar.relation_words import verb_of
from grammar.values import DAY, MONTH, YEAR, Quantity, String, Text, Time

Label = Callable[[str], str | None]
_THING = "thing"
_POINT_IN_TIME = RelationLeaf(POINT_IN_TIME)
_PREPOSITIONS = "of|in|for|by|with|on|to|at"


def to_english(form: LogicalForm, label: Label) -> str:
    """What the form computes, as a phrase without a full stop; ``label`` names an id, or gives None.

    >>> from grammar.forms import read_form
    >>> labels = {"P57": "director", "Q11424": "film"}
    >>> to_english(read_form("keep(follow_back(Q4465, P57), Q11424)"), labels.get)
    'the films whose director is Q4465'
    """
    worded = _Words(label).of(form)
    if isinstance(worded, _Map):
        return f"each of {worded.domain.many} with {worded.item.bare}"
    return worded if isinstance(worded, str) else worded.one


def plural(noun: str) -> str:
    """The plural of a label: of its first noun where it goes on with a preposition ("heads of state")."""
    match = re.match(rf"(.+?)( (?:{_PREPOSITIONS}) .+)", noun)
    if match:
        return plural(match[1]) + match[2]
    if re.search(rf" (?:{_PREPOSITIONS})$|(?:series|species)$", noun):
        return noun  # "shares border with" is no noun
    if re.search(r"(?:[sxz]|[cs]h)$", noun):
        return noun + "es"
    if re.search(r"[^aeiou]y$", noun):
        return noun[:-1] + "ies"
    return f"{noun}s" if noun[-1:].isalpha() else noun


@dataclass(frozen=True)
class _Phrase:
    """A set: a noun and what is said of it.

    ``proper``: the noun is a name and has neither article nor plural. ``several``: worded in the plural.
    ``own``: it belongs to the element of a map, which is the ``element`` itself where nothing was read yet.
    """

    noun: str
    rest: str = ""
    proper: bool = False
    several: bool = True
    own: bool = False
    element: bool = False

    @property
    def bare(self) -> str:
        """The plural without an article."""
        return (self.noun if self.proper else plural(self.noun)) + self.rest

    @property
    def many(self) -> str:
        """The set in the plural."""
        if self.element:
            return "themselves" + self.rest
        if self.proper:
            return self.noun + self.rest
        return f"{'their' if self.own and self.noun != _THING else 'the'} {self.bare}"

    @property
    def one(self) -> str:
        """The set in the number that suits it."""
        return self.many if self.several or self.proper or self.own else f"the {self.noun}{self.rest}"

    def that(self, clause: str) -> _Phrase:
        """The part of the set of which the clause is true."""
        if self.proper and not self.element:
            return _Phrase("those", f" of {self.noun}{self.rest} {clause}", proper=True, own=self.own)
        return replace(self, rest=f"{self.rest} {clause}", several=True)


@dataclass(frozen=True)
class _Map:
    """Elements and what each of them owns; ``settled`` when the elements are already those asked for."""

    domain: _Phrase
    item: _Phrase
    settled: bool = False


@dataclass(frozen=True)
class _Counts:
    """Elements and what is counted of each of them."""

    domain: _Phrase
    counted: str

    @property
    def one(self) -> str:
        return f"the number of {self.counted} of each of {self.domain.many}"


class _Words:
    """Words for a form and its parts."""

    def __init__(self, label: Label) -> None:
        self.label = label

    def of(self, form: LogicalForm) -> Any:
        """A phrase, a map, counts, or the words of a number or truth value."""
        if isinstance(form, Call):
            return WORDINGS[form.operator](self, form)
        if isinstance(form, EntityLeaf):
            return _Phrase(self._listed([self.name(name) for name in form.names]), proper=True)
        if isinstance(form, ValueLeaf):
            return _Phrase(self.value(form), proper=True)
        return str(form) if isinstance(form, NumberLeaf) else self.name(form.name)

    def name(self, name: str) -> str:
        return self.label(name) or name

    def leaf(self, form: LogicalForm) -> str:
        assert isinstance(form, (RelationLeaf, TypeLeaf))
        return self.name(form.name)

    def value(self, leaf: ValueLeaf) -> str:
        value = leaf.value
        if isinstance(value, Quantity):
            unit = "" if value.unit == "1" else f" {self.name(value.unit)}"
            return str(value).partition("[")[0] + unit
        if isinstance(value, Time):
            return _date(value)
        return f'"{value.text}"' if isinstance(value, (String, Text)) else str(value)

    def over(self, form: LogicalForm, change: Callable[[_Phrase], _Phrase]) -> _Phrase | _Map:
        """Change a set, or in a map what each element owns."""
        worded = self.of(form)
        return replace(worded, item=change(worded.item)) if isinstance(worded, _Map) else change(worded)

    @staticmethod
    def _listed(words: list[str]) -> str:
        return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"


_MONTHS = (
    *("January", "February", "March", "April", "May", "June", "July"),
    *("August", "September", "October", "November", "December"),
)


def _date(time: Time) -> str:
    if time.precision < YEAR:
        kinds = {8: "the decade", 7: "the century", 6: "the millennium"}
        return f"{kinds.get(time.precision, 'the age')} of {_date(replace(time, precision=YEAR))}"
    parts = [str(abs(time.year)) + (" BC" if time.year < 0 else "")]
    if time.precision >= MONTH:
        parts.insert(0, _MONTHS[time.month - 1])
    if time.precision >= DAY:
        parts.insert(0, str(time.day))
    return " ".join(parts)


def _of(phrase: _Phrase) -> str:
    return "" if phrase.element and not phrase.rest else f" of {phrase.one}"


def _is(phrase: _Phrase) -> str:
    if phrase.element and not phrase.rest:
        return "they are"
    return f"is {phrase.one}" if phrase.proper or not phrase.several else f"is one of {phrase.many}"


Wording = Callable[[_Words, Call], Any]


def _read(link: str) -> Wording:
    """Operators that lead from a set to another by a relation; ``link`` joins the two."""

    def word(w: _Words, form: Call) -> Any:
        relation = w.leaf(form.arguments[1])
        verb = None if link else verb_of(relation)
        source = form.arguments[0]
        single = isinstance(source, EntityLeaf) and len(source.names) == 1

        def change(phrase: _Phrase) -> _Phrase:
            if verb is not None:
                who = "they" if phrase.element and not phrase.rest else phrase.one
                what = f" that {who} {verb.one if single or not phrase.several else verb.many}{verb.tail}"
                return _Phrase(verb.noun or _THING, what, own=phrase.own)
            rest = f" {link} {phrase.one}" if link else _of(phrase)
            return _Phrase(relation, rest, several=phrase.several and not phrase.proper, own=phrase.own)

        return w.over(form.arguments[0], change)

    return word


def _follow_back(w: _Words, form: Call) -> Any:
    relation = w.leaf(form.arguments[1])
    verb = verb_of(relation)

    def change(phrase: _Phrase) -> _Phrase:
        if verb is None:
            return _Phrase(_THING, f" whose {relation} {_is(phrase)}", own=phrase.own)
        whom = "them" if phrase.element and not phrase.rest else phrase.one
        return _Phrase(_THING, f" that {verb.many} {whom}{verb.tail}", own=phrase.own)

    return w.over(form.arguments[0], change)


def _same(w: _Words, form: Call) -> Any:
    return w.of(form.arguments[0])  # statements are worded as what they state


def _where(w: _Words, form: Call) -> Any:
    _, relation, wanted = form.arguments
    if relation == stated_relation(form):
        words = f"being {w.of(wanted).one}"
    elif isinstance(wanted, ValueLeaf) and isinstance(wanted.value, Time) and relation == _POINT_IN_TIME:
        words = f"{'on' if wanted.value.precision >= DAY else 'in'} {w.value(wanted)}"
    else:
        words = f"with {w.leaf(relation)} {w.of(wanted).one}"
    return w.over(form.arguments[0], lambda phrase: replace(phrase, rest=f"{phrase.rest} {words}"))


def _outermost(place: str) -> Wording:
    def word(w: _Words, form: Call) -> Any:
        relation = w.leaf(form.arguments[1])
        words = f"with the {place} {relation}"
        return w.over(
            form.arguments[0],
            lambda phrase: replace(phrase, rest=f"{phrase.rest} {words}", several=phrase.own),
        )

    return word


def _members(w: _Words, form: Call) -> Any:
    return _Phrase(w.leaf(form.arguments[0]))


def _keep(w: _Words, form: Call) -> Any:
    kind = w.leaf(form.arguments[1])

    def change(phrase: _Phrase) -> _Phrase:
        if phrase.element:
            return phrase.that(f"that are {plural(kind)}")
        if phrase.noun == _THING:
            return replace(phrase, noun=kind)
        if phrase.own:
            return phrase.that(f"that are {plural(kind)}")
        return _Phrase(kind, f" among {phrase.many}")

    return w.over(form.arguments[0], change)


def _combined(join: Callable[[_Phrase, _Phrase], _Phrase]) -> Wording:
    def word(w: _Words, form: Call) -> Any:
        left, right = (w.of(argument) for argument in form.arguments)
        if not isinstance(left, _Map):
            return join(left, right)
        if isinstance(right, _Map):
            return _Map(_either(left.domain, right.domain), join(left.item, right.item))
        return replace(left, item=join(left.item, right))

    return word


def _either(left: _Phrase, right: _Phrase) -> _Phrase:
    return left if left == right else _Phrase(f"{left.many} and {right.many}", proper=True)


def _union(left: _Phrase, right: _Phrase) -> _Phrase:
    if left.own and right.own and not (left.element or right.element):
        return _Phrase(f"{left.bare} or {right.bare}", proper=True, own=True)
    return _Phrase(f"{left.one} together with {right.one}", proper=True, own=left.own)


def _truth(w: _Words, form: Call) -> str:
    left, right = (w.of(argument) for argument in form.arguments)
    leaf = form.arguments[0]
    are = "is" if isinstance(leaf, EntityLeaf) and len(leaf.names) == 1 else "are all"
    return f"whether {left.many} {are} among {right.many}"


def _exists(w: _Words, form: Call) -> str:
    phrase = w.of(form.arguments[0])
    return f"whether there is any of {phrase.many}" if phrase.proper else f"whether there are {phrase.bare}"


def _cardinality(w: _Words, form: Call) -> Any:
    worded = w.of(form.arguments[0])
    if isinstance(worded, _Map):
        return _Counts(worded.domain, worded.item.many if worded.item.element else worded.item.bare)
    return f"the number of {worded.bare}"


def _extreme(most: str, greatest: str) -> Wording:
    def word(w: _Words, form: Call) -> Any:
        worded = w.of(form.arguments[0])
        if isinstance(worded, _Counts):
            return replace(worded, domain=worded.domain.that(f"that have {most} {worded.counted}"))
        if isinstance(worded, _Map):
            domain = worded.domain.that(f"whose {worded.item.noun}{worded.item.rest} is the {greatest}")
            return replace(worded, domain=domain, settled=True)
        return _Phrase(f"the {greatest} of {worded.many}", proper=True)

    return word


def _sum(w: _Words, form: Call) -> Any:
    left, right = (w.of(argument) for argument in form.arguments)
    if isinstance(left, _Counts):
        counted = f"{left.counted} and {right.counted} taken together"
        return _Counts(_either(left.domain, right.domain), counted)
    return f"{left} plus {right}"


def _comparison(number: str, many: str, than: str, time: str) -> Wording:
    """``number`` before a number, ``many ... than`` before another count, ``time`` before a date."""

    def word(w: _Words, form: Call) -> Any:
        left, right = (w.of(argument) for argument in form.arguments)
        wanted = form.arguments[1]
        if isinstance(left, str):
            return f"whether {left} is {number} {right}"
        if isinstance(left, _Counts):
            few = number.replace("less", "fewer").replace("equal to", "exactly")
            leaf = isinstance(wanted, NumberLeaf)
            words = f"{few} {right} {left.counted}" if leaf else f"{many} {left.counted} {than} {right}"
            return replace(left, domain=left.domain.that(f"that have {words}"))
        is_time = isinstance(wanted, ValueLeaf) and isinstance(wanted.value, Time)
        other = right if wanted.sort is Sort.NUMBER else right.one
        words = f"{time if is_time else number} {other}"
        if isinstance(left, _Map):
            domain = left.domain.that(f"whose {left.item.noun}{left.item.rest} is {words}")
            return replace(left, domain=domain, settled=True)
        return left.that(f"that are {words}")

    return word


def _for_each(w: _Words, form: Call) -> Any:
    return _Map(w.of(form.arguments[0]), _Phrase("they", proper=True, own=True, element=True))


def _arg(w: _Words, form: Call) -> Any:
    worded = w.of(form.arguments[0])
    if isinstance(worded, _Counts) or worded.settled:
        return worded.domain
    if worded.item.element:
        return worded.domain.that(worded.item.rest.strip()) if worded.item.rest else worded.domain
    return worded.domain.that(f"that have {worded.item.bare}")


def _pair(w: _Words, form: Call) -> str:
    return ", and ".join(w.of(argument) for argument in form.arguments)


WORDINGS: dict[str, Wording] = {
    "follow": _read(""),
    "follow_back": _follow_back,
    "value": _read(""),
    "statements": _read(""),
    "qualifier": _read("given with"),
    "qualifier_value": _read("given with"),
    "where": _where,
    "first": _outermost("first"),
    "last": _outermost("last"),
    "object": _same,
    "object_value": _same,
    "members": _members,
    "keep": _keep,
    "union": _combined(_union),
    "intersect": _combined(lambda left, right: left.that(f"that are also among {right.many}")),
    "difference": _combined(lambda left, right: left.that(f"that are not among {right.many}")),
    "is_in": _truth,
    "exists": _exists,
    "cardinality": _cardinality,
    "max": _extreme("the most", "greatest"),
    "min": _extreme("the fewest", "smallest"),
    "sum": _sum,
    "greater_than": _comparison("more than", "more", "than", "after"),
    "less_than": _comparison("less than", "fewer", "than", "before"),
    "at_least": _comparison("at least", "at least as many", "as", "not before"),
    "at_most": _comparison("at most", "at most as many", "as", "not after"),
    "equals": _comparison("equal to", "as many", "as", "in"),
    "around": _comparison("about", "about as many", "as", "around"),
    "for_each": _for_each,
    "arg": _arg,
    "pair": _pair,
}
"""Operator -> how it is worded. A test holds this against the table."""
