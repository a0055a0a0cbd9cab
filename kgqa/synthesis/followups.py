"""Questions that only the dialogue before makes clear: "And Titanic?", "How many of them ...?".

Each function takes the dialogue alone and gives None where it offers nothing to go on from.
"""

from __future__ import annotations

import re

from grammar.forms import (
    Call,
    LogicalForm,
    TypeLeaf,
    ValueLeaf,
    call,
    leaves,
    replace,
)
from grammar.values import Time
from kgqa.graphs.protocol import Direction
from kgqa.synthesis.english import Name, expand
from kgqa.synthesis.relations import TELL_KINDS
from kgqa.synthesis.sets import (
    LEAD,
    Some,
    counted_relation,
    counts_of_each,
    limit,
    literal_relation,
    values_of_each,
)
from kgqa.synthesis.single import templates
from kgqa.synthesis.talk import Draft, Talk, entity, keep, read

_ENTITY_ELLIPSES = (
    "And {x'}?",
    "What about {x'}?",
    "And what about {x'}?",
    "How about {x'}?",
    "And for {x'}?",
    "{x}?",
    "And the same for {x'}?",
    "Same question for {x'}.",
    "and {x}",
    "and {x}?",
    "what about {x'}",
    "How about {x'} then?",
    "And how about {x'}?",
    "Now {x'}.",
    "The same about {x'}?",
    "And in the case of {x'}?",
    "{x}, too?",
    "OK, and {x}?",
    "Tell me about {x'} too.",
    "Do the same for {x'}.",
    "And if it were {x'}?",
)
_BEFORE_NAME = "in|by|for|from|at|with|on|to|about"
_CORRECTIONS = (
    "I meant {x'}.",
    "No, I meant {x'}.",
    "Sorry, I meant {x'}.",
    "No, {x}.",
    "I mean {x'}.",
    "Not that one, {x}.",
    "Actually, I meant {x'}.",
    "oops, I meant {x'}",
    "Wrong one, I mean {x'}.",
    "My mistake, {x}.",
    "{x}, I mean.",
)


def _other_about(talk: Talk) -> tuple[str, LogicalForm] | None:
    """The last form with another entity in the place of the one that it was about."""
    last = talk.last
    if last is None or last.about is None or entity(last.about) not in set(leaves(last.form)):
        return None
    for _ in range(4):
        other = talk.similar(last.about)
        named = other and talk.survey.label(other)
        if not other or not named or other in talk.about_of(last.form):
            continue
        form = replace(last.form, {entity(last.about): entity(other)})
        if last.asks is None or talk.survey.has(other, *last.asks):
            return other, form
    return None


def another(talk: Talk) -> Draft | None:
    """``And Titanic?``"""
    found = _other_about(talk)
    if found is None or talk.last is None:
        return None
    other, form = found
    choices: tuple[str, ...] = _ENTITY_ELLIPSES
    label = re.escape(talk.survey.label(talk.last.about or "") or "")
    behind = re.search(rf"\b({_BEFORE_NAME}) (?:{label}|him|her|it|there)\b", talk.last.question)
    if behind and label and talk.rng.random() < 0.4:  # "And in France?"
        choices = tuple(f"{start} {behind[1]} {{x'}}?" for start in ("And", "And", "What about", "How about"))
    question = talk.say(talk.rng.choice(choices), x=Name.of(talk.survey.label(other) or other))
    return Draft(
        question, form, "ellipsis of entity", other, talk.last.asks, may_be_empty=talk.last.may_be_empty
    )


def corrected(talk: Talk) -> Draft | None:
    """``No, I meant Titanic.``"""
    found = _other_about(talk)
    if found is None or talk.last is None:
        return None
    other, form = found
    question = talk.say(talk.rng.choice(_CORRECTIONS), x=Name.of(talk.survey.label(other) or other))
    return Draft(question, form, "correction", other, talk.last.asks, may_be_empty=talk.last.may_be_empty)


