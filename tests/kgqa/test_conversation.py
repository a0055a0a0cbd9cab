"""Conversations: what a parser may see, and that gold cannot get in."""

import typing
from dataclasses import fields, is_dataclass

import pytest

from kgqa.conversation import Conversation, Example, Gold, Turn, TurnAnswer


def _reachable(kind: object, seen: set[object]) -> set[object]:
    if kind in seen:
        return seen
    seen.add(kind)
    for argument in typing.get_args(kind):
        _reachable(argument, seen)
    if isinstance(kind, type) and is_dataclass(kind):
        hints = typing.get_type_hints(kind)
        for field in fields(kind):
            _reachable(hints[field.name], seen)
    return seen


def test_gold_cannot_be_reached_from_what_a_parser_takes() -> None:
    assert Gold not in _reachable(Conversation, set())
    assert Gold in _reachable(Example, set())


@pytest.mark.parametrize(
    ("gold", "kind"),
    [
        (Gold(entities=()), "entities"),
        (Gold(numbers=(2.0,), counted=("Q1", "Q2")), "numbers"),
        (Gold(truths=(True, False)), "truths"),
        (Gold(values=()), "values"),
        (Gold(), "unknown"),
    ],
)
def test_kind_of_gold_is_the_field_that_is_given_even_if_empty(gold: Gold, kind: str) -> None:
    assert gold.kind == kind


def test_then_adds_a_turn_and_leaves_the_old_conversation_alone() -> None:
    start = Conversation()
    after = start.then(Turn("Who?", TurnAnswer(text="Ann", entities=("Q1",)), mentions=("Q2",)))
    assert start.turns == ()
    assert [turn.question for turn in after.turns] == ["Who?"]
    assert after.without_mentions().turns[0].mentions == ()
    assert after.without_mentions().turns[0].answer == after.turns[0].answer
