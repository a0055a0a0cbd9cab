"""What is not answered, and the sentence that is said instead: questions that are none, names that the graph
does not know, words that point at nobody."""

from __future__ import annotations

import re
from collections.abc import Iterator

from grammar.forms import EntityLeaf, LogicalForm, TypeLeaf, leaves
from kgqa.form_features import SURE
from kgqa.linking import Candidate, Links

MAX_QUESTION = 1_000
"""Characters; longer questions are refused, not cut."""
WEAK = 0.15
"""Below this score of its match, a name is no evidence that its entity is meant where another is unknown."""
FAINT = 0.03
"""Below this score, words merely resemble a name: the moon is no Moonlight."""
_CODE = re.compile(
    r"[{}]|\?[a-z]\w*\s+\w+:\w|;\s*--|\bSELECT\b.*\b(?:FROM|WHERE)\b", re.IGNORECASE | re.DOTALL
)
_PERSONAL = frozenset(["he", "him", "his", "she", "her", "hers", "they", "them", "their", "theirs"])
_ASKING = frozenset(["", "who", "whom", "whose", "where", "when", "what", "which"])


def refusal(question: str) -> str:
    """Why a question is not even tried, or nothing."""
    if not question.strip():
        return "The question is empty: ask something such as 'Who directed Grease?'."
    if len(question) > MAX_QUESTION:
        return (
            f"The question has {len(question)} characters; up to {MAX_QUESTION} are read. Ask a shorter one."
        )
    if _CODE.search(question):
        return "That looks like a query language: ask in plain words, such as 'Who directed Grease?'."
    if not any(c.isalnum() for c in question):
        return "There is no word in that question."
    return ""


def not_understood(question: str, links: Links) -> str:
    """Why there is no answer, in a sentence."""
    if links.unlinked:
        names = ", ".join(f"'{mention}'" for mention in links.unlinked[:3])
        return f"I do not know {names} in this graph."
    if pronoun := without_antecedent(question, links):
        return f"I do not know who or what is meant by {pronoun!r}: ask again with a name."
    if not any(c.span for c in links.candidates if isinstance(c.leaf, (EntityLeaf, TypeLeaf))):
        return "I found nothing in that question that this graph knows; name a person, place or thing."
    return "I know what you speak of, but not what you ask about it; try other words."


def without_antecedent(question: str, links: Links) -> str | None:
    """The first word of a question that points at somebody where nobody and no kind of thing is spoken of."""
    for candidate in links.candidates:
        start, end = candidate.span or (0, 0)
        kind = isinstance(candidate.leaf, TypeLeaf) and question[start:end].lower() not in _ASKING
        if kind or isinstance(candidate.leaf, EntityLeaf):
            return None
    words = (question[start:end] for start, end in links.pointing)
    return next((word for word in words if word.lower() in _PERSONAL), None)


def uses_words(form: LogicalForm, links: Links) -> bool:
    """Whether the form uses an entity that the question names, and does not merely resemble.

    The kind of what is asked for does not count: the films of somebody unknown are not all films.
    """
    return any(c.score >= (WEAK if c.how in ("exact", "alias") else SURE) for c in _found(form, links))


def hardly_named(form: LogicalForm, links: Links) -> bool:
    """Whether the form uses an entity whose name words of the question merely resemble."""
    return any(c.how in ("partial", "fuzzy") and c.score < FAINT for c in _found(form, links))


def _found(form: LogicalForm, links: Links) -> Iterator[Candidate]:
    """The form's entities that were found by words of the question."""
    used = set(leaves(form))
    return (c for c in links.candidates if c.span and c.leaf in used and isinstance(c.leaf, EntityLeaf))