def other_year(talk: Talk) -> Draft | None:
    """``And in 2005?``"""
    last = talk.last
    years = [leaf for leaf in leaves(last.form) if isinstance(leaf, ValueLeaf)] if last else []
    if last is None or len(years) != 1 or not isinstance(years[0].value, Time):
        return None
    year = years[0].value.year + talk.rng.choice([-12, -8, -5, -3, -2, -1, 1, 2, 3, 5, 8, 12])
    form = replace(last.form, {years[0]: ValueLeaf(Time(year, precision=9))})
    word = "in"
    if isinstance(last.form, Call):
        inner = set(str(last.form).split("("))
        word = "after" if "greater_than" in inner else "before" if "less_than" in inner else "in"
    question = talk.rng.choice(
        [f"And {word} {year}?", f"What about {year}?", f"And {year}?", f"And {word} {year}?"]
    )
    return Draft(question, form, "ellipsis of time", last.about, last.asks)


def other_relation(talk: Talk) -> Draft | None:
    """``And the director?`` of what the question before was about."""
    last = talk.last
    if last is None or last.about is None:
        return None
    use = talk.use(last.about, "out", "literal")
    if use is None or (use.relation, use.direction) == last.asks or use.count > 60:
        return None
    answers = [a for a in talk.antecedents if a != last.about]
    if any(talk.survey.has(a, use.relation, use.direction) for a in answers):
        return None  # "And the country?" would be taken for the answer's
    choices = templates(talk, use.relation, "short", (last.about, use.direction))
    form: LogicalForm = read(entity(last.about), use.relation, use.direction)
    if use.direction == "out":
        form = talk.now(entity(last.about), use.relation)
    brief = talk.posed(choices, "short", last.about, (use.relation, use.direction), form)
    if brief is None:
        return None
    question = talk.say(brief.template, last.about, x=talk.survey.pronoun(last.about), **brief.words)
    form = brief.form
    return Draft(question, form, "ellipsis of relation", last.about, (use.relation, use.direction))


def other_type(talk: Talk) -> Draft | None:
    """``And which series?``, after it was films."""
    last = talk.last
    if last is None or not isinstance(last.form, Call) or last.form.operator != "keep":
        return None
    base, type_leaf = last.form.arguments
    if not isinstance(type_leaf, TypeLeaf) or not isinstance(base, Call) or base.operator != "follow_back":
        return None
    types = {t for n in talk.names(base)[:100] for t in talk.survey.types(n)} - {type_leaf.name}
    if not types:
        return None
    other = talk.rng.choice(sorted(types))
    many = talk.type_word(other)[1]
    question = talk.rng.choice(
        [f"And which {many}?", f"And {many}?", f"What about {many}?", f"Which {many}?"]
    )
    return Draft(question, keep(base, other), "ellipsis of type", last.about, last.asks)


def how_many(talk: Talk) -> Draft | None:
    """``How many are there?``"""
    if not talk.them:
        return None
    choices = ["How many?", "How many are there?", "How many is that?", "How many are that in total?"]
    choices += [
        "How many in total?",
        "how many",
        "And how many is that?",
        "And the total?",
        "So how many?",
    ]
    choices += ["How many of them are there?", "And how many are there?", "Count them.", "How many are they?"]
    return Draft(talk.rng.choice(choices), call("cardinality", entity(*talk.them)), "count of them", None)


def about_them(talk: Talk) -> Draft | None:
    """``Where were they born?``"""
    them = talk.them
    if not them or len(them) > 40:
        return None
    use = talk.use(talk.rng.choice(them), "out", "literal")
    if use is None or (use.relation in TELL_KINDS and talk.rng.random() < 0.8):
        return None
    choices = [c for c in templates(talk, use.relation, "ask") if "{t}" not in c and "{T}" not in c]
    choices = [c for c in choices if "{x's}" not in c and "Whose" not in c and "Name" not in c]
    if not choices:
        return None
    template = expand(talk.rng.choice(choices), talk.rng)
    if not talk.survey.fits(template, use.relation, talk.survey.types(them[0])):
        return None
    question = talk.say(template, x=talk.plural_name)
    return Draft(question, read(entity(*them), use.relation, use.direction), "about them", None)


