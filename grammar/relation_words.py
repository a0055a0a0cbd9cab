"""Labels of relations that are no nouns: "shares border with", "has part", "educated at", "member of".

English words a relation as a noun ("the capital of France"); these need a verb instead ("the countries that
France shares border with", "the films that are based on The Shining").
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_PREPOSITION = re.compile(r" (?:of|in|for|by|with|on|to|at|from)$")
_VERB = re.compile(
    r"(shares|follows|contains|owns|uses|includes|has|depicts|shows|employs|hosts|produces|offers|supplies|"
    r"supports|requires|covers|mentions|cites|represents|describes|teaches|manages|publishes|treats|causes|"
    r"knows|likes) ?(.*)"
)
_PAST = re.compile(r"(showed|won|visited|employed|hosted|taught|wrote|made|bought|sold|met) ?(.*)")
_MEMBER = re.compile(r"(member|part) of(?: (?:the )?(.+))?")


@dataclass(frozen=True)
class Verb:
    """A relation as a verb: ``one`` subject "shares border with", ``many`` "share border with".

    ``tail`` follows the object ("has" X "as part"); ``noun`` is what the object is, where the label says so.
    """

    one: str
    many: str
    tail: str = ""
    noun: str = ""


def verb_of(label: str) -> Verb | None:
    """The verb that a label stands for; None where it is a noun.

    >>> verb_of("shares border with")
    Verb(one='shares border with', many='share border with', tail='', noun='')
    >>> verb_of("capital") is None
    True
    """
    member = _MEMBER.fullmatch(label)
    if member:
        one, many = ("a member", "members") if member[1] == "member" else ("part", "part")
        return Verb(f"is {one} of", f"are {many} of", noun=member[2] or "")
    verb = _VERB.fullmatch(label)
    if verb:
        one, many, rest = verb[1], _several(verb[1]), verb[2]
        if one == "has" and rest:
            return Verb(one, many, tail=f" as {rest}")
        return Verb(f"{one} {rest}".strip(), f"{many} {rest}".strip())
    if _PAST.fullmatch(label) and not label.endswith(" by"):
        return Verb(label, label)
    if _PREPOSITION.search(label):
        return Verb(f"is {label}", f"are {label}")
    return None


def _several(verb: str) -> str:
    """What many do: "teach" for "teaches"."""
    if verb == "has":
        return "have"
    return re.sub(r"ies$", "y", verb) if verb.endswith("ies") else re.sub(r"(?<=sh|ch)es$|s$", "", verb)
