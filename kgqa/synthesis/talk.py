"""One dialogue while it is being made up: what was said, who "she" is, what a form denotes."""

from __future__ import annotations

import random
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from grammar.execute import Execution
from grammar.forms import (
    Call,
    EntityLeaf,
    LogicalForm,
    NumberLeaf,
    RelationLeaf,
    TypeLeaf,
    ValueLeaf,
    call,
    leaves,
)
from grammar.operators import START_TIME
from grammar.values import Value
from kgqa.answer import Result
from kgqa.evidence import result_of
from kgqa.graphs.protocol import Direction
from kgqa.synthesis.asking import asked_politely, fronted
from kgqa.synthesis.english import (
    IT,
    THEY,
    Name,
    expand,
    expansions,
    fill,
    literally,
    sentence,
    with_possessive,
)
from kgqa.synthesis.relations import TELL_KINDS
from kgqa.synthesis.survey import Survey, Use

_FRAMED = 0.09
"""How often something is put around a question: "Do you know when ..."."""
MOST_ANSWERS = 500
MOST_OF_THEM = 100
"""A set of more than this is not spoken of again as "them"."""
_THERE = re.compile(r"(?:\bthere )?\b(?:located )?(?:in|at) it\b")
_SELDOM = {"P1412", "P735", "P734", "P530", "P1313", "P1906"}
READS: dict[Direction, str] = {"out": "follow", "in": "follow_back", "literal": "value"}


def entity(*names: str) -> EntityLeaf:
    """A leaf of one or several entities."""
    return EntityLeaf(names)


def read(form: LogicalForm, relation: str, direction: Direction) -> Call:
    """The form that reads a relation: follow, follow_back or value."""
    return call(READS[direction], form, RelationLeaf(relation))


def keep(form: LogicalForm, type_name: str | None) -> LogicalForm:
    """Only those of the type; all where no type is named."""
    return form if type_name is None else call("keep", form, TypeLeaf(type_name))


def value(what: Value | float) -> ValueLeaf | NumberLeaf:
    """A leaf of a value or a plain number."""
    return NumberLeaf(float(what)) if isinstance(what, (int, float)) else ValueLeaf(what)


@dataclass(frozen=True)
class Draft:
    """A question that was made up, before it is checked.

    ``about`` is the entity whose place "And Titanic?" would take; ``asks`` the relation asked for;
    ``unclear`` are those who might be meant just as well, so that the dialogue asks back; ``beside`` is the
    other one of two, where one of them was asked about.
    """

    question: str
    form: LogicalForm
    kind: str
    about: str | None = None
    asks: tuple[str, Direction] | None = None
    may_be_empty: bool = False
    unclear: tuple[str, ...] = ()
    beside: str | None = None


@dataclass(frozen=True)
class Asked:
    """A template, the form that it asks for, and the words of the type that it names."""

    template: str
    form: LogicalForm
    words: Mapping[str, str] = field(default_factory=dict)