def _them(talk: Talk) -> Some | None:
    """The last answer as a set with words for it."""
    them = talk.them
    type_name = talk.survey.shared_type(them, talk.rng) if them else None
    if type_name is None:
        return None
    one, many = talk.type_word(type_name)
    whole = all(type_name in talk.survey.types(n) for n in them)
    owner = talk.rng.choice(
        [f"those {many}", f"these {many}", "them", "those", "them"] if whole else ["them", "those"]
    )
    return Some(entity(*them), them, type_name, one, many, owner=owner)


def which_of_them(talk: Talk) -> Draft | None:
    """``Which of them were directed by X?`` and how many were."""
    some = _them(talk)
    if some is None:
        return None
    rng, survey = talk.rng, talk.survey
    member = rng.choice(some.names)
    uses = [u for u in survey.uses(member) if u.direction == "out" and survey.wording(u.relation)["that"]]
    uses = [u for u in uses if u.relation not in TELL_KINDS]
    if not uses:
        return None
    use = rng.choice(uses)
    others = [n for n in talk.names(read(entity(member), use.relation, "out")) if survey.label(n)]
    clauses = [c for c in survey.wording(use.relation)["that"] if "{y} " not in c.replace("{y} as", "")]
    clauses = [c for c in clauses if not c.startswith(("whose", "where"))]
    if not others or not clauses:
        return None
    other = rng.choice(others)
    template = rng.choice(clauses)
    clause = talk.phrase(
        template, y=talk.refer(other) if rng.random() < 0.2 else Name.of(survey.label(other) or other)
    )
    verb = "" if LEAD.match(clause) else "were" if re.match(r"born|\w+ed\b", clause) else "are"
    form: LogicalForm = call("intersect", some.form, read(entity(other), use.relation, "in"))
    start = "Which"
    if rng.random() < 0.35:
        start, form = "How many", call("cardinality", form)
    question = talk.say(f"{start} of {some.owner} {verb} {LEAD.sub('', clause)}?")
    if rng.random() < 0.1:
        question = question.replace(f" of {some.owner}", "", 1)
    return Draft(question, form, "which of them", None)


def kind_of_them(talk: Talk) -> Draft | None:
    """``Which of them are cities?``"""
    them = talk.them
    types = sorted({t for n in them[:50] for t in talk.survey.types(n)})
    partly = [t for t in types if not all(t in talk.survey.types(n) for n in them)]
    if not partly:
        return None
    type_name = talk.rng.choice(partly)
    many = talk.type_word(type_name)[1]
    form: LogicalForm = keep(entity(*them), type_name)
    if talk.rng.random() < 0.4:
        return Draft(f"How many of them are {many}?", call("cardinality", form), "kind of them", None)
    return Draft(f"Which of {talk.rng.choice(['them', 'those'])} are {many}?", form, "kind of them", None)


def best_of_them(talk: Talk) -> Draft | None:
    """``Which of them came out first?``, ``the longest one``"""
    some = _them(talk)
    chosen = some and literal_relation(talk, some, "max", "min", "last", "early")
    if not some or not chosen:
        return None
    relation, _ = chosen
    rng, top = talk.rng, talk.rng.random() < 0.5
    clauses = talk.meant("last" if top else "early", some.names[0], relation)
    sentences = [f"Which of {some.owner} {clause}?" for clause in clauses]
    sentences += [f"Which one {clause}?" for clause in clauses]
    for word in talk.meant("max" if top else "min", some.names[0], relation):
        sentences += [f"Which is the {word}?", f"Which of {some.owner} is the {word}?", f"The {word} one?"]
        sentences += [f"What is the {word} of {some.owner}?", f"Which one is the {word}?", f"And the {word}?"]
    if some.type_name in talk.survey.person_types:
        sentences += [f"Who {clause}?" for clause in clauses]
        sentences += [f"Who of {some.owner} {clause}?" for clause in clauses]
    if not sentences:
        return None
    form = call("arg", call("max" if top else "min", values_of_each(some.form, relation)))
    return Draft(talk.say(rng.choice(sentences)), form, "best of them", None)


