"""Questions that join two sets: and, or, but not; and questions for all of a type."""

from __future__ import annotations

from typing import Literal

from grammar.forms import LogicalForm, TypeLeaf, call
from kgqa.graphs.protocol import Direction
from kgqa.synthesis.english import Name, literally
from kgqa.synthesis.relations import TELL_KINDS
from kgqa.synthesis.sets import LEAD, Some, named_after, some_of
from kgqa.synthesis.talk import Draft, Talk, entity, keep, read

_Join = Literal["union", "intersect", "difference"]
_LEFT_OUT = ("Except for", "Apart from", "Other than", "Leaving out", "Not counting", "Aside from", "Besides")
_LINKS = {
    "union": ["or"],
    "intersect": ["and", "and also", "that are also"],
    "difference": [
        "but not",
        "and not",
        "but are not",
        "except those",
        "apart from those",
        "excluding those",
    ],
}


def joined(talk: Talk, name: str) -> Draft | None:
    """``Which films did X direct but not write?``, ``people born in Paris or Rome``"""
    first = some_of(talk, name, least=1)
    if first is None or first.owner or not first.names:
        return None
    named = (talk.survey.label(name) or name, *talk.survey.aliases(name), "he ", "she ", "it ", "they ")
    participle = not LEAD.match(first.clause) and not first.clause.startswith(tuple(map(literally, named)))
    rng = talk.rng
    how: _Join = rng.choice(["union", "intersect", "difference"])
    second = _partner(talk, first, how)
    if second is None:
        return None
    clause, form = second
    link = _LINKS[how]
    word = rng.choice(link)
    if word in ("that are also", "but are not") and LEAD.match(clause):
        word = link[0]
    words = f"{first.many} {first.clause} {word} {clause}"
    combined: LogicalForm = call(how, first.form, form)
    if how == "difference" and rng.random() < 0.25:
        left_out = f"{rng.choice(_LEFT_OUT)} those {clause}"
        which = rng.choice(["which {w} are there?", "list the {w}.", "what are the {w}?", "the {w}?"])
        question = f"{left_out}, {which}".replace("{w}", f"{first.many} {first.clause}")
        return Draft(talk.say(question), combined, "joined", None)
    start = rng.choice(
        ["Which {w}?", "Which {w} are there?", "{w}?", "List [all|the|] {w}.", "What {w} are there?"]
    )
    if first.clause.startswith("whose"):
        start = "Which {w} are there?"
    elif rng.random() < 0.25:
        start, combined = (
            rng.choice(["How many {w} are there?", "How many {w}?"]),
            call("cardinality", combined),
        )
    if "are" not in start and start.startswith(("Which", "How")) and participle:
        words = words.replace(f"{first.many} ", f"{first.many} are ", 1)
    elif not start.endswith("there?"):
        words = (
            words
            if start.startswith(("List", "{w}"))
            else words.replace(" that ", " ", 1).replace(" who ", " ", 1)
        )
    return Draft(talk.say(start.replace("{w}", words)), combined, "joined", None)


def _partner(talk: Talk, first: Some, how: _Join) -> tuple[str, LogicalForm] | None:
    """Another clause about things of the same type."""
    rng, survey = talk.rng, talk.survey
    member = rng.choice(first.names)
    uses = [u for u in survey.uses(member) if u.direction == "out" and survey.wording(u.relation)["that"]]
    uses = [u for u in uses if u.relation not in TELL_KINDS]
    if not uses:
        return None
    use = rng.choice(uses)
    others = [
        n
        for n in talk.names(read(entity(member), use.relation, "out"))
        if survey.label(n) and n != first.about
    ]
    if not others:
        return None
    other = rng.choice(others)
    if how == "union" and rng.random() < 0.7:
        other = talk.similar(other) or other
    odd = ("{y}", "that {y}", "who {y}")
    clauses = [c for c in survey.wording(use.relation)["that"] if not c.startswith(odd)]
    if not clauses:
        return None
    form = keep(read(entity(other), use.relation, "in"), first.type_name)
    return talk.phrase(rng.choice(clauses), y=Name.of(survey.label(other) or other)), form


