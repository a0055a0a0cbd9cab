"""Questions about sets: superlatives, comparisons, filters by date and number, thresholds, and / or / not."""

from __future__ import annotations

import random
import re
from dataclasses import dataclass

from grammar.forms import LogicalForm, NumberLeaf, RelationLeaf, TypeLeaf, ValueLeaf, call
from grammar.values import Kind, Quantity, Time, Value
from kgqa.graphs.protocol import Direction
from kgqa.synthesis.english import literally, plural, singular_clause, without_signs
from kgqa.synthesis.frames import number_word
from kgqa.synthesis.relations import TELL_KINDS
from kgqa.synthesis.talk import READS, Draft, Talk, entity, keep, read

LEAD = re.compile(r"^(?:that|who) ")


@dataclass(frozen=True)
class Some:
    """A set with words for it: ``one`` and ``many`` of its type, and the clause that says which are meant.

    All of them are parts of templates.
    """

    form: LogicalForm
    names: tuple[str, ...]
    type_name: str
    one: str
    many: str
    clause: str = ""
    owner: str = ""
    about: str | None = None

    @property
    def phrase(self) -> str:
        """``films directed by X`` or ``her films``."""
        return f"{self.owner} {self.many}" if self.owner else f"{self.many} {self.clause}".strip()

    @property
    def single(self) -> str:
        """``film directed by X``."""
        if self.owner:
            return f"of {self.owner} {self.many}"
        return f"{self.one} {singular_clause(self.clause)}".strip()


def some_of(talk: Talk, name: str, *, least: int = 2) -> Some | None:
    """The subjects of a relation to the entity, of one type: "films directed by X"."""
    rng, survey = talk.rng, talk.survey
    use = talk.use(name, "in")
    if use is None or use.count < least:
        return None
    wording = survey.wording(use.relation)
    clauses = wording["that"]
    base = read(entity(name), use.relation, "in")
    type_name = survey.shared_type(talk.names(base), rng)
    if type_name is None or not clauses:
        return None
    form = keep(base, type_name)
    names = talk.names(form)
    if not least <= len(names) <= 5_000:
        return None
    one, many = talk.type_word(type_name)
    said = talk.refer(name, (use.relation, "in"))
    rivals = [u.relation for u in survey.uses(name) if u.direction == "in" and survey.wording(u.relation).own]
    if wording.own and rivals[0] == use.relation and rng.random() < 0.4:
        return Some(form, names, type_name, one, many, owner=literally(said.possessive), about=name)
    template = talk.worded(clauses, "that", name, (use.relation, "in"), type_name=type_name)
    if template is None:
        return None
    clause = talk.phrase(template, y=said)
    return Some(form, names, type_name, one, many, clause, about=name)


def all_of(talk: Talk, type_name: str) -> Some:
    """All members of a type."""
    one, many = talk.type_word(type_name)
    names = talk.survey.members[type_name]
    return Some(call("members", TypeLeaf(type_name)), tuple(names), type_name, one, many)


def a_set(talk: Talk, name: str) -> Some | None:
    """A set around the entity, or all members of its type."""
    types = talk.survey.types(name)
    if talk.rng.random() < 0.15:
        return some_profession(talk, name)
    if types and talk.rng.random() < 0.22:
        return all_of(talk, talk.rng.choice(types[:2]))
    return some_of(talk, name)


def some_profession(talk: Talk, name: str) -> Some | None:
    """All who have one of the person's professions, which serves as a type's word: "actors"."""
    found = named_after(talk, name)
    types = talk.survey.types(name)
    if found is None or not types:
        return None
    relation, what, one, many = found
    form = read(entity(what), relation, "in")
    names = talk.names(form)
    return Some(form, names, types[0], one, many) if len(names) >= 2 else None


def named_after(talk: Talk, name: str) -> tuple[str, str, str, str] | None:
    """A profession or genre of the entity as a word for it: (relation, entity, one, many).

    "actor" for somebody with that profession, "horror film" for a film of that genre.
    """
    for relation in ("P106", "P136"):
        if not talk.survey.has(name, relation, "out"):
            continue
        found = talk.names(read(entity(name), relation, "out"))
        words = {one for t in talk.survey.types(name) for one, _ in talk.survey.type_words(t)}
        labels = {n: noun for n in found if (noun := without_signs(talk.survey.label(n) or ""))}
        fitting = [n for n, w in labels.items() if relation == "P106" or w.split()[-1] in words]
        if fitting:
            chosen = talk.rng.choice(fitting)
            return relation, chosen, labels[chosen], plural(labels[chosen])
    return None