def most_of_them(talk: Talk) -> Draft | None:
    """``Which of them has the most actors?``"""
    some = _them(talk)
    found = some and counted_relation(talk, some)
    if not some or not found or found[1] != "out":
        return None
    relation, direction, type_name, things = found
    top = talk.rng.random() < 0.75
    most = "most" if top else talk.rng.choice(["fewest", "least"])
    form = call(
        "arg", call("max" if top else "min", counts_of_each(some.form, relation, direction, type_name))
    )
    question = talk.rng.choice(
        [f"Which of {some.owner} has the {most} {things}?", f"Which one has the {most} {things}?"]
    )
    return Draft(talk.say(question), form, "most of them", None)


def limited_of_them(talk: Talk) -> Draft | None:
    """``Which of them came out after 1990?``"""
    some = _them(talk)
    chosen = some and literal_relation(talk, some, "after", "over")
    made = chosen and some and limit(talk, some, *chosen)
    if not some or not chosen or not made:
        return None
    clause, test, bound = made
    form: LogicalForm = call("arg", call(test, values_of_each(some.form, chosen[0]), bound))
    start = "Which"
    if talk.rng.random() < 0.35:
        start, form = "How many", call("cardinality", form)
    verb = "" if LEAD.match(clause) else "have" if clause.startswith("with ") else "are"
    verb = "were" if re.match(r"born|\w+ed\b", clause) else verb
    rest = LEAD.sub("", clause).removeprefix("with ") if verb == "have" else LEAD.sub("", clause)
    return Draft(talk.say(f"{start} of {some.owner} {verb} {rest}?"), form, "limited of them", None)


def is_it(talk: Talk) -> Draft | None:
    """``Is Paris one of them?``"""
    them = talk.them
    if not them or them[0] in talk.survey.members:
        return None
    other = talk.rng.choice(them) if talk.rng.random() < 0.5 else talk.similar(talk.rng.choice(them))
    called = other and talk.survey.label(other)
    if not other or not called:
        return None
    choices = [f"Is {called} one of them?", f"Is {called} among them?", f"Does that include {called}?"]
    form = call("is_in", entity(other), entity(*them))
    return Draft(talk.rng.choice(choices), form, "one of them", None, may_be_empty=True)


def same_for_each(talk: Talk) -> Draft | None:
    """``And how many actors?`` after a question for the actors: counts what was asked for."""
    last = talk.last
    if last is None or last.asks is None or last.asks[1] != "out" or last.about is None:
        return None
    nouns = talk.survey.wording(last.asks[0]).nouns
    form = last.form if isinstance(last.form, Call) else None
    if form is None or form.operator not in ("follow", "keep") or not talk.them or not nouns:
        return None
    return Draft(
        f"How many {nouns} are there?", call("cardinality", entity(*talk.them)), "count of them", last.about
    )


def others(talk: Talk) -> Draft | None:
    """``Which other films did she direct?``, ``Who else starred in it?``: the question turned round."""
    last, answer = talk.last, (talk.outcome.entities if talk.outcome else None) or ()
    if last is None or last.about is None or last.asks is None or len(answer) != 1:
        return None
    relation, direction = last.asks
    if direction == "literal" or not talk.survey.has(
        answer[0], relation, "in" if direction == "out" else "out"
    ):
        return None
    back: Direction = "in" if direction == "out" else "out"
    key, slot = ("back", "y") if back == "in" else ("ask", "x")
    starts = ("Which {T} ", "What {T} ", "What did ", "[Which|What] {T} ") if back == "in" else ("Who ",)
    choices = [t for t in talk.survey.wording(relation)[key] if t.startswith(starts)]
    asked = talk.posed(choices, key, answer[0], (relation, back), read(entity(answer[0]), relation, back))
    if asked is None:
        return None
    template = asked.template.replace(" {T}", " other {T}", 1)
    if not asked.words:
        template = re.sub(r"^(What|Who) (?!else\b|all\b)", r"\1 else ", template)
    question = talk.say(template, None, **{slot: talk.refer(answer[0], (relation, back))}, **asked.words)
    rest = call("difference", asked.form, entity(last.about))
    return Draft(question, rest, "others", answer[0], (relation, back))