@dataclass
class Talk:
    """A dialogue in the making. ``formal`` is the register of generated corpora rather than of people.

    ``focus`` is what the last question was about, ``topic`` what the dialogue started with and comes back to.
    """

    survey: Survey
    rng: random.Random
    formal: bool = False
    alias_chance: float = 0.06
    last: Draft | None = None
    outcome: Result | None = None
    focus: str | None = None
    topic: str | None = None
    mentioned: set[str] = field(default_factory=set)
    asked: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self._execution = Execution(self.survey.graph)

    # Facts.
    def denotes(self, form: LogicalForm) -> Result:
        """What a form denotes on the graph."""
        return result_of(self._execution.denotation(form), self.survey.graph)

    def names(self, form: LogicalForm) -> tuple[str, ...]:
        """The entities that a form denotes."""
        return self.denotes(form).entities or ()

    def now(self, form: LogicalForm, relation: str) -> LogicalForm:
        """What "is" asks of a relation: of an office who took it last, where that is known; else all."""
        everything = read(form, relation, "out")
        if not self.survey.wording(relation).holder:
            return everything
        statements = call("statements", form, RelationLeaf(relation))
        latest = call("object", call("last", statements, RelationLeaf(START_TIME)))
        return latest if self.names(latest) else everything

    def use(self, name: str, *directions: Direction) -> Use | None:
        """A relation of the entity to ask about; those not asked about yet first."""
        uses = [u for u in self.survey.uses(name) if u.direction in directions and u.count <= 5_000]
        fresh = [u for u in uses if str((name, u.relation, u.direction)) not in self.asked] or uses
        if not fresh:
            return None
        weights = [
            0.07 if u.relation in TELL_KINDS else 0.15 if u.relation in _SELDOM else 1.0 for u in fresh
        ]
        if sum(weights) < self.rng.random():  # better none than once more what kind of thing it is
            return None
        return self.rng.choices(fresh, weights=weights)[0]

    # Words.
    @property
    def antecedents(self) -> list[str]:
        """Those that a pronoun may stand for, the likelier first: the last answer, then the topic."""
        answer = self.outcome.entities if self.outcome else None
        found = [*(answer if answer and len(answer) == 1 else ()), *([self.focus] if self.focus else ())]
        return list(dict.fromkeys(found))

    @property
    def them(self) -> tuple[str, ...]:
        """The last answer, if it is several entities."""
        answer = (self.outcome.entities if self.outcome else None) or ()
        return answer if 2 <= len(answer) <= MOST_OF_THEM else ()

    def refer(self, name: str, asks: tuple[str, Direction] | None = None) -> Name:
        """A name for an entity as it would be said now: a pronoun, "that film", a surname, its label."""
        rng, survey = self.rng, self.survey
        label = survey.label(name) or name
        antecedents = self.antecedents
        if name == self.topic and name in self.mentioned and name not in antecedents and not self.formal:
            again = self._again(name) if rng.random() < 0.7 else None
            if again:
                return again
        if name in antecedents and rng.random() < 0.72:
            pronoun = survey.pronoun(name)
            if survey.is_group(name) and (rng.random() < 0.3 or (self.them and name != antecedents[0])):
                pronoun = IT
            rivals = [a for a in antecedents if a != name]
            unrivalled = [a for a in rivals if not asks or survey.has(a, *asks)] == []
            if name == antecedents[0] or unrivalled or all(survey.pronoun(r) is not pronoun for r in rivals):
                if not self.formal and rng.random() < 0.12:
                    by_role = self._by_role(name)
                    if by_role:
                        return by_role
                if pronoun in (IT, THEY) or self.formal or rng.random() < 0.2:
                    called = self.called_by_type(name, rivals)
                    if called and (self.formal or rng.random() < 0.45):
                        return called
                if not self.formal:
                    return replace(pronoun, full=label)
        if name in self.mentioned and not self.formal and survey.is_person(name) and rng.random() < 0.35:
            words = label.split()
            if len(words) in (2, 3) and words[-1][:1].isupper() and "." not in words[-1]:
                return Name.of(words[-1])
        if not self.formal and rng.random() < self.alias_chance and survey.aliases(name):
            return Name.of(rng.choice(survey.aliases(name)))
        if not self.formal and (draw := rng.random()) < 0.07:
            types = survey.types(name)
            if draw < 0.015:
                return Name.of(f'"{label}"')
            if types and survey.label(types[0]) and not survey.is_person(name):
                return Name.of(f"the {self.type_word(types[0])[0]} {label}")
        return Name.of(label)

    def _by_role(self, name: str) -> Name | None:
        """``the director``, if that is what the last question asked for."""
        answer = (self.outcome.entities if self.outcome else None) or ()
        if answer != (name,) or self.last is None or self.last.asks is None or self.last.asks[1] != "out":
            return None
        nouns = self.survey.relation_nouns(self.last.asks[0])[:3]
        if not nouns:
            return None
        noun = self.rng.choice(nouns)
        return Name.of(f"{self.rng.choice(['the', 'the', 'this', 'that'])} {noun}")

    def _again(self, name: str) -> Name | None:
        """What comes back to the topic: a pronoun where it can mean nothing else, "the book" likewise."""
        rivals = [*self.antecedents, *self.them[:20]]
        pronoun = self.survey.pronoun(name)
        alone = all(self.survey.pronoun(rival) is not pronoun for rival in rivals)
        if alone and not (pronoun is THEY and self.them) and self.rng.random() < 0.5:
            return replace(pronoun, full=self.survey.label(name) or name)
        return self.called_by_type(name, rivals)

    def called_by_type(self, name: str, rivals: Sequence[str] = ()) -> Name | None:
        """``that film``, "the singer", where nothing else spoken of is one."""
        roles = [] if self.formal else self.survey.roles(name)
        roles = [r for r in roles if not any(r in self.survey.roles(rival) for rival in rivals)]
        if roles and self.rng.random() < 0.8:
            return Name.of(f"{self.rng.choice(['the', 'the', 'this', 'that'])} {self.rng.choice(roles)}")
        types = [t for t in self.survey.types(name) if not any(t in self.survey.types(r) for r in rivals)]
        words = [w for t in types for w in self.survey.type_words(t)]
        words = words if self.formal else [w for w in words if len(w[0].split()) <= 3]
        if not words:
            return None
        word = self.rng.choice(words[:3])[0]
        return Name.of(
            f"{'that' if self.formal else self.rng.choice(['that', 'this', 'the', 'the', 'this'])} {word}"
        )

    def worded(
        self,
        choices: Sequence[str],
        kind: str,
        name: str,
        asks: tuple[str, Direction],
        *,
        type_name: str | None = None,
    ) -> str | None:
        """One of the templates that, said of the entity, means this relation and no other one of it.

        ``type_name`` is the type that would be asked for; without one, no template that asks for a type
        is taken.
        """
        if type_name is None:
            choices = [c for c in choices if "{T}" not in c and "{t}" not in c]
        for _ in range(3 if choices else 0):
            template = expand(self.rng.choice(choices), self.rng)
            asked = type_name if "{T}" in template or "{t}" in template or kind == "that" else None
            of = self.survey.types(name) if asks[1] != "in" else [type_name] if type_name else ()
            if not self.survey.fits(template, asks[0], of):
                continue
            if not self.survey.means_another(kind, template, name, *asks, type_name=asked):
                return template
        return None

    def posed(
        self, choices: Sequence[str], kind: str, name: str, asks: tuple[str, Direction], form: LogicalForm
    ) -> Asked | None:
        """A template (``worded``) with the form that it asks for: with ``keep`` where it names a type."""
        typed = [c for c in choices if "{T}" in c or "{t}" in c]
        type_name = (
            self.survey.shared_type(self.names(form), self.rng) if typed and asks[1] != "literal" else None
        )
        template = self.worded(choices, kind, name, asks, type_name=type_name)
        if template is None:
            return None
        if type_name is None or ("{T}" not in template and "{t}" not in template):
            return Asked(template, form)
        one, many = self.type_word(type_name)
        return Asked(template, keep(form, type_name), {"t": one, "T": many})

    def meant(self, kind: str, name: str, relation: str) -> list[str]:
        """The relation's words of a kind that, said of the entity, mean no other relation of it."""
        choices = self.survey.wording(relation)[kind]
        return [c for c in choices if not self.survey.means_another(kind, c, name, relation, "literal")]

    def fitting(self, kind: str, name: str, relation: str) -> list[str]:
        """The relation's templates of a kind that can be said of the entity, choices made."""
        types, found = self.survey.types(name), []
        for template in self.survey.wording(relation)[kind]:
            said = [t for t in expansions(template) if self.survey.fits(t, relation, types)]
            found += [self.rng.choice(said)] if said else []
        return found

    def say(self, template: str, about: str | None = None, **names: Name | str) -> str:
        """A template filled in, as a sentence; ``about`` may turn "in it" into "there"."""
        return self.spoken(fill(self._framed(template, names), self.rng, **names), about)

    def spoken(self, text: str, about: str | None = None) -> str:
        """A text as a sentence; ``about`` may turn "in it" into "there"."""
        if about and self.survey.is_place(about) and self.rng.random() < 0.8:
            text = _THERE.sub("there", text)
        return sentence(with_possessive(text) if self.rng.random() < 0.85 else text)

    def _framed(self, template: str, names: Mapping[str, Name | str]) -> str:
        if self.formal or (draw := self.rng.random()) > _FRAMED:
            return template
        template = expand(template, self.rng)
        said = [name for name in names.values() if isinstance(name, Name)]
        if draw < _FRAMED / 4 and not any(name.full for name in said):
            return fronted(template)
        return asked_politely(template, self.rng, plural=any(name.plural for name in said))

    def phrase(self, template: str, **names: Name | str) -> str:
        """A template filled in, to be a part of other templates (see ``literally``)."""
        return literally(fill(template, self.rng, **names))

    def type_word(self, type_name: str) -> tuple[str, str]:
        """A word for one and for many of the type."""
        words = self.survey.type_words(type_name)
        return words[0] if self.rng.random() < 0.6 else self.rng.choice(words)

    def one_of(self, names: Sequence[str], *, but: Sequence[str] = ()) -> str | None:
        """One of them that has a label; they may be too many to look at all."""
        for _ in range(6 if names else 0):
            name = self.rng.choice(names)
            if name not in but and self.survey.label(name):
                return name
        return None

    def similar(self, name: str) -> str | None:
        """Another entity of the same type, about as well known."""
        types = self.survey.types(name)
        if not types:
            return None
        other = self.survey.like(self.rng.choice(types[:2]), self.rng)
        return other if other != name else None

    def holders(self, type_name: str, relation: str, direction: Direction) -> list[str]:
        """A few members of the type that have the relation."""
        tried = [self.survey.like(type_name, self.rng) for _ in range(6)]
        return [n for n in tried if self.survey.has(n, relation, direction)]

    def about_of(self, form: LogicalForm) -> list[str]:
        """Entities that a form names, in order."""
        return list(
            dict.fromkeys(n for leaf in leaves(form) if isinstance(leaf, EntityLeaf) for n in leaf.names)
        )

    @property
    def plural_name(self) -> Name:
        """``they``, or "those films"."""
        type_name = self.survey.shared_type(self.them, self.rng)
        whole = type_name and all(type_name in self.survey.types(n) for n in self.them)
        if type_name and whole and (self.formal or self.rng.random() < 0.3):
            word = self.type_word(type_name)[1]
            which = "those" if self.formal else self.rng.choice(["those", "these", "the"])
            return Name.of(f"{which} {word}", plural=True)
        return THEY