def literal_relation(talk: Talk, some: Some, *keys: str) -> tuple[str, Kind] | None:
    """A relation to values that members have and whose wording has one of the keys."""
    tried = talk.rng.sample(list(some.names), min(4, len(some.names)))
    found = []
    for member in tried:
        for use in talk.survey.uses(member):
            if use.direction == "literal" and any(talk.survey.wording(use.relation)[k] for k in keys):
                kind = talk.survey.kind_of_values(member, use.relation)
                if kind is not None:
                    found.append((use.relation, kind))
    return talk.rng.choice(found) if found else None


def values_of_each(some_form: LogicalForm, relation: str) -> LogicalForm:
    """Every element's values."""
    return call("value", call("for_each", some_form), RelationLeaf(relation))


def superlative(talk: Talk, name: str) -> Draft | None:
    """``Which of her films came out first?``, ``the most populous city in Germany``"""
    some = a_set(talk, name)
    chosen = some and literal_relation(talk, some, "max", "min", "last", "early")
    if not some or not chosen:
        return None
    relation, _ = chosen
    rng, top = talk.rng, talk.rng.random() < 0.5
    clauses = talk.meant("last" if top else "early", some.names[0], relation)
    adjectives = talk.meant("max" if top else "min", some.names[0], relation)
    who = some.one
    sentences = [f"Which of the {some.phrase} {clause}?" for clause in clauses if not some.owner]
    sentences += [f"Which {some.single} {clause}?" for clause in clauses]
    if some.owner:
        sentences += [f"Which of {some.phrase} {clause}?" for clause in clauses]
        sentences += [f"What is {some.owner} {word} {some.one}?" for word in adjectives]
        sentences += [f"{some.owner} {word} {some.one}?" for word in adjectives]
    else:
        for word in adjectives:
            if " by " in word or " in " in word:  # "largest by area" stands behind the noun
                sentences += [f"Which {some.single} is the {word}?"]
                continue
            clause = singular_clause(some.clause)
            sentences += [
                f"What is the {word} {who} {clause}?",
                f"Which is the {word} {who} {clause}?",
                f"the {word} {who} {clause}?",
                f"Name the {word} {who} {clause}.",
            ]
            if some.type_name in talk.survey.person_types:
                sentences += [
                    f"Who is the {word} {who} {clause}?",
                    f"Who is the {word} of the {some.phrase}?",
                ]
    if not sentences:
        return None
    form = call("arg", call("max" if top else "min", values_of_each(some.form, relation)))
    return Draft(talk.say(rng.choice(sentences)), form, "superlative", some.about)


def most_counted(talk: Talk, name: str) -> Draft | None:
    """``Which of his films has the most actors?``"""
    some = a_set(talk, name)
    found = some and counted_relation(talk, some)
    if not some or not found:
        return None
    relation, direction, type_name, things = found
    rng = talk.rng
    top = rng.random() < 0.75
    most = "most" if top else rng.choice(["fewest", "least"])
    verbs = _has(talk, relation, direction, f"the {most} {things}")
    if not verbs:
        return None
    of = f"of {some.phrase}" if some.owner else f"of the {some.phrase}"
    sentences = [f"Which {of} {verb}?" for verb in verbs] + [f"Which {some.single} {verb}?" for verb in verbs]
    if some.type_name in talk.survey.person_types:
        everybody = str(some.form).startswith("members")
        sentences += [f"Who {verb}?" for verb in verbs] if everybody else []
    form = call(
        "arg", call("max" if top else "min", counts_of_each(some.form, relation, direction, type_name))
    )
    return Draft(talk.say(rng.choice(sentences)), form, "most counted", some.about)


def counts_of_each(
    form: LogicalForm, relation: str, direction: Direction, type_name: str | None
) -> LogicalForm:
    """Every element's number of facts, of those of a type if one is named."""
    each = call(READS[direction], call("for_each", form), RelationLeaf(relation))
    return call("cardinality", keep(each, type_name))


