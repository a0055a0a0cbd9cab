"""Contexts without some of their parts, to learn what each is worth."""

from __future__ import annotations

import pytest

from grammar.errors import ConfigError
from grammar.forms import EntityLeaf, RelationLeaf
from kgqa.context import PARTS, Context, ContextObject, ContextTurn

CONTEXT = Context(
    "When was he born?",
    (ContextTurn("Who directed Titanic?", "James Cameron", ("follow", 0, 1)),),
    (
        ContextObject(
            EntityLeaf(("Q1",)), "Titanic (film, 1997 film)", "exact", score=0.9, span=(0, 4), weight=0.3
        ),
        ContextObject(
            RelationLeaf("P57"),
            "director; film director",
            "wording",
            score=0.7,
            similarity=0.5,
            weight=0.1,
            span=(5, 9),
            near=("out:question",),
            leads="human",
        ),
    ),
)


@pytest.mark.parametrize(
    ("part", "gone"),
    [
        ("history", lambda c: c.turns == ()),
        ("forms", lambda c: c.turns[0].form == () and c.turns[0].question),
        ("descriptions", lambda c: [o.text for o in c.objects] == ["Titanic", "director"]),
        ("neighbourhood", lambda c: all((o.near, o.leads, o.weight) == ((), "", 0.0) for o in c.objects)),
        ("likeness", lambda c: all(o.similarity == 0 for o in c.objects)),
        ("words", lambda c: all((o.score, o.span) == (0.0, None) for o in c.objects)),
    ],
)
def test_a_part_is_left_out_and_the_leaves_stay(part: str, gone: object) -> None:
    assert callable(gone)
    assert not gone(CONTEXT)
    less = CONTEXT.less([part])
    assert gone(less)
    assert (less.question, less.leaves) == (CONTEXT.question, CONTEXT.leaves)


def test_nothing_is_left_out_unasked_and_an_unknown_part_is_named() -> None:
    assert CONTEXT.less([]) is CONTEXT
    assert CONTEXT.less(["offers"]) == CONTEXT  # of the decoder, not of the structure
    with pytest.raises(ConfigError, match=r"history, forms.*'histroy'"):
        CONTEXT.less(["histroy"])
    assert CONTEXT.less(PARTS).turns == ()
