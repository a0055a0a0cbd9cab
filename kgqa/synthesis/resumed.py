"""Questions that go on from a count, a comparison or a combination: "And the fewest?", "Which ones are they?"

Each function takes the dialogue alone and gives None where it offers nothing to go on from.
"""

from __future__ import annotations

from dataclasses import replace as with_fields

from grammar.forms import Call, EntityLeaf, LogicalForm, NumberLeaf, TypeLeaf, call, leaves, replace
from grammar.operators import Sort
from kgqa.graphs.protocol import Direction
from kgqa.synthesis.combining import related
from kgqa.synthesis.counting import (
    COMPARISONS,
    TESTS,
    Counted,
    bounded_of,
    compared_of,
    counted,
    most_of,
)
from kgqa.synthesis.english import Name
from kgqa.synthesis.frames import amount, framed, number_word
from kgqa.synthesis.relations import TELL_KINDS
from kgqa.synthesis.said import OTHER_WAY, in_register, posed
from kgqa.synthesis.single import templates
from kgqa.synthesis.talk import MOST_ANSWERS, Draft, Talk, entity, read

_COUNTED = ("at_least", "at_most", "greater_than", "less_than", "equals", "around")


def _counting(talk: Talk) -> Call | None:
    """What is kept of the counts of the last question: "max(cardinality(...))"."""
    last = talk.last
    form = last.form if last is not None else None
    if isinstance(form, Call) and form.operator == "cardinality":
        form = form.arguments[0]
    if not isinstance(form, Call) or form.operator != "arg":
        return None
    kept = form.arguments[0]
    if isinstance(kept, Call) and kept.operator in (*_COUNTED, "max", "min"):
        return kept if kept.arguments[0].sort is Sort.EACH_NUMBER else None
    return None


def _asked(
    talk: Talk,
    frame: str,
    form: LogicalForm,
    kind: str,
    *,
    about: str | None = None,
    asks: tuple[str, Direction] | None = None,
    **slots: str,
) -> Draft | None:
    """A question that is all frame."""
    question = framed("turns", frame, talk.rng, slots)
    return None if question is None else Draft(in_register(talk, question), form, kind, about, asks)


def _with(talk: Talk, kept: Call, other: LogicalForm) -> LogicalForm:
    assert talk.last is not None
    return replace(talk.last.form, {kept: other})


def other_extreme(talk: Talk) -> Draft | None:
    """``And the fewest?`` after a question for the most."""
    kept = _counting(talk)
    if kept is None or kept.operator not in ("max", "min") or talk.last is None:
        return None
    how = "min" if kept.operator == "max" else "max"
    form = _with(talk, kept, call(how, kept.arguments[0]))
    return _asked(talk, f"to_{how}", form, "other extreme", about=talk.last.about)


def other_comparison(talk: Talk) -> Draft | None:
    """``And fewer?`` after a question for those that have more."""
    kept = _counting(talk)
    if kept is None or talk.last is None or kept.operator not in COMPARISONS:
        return None
    if isinstance(kept.arguments[1], NumberLeaf):
        return None
    test = talk.rng.choice([t for t in COMPARISONS if t != kept.operator])
    form = _with(talk, kept, call(test, *kept.arguments))
    return _asked(talk, f"to_{test}", form, "other comparison", about=talk.last.about)


def other_number(talk: Talk) -> Draft | None:
    """``And at most five?``"""
    kept = _counting(talk)
    if kept is None or talk.last is None or len(kept.arguments) < 2:
        return None
    before = kept.arguments[1]
    if not isinstance(before, NumberLeaf):
        return None
    rng = talk.rng
    test = rng.choice(TESTS)
    number = max(2, int(before.number) + rng.choice([-3, -2, -1, 1, 2, 3, 5, 10]))
    said, _ = amount("amounts", test, rng, {"n": number_word(number, rng), "u": "", "us": ""})
    if " of " in f" {said} " and "number" in said:
        return None
    question = framed("turns", "number", rng, {"amount": said.replace(" ,", ",")})
    form = _with(talk, kept, call(test, kept.arguments[0], NumberLeaf(float(number))))
    if question is None or form == talk.last.form:
        return None
    return Draft(in_register(talk, question), form, "other number", talk.last.about)


def compared_with_another(talk: Talk) -> Draft | None:
    """``And compared with Y?``"""
    kept, last = _counting(talk), talk.last
    if kept is None or last is None or last.about is None or len(kept.arguments) < 2:
        return None
    old = entity(last.about)
    if old not in set(leaves(kept.arguments[1])):
        return None
    for _ in range(4):
        other = talk.similar(last.about)
        label = other and talk.survey.label(other)
        if other and label and other not in talk.about_of(last.form):
            form = replace(last.form, {old: entity(other)})
            return _asked(talk, "also", form, "ellipsis of comparison", about=other, x=label)
    return None


def which_ones(talk: Talk) -> Draft | None:
    """``Which ones are they?`` after a count."""
    last = talk.last
    form = last.form if last is not None else None
    if last is None or not isinstance(form, Call) or form.operator != "cardinality":
        return None
    inner = form.arguments[0]
    if inner.sort is not Sort.ENTITIES or isinstance(inner, EntityLeaf):
        return None
    names = talk.names(inner)
    if not 0 < len(names) <= min(MOST_ANSWERS, 200):
        return None
    slots: dict[str, str] = {}
    types = [leaf for leaf in leaves(inner) if isinstance(leaf, TypeLeaf)]
    if types and all(types[0].name in talk.survey.types(n) for n in names[:20]):
        slots["many"] = talk.type_word(types[0].name)[1]
    return _asked(talk, "named", inner, "which ones", about=last.about, asks=last.asks, **slots)


