"""Questions about one entity: relations both ways, values, counts, yes or no, two compared.

Each function makes one question about the entity named, or gives None where there is none to make.
"""

from __future__ import annotations

import re

from grammar.forms import LogicalForm, RelationLeaf, call
from kgqa.graphs.protocol import Direction
from kgqa.synthesis.english import Name, expand, fill, literally, with_possessive
from kgqa.synthesis.relations import TELL_KINDS
from kgqa.synthesis.talk import READS, Draft, Talk, entity, keep, read

_WHICH = re.compile(r"^(?:\[Which\|What\]|\[What\|Which\]|Which|What) \{T\}")
_IS = re.compile(r"^(Is|Does) ")
GENERIC, SHORT_GENERIC = 0.25, 0.45
"""How often a relation that the table knows is asked about by a noun all the same."""
SHORT = 0.3
"""How often a question leaves out about whom it is, where that is understood."""
MOST_OBJECTS = 60


def generic(talk: Talk, relation: str, key: str, of: tuple[str, Direction] | None = None) -> tuple[str, ...]:
    """Templates made of a noun for the relation, one that means no other when said ``of`` an entity."""
    nouns = talk.survey.nouns_of(of[0], relation, of[1]) if of else talk.survey.relation_nouns(relation)
    if not nouns:
        return ()
    noun = nouns[0] if talk.rng.random() < 0.3 else talk.rng.choice(nouns)
    return talk.survey.by_noun(relation, noun, key)


def templates(
    talk: Talk, relation: str, key: str, of: tuple[str, Direction] | None = None
) -> tuple[str, ...]:
    """Templates of the table, sometimes those made of a noun (see ``generic``); perhaps none."""
    known = talk.survey.wording(relation)[key]
    if known and talk.rng.random() > (SHORT_GENERIC if key == "short" else GENERIC):
        return known
    return generic(talk, relation, key, of) or known


def forward(talk: Talk, name: str) -> Draft | None:
    """``Who directed Titanic?``"""
    use = talk.use(name, "out")
    if use is None or use.count > MOST_OBJECTS:
        return None
    asks = (use.relation, use.direction)
    everybody = talk.survey.wording(use.relation)["all"]
    if everybody and talk.rng.random() < 0.3:
        question = talk.say(talk.rng.choice(everybody), name, x=talk.refer(name, asks))
        return Draft(question, read(entity(name), *asks), "forward", name, asks)
    form = talk.now(entity(name), use.relation)
    if talk.rng.random() < SHORT and understood(talk, name, asks):
        short = templates(talk, use.relation, "short", (name, "out"))
        brief = talk.posed(short, "short", name, asks, form)
        if brief is not None:
            question = talk.say(brief.template, x=talk.survey.pronoun(name), **brief.words)
            return Draft(question, brief.form, "forward", name, asks)
    asked = talk.posed(templates(talk, use.relation, "ask", (name, "out")), "ask", name, asks, form)
    if asked is None:
        return None
    question = talk.say(asked.template, name, x=talk.refer(name, asks), **asked.words)
    return Draft(question, asked.form, "forward", name, asks)


def understood(talk: Talk, name: str, asks: tuple[str, Direction]) -> bool:
    """Whether a question that does not say about whom would be taken to be about the entity."""
    rivals = [other for other in (*talk.antecedents, *talk.them[:20]) if other != name]
    spoken_of = name in talk.antecedents or (name == talk.topic and name in talk.mentioned)
    return spoken_of and not any(talk.survey.has(rival, *asks) for rival in rivals)


def literal(talk: Talk, name: str) -> Draft | None:
    """``When was she born?``"""
    use = talk.use(name, "literal")
    if use is None:
        return None
    asks = (use.relation, use.direction)
    form = read(entity(name), *asks)
    if talk.rng.random() < SHORT and understood(talk, name, asks):
        brief = talk.worded(templates(talk, use.relation, "short", (name, "literal")), "short", name, asks)
        if brief:
            question = talk.say(brief, name, x=talk.survey.pronoun(name))
            return Draft(question, form, "value", name, asks)
    choices = [c for c in templates(talk, use.relation, "ask", (name, "literal")) if "{t}" not in c]
    template = talk.worded(choices, "ask", name, asks)
    if template is None:
        return None
    return Draft(talk.say(template, name, x=talk.refer(name, asks)), form, "value", name, asks)


