"""Questions that need statements: who held an office when, first and last, since when, who played whom."""

from __future__ import annotations

import re

from grammar.forms import LogicalForm, RelationLeaf, ValueLeaf, call
from grammar.operators import END_TIME, POINT_IN_TIME, START_TIME
from grammar.values import Time
from kgqa.graphs.protocol import Fact
from kgqa.synthesis.english import Name
from kgqa.synthesis.single import generic
from kgqa.synthesis.talk import Draft, Talk, entity

ROLE = "P453"
_CAST = ("P161", "P725", "P175")
_WORTH_ASKING = {
    "P35",
    "P6",
    "P39",
    "P54",
    "P286",
    "P488",
    "P169",
    "P26",
    "P69",
    "P108",
    "P166",
    "P463",
    "P1411",
    "P527",
    "P1346",
}


def _statements(talk: Talk, name: str, relation: str) -> list[Fact]:
    graph = talk.survey.graph
    numbers = graph.statements(talk.survey.number(name), relation).items
    return graph.stated(numbers[:200])


def _timed(talk: Talk, name: str, *qualifiers: str) -> tuple[str, list[Fact]] | None:
    """A relation of the entity whose statements have one of the qualifiers."""
    uses = [u.relation for u in talk.survey.uses(name) if u.direction == "out" and u.count <= 200]
    uses = [r for r in uses if r in _WORTH_ASKING] or uses
    talk.rng.shuffle(uses)
    for relation in uses[:4]:
        facts = _statements(talk, name, relation)
        if any(q in fact.qualifiers for fact in facts for q in qualifiers):
            return relation, facts
    return None


def _year(fact: Fact, qualifier: str) -> int | None:
    times = [t for t in fact.qualifiers.get(qualifier, ()) if isinstance(t, Time) and t.precision >= 9]
    return times[0].year if times else None


def all_statements(name: str, relation: str) -> LogicalForm:
    """The entity's statements of a relation."""
    return call("statements", entity(name), RelationLeaf(relation))


def at_a_time(talk: Talk, name: str) -> Draft | None:
    """``Who was president of France in 1990?``"""
    found = _timed(talk, name, START_TIME, END_TIME, POINT_IN_TIME)
    if found is None or not talk.survey.graph.has_relation(POINT_IN_TIME):  # the form asks by it
        return None
    relation, facts = found
    fact = talk.rng.choice(facts)
    start, end, point = (_year(fact, q) for q in (START_TIME, END_TIME, POINT_IN_TIME))
    if point is None and start is None:
        return None
    year = (
        point if point is not None else talk.rng.randint(start or 0, max(start or 0, end or (start or 0) + 1))
    )
    choices = talk.fitting("at", name, relation) or generic(talk, relation, "at")
    if not choices or year is None:
        return None
    at = ValueLeaf(Time(year, precision=9))
    form = call("object", call("where", all_statements(name, relation), RelationLeaf(POINT_IN_TIME), at))
    names = talk.names(form)
    if not 1 <= len(names) <= 4:
        return None
    template = talk.rng.choice(choices)
    if talk.survey.is_person(names[0]):
        template = template.replace("[Who|What]", "Who")
    question = talk.say(template, x=talk.refer(name, (relation, "out")), v=str(year))
    if talk.rng.random() < 0.15 and question.endswith(f" in {year}?"):
        question = f"In {year}, {question[0].lower()}{question[1 : -len(f' in {year}?')]}?"
    return Draft(question, form, "at a time", name, (relation, "out"))


def began_or_ended(talk: Talk, name: str) -> Draft | None:
    """``Which club did he join in 2007?``"""
    key, qualifier = talk.rng.choice([("began", START_TIME), ("began", START_TIME), ("ended", END_TIME)])
    uses = [u.relation for u in talk.survey.uses(name) if u.direction == "out" and u.count <= 200]
    possible = {r: templates for r in uses if (templates := talk.fitting(key, name, r))}
    if not possible:
        return None
    relation = talk.rng.choice(list(possible))
    years = sorted({y for f in _statements(talk, name, relation) if (y := _year(f, qualifier)) is not None})
    if not years:
        return None
    year = talk.rng.choice(years)
    at = ValueLeaf(Time(year, precision=9))
    form = call("object", call("where", all_statements(name, relation), RelationLeaf(qualifier), at))
    template = talk.rng.choice(possible[relation])
    question = talk.say(template, x=talk.refer(name, (relation, "out")), v=str(year))
    return Draft(question, form, "at a time", name, (relation, "out"))


