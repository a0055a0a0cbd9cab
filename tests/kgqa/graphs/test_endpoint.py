"""The endpoint graph on real servers: whole forms as one query, hubs, stores and their ways."""

from __future__ import annotations

import pickle
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from grammar.denotation import Entities, Values
from grammar.errors import TimedOut, TooLarge, UnknownName
from grammar.execute import Limits, execute
from grammar.forms import read_form
from grammar.sparql import PLAIN
from kgqa.evidence import facts_behind
from kgqa.graphs import EmbeddedGraph
from kgqa.graphs.endpoints import endpoint, endpoint_facts, endpoint_forms
from kgqa.graphs.endpoints.endpoint import EndpointGraph
from kgqa.graphs.endpoints.endpoint_around import MOST_COUNTED, MOST_FACTS
from kgqa.graphs.endpoints.endpoint_forms import names_of
from kgqa.graphs.endpoints.stores import Store
from kgqa.graphs.rdf import to_rdf
from tests.grammar.answers import of_denotation
from tests.kgqa.graphs.misbehaving import YES, Request, Serve, stalls
from tests.kgqa.graphs.server import SERVERS, is_there, missing, serving_virtuoso
from tests.toy import toy_graph, toy_records

GOLDEN = Path(__file__).parents[2] / "grammar" / "golden.txt"
FORMS = [
    line.partition(" = ")[0].lstrip("~ ")
    for line in GOLDEN.read_text(encoding="utf-8").splitlines()
    if line and not line.startswith("#")
]


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> EmbeddedGraph:
    return toy_graph(tmp_path_factory.mktemp("toy"))