_KEYWORDS = (
    "{x} {noun}", "{x} {noun}", "{noun} {x}", "{noun} of {x'}", "{noun} of {x'}?", "{x}: {noun}?",
    "{x} {noun}?", "{noun} for {x'}", "{x's} {noun}", "{x's} {noun}?", "{x}, {noun}?", "{x} - {noun}",
    "the {noun} of {x'}?",
)  # fmt: skip
_KEYWORDS_SPOKEN_OF = (
    "{noun} of {x'}?",
    "{x's} {noun}?",
    "{x's} {noun}",
    "and {x's} {noun}?",
    "The {noun} of {x'}?",
)


def keyword(talk: Talk, name: str) -> Draft | None:
    """``titanic director``: as people type into a search box; "release date of the film?" later on."""
    use = talk.use(name, "out", "literal")
    if use is None or use.count > MOST_OBJECTS:
        return None
    asks = (use.relation, use.direction)
    nouns = talk.survey.nouns_of(name, use.relation, use.direction)
    aliases = [a for a in talk.survey.graph.aliases(use.relation) if len(a) <= 30]
    if not nouns or (aliases and talk.rng.random() < 0.2):
        nouns = aliases or [talk.survey.label(use.relation) or use.relation]
    noun = nouns[0] if talk.rng.random() < 0.3 else talk.rng.choice(nouns)
    named = talk.refer(name, asks)
    is_label = named.subject == talk.survey.label(name)
    choices = _KEYWORDS if is_label else _KEYWORDS_SPOKEN_OF
    template = talk.rng.choice([c for c in choices if not named.full or "{x's}" in c])
    question = fill(template.replace("{noun}", literally(noun)), talk.rng, x=named)
    form: LogicalForm = read(entity(name), *asks)
    if use.direction == "out":
        form = talk.now(entity(name), use.relation)
    kind = "forward" if use.direction == "out" else "value"
    return Draft(with_possessive(question), form, kind, name, asks)


def backward(talk: Talk, name: str) -> Draft | None:
    """``Which films did she direct?``"""
    use = talk.use(name, "in")
    if use is None:
        return None
    asks = (use.relation, use.direction)
    choices = templates(talk, use.relation, "back", (name, "in"))
    asked = talk.posed(choices, "back", name, asks, read(entity(name), *asks))
    if asked is None:
        return None
    question = talk.say(asked.template, name, y=talk.refer(name, asks), **asked.words)
    return Draft(question, asked.form, "backward", name, asks)


def count_forward(talk: Talk, name: str) -> Draft | None:
    """``How many children does she have?``"""
    use = talk.use(name, "out")
    if use is None or use.relation in TELL_KINDS:
        return None
    asks = (use.relation, use.direction)
    form: LogicalForm = read(entity(name), *asks)
    wording = talk.survey.wording(use.relation)
    many = talk.fitting("many", name, use.relation)
    if many and talk.rng.random() < 0.8:
        template = talk.rng.choice(many)
    elif wording.nouns and (use.count > 1 or talk.rng.random() < 0.1):
        template = talk.rng.choice(
            [
                f"How many {wording.nouns} [does|did] {{x}} have?",
                f"How many {wording.nouns} [does|did] {{x}} have [in total|altogether|overall]?",
                f"How many {wording.nouns} are there [of|for] {{x'}}?",
                f"[What is the|What's the|The|] [number|total number] of {wording.nouns} [of|for] {{x'}}?",
                f"{{x}} has how many {wording.nouns}?",
                f"{{x's}} number of {wording.nouns}?",
                f"[Count|Tell me the number of] {{x's}} {wording.nouns}.",
            ]
        )
    else:
        return None
    words: dict[str, str] = {}
    if "{T}" in template:
        type_name = talk.survey.shared_type(talk.names(form), talk.rng)
        if type_name is None:
            return None
        form = keep(form, type_name)
        words["t"], words["T"] = talk.type_word(type_name)
    question = talk.say(template, name, x=talk.refer(name, asks), **words)
    return Draft(question, call("cardinality", form), "count", name, asks)


