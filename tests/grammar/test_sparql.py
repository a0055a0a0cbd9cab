"""SPARQL means the same as own execution; only validated text gets into it."""

from __future__ import annotations

import re

import pyoxigraph
import pytest
import rdflib
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from grammar.errors import FormError
from grammar.execute import Execution, execute
from grammar.forms import (
    Call,
    EntityLeaf,
    LogicalForm,
    NumberLeaf,
    RelationLeaf,
    TypeLeaf,
    ValueLeaf,
    call,
    read_form,
    subforms,
)
from grammar.operators import ROOT_SORTS, Sort
from grammar.sparql import PLAIN, WIKIDATA, to_sparql
from grammar.sparql.graph_model import first_day, last_day, plain_model, wikidata_model
from grammar.values import Quantity, String, Text, Time, Value, read_value
from kgqa.graphs import Record, Statement
from tests.grammar import strategies
from tests.grammar.answers import of_denotation, of_oxigraph, of_rdflib
from tests.grammar.conftest import store_of
from tests.grammar.memory_graph import MemoryGraph, to_turtle
from tests.toy import toy_records

NAMESPACE = "http://example.org/"
PLAIN_TOY = plain_model(namespace=NAMESPACE)
on_the_toy_graph = settings(
    deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
STATEMENT_OPERATORS = {"statements", "qualifier", "qualifier_value", "where", "first", "last"}


# --- the same answers ---------------------------------------------------------------------------------


@settings(on_the_toy_graph, max_examples=250)
@given(form=strategies.toy_forms(max_actions=16))
def test_oxigraph_agrees(form: LogicalForm, seen: MemoryGraph, store: pyoxigraph.Store) -> None:
    assert of_oxigraph(to_sparql(form), store) == of_denotation(execute(form, seen), seen)


@settings(on_the_toy_graph, max_examples=40)
@given(form=strategies.toy_forms(max_actions=8))
def test_rdflib_agrees(form: LogicalForm, seen: MemoryGraph, rdf: rdflib.Graph) -> None:
    assert of_rdflib(to_sparql(form), rdf) == of_denotation(execute(form, seen), seen)


@pytest.fixture(scope="module")
def plain() -> tuple[MemoryGraph, pyoxigraph.Store]:
    """The toy graph as plain RDF, whose dates keep their precision (but for years before 1)."""
    records = [record for record in toy_records() if record.id != "Q1048"]
    return MemoryGraph(records), store_of(to_turtle(records, model=PLAIN_TOY))


@settings(on_the_toy_graph, max_examples=300)
@given(form=strategies.toy_forms(max_actions=12))
def test_plain_rdf_agrees(form: LogicalForm, plain: tuple[MemoryGraph, pyoxigraph.Store]) -> None:
    memory, store = plain
    operators = {part.operator for part in subforms(form) if isinstance(part, Call)}
    if operators & STATEMENT_OPERATORS:
        with pytest.raises(FormError, match="no statements"):
            to_sparql(form, model=PLAIN_TOY)
    elif RelationLeaf("P31") not in subforms(form) and RelationLeaf("P580") not in subforms(form):
        answer = of_oxigraph(to_sparql(form, model=PLAIN_TOY), store)
        own = of_denotation(execute(form, memory), memory)
        if form.sort.value != "Values":  # whose RDF has other datatypes
            assert _local(answer) == own
        else:
            assert isinstance(answer, frozenset)
            assert isinstance(own, frozenset)
            assert len(answer) == len(own)


def _local(answer: object) -> object:
    if isinstance(answer, frozenset):
        return frozenset(name.removeprefix(NAMESPACE) for name in answer)
    return answer


@pytest.mark.parametrize(
    ("text", "years"),
    [
        ("equals(value({A B C D}, P1), @1998-07-15)", ["1998", "1998-07"]),
        ("greater_than(value({A B C D}, P1), @1998-07-03)", ["1999-01-01"]),
        ("at_least(value({A B C D}, P1), @1998-07-04)", ["1998", "1998-07", "1999-01-01"]),
        ("less_than(value({A B C D}, P1), @1998-07-04)", ["1998-07-03"]),
        ("max(value({A B C}, P1))", ["1998", "1998-07", "1998-07-03"]),
        ("min(value({A B C}, P1))", ["1998", "1998-07-03", "1998-07"]),
        ("around(value({A B C D}, P1), @1993)", ["1998", "1998-07", "1998-07-03"]),
    ],
)
def test_plain_dates_keep_their_precision(text: str, years: list[str]) -> None:
    dates = {"A": "@1998", "B": "@1998-07", "C": "@1998-07-03", "D": "@1999-01-01"}
    records = [Record(name, facts={"P1": [Statement(read_value(date))]}) for name, date in dates.items()]
    memory, store = MemoryGraph(records), store_of(to_turtle(records, model=PLAIN_TOY))
    form = read_form(text)
    answer = of_oxigraph(to_sparql(form, model=PLAIN_TOY), store)
    assert isinstance(answer, frozenset)
    assert sorted(date for _, date in answer) == sorted(years)
    own = execute(form, memory)
    assert sorted(str(value)[1:] for value in memory.values(own.items)) == sorted(years)  # type: ignore[union-attr]


def test_ordinals_are_numbers_and_statements_keep_their_ranks() -> None:
    """10 comes after 9, "9b" is no ordinal, and a deprecated statement does not exist."""
    said = [
        Statement("Q1", qualifiers={"P1545": [String("10")]}),
        Statement("Q2", qualifiers={"P1545": [String("9")]}),
        Statement("Q3", qualifiers={"P1545": [String("9b")]}),
        Statement("Q4", qualifiers={"P1545": [Text("1", "en")]}),
        Statement("Q5", qualifiers={"P1545": [Quantity(9.5)]}),
    ]
    records = [Record("Q9", facts={"P1": said})]
    memory, turtle = MemoryGraph(records), to_turtle(records, model=WIKIDATA)
    store, graph = store_of(turtle), rdflib.Graph().parse(data=turtle, format="turtle")
    for operator, name in (("first", "Q2"), ("last", "Q1")):
        form = read_form(f"object({operator}(statements(Q9, P1), P1545))")
        assert of_denotation(execute(form, memory), memory) == {name}
        assert of_oxigraph(to_sparql(form), store) == {name}
        assert of_rdflib(to_sparql(form), graph) == {name}


def test_a_map_without_elements_stays_without() -> None:
    """rdflib makes one group of unbound variables out of none: it must match nothing."""
    graph = rdflib.Graph()
    for text in (
        "intersect(Q1, arg(cardinality(follow(for_each(Q1), P1))))",
        "intersect(Q1, arg(sum(cardinality(for_each(members(Q2))), cardinality(follow(for_each(Q1), P1)))))",
    ):
        assert of_rdflib(to_sparql(read_form(text)), graph) == frozenset()


def test_unknown_values_are_no_answers() -> None:
    """Wikidata says "some value" with a made-up IRI or a blank node."""
    turtle = "".join(f"@prefix {name}: <{iri}> .\n" for name, iri in WIKIDATA.prefixes.items()) + (
        "wd:Q1 wdt:P1 <http://www.wikidata.org/.well-known/genid/1>, _:b, wd:Q2 ;"
        "  wdt:P1 <http://example.org/>, 'text' ."
    )
    store = store_of(turtle)
    assert of_oxigraph(to_sparql(read_form("follow(Q1, P1)")), store) == {"Q2"}
    assert of_oxigraph(to_sparql(read_form("value(Q1, P1)")), store) == {
        "http://example.org/",
        ("string", "text", ""),
    }


def test_subclasses_are_a_choice() -> None:
    model = wikidata_model(subclasses=True)
    records = [
        Record("Q1", facts={"P31": [Statement("Q2")]}),
        Record("Q2", facts={"P279": [Statement("Q3")]}),
    ]
    store = store_of(to_turtle(records, model=model))
    assert of_oxigraph(to_sparql(read_form("members(Q3)"), model=model), store) == {"Q1"}
    assert of_oxigraph(to_sparql(read_form("members(Q3)")), store) == frozenset()
    model = plain_model(namespace=NAMESPACE, subclasses=True)
    assert "a/rdfs:subClassOf* <http://example.org/box>" in to_sparql(read_form("members(box)"), model=model)


# --- only validated text ------------------------------------------------------------------------------

NASTY = (
    'a" . } DROP ALL #',
    "back\\slash",
    "\\",
    '\\"',
    "\\u0022 } #",
    "\\\\u0022 } #",
    "\\U00000022",
    "line\nbreak\r\ttab",
    "\u2028\u2029\x85\x0b\x0c\x1c\x00\x7f",
    "wd:Q1 ?x $x <b> 'q'",
    "näïve 🙂",
)


def _answers_itself(value: Value, store: pyoxigraph.Store, rdf: rdflib.Graph) -> None:
    language = getattr(value, "language", "")
    query = to_sparql(ValueLeaf(value))
    assert isinstance(value, (String, Text))
    expected = frozenset([("string", value.text, language)])
    assert of_oxigraph(query, store) == expected
    assert of_rdflib(query, rdf) == expected


@pytest.mark.parametrize("text", NASTY, ids=ascii)
def test_strings_are_escaped(text: str) -> None:
    _answers_itself(String(text), pyoxigraph.Store(), rdflib.Graph())
    _answers_itself(Text(text, "en"), pyoxigraph.Store(), rdflib.Graph())


@settings(deadline=None, max_examples=60)
@given(st.text(st.sampled_from("\\uU0x2\"'\n} a"), max_size=14))
def test_strings_are_escaped_whatever_they_are(text: str) -> None:
    _answers_itself(String(text), pyoxigraph.Store(), rdflib.Graph())


@settings(deadline=None, max_examples=100)
@given(strategies.values)
def test_every_value_can_be_asked_for(value: Value) -> None:
    for model in (WIKIDATA, PLAIN):
        pyoxigraph.Store().query(to_sparql(ValueLeaf(value), model=model))
        form = call("equals", read_form("value(Q1, P1)"), ValueLeaf(value))
        pyoxigraph.Store().query(to_sparql(form))


@pytest.mark.parametrize(
    "leaf",
    [
        EntityLeaf(("Q1 . } DROP ALL",)),
        EntityLeaf(("http://example.org/Q1",)),
        EntityLeaf(("q1",)),
        EntityLeaf(("",)),
        EntityLeaf(("Q1\n",)),
        EntityLeaf(("Q٣",)),
        ValueLeaf(Text("x", "en . }")),
        ValueLeaf(String("\ud800")),
        ValueLeaf(Quantity(float("nan"))),
    ],
    ids=ascii,
)
def test_what_cannot_be_wikidatas_is_refused(leaf: LogicalForm) -> None:
    with pytest.raises(FormError, match=r"expected|finite"):
        to_sparql(leaf)


@pytest.mark.parametrize(
    "name", ["Q1", "a b", "http://a/>", "http://a/\\u003e", "x:\n", "", "1:a", "http://a/<b"]
)
def test_what_is_no_iri_is_refused(name: str) -> None:
    for form in (
        EntityLeaf((name,)),
        call("members", TypeLeaf(name)),
        call("follow", EntityLeaf(("http://a/b",)), RelationLeaf(name)),
    ):
        with pytest.raises(FormError, match="expected an IRI"):
            to_sparql(form, model=PLAIN)


def test_relations_must_be_relations() -> None:
    with pytest.raises(FormError, match=r"P57.*'Q57'"):
        to_sparql(read_form("follow(Q1, Q57)"))


@pytest.mark.parametrize("text", ["for_each(Q1)", "statements(Q1, P1)", "cardinality(for_each(Q1))", "P1"])
def test_only_what_answers_a_question(text: str) -> None:
    form = read_form(text, sorts=[sort for sort in Sort if sort not in ROOT_SORTS])
    with pytest.raises(FormError, match="answers a question"):
        to_sparql(form)


def test_a_query_that_would_double_and_double_is_refused() -> None:
    deep = "cardinality(follow(for_each(Q1), P1))"
    for _ in range(14):
        deep = f"max({deep})"
    with pytest.raises(FormError, match="too deeply"):
        to_sparql(read_form(f"arg({deep})"))


# --- how it reads -------------------------------------------------------------------------------------


def test_a_query_reads_well() -> None:
    form = read_form("arg(max(cardinality(follow(for_each(keep(follow_back(Q4465, P57), Q11424)), P161))))")
    assert (
        to_sparql(form)
        == """\
PREFIX wd: <http://www.wikidata.org/entity/>
PREFIX wdt: <http://www.wikidata.org/prop/direct/>
SELECT DISTINCT ?x WHERE {
  {
    SELECT ?x (COUNT(DISTINCT ?x4) AS ?x1) WHERE {
      ?x wdt:P57 wd:Q4465 .
      ?x wdt:P31 wd:Q11424 .
      ?x wdt:P161 ?x4 .
      FILTER(STRSTARTS(STR(?x4), STR(wd:)))
    } GROUP BY ?x HAVING (BOUND(?x))
  }
  {
    SELECT (MAX(?x2) AS ?c3) WHERE {
      {
        SELECT ?k5 (COUNT(DISTINCT ?x6) AS ?x2) WHERE {
          ?k5 wdt:P57 wd:Q4465 .
          ?k5 wdt:P31 wd:Q11424 .
          ?k5 wdt:P161 ?x6 .
          FILTER(STRSTARTS(STR(?x6), STR(wd:)))
        } GROUP BY ?k5 HAVING (BOUND(?k5))
      }
    }
  }
  FILTER(?x1 = ?c3)
}
"""
    )


@pytest.mark.parametrize(
    ("text", "first_line"),
    [
        ("exists(follow(Q1, P1))", r"ASK \{"),
        ("is_in(Q2, follow(Q1, P1))", r"ASK \{"),
        ("cardinality(follow(Q1, P1))", r"SELECT \?n WHERE \{"),
        ("pair(1, pair(2, 3))", r"SELECT \?n1 \?n2 \?n3 WHERE \{"),
        ("pair(exists(Q1), exists(Q2))", r"SELECT \?b1 \?b2 WHERE \{"),
        ("value(Q1, P1)", r"SELECT DISTINCT \?x WHERE \{"),
    ],
)
def test_the_result_is_the_documented_one(text: str, first_line: str) -> None:
    assert re.search(rf"^{first_line}$", to_sparql(read_form(text)), re.MULTILINE)


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("@1776-07-04", (1776, 7, 4), (1776, 7, 4)),
        ("@1776-02", (1776, 2, 1), (1776, 2, 29)),
        ("@1900-02", (1900, 2, 1), (1900, 2, 28)),
        ("@1776", (1776, 1, 1), (1776, 12, 31)),
        ("@1950/8", (1950, 1, 1), (1959, 12, 31)),
        ("@1582-10-04J", (1582, 10, 14), (1582, 10, 14)),
        ("@1712-02-29J", (1712, 3, 11), (1712, 3, 11)),
        ("@-0044-03-15J", (-44, 3, 13), (-44, 3, 13)),
        ("@0001-01-01J", (-1, 12, 30), (-1, 12, 30)),
        ("@-0044", (-44, 1, 1), (-44, 12, 31)),
    ],
)
def test_first_and_last_days(text: str, first: tuple[int, int, int], last: tuple[int, int, int]) -> None:
    time = read_value(text)
    assert isinstance(time, Time)
    assert first_day(time) == first
    assert last_day(time) == last


def test_wikidata_counts_years_before_1_with_a_year_0() -> None:
    assert WIKIDATA.value(read_value("@-0044-03-15J")) == '"-0043-03-13T00:00:00Z"^^xsd:dateTime'


def test_numbers_are_written_without_an_exponent() -> None:
    assert "1000000000000000000000 " in to_sparql(read_form("greater_than(1e21, 0.00001)")).replace(">", " >")
    assert "0.00001" in to_sparql(read_form("greater_than(1e21, 0.00001)"))
    assert of_oxigraph(to_sparql(NumberLeaf(2.5)), pyoxigraph.Store()) == (2.5,)
    assert Execution(MemoryGraph([])).denotation(NumberLeaf(2.5)).number == 2.5  # type: ignore[union-attr]
