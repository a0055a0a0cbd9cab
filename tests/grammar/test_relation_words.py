"""Labels of relations that are worded as verbs."""

from __future__ import annotations

import pytest

from grammar.relation_words import Verb, verb_of


@pytest.mark.parametrize(
    ("label", "verb"),
    [
        ("shares border with", Verb("shares border with", "share border with")),
        ("has part", Verb("has", "have", tail=" as part")),
        ("follows", Verb("follows", "follow")),
        ("depicts", Verb("depicts", "depict")),
        ("teaches", Verb("teaches", "teach")),
        ("supplies", Verb("supplies", "supply")),
        ("showed", Verb("showed", "showed")),
        ("made by", Verb("is made by", "are made by")),
        ("based on", Verb("is based on", "are based on")),
        ("capital of", Verb("is capital of", "are capital of")),
        ("member of", Verb("is a member of", "are members of")),
        ("member of sports team", Verb("is a member of", "are members of", noun="sports team")),
        ("part of the series", Verb("is part of", "are part of", noun="series")),
    ],
)
def test_verbs(label: str, verb: Verb) -> None:
    assert verb_of(label) == verb


@pytest.mark.parametrize(
    "label", ["capital", "head of state", "characters", "place of birth", "position held"]
)
def test_nouns(label: str) -> None:
    assert verb_of(label) is None