def joined_to_it(talk: Talk) -> Draft | None:
    """``Or Y?``, ``But not Y``: the last set combined with the same one of another."""
    last = talk.last
    if last is None or last.about is None or not isinstance(last.form, Call) or last.asks is None:
        return None
    if last.form.operator not in ("keep", "follow", "follow_back") or last.asks[1] == "literal":
        return None
    if last.asks[0] in TELL_KINDS:
        return None
    old = entity(last.about)
    if old not in set(leaves(last.form)):
        return None
    how = talk.rng.choice(["union", "intersect", "difference"])
    answers = (talk.outcome.entities if talk.outcome else None) or ()
    other = talk.similar(last.about)
    if how != "union" and answers:
        linked = talk.names(read(entity(talk.rng.choice(answers)), last.asks[0], OTHER_WAY[last.asks[1]]))
        other = talk.one_of(linked, but=(last.about,))
    label = other and talk.survey.label(other)
    if not other or not label or not talk.survey.has(other, *last.asks) or other == last.about:
        return None
    form = call(how, last.form, replace(last.form, {old: entity(other)}))
    return _asked(talk, how, form, "joined to it", x=label)


# --- the last answer ----------------------------------------------------------------------------------------


def _counted_of_them(talk: Talk) -> Counted | None:
    them = talk.them
    found = counted(talk, talk.rng.choice(them), them=them) if 2 <= len(them) <= 50 else None
    if found is None:
        return None
    whole = all(found.type_name in talk.survey.types(n) for n in them)
    words = [f"of those {found.many}", f"of these {found.many}"] if whole else []
    called = talk.rng.choice([*words, "of them", "of them", "of those"])
    return with_fields(found, many=called, one=f"one {called}")


def most_among_them(talk: Talk) -> Draft | None:
    """``Which of them directed the most films?``"""
    found = _counted_of_them(talk)
    return None if found is None else _among_them(most_of(talk, found, of_them=True))


def bounded_among_them(talk: Talk) -> Draft | None:
    """``How many of them have at least two children?``"""
    found = _counted_of_them(talk)
    return None if found is None else _among_them(bounded_of(talk, found, of_them=True))


def _among_them(draft: Draft | None) -> Draft | None:
    return None if draft is None else with_fields(draft, kind="counted of them")


def one_of_two(talk: Talk) -> Draft | None:
    """``And where was the latter born?`` after two were named."""
    them, rng = talk.them, talk.rng
    if len(them) != 2:
        return None
    place = rng.randrange(2)
    meant, beside = them[place], them[1 - place]
    use = talk.use(meant, "out", "literal", "in")
    if use is None or use.relation in TELL_KINDS or not talk.survey.has(beside, use.relation, use.direction):
        return None
    asks = (use.relation, use.direction)
    key, slot = ("back", "y") if use.direction == "in" else ("ask", "x")
    form = read(entity(meant), *asks) if use.direction != "out" else talk.now(entity(meant), use.relation)
    posed = talk.posed(templates(talk, use.relation, key), key, meant, asks, form)
    if posed is None:
        return None
    said = framed("turns", ("first", "second")[place], rng, {}) or ""
    question = talk.say(posed.template, None, **{slot: Name.of(said)}, **posed.words)
    return Draft(question, posed.form, "one of two", meant, asks, beside=beside)


def other_of_two(talk: Talk) -> Draft | None:
    """``And the other one?``"""
    last = talk.last
    if last is None or last.beside is None or last.about is None or last.asks is None:
        return None
    if not talk.survey.has(last.beside, *last.asks):
        return None
    form = replace(last.form, {entity(last.about): entity(last.beside)})
    return _asked(talk, "other_one", form, "one of two", about=last.beside, asks=last.asks)


# --- which of them is meant ---------------------------------------------------------------------------------


def _one_meant(talk: Talk) -> tuple[str, str, tuple[str, ...]] | None:
    """One of the last answer called as all of them could be: (who is meant, words, who could be meant)."""
    them = talk.them
    type_name = talk.survey.shared_type(them, talk.rng) if 2 <= len(them) <= 30 else None
    if type_name is None:
        return None
    fitting = tuple(n for n in them if type_name in talk.survey.types(n) and talk.survey.label(n))
    if len(fitting) < 2:
        return None
    return talk.rng.choice(fitting), f"that {talk.type_word(type_name)[0]}", fitting


def compared_with_one_of_them(talk: Talk) -> Draft | None:
    """``Which people directed more films than that person?`` after several: the dialogue asks back."""
    found = _one_meant(talk)
    what = found and counted(talk, found[0])
    return compared_of(talk, what, found[1], unclear=found[2]) if found and what else None


def of_one_of_them(talk: Talk) -> Draft | None:
    """``How many films did that person direct?`` after several."""
    found, rng = _one_meant(talk), talk.rng
    use = talk.use(found[0], "out", "in") if found else None
    if found is None or use is None or use.relation in TELL_KINDS:
        return None
    asks = (use.relation, use.direction)
    set_of = related(talk, found[0], *asks)
    if set_of is None:
        return None
    one, many = talk.type_word(set_of.type_name)
    people = set_of.type_name in talk.survey.person_types
    slots = {"one": one, "many": many, "that": "who" if people else "that", **set_of.said(found[1])}
    form, count = set_of.form, rng.random() < 0.5
    if count:
        form = call("cardinality", form)
    question = posed(talk, "which", slots, count=count)
    if question is None:
        return None
    return Draft(in_register(talk, question), form, "one of them", found[0], asks, unclear=found[2])
