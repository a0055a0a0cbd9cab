"""One set of checks for every kind of graph, over the toy graph."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from grammar.denotation import IntArray
from grammar.graph import Graph, Pairs
from grammar.values import Kind, String, Time, Value, read_value
from kgqa.graphs import KnowledgeGraph, RelationUse, open_graph
from kgqa.graphs.rdf import to_rdf
from tests.kgqa.graphs.server import oxigraph_binary, serving
from tests.toy import CITY, COUNTRY, STATE, toy_records


def named(graph: KnowledgeGraph, pairs: Pairs) -> list[tuple[int, str]]:
    """Pairs with the names of their items, sorted."""
    assert pairs.owners.tolist() == sorted(pairs.owners.tolist())
    return sorted(zip(pairs.owners.tolist(), graph.entity_names(pairs.items), strict=True))


def valued(graph: KnowledgeGraph, pairs: Pairs) -> set[tuple[int, str]]:
    """Pairs with their values as written."""
    return set(zip(pairs.owners.tolist(), map(str, graph.values(pairs.items)), strict=True))


def ids(graph: KnowledgeGraph, *names: str) -> IntArray:
    numbers = graph.entities(names)
    assert (numbers >= 0).all()
    return numbers


def test_it_is_a_graph(graph: KnowledgeGraph) -> None:
    assert isinstance(graph, Graph)
    assert isinstance(graph, KnowledgeGraph)
    assert graph.name
    assert len(graph.checksum) == 64


def test_names_both_ways(graph: KnowledgeGraph) -> None:
    numbers = graph.entities(["Q142", "Q30", "Q424242", "no name", "P36", "Q30"])
    assert numbers.dtype == np.int64
    assert (numbers >= 0).tolist() == [True, True, False, False, numbers[4] >= 0, True]
    assert numbers[2] == numbers[3] == -1
    assert numbers[1] == numbers[5]
    assert graph.entity_names(numbers[:2]) == ["Q142", "Q30"]
    assert graph.entities([]).tolist() == []


def test_relations_and_types_exist(graph: KnowledgeGraph) -> None:
    assert graph.has_relation("P36")
    assert graph.has_relation("P453")  # of qualifiers only
    assert not graph.has_relation("P9999")
    assert not graph.has_relation("no relation")
    assert graph.has_type(COUNTRY)
    assert not graph.has_type("Q30")
    assert not graph.has_type("Q9999")
    assert set(graph.relation_names()) >= {"P36", "P453", "P580"}
    assert graph.type_names() == sorted(graph.type_names(), key=lambda name: (len(name), name))
    assert {COUNTRY, CITY, STATE} <= set(graph.type_names())


def test_objects_and_subjects(graph: KnowledgeGraph) -> None:
    countries = ids(graph, "Q142", "Q183", "Q31")
    assert named(graph, graph.objects(countries, "P47")) == [
        (0, "Q183"), (0, "Q31"), (0, "Q39"), (1, "Q142"), (1, "Q31"), (1, "Q39"), (2, "Q142"), (2, "Q183"),
    ]  # fmt: skip
    assert named(graph, graph.objects(countries, "P36")) == [(0, "Q90"), (1, "Q64")]
    assert named(graph, graph.subjects(ids(graph, "Q46", "Q49"), "P30")) == [
        (0, "Q142"), (0, "Q183"), (0, "Q31"), (0, "Q39"), (1, "Q30"),
    ]  # fmt: skip
    for relation in ("P1082", "P9999", "no relation"):
        assert len(graph.objects(countries, relation).items) == 0
        assert len(graph.subjects(countries, relation).items) == 0


def test_unordered_repeated_and_unknown_entities(graph: KnowledgeGraph) -> None:
    numbers = ids(graph, "Q183", "Q142", "Q183")
    numbers[1] = -1
    assert named(graph, graph.objects(numbers, "P36")) == [(0, "Q64"), (2, "Q64")]
    empty = numbers[:0]
    assert len(graph.objects(empty, "P36").items) == 0
    assert len(graph.statements(empty, "P36").items) == 0
    assert graph.are_members(numbers, COUNTRY).tolist() == [True, False, True]
    assert {owner for owner, _ in named(graph, graph.types(numbers))} == {0, 2}


def test_only_best_rank_facts(graph: KnowledgeGraph) -> None:
    countries = ids(graph, "Q30", "Q142", "Q39")
    assert valued(graph, graph.literals(countries, "P1082")) == {
        (0, "331449281[1]"),  # preferred; the normal and the deprecated one are hidden
        (1, "68373433[1]"),
        (1, "66992000[1]"),
    }
    assert named(graph, graph.objects(countries[:1], "P35")) == [(0, "Q6279")]
    assert len(graph.statements(countries[:1], "P35").items) == 1


def test_a_fact_stated_twice_is_one_fact_and_two_statements(graph: KnowledgeGraph) -> None:
    cleveland = ids(graph, "Q35171")
    assert named(graph, graph.objects(cleveland, "P39")) == [(0, "Q11696")]
    terms = graph.statements(cleveland, "P39")
    assert terms.owners.tolist() == [0, 0]
    assert graph.entity_names(graph.statement_entities(terms.items)) == ["Q11696", "Q11696"]
    assert graph.statement_literals(terms.items).tolist() == [-1, -1]
    ordinals = graph.qualifier_literals(terms.items, "P1545")
    assert {value for _, value in valued(graph, ordinals)} == {'"22"', '"24"'}
    assert ordinals.owners.tolist() == [0, 1]


def test_literals_of_every_kind(graph: KnowledgeGraph) -> None:
    def values(name: str, relation: str) -> set[str]:
        return {value for _, value in valued(graph, graph.literals(ids(graph, name), relation))}

    assert values("Q30", "P571") == {"@1776-07-04"}
    assert values("Q183", "P571") == {"@1949-05"}
    assert values("Q31", "P571") == {"@1830"}
    assert values("X6", "P571") == {"@1950/8"}
    assert values("Q39", "P571") == {"@1291-08-01J"}
    assert values("Q1048", "P570") == {"@-0044-03-15J"}
    assert values("Q47703", "P577") == {"@1972-03-14", "@1972-03-24"}
    assert values("Q47703", "P2047") == {"175[Q7727]"}
    assert values("Q47703", "P345") == {'"tt0068646"'}
    assert values("Q184768", "P1476") == {'"The Godfather Part II"@en', '"Der Pate, Teil \\"II\\""@de'}
    assert values("Q90", "P625") == {"(48.8566 2.3522)"}


def test_literal_numbers_and_spans(graph: KnowledgeGraph) -> None:
    found = graph.literals(ids(graph, "Q30"), "P571").items
    assert graph.literal(Time(1776, 7, 4)) == found[0]
    unknown: list[Value] = [Time(1799, 1, 1), String("nowhere"), String("7"), read_value("12[Q11573]")]
    numbers = np.array([graph.literal(value) for value in unknown], dtype=np.int64)
    assert len(set(numbers.tolist())) == len(unknown)
    assert numbers.tolist() == [graph.literal(value) for value in unknown]
    assert graph.values(numbers) == unknown
    together = np.concatenate([found, numbers])
    spans = graph.spans(together)
    assert spans.kinds.tolist() == [Kind.TIME, Kind.TIME, Kind.STRING, Kind.STRING, Kind.QUANTITY]
    expected = [Time(1776, 7, 4).span, *(value.span for value in unknown)]
    np.testing.assert_array_equal(np.stack([spans.low, spans.high], axis=1), np.array(expected))
    assert len(graph.spans(together[:0]).kinds) == 0


def test_types(graph: KnowledgeGraph) -> None:
    members = graph.members(COUNTRY)
    assert members.tolist() == sorted(set(members.tolist()))
    assert sorted(graph.entity_names(members)) == ["Q142", "Q183", "Q30", "Q31", "Q39"]
    assert graph.members("Q9999").tolist() == []
    assert graph.members("no type").tolist() == []
    some = ids(graph, "Q31", "Q90", "Q30")
    assert graph.are_members(some, STATE).tolist() == [False, False, True]
    assert graph.are_members(some, "Q9999").tolist() == [False, False, False]
    assert named(graph, graph.types(some)) == [(0, COUNTRY), (1, CITY), (2, STATE), (2, COUNTRY)]


def test_qualifiers(graph: KnowledgeGraph) -> None:
    cast = graph.statements(ids(graph, "Q47703", "Q184768"), "P161")
    actors = graph.entity_names(graph.statement_entities(cast.items))
    roles = graph.qualifier_entities(cast.items, "P453")
    found = {(actors[o], role) for o, role in named(graph, roles)}
    assert found == {("Q34012", "X2"), ("Q41163", "X3"), ("Q36949", "X2")}
    assert len(graph.qualifier_literals(cast.items, "P453").items) == 0
    assert graph.qualifier_relations(cast.items) == ["P453"]
    presidents = graph.statements(ids(graph, "Q142"), "P35")
    names = graph.entity_names(graph.statement_entities(presidents.items))
    starts = {(names[o], v) for o, v in valued(graph, graph.qualifier_literals(presidents.items, "P580"))}
    assert starts == {("Q329", "@2007-05-16"), ("Q157", "@2012-05-15"), ("Q3052772", "@2017-05-14")}
    assert len(graph.qualifier_literals(presidents.items, "P582").items) == 2
    assert len(graph.qualifier_literals(presidents.items, "P9999").items) == 0
    assert graph.qualifier_relations(presidents.items) == ["P580", "P582"]
    people = graph.statements(ids(graph, "Q142"), "P1082")
    assert {v for _, v in valued(graph, graph.qualifier_literals(people.items, "P585"))} == {"@2024", "@2018"}


def test_statements_know_their_relation(graph: KnowledgeGraph) -> None:
    france = ids(graph, "Q142")
    numbers = np.concatenate([graph.statements(france, relation).items for relation in ("P35", "P1082")])
    assert graph.states(numbers, "P35").tolist() == [True, True, True, False, False]
    assert graph.states(numbers[::-1], "P1082").tolist() == [True, True, False, False, False]
    for relation in ("P39", "P585", "P9999", "no relation"):
        assert not graph.states(numbers, relation).any()
    assert graph.states(numbers[:0], "P35").tolist() == []


def test_facts_by_names(graph: KnowledgeGraph) -> None:
    cleveland = int(ids(graph, "Q35171")[0])
    facts = list(graph.facts(cleveland))
    said = {(fact.relation, str(fact.value)) for fact in facts}
    assert said == {
        ("P31", "Q5"), ("P39", "Q11696"), ("P569", "@1837-03-18"), ("P570", "@1908-06-24"),
    }  # fmt: skip
    assert {fact.subject for fact in facts} == {"Q35171"}
    assert {str(fact.qualifiers["P582"][0]) for fact in facts if fact.relation == "P39"} == {
        "@1889-03-04", "@1897-03-04",
    }  # fmt: skip
    assert len(list(graph.facts(cleveland, limit=2))) == 2
    assert list(graph.facts(cleveland, limit=0)) == []
    numbers = np.array([fact.number for fact in facts][::-1], dtype=np.int64)
    assert graph.stated(numbers) == facts[::-1]


def test_neighbourhood_and_degree(graph: KnowledgeGraph) -> None:
    uses = graph.neighbourhood(ids(graph, "Q90"))
    assert uses == sorted(uses, key=lambda use: -use.count)
    assert set(uses) == {
        RelationUse("P31", "out", 1),
        RelationUse("P17", "out", 1),
        RelationUse("P36", "in", 1),
        RelationUse("P625", "literal", 1),
        RelationUse("P1082", "literal", 1),
    }
    both = graph.neighbourhood(ids(graph, "Q142", "Q183"))
    assert RelationUse("P47", "out", 6) in both
    assert graph.neighbourhood(ids(graph, "Q90")[:0]) == []
    assert graph.degree(graph.entities(["Q90", "nowhere", "X5"])).tolist() == [5, 0, 5]


def test_words(graph: KnowledgeGraph) -> None:
    assert graph.label("Q30") == "United States of America"
    assert graph.labels(["Q90", "P36", "X6", "Q999", COUNTRY]) == ["Paris", "capital", None, None, "country"]
    assert sorted(graph.aliases("Q30")) == ["America", "USA", "United States"]
    assert graph.aliases("P36") == ["capital city"]
    assert graph.aliases("X6") == []
    assert graph.description("Q90") == "capital of France"
    assert graph.description("Q30") is None


def test_search_by_words(graph: KnowledgeGraph) -> None:
    hits = graph.search("paris")
    assert [(hit.name, hit.how, hit.score) for hit in hits[:2]] == [
        ("Q90", "exact", 1.0),
        ("X1", "exact", 1.0),
    ]
    first = graph.search("usa")[0]
    assert (first.name, first.how, first.matched) == ("Q30", "alias", "USA")
    godfathers = graph.search("godfather")
    assert [hit.name for hit in godfathers[:2]] == ["Q47703", "Q184768"]
    assert all(0 < hit.score < 1 and hit.how == "partial" for hit in godfathers[:2])
    assert graph.search("Q30")[0].name == "Q30"
    assert [hit.name for hit in graph.search("capital", among="relations")][:1] == ["P36"]
    assert [hit.name for hit in graph.search("movie", among="types")][:1] == ["Q11424"]
    assert graph.search("Paris", among="types") == []
    assert len(graph.search("paris", limit=1)) == 1
    for nothing in ("", "   ", "?!", "xyzzy plugh"):
        assert graph.search(nothing) == []


def test_exact_words(graph: KnowledgeGraph) -> None:
    assert graph.exact(["paris", "of", "United States", ""]) == [["Q90", "X1"], [], ["Q30"], []]
    assert graph.exact(["president"], among="relations") == [["P35"]]
    assert graph.exact(["city", "paris"], among="types") == [["Q515"], []]
    assert graph.exact([]) == []


def test_plain_rdf_is_the_same_from_a_file_and_from_an_endpoint(tmp_path: Path) -> None:
    if oxigraph_binary() is None:
        pytest.skip("the oxigraph binary is not installed")
    space = "http://example.org/"
    rdf = to_rdf(toy_records(), model="plain", namespace=space)
    rdf.serialize(tmp_path / "plain.ttl", format="turtle", encoding="utf-8")
    here = open_graph(tmp_path / "plain.ttl", cache=tmp_path / "cache")
    names = [f"{space}{name}" for name in ("Q30", "Q142", "Q47703", "Q35171", "X6")]

    def told(graph: KnowledgeGraph) -> set[tuple[str, str, str]]:
        facts = [fact for number in ids(graph, *names) for fact in graph.facts(int(number))]
        assert not any(fact.qualifiers for fact in facts)
        return {(fact.subject, fact.relation, str(fact.value)) for fact in facts}

    with serving(rdf, tmp_path) as url:
        there = open_graph(url)
        assert told(there) == told(here)
        assert (f"{space}Q142", f"{space}P571", "@0843") in told(there)
        assert there.relation_names() == here.relation_names()
        assert there.type_names() == here.type_names()
        assert there.labels(names) == here.labels(names)
        assert there.search("godfather")[0].name == here.search("godfather")[0].name == names[2]
        city = f"{space}{CITY}"
        assert set(there.entity_names(there.members(city))) == set(here.entity_names(here.members(city)))
        assert there.neighbourhood(ids(there, names[0])) == here.neighbourhood(ids(here, names[0]))


def test_counts(graph: KnowledgeGraph) -> None:
    info = graph.info()
    assert (info.triples, info.statements, info.relations, info.types) == (152, 153, 28, 8)
    assert info.name == graph.name
    assert info.checksum == graph.checksum
