"""The register of corpora that machines worded: a type's word, the relation's label, " ?" at the end.

The wordings are our own; the kinds of question are those of such corpora.
"""

from __future__ import annotations

from grammar.forms import LogicalForm, NumberLeaf, TypeLeaf, call
from grammar.operators import Sort
from kgqa.graphs.protocol import Direction
from kgqa.synthesis.english import Name, fill
from kgqa.synthesis.relations import TELL_KINDS
from kgqa.synthesis.sets import counts_of_each
from kgqa.synthesis.talk import Draft, Talk, entity, keep, read

_TESTS = (
    ("at_least", "atleast"),
    ("at_least", "at least"),
    ("at_most", "atmost"),
    ("at_most", "at most"),
    ("equals", "exactly"),
    ("around", "approximately"),
    ("around", "around"),
    ("greater_than", "more than"),
    ("less_than", "less than"),
)


def _typed(
    talk: Talk, name: str, *directions: Direction
) -> tuple[str, Direction, str, str, str, LogicalForm] | None:
    """A relation with the type of what it leads to: (relation, direction, type, one, many, form)."""
    use = talk.use(name, *directions)
    if use is None or use.relation in TELL_KINDS or not talk.survey.relation_nouns(use.relation):
        return None
    base = read(entity(name), use.relation, use.direction)
    type_name = talk.survey.shared_type(talk.names(base), talk.rng)
    if type_name is None:
        return None
    one, many = talk.type_word(type_name)
    return use.relation, use.direction, type_name, one, many, keep(base, type_name)


def _role(talk: Talk, relation: str) -> str:
    nouns = talk.survey.relation_nouns(relation) or [talk.survey.label(relation) or relation]
    return nouns[0] if talk.rng.random() < 0.6 else talk.rng.choice(nouns)


def _said(talk: Talk, name: str) -> str:
    return talk.refer(name).object


def _clause(talk: Talk, relation: str, direction: Direction, thing: str, *, many: bool = True) -> str:
    """What is said of those that the relation leads to from the thing: "are the director of X"."""
    noun = _role(talk, relation)
    be, have = ("are", "have") if many else ("is", "has")
    if direction == "out":
        return talk.rng.choice([f"{be} the {noun} of {thing}", f"does {thing} have as {noun}"])
    known = [c for c in talk.survey.wording(relation)["that"] if not c.startswith(("{y}", "that", "who"))]
    if known and talk.rng.random() < 0.5:
        return f"{be} {fill(talk.rng.choice(known), talk.rng, y=Name.of(thing))}"
    return talk.rng.choice([f"{have} {thing} as {noun}", f"{have} {thing} as their {noun}"])


def one_of_them(talk: Talk) -> Draft | None:
    """``When was that person born ?`` after several people: the dialogue asks back who is meant."""
    them = talk.them
    type_name = talk.survey.shared_type(them, talk.rng) if 2 <= len(them) <= 30 else None
    if type_name is None:
        return None
    fitting = [n for n in them if type_name in talk.survey.types(n) and talk.survey.label(n)]
    if len(fitting) < 2:
        return None
    meant = talk.rng.choice(fitting)
    use = talk.use(meant, "out", "literal", "in")
    if use is None:
        return None
    key, slot = ("back", "y") if use.direction == "in" else ("ask", "x")
    asks = (use.relation, use.direction)
    choices = [t for t in talk.survey.wording(use.relation)[key] if "{t}" not in t and "{T}" not in t]
    template = talk.worded(choices, key, meant, asks)
    if template is None:
        return None
    that = Name.of(f"that {talk.type_word(type_name)[0]}")
    question = talk.say(template, None, **{slot: that})
    form = read(entity(meant), use.relation, use.direction)
    return Draft(question, form, "one of them", meant, asks, unclear=tuple(fitting))


def simple(talk: Talk, name: str) -> Draft | None:
    """``Which films have X as director ?``"""
    found = _typed(talk, name, "out", "in")
    if found is None:
        return None
    relation, direction, _, one, many, form = found
    several = talk.rng.random() < 0.5
    clause = _clause(talk, relation, direction, _said(talk, name), many=several)
    question = f"Which {many if several else one} {clause} ?"
    return Draft(question, form, "formal simple", name, (relation, direction))


