"""Phrases and frames as they are said in a dialogue: those that mean what is meant, in its register."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from kgqa.graphs.protocol import Direction
from kgqa.synthesis.english import Name, sentence, tidy, wordings
from kgqa.synthesis.frames import framed, frames, marked
from kgqa.synthesis.phrases import Phrase, is_noun
from kgqa.synthesis.talk import Talk
from kgqa.synthesis.verbs import participle

OTHER_WAY: dict[Direction, Direction] = {"out": "in", "in": "out"}
_SLOT = re.compile(r"\{n('?)\}")
_MACHINE = 0.75
"""How much of the formal register is in the frames of machines."""
_MARKED, _NAMED = 0.25, 0.06
"""How many counts are asked for as sets, with words beside them that say so; how many sets as no counts."""
_COUNTS = {"which": "how_many", "of_them_which": "of_them_how_many"}
_SETS = {"which": "set", "of_them_which": "of_them_set"}


def chosen(
    talk: Talk,
    phrases: Sequence[Phrase],
    relation: str,
    direction: Direction,
    other: str,
    *,
    several: bool = False,
    amounts: bool = False,
) -> Phrase | None:
    """A phrase that, with the other in it, means this relation; rather not one made of a noun.

    Several names are to stand in it where ``several`` says so, an amount where ``amounts`` does.
    """
    fitting = [p for p in phrases if p.one and not (several and p.single) and not (amounts and p.uncounted)]
    named = [p for p in fitting if p.kind == "noun"]
    worded = [p for p in fitting if p.kind != "noun"]
    for _ in range(3 if fitting else 0):
        noun_share = 0.6 if talk.formal else 0.3
        some = named if named and (not worded or talk.rng.random() < noun_share) else worded
        phrase = talk.rng.choice(some)
        if phrase.loose and talk.rng.random() < 0.7:
            continue
        if not talk.survey.means_another(phrase.kind, phrase.template, other, relation, OTHER_WAY[direction]):
            return phrase
    return None


def role(talk: Talk, relation: str, direction: Direction, said: str) -> dict[str, str]:
    """What those at the other end are ("out") or what it is that ("in") they are: "director"."""
    noun = talk.survey.wording(relation).noun or talk.survey.label(relation) or ""
    means = wordings().same_noun.get(noun, (relation,))[0]
    return {"some": said, f"role_{direction}": noun} if means == relation and noun and is_noun(noun) else {}


def put(text: str, name: Name | str) -> str:
    """A phrase with the others in it."""
    said = Name.of(name) if isinstance(name, str) else name
    return _SLOT.sub(lambda match: said.object if match[1] else said.subject, text)


_ELLIPSIS = {
    "have": "does",
    "has": "does",
    "are": "is",
    "is": "is",
    "were": "was",
    "was": "was",
    "did": "did",
}


def with_end(talk: Talk, text: str, said: str, tail: str) -> str:
    """The phrase with an amount, and the end of a comparison where it belongs."""
    first = text.split(" ", 1)[0]
    verb = _ELLIPSIS.get(first) or ("did" if participle(first) is not None else "")
    if verb and re.match(r"than (?!any|all|is|what)", tail) and talk.rng.random() < 0.1:
        tail = f"{tail} {verb}"  # "than X did"
    if tail and talk.rng.random() < 0.25 and "{n'}" in text:
        return put(text, f"{said} {tail}")
    return f"{put(text, said)} {tail}".strip()


def in_register(talk: Talk, question: str, about: str | None = None) -> str:
    """As a sentence; in the formal register a mark of its own stands at the end.

    ``about`` may turn "born in it" into "born there".
    """
    text = tidy(question)
    if about and talk.survey.is_place(about) and talk.rng.random() < 0.6:
        text = re.sub(r"\b(?:in|at) it\b", "there", text)
    # "the number of actors of it" is not "its number of actors", where more comes between.
    text = sentence(text) if "number of" in text else talk.spoken(text)
    return re.sub(r"[?.]?$", " ?", text, count=1) if talk.formal and text[-1:] != "." else text


def family(talk: Talk, name: str) -> str:
    """The family of frames in the register of the dialogue."""
    of_machines = f"machine_{name}"
    if of_machines in frames()["frames"] and talk.formal and talk.rng.random() < _MACHINE:
        return of_machines
    return name


def posed(
    talk: Talk, kind: str, slots: Mapping[str, str], *, count: bool = False, marks: bool = True
) -> str | None:
    """A question for a set in a frame of the kind, or for its number alone.

    ``marks`` says whether words beside those for the set may say which: "..., just the number".
    """
    if marks and not talk.formal and talk.rng.random() < (_MARKED if count else _NAMED):
        return marked("number" if count else "names", _SETS.get(kind, kind), talk.rng, slots)
    if count:
        kind = _COUNTS.get(kind, f"{kind}_count")
    return framed("frames", family(talk, kind), talk.rng, slots)
