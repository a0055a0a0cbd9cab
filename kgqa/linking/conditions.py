"""Words of a question that say when: "in 1985", "before the war", "last year".

A date is a leaf of the form; "before the war" is not, unless the war is an entity of it. So every such
condition is kept with its place: an answer whose form uses nothing of it can say that it was left out.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

_RELATIVE = re.compile(
    r"\b(?:(?:last|next|this|previous|past|coming)\s+(?:few\s+|couple\s+of\s+|\w+\s+)?"
    r"(?:years?|months?|weeks?|days?|decades?|centur(?:y|ies)|nights?|summer|winter|spring|autumn|season)"
    r"|(?:\w+\s+){1,2}(?:years?|months?|weeks?|days?|decades?|centuries)\s+(?:ago|earlier|later|before|after)"
    r"|yesterday|tomorrow|recently|lately)\b",
    re.IGNORECASE,
)
_WHEN = re.compile(
    r"\b(?:before|after|since|until|till|during|throughout|prior\s+to|by|in|on|from|between)\s+",
    re.IGNORECASE,
)
_ALWAYS_WHEN = frozenset(("before", "after", "since", "until", "till", "during", "throughout", "prior to"))
_ENDS = re.compile(
    r"[,;:.?!()]|\s(?:and|or|did|does|do|is|are|was|were|has|had|have|who|which|what|that|where|in|on|at|by|"
    r"for|to|from|with|than)\b",
    re.IGNORECASE,
)
_POINTER_WORDS = "it that this those these him her them he she they then which what when whom who"
_POINTERS = frozenset(_POINTER_WORDS.split())
_MOST_CONDITION = 60


@dataclass(frozen=True)
class Condition:
    """Words of a question that say when: ``text`` as written, ``span`` their characters."""

    text: str
    span: tuple[int, int]


def find_conditions(question: str, times: Sequence[tuple[int, int]]) -> tuple[Condition, ...]:
    """The words that say when, left to right.

    With a date ("in 1985") or without one ("before the war", "last year"). What leans on the
    dialogue ("after that") is left out: it has no words that could be looked up.

    Args:
        times: where the dates of the question stand, in characters.

    >>> [one.text for one in find_conditions("Who ruled before the war, and who last year?", ())]
    ['before the war', 'last year']
    """
    found: list[tuple[int, int]] = [match.span() for match in _RELATIVE.finditer(question)]
    for match in _WHEN.finditer(question):
        end = _ENDS.search(question, match.end())
        stop = min(end.start() if end else len(question), match.end() + _MOST_CONDITION)
        dated = [time for time in times if match.end() <= time[0] < max(stop, match.end() + 1)]
        if dated:
            stop = max(high for _, high in dated)
        elif " ".join(match.group().casefold().split()) not in _ALWAYS_WHEN:
            continue
        said = question[match.end() : stop].casefold().split()
        if said and said[0] not in _POINTERS and said[-1] not in _POINTERS:
            found.append((match.start(), match.end() + len(question[match.end() : stop].rstrip())))
    found += times
    spans: list[tuple[int, int]] = []
    for span in sorted(found, key=lambda span: (span[0], -span[1])):
        if not any(span[0] < other[1] and other[0] < span[1] for other in spans):
            spans.append(span)
    return tuple(Condition(question[start:end], (start, end)) for start, end in spans)