def logical(talk: Talk, name: str) -> Draft | None:
    """``Which people are the director of X or the author of Y ?``"""
    found = _typed(talk, name, "out", "in")
    if found is None:
        return None
    relation, direction, type_name, _, many, form = found
    rng = talk.rng
    member = rng.choice(talk.names(form) or (name,))
    uses = [
        u
        for u in talk.survey.uses(member)
        if u.direction in ("out", "in") and u.relation not in TELL_KINDS and u.count < 500
    ]
    uses = [u for u in uses if talk.survey.relation_nouns(u.relation)]
    if not uses:
        return None
    use = rng.choice(uses)
    others = [
        n
        for n in talk.names(read(entity(member), use.relation, use.direction))
        if n != name and talk.survey.label(n)
    ]
    if not others:
        return None
    other = rng.choice(others)
    back: Direction = "out" if use.direction == "in" else "in"
    how, link = rng.choice(
        [("union", "or"), ("intersect", "and"), ("difference", "but not"), ("difference", "and not")]
    )
    if how == "union" and rng.random() < 0.5:
        other = talk.similar(other) or other
    second = keep(read(entity(other), use.relation, back), type_name)
    clauses = [
        _clause(talk, relation, direction, _said(talk, name)),
        _clause(talk, use.relation, back, talk.survey.label(other) or other),
    ]
    if link.endswith("not"):
        clauses[1] = clauses[1].removeprefix("are ").removeprefix("is ")
    question = f"Which {many} {clauses[0]} {link} {clauses[1]} ?"
    combined: LogicalForm = call(how, form, second)
    if rng.random() < 0.25:
        question, combined = "How many" + question.removeprefix("Which"), call("cardinality", combined)
    return Draft(question, combined, "formal logical", None)


def verification(talk: Talk, name: str) -> Draft | None:
    """``Does X have Y and Z as its director ?`` answered one by one."""
    use = talk.use(name, "out")
    if use is None or not talk.survey.relation_nouns(use.relation):
        return None
    base = read(entity(name), use.relation, "out")
    found = [n for n in talk.names(base) if talk.survey.label(n)]
    if not found:
        return None
    rng = talk.rng
    asked = [rng.choice(found)]
    if rng.random() < 0.5:
        asked = [talk.similar(asked[0]) or asked[0]]
    if rng.random() < 0.4:
        second = rng.choice([rng.choice(found), talk.similar(asked[0]) or asked[0]])
        if second not in asked:
            asked.append(second)
    truths = [call("is_in", entity(n), base) for n in asked]
    form = truths[0] if len(truths) == 1 else call("pair", *truths)
    names = " and ".join(talk.survey.label(n) or n for n in asked)
    noun, said = _role(talk, use.relation), _said(talk, name)
    question = rng.choice(
        [
            f"Does {said} have {names} as {noun} ?",
            f"Is {names} the {noun} of {said} ?",
            f"Is {said} with {names} as {noun} ?",
        ]
    )
    return Draft(question, form, "formal verification", name, (use.relation, "out"), may_be_empty=True)


def counted(talk: Talk, name: str) -> Draft | None:
    """``How many films and series have X as cast member ?`` Two types: together or each."""
    found = _typed(talk, name, "in", "out")
    if found is None:
        return None
    relation, direction, type_name, _, many, form = found
    count: LogicalForm = call("cardinality", form)
    base = read(entity(name), relation, direction)
    types = {t for n in talk.names(base)[:60] for t in talk.survey.types(n)} - {type_name}
    if types and talk.rng.random() < 0.35:
        other = talk.rng.choice(sorted(types))
        second = keep(base, other)
        if talk.rng.random() < 0.5:
            link, count = "or", call("cardinality", call("union", form, second))
        else:
            link, count = "and", call("pair", count, call("cardinality", second))
        many = f"{many} {link} {talk.type_word(other)[1]}"
    question = f"How many {many} {_clause(talk, relation, direction, _said(talk, name))} ?"
    return Draft(question, count, "formal count", name, (relation, direction))