ROWS_AT_ONCE = 700
"""That Virtuoso gives; what is more is asked for page by page."""
PEOPLE = 5_000
PERSON, COUNTRY = "Q777001", "Q777002"
"""A type of thousands and a country of thousands, beside the toy graph."""


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The toy graph, and a hub: thousands of people, all of one type and country, and one who leads it."""
    wd, wdt = "http://www.wikidata.org/entity/", "http://www.wikidata.org/prop/direct/"
    triples = [
        f"<{wd}Q{7_000_000 + number}> <{wdt}{relation}> <{wd}{to}> ."
        for number in range(PEOPLE)
        for relation, to in (("P31", PERSON), ("P27", COUNTRY))
    ]
    triples.append(f"<{wd}Q7999999> <{wdt}P1313> <{wd}{COUNTRY}> .")
    triples += [
        f"<{wd}{relation}> <http://wikiba.se/ontology#directClaim> <{wdt}{relation}> ."
        for relation in ("P31", "P27", "P1313")
    ]
    file = tmp_path_factory.mktemp("served") / "served.nt"
    to_rdf(toy_records()).serialize(file, format="nt", encoding="utf-8")
    with file.open("a") as more:
        more.write("\n".join(triples) + "\n")
    return file


@pytest.fixture(scope="module", params=SERVERS)
def url(
    request: pytest.FixtureRequest, served: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    if not is_there(request.param):
        pytest.skip(missing(request.param))
    folder = tmp_path_factory.mktemp("store")
    few_rows = serving_virtuoso(served, folder, rows=ROWS_AT_ONCE)
    with few_rows if request.param == "virtuoso" else SERVERS[request.param](served, folder) as address:
        yield address


@pytest.fixture
def there(url: str) -> EndpointGraph:
    return EndpointGraph(url)


def answered(text: str, graph: EmbeddedGraph | EndpointGraph) -> object:
    try:
        return of_denotation(execute(read_form(text), graph), graph)
    except UnknownName as error:
        return f"no {error.expected} {error.name}"


def test_forms_mean_the_same_there(here: EmbeddedGraph, there: EndpointGraph) -> None:
    assert len(FORMS) > 150
    assert {text: answered(text, there) for text in FORMS} == {text: answered(text, here) for text in FORMS}


def requests_for(text: str, graph: EndpointGraph) -> int:
    """Requests for a form whose names are known already."""
    form = read_form(text)
    entities, relations, types = names_of(form)
    graph.entities(entities)
    for name in relations:
        graph.has_relation(name)
    for name in types:
        graph.has_type(name)
    before = graph.client.requests
    execute(form, graph)
    return graph.client.requests - before


@pytest.mark.parametrize(
    "text",
    [
        "follow(follow(Q90, P17), P36)",
        "cardinality(keep(follow_back(Q46, P30), Q6256))",
        "arg(max(value(for_each(members(Q11424)), P2047)))",
        "arg(greater_than(cardinality(follow(for_each(members(Q6256)), P47)), 2))",
        "cardinality(union(follow(Q30, P36), follow(Q142, P36)))",
        "is_in(Q61, follow(Q30, P36))",
        "pair(cardinality(follow(Q30, P37)), cardinality(follow(Q31, P37)))",
        "qualifier(where(statements(Q47703, P161), P161, Q34012), P453)",
    ],
)
def test_a_form_is_one_request(text: str, there: EndpointGraph) -> None:
    assert requests_for(text, there) <= 2  # the first time it is asked whether dates are compared
    assert requests_for(text, there) == 1


def test_dates_of_few_elements_keep_their_precision(here: EmbeddedGraph, there: EndpointGraph) -> None:
    # Books of 1997-06-26, 1998-07 and 1999: "1999" is not before May 1999, though its first day is.
    text = "arg(less_than(value(for_each(follow_back(Q34660, P50)), P577), @1999-05))"
    assert answered(text, there) == answered(text, here) == frozenset({"Q43361", "Q47209"})
    assert requests_for(text, there) == 2  # the books, their dates


def test_dates_of_many_elements_are_compared_by_days(
    here: EmbeddedGraph, there: EndpointGraph, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(endpoint_forms, "MOST_APART", 2)
    text = "arg(less_than(value(for_each(follow_back(Q34660, P50)), P577), @1999-05))"
    assert answered(text, there) == frozenset({"Q43361", "Q47209", "X5"})
    assert requests_for(text, there) == 2  # how many there are, and the form


def test_values_come_with_precision_and_unit(there: EndpointGraph) -> None:
    for text, value in (("value(X6, P571)", "@1950/8"), ("value(Q47703, P2047)", "175[Q7727]")):
        values = execute(read_form(text), there)
        assert isinstance(values, Values)
        assert [str(one) for one in there.values(values.items)] == [value]


def test_what_is_not_there_is_an_error_and_no_empty_answer(there: EndpointGraph) -> None:
    for text, expected in (
        ("follow(Q424242, P36)", "entity"),
        ("follow(Q30, P9999)", "relation"),
        ("members(Q9999)", "type"),
    ):
        with pytest.raises(UnknownName, match=f"is no {expected}"):
            execute(read_form(text), there)


def test_the_deadline_of_execution_reaches_the_endpoint(serve: Serve) -> None:
    def answer(request: Request) -> None:
        if "COUNT" in request.asked[-1][1]:
            stalls(request)
        request.reply(200, YES if request.asked[-1][1].rstrip().split("\n")[-1].startswith("ASK") else ROWS)

    url, _ = serve(answer)
    graph = EndpointGraph(url, model=PLAIN)
    started = time.monotonic()
    form = read_form("cardinality(follow(<http://e/a>, <http://e/r>))")
    graph.entities(["http://e/a"])
    with pytest.raises(TimedOut, match=r"within 0\.[2-5]\d* s"):
        execute(form, graph, limits=Limits(seconds=0.5))
    assert time.monotonic() - started < 3


ROWS = (
    b'{"head": {"vars": ["key"]}, "results": {"bindings": [{"key": {"type": "uri", "value": "http://e/a"}}]}}'
)


def test_stores_are_told_apart(there: EndpointGraph) -> None:
    expected = Store.VIRTUOSO if "sparql" in there.url else Store.OXIGRAPH
    assert there.evidence.store is expected
    assert there.evidence.because.lower().startswith(f"server: {expected.lower()}")


def test_it_can_be_sent_to_another_process(there: EndpointGraph) -> None:
    again = pickle.loads(pickle.dumps(there))
    assert repr(again) == repr(there)
    assert again.label("Q90") == "Paris"


# --- hubs, and more rows than a server gives at once ------------------------------------------------------


def test_hubs_are_looked_at_in_samples(there: EndpointGraph) -> None:
    graph = there
    both = graph.entities([COUNTRY, "Q7000007", PERSON])
    around = {(use.relation, use.direction): use.count for use in graph.neighbourhood(both[:2])}
    assert around["P27", "in"] + around["P1313", "in"] in (MOST_FACTS, MOST_FACTS + 1)
    assert around["P1313", "in"] == 1  # the sample may lack it, the look-up by relation does not
    assert around["P31", "out"] == around["P27", "out"] == 1
    assert graph.degree(both).tolist() == [MOST_COUNTED, 2, MOST_COUNTED]
    assert graph.search(PERSON)[0].name == PERSON


def test_all_rows_come_page_by_page(there: EndpointGraph) -> None:
    graph = there
    before = graph.client.requests
    members = graph.members(PERSON)
    assert len(members) == len(set(graph.entity_names(members))) == PEOPLE
    assert graph.client.requests - before == (
        1 if graph.evidence.store is Store.OXIGRAPH else 2 + PEOPLE // ROWS_AT_ONCE
    )
    assert answered("cardinality(members(Q777001))", graph) == (PEOPLE,)
    whole = execute(read_form("members(Q777001)"), graph)
    assert isinstance(whole, Entities)
    assert len(whole.items) == PEOPLE


def test_too_many_things_are_not_asked_for_one_by_one(
    there: EndpointGraph, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(endpoint_facts, "MOST_THINGS", 1_000)
    graph = there
    with pytest.raises(TooLarge, match="facts of 5,000 entities would be asked for one by one"):
        graph.objects(graph.members(PERSON), "P27")


def test_what_is_too_much_to_fetch_can_be_counted(
    there: EndpointGraph, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (endpoint, endpoint_facts):
        monkeypatch.setattr(module, "MOST_ROWS", 1_000)
    with pytest.raises(TooLarge, match="more than 1,000"):
        execute(read_form("members(Q777001)"), there)
    with pytest.raises(TooLarge, match="more than 1,000"):
        there.members(PERSON)
    count = read_form("cardinality(members(Q777001))")
    assert answered(str(count), there) == (PEOPLE,)
    assert facts_behind(count, there) == ()  # the answer stands without them