def first_or_last(talk: Talk, name: str) -> Draft | None:
    """``Who was the first president of France?``"""
    found = _timed(talk, name, START_TIME, POINT_IN_TIME)
    if found is None:
        return None
    relation, facts = found
    qualifier = START_TIME if any(START_TIME in f.qualifiers for f in facts) else POINT_IN_TIME
    if len({str(f.value) for f in facts if qualifier in f.qualifiers}) < 2:
        return None
    which = talk.rng.choice(["first", "last"])
    key = f"{which}_one"
    choices = talk.fitting(key, name, relation) or generic(talk, relation, key)
    if not choices:
        return None
    ordered = call(which, all_statements(name, relation), RelationLeaf(qualifier))
    template = talk.rng.choice(choices)
    form: LogicalForm = call("object", ordered)
    names = talk.names(form)
    if names and talk.survey.is_person(names[0]):
        template = template.replace("[Who|What]", "Who")
    question = talk.say(template, x=talk.refer(name, (relation, "out")))
    return Draft(question, form, "first or last", name, (relation, "out"))


def since_when(talk: Talk, name: str) -> Draft | None:
    """``When did she take office?``, where one statement can be meant."""
    found = _timed(talk, name, START_TIME, END_TIME, POINT_IN_TIME)
    if found is None or len(found[1]) != 1:
        return None
    relation, (fact,) = found
    wording = talk.survey.wording(relation)
    asked = [("since", START_TIME), ("until", END_TIME), ("become", START_TIME), ("become", POINT_IN_TIME)]
    asked += [("leave", END_TIME)]
    possible = [(key, qualifier) for key, qualifier in asked if wording[key] and qualifier in fact.qualifiers]
    if not possible or not isinstance(fact.value, str) or not talk.survey.label(fact.value):
        return None
    key, qualifier = talk.rng.choice(possible)
    form = call("qualifier_value", all_statements(name, relation), RelationLeaf(qualifier))
    x, y = talk.refer(name, (relation, "out")), Name.of(talk.survey.label(fact.value) or "")
    return Draft(talk.say(talk.rng.choice(wording[key]), x=x, y=y), form, "since when", name)


def role(talk: Talk, name: str) -> Draft | None:
    """``Who played Vito Corleone in The Godfather?`` and which roles there are."""
    cast = [u.relation for u in talk.survey.uses(name) if u.relation in _CAST and u.direction == "out"]
    if not cast:
        return None
    relation = talk.rng.choice(cast)
    roles = {
        r
        for fact in _statements(talk, name, relation)
        for r in fact.qualifiers.get(ROLE, ())
        if isinstance(r, str) and talk.survey.label(r)
    }
    if not roles:
        return None
    statements = all_statements(name, relation)
    film = talk.refer(name, (relation, "out"))
    voiced = relation == "P725"
    verb = "[voiced|voices|spoke|dubbed]" if voiced else "[played|plays|was|is|portrayed|acted as|starred as]"
    by = "[voiced|dubbed]" if voiced else "[played|portrayed]"
    if talk.rng.random() < 0.25:
        form: LogicalForm = call("qualifier", statements, RelationLeaf(ROLE))
        template = talk.rng.choice(
            [
                "Which [roles|characters|parts] are there in {x'}?",
                "What are the [roles|characters|parts] in {x'}?",
                "[Name|List] the roles in {x'}.",
                "What are the people in {x'} called?",
            ]
        )
        return Draft(talk.say(template, x=film), form, "role", name)
    who = talk.rng.choice(sorted(roles))
    here = name == talk.focus and talk.rng.random() < 0.4
    form = call("object", call("where", statements, RelationLeaf(ROLE), entity(who)))
    y = Name.of(re.sub(r" \(.*\)$", "", talk.survey.label(who) or who))
    template = talk.rng.choice(
        [
            f"Who {verb} {{y'}} in {{x'}}?",
            f"[Which|What] [actor|person] {verb} {{y'}} in {{x'}}?",
            "Who [had|has|got|took] the [role|part] of {y'} in {x'}?",
            f"By whom was {{y}} {by} in {{x'}}?",
            f"In {{x'}}, who {verb} {{y'}}?",
            f"Who [was|is] {{y}} {by} by in {{x'}}?",
            f"{{y}} is {by} by [who|whom|which actor] in {{x'}}?",
            f"What is the name of the [actor|person] who {verb} {{y'}} in {{x'}}?",
            "Who is the actor [behind|of] {y} in {x'}?",
            "Who was cast as {y} in {x'}?",
            "Who featured as {y} in {x'}?",
            "{x}: who is {y}?",
        ]
    )
    if here:
        template = talk.rng.choice(
            [
                f"Who {verb} {{y'}}?",
                f"And who {verb} {{y'}}?",
                f"{{y}} was {by} by who?",
                f"[Who|And who] is {{y}} {by} by?",
                f"What's the name of the actor who {verb} {{y'}}?",
                "{y} actor?",
                "The actor of {y'}?",
                f"Which actor {verb} {{y'}}?",
                "Who got the part of {y'}?",
            ]
        )
    return Draft(talk.say(template, x=film, y=y), form, "role", name)