def _domain(talk: Talk, name: str) -> tuple[str, str, Direction, str | None, str, LogicalForm] | None:
    """What a count is taken over: the type counted for, the relation, what is counted and its words."""
    types = talk.survey.types(name)
    found = _typed(talk, name, "out", "in")
    if not types or found is None:
        return None
    relation, direction, counted_type, _, many, _ = found
    each = counts_of_each(call("members", TypeLeaf(types[0])), relation, direction, counted_type)
    base = read(entity(name), relation, direction)
    more = {t for n in talk.names(base)[:60] for t in talk.survey.types(n)} - {counted_type}
    if more and talk.rng.random() < 0.3:
        other = talk.rng.choice(sorted(more))
        second = counts_of_each(call("members", TypeLeaf(types[0])), relation, direction, other)
        each = call("sum", each, second)
        many = f"{many} {talk.rng.choice(['and', 'or'])} {talk.type_word(other)[1]}"
    noun = _role(talk, relation)
    words = (
        f"{{n}} {many} as {noun}"
        if direction == "out"
        else talk.rng.choice(
            [f"{{n}} {many} of which they are the {noun}", f"{{n}} {many} that have them as {noun}"]
        )
    )
    return types[0], relation, direction, counted_type, words, each


def most(talk: Talk, name: str) -> Draft | None:
    """``Which films have max number of people as cast member ?``"""
    found = _domain(talk, name)
    if found is None:
        return None
    type_name, _, _, _, words, each = found
    how, word = talk.rng.choice(
        [("max", "max"), ("min", "min"), ("max", "maximum"), ("min", "minimum"), ("max", "the most")]
    )
    amount = word if word == "the most" else f"{word} number of"
    question = f"Which {talk.type_word(type_name)[1]} have {words.replace('{n}', amount)} ?"
    return Draft(question, call("arg", call(how, each)), "formal most", None)


def bounded(talk: Talk, name: str) -> Draft | None:
    """``Which films have atleast 5 people as cast member ?``"""
    found = _domain(talk, name)
    if found is None:
        return None
    type_name, relation, direction, counted_type, words, each = found
    numbers = talk.denotes(
        call("cardinality", keep(read(entity(name), relation, direction), counted_type))
    ).numbers
    number = max(1, int((numbers or (1,))[0]) + talk.rng.choice([-1, 0, 0, 1, 2]))
    test, said = talk.rng.choice(_TESTS)
    form: LogicalForm = call("arg", call(test, each, NumberLeaf(float(number))))
    start, form = talk.rng.choice([("Which", form), ("Which", form), ("How many", call("cardinality", form))])
    question = f"{start} {talk.type_word(type_name)[1]} have {words.replace('{n}', f'{said} {number}')} ?"
    return Draft(question, form, "formal threshold", None)


def compared(talk: Talk, name: str) -> Draft | None:
    """``Which films have more number of people as cast member than X ?``"""
    found = _domain(talk, name)
    if found is None:
        return None
    type_name, relation, direction, counted_type, words, each = found
    test, said = talk.rng.choice(
        [
            ("greater_than", "more number of"),
            ("less_than", "less number of"),
            ("greater_than", "greater number of"),
            ("less_than", "lesser number of"),
            ("around", "about the same number of"),
            ("equals", "the same number of"),
        ]
    )
    if each.sort is not Sort.EACH_NUMBER or str(each).startswith("sum"):
        return None
    own = call("cardinality", keep(read(entity(name), relation, direction), counted_type))
    form: LogicalForm = call("arg", call(test, each, own))
    start, form = talk.rng.choice([("Which", form), ("Which", form), ("How many", call("cardinality", form))])
    than = "as" if "same" in said else "than"
    named = talk.survey.label(name) or name
    question = f"{start} {talk.type_word(type_name)[1]} have {words.replace('{n}', said)} {than} {named} ?"
    return Draft(question, form, "formal comparison", name)
