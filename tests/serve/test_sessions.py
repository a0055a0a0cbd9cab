"""Sessions: kept while they are used, bounded in number and age."""

from __future__ import annotations

import pytest

from kgqa.graphs import EmbeddedGraph
from serve.sessions import Sessions
from tests.form_parser import FormParser
from tests.toy import toy_graph


@pytest.fixture(scope="module")
def graph(tmp_path_factory: pytest.TempPathFactory) -> EmbeddedGraph:
    return toy_graph(tmp_path_factory.mktemp("sessions"))


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_session_is_found_again(graph: EmbeddedGraph) -> None:
    sessions = Sessions(FormParser(graph))
    first = sessions.open(None)
    assert sessions.open(first.id) is first
    assert sessions.open("made up").id not in (first.id, "made up")
    assert len(first.id) >= 20


def test_the_one_unused_for_longest_goes_first(graph: EmbeddedGraph) -> None:
    sessions = Sessions(FormParser(graph), most=2)
    one, two = sessions.open(None), sessions.open(None)
    sessions.open(one.id)
    sessions.open(None)
    assert len(sessions) == 2
    assert sessions.open(one.id) is one
    assert sessions.open(two.id) is not two


def test_an_unused_session_goes_after_a_while(graph: EmbeddedGraph) -> None:
    clock = Clock()
    sessions = Sessions(FormParser(graph), idle_seconds=60, clock=clock)
    one = sessions.open(None)
    clock.now = 50.0
    two = sessions.open(None)
    clock.now = 100.0
    assert sessions.open(two.id) is two
    assert sessions.open(one.id) is not one