def count_backward(talk: Talk, name: str) -> Draft | None:
    """``How many films did she direct?``"""
    use = talk.use(name, "in")
    if use is None:
        return None
    asks = (use.relation, use.direction)
    form = read(entity(name), *asks)
    wording = talk.survey.wording(use.relation)
    asking = [
        f"How many {{T}}{t[m.end() :]}"
        for t in templates(talk, use.relation, "back")
        if (m := _WHICH.match(t))
    ]
    that = [
        f"How many {{T}} are there {clause}?" for clause in wording["that"] if not clause.startswith("{y}")
    ]
    choices = asking * 2 + that
    type_name = talk.survey.shared_type(talk.names(form), talk.rng)
    if type_name is None or not choices:
        return None
    one, many = talk.type_word(type_name)
    template = expand(talk.rng.choice(choices), talk.rng)
    which = template.replace("How many {T}", "Which {T}", 1)
    if talk.survey.means_another("back", which, name, *asks, type_name=type_name):
        return None
    question = talk.say(template, name, y=talk.refer(name, asks), t=one, T=many)
    return Draft(question, call("cardinality", keep(form, type_name)), "count", name, asks)


def verify(talk: Talk, name: str) -> Draft | None:
    """``Did Cameron direct Titanic?`` The object is looked for among the subject's objects, either way."""
    use = talk.use(name, "out", "in")
    if use is None:
        return None
    choices = templates(talk, use.relation, "is")
    if not choices:
        return None
    found = [n for n in talk.names(read(entity(name), use.relation, use.direction)) if talk.survey.label(n)]
    if not found:
        return None
    other = talk.rng.choice(found)
    if talk.rng.random() < 0.5:
        false = somebody_else(talk, other, use.relation, use.direction)
        if false is None or false in found:
            return None
        other = false
    subject, obj = (name, other) if use.direction == "out" else (other, name)
    names = {"x": talk.refer(subject), "y": talk.refer(obj)}
    if subject == obj or names["x"] == names["y"]:
        return None
    template = expand(talk.rng.choice(choices), talk.rng)
    words = {}
    types = talk.survey.types(subject)
    if not talk.survey.fits(template, use.relation, types):
        return None
    if "{t}" in template or "{T}" in template:
        if not types:
            return None
        words["t"], words["T"] = talk.type_word(types[0])
    held = read(entity(subject), use.relation, "out")
    form = call(
        "is_in", entity(obj), talk.now(entity(subject), use.relation) if _IS.match(template) else held
    )
    return Draft(talk.say(template, None, **names, **words), form, "verification", name, may_be_empty=True)


def somebody_else(talk: Talk, other: str, relation: str, direction: Direction) -> str | None:
    """One with a label found at the same end of the relation elsewhere, so that the question makes sense."""
    end: Direction = "in" if direction == "out" else "out"
    for _ in range(3):
        candidate = talk.similar(other)
        if candidate and talk.survey.label(candidate) and talk.survey.has(candidate, relation, end):
            return candidate
    return None


def exists(talk: Talk, name: str) -> Draft | None:
    """``Does he have children?``"""
    wording_uses = [
        u for u in talk.survey.uses(name) if u.direction != "in" and talk.survey.wording(u.relation)["any"]
    ]
    types = talk.survey.types(name)
    if wording_uses and talk.rng.random() < 0.7:
        use = talk.rng.choice(wording_uses)
        relation, direction = use.relation, use.direction
    elif types:
        model = talk.similar(name)
        others = [u for u in talk.survey.uses(model) if u.direction != "in"] if model else []
        if not others:
            return None
        use = talk.rng.choice(others)
        relation, direction = use.relation, use.direction
    else:
        return None
    wording = talk.survey.wording(relation)
    choices = wording["any"]
    if not choices:
        if direction == "literal" or relation in TELL_KINDS or not wording.noun:
            return None
        choices = (f"Does {{x}} have a {wording.noun}?",)
        if wording.nouns:
            choices += (f"[Does|Did] {{x}} have [any|] {wording.nouns}?",)
        choices += (
            f"Is there a {wording.noun} of {{x'}}?",
            f"Is anything known about the {wording.noun} of {{x'}}?",
        )
    question = talk.say(talk.rng.choice(choices), name, x=talk.refer(name))
    form = call("exists", read(entity(name), relation, direction))
    return Draft(question, form, "exists", name, may_be_empty=True)


