"""What sort of answer a question asks for, where its first words say so: "how many" asks for no date.

Only what the words leave no doubt about is held against a form: "when" may be answered with an event, but
not with a length; "what" and "which" may be answered with anything.
"""

from __future__ import annotations

import re

from grammar.denotation import Denotation, Entities, Number, Numbers, Values, is_empty
from grammar.graph import Graph
from grammar.values import Coordinate, Quantity, String, Text, Time

_LEAD = r"^\W*(?:(?:and|but|so|then|ok|okay|since|until|till|from|in|on|at|to|by)\W+)*"
_ASKED_FOR: tuple[tuple[re.Pattern[str], frozenset[type]], ...] = tuple(
    (re.compile(rf"{_LEAD}(?:{words})\b", re.IGNORECASE), frozenset(kinds))
    for words, kinds in (
        ("how many|how much", (Number, Numbers, Quantity)),
        ("when", (Entities, Time)),
        ("where", (Entities, Coordinate)),
        ("who|whom|whose", (Entities, String, Text)),
    )
)
"""First words, and what an answer may be made of: denotations, or values among one."""


def sorts_asked_for(question: str) -> frozenset[type] | None:
    """What an answer to the question may be made of; None where its words do not say."""
    return next((sorts for words, sorts in _ASKED_FOR if words.match(question)), None)


def is_of_sort(denotation: Denotation, sorts: frozenset[type], graph: Graph) -> bool:
    """Whether an answer, if there is one, is made of any of these."""
    if is_empty(denotation):
        return True
    parts = graph.values(denotation.items) if isinstance(denotation, Values) else [denotation]
    return any(type(part) in sorts for part in parts)