def shared(talk: Talk, name: str) -> Draft | None:
    """``Who starred in both A and B?``"""
    use = talk.use(name, "out", "in")
    if use is None or use.relation in TELL_KINDS or not talk.survey.types(name):
        return None
    if use.direction == "out" and talk.survey.wording(use.relation).holder:
        return None
    found = talk.names(read(entity(name), use.relation, use.direction))
    back: Direction = "out" if use.direction == "in" else "in"
    linked = [
        n
        for m in talk.rng.sample(list(found), min(3, len(found)))
        for n in talk.names(read(entity(m), use.relation, back))
    ]
    other = talk.one_of(linked, but=(name,))
    if other is None:
        return None
    key, slot = ("ask", "x") if use.direction == "out" else ("back", "y")
    choices = [t for t in talk.survey.wording(use.relation)[key] if "{t}" not in t and f"{{{slot}}}" not in t]
    choices = [c for c in choices if f"{{{slot}'}}" in c and f"{slot}'s" not in c] or []
    if not choices:
        return None
    template = talk.rng.choice(choices)
    how: _Join = talk.rng.choice(["intersect", "union", "difference"])
    link = {"intersect": "and", "union": "or", "difference": "but not"}[how]
    both = "both " if how == "intersect" and talk.rng.random() < 0.5 else ""
    x, z = talk.refer(name), Name.of(talk.survey.label(other) or other)
    said = Name.of(
        f"{both}{x.object} {link} {'in ' if 'in {' in template and link == 'but not' else ''}{z.object}"
    )
    sides: list[LogicalForm] = [read(entity(n), use.relation, use.direction) for n in (name, other)]
    words: dict[str, str] = {}
    if "{T}" in template:
        type_name = talk.survey.shared_type(found, talk.rng)
        if type_name is None:
            return None
        sides = [keep(side, type_name) for side in sides]
        words["T"] = talk.type_word(type_name)[1]
    return Draft(talk.say(template, None, **{slot: said}, **words), call(how, *sides), "joined", None)


def of_type(talk: Talk, name: str) -> Draft | None:
    """``Which continents are there?``, ``How many countries are there?``"""
    types = talk.survey.types(name)
    if not types:
        return None
    type_name = talk.rng.choice(types)
    form: LogicalForm = call("members", TypeLeaf(type_name))
    many = talk.type_word(type_name)[1]
    if talk.rng.random() < 0.6:
        question = talk.rng.choice(
            [f"How many {many} are there?", f"How many {many} do you know?", f"Number of {many}?"]
        )
        return Draft(question, call("cardinality", form), "members", None)
    if len(talk.survey.members[type_name]) > 300:
        return None
    question = talk.rng.choice([f"Which {many} are there?", f"List all {many}.", f"What {many} do you know?"])
    return Draft(question, form, "members", None)


def of_a_profession(talk: Talk, name: str) -> Draft | None:
    """``Which actors were born in Hamburg?``, ``Which horror films did she direct?``"""
    use = talk.use(name, "in")
    if use is None or use.relation in ("P106", "P136", *TELL_KINDS):
        return None
    asks = (use.relation, use.direction)
    base = read(entity(name), *asks)
    members = talk.names(base)
    found = named_after(talk, talk.rng.choice(members)) if members else None
    if found is None:
        return None
    relation, what, one, many = found
    choices = [t for t in talk.survey.wording(use.relation)["back"] if "{T}" in t and "{t}" not in t]
    type_name = talk.survey.shared_type(members, talk.rng)
    template = talk.worded(choices, "back", name, asks, type_name=type_name)
    if template is None or "{T}" not in template:
        return None
    form: LogicalForm = call("intersect", base, read(entity(what), relation, "in"))
    if template.startswith(("Which {T}", "What {T}")) and talk.rng.random() < 0.25:
        template, form = "How many {T}" + template.partition("{T}")[2], call("cardinality", form)
    question = talk.say(template, name, y=talk.refer(name, asks), t=one, T=many)
    return Draft(question, form, "of a profession", name, asks)


def same_as(talk: Talk, name: str) -> Draft | None:
    """``Which films have the same director as Alien?``"""
    use = talk.use(name, "out")
    types = talk.survey.types(name)
    if use is None or not types or use.relation in TELL_KINDS or talk.survey.wording(use.relation).holder:
        return None
    type_name = talk.rng.choice(types[:2])
    nouns = talk.survey.relation_nouns(use.relation)[:2]
    if not nouns:
        return None
    many, noun = talk.type_word(type_name)[1], talk.rng.choice(nouns)
    around = read(read(entity(name), use.relation, "out"), use.relation, "in")
    form: LogicalForm = keep(around, type_name)
    if set(talk.names(form)) <= {name}:
        return None
    other = talk.rng.random() < 0.5
    if other:
        form = call("difference", form, entity(name))
    start = "Which other" if other else "Which"
    if talk.rng.random() < 0.2:
        start, form = start.replace("Which", "How many"), call("cardinality", form)
    question = talk.say(f"{start} {many} have the same {noun} as {{x'}}?", x=talk.refer(name))
    return Draft(question, form, "same as", name)
