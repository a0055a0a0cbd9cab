"""Yes or no about a value or a count: "Was it released before 1990?", "Did she direct over five films?"."""

from __future__ import annotations

import re

from grammar.forms import NumberLeaf, ValueLeaf, call
from grammar.values import Kind, Quantity, Time
from kgqa.synthesis.frames import number_word
from kgqa.synthesis.relations import TELL_KINDS
from kgqa.synthesis.sets import rounded, written
from kgqa.synthesis.single import templates
from kgqa.synthesis.talk import Draft, Talk, entity, keep, read
from kgqa.synthesis.verbs import participle

_COUNTING = re.compile(r"^(?:\[Which\|What\]|\[What\|Which\]|Which|What) \{T\} (did|does|has) \{y\} (.+)\?$")


def value_check(talk: Talk, name: str) -> Draft | None:
    """``Was it released before 1990?``, ``Does it have more than 5 million people?``"""
    rng, use = talk.rng, talk.use(name, "literal")
    kind = talk.survey.kind_of_values(name, use.relation) if use else None
    if use is None or kind is None:
        return None
    wording = talk.survey.wording(use.relation)
    known = talk.denotes(read(entity(name), use.relation, "literal")).values or ()
    given = rng.choice(known) if known else None
    bound: ValueLeaf | NumberLeaf
    if kind is Kind.TIME and isinstance(given, Time):
        key, test = rng.choice([("after", "greater_than"), ("before", "less_than"), ("during", "equals")])
        year = given.year + rng.choice([-20, -10, -5, -2, -1, 0, 0, 0, 1, 2, 5, 10, 20])
        said, bound = str(year), ValueLeaf(Time(year, precision=9))
        if year < 100:
            return None
    elif kind is Kind.QUANTITY and isinstance(given, Quantity):
        key, test = rng.choice([("over", "greater_than"), ("under", "less_than")])
        number = rounded(given.amount * rng.choice([0.5, 0.8, 1.0, 1.2, 2.0]), down=rng.random() < 0.5)
        if number <= 0:
            return None
        said, bound = written(number, rng), NumberLeaf(float(number))
    else:
        return None
    question = _asked(talk, name, rng.sample(wording[key], len(wording[key])), said)
    if question is None:
        return None
    form = call("exists", call(test, read(entity(name), use.relation, "literal"), bound))
    return Draft(question, form, "value check", name, may_be_empty=True)


def _asked(talk: Talk, name: str, clauses: list[str], said: str) -> str | None:
    """A yes-or-no question made of a clause that says which are meant."""
    for clause in clauses:
        template = _checked(talk.phrase(clause, v=said))
        if template is not None:
            return talk.say(template, x=talk.refer(name))
    return None


def _checked(clause: str) -> str | None:
    """``Did {x} come out before 1990?`` for "that came out before 1990"."""
    past = re.match(r"(?:that|who) (\w+) (.+)$", clause)
    verb = participle(past[1]) if past else None
    if past and verb:
        return f"Did {{x}} {verb.base} {past[2]}?"
    if clause.startswith("with "):
        return f"Does {{x}} have {clause.removeprefix('with ')}?"
    if re.match(r"(?:\w+er than|over|under|less than|from)\b", clause):
        return f"Is {{x}} {clause}?"
    return f"Was {{x}} {clause}?" if re.match(r"(?:\w+ed|born) ", clause) else None


def count_check(talk: Talk, name: str) -> Draft | None:
    """``Did she direct more than five films?``"""
    rng, use = talk.rng, talk.use(name, "in", "out")
    if use is None or use.relation in TELL_KINDS:
        return None
    wording, type_name = talk.survey.wording(use.relation), None
    number = max(1, use.count + rng.choice([-3, -2, -1, 0, 0, 1, 2, 3]))
    test, words = rng.choice(
        [
            ("greater_than", "more than"),
            ("less_than", "fewer than"),
            ("less_than", "less than"),
            ("at_least", "at least"),
            ("at_most", "at most"),
            ("equals", "exactly"),
        ]
    )
    amount = f"{words} {number_word(number, rng)}"
    if use.direction == "in":
        type_name = talk.survey.shared_type(talk.names(read(entity(name), use.relation, "in")), rng)
        stems = [m for t in templates(talk, use.relation, "back") if (m := _COUNTING.match(t))]
        if type_name is None or not stems:
            return None
        match = rng.choice(stems)
        verb = match.group(2)
        if "{" in verb or re.search(r"\b(in|for|by)$", verb):
            return None
        template = f"{match.group(1).capitalize()} {{y}} {verb} {amount} {talk.type_word(type_name)[1]}?"
    elif use.count < 2 or not wording.nouns:
        return None
    else:
        template = f"Does {{y}} have {amount} {wording.nouns}?"
    question = talk.say(template, y=talk.refer(name, (use.relation, use.direction)))
    counted = call("cardinality", keep(read(entity(name), use.relation, use.direction), type_name))
    return Draft(
        question, call(test, counted, NumberLeaf(float(number))), "count check", name, may_be_empty=True
    )
