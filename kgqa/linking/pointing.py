"""Words of a question that point at the dialogue: "that currency", "those ones", "she".

They stand where a name would: what they mean is for the parser to choose, but where they stand tells which
part of the question it is.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from kgqa.linking.stems import singular

_BEFORE_A_KIND = re.compile(r"\b(?:that|those|this|these|such)\s+(?=\w)", re.IGNORECASE)
_ALONE = re.compile(
    r"\b(?:it|its|he|him|his|she|hers?|they|them|theirs?|those|these|there)\b"
    r"|\b(?:that|this)(?=\s*(?:[?.!,]|$))",
    re.IGNORECASE,
)


def find_pointing(question: str, types: Sequence[tuple[int, int]]) -> tuple[tuple[int, int], ...]:
    """The stretches of characters that point, in order.

    Words before a kind of thing ("that city") leave pronouns out of account, which then mostly mean
    something in the question itself.

    Args:
        types: where words for kinds of things stand, once each ("rivers longer than that river").
    """
    kinds = {singular(question[start:end].casefold()) for start, end in types}
    plain = sorted(map(re.escape, kinds), key=len, reverse=True)
    kind = re.compile(
        rf"(?:ones?|two|three|things?{''.join(f'|{text}s?' for text in plain)})\b", re.IGNORECASE
    )
    found = []
    for match in _BEFORE_A_KIND.finditer(question):
        if named := kind.match(question, match.end()):
            found.append((match.start(), named.end()))
    return tuple(found) or tuple(match.span() for match in _ALONE.finditer(question))
