"""Dialogues from questions: which kind comes next, what is shown, and asking back."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace

from grammar.errors import LimitReached
from grammar.forms import LogicalForm, RelationLeaf, TypeLeaf, leaves
from kgqa.answer import Result
from kgqa.conversation import Conversation, Dialogue, Example, Gold, Turn, TurnAnswer
from kgqa.graphs.protocol import KnowledgeGraph
from kgqa.readable import answer_text
from kgqa.synthesis import (
    checks,
    combining,
    counting,
    followups,
    formal,
    joins,
    onwards,
    resumed,
    roles,
    sets,
    single,
    statements,
    steps,
)
from kgqa.synthesis.english import sentence
from kgqa.synthesis.frames import framed
from kgqa.synthesis.noise import Noise
from kgqa.synthesis.relations import TELL_KINDS
from kgqa.synthesis.seeds import Seeds
from kgqa.synthesis.survey import Survey
from kgqa.synthesis.talk import MOST_ANSWERS, Draft, Talk

_About = Callable[[Talk, str], Draft | None]
_FollowUp = Callable[[Talk], Draft | None]

KINDS: Mapping[_About, float] = {
    single.forward: 22,
    single.literal: 17,
    single.keyword: 2.5,
    single.backward: 11,
    single.count_forward: 3.5,
    single.count_backward: 4,
    single.verify: 6,
    single.exists: 2.5,
    steps.two_steps: 6,
    steps.verify_two_steps: 2,
    single.compare_two: 4,
    single.compare_counts: 2,
    sets.superlative: 7,
    sets.most_counted: 3,
    sets.threshold: 2.5,
    sets.filtered: 5,
    sets.more_than_one: 3,
    joins.joined: 3,
    joins.shared: 3,
    joins.of_type: 1,
    joins.of_a_profession: 3,
    joins.same_as: 1.5,
    checks.value_check: 3,
    checks.count_check: 1.5,
    statements.at_a_time: 10,
    statements.began_or_ended: 4,
    statements.first_or_last: 6,
    statements.since_when: 4,
    roles.role: 6,
}
"""Questions about an entity -> how often they are tried."""

COUNTING_KINDS: Mapping[_About, float] = {
    counting.most: 5,
    counting.bounded: 6.5,
    counting.compared: 5.5,
    combining.of_a_type: 4,
    combining.how_many_of_a_type: 4.5,
    combining.combined: 6,
    combining.checked: 4.5,
    combining.which_of_two: 0.7,
}
"""Questions that count, compare, combine and verify, of any relation -> how often they are tried."""

FORMAL_KINDS: Mapping[_About, float] = {
    formal.simple: 12,
    formal.logical: 5,
    formal.verification: 3,
    formal.counted: 4,
    formal.most: 3,
    formal.bounded: 4,
    formal.compared: 4,
    counting.most: 4,
    counting.bounded: 6,
    counting.compared: 6,
    combining.of_a_type: 6,
    combining.how_many_of_a_type: 5,
    combining.combined: 6,
    combining.checked: 4,
}
"""The same in the register of machine-worded corpora."""

FOLLOW_UPS: Mapping[_FollowUp, float] = {
    followups.another: 7,
    followups.corrected: 1.5,
    followups.other_year: 5,
    followups.other_relation: 6,
    followups.other_type: 3,
    followups.how_many: 3,
    followups.about_them: 4,
    followups.which_of_them: 7,
    followups.kind_of_them: 1.5,
    followups.best_of_them: 8,
    followups.most_of_them: 2,
    followups.limited_of_them: 4,
    followups.others: 5,
    onwards.of_the_answer: 9,
    onwards.another_by_relation: 4,
    onwards.who_else: 5,
    onwards.but_not: 3,
    followups.is_it: 1.5,
    followups.same_for_each: 1,
    formal.one_of_them: 1.5,
    resumed.joined_to_it: 4,
    resumed.most_among_them: 3,
    resumed.bounded_among_them: 5,
    resumed.one_of_two: 4,
    resumed.compared_with_one_of_them: 2,
    resumed.of_one_of_them: 2,
    combining.all_of_them: 3,
}
"""Questions that only go on from the last answer -> how often they are tried."""

FORMAL_FOLLOW_UPS: Mapping[_FollowUp, float] = {
    followups.another: 5,
    followups.how_many: 1,
    followups.about_them: 1,
    formal.one_of_them: 2,
    resumed.joined_to_it: 2,
    resumed.compared_with_one_of_them: 2,
    resumed.of_one_of_them: 2,
    combining.all_of_them: 2,
}

RESUMED: Mapping[_FollowUp, float] = {
    resumed.other_extreme: 1,
    resumed.other_comparison: 1,
    resumed.other_number: 1,
    resumed.compared_with_another: 1.5,
    resumed.which_ones: 1.2,
    resumed.other_of_two: 3,
}
"""Questions that go on from a few kinds of question only, each in its own way -> how often they are tried."""

_FORMAL_SHARE = 0.2
_COUNTING_SHARE = 0.16
_COUNTING_SHARE_OF_MANY_RELATIONS = 0.26
_MANY_RELATIONS = 300
"""Of so many relations, most are asked about by counting rather than in words of their own."""
_RESUMED_SHARE = 0.3
_FOLLOW_UP_SHARE = 0.36
_OF_THEM_SHARE = 0.62
_ASK_BACK_SHARE = 0.02
_MOST_TURNS = 7


def invent(graph: KnowledgeGraph, *, seed: int, noise: Noise | None = None) -> Iterator[Dialogue]:
    """Dialogues without end; the same seed gives the same ones, whatever came before."""
    seeds, number = Seeds(Survey(graph)), 0
    while True:
        dialogue = one_dialogue(
            seeds, random.Random(f"{seed}/{number}"), noise or Noise(), f"{seed}-{number}"
        )
        if dialogue is not None:
            yield dialogue
        number += 1


def one_dialogue(seeds: Seeds, rng: random.Random, noise: Noise, identity: str) -> Dialogue | None:
    """One dialogue, or None where its first question finds nothing to ask."""
    survey = seeds.survey
    formal = survey.is_wikidata and rng.random() < _FORMAL_SHARE  # such corpora are about Wikidata
    talk = Talk(survey, rng, formal=formal, alias_chance=noise.alias)
    start = seeds.pick(rng)
    conversation = Conversation()
    examples: list[Example] = []
    wanted = rng.choices(range(1, _MOST_TURNS + 1), weights=[1, 1.5, 2, 3, 4, 3, 2])[0]
    while len(examples) < wanted:
        found = _next(talk, start)
        if found is None:
            break
        draft, outcome = found
        for question, shown, ambiguous in _exchanges(talk, draft, outcome, noise):
            gold = _gold(talk, draft, outcome, ambiguous=ambiguous)
            examples.append(Example(f"{identity}/{len(examples)}", conversation, question, gold))
            conversation = conversation.then(Turn(question, shown, () if ambiguous else gold.mentions))
        _remember(talk, draft, outcome)
    return Dialogue(identity, identity, tuple(examples)) if examples else None


def _next(talk: Talk, start: str) -> tuple[Draft, Result] | None:
    """A question that fits here and has an answer."""
    rng = talk.rng
    for attempt in range(40):
        draft: Draft | None
        if attempt == 0 and talk.last is not None and rng.random() < _RESUMED_SHARE:
            tried = (_choose(RESUMED, rng)(talk) for _ in range(4))
            draft = next((found for found in tried if found is not None), None)
        elif talk.last is not None and rng.random() < (_OF_THEM_SHARE if talk.them else _FOLLOW_UP_SHARE):
            kinds = FORMAL_FOLLOW_UPS if talk.formal else FOLLOW_UPS
            draft = _choose(kinds, rng)(talk)
        else:
            about = _about(talk, start)
            kinds_about = COUNTING_KINDS if rng.random() < _counting_share(talk.survey) else KINDS
            draft = _choose(FORMAL_KINDS if talk.formal else kinds_about, rng)(talk, about)
        if draft is None or "{" in draft.question or str(draft.form) in talk.asked:
            continue
        try:
            outcome = talk.denotes(draft.form)
        except LimitReached:
            continue
        if len(outcome.entities or ()) > MOST_ANSWERS or (_says_nothing(outcome) and not draft.may_be_empty):
            continue
        if not outcome.entities or all(talk.survey.label(n) for n in outcome.entities[:10]):
            return draft, outcome
    return None


def _counting_share(survey: Survey) -> float:
    return _COUNTING_SHARE_OF_MANY_RELATIONS if survey.relations >= _MANY_RELATIONS else _COUNTING_SHARE


def _choose(
    kinds: Mapping[Callable[..., Draft | None], float], rng: random.Random
) -> Callable[..., Draft | None]:
    return rng.choices(list(kinds), weights=list(kinds.values()))[0]


def _about(talk: Talk, start: str) -> str:
    """Whom the next question is about: the topic, the last answer, or somebody like them."""
    if talk.focus is None:
        return start
    answer = [a for a in talk.antecedents if a != talk.focus and len(talk.survey.uses(a)) >= 2]
    answer = [a for a in answer if a not in talk.survey.members]
    if talk.last and talk.last.asks and talk.last.asks[0] in TELL_KINDS:
        answer = []
    draw = talk.rng.random()
    if answer and draw < 0.24:
        return answer[0]
    if draw < 0.89:  # people stay with what they came for
        return talk.focus if draw < 0.44 else talk.topic or talk.focus
    if draw < 0.94 and talk.them:
        return talk.rng.choice(talk.them)
    if draw < 0.97:
        return talk.similar(talk.focus) or start
    return start


def _remember(talk: Talk, draft: Draft, outcome: Result) -> None:
    talk.last, talk.outcome = draft, outcome
    talk.asked.add(str(draft.form))
    if draft.about and draft.asks:
        talk.asked.add(str((draft.about, *draft.asks)))
    talk.focus = draft.about or talk.focus
    talk.topic = talk.topic or draft.about
    talk.mentioned.update(talk.about_of(draft.form)[:20])
    talk.mentioned.update((outcome.entities or ())[:10])


# --- what is shown -----------------------------------------------------------------------------------


def _exchanges(
    talk: Talk, draft: Draft, outcome: Result, noise: Noise
) -> Iterator[tuple[str, TurnAnswer, bool]]:
    """The question with its answer; or the question, a question back, and what settles it."""
    rng = talk.rng
    question = draft.question
    if not talk.formal:
        question = noise.apply(question, rng, first=talk.last is None)
    answer = TurnAnswer(
        text=answer_text(outcome, talk.survey.graph),
        entities=outcome.entities or (),
        values=outcome.values or (),
        numbers=outcome.numbers or (),
        truths=outcome.truths or (),
    )
    meant = draft.about
    others = [n for n in (*draft.unclear, *(talk.survey.namesakes(meant) if meant else ())) if n != meant]
    chance = 1.0 if draft.unclear else 0.7 if others else _ASK_BACK_SHARE
    label = talk.survey.label(meant) if meant else None
    named = label is not None and (label.lower() in question.lower() or bool(draft.unclear))
    if not meant or not named or rng.random() > chance:
        yield question, answer, False
        return
    offered = meant if rng.random() < 0.5 else rng.choice(others) if others else talk.similar(meant)
    if offered is None or not talk.survey.label(offered):
        yield question, answer, False
        return
    both = rng.random() < 0.3 and offered != meant
    pair = [offered, meant] if rng.random() < 0.5 else [meant, offered]
    if both:
        asked = f"Did you mean {_told_apart(talk, pair[0])} or {_told_apart(talk, pair[1])}?"
        shown = TurnAnswer(text=asked, entities=tuple(pair), asks_back=True)
        kind = "first" if pair[0] == meant else "second"
    else:
        asked = f"Did you mean {_told_apart(talk, offered)}?"
        shown = TurnAnswer(text=asked, entities=(offered,), asks_back=True)
        kind = "yes" if offered == meant else "no"
    reply = framed("asking_back", kind, rng, {"x": _told_apart(talk, meant)}) or ""
    yield question, shown, True
    yield sentence(reply) if rng.random() < 0.7 else reply, answer, False


def _told_apart(talk: Talk, name: str) -> str:
    """The label, with the description where others are called the same."""
    label = talk.survey.label(name) or name
    description = talk.survey.graph.description(name)
    if description and len(talk.survey.namesakes(name)) > 1:
        return f"{label} ({description})"
    return label


def _says_nothing(outcome: Result) -> bool:
    """Whether it is a set without members, or counts nothing at all."""
    return outcome.empty or (outcome.numbers is not None and not any(outcome.numbers))


def _gold(talk: Talk, draft: Draft, outcome: Result, *, ambiguous: bool) -> Gold:
    gold = Gold(
        entities=outcome.entities,
        values=outcome.values,
        numbers=outcome.numbers,
        truths=outcome.truths,
        text=answer_text(outcome, talk.survey.graph),
        form=draft.form,
        question_type=draft.kind,
        mentions=tuple(talk.about_of(draft.form)),
        relations=_names(draft.form, RelationLeaf),
        types=_names(draft.form, TypeLeaf),
    )
    return replace(gold, ambiguous=True) if ambiguous else gold


def _names(form: LogicalForm, kind: type[RelationLeaf] | type[TypeLeaf]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(leaf.name for leaf in leaves(form) if isinstance(leaf, kind)))