def compare_two(talk: Talk, name: str) -> Draft | None:
    """``Who is older, X or Y?`` and ``Is X longer than Y?``"""
    rng = talk.rng
    use = talk.use(name, "literal")
    if use is None or not talk.survey.types(name):
        return None
    others = [n for n in talk.holders(talk.survey.types(name)[0], use.relation, "literal") if n != name]
    if not others or not talk.survey.kind_of_values(name, use.relation):
        return None
    other, wording = rng.choice(others), talk.survey.wording(use.relation)
    more = rng.random() < 0.5
    comparatives = talk.meant("more" if more else "less", name, use.relation)
    sides = {n: read(entity(n), use.relation, "literal") for n in (name, other)}
    x, y = talk.refer(name), Name.of(talk.survey.label(other) or other)
    if rng.random() < 0.5:
        sentences = list(wording["later" if more else "earlier"])
        sentences += [f"Is {{x}} {word} than {{y'}}?" for word in comparatives]
        if not sentences:
            return None
        test = call("greater_than" if more else "less_than", sides[name], sides[other])
        return Draft(
            talk.say(rng.choice(sentences), x=x, y=y),
            call("exists", test),
            "compare",
            name,
            may_be_empty=True,
        )
    who = "Who" if talk.survey.is_person(name) else rng.choice(["Which", "Which one", "What"])
    sentences = [f"{who} is {word}, {{x}} or {{y}}?" for word in comparatives]
    sentences += [
        f"{who} {clause}, {{x}} or {{y}}?"
        for clause in talk.meant("last" if more else "early", name, use.relation)
    ]
    sentences += [f"Is {{x}} or {{y}} {word}?" for word in comparatives]
    if not sentences:
        return None
    both = call("for_each", call("union", entity(name), entity(other)))
    form = call("arg", call("max" if more else "min", call("value", both, RelationLeaf(use.relation))))
    question = talk.say(rng.choice(sentences), x=x, y=y)
    return Draft(question, form, "compare", name)


def compare_counts(talk: Talk, name: str) -> Draft | None:
    """``Who directed more films, X or Y?``"""
    rng = talk.rng
    use = talk.use(name, "in", "out")
    if use is None or use.relation in TELL_KINDS or not talk.survey.types(name):
        return None
    others = [n for n in talk.holders(talk.survey.types(name)[0], use.relation, use.direction) if n != name]
    if not others:
        return None
    other, wording = rng.choice(others), talk.survey.wording(use.relation)
    more = rng.random() < 0.7
    word = "more" if more else "fewer"
    type_name = None
    who = "Who" if talk.survey.is_person(name) else "Which"
    if use.direction == "in":
        found = talk.names(read(entity(name), use.relation, "in"))
        type_name = talk.survey.shared_type(found, rng)
        stems = [t[m.end() :] for t in wording["back"] if (m := re.match(r"^Which \{T\} did \{y\} ", t))]
        if type_name is None or not stems:
            return None
        things = talk.type_word(type_name)[1]
        stem = rng.choice(stems)
        sentences = [f"Did {{x}} {stem[:-1]} {word} {things} than {{y'}}?"]
        ask = f"{who} did {stem[:-1]} {word} {things}, {{x}} or {{y}}?"
    else:
        if use.count < 2 or not wording.nouns:
            return None
        sentences = [f"Does {{x}} have {word} {wording.nouns} than {{y'}}?"]
        ask = f"{who} has {word} {wording.nouns}, {{x}} or {{y}}?"
    x, y = talk.refer(name), Name.of(talk.survey.label(other) or other)

    counts = [
        call("cardinality", keep(read(entity(n), use.relation, use.direction), type_name))
        for n in (name, other)
    ]
    if rng.random() < 0.5:
        form = call("greater_than" if more else "less_than", *counts)
        return Draft(talk.say(rng.choice(sentences), x=x, y=y), form, "compare", name, may_be_empty=True)
    both = call("for_each", call("union", entity(name), entity(other)))
    each = keep(call(READS[use.direction], both, RelationLeaf(use.relation)), type_name)
    form = call("arg", call("max" if more else "min", call("cardinality", each)))
    return Draft(talk.say(ask, x=x, y=y), form, "compare", name)
