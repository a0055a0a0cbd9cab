"""Questions about roles: who played whom in a film, and whom somebody played."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from grammar.forms import LogicalForm, RelationLeaf, call
from kgqa.graphs.protocol import Fact
from kgqa.synthesis.english import Name
from kgqa.synthesis.single import somebody_else
from kgqa.synthesis.statements import all_statements, statements_of
from kgqa.synthesis.talk import Draft, Talk, entity

ROLE = "P453"
_CAST = ("P161", "P725", "P175")


@cache
def _table() -> Mapping[str, Mapping[str, Any]]:
    path = Path(__file__).with_name("wordings") / "roles.toml"
    return tomllib.loads(path.read_text(encoding="utf-8"))


def _said(kind: str) -> list[str]:
    return list(_table()["roles"][kind])


def role(talk: Talk, name: str) -> Draft | None:
    """``Who played Vito Corleone in The Godfather?``, ``Whom does X play?`` and which roles there are."""
    cast = [u.relation for u in talk.survey.uses(name) if u.relation in _CAST and u.direction == "out"]
    if not cast:
        return None
    rng, relation = talk.rng, talk.rng.choice(cast)
    facts = [f for f in statements_of(talk, name, relation) if _roles(talk, f)]
    if not facts:
        return None
    draw, film = rng.random(), talk.refer(name, (relation, "out"))
    statements = all_statements(name, relation)
    if draw < 0.12:
        form: LogicalForm = call("qualifier", statements, RelationLeaf(ROLE))
        return Draft(talk.say(rng.choice(_said("roles")), x=film), form, "role", name)
    fact = rng.choice(facts)
    here = name == talk.focus and rng.random() < 0.45
    if draw < 0.42:
        return _whom(talk, name, relation, fact, film if not here else None)
    who = rng.choice(sorted(_roles(talk, fact)))
    y = Name.of(_plain(talk, who))
    form = call("object", call("where", statements, RelationLeaf(ROLE), entity(who)))
    if draw < 0.52 and relation == "P161":
        return _did(talk, name, fact, {"x": film, "y": y}, form)
    voiced = relation == "P725"
    template = rng.choice(_here(talk, _said("who_here")) if here else _said("who"))
    for word in ("verb", "by"):
        template = template.replace(f"{{{word}}}", _table()["words"][f"{word}_heard" if voiced else word])
    return Draft(talk.say(template, x=film, y=y), form, "role", name)


def _roles(talk: Talk, fact: Fact) -> set[str]:
    return {r for r in fact.qualifiers.get(ROLE, ()) if isinstance(r, str) and talk.survey.label(r)}


def _plain(talk: Talk, who: str) -> str:
    """The label of a role without what tells it apart in brackets."""
    return re.sub(r" \(.*\)$", "", talk.survey.label(who) or who)


def _here(talk: Talk, choices: Sequence[str]) -> list[str]:
    """Without those that are said only after a question about another role, where there was none."""
    after = talk.last is not None and talk.last.kind == "role" and "object(where" in str(talk.last.form)
    return [c for c in choices if after or c not in _said("after_another")]


def _whom(talk: Talk, name: str, relation: str, fact: Fact, film: Name | None) -> Draft | None:
    """``What character does X play in it?``"""
    if not isinstance(fact.value, str) or not talk.survey.label(fact.value):
        return None
    stated = call("where", all_statements(name, relation), RelationLeaf(relation), entity(fact.value))
    form = call("qualifier", stated, RelationLeaf(ROLE))
    said = talk.refer(fact.value)
    if film is not None:
        some: Sequence[str] = _said("whom_voiced") if relation == "P725" else _said("whom")
        return Draft(talk.say(talk.rng.choice(some), x=film, z=said), form, "role", name)
    some = [t for t in _said("whom_here") if "{z" in t or talk.antecedents[:1] == [fact.value]]
    return Draft(talk.say(talk.rng.choice(some), z=said), form, "role", name)


def _did(talk: Talk, name: str, fact: Fact, said: dict[str, Name], form: LogicalForm) -> Draft | None:
    """``Didn't X play Vito Corleone in The Godfather?``"""
    if not isinstance(fact.value, str):
        return None
    other = fact.value if talk.rng.random() < 0.6 else somebody_else(talk, fact.value, "P161", "out")
    label = other and talk.survey.label(other)
    if not other or not label:
        return None
    question = talk.say(talk.rng.choice(_said("did")), None, z=Name.of(label), **said)
    return Draft(question, call("is_in", entity(other), form), "role", name, may_be_empty=True)
