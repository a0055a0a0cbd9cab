"""Counts taken for each of a set: who has most, who has at least five, who has more than X.

Of any relation, either way, in the words of people and of corpora that machines worded. One meaning has one
form: the domain is the members of a type (or a set that the words name), what is counted is kept to the type
that is named, two types are a ``sum``.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from grammar.forms import LogicalForm, NumberLeaf, TypeLeaf, call
from kgqa.graphs.protocol import Direction
from kgqa.synthesis.english import IT, THEY, Name
from kgqa.synthesis.frames import amount, framed, number_word
from kgqa.synthesis.phrases import Phrase, Phrases, denied
from kgqa.synthesis.relations import TELL_KINDS
from kgqa.synthesis.said import OTHER_WAY, chosen, in_register, posed, put, role, with_end
from kgqa.synthesis.sets import counts_of_each
from kgqa.synthesis.survey import Use
from kgqa.synthesis.talk import Draft, Talk, entity, keep, read

_DOER = re.compile(r"(?:er|or|ist|ect|ian|author)$")
TESTS = ("at_least", "at_least", "at_most", "greater_than", "less_than", "equals", "around")
COMPARISONS = ("greater_than", "greater_than", "less_than", "less_than", "equals", "around")


@dataclass(frozen=True)
class Counted:
    """Facts of a relation counted for each of a set.

    ``name`` is the one that it was found with, a member of the set; ``set_form`` the set, called ``one`` and
    ``many``, or by what its people do (``doers``: "directors"). ``types`` are those of what is counted, in
    the order of the words ``thing`` and ``things``; none where these say the relation already ("directors").
    """

    name: str
    set_form: LogicalForm
    type_name: str
    one: str
    many: str
    relation: str
    direction: Direction
    types: tuple[str, ...]
    thing: str
    things: str
    doers: bool = False

    @property
    def each(self) -> LogicalForm:
        """The count of everyone."""
        return _summed(
            [counts_of_each(self.set_form, self.relation, self.direction, t) for t in self.types or (None,)]
        )

    def of(self, name: str) -> LogicalForm:
        """The count of one."""
        base = read(entity(name), self.relation, self.direction)
        return _summed([call("cardinality", keep(base, t)) for t in self.types or (None,)])


def several_of(talk: Talk, name: str) -> Use | None:
    """A relation to count, rather one of which the entity has several facts."""
    use = talk.use(name, "out", "in")
    for _ in range(2):
        if use is None or use.count > 1 or talk.rng.random() < 0.3:
            break
        use = talk.use(name, "out", "in")
    return use


def _summed(counts: Sequence[LogicalForm]) -> LogicalForm:
    return counts[0] if len(counts) == 1 else call("sum", *counts)


def counted(talk: Talk, name: str, *, them: tuple[str, ...] = ()) -> Counted | None:
    """Something that can be counted of the entity and of others like it; of ``them`` if given."""
    rng, survey = talk.rng, talk.survey
    use, types = several_of(talk, name), survey.types(name)
    if use is None or not types or use.relation in TELL_KINDS:
        return None
    reached = talk.names(read(entity(name), use.relation, use.direction))
    type_name = survey.shared_type(them, rng) if them else rng.choice(types[:3])
    if type_name is None:
        return None
    one, many = talk.type_word(type_name)
    if them:
        form: LogicalForm = entity(*them)
    else:
        form = call("members", TypeLeaf(type_name))
        narrower = _narrower(talk, name, type_name, use.relation) if rng.random() < 0.12 else None
        if narrower is not None:
            form, clause, clause_of_one = narrower
            one, many = f"{one} {clause_of_one}", f"{many} {clause}"
    found = Counted(
        name, form, type_name, one, many, use.relation, use.direction, types=(), thing="", things=""
    )
    wording = survey.wording(use.relation)
    if use.direction == "out" and wording.noun and wording.nouns and not talk.formal and rng.random() < 0.25:
        return replace(found, thing=wording.noun, things=wording.nouns)
    first = survey.shared_type(reached, rng)
    if first is None:
        return None
    thing, things = talk.type_word(first)
    kinds: tuple[str, ...] = (first,)
    more = sorted({t for n in reached[:60] for t in survey.types(n)} - {first})
    if more and rng.random() < 0.27:
        second = rng.choice(more)
        link = rng.choice(["and", "or"])
        thing, things = (
            f"{thing} or {talk.type_word(second)[0]}",
            f"{things} {link} {talk.type_word(second)[1]}",
        )
        kinds = (first, second)
    everybody = form == call("members", TypeLeaf("Q5")) and not talk.formal
    if use.direction == "in" and everybody and _DOER.search(wording.noun) and rng.random() < 0.4:
        found = replace(found, one=wording.noun, many=wording.nouns, doers=True)
    return replace(found, types=kinds, thing=thing, things=things)


def _narrower(talk: Talk, name: str, type_name: str, asked: str) -> tuple[LogicalForm, str, str] | None:
    """A part of the type that the entity belongs to: "directed by X"."""
    use = talk.use(name, "out")
    if use is None or use.relation in (asked, *TELL_KINDS) or talk.formal:
        return None
    other = talk.one_of(talk.names(read(entity(name), use.relation, "out")))
    if other is None:
        return None
    phrase = chosen(talk, talk.survey.phrases(use.relation, "out").clauses, use.relation, "out", other)
    form = keep(read(entity(other), use.relation, "in"), type_name)
    if phrase is None or len(talk.names(form)) < 2:
        return None
    said = Name.of(talk.survey.label(other) or other)
    return form, put(phrase.text, said), put(phrase.one, said)


# --- words --------------------------------------------------------------------------------------------


def words(
    talk: Talk, found: Counted, said: str, tail: str, *, single: bool = False, denies: bool = False
) -> dict[str, str] | None:
    """What the slots of frames are filled with; ``single`` where the amount is one.

    ``denies``: the opposite is said, "did not direct"; only predicates can say so.
    """
    people = found.type_name in talk.survey.person_types
    slots = {"many": found.many, "one": found.one}
    slots["that"] = talk.rng.choice(["who", "that", "who"] if people else ["that", "that", "which"])
    if people:
        slots["who"] = ""
        if found.set_form == call("members", TypeLeaf("Q5")):
            slots["everybody"] = ""
    if denies and (found.doers or not found.types):
        return slots | {"verb": f"do not have {said} {tail}"}
    if found.doers:
        for slot in ("verb", "verbs", "clause"):
            slots[slot] = f"{framed('doers', slot, talk.rng, {'a': said})} {tail}".strip()
        return slots | {
            "clause_one": slots["clause"],
            "bare": f"have {said}",
            "theirs": found.things,
            "its": found.things,
        }
    if not found.types:
        have = talk.rng.choice(["have", "have", "have got"] if not talk.formal else ["have"])
        slots |= {"verb": f"have {said} {tail}", "bare": f"{have} {said}", "theirs": found.things}
        slots |= {"verbs": f"has {said} {tail}", "clause": f"with {said} {tail}", "its": found.things}
        slots["clause_one"] = slots["clause"]
        return slots
    slots |= role(talk, found.relation, found.direction, f"{said} {tail}".strip())
    reached = talk.names(keep(read(entity(found.name), found.relation, found.direction), found.types[0]))
    other = talk.rng.choice(reached[:50] or (found.name,))
    phrases = talk.survey.phrases(found.relation, found.direction)

    def pick(some: Sequence[Phrase]) -> Phrase | None:
        return chosen(talk, some, found.relation, found.direction, other, amounts=True)

    verb, clause, fronted = pick(phrases.verbs), pick(phrases.clauses), pick(phrases.fronted)
    if denies:
        not_so = denied(verb.text) if verb is not None else ""
        return slots | {"verb": f"{put(not_so, said)} {tail}"} if not_so else None
    if verb is not None:
        slots["verb"] = with_end(talk, verb.text, said, tail)
        slots["verbs"] = with_end(talk, verb.one, said, tail)
        slots["bare"] = put(verb.text, said)
    if clause is not None:
        slots["clause"] = with_end(talk, clause.text, said, tail)
        slots["clause_one"] = with_end(talk, clause.one, said, tail)
    if fronted is not None and (talk.formal or fronted.kind != "noun"):
        slots["fronted"] = f"{put(fronted.one if single else fronted.text, said)} {tail}".strip()
    back = OTHER_WAY[found.direction]
    theirs = _counted_words(talk, found, talk.survey.phrases(found.relation, back), back)
    if theirs is not None:
        slots["theirs"] = put(theirs, THEY)
        slots["its"] = put(theirs, THEY if people else IT)
        if not tail and not single and said.endswith(found.things):
            for slot in ("theirs", "its"):
                slots[f"some_{slot}"] = said.removesuffix(found.things) + slots[slot]
    return slots


def _counted_words(talk: Talk, found: Counted, phrases: Phrases, direction: Direction) -> str | None:
    """``films directed by {n'}``: what is counted, as it is related to whom it is counted for."""
    use_clause = talk.rng.random() < 0.6
    some = phrases.clauses if use_clause else phrases.verbs
    phrase = chosen(talk, some, found.relation, direction, found.name)
    if phrase is None or phrase.single or " their " in phrase.text:
        return None
    return f"{found.things} {'' if use_clause else 'that '}{phrase.text}"


# --- questions ----------------------------------------------------------------------------------------------


def most(talk: Talk, name: str) -> Draft | None:
    """``Which country borders the most countries?``, ``Which film tops the list by number of actors?``"""
    found = counted(talk, name)
    return None if found is None else most_of(talk, found)


def most_of(talk: Talk, found: Counted, *, of_them: bool = False) -> Draft | None:
    """The question for the extreme ones of what was counted."""
    rng = talk.rng
    how = "max" if rng.random() < 0.62 else "min"
    said, tail = amount("extremes", how, rng, {"u": found.things})
    slots = words(talk, found, said, tail)
    if slots is None:
        return None
    slots["level"] = amount("levels", how, rng, {})[0]
    draw = rng.random()
    kind = f"extreme_{how}" if draw < 0.15 else "level" if draw < 0.23 else "extreme"
    kind = "of_them_one" if of_them else "machine_which" if talk.formal and draw > 0.4 else kind
    form: LogicalForm = call("arg", call(how, found.each))
    if kind == "extreme" and rng.random() < 0.05:
        kind, form = "extreme_count", call("cardinality", form)
    question = framed("frames", kind, rng, slots)
    return None if question is None else Draft(in_register(talk, question), form, "most of a type", None)


def bounded(talk: Talk, name: str) -> Draft | None:
    """``Which people directed at least five films?`` and how many did."""
    found = counted(talk, name)
    return None if found is None else bounded_of(talk, found)


def bounded_of(talk: Talk, found: Counted, *, of_them: bool = False) -> Draft | None:
    """The question for those whose count is on one side of a number."""
    rng = talk.rng
    own = int((talk.denotes(found.of(found.name)).numbers or (1,))[0])
    number = max(1, own + rng.choice([-2, -1, -1, 0, 0, 0, 1, 1, 2, 3, own, own // -2]))
    if number > 20 and rng.random() < 0.4:
        number = round(number, -1)
    test = rng.choice(TESTS)
    if test == "less_than" and number == 1:
        number = 2
    if test == "around":
        number = max(3, number)
    single = number == 1
    said_number = number_word(number, rng)
    counted_things = {"u": found.thing if single else found.things, "us": found.things}
    said, _ = amount("amounts", test, rng, {"n": said_number, **counted_things})
    slots = words(talk, found, said, "", single=single)
    if slots is None:
        return None
    slots["level"] = amount("levels", test, rng, {"n": said_number})[0]
    form: LogicalForm = call("arg", call(test, found.each, NumberLeaf(float(number))))
    count = rng.random() < 0.42
    if count:
        form = call("cardinality", form)
    kind = "of_them_which" if of_them else "level" if rng.random() < 0.2 else "which"
    question = posed(talk, kind, slots, count=count)
    if question is None:
        return None
    return Draft(in_register(talk, question), form, "bounded count", None)


def compared(talk: Talk, name: str) -> Draft | None:
    """``Which countries border more countries than France?`` and how many do."""
    found = counted(talk, name)
    if found is None or not talk.survey.label(name):
        return None
    return compared_of(talk, found, _said(talk, found))


def _said(talk: Talk, found: Counted) -> str:
    """The one that is compared with, as it would be called now."""
    named = talk.refer(found.name)
    if (
        talk.antecedents[:1] == [found.name]
        and not talk.survey.is_person(found.name)
        and talk.rng.random() < 0.2
    ):
        return "that one"
    return named.object


def compared_of(
    talk: Talk, found: Counted, said_other: str, *, unclear: tuple[str, ...] = ()
) -> Draft | None:
    """The question for those whose count is on one side of another's."""
    rng = talk.rng
    test = rng.choice(["at_least", "at_most"]) if rng.random() < 0.04 else rng.choice(COMPARISONS)
    denies = test == "less_than" and rng.random() < 0.12
    said, tail = amount(
        "comparisons", "not_less_than" if denies else test, rng, {"u": found.things, "e": said_other}
    )
    slots = words(talk, found, said, tail, denies=denies)
    if slots is None:
        return None
    slots["other"] = said_other
    form: LogicalForm = call("arg", call(test, found.each, found.of(found.name)))
    draw, count = rng.random(), rng.random() < 0.4
    kind = "which"
    if test in COMPARISONS and not denies:
        slots["level"] = amount("levels", f"than_{test}", rng, {"e": said_other})[0]
        if draw < 0.12:
            kind = f"compare_{test}"
        elif draw < 0.22:
            kind = "level"
        elif draw < 0.3:
            kind = "compare"
    question = posed(talk, kind, slots, count=count)
    if question is None:
        return None
    if count:
        form = call("cardinality", form)
    return Draft(in_register(talk, question), form, "compared counts", found.name, unclear=unclear)
