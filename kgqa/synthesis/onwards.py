"""Questions that go on to what was answered, or to others beside those named: "Who else was in the band?"

Each function takes the dialogue alone and gives None where it offers nothing to go on from.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from grammar.forms import Call, LogicalForm, call, leaves, replace
from kgqa.graphs.protocol import Direction
from kgqa.synthesis.english import Name, expand, expansions, plural
from kgqa.synthesis.relations import TELL_KINDS
from kgqa.synthesis.sets import LEAD
from kgqa.synthesis.talk import Asked, Draft, Talk, entity, keep, read

_POPULATION, _SPOUSE = "P1082", "P26"
_ASKED_FIRST = {_POPULATION: 0.4, _SPOUSE: 0.3}
"""What people ask about a place or somebody that they just heard of -> how often before all else."""
_SAID_OF = re.compile(r"\{x|\bthere\b")
_WHO = re.compile(
    r"^Who (?!else\b|all\b|(?:is|are|was|were|'s) (?:the|a|an|one|there|\{x's\})\b|can\b|do\b)(?!'s)"
)
_FEW = re.compile(r"\b(?:lead|leading|main|starring|original|first|stars?|most|all)\b")
"""Words of questions that ask for a few of them only."""
_WHAT = re.compile(r"^(?:Which|What) \{T\} (?=did|does|do|are|were|have|has|was)")
_WHAT_ELSE = re.compile(r"^What (?=did|does|do|has|have)")
_SAME_FOR = (
    "And {x'}?", "What about {x'}?", "How about {x'}?", "And what about {x'}?", "{x}?",
    "And for {x'}?", "what about {x'}", "And how about {x'}?", "Now {x'}.", "OK, and {x}?",
)  # fmt: skip
_ANYONE_ELSE = ("Who else?", "And who else?", "Anyone else?", "Anybody else?", "who else", "Who else then?")
_ANYTHING_ELSE = (
    "What else?",
    "And what else?",
    "Anything else?",
    "Any others?",
    "what else",
    "Which others?",
)
_NOT = ("But not {c}?", "But not {c}", "Only those not {c}.", "And not {c}?", "And which are not {c}?")
_NOT_OF_THEM = (
    "Which of {them} {be} not {c}?",
    "Which ones {be} not {c}?",
    "And which of {them} {be} not {c}?",
)


def of_the_answer(talk: Talk) -> Draft | None:
    """``How many people live there?`` after a city, ``Who was his wife?`` after who held an office."""
    answer = (talk.outcome.entities if talk.outcome else None) or ()
    if len(answer) != 1 or talk.last is None or talk.last.about in (None, answer[0]):
        return None
    (name,) = answer
    survey, rng = talk.survey, talk.rng
    if not survey.label(name) or name in survey.members or talk.last.asks in [(r, "out") for r in TELL_KINDS]:
        return None
    use = talk.use(name, "out", "literal")
    for first in survey.uses(name):
        new = str((name, first.relation, first.direction)) not in talk.asked
        if first.direction != "in" and new and rng.random() < _ASKED_FIRST.get(first.relation, 0):
            use = first
            break
    if use is None or use.count > 60 or use.relation in TELL_KINDS:
        return None
    asks: tuple[str, Direction] = (use.relation, use.direction)
    wording = survey.wording(use.relation)
    place, named = survey.is_place(name), survey.pronoun(name)
    choices = [t for t in (*wording["short"], *wording["short"], *wording["ask"]) if _SAID_OF.search(t)]
    choices = [t for t in choices if place or "there" not in t]
    if not choices:
        return None
    form: LogicalForm = read(entity(name), *asks)
    if use.direction == "out":
        form = talk.now(entity(name), use.relation)
    asked = talk.posed(choices, "ask", name, asks, form)
    if asked is None:
        return None
    question = talk.say(asked.template, name, x=named, **asked.words)
    return Draft(question, asked.form, "about the answer", name, asks)


def another_by_relation(talk: Talk) -> Draft | None:
    """``What about the capital of Italy?`` after a question about Paris, or about the capital of France."""
    found = _named_by_relation(talk)
    if found is None or talk.last is None:
        return None
    form, noun, other = found
    label = talk.survey.label(other) or other
    said = Name.of(talk.rng.choice([f"the {noun} of {label}", f"the {noun} of {label}", f"{label}'s {noun}"]))
    question = talk.say(talk.rng.choice(_SAME_FOR), x=said)
    return Draft(question, form, "ellipsis of entity", None, may_be_empty=talk.last.may_be_empty)


def _named_by_relation(talk: Talk) -> tuple[LogicalForm, str, str] | None:
    """The last form about another one, that one's relation to whom it is named by, and who this is."""
    last = talk.last
    if last is None or last.about is None or entity(last.about) not in set(leaves(last.form)):
        return None
    inner = [c for c in _calls(last.form) if c.operator == "follow" and c.arguments[0] == entity(last.about)]
    steps = [(last.about, str(c.arguments[1]), inner) for c in inner]
    if not steps:
        uses = [u for u in talk.survey.uses(last.about) if u.direction == "in" and u.count <= 3]
        uses = [u for u in uses if u.relation not in TELL_KINDS]
        talk.rng.shuffle(uses)
        for use in uses[:3]:
            owners = talk.names(read(entity(last.about), use.relation, "in"))
            owner = talk.one_of(owners)
            if owner and talk.names(read(entity(owner), use.relation, "out")) == (last.about,):
                steps.append((owner, use.relation, []))
                break
    if not steps:
        return None
    owner, relation, replaced = talk.rng.choice(steps)
    other = talk.similar(owner)
    if other is None or not talk.survey.label(other) or not talk.survey.has(other, relation, "out"):
        return None
    nouns = talk.survey.nouns_of(other, relation, "out")[:2]
    reached = talk.names(read(entity(other), relation, "out"))
    if not nouns or len(reached) != 1 or other in talk.about_of(last.form):
        return None
    there: LogicalForm = entity(other) if replaced else read(entity(other), relation, "out")
    if not replaced and (last.asks is None or not talk.survey.has(reached[0], *last.asks)):
        return None
    return replace(last.form, {entity(last.about): there}), talk.rng.choice(nouns), other