def counted_relation(talk: Talk, some: Some) -> tuple[str, Direction, str | None, str] | None:
    """A relation of which members have several facts, and the word for what is counted."""
    tried = talk.rng.sample(list(some.names), min(4, len(some.names)))
    uses = [
        u for n in tried for u in talk.survey.uses(n) if u.direction != "literal" and 2 <= u.count <= 2_000
    ]
    worded = {u: talk.survey.wording(u.relation) for u in uses if u.relation not in TELL_KINDS}
    uses = [u for u in uses if u in worded and worded[u]["back"] and (u.direction == "in" or worded[u].nouns)]
    if not uses:
        return None
    use = talk.rng.choice(uses)
    if use.direction == "out":
        return use.relation, "out", None, talk.survey.wording(use.relation).nouns
    owner = next(n for n in tried if use in talk.survey.uses(n))
    type_name = talk.survey.shared_type(talk.names(read(entity(owner), use.relation, "in")), talk.rng)
    if type_name is None:
        return None
    return use.relation, "in", type_name, talk.type_word(type_name)[1]


def _has(talk: Talk, relation: str, direction: Direction, amount: str) -> list[str]:
    """Verb phrases with an amount in them: "has the most actors", "directed the most films"."""
    if direction == "out":
        return [f"has {amount}"]
    wording, found = talk.survey.wording(relation), []
    for template in wording["back"]:
        match = re.match(r"^Which \{T\} (did|does|do) \{y\} (.+)\?$", template)
        if match and "{" not in match.group(2):
            found.append(f"{match.group(1)} {match.group(2)} {amount}" if "[" not in match.group(2) else "")
    found = [f for f in found if f and not f.endswith((" in", " for"))]
    has = [f"has {amount}"] if wording.own else []  # "has the most people": of whom it would not be clear
    return found or has + ([f"is the {wording.noun} of {amount}"] if wording.noun else [])


def threshold(talk: Talk, name: str) -> Draft | None:
    """``Which films by X have more than ten actors?`` and how many do."""
    some = a_set(talk, name)
    found = some and counted_relation(talk, some)
    if not some or not found:
        return None
    relation, direction, type_name, things = found
    if direction == "in" and not talk.survey.wording(relation).own:
        return None  # "have five people": `counting` says what they are to them
    rng = talk.rng
    member = rng.choice(some.names[:50])
    count = talk.denotes(
        call("cardinality", keep(read(entity(member), relation, direction), type_name))
    ).numbers
    number = max(1, int((count or (1.0,))[0]) + rng.choice([-1, 0, 0, 1]))
    test, words = rng.choice(
        [
            ("greater_than", ["more than"]),
            ("at_least", ["at least", "no fewer than", "not less than"]),
            ("less_than", ["fewer than", "less than"]),
            ("at_most", ["at most", "no more than"]),
            ("equals", ["exactly", "precisely"]),
            ("around", ["about", "around", "approximately", "roughly"]),
        ]
    )
    amount = f"{rng.choice(words)} {number_word(number, rng)} {things}"
    each = counts_of_each(some.form, relation, direction, type_name)
    form = call("arg", call(test, each, NumberLeaf(float(number))))
    start, form = rng.choice([("Which", form), ("Which", form), ("How many", call("cardinality", form))])
    question = f"{start} {some.phrase} have {amount}?"
    if some.owner:
        question = f"{start} of {some.phrase} have {amount}?"
    return Draft(talk.say(question), form, "threshold", some.about)


def stretch(year: int, rng: random.Random) -> tuple[str, Time]:
    """The decade or century of a year, said and as a value: "the 1990s", "the 19th century"."""
    if year >= 1900 or rng.random() < 0.3:
        decade = year // 10 * 10
        short = f"the {decade % 100}s" if 1930 <= decade < 2000 and rng.random() < 0.4 else f"the {decade}s"
        return short, Time(decade, precision=8)
    century = (year - 1) // 100 + 1
    ending = {1: "st", 2: "nd", 3: "rd"}.get(century % 10 if century not in (11, 12, 13) else 0, "th")
    return f"the {century}{ending} century", Time((century - 1) * 100 + 1, precision=7)


def filtered(talk: Talk, name: str) -> Draft | None:
    """``films by X released after 1990``, ``countries with more than 50 million people``"""
    some = a_set(talk, name)
    chosen = some and literal_relation(talk, some, "after", "over")
    if not some or not chosen:
        return None
    relation, kind = chosen
    rng = talk.rng
    made = limit(talk, some, relation, kind)
    if made is None:
        return None
    clause, test, bound = made
    form: LogicalForm = call("arg", call(test, values_of_each(some.form, relation), bound))
    if some.owner:
        starts = [("Which", "of "), ("How many", "of ")]
    else:
        starts = [("Which", ""), ("How many", ""), ("What", ""), ("List", ""), ("Name the", "")]
    start, of = rng.choice(starts)
    if start == "How many":
        form = call("cardinality", form)
    is_verb = clause.split()[0] not in ("who", "that")
    if start in ("List", "Name the"):
        question = f"{start} {some.phrase} {clause}."
    elif some.owner or rng.random() < 0.6:
        question = f"{start} {of}{some.phrase} {'were' if is_verb else ''} {LEAD.sub('', clause)}?"
        if is_verb and clause.startswith(
            ("with", "longer", "shorter", "over", "under", "larger", "smaller", "taller", "higher")
        ):
            question = question.replace(" were with ", " have ").replace(" were ", " are ")
    else:
        question = f"{start} {some.phrase} {clause} are there?"
    return Draft(talk.say(question), form, "filter", some.about)


