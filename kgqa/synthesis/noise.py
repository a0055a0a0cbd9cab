"""How people mistype: questions in lower case, without marks and articles, with contractions and slips."""

from __future__ import annotations

import random
import re
from dataclasses import dataclass

from kgqa.synthesis.english import sentence


@dataclass(frozen=True)
class Noise:
    """How often a question is written carelessly; all are chances from 0 to 1."""

    lower_case: float = 0.15
    no_mark: float = 0.2
    spaced_mark: float = 0.04
    typo: float = 0.02
    lead: float = 0.06
    alias: float = 0.06
    contraction: float = 0.15
    article: float = 0.04

    def apply(self, question: str, rng: random.Random, *, first: bool) -> str:
        """The question as a hasty person types it; ``first`` of its dialogue or not."""
        if rng.random() < self.lead and question.endswith("?") and len(question) > 14:
            question = _with_lead(question, rng, first=first)
        if rng.random() < self.contraction:
            question = _contracted(question, rng)
        if rng.random() < self.article:
            question = _without_article(question, rng)
        if question[-1:] in "?." and rng.random() < self.no_mark:
            question = question[:-1]
        elif question.endswith("?") and rng.random() < self.spaced_mark:
            question = question[:-1] + " ?"
        if rng.random() < self.lower_case:
            question = question.lower()
            if rng.random() < self.no_mark:  # who types without capitals types without marks
                question = question.rstrip("?.").rstrip()
        if rng.random() < self.typo:
            question = _mistyped(question, rng)
        return question


_LEADS = (
    "Tell me, {q}?",
    "Can you tell me: {q}?",
    "Hey, {q}?",
    "Please tell me: {q}?",
    "Quick question: {q}?",
    "{q}, please?",
    "{q}, do you know?",
    "Hi! {q}?",
)
_LATER_LEADS = (
    "So {q}?", "Okay, and {q}?", "And {q}?", "Thanks. {q}?", "And {q}?", "Ok {q}?", "Then {q}?",
    "Oh, and {q}?", "Great. {q}?", "Alright, {q}?", "Interesting, {q}?", "Nice, {q}?", "Cool. {q}?",
)  # fmt: skip
_CONTRACTIONS = {"who is": "who's", "what is": "what's", "where is": "where's", "when is": "when's"}
_CONTRACTIONS |= {"how is": "how's", "who are": "who're", "what are": "what're", "when did": "when'd"}
_CONTRACTIONS |= {"where did": "where'd", "who did": "who'd", "how did": "how'd"}
_QUESTION_WORDS = {
    "who",
    "what",
    "which",
    "when",
    "where",
    "how",
    "is",
    "was",
    "did",
    "does",
    "in",
    "are",
    "do",
}


def _with_lead(question: str, rng: random.Random, *, first: bool) -> str:
    if question.split(" ", 1)[0].lower() not in _QUESTION_WORDS:
        return question
    lead = rng.choice(_LEADS if first else _LEADS + _LATER_LEADS * 2)
    return sentence(lead.replace("{q}", question[0].lower() + question[1:-1]))


def _contracted(question: str, rng: random.Random) -> str:
    """ "What's" for "What is"; the apostrophe is dropped now and then."""

    def put(match: re.Match[str]) -> str:
        short = _CONTRACTIONS[match[0].lower()]
        short = short.replace("'", "") if rng.random() < 0.15 else short
        return match[0][0] + short[1:]

    some = "|".join(_CONTRACTIONS if rng.random() < 0.2 else [c for c in _CONTRACTIONS if c.endswith(" is")])
    return re.sub(rf"\b(?:{some})\b(?=.{{3}})", put, question, count=1, flags=re.IGNORECASE)


_ARTICLE = re.compile(r"\b[Tt]he (?!same|only|most|more|one)(?=(?:[a-z]+ ){1,3}(?:of|for|to|behind)\b)")


def _without_article(question: str, rng: random.Random) -> str:
    """One "the" less, of those before a noun with "of": "Who is author of it?", but not "in city"."""
    places = list(_ARTICLE.finditer(question))
    if not places:
        return question
    taken = rng.choice(places)
    rest = question[taken.end() :]
    return question[: taken.start()] + (rest if taken.start() else sentence(rest))


def _mistyped(question: str, rng: random.Random) -> str:
    """Two neighbouring letters of a longer word changed places, or one is missing or doubled."""
    places = [m.start() for m in re.finditer(r"(?<=[a-z]{2})[a-z](?=[a-z])", question)]
    if not places:
        return question
    place = rng.choice(places)
    here, after = question[place], question[place + 1]
    return question[:place] + rng.choice([after + here, after, here + here + after]) + question[place + 2 :]
