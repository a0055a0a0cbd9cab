"""What every question of a closed world needs: words, records in CSQA's keys, facts to ask about."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Sequence
from typing import Any, TypeAlias

import closed_world_words as say
from closed_world_facts import (
    Answer,
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
)

Record: TypeAlias = dict[str, Any]
TRIES = 400
SHOWN, FEW = 3, 5
ASKED_BACK = {
    "Simple Question|Single Entity|Indirect": "Clarification for simple ques.",
    "Quantitative|Count|Logical operators|Indirect": "Quantitative|Count|Mult. entity type|Clarification",
}
"""Descriptions of questions -> those of the replies that ask back, where they differ in more than the end."""


class NoFit(Exception):
    """The facts drawn do not make the question wanted; others may."""


class Talk:
    """A dialogue as it is written: its turns, what its questions mean, and the facts for more."""

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
            raise NoFit
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
            parts = [
                f"{number} {say.plural(self._label(_type(of)))}"
                for number, of in zip(found.numbers, meaning.of, strict=True)
            ]
            text = str(found.numbers[0]) if len(parts) == 1 else say.listed(parts)
        else:
            shown = names if len(names) <= FEW else names[:SHOWN]
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
        kind = ASKED_BACK.get(name, name.replace("|Indirect", "|Clarification"))
        back: Record = {
            "speaker": "SYSTEM",
            "utterance": say.ASK_BACK.format(e=self._label(asked)),
            "description": kind,
        }
        back |= {
            "entities_in_utterance": [asked],
            "relations": [],
            "all_entities": [],
            "active_set": reply["active_set"],
        }
        settles: Record = {"speaker": "USER", "utterance": self._say(say.YES)}
        if not right:
            settles = {
                "speaker": "USER",
                "utterance": self._say(say.NO, e=self._label(meant[0])),
                "entities": [*meant],
            }
        self.turns[-2:] = [user, back, settles, reply]
        self.meanings.append(self.meanings[-1])

    # --- facts ---

    def _fact(self) -> Triple:
        return self.rng.choice(self.triples[self.rng.choice(self.relations)])

    def _step(self, entity: str = "") -> Step:
        """Where a relation leads to, from an entity if one is given."""
        for _ in range(TRIES):
            if entity:
                found = self._fact_of(entity)
                if found is None:
                    raise NoFit
                fact, direction = found
            else:
                fact, direction = self._fact(), self._direction()
            start, end = (fact[0], fact[2]) if direction == "out" else (fact[2], fact[0])
            return Step((start,), fact[1], direction, self.rng.choice(self.types[end]))
        raise NoFit

    def _direction(self) -> Direction:
        return "out" if self.rng.random() < 0.5 else "in"

    def _fact_of(self, entity: str) -> tuple[Triple, Direction] | None:
        facts: list[tuple[Triple, Direction]] = []
        for relation in self.relations:
            facts += [
                ((entity, relation, o), "out") for o in sorted(self.facts.reached(entity, relation, "out"))
            ]
            facts += [
                ((s, relation, entity), "in") for s in sorted(self.facts.reached(entity, relation, "in"))[:5]
            ]
        facts = [one for one in facts if one[0][0] in self.types and one[0][2] in self.types]
        return self.rng.choice(facts) if facts else None

    def _answers(self, step: Step) -> list[str]:
        return sorted(answer(step, self.facts).entities)


def _type(part: Step | Joined | Ranked) -> str:
    return (
        part.asked
        if isinstance(part, Ranked)
        else (part.first if isinstance(part, Joined) else part).type_name
    )


def patterns_of(step: Step) -> list[str]:
    """A step as ``active_set`` writes it."""
    asked = f"c({step.type_name})"
    if step.direction == "out":
        return [f"({entity},{step.relation},{asked})" for entity in step.entities]
    return [f"({asked},{step.relation},{entity})" for entity in step.entities]
