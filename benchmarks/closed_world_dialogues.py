"""Dialogues over a closed world, in the keys of the released CSQA data.

Every description has a writer: it draws facts until its question fits, and asks what has to be asked before
it. The meaning of every question is kept; the answer is computed from that.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import closed_world_words as say
from closed_world_facts import Claims, Counted, Joined, Ranked, SetOperation, Step, answer, counts
from closed_world_talk import ASKED_BACK, FEW, TRIES, NoFit, Record, Talk, patterns_of

_JOINED: dict[str, SetOperation] = {
    "Union": "union",
    "Intersection": "intersection",
    "Difference": "difference",
}
_TESTS = ("at_least", "at_most", "equal", "around")


def question_of(identity: str, number: int) -> str:
    """The id of a question of a dialogue."""
    return f"{identity}/{number}"


class Dialogues(Talk):
    """Writes one dialogue after another; ``turns`` and ``meanings`` are those of the last."""

    def dialogue(self, wishes: Sequence[str]) -> list[Record]:
        """The turns of a dialogue that has questions of these descriptions, if facts for them are found."""
        self.turns, self.meanings = [], []
        self._try(lambda: self._simple("Simple Question"))
        for wish in wishes:
            self._try(partial(self._write, wish))
        return self.turns

    def _try(self, write: Callable[[], object]) -> None:
        length, asked = len(self.turns), len(self.meanings)
        for _ in range(TRIES):
            try:
                write()
                return
            except NoFit:
                del self.turns[length:], self.meanings[asked:]

    def _write(self, wish: str) -> None:
        name = next((asked for asked, reply in ASKED_BACK.items() if reply == wish), wish)
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

    # --- simple questions ---

    def _simple(self, description: str, step: Step | None = None, *, several: int = 1) -> Step:
        step = step or self._step()
        if several > 1:
            others = [one for one in self._sharing(step) if one != step.entities[0]]
            if len(others) < several - 1:
                raise NoFit
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
        self._ask(description, text, step, types=[step.type_name], patterns=patterns_of(step), **slots)

    def _answered(self, least: int, most: int) -> list[str]:
        """Ask a simple question with so many answers; these."""
        step = self._step()
        answers = self._answers(step)
        if not least <= len(answers) <= most:
            raise NoFit
        self._simple("Simple Question|Single Entity", step)
        return answers

    def _simple_or_indirect(self, name: str, back: bool) -> None:
        if name == "Simple Question|Mult. Entity|Indirect":  # so called in the release: all are named
            self._simple(name, several=self.rng.choice((2, 2, 3)))
        elif name == "Simple Question|Mult. Entity":
            those = self._answered(2, FEW)
            self._ask_step(
                name, replace(self._step(self.rng.choice(those)), entities=tuple(those)), self._that(those)
            )
        elif name.endswith("Indirect"):
            candidates = self._answered(2 if back else 1, FEW if back else 1)
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
            raise NoFit
        again = replace(step, entities=(other,))
        text = self._say(say.AGAIN, e=self._label(other))
        self._ask(name, text, again, entities=[other], types=[step.type_name], patterns=patterns_of(again))

    def _other_type(self, name: str, back: bool) -> None:
        step = self._simple("Simple Question|Single Entity")
        reached = self.facts.reached(step.entities[0], step.relation, step.direction)
        kinds = sorted({kind for one in reached for kind in self.types.get(one, ())} - {step.type_name})
        if not kinds:
            raise NoFit
        other = replace(step, type_name=self.rng.choice(kinds))
        text = self._say(say.OTHER_TYPE, other.type_name)
        self._ask(
            name, text, other, entities=step.entities, types=[other.type_name], patterns=patterns_of(other)
        )

    # --- verification, logical ---

    def _verification(self, name: str, back: bool) -> None:
        indirect = "indirect" in name
        step = self._step()
        if "multiple entities" in name:
            those = self._answered(2, FEW)
            found = self._fact_of(self.rng.choice(those))
            if found is None or found[1] != "in":
                raise NoFit
            (subject, relation, _), _ = found
            pairs = tuple((subject, thing) for thing in those)
            kind = self._that(those).split(" ", 1)[1].removesuffix(" just named")
            text = self.rng.choice(say.VERIFY_THOSE).format(
                s=self._label(subject), T=kind, r=self._relation(relation)
            )
            self._claim(name, text, Claims(relation, pairs, together=True), [subject], kind=step.type_name)
            return
        fact = self._fact()
        if indirect:
            that = self._answered(1, 1)[0]
            found = self._fact_of(that)
            wanted = "in" if "object is indirect" in name else "out"
            if found is None or found[1] != wanted:
                raise NoFit
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
                raise NoFit
            things = [chosen[2], second]
            self.rng.shuffle(things)
            said[1] = self._labels(things)
            text = self.rng.choice(say.VERIFY_TWO).format(s=said[0], o=said[1], r=self._relation(relation))
            self._claim(
                name, text, Claims(relation, tuple((subject, one) for one in things)), [subject, *things]
            )
            return
        if chosen[0] == chosen[2]:
            raise NoFit
        text = self.rng.choice(say.VERIFY).format(s=said[0], o=said[1], r=self._relation(relation))
        self._claim(name, text, Claims(relation, ((chosen[0], chosen[2]),)), [chosen[0], chosen[2]])

    def _claim(
        self, name: str, text: str, claims: Claims, entities: Sequence[str], *, kind: str = ""
    ) -> None:
        patterns = [f"({s},{claims.relation},{o})" for s, o in claims.pairs]
        kind = (
            kind
            or self.rng.choice(self.types.get(claims.pairs[0][1], [""]))
            or self.rng.choice(sorted(self.facts.members))
        )
        self._ask(
            name,
            text,
            claims,
            entities=entities,
            relations=[claims.relation],
            types=[kind],
            patterns=patterns,
        )

    def _logical(self, name: str, back: bool) -> None:
        how = {"Union": "union", "Intersection": "intersection", "Difference": "difference"}[
            name.split("|")[1]
        ]
        again = name.endswith("Incomplete")
        first = self._step()
        shared = self._answers(first)
        several_relations = "Multiple_Relation" in name
        second = None
        if how != "union" or several_relations:  # about something that both lead to
            found = self._fact_of(self.rng.choice(shared))
            if found is None:
                raise NoFit
            (s, relation, o), direction = found
            start = o if direction == "out" else s
            second = Step((start,), relation, "in" if direction == "out" else "out", first.type_name)
            if (second.relation == first.relation) is several_relations or second.entities == first.entities:
                raise NoFit
            if not several_relations and second.direction != first.direction:
                raise NoFit
        if second is None:
            second = replace(first, entities=(self.rng.choice(self._sharing(first)),))
        meaning = Joined(how, first, second)
        found_all = answer(meaning, self.facts).entities
        if second.entities == first.entities or not found_all:
            raise NoFit
        entities = [*second.entities, *first.entities]
        if again:
            self._simple("Simple Question|Single Entity", first)
            text = self._say(say.JOINED_AGAIN[how], e=self._label(second.entities[0]))
        else:
            clauses = [self._clause(one) for one in (first, second)]
            text = self._say(say.JOINED[how], first.type_name, a=clauses[0], b=clauses[1])
        parts = [patterns_of(one)[0] for one in (first, second)]
        pattern = {"union": "OR({}, {})", "intersection": "AND({}, {})", "difference": "AND({}, NOT({}))"}[
            how
        ]
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
            candidates = self._answered(2 if back else 1, FEW if back else 1)
            meant = self.rng.choice(candidates)
        step = self._step(meant)
        named = self._that([meant]) if indirect else self._label(step.entities[0])
        entities: Sequence[str] = () if indirect else step.entities
        joint, types = self.rng.choice(("and", "or")), [step.type_name]
        meaning: Counted = Counted((step,))
        patterns, kinds = patterns_of(step), say.plural(self._label(step.type_name))
        keys: Record = {"count_ques_type": 1 if step.direction == "out" else 2}
        if "Mult. entity type" in name:  # so called in the release: two entities
            other = replace(step, entities=(self.rng.choice(self._sharing(step)),))
            if other.entities == step.entities:
                raise NoFit
            how: SetOperation = "intersection" if joint == "and" else "union"
            meaning = Counted((Joined(how, step, other),))
            entities = [*step.entities, *other.entities]
            named, patterns = (
                self._labels(entities, "and both" if joint == "and" else "or"),
                [*patterns, *patterns_of(other)],
            )
            if joint == "and" and not answer(meaning, self.facts).numbers[0] and self.rng.random() < 0.8:
                raise NoFit
        elif "Logical operators" in name:  # two types
            other = replace(step, type_name=self._second_type(step))
            meaning = Counted((Joined("union", step, other),)) if joint == "or" else Counted((step, other))
            types, patterns = [*types, other.type_name], [*patterns, *patterns_of(other)]
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
            raise NoFit
        return self.rng.choice(kinds)

    def _count_again(self, name: str, back: bool, step: Step | None = None) -> None:
        whole = step is not None
        if step is None:
            step = self._step()
            self._count_of(step)
        other = replace(step, entities=(self.rng.choice(self._sharing(step)),))
        if other.entities == step.entities:
            raise NoFit
        relations = [step.relation] if whole else []
        keys = {"count_ques_type": 1 if step.direction == "out" else 2} if whole else {}
        text = self._say(say.AGAIN, e=self._label(other.entities[0]))
        self._ask(
            name, text, Counted((other,)), entities=other.entities, relations=relations,
            types=[step.type_name], patterns=patterns_of(other), keys=keys, listed=whole,
        )  # fmt: skip

    def _count_of(self, step: Step) -> None:
        text = self._say(
            say.COUNT_STEP[step.direction],
            step.type_name,
            r=self._relation(step.relation),
            e=self._label(step.entities[0]),
        )
        keys = {"count_ques_type": 1 if step.direction == "out" else 2}
        self._ask(
            "Quantitative|Count|Single entity type", text, Counted((step,)), entities=step.entities,
            relations=[step.relation], types=[step.type_name], patterns=patterns_of(step), keys=keys,
        )  # fmt: skip

    # --- counting for each ---

    def _ranked(self, name: str, back: bool) -> None:
        indirect, candidates = name.endswith("Indirect"), [""]
        if indirect:
            candidates = self._answered(2 if back else 1, FEW if back else 1)
        meant = self.rng.choice(candidates)
        like = name.startswith("Comparative")
        test = self.rng.choice(tuple(say.LIKE) if like else ("max", "min") if "Min/Max" in name else _TESTS)
        step = self._step(meant)
        # Asked for are entities such as the one the step starts from; counted is what it leads to.
        kinds = self.types.get(step.entities[0])
        if not kinds:
            raise NoFit
        counted = [step.type_name]
        joint = self.rng.choice(("and", "or"))
        if "Mult. entity type" in name:
            counted.append(self._second_type(step))
        meaning = Ranked(self.rng.choice(kinds), step.relation, step.direction, tuple(counted), test)
        found = counts(meaning, self.facts)
        if len(found) < 4 or len(set(found.values())) < 2:
            raise NoFit
        if like:
            meaning = replace(meaning, like=step.entities[0])
        elif test in _TESTS:
            meaning = replace(meaning, number=self.rng.choice(sorted(set(found.values()))) or 1)
        if not answer(meaning, self.facts).entities and self.rng.random() < 0.8:
            raise NoFit  # there are some such questions, as in the release
        self._ask_ranked(
            name.removesuffix("|Incomplete"), meaning, joint, self._that([meant]) if indirect else ""
        )
        if name.endswith("Incomplete"):
            again = replace(meaning, like=self.rng.choice(sorted(found)))
            if again == meaning:
                raise NoFit
            self._ask_ranked(name, again, joint, "")
        elif back:
            self._asked_back(name, [meant], candidates)

    def _ask_ranked(self, name: str, meaning: Ranked, joint: str, that: str) -> None:
        some = say.listed([say.plural(self._label(kind)) for kind in meaning.counted], joint)
        phrase = self.rng.choice(say.COUNTED[meaning.direction]).format(
            U=some, r=self._relation(meaning.relation)
        )
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
        ends = (
            (f"c({meaning.asked})", there) if meaning.direction == "out" else (there, f"c({meaning.asked})")
        )
        keys = {
            "count_ques_type": 2 if meaning.direction == "out" else 1,
            "is_incomplete": int("Incomplete" in name),
        }
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
