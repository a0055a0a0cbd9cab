"""What people put around a question: "Do you know who ...", "For X, what is ...".

A frame changes how a question is put and never what it asks: all questions share these, and no row of the
table repeats them.
"""

from __future__ import annotations

import random
import re

from kgqa.synthesis.verbs import participle, past_of, third_of

_ASKING = (
    "Do you know {q}?", "Do you know {q}?", "Can you tell me {q}?", "Can you tell me {q}?",
    "Could you tell me {q}?", "I want to know {q}.", "I'd like to know {q}.", "I would like to know {q}",
    "Any idea {q}?", "Tell me {q}.", "Tell me {q}", "Do you happen to know {q}?", "I wonder {q}.",
    "Please tell me {q}.", "Remind me {q}?", "You know {q}?", "I was wondering {q}.", "Would you know {q}?",
    "I need to know {q}.", "I forgot {q}.",
)  # fmt: skip
_SLOT = r"\{[xy]'?\}"
_BE = r"is|was|are|were|has|have|can|will"
_NOT_A_VERB = rf"(?:{_BE}|do|does|did|else|of|is|kind|sort|type|among|one|and|other)\b"
_WH = r"(?:[A-Z]\w*)(?: [\w{}' -]+?)??"
_BE_NAME = re.compile(rf"^({_WH}) ({_BE}) ({_SLOT})(?: (.+))?\?$")
_BE_NOUN = re.compile(r"^(Who|What|Where|When) (is|was|are|were) ((?:the|\{[xy]'s\}) .+)\?$")
_DO_NAME = re.compile(rf"^({_WH}) (did|does) ({_SLOT}) (\w+)\b(.*)\?$")
_WHETHER = re.compile(rf"^(Is|Was|Are|Were|Has) ({_SLOT}) (.+)\?$")
_WHETHER_DID = re.compile(rf"^(Did|Does) ({_SLOT}) (\w+)\b(.*)\?$")
_PLAIN = rf"(?!{_NOT_A_VERB})"
_SUBJECT = re.compile(rf"^(Who {_PLAIN}\w+ .+|(?:Which|What|How many) {_PLAIN}[\w{{}}]+ {_PLAIN}\w+ .+)\?$")
_AT_END = re.compile(r"^(.{9,}?) (of|in|on|for) \{([xy])'\}\?$")


def indirect(question: str, *, plural: bool = False) -> str | None:
    """The question as the end of "Do you know ...": "when {x} was born" for "When was {x} born?"; or None.

    ``plural`` says that the names stand for several, whose verbs have no -s.

    >>> indirect("When did {x} come out?"), indirect("Who directed {x'}?")
    ('when {x} came out', "who directed {x'}")
    """
    if match := _DO_NAME.match(question):
        inner = _plainly(*match.groups()[1:], plural=plural)
        return f"{_lower(match[1])} {inner}" if inner else None
    if match := _WHETHER_DID.match(question):
        inner = _plainly(*match.groups(), plural=plural)
        return f"if {inner}" if inner else None
    if match := _BE_NAME.match(question):
        start, verb, name, rest = match.groups()
        if verb in ("has", "have"):
            if name.endswith("'}") or (rest or "").startswith(("as ", "among ")):
                return _lower(question[:-1])  # who is asked for "has {y'} as director"
            if not _has_done(rest or ""):
                return None  # "Which species has {x}?": either may have the other
        return f"{_lower(start)} {name} {verb}{f' {rest}' if rest else ''}"
    if match := _BE_NOUN.match(question):
        return f"{_lower(match[1])} {match[3]} {match[2]}"
    if match := _WHETHER.match(question):
        return f"if {match[2]} {match[1].lower()} {match[3]}"
    found = _SUBJECT.match(question)
    return _lower(found[1]) if found else None


def _has_done(rest: str) -> bool:
    """Whether what follows "has X" says what X has done: "won", "been in office"."""
    first = rest.partition(" ")[0]
    return first == "been" or participle(first) is not None


def _plainly(did: str, name: str, base: str, rest: str, *, plural: bool) -> str | None:
    """``{x} came out`` for "did {x} come out"."""
    verb = past_of(base) if did.lower() == "did" else base if plural else third_of(base)
    return None if verb is None else f"{name} {verb}{rest}"


def asked_politely(question: str, rng: random.Random, *, plural: bool = False) -> str:
    """``Can you tell me when {x} was born?``; the question itself where it cannot be turned round."""
    inner = indirect(question, plural=plural)
    return question if inner is None else rng.choice(_ASKING).replace("{q}", inner)


def fronted(question: str) -> str:
    """``In {x'}, who plays Jack?`` for "Who plays Jack in {x'}?"; else the question itself."""
    match = _AT_END.match(question)
    if match is None or "{x" in match[1] or "{y" in match[1]:
        return question
    where = "For" if match[2] == "of" else match[2].capitalize()
    return f"{where} {{{match[3]}'}}, {_lower(match[1])}?"


def _lower(text: str) -> str:
    return text[0].lower() + text[1:]
