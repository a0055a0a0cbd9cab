"""When a parser says that it does not know, rather than answer with something that merely sounds alike."""

from __future__ import annotations

import pytest

from grammar.forms import EntityLeaf, read_form
from kgqa.linking import Candidate, Links
from kgqa.refusals import hardly_named, not_understood, uses_words

FORM = read_form("follow(Q1, P106)")


def links(how: str, score: float, *, unlinked: tuple[str, ...] = ("Guernica",)) -> Links:
    """ "Who painted Guernica?", in which Q1 was found by "painted"."""
    return Links((Candidate(EntityLeaf(("Q1",)), how, score, (4, 11)),), unlinked)


@pytest.mark.parametrize(
    ("how", "score", "named"),
    [
        ("fuzzy", 0.18, False),
        ("fuzzy", 0.6, True),
        ("partial", 0.05, False),
        ("partial", 0.7, True),
        ("exact", 0.2, True),
        ("alias", 0.01, False),
    ],
)
def test_beside_an_unknown_name_only_what_is_surely_named_is_answered_about(
    how: str, score: float, named: bool
) -> None:
    assert uses_words(FORM, links(how, score)) == named
    assert not uses_words(read_form("members(Q1)"), links("exact", 1.0))  # the kind of what is asked for


def test_words_that_resemble_a_name_do_not_name() -> None:
    assert hardly_named(FORM, links("partial", 0.01))
    assert not hardly_named(FORM, links("partial", 0.1))
    assert not hardly_named(FORM, links("exact", 0.01))
    assert not hardly_named(read_form("follow(Q2, P106)"), links("partial", 0.01))


def test_what_is_unknown_is_named() -> None:
    assert (
        not_understood("Who painted Guernica?", links("fuzzy", 0.2))
        == "I do not know 'Guernica' in this graph."
    )
