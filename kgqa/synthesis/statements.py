"""Questions that need statements: who held an office when, first and last, since when."""

from __future__ import annotations

from grammar.forms import LogicalForm, RelationLeaf, ValueLeaf, call
from grammar.operators import END_TIME, POINT_IN_TIME, START_TIME
from grammar.values import Time
from kgqa.graphs.protocol import Fact
from kgqa.synthesis.english import Name
from kgqa.synthesis.single import generic
from kgqa.synthesis.talk import Draft, Talk, entity

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


def statements_of(talk: Talk, name: str, relation: str) -> list[Fact]:
    graph = talk.survey.graph
    numbers = graph.statements(talk.survey.number(name), relation).items
    return graph.stated(numbers[:200])


def _timed(talk: Talk, name: str, *qualifiers: str) -> tuple[str, list[Fact]] | None:
    """A relation of the entity whose statements have one of the qualifiers."""
    uses = [u.relation for u in talk.survey.uses(name) if u.direction == "out" and u.count <= 200]
    uses = [r for r in uses if r in _WORTH_ASKING] or uses
    talk.rng.shuffle(uses)
    for relation in uses[:4]:
        facts = statements_of(talk, name, relation)
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
    years = sorted({y for f in statements_of(talk, name, relation) if (y := _year(f, qualifier)) is not None})
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