def _calls(form: LogicalForm) -> Iterator[Call]:
    if isinstance(form, Call):
        yield form
        for argument in form.arguments:
            yield from _calls(argument)


def who_else(talk: Talk) -> Draft | None:
    """``Who else was in the band?``, ``What else did she write?``: without those that were named."""
    answer = (talk.outcome.entities if talk.outcome else None) or ()
    spoken_of = [n for n in (talk.focus, *answer[:1], talk.topic) if n is not None]
    for name in dict.fromkeys(spoken_of):
        uses = [u for u in talk.survey.uses(name) if u.direction != "literal" and 2 <= u.count <= 60]
        uses = [u for u in uses if u.relation not in TELL_KINDS]
        talk.rng.shuffle(uses)
        for use in uses[:6]:
            everybody = talk.names(read(entity(name), use.relation, use.direction))
            named = [n for n in everybody if n in talk.mentioned]
            if not 0 < len(named) <= 3 or len(named) == len(everybody):
                continue
            people = set(map(talk.survey.is_person, everybody))
            if len(people) != 1:
                continue
            asked = _else(talk, name, (use.relation, use.direction), people=people.pop())
            if asked is not None:
                form = call("difference", asked.form, entity(*named))
                return Draft(asked.template, form, "others", name)
    return None


def _else(talk: Talk, name: str, asks: tuple[str, Direction], *, people: bool) -> Asked | None:
    """The question for the others, who may be people, filled in, and the form of all of them."""
    relation, direction = asks
    wording, rng = talk.survey.wording(relation), talk.rng
    key, slot = ("ask", "x") if direction == "out" else ("back", "y")
    form: LogicalForm = read(entity(name), relation, direction)
    if direction == "out" and wording.holder:
        return None
    nouns = [n for n in talk.survey.nouns_of(name, relation, direction)[:3] if n != "part"]
    if direction == "out" and nouns and rng.random() < 0.25:
        many = plural(rng.choice(nouns))
        question = rng.choice(
            [
                f"{'Who' if people else 'What'} [were|are] the other {many}?", f"And the other {many}?",
                f"The other {many}?", f"Which other {many} are there?",
            ]
        )  # fmt: skip
        return Asked(talk.say(question), form)
    if name == talk.focus and talk.last is not None and talk.last.asks == asks and rng.random() < 0.5:
        return Asked(rng.choice(_ANYONE_ELSE if people else _ANYTHING_ELSE), form)
    begins = (_WHO if people else _WHAT_ELSE, _WHAT)
    choices = [e for t in wording[key] for e in expansions(t) if any(b.match(e) for b in begins)]
    choices = [c for c in choices if not _FEW.search(c)]
    asked = talk.posed([c for c in choices if "{x's}" not in c and "{y's}" not in c], key, name, asks, form)
    if asked is None:
        return None
    template = asked.template.replace(" {T}", " other {T}", 1)
    if not _WHAT.match(asked.template):
        template = re.sub(r"^(Who|What) ", r"\1 else ", template)
    named = talk.called_by_type(name) if rng.random() < 0.4 else None
    question = talk.say(template, name, **{slot: named or talk.refer(name, asks)}, **asked.words)
    return Asked(question, asked.form)


def but_not(talk: Talk) -> Draft | None:
    """``But not starring X?``, ``Which of them were not directed by X?``"""
    them, last = talk.them, talk.last
    type_name = talk.survey.shared_type(them, talk.rng) if them else None
    if last is None or type_name is None:
        return None
    rng, survey = talk.rng, talk.survey
    uses = [u for u in survey.uses(rng.choice(them)) if u.direction == "out" and u.relation not in TELL_KINDS]
    uses = [u for u in uses if survey.wording(u.relation)["that"]]
    if not uses:
        return None
    use, member = rng.choice(uses), rng.choice(them)
    other = talk.one_of(talk.names(read(entity(member), use.relation, "out")))
    clauses = [c for t in survey.wording(use.relation)["that"] for c in expansions(t)]
    clauses = [c for c in clauses if re.match(r"\w+(?:ed|ing|en) |by |from ", c) and "{y} " not in c]
    if other is None or other in talk.about_of(last.form) or not clauses:
        return None
    template = talk.worded(clauses, "that", other, (use.relation, "in"), type_name=type_name)
    if template is None or LEAD.match(template):
        return None
    clause = talk.phrase(template, y=Name.of(survey.label(other) or other))
    without = read(entity(other), use.relation, "in")
    operator = last.form.operator if isinstance(last.form, Call) else ""
    if operator in ("keep", "follow", "follow_back") and rng.random() < 0.5:
        question = rng.choice(_NOT).replace("{c}", clause)
        return Draft(talk.say(question), call("difference", last.form, keep(without, type_name)), "but not")
    be = "were" if re.match(r"(?!located|based|situated|signed|married)\w+ed\b", clause) else "are"
    frame = expand(rng.choice(_NOT_OF_THEM), rng).replace("{be}", be).replace("{c}", clause)
    question = talk.say(frame.replace("{them}", rng.choice(["them", "those", "these"])))
    return Draft(question, call("difference", entity(*them), without), "but not")
