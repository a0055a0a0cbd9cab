"""Sets of a named type, two of them combined, how many they are, and yes or no about their facts.

"Which films were directed by X but not by Y?", "How many people or companies ...?", "Is it true that ...?"
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from grammar.forms import Call, LogicalForm, call
from kgqa.graphs.protocol import Direction
from kgqa.synthesis.counting import several_of
from kgqa.synthesis.english import THEY, Name
from kgqa.synthesis.frames import filled, framed
from kgqa.synthesis.phrases import Phrase, Phrases, asked, denied
from kgqa.synthesis.relations import TELL_KINDS
from kgqa.synthesis.said import OTHER_WAY, chosen, family, in_register, posed, put, role
from kgqa.synthesis.single import somebody_else
from kgqa.synthesis.talk import Draft, Talk, entity, keep, read

_JOINS = ("union", "union", "intersect", "intersect", "difference", "difference")
_BEHIND = re.compile(r" (in|by|for|at|from|on|with|to|about) \{n'\}$")


@dataclass(frozen=True)
class Related:
    """Those of a type that a relation links to an entity, with what is said of them."""

    other: str
    relation: str
    direction: Direction
    type_name: str
    form: LogicalForm
    phrases: dict[str, Phrase] = field(default_factory=dict)

    def said(self, name: Name | str) -> dict[str, str]:
        """The slots that its phrases fill, of many and of one."""
        slots = {}
        for slot, phrase in self.phrases.items():
            slots[slot] = put(phrase.text if slot != "fronted" else phrase.one, name)
            if slot == "fronted" and isinstance(name, Name) and name.plural:
                slots[slot] = put(phrase.text, name)
        ones = {"verb": "verbs", "clause": "clause_one", "fronted": "fronted_one"}
        for slot, of_one in ones.items():
            if slot in self.phrases:
                slots[of_one] = slots[slot] if slot == "fronted" else put(self.phrases[slot].one, name)
        return slots


def related(
    talk: Talk,
    name: str,
    relation: str,
    direction: Direction,
    *,
    type_name: str | None = None,
    several: bool = False,
) -> Related | None:
    """Those that the relation leads to from the entity; ``several``: the words must bear several names."""
    base = read(entity(name), relation, direction)
    if type_name is None:
        type_name = talk.survey.shared_type(talk.names(base), talk.rng)
    if type_name is None:
        return None
    way = OTHER_WAY[direction]
    found: Phrases = talk.survey.phrases(relation, way)
    phrases = {}
    for slot, some in (("verb", found.verbs), ("clause", found.clauses), ("fronted", found.fronted)):
        phrase = chosen(talk, some, relation, way, name, several=several)
        if phrase is not None:
            phrases[slot] = phrase
    return Related(name, relation, direction, type_name, keep(base, type_name), phrases) if phrases else None


def _slots(talk: Talk, type_name: str) -> dict[str, str]:
    one, many = talk.type_word(type_name)
    people = type_name in talk.survey.person_types
    slots = {
        "one": one,
        "many": many,
        "that": talk.rng.choice(["who", "that"] if people else ["that", "which"]),
    }
    return slots | ({"who": ""} if people else {})


def _in_place(talk: Talk, found: Related, name: Name, slots: dict[str, str]) -> dict[str, str]:
    """``X directed which films``: the question word where the answer would stand."""
    verbs = talk.survey.phrases(found.relation, found.direction).verbs
    phrase = chosen(talk, verbs, found.relation, found.direction, found.other, several=True)
    if phrase is None or talk.formal:
        return {}
    said, many = phrase.text if name.plural else phrase.one, slots["many"]
    return {
        "situ_which": f"{name.subject} {put(said, f'which {many}')}",
        "situ_how_many": f"{name.subject} {put(said, f'how many {many}')}",
    }


def _use(
    talk: Talk, name: str, *, several: bool = False, turned: bool = False
) -> tuple[str, Direction] | None:
    """A relation to ask about; not for all who ever held an office, "is" asks for the one who holds it.

    ``turned`` says that the form will read the relation from its other end.
    """
    use = several_of(talk, name) if several else talk.use(name, "out", "in")
    if use is None or use.relation in TELL_KINDS:
        return None
    read_last = OTHER_WAY[use.direction] if turned else use.direction
    if read_last == "out" and _has_a_holder(talk, use.relation):
        return None
    return use.relation, use.direction


def _has_a_holder(talk: Talk, relation: str) -> bool:
    return not talk.formal and talk.survey.wording(relation).holder


def of_a_type(talk: Talk, name: str) -> Draft | None:
    """``Which films were directed by X?``, ``List the countries that X borders.``"""
    asks = _use(talk, name)
    found = asks and related(talk, name, *asks)
    if not asks or not found:
        return None
    named = talk.refer(name, asks)
    slots = _slots(talk, found.type_name) | found.said(named)
    slots |= role(talk, found.relation, OTHER_WAY[found.direction], named.object)
    slots |= _in_place(talk, found, named, slots)
    single = talk.rng.random() < (0.6 if len(talk.names(found.form)) == 1 else 0.03)
    question = framed("frames", family(talk, "one" if single else "which"), talk.rng, slots)
    if question is None:
        return None
    return Draft(in_register(talk, question, name), found.form, "of a type", name, asks)


def how_many_of_a_type(talk: Talk, name: str) -> Draft | None:
    """``How many films were directed by X?``; of two types: together ("or") or each ("and")."""
    asks = _use(talk, name, several=True)
    found = asks and related(talk, name, *asks)
    if not asks or not found:
        return None
    rng = talk.rng
    named = talk.refer(name, asks)
    slots = _slots(talk, found.type_name) | found.said(named)
    slots |= role(talk, found.relation, OTHER_WAY[found.direction], named.object)
    count: Call = call("cardinality", found.form)
    base = read(entity(name), *asks)
    types = {t for n in talk.names(base)[:60] for t in talk.survey.types(n)} - {found.type_name}
    if types and rng.random() < 0.25:
        second = rng.choice(sorted(types))
        link = rng.choice(["and", "or"])
        slots["many"] = f"{slots['many']} {link} {talk.type_word(second)[1]}"
        other = keep(base, second)
        count = (
            call("cardinality", call("union", found.form, other))
            if link == "or"
            else call("pair", count, call("cardinality", other))
        )
    slots |= _in_place(talk, found, named, slots)
    question = posed(talk, "which", slots, count=True, marks=count.operator == "cardinality")
    if question is None:
        return None
    return Draft(in_register(talk, question, name), count, "how many of a type", name, asks)


# --- and, or, not ------------------------------------------------------------------------------------------


def combined(talk: Talk, name: str) -> Draft | None:
    """``Which films were directed by X but not by Y?``, ``people who wrote X or starred in Y``"""
    rng, asks = talk.rng, _use(talk, name, several=True)
    first = asks and related(talk, name, *asks, several=True)
    if not asks or not first:
        return None
    how = rng.choice(_JOINS)
    members = talk.names(first.form)
    if not members:
        return None
    member = rng.choice(members)
    one_relation = rng.random() < 0.5
    second_asks: tuple[str, Direction] | None = asks
    if not one_relation:
        back = _use(talk, member, turned=True)
        second_asks = back and (back[0], OTHER_WAY[back[1]])
    other = _another(talk, first, member, second_asks, how)
    if other is None or second_asks is None:
        return None
    second = related(talk, other, *second_asks, type_name=first.type_name, several=True)
    if second is None or second.form == first.form:
        return None
    names = (talk.refer(name, asks), Name.of(talk.survey.label(other) or other))
    slots = _slots(talk, first.type_name)
    slots |= (
        _under_one(talk, first, names, how)
        if second_asks == asks
        else _of_two(talk, (first, second), names, how)
    )
    form: LogicalForm = call(how, first.form, second.form)
    count = False
    if rng.random() < 0.28:
        count, form = True, call("cardinality", form)
    whole = {"a", "b", "not_b"} <= slots.keys() and rng.random() < 0.45
    question = posed(talk, f"combined_{how}" if whole else "which", slots, count=count)
    if question is None:
        return None
    about = name if second_asks == asks else None
    return Draft(in_register(talk, question, name), form, "combined", about)


def _another(
    talk: Talk, first: Related, member: str, asks: tuple[str, Direction] | None, how: str
) -> str | None:
    """Another entity to ask about, so that the combination is not empty; for a union it may be any."""
    if asks is None:
        return None
    linked = talk.names(read(entity(member), asks[0], OTHER_WAY[asks[1]]))
    if how == "union" and talk.rng.random() < 0.6:
        similar = talk.similar(
            first.other if asks == (first.relation, first.direction) else talk.rng.choice(linked or (member,))
        )
        if similar and similar != first.other and talk.survey.has(similar, *asks):
            return similar
    return talk.one_of(linked, but=(first.other,))


def _under_one(talk: Talk, first: Related, names: tuple[Name, Name], how: str) -> dict[str, str]:
    """Both names in one phrase: "directed by X or Y"."""
    slots: dict[str, str] = {}
    for slot, phrase in first.phrases.items():
        template = framed("joins", f"names_{how}", talk.rng, {"x": "{x}", "y": "{y}"}) or ""
        if slot == "fronted" and "not only" in template:
            continue
        case = "object" if "{n'}" in phrase.text else "subject"
        x, y = (getattr(n, case) for n in names)
        behind = _BEHIND.search(phrase.text)
        again = {"difference": 0.4, "union": 0.0 if "either" in template else 0.2}.get(how, 0.0)
        if behind and talk.rng.random() < again:
            y = f"{behind[1]} {y}"  # "by X but not by Y"
        said = Name.of(filled(template, {"x": x, "y": y}))
        slots[slot] = put(phrase.text if slot != "fronted" or how == "intersect" else phrase.one, said)
    return slots | (_apart(first.phrases["verb"], first.phrases["verb"], names) if "verb" in slots else {})


def _apart(first: Phrase, second: Phrase, names: tuple[Name, Name]) -> dict[str, str]:
    """What is said of many about each name, and the second of it denied."""
    slots = {"a": put(first.text, names[0]), "b": put(second.text, names[1])}
    not_b = put(denied(second.text), names[1])
    return slots | ({"not_b": not_b} if not_b else {})


def _of_two(talk: Talk, both: tuple[Related, Related], names: tuple[Name, Name], how: str) -> dict[str, str]:
    """Two phrases: "were directed by X and star Y"."""
    slots: dict[str, str] = {}
    first, second = both
    if "verb" in first.phrases and "verb" in second.phrases:
        apart = _apart(first.phrases["verb"], second.phrases["verb"], names)
        joined = framed("joins", f"verbs_{how}", talk.rng, apart)
        if joined:
            slots |= apart | {"verb": joined}
    if "clause" in first.phrases and "clause" in second.phrases:
        a, b = put(first.phrases["clause"].text, names[0]), put(second.phrases["clause"].text, names[1])
        joined = framed("joins", f"clauses_{how}", talk.rng, {"a": a, "b": b})
        if joined and not re.search(r"\b(?:are also|are not|not) (?:that|with)\b", joined):
            slots["clause"] = joined
    return slots


# --- yes or no ------------------------------------------------------------------------------------------


def checked(talk: Talk, name: str) -> Draft | None:
    """``Is it true that X was directed by Y?``; of two names answered one by one."""
    rng, asks = talk.rng, _use(talk, name)
    if asks is None or _has_a_holder(talk, asks[0]):  # the objects are read whichever end is named
        return None
    base = read(entity(name), *asks)
    found = talk.names(base)
    held = talk.one_of(found)
    if held is None:
        return None
    others = [held]
    if rng.random() < 0.5:
        others = [somebody_else(talk, others[0], *asks) or others[0]]
    if rng.random() < 0.3:
        second = rng.choice([talk.one_of(found) or held, somebody_else(talk, others[0], *asks) or others[0]])
        others += [second] if second not in others else []
    if name in others:
        return None
    subject_first = rng.random() < 0.5
    """Whether what is said is said of the subject."""
    way: Direction = "out" if subject_first else "in"
    named = talk.refer(name, asks)
    family, those, slots = _checked_ones(talk, [talk.survey.label(n) or n for n in others])
    x, y = (named, those) if subject_first == (asks[1] == "out") else (those, named)
    phrase = chosen(
        talk, talk.survey.phrases(asks[0], way).verbs, asks[0], way, name, several=len(others) > 1
    )
    said = phrase and _check_slots(phrase, x, y)
    question = said and framed("checks", family, rng, said | slots)
    if not question:
        return None
    if asks[1] == "out":
        truths = [call("is_in", entity(n), base) for n in others]
    else:
        truths = [call("is_in", entity(name), read(entity(n), asks[0], "out")) for n in others]
    form = truths[0] if len(truths) == 1 else call("pair", *truths)
    return Draft(in_register(talk, question, name), form, "verification", name, asks, may_be_empty=True)


def _checked_ones(talk: Talk, labels: list[str]) -> tuple[str, Name, dict[str, str]]:
    """The frames for one or two things to be checked, what the check calls them, and the slots of two."""
    rng = talk.rng
    family = "machine" if talk.formal and rng.random() < 0.8 else "plain"
    if len(labels) == 1 or talk.formal:
        return family, Name.of(" and ".join(labels), plural=len(labels) > 1), {}
    family = rng.choice(["plain", "plain", "each", "one_more"])
    slots = {"y": labels[0], "z": labels[1]}
    if family == "each":
        return family, THEY, slots
    if family == "one_more":
        return family, Name.of(labels[0]), slots
    return family, Name.of(framed("joins", "both", rng, slots) or "", plural=True), slots


def _check_slots(phrase: Phrase, x: Name, y: Name) -> dict[str, str] | None:
    """What is said of x: as a statement and as a question."""
    predicate = phrase.text if x.plural else phrase.one
    verbs = put(predicate, y)
    question = asked(verbs, x.subject)
    return {"x": x.subject, "verbs": verbs, "asked": question} if question else None


def which_of_two(talk: Talk, name: str) -> Draft | None:
    """``Was it X or Y that directed Z?``"""
    rng, asks = talk.rng, _use(talk, name)
    if asks is None or talk.formal:
        return None
    base = read(entity(name), *asks)
    found = talk.names(base)
    right = talk.one_of(found)
    wrong = right and somebody_else(talk, right, *asks)
    if not right or not wrong or wrong in found:
        return None
    way = OTHER_WAY[asks[1]]
    phrase = chosen(talk, talk.survey.phrases(asks[0], way).verbs, asks[0], way, name)
    if phrase is None:
        return None
    pair = [right, wrong]
    rng.shuffle(pair)
    labels = [talk.survey.label(n) or n for n in pair]
    slots = {"y": labels[0], "z": labels[1], "verbs": put(phrase.one, talk.refer(name, asks))}
    slots["who" if all(map(talk.survey.is_person, pair)) else "things"] = ""
    question = framed("checks", "either", rng, slots)
    form = call("intersect", entity(*pair), base)
    return None if question is None else Draft(in_register(talk, question, name), form, "which of two", name)


def all_of_them(talk: Talk) -> Draft | None:
    """``Were those films directed by X?`` of the whole last answer."""
    them, rng = talk.them, talk.rng
    if not them or len(them) > 40:
        return None
    asks = _use(talk, rng.choice(them), turned=True)
    other = asks and talk.one_of(talk.names(read(entity(rng.choice(them)), *asks)))
    if not asks or not other:
        return None
    if rng.random() < 0.4:
        other = somebody_else(talk, other, *asks) or other
    phrase = chosen(talk, talk.survey.phrases(asks[0], asks[1]).verbs, asks[0], asks[1], other)
    slots = phrase and _check_slots(phrase, talk.plural_name, Name.of(talk.survey.label(other) or other))
    if not slots:
        return None
    question = framed("checks", "machine" if talk.formal else "them", rng, slots)
    form = call("is_in", entity(*them), read(entity(other), asks[0], OTHER_WAY[asks[1]]))
    if question is None:
        return None
    return Draft(in_register(talk, question), form, "all of them", None, may_be_empty=True)
