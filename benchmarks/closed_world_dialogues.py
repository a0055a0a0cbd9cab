"""Dialogues over a closed world, in the keys of the released CSQA data.

Every description has a writer: it draws facts until its question fits, asks what has to be asked before it,
and keeps the meaning of every question, from which the answer is computed.
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, TypeAlias

import closed_world_words as say
from closed_world_facts import (
    Answer,
    Claims,
    Counted,
    Direction,
    Facts,
    Joined,
    Meaning,
    Ranked,
    Step,
    Triple,
    Words,
    answer,
    counts,
)

Record: TypeAlias = dict[str, Any]
_TRIES = 400
_SHOWN, _FEW = 3, 5
_TESTS = ("at_least", "at_most", "equal", "around")
_ASKED_BACK = {
    "Simple Question|Single Entity|Indirect": "Clarification for simple ques.",
    "Quantitative|Count|Logical operators|Indirect": "Quantitative|Count|Mult. entity type|Clarification",
}


class _NoFit(Exception):
    """The facts drawn do not make the question wanted; others may."""


def question_of(identity: str, number: int) -> str:
    """The id of a question of a dialogue."""
    return f"{identity}/{number}"


class Dialogues:
    """Writes one dialogue after another; ``turns`` and ``meanings`` are those of the last."""

    def __init__(self, facts: Facts, words: Words, rng: random.Random) -> None:
        self.facts, self.words, self.rng = facts, words, rng
        self.turns: list[Record] = []
        self.meanings: list[Meaning] = []
        self.types: dict[str, list[str]] = {}
        fit = {name for name, members in facts.members.items() if len(members) >= 8 and name in words.labels}
        self.types = {name: sorted(types & fit) for name, types in facts.types_of.items() if types & fit}
        self.triples: dict[str, list[Triple]] = defaultdict(list)
        for triple in facts.triples():
            if triple[0] in self.types and triple[2] in self.types:
                self.triples[triple[1]].append(triple)
        self.relations = sorted(name for name, some in self.triples.items() if len(some) >= 12)

    def dialogue(self, wishes: Sequence[str]) -> list[Record]:
        """The turns of a dialogue that has questions of these descriptions, if facts for them are found."""
        self.turns, self.meanings = [], []
        self._try(lambda: self._simple("Simple Question"))
        for wish in wishes:
            self._try(lambda wish=wish: self._write(wish))
        return self.turns

    def _try(self, write: Callable[[], object]) -> None:
        length, asked = len(self.turns), len(self.meanings)
        for _ in range(_TRIES):
            try:
                write()
                return
            except _NoFit:
                del self.turns[length:], self.meanings[asked:]

    def _write(self, wish: str) -> None:
        name = next((asked for asked, reply in _ASKED_BACK.items() if reply == wish), wish)
        back = name != wish or wish.endswith("|Clarification")
        name = name.replace("|Clarification", "|Indirect")
        if name.startswith("Clarification"):
            raise ValueError(f"{wish!r} is no description of CSQA that is known here")
        kind, *_ = name.split("|")
        writers: dict[str, Callable[[str, bool], None]] = {
            "Simple Question": self._simple_or_indirect,
            "Verification": self._verification,
            "Logical": self._logical,
            "Quantitative": self._count if "|Count|" in name else self._ranked,
            "Comparative": self._ranked,
            "Incomplete": self._other_type,
            "Incomplete count-based ques": self._count_again,
            "only subject is changed, parent and predicate remains same": self._simple_again,
        }
        if kind not in writers:
            raise ValueError(f"{wish!r} is no description of CSQA that is known here")
        writers[kind](name, back)

    # --- words ---

    def _label(self, name: str) -> str:
        return self.words.labels[name]

    def _labels(self, names: Sequence[str], joint: str = "and") -> str:
        return say.listed([self._label(name) for name in names], joint)

    def _relation(self, name: str) -> str:
        label, *others = self.words.relations[name]
        return self.rng.choice(others) if others and self.rng.random() < 0.25 else label

    def _say(self, templates: Sequence[str], type_name: str = "", **slots: str) -> str:
        kind = self._label(type_name) if type_name else ""
        return self.rng.choice(templates).format(t=kind, T=say.plural(kind), **slots)

    def _that(self, names: Sequence[str]) -> str:
        """What the last answer is called when it is taken up."""
        shared = set.intersection(*(set(self.types.get(name, ())) for name in names))
        if not shared:
            raise _NoFit
        kind = self.rng.choice(sorted(shared))
        return self._say(say.THAT if len(names) == 1 else say.THOSE, kind)

    # --- records ---

    def _ask(
        self,
        description: str,
        text: str,
        meaning: Meaning,
        *,
        entities: Sequence[str] = (),
        relations: Sequence[str] = (),
        types: Sequence[str] = (),
        patterns: Sequence[str] = (),
        keys: Record | None = None,
        listed: bool = True,
    ) -> Answer:
        """Add a question and its reply; ``listed`` says whether a count's reply lists what was counted."""
        user = {"speaker": "USER", "utterance": text, "description": description, **(keys or {})}
        user |= {"entities_in_utterance": [*entities], "relations": [*relations], "type_list": [*types]}
        self.turns += [user, self._reply(meaning, patterns, listed=listed)]
        self.meanings.append(meaning)
        return answer(meaning, self.facts)

    def _reply(self, meaning: Meaning, patterns: Sequence[str], *, listed: bool = True) -> Record:
        found = answer(meaning, self.facts)
        names = sorted(found.entities)
        self.rng.shuffle(names)
        shown: list[str] = []
        if found.truths:
            words = ["YES" if truth else "NO" for truth in found.truths]
            text = words[0] if len(set(words)) == 1 else f"{say.listed(words)} respectively"
        elif isinstance(meaning, Counted):
            parts = [f"{number} {say.plural(self._label(_type(of)))}" for number, of in zip(found.numbers, meaning.of, strict=True)]
            text = str(found.numbers[0]) if len(parts) == 1 else say.listed(parts)
        else:
            shown = names if len(names) <= _FEW else names[:_SHOWN]
            text = ", ".join(map(self._label, shown)) or "None"
        return {
            "speaker": "SYSTEM",
            "utterance": text,
            "all_entities": names if listed else [],
            "entities_in_utterance": shown,
            "active_set": [*patterns],
        }

    def _asked_back(self, name: str, meant: Sequence[str], candidates: Sequence[str]) -> None:
        """Put "Did you mean ...?" between the last question and its reply; the user settles on ``meant``."""
        user, reply = self.turns[-2:]
        right = self.rng.random() < 0.5
        asked = meant[0] if right else self.rng.choice([one for one in candidates if one != meant[0]])
        kind = _ASKED_BACK.get(name, name.replace("|Indirect", "|Clarification"))
        back = {"speaker": "SYSTEM", "utterance": say.ASK_BACK.format(e=self._label(asked)), "description": kind}
        back |= {"entities_in_utterance": [asked], "relations": [], "all_entities": [], "active_set": reply["active_set"]}
        settles: Record = {"speaker": "USER", "utterance": self._say(say.YES)}
        if not right:
            settles = {"speaker": "USER", "utterance": self._say(say.NO, e=self._label(meant[0])), "entities": [*meant]}
        self.turns[-2:] = [user, back, settles, reply]
        self.meanings.append(self.meanings[-1])

    # --- facts ---

    def _fact(self) -> Triple:
        return self.rng.choice(self.triples[self.rng.choice(self.relations)])

    def _step(self, entity: str = "") -> Step:
        """Where a relation leads to, from an entity if one is given."""
        for _ in range(_TRIES):
            if entity:
                found = self._fact_of(entity)
                if found is None:
                    raise _NoFit
                fact, direction = found
            else:
                fact, direction = self._fact(), self._direction()
            start, end = (fact[0], fact[2]) if direction == "out" else (fact[2], fact[0])
            return Step((start,), fact[1], direction, self.rng.choice(self.types[end]))
        raise _NoFit

    def _direction(self) -> Direction:
        return "out" if self.rng.random() < 0.5 else "in"

    def _fact_of(self, entity: str) -> tuple[Triple, Direction] | None:
        facts: list[tuple[Triple, Direction]] = []
        for relation in self.relations:
            facts += [((entity, relation, o), "out") for o in sorted(self.facts.reached(entity, relation, "out"))]
            facts += [((s, relation, entity), "in") for s in sorted(self.facts.reached(entity, relation, "in"))[:5]]
        facts = [one for one in facts if one[0][0] in self.types and one[0][2] in self.types]
        return self.rng.choice(facts) if facts else None

    def _answers(self, step: Step) -> list[str]:
        return sorted(answer(step, self.facts).entities)

    # --- simple questions ---

    def _simple(self, description: str, step: Step | None = None, *, several: int = 1) -> Step:
        step = step or self._step()
        if several > 1:
            others = [one for one in self._sharing(step) if one != step.entities[0]]
            if len(others) < several - 1:
                raise _NoFit
            step = replace(step, entities=(*step.entities, *self.rng.sample(others, several - 1)))
        self._ask_step(description, step, self._labels(step.entities))
        return step

    def _sharing(self, step: Step) -> list[str]:
        """Entities of which the same can be asked."""
        side = self.facts.objects if step.direction == "out" else self.facts.subjects
        kind = set(self.types.get(step.entities[0], ()))
        return sorted(name for name in side[step.relation] if kind & set(self.types.get(name, ())))

    def _ask_step(self, description: str, step: Step, named: str, **more: Any) -> None:
        text = self._say(say.STEP[step.direction], step.type_name, r=self._relation(step.relation), e=named)
        asks = {"sec_ques_type": 1 if step.direction == "out" else 2}
        slots = {"entities": step.entities, "relations": [step.relation], "keys": asks, **more}
        self._ask(description, text, step, types=[step.type_name], patterns=_patterns(step), **slots)

    def _answered(self, least: int, most: int) -> list[str]:
        """Ask a simple question with so many answers; these."""
        step = self._step()
        answers = self._answers(step)
        if not least <= len(answers) <= most:
            raise _NoFit
        self._simple("Simple Question|Single Entity", step)
        return answers

    def _simple_or_indirect(self, name: str, back: bool) -> None:
        if name == "Simple Question|Mult. Entity|Indirect":  # so called in the release: all are named
            self._simple(name, several=self.rng.choice((2, 2, 3)))
        elif name == "Simple Question|Mult. Entity":
            those = self._answered(2, _FEW)
            self._ask_step(name, replace(self._step(self.rng.choice(those)), entities=tuple(those)), self._that(those))
        elif name.endswith("Indirect"):
            candidates = self._answered(2 if back else 1, _FEW if back else 1)
            meant = self.rng.choice(candidates)
            self._ask_step(name, self._step(meant), self._that([meant]))
            if back:
                self._asked_back(name, [meant], candidates)
        else:
            self._simple(name)

    def _simple_again(self, name: str, back: bool) -> None:
        step = self._simple("Simple Question|Single Entity")
        other = self.rng.choice(self._sharing(step))
        if other in step.entities:
            raise _NoFit
        again = replace(step, entities=(other,))
        text = self._say(say.AGAIN, e=self._label(other))
        self._ask(name, text, again, entities=[other], types=[step.type_name], patterns=_patterns(again))

    def _other_type(self, name: str, back: bool) -> None:
        step = self._simple("Simple Question|Single Entity")
        reached = self.facts.reached(step.entities[0], step.relation, step.direction)
        kinds = sorted({kind for one in reached for kind in self.types.get(one, ())} - {step.type_name})
        if not kinds:
            raise _NoFit
        other = replace(step, type_name=self.rng.choice(kinds))
        text = self._say(say.OTHER_TYPE, other.type_name)
        self._ask(name, text, other, entities=step.entities, types=[other.type_name], patterns=_patterns(other))

    # --- verification, logical ---

    def _verification(self, name: str, back: bool) -> None:
        indirect = "indirect" in name
        step = self._step()
        if "multiple entities" in name:
            those = self._answered(2, _FEW)
            found = self._fact_of(self.rng.choice(those))
            if found is None or found[1] != "in":
                raise _NoFit
            (subject, relation, _), _ = found
            pairs = tuple((subject, thing) for thing in those)
            kind = self._that(those).split(" ", 1)[1].removesuffix(" just named")
            text = self.rng.choice(say.VERIFY_THOSE).format(s=self._label(subject), T=kind, r=self._relation(relation))
            self._claim(name, text, Claims(relation, pairs, together=True), [subject], kind=step.type_name)
            return
        fact = self._fact()
        if indirect:
            that = self._answered(1, 1)[0]
            found = self._fact_of(that)
            wanted = "in" if "object is indirect" in name else "out"
            if found is None or found[1] != wanted:
                raise _NoFit
            fact = found[0]
        subject, relation, thing = fact
        said = [self._label(subject), self._label(thing)]
        at = 1 if "object is indirect" in name else 0
        if indirect:
            said[at] = self._that([fact[0] if at == 0 else fact[2]])
        others = sorted(self.facts.subjects[relation]) if at == 0 else sorted(self.facts.objects[relation])
        chosen = list(fact)
        if self.rng.random() < 0.5:  # perhaps not so
            chosen[2 - 2 * at] = self.rng.choice(others)
            said[1 - at] = self._label(chosen[2 - 2 * at])
        if "3 entities" in name:
            more = sorted(self.facts.reached(subject, relation, "out")) if self.rng.random() < 0.5 else others
            second = self.rng.choice(more)
            if second in chosen or subject in (chosen[2], second):
                raise _NoFit
            things = [chosen[2], second]
            self.rng.shuffle(things)
            said[1] = self._labels(things)
            text = self.rng.choice(say.VERIFY_TWO).format(s=said[0], o=said[1], r=self._relation(relation))
            self._claim(name, text, Claims(relation, tuple((subject, one) for one in things)), [subject, *things])
            return
        if chosen[0] == chosen[2]:
            raise _NoFit
        text = self.rng.choice(say.VERIFY).format(s=said[0], o=said[1], r=self._relation(relation))
        self._claim(name, text, Claims(relation, ((chosen[0], chosen[2]),)), [chosen[0], chosen[2]])

    def _claim(self, name: str, text: str, claims: Claims, entities: Sequence[str], *, kind: str = "") -> None:
        patterns = [f"({s},{claims.relation},{o})" for s, o in claims.pairs]
        kind = kind or self.rng.choice(self.types.get(claims.pairs[0][1], [""])) or self.rng.choice(sorted(self.facts.members))
        self._ask(name, text, claims, entities=entities, relations=[claims.relation], types=[kind], patterns=patterns)

    def _logical(self, name: str, back: bool) -> None:
        how = {"Union": "union", "Intersection": "intersection", "Difference": "difference"}[name.split("|")[1]]
        again = name.endswith("Incomplete")
        first = self._step()
        shared = self._answers(first)
        several_relations = "Multiple_Relation" in name
        second = None
        if how != "union" or several_relations:  # about something that both lead to
            found = self._fact_of(self.rng.choice(shared))
            if found is None:
                raise _NoFit
            (s, relation, o), direction = found
            start = o if direction == "out" else s
            second = Step((start,), relation, "in" if direction == "out" else "out", first.type_name)
            if (second.relation == first.relation) is several_relations or second.entities == first.entities:
                raise _NoFit
            if not several_relations and second.direction != first.direction:
                raise _NoFit
        if second is None:
            second = replace(first, entities=(self.rng.choice(self._sharing(first)),))
        meaning = Joined(how, first, second)  # type: ignore[arg-type]
        found_all = answer(meaning, self.facts).entities
        if second.entities == first.entities or not found_all:
            raise _NoFit
        entities = [*second.entities, *first.entities]
        if again:
            self._simple("Simple Question|Single Entity", first)
            text = self._say(say.JOINED_AGAIN[how], e=self._label(second.entities[0]))
        else:
            clauses = [self._clause(one) for one in (first, second)]
            text = self._say(say.JOINED[how], first.type_name, a=clauses[0], b=clauses[1])
        parts = [_patterns(one)[0] for one in (first, second)]
        pattern = {"union": "OR({}, {})", "intersection": "AND({}, {})", "difference": "AND({}, NOT({}))"}[how]
        self._ask(
            name, text, meaning, entities=entities, relations=sorted({first.relation, second.relation}),
            types=[first.type_name], patterns=[pattern.format(*parts)], keys={"is_inc": int(again)},
        )  # fmt: skip

    def _clause(self, step: Step) -> str:
        words = self.rng.choice(say.CLAUSE[step.direction])
        return words.format(r=self._relation(step.relation), e=self._label(step.entities[0]))

    # --- counts ---

    def _count(self, name: str, back: bool) -> None:
        if "Count over" in name:
            self._ranked(name, back)
            return
        indirect, candidates, meant = name.endswith("Indirect"), [""], ""
        if indirect:
            candidates = self._answered(2 if back else 1, _FEW if back else 1)
            meant = self.rng.choice(candidates)
        step = self._step(meant)
        named = self._that([meant]) if indirect else self._label(step.entities[0])
        entities: Sequence[str] = () if indirect else step.entities
        joint, types = self.rng.choice(("and", "or")), [step.type_name]
        meaning: Counted = Counted((step,))
        patterns, kinds = _patterns(step), say.plural(self._label(step.type_name))
        keys: Record = {"count_ques_type": 1 if step.direction == "out" else 2}
        if "Mult. entity type" in name:  # so called in the release: two entities
            other = replace(step, entities=(self.rng.choice(self._sharing(step)),))
            if other.entities == step.entities:
                raise _NoFit
            how = "intersection" if joint == "and" else "union"
            meaning = Counted((Joined(how, step, other),))
            entities = [*step.entities, *other.entities]
            named, patterns = self._labels(entities, "and both" if joint == "and" else "or"), [*patterns, *_patterns(other)]
            if joint == "and" and not answer(meaning, self.facts).numbers[0] and self.rng.random() < 0.8:
                raise _NoFit
        elif "Logical operators" in name:  # two types
            other = replace(step, type_name=self._second_type(step))
            meaning = Counted((Joined("union", step, other),)) if joint == "or" else Counted((step, other))
            types, patterns = [*types, other.type_name], [*patterns, *_patterns(other)]
            kinds = f"{kinds} {joint} {say.plural(self._label(other.type_name))}"
        if joint and ("Mult." in name or "Logical" in name):
            keys["set_op"] = 1 if joint == "and" else 2
        text = self.rng.choice(say.COUNT_STEP[step.direction])
        text = text.format(T=kinds, e=named, r=self._relation(step.relation))
        asked = name.removesuffix("|Incomplete")
        slots: Record = {"relations": [step.relation], "types": types, "keys": keys}
        self._ask(asked, text, meaning, entities=entities, patterns=patterns, **slots)
        if name.endswith("Incomplete"):
            self._count_again(name, back, step)
        elif back:
            self._asked_back(name, [meant], candidates)

    def _second_type(self, step: Step) -> str:
        reached = self.facts.reached(step.entities[0], step.relation, step.direction)
        kinds = sorted({kind for one in reached for kind in self.types.get(one, ())} - {step.type_name})
        if not kinds:
            raise _NoFit
        return self.rng.choice(kinds)

    def _count_again(self, name: str, back: bool, step: Step | None = None) -> None:
        whole = step is not None
        if step is None:
            step = self._step()
            self._count_of(step)
        other = replace(step, entities=(self.rng.choice(self._sharing(step)),))
        if other.entities == step.entities:
            raise _NoFit
        relations = [step.relation] if whole else []
        keys = {"count_ques_type": 1 if step.direction == "out" else 2} if whole else {}
        text = self._say(say.AGAIN, e=self._label(other.entities[0]))
        self._ask(
            name, text, Counted((other,)), entities=other.entities, relations=relations, types=[step.type_name],
            patterns=_patterns(other), keys=keys, listed=whole,
        )  # fmt: skip

    def _count_of(self, step: Step) -> None:
        text = self._say(
            say.COUNT_STEP[step.direction], step.type_name, r=self._relation(step.relation), e=self._label(step.entities[0])
        )
        keys = {"count_ques_type": 1 if step.direction == "out" else 2}
        self._ask(
            "Quantitative|Count|Single entity type", text, Counted((step,)), entities=step.entities,
            relations=[step.relation], types=[step.type_name], patterns=_patterns(step), keys=keys,
        )  # fmt: skip

    # --- counting for each ---

    def _ranked(self, name: str, back: bool) -> None:
        indirect, candidates = name.endswith("Indirect"), [""]
        if indirect:
            candidates = self._answered(2 if back else 1, _FEW if back else 1)
        meant = self.rng.choice(candidates)
        like = name.startswith("Comparative")
        test = self.rng.choice(tuple(say.LIKE) if like else ("max", "min") if "Min/Max" in name else _TESTS)
        step = self._step(meant)
        # Asked for are entities such as the one the step starts from; counted is what it leads to.
        kinds = self.types.get(step.entities[0])
        if not kinds:
            raise _NoFit
        counted = [step.type_name]
        joint = self.rng.choice(("and", "or"))
        if "Mult. entity type" in name:
            counted.append(self._second_type(step))
        meaning = Ranked(self.rng.choice(kinds), step.relation, step.direction, tuple(counted), test)
        found = counts(meaning, self.facts)
        if len(found) < 4 or len(set(found.values())) < 2:
            raise _NoFit
        if like:
            meaning = replace(meaning, like=step.entities[0])
        elif test in _TESTS:
            meaning = replace(meaning, number=self.rng.choice(sorted(set(found.values()))) or 1)
        if not answer(meaning, self.facts).entities and self.rng.random() < 0.8:
            raise _NoFit  # there are some such questions, as in the release
        self._ask_ranked(name.removesuffix("|Incomplete"), meaning, joint, self._that([meant]) if indirect else "")
        if name.endswith("Incomplete"):
            again = replace(meaning, like=self.rng.choice(sorted(found)))
            if again == meaning:
                raise _NoFit
            self._ask_ranked(name, again, joint, "")
        elif back:
            self._asked_back(name, [meant], candidates)

    def _ask_ranked(self, name: str, meaning: Ranked, joint: str, that: str) -> None:
        some = say.listed([say.plural(self._label(kind)) for kind in meaning.counted], joint)
        phrase = self.rng.choice(say.COUNTED[meaning.direction]).format(U=some, r=self._relation(meaning.relation))
        slots = {"C": phrase, "n": str(meaning.number)}
        if meaning.like:
            slots["e"] = that or self._label(meaning.like)
        text = self._say((say.LIKE if meaning.like else say.RANKED)[meaning.test], meaning.asked, **slots)
        total = "Count over" in name
        if total:
            text = self.rng.choice(say.HOW_MANY).format(q=text)
        if name.endswith("Incomplete"):
            text = self._say(say.AGAIN, e=slots["e"])
        there = "|".join(f"c({kind})" for kind in meaning.counted)
        ends = (f"c({meaning.asked})", there) if meaning.direction == "out" else (there, f"c({meaning.asked})")
        keys = {"count_ques_type": 2 if meaning.direction == "out" else 1, "is_incomplete": int("Incomplete" in name)}
        if len(meaning.counted) > 1:
            keys["set_op"] = 1 if joint == "and" else 2
        types = [*meaning.counted, meaning.asked]
        if self.rng.random() < 0.5:
            types.reverse()
        self._ask(
            name, text, Counted((meaning,)) if total else meaning,
            entities=[meaning.like] if meaning.like and not that else [], relations=[meaning.relation],
            types=types, patterns=[f"({ends[0]},{meaning.relation},{ends[1]})"], keys=keys,
        )  # fmt: skip


def _type(part: Step | Joined | Ranked) -> str:
    return part.asked if isinstance(part, Ranked) else (part.first if isinstance(part, Joined) else part).type_name


def _patterns(step: Step) -> list[str]:
    """A step as ``active_set`` writes it."""
    asked = f"c({step.type_name})"
    if step.direction == "out":
        return [f"({entity},{step.relation},{asked})" for entity in step.entities]
    return [f"({asked},{step.relation},{entity})" for entity in step.entities]
