"""Search by words: normal forms, exact, partial and mistyped names, and their order."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kgqa.graphs import EmbeddedGraph, Record, Statement, build_graph, name_index
from kgqa.graphs.names import normalise
from kgqa.graphs.protocol import Among
from tests.toy import toy_graph


@pytest.fixture(scope="module")
def toy(tmp_path_factory: pytest.TempPathFactory) -> EmbeddedGraph:
    return toy_graph(tmp_path_factory.mktemp("names"))


@pytest.mark.parametrize(
    ("text", "normal"),
    [
        ("Île-de-France", "ile de france"),
        ("  ZÜRICH ", "zurich"),
        ("Straße", "strasse"),
        ("J. K. Rowling", "jk rowling"),
        ("N.A.S.A.", "nasa"),
        ("U. S. A.", "usa"),
        ("Schindler's List", "schindlers list"),
        ("O\u2019Brien & Sons", "o brien and sons"),
        ("AT&T", "at t"),
        ("snake_case", "snake case"),
        ("C++", "c++"),
        ("C#", "c#"),
        ("...!", "...!"),
        ("北京", "北京"),
        ("ﬁlm Ⅷ \uff11\uff12", "film viii 12"),
        ("Ελλάδα", "ελλαδα"),
        ("Ёлка", "елка"),
        ("Łódź Ærø Đà İzmir", "lodz aero da izmir"),
        ("مُحَمَّد", "محمد"),
        ("القاهرة", "القاهره"),
        ("ガンダム", "ガンダム"),
        ("हिन्दी", "हिन्दी"),
        ("한국", "한국"),
        ("", ""),
        (" ", ""),
    ],
)
def test_normal_forms(text: str, normal: str) -> None:
    assert normalise(text) == normal
    assert normalise(normal) == normal


@pytest.mark.parametrize(
    ("text", "name", "how"),
    [
        ("ZURICH", "Q72", "exact"),
        ("united states of america", "Q30", "exact"),
        ("washington d c", "Q61", "exact"),
        ("joanne rowling", "Q34660", "alias"),
        ("Obama", "Q76", "partial"),
        ("pacino al", "Q41163", "partial"),
        ("leonardo dicap", "Q38111", "partial"),  # still being typed
        ("leonardo d", "Q38111", "partial"),
        ("philosophers stone", "Q43361", "partial"),
        ("Barak Obma", "Q76", "fuzzy"),
        ("Godfahter", "Q47703", "fuzzy"),
        ("niclas sarkosy", "Q329", "fuzzy"),
        ("germny", "Q183", "fuzzy"),
        ("barackobama", "Q76", "fuzzy"),
        ("god father", "Q47703", "fuzzy"),
        ("th egodfathr", "Q47703", "fuzzy"),  # a space moved, and a letter missing
        ("barackkobma", "Q76", "fuzzy"),  # a letter for the space, and one missing
        ("leonardo dcapiro", "Q38111", "fuzzy"),  # twice in a word
        ("a pacino", "Q41163", "fuzzy"),
        ("Q183", "Q183", "exact"),
        ("X6", "X6", "exact"),  # has no label
    ],
)
def test_what_people_type(toy: EmbeddedGraph, text: str, name: str, how: str) -> None:
    hit = toy.search(text)[0]
    assert (hit.name, hit.how) == (name, how)
    assert 0 < hit.score <= 1


def test_without_typos_only_whole_words_are_found(toy: EmbeddedGraph) -> None:
    assert toy.search("Barak Obma", fuzzy=False) == []
    assert [hit.how for hit in toy.search("godfather", fuzzy=False)] == ["partial", "partial"]


def test_matches_are_shown_as_they_are_written(toy: EmbeddedGraph) -> None:
    assert toy.search("usa")[0].matched == "USA"
    assert toy.search("zurich")[0].matched == "Zürich"
    assert toy.search("francois holande")[0].matched == "François Hollande"


_SYNTAX = [
    *('"', "AND", "NOT x", "name:y", "*", "a*", "[a TO z]", "(", "\\", "\0", "\x1b[2J", "\ud83d"),
    *("' OR 1=1 --", "'; DROP TABLE names", "} UNION { ?s ?p ?o", "FILTER(REGEX("),
    *("\u202eciraP", "👩\u200d🚀", "e\u0301" * 50, "x" * 10_000, "ab " * 3_000),
]


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.one_of(
            st.sampled_from(_SYNTAX),
            st.sampled_from(["Paris", "the", "Godfather", "Obma", "france"]),
            st.text(alphabet=st.characters(exclude_categories=[]), max_size=30),
        ),
        max_size=6,
    ),
    st.sampled_from(["entities", "types", "relations"]),
    st.booleans(),
)
def test_any_text_is_answered(toy: EmbeddedGraph, parts: list[str], among: Among, fuzzy: bool) -> None:
    text = " ".join(parts)
    normalise(text).encode()
    hits = toy.search(text, limit=3, among=among, fuzzy=fuzzy)
    assert len(hits) <= 3
    assert all(0 < hit.score <= 1 and (toy.label(hit.name) or toy.aliases(hit.name)) for hit in hits)
    assert set(toy.exact([text], among=among)[0]) <= set(
        toy.entity_names(np.arange(50)) + toy.relation_names()
    )


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_a_name_with_one_letter_wrong_is_found(toy: EmbeddedGraph, data: st.DataObject) -> None:
    names = [n for n in toy.entity_names(np.arange(50)) if len(toy.label(n) or "") > 4]
    name = data.draw(st.sampled_from(names))
    label = toy.label(name) or ""
    place, kind = data.draw(st.integers(0, len(label) - 2)), data.draw(st.integers(0, 3))
    letter = data.draw(st.sampled_from("abcxyz"))
    middle = (letter, "", label[place] + letter, label[place + 1] + label[place])[kind]
    typed = label[:place] + middle + label[place + (2 if kind == 3 else 1) :]
    assert name in [hit.name for hit in toy.search(typed)]


@given(st.text())
def test_a_normal_form_is_its_own(text: str) -> None:
    assert normalise(normalise(text)) == normalise(text)


def test_strange_texts_find_nothing_and_break_nothing(toy: EmbeddedGraph) -> None:
    for text in ("", " ", "\0", "\ud800", "?" * 10_000, "a" * 10_000, "qqq " * 5_000, "%%% {} \\", "مرحبا"):
        assert toy.search(text) == []
        assert toy.exact([text]) == [[]]


def test_the_well_known_comes_first(tmp_path: Path) -> None:
    crowd = [Record(f"Q{n}", facts={"P27": [Statement("Q30")]}) for n in range(1_000, 3_000)]
    records = [
        Record("Q30", "United States of America", ["United States"]),
        Record("Q31", "United States"),
        Record("Q32", "United States", facts={"P31": [Statement("Q33")]}),
        Record("Q34", "Unity"),
        *crowd,
    ]
    build_graph([records], tmp_path / "g")
    graph = EmbeddedGraph.open(tmp_path / "g")
    assert graph.exact(["united states"]) == [["Q30", "Q32", "Q31"]]
    assert [hit.name for hit in graph.search("united states", limit=3)] == ["Q30", "Q32", "Q31"]
    assert [hit.name for hit in graph.search("untied states", limit=2)] == ["Q30", "Q32"]


def test_words_that_many_labels_share(tmp_path: Path) -> None:
    records = [Record(f"Q{n}", f"station number {n}") for n in range(25_000)]
    records.append(Record("Q99999", "station"))
    build_graph([records], tmp_path / "g")
    graph = EmbeddedGraph.open(tmp_path / "g")
    assert graph.search("station number 777")[0].name == "Q777"
    assert graph.search("station 777", limit=1)[0].name == "Q777"
    assert graph.search("station")[0].name == "Q99999"
    assert len(graph.search("station number", limit=5)) == 5


def test_a_folder_that_cannot_be_written_is_searched_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    graph = toy_graph(tmp_path)
    monkeypatch.setattr(os, "access", lambda *_: False)
    link_to = name_index._link
    lock = graph.folder / "names" / ".tantivy-meta.lock"
    lock.unlink()
    lock.mkdir()  # what not even root can open
    assert graph.search("germny")[0].name == "Q183"
    linked: list[str] = []

    def link(target: Path, place: Path) -> None:
        linked.append(target.name)
        link_to(target, place)

    monkeypatch.setattr(name_index, "_link", link)
    assert EmbeddedGraph.open(graph.folder).exact(["france"]) == [["Q142"]]
    assert linked
    assert not [name for name in linked if name.endswith(".npy")]  # large, where links are copies
