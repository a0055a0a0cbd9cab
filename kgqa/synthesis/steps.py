"""Questions over two steps: about the one who is the director of it, the author of it."""

from __future__ import annotations

import re
from dataclasses import dataclass

from grammar.forms import LogicalForm, call
from kgqa.synthesis.english import Name, expand
from kgqa.synthesis.relations import TELL_KINDS
from kgqa.synthesis.single import somebody_else, templates, understood
from kgqa.synthesis.talk import Draft, Talk, entity, read

_NO_QUESTION = ("{x's}", "{T}", "{y's}", "[the", "[The", "The ", "{x}", "{y}")
_IS = re.compile(r"^(?:Is|Does) ")


@dataclass(frozen=True)
class _Between:
    """The one entity a step away: how it is called from here, and the form that leads there."""

    name: str
    said: Name
    form: LogicalForm
    relation: str

    def fitting(self, choices: tuple[str, ...]) -> tuple[str, ...]:
        """Templates that a phrase can stand in: not "the father of X's name"."""
        if " of " in self.said.subject:
            choices = tuple(c for c in choices if "{x's}" not in c and "{y's}" not in c)
        return tuple(c for c in choices if not c.startswith(_NO_QUESTION))


def _between(talk: Talk, name: str) -> _Between | None:
    first = talk.use(name, "out")
    if first is None or first.relation in TELL_KINDS:
        return None
    form = talk.now(entity(name), first.relation)
    middle = talk.names(form)
    nouns = talk.survey.nouns_of(name, first.relation, "out")
    if len(middle) != 1 or not talk.survey.label(middle[0]) or not nouns:
        return None
    noun = nouns[0] if talk.rng.random() < 0.5 else talk.rng.choice(nouns)
    named = talk.refer(name, (first.relation, "out"))
    of_it = not named.full and talk.rng.random() < 0.6
    said = Name.of(f"the {noun} of {named.object}" if of_it else f"{named.possessive} {noun}")
    known = middle[0] in talk.antecedents  # "the author" would then be the one spoken of
    if not known and talk.rng.random() < 0.6 and understood(talk, name, (first.relation, "out")):
        said = Name.of(f"the {noun}")
    return _Between(middle[0], said, form, first.relation)


def two_steps(talk: Talk, name: str) -> Draft | None:
    """``Where was the director of Grease born?``"""
    middle = _between(talk, name)
    second = talk.use(middle.name, "out", "literal", "in") if middle and talk.rng.random() < 0.8 else None
    if middle is None or second is None:
        return None
    if second.direction == "in" and second.relation == middle.relation:
        return None
    key, slot = ("back", "y") if second.direction == "in" else ("ask", "x")
    asks = (second.relation, second.direction)
    form = (
        talk.now(middle.form, second.relation)
        if second.direction == "out"
        else read(middle.form, second.relation, second.direction)
    )
    choices = middle.fitting(templates(talk, second.relation, key, (middle.name, second.direction)))
    asked = talk.posed(choices, key, middle.name, asks, form)
    if asked is None:
        return None
    question = talk.say(asked.template, None, **{slot: middle.said}, **asked.words)
    return Draft(question, asked.form, "two steps", name)


def verify_two_steps(talk: Talk, name: str) -> Draft | None:
    """``Was the author born in Leeds?``, ``Is its director from Canada?``"""
    middle = _between(talk, name)
    use = talk.use(middle.name, "out") if middle else None
    if middle is None or use is None or use.relation in TELL_KINDS:
        return None
    choices = middle.fitting(templates(talk, use.relation, "is"))
    found = [n for n in talk.names(read(middle.form, use.relation, "out")) if talk.survey.label(n)]
    if not choices or not found:
        return None
    other = talk.rng.choice(found)
    if talk.rng.random() < 0.5:
        false = somebody_else(talk, other, use.relation, "out")
        if false is None or false in found:
            return None
        other = false
    template = expand(talk.rng.choice(choices), talk.rng)
    types = talk.survey.types(middle.name)
    if "{t}" in template or "{T}" in template or not talk.survey.fits(template, use.relation, types):
        return None
    held = (
        talk.now(middle.form, use.relation) if _IS.match(template) else read(middle.form, use.relation, "out")
    )
    question = talk.say(template, None, x=middle.said, y=talk.refer(other))
    return Draft(question, call("is_in", entity(other), held), "verification", name, may_be_empty=True)
