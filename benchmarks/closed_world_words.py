"""The wording of a closed world: several ways to ask each kind of question.

None of it is the wording of ``kgqa.synthesis``, so a parser trained on that meets new sentences here.
Slots: ``{t}`` and ``{T}`` the type asked for (one, several), ``{r}`` the relation, ``{e}`` an entity, ``{n}``
a number, ``{C}`` a phrase of ``COUNTED`` with its ``{U}``, ``{q}`` a question, ``{a}`` and ``{b}`` clauses,
``{s}`` and ``{o}`` what a claim is about.
"""

from __future__ import annotations

STEP = {
    "out": (
        "Name the {t} that appears under {r} for {e}.",
        "Under {r}, which {t} does the entry of {e} give?",
        "{e}: what {t} is noted as {r}?",
        "Tell me which {T} stand as {r} in the record of {e}.",
        "I need the {t} given for {r} of {e}.",
    ),
    "in": (
        "Name any {t} whose {r} is given as {e}.",
        "For which {T} is {e} noted under {r}?",
        "Pick out each {t} that names {e} in the field {r}.",
        "Tell me the {T} where {r} reads {e}.",
        "{e} is the {r} of what {T}?",
    ),
}
"""Where a relation leads to from an entity (out) or from where to it (in)."""

CLAUSE = {
    "out": ("under {r} for {e}", "as {r} of {e}"),
    "in": ("with {r} given as {e}", "whose {r} reads {e}"),
}
JOINED = {
    "union": (
        "List {T} found {a} or {b}.",
        "Either {a} or {b}: which {T}?",
        "Show the {T} that are {a}, or else {b}.",
    ),
    "intersection": (
        "List {T} found both {a} and {b}.",
        "At once {a} and {b}: which {T}?",
        "Show the {T} that are {a} and also {b}.",
    ),
    "difference": (
        "List {T} found {a} but not {b}.",
        "Leaving out those {b}, which {T} are {a}?",
        "Show the {T} that are {a}, except those {b}.",
    ),
}
JOINED_AGAIN = {
    "union": ("Or else {e}, either will do.", "Either that or {e}?", "Or those of {e}, whichever?"),
    "intersection": (
        "Both that and {e}, please.",
        "And at the same time {e}?",
        "Only what {e} shares, both together.",
    ),
    "difference": ("Without {e}, though.", "Except {e}, please.", "Take away those of {e}, leaving out {e}."),
}

VERIFY = (
    "True or false: {s} has {o} under {r}.",
    "Does the entry of {s} give {o} as {r}?",
    "Can you confirm {o} as the {r} of {s}?",
    "Is it right that {r} of {s} reads {o}?",
)
VERIFY_TWO = (
    "Check for each: does the entry of {s} give {o} as {r}?",
    "Do both {o} stand under {r} for {s}, or which of the two?",
    "Can you confirm {o}, one by one, as the {r} of {s}?",
)
VERIFY_THOSE = (
    "Does the entry of {s} give those {T} as {r}, all of them?",
    "Is it right that {r} of {s} reads each of those {T}?",
    "Can you confirm all those {T} as the {r} of {s}?",
)

COUNT_STEP = {
    "out": (
        "How many {T} stand under {r} for {e}?",
        "Count the {T} in the record of {e} given as {r}.",
        "What is the total of {T} that {e} has for {r}?",
    ),
    "in": (
        "How many {T} name {e} in the field {r}?",
        "Count the {T} whose {r} is given as {e}.",
        "What is the total of {T} with {r} noted as {e}?",
    ),
}

COUNTED = {
    "out": ("{U} given as {r}", "{U} noted under {r}", "{U} in the field {r}"),
    "in": ("{U} whose {r} they are", "{U} giving them as {r}", "{U} that name them for {r}"),
}
"""What is counted for every member: what it names (out), or who names it (in)."""

RANKED = {
    "max": ("{T} with the most {C}: which are they?", "Which {T} come out highest in the tally of {C}?"),
    "min": ("{T} with the fewest {C}: which are they?", "Which {T} come out lowest in the tally of {C}?"),
    "at_least": (
        "Which {T} count {n} or more {C}?",
        "Find {T} with no fewer than {n} {C}.",
        "At least {n} {C}: what {T}?",
    ),
    "at_most": (
        "Which {T} count {n} or fewer {C}?",
        "Find {T} with no more than {n} {C}.",
        "At most {n} {C}: what {T}?",
    ),
    "equal": ("Which {T} count exactly {n} {C}?", "Find {T} with precisely {n} {C}."),
    "around": (
        "Which {T} count roughly {n} {C}?",
        "Find {T} with approximately {n} {C}.",
        "Around {n} {C}: what {T}?",
    ),
}
LIKE = {
    "more": ("Which {T} count more {C} than {e}?", "Find {T} that exceed {e} in the tally of {C}."),
    "less": ("Which {T} count fewer {C} than {e}?", "Find {T} with a smaller tally of {C} than {e}."),
    "equal": ("Which {T} count exactly as many {C} as {e}?", "Find {T} equal to {e} in the tally of {C}."),
    "around": (
        "Which {T} count roughly as many {C} as {e}?",
        "Find {T} with almost the same tally of {C} as {e}.",
    ),
}
HOW_MANY = ("How many in all? {q}", "Only the total, please: {q}", "{q} The number will do.")
"""A count over what another question asks for."""

AGAIN = ("Now for {e}.", "Try {e} instead.", "Next, {e}.", "Then {e}?", "The like for {e}, please.")
OTHER_TYPE = ("Now what {t}?", "Rather, what {t}?", "Then what {T}?")
THAT, THOSE = ("that {t}", "the {t} just named"), ("those {T}", "the {T} just named")
ASK_BACK = "Did you mean {e} ?"
YES = ("Yes", "Exactly that one.", "Right.")
NO = ("Not quite: {e}.", "Rather {e}.", "{e} is what I had in mind.")

_PLURALS = {
    "human": "humans",
    "series": "series",
    "species": "species",
    "person": "people",
    "people": "people",
}


def plural(noun: str) -> str:
    """The plural of a type's label, of its head noun where "of" or "in" follow."""
    for joint in (" of ", " in ", " for ", " with ", "/"):
        if joint in noun:
            head, rest = noun.split(joint, 1)
            return plural(head) + joint + rest
    last = noun.rsplit(" ", 1)[-1]
    if last in _PLURALS:
        return noun[: len(noun) - len(last)] + _PLURALS[last]
    if noun.endswith("y") and noun[-2:-1] not in "aeiou":
        return noun[:-1] + "ies"
    if noun.endswith(("s", "x", "ch", "sh")):
        return noun + "es"
    return noun + "s"


def listed(names: list[str], joint: str = "and") -> str:
    """``A, B and C``"""
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} {joint} {names[-1]}"