def limit(
    talk: Talk, some: Some, relation: str, kind: Kind
) -> tuple[str, str, ValueLeaf | NumberLeaf] | None:
    """A clause, a test and a bound that some of the set pass: "after 1990", "longer than 120 minutes"."""
    rng, wording = talk.rng, talk.survey.wording(relation)
    member = rng.choice(some.names[:200])
    known: list[Value] = list(talk.denotes(read(entity(member), relation, "literal")).values or ())
    if not known:
        return None
    given = rng.choice(known)
    if kind is Kind.TIME and isinstance(given, Time):
        key, test, shift = rng.choice(
            [("after", "greater_than", -1), ("before", "less_than", 1), ("during", "equals", 0)]
        )
        year = given.year + shift * rng.choice([1, 2, 3, 5, 8])
        if shift and year > 1000 and rng.random() < 0.5:
            year = year // 10 * 10 + (10 if shift > 0 else 0)
        if not wording[key] or year < 100:
            return None
        said, when = str(year), Time(year, precision=9)
        if key == "during" and rng.random() < 0.3:
            said, when = stretch(year, rng)
        clause = talk.phrase(rng.choice(wording[key]), v=said)
        return clause, test, ValueLeaf(when)
    if kind is Kind.QUANTITY and isinstance(given, Quantity):
        over = rng.random() < 0.6
        number = rounded(given.amount, down=over)
        choices = wording["over" if over else "under"]
        if not choices or number <= 0:
            return None
        clause = talk.phrase(rng.choice(choices), v=written(number, rng))
        return clause, "greater_than" if over else "less_than", NumberLeaf(float(number))
    return None


def rounded(amount: float, *, down: bool) -> int:
    """A number that people would say, a little below or above the amount."""
    size = 10 ** max(0, len(str(int(abs(amount)))) - 1)
    step = max(1, size if amount > 1_000 else size // 2)
    below = int(amount // step) * step
    return below if down else below + step


def written(number: float, rng: random.Random) -> str:
    """1500000 as "1.5 million" or "1,500,000" or in plain digits."""
    for scale, word in ((10**9, "billion"), (10**6, "million")):
        if number >= scale and number * 10 % scale == 0 and rng.random() < 0.7:
            amount = number / scale
            return f"{amount:g} {word}"
    return (
        f"{int(number):,}"
        if number >= 10_000 and rng.random() < 0.6
        else f"{number:g}"
        if number < 1e6
        else str(int(number))
    )


def more_than_one(talk: Talk, name: str) -> Draft | None:
    """``Which countries have more inhabitants than France?``"""
    types = talk.survey.types(name)
    if not types:
        return None
    some = some_of(talk, name) if talk.rng.random() < 0.35 else all_of(talk, types[0])
    chosen = some and literal_relation(talk, some, "more", "less", "many_than")
    if not some or not chosen:
        return None
    relation, _ = chosen
    rng, wording = talk.rng, talk.survey.wording(relation)
    other = name if some.about is None else rng.choice(some.names[:60])
    if not talk.survey.has(other, relation, "literal") or not talk.survey.label(other):
        return None
    top = rng.random() < 0.55
    sentences = [
        f"{some.phrase} are {word} than {{x'}}?"
        for word in talk.meant("more" if top else "less", other, relation)
    ]
    if wording["many_than"]:
        sentences.append(f"{some.phrase} have {wording['many_than'][0 if top else 1]} than {{x'}}?")
    if not sentences:
        return None
    test = call(
        "greater_than" if top else "less_than",
        values_of_each(some.form, relation),
        read(entity(other), relation, "literal"),
    )
    form: LogicalForm = call("arg", test)
    start = "Which"
    if rng.random() < 0.25:
        start, form = "How many", call("cardinality", form)
    of = "of " if some.owner else ""
    question = talk.say(f"{start} {of}{rng.choice(sentences)}", x=talk.refer(other))
    return Draft(question, form, "more than one", other)
