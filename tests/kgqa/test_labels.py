"""Relations of which only the label is known: what kind of words it is, and the questions made of it."""

from __future__ import annotations

import random
import re
from itertools import islice
from pathlib import Path

import pytest

from grammar.values import Quantity
from kgqa.graphs import EmbeddedGraph, Record, Statement, build_graph
from kgqa.graphs.rdf_terms import end_of
from kgqa.synthesis import invent
from kgqa.synthesis.english import Name, expansions, fill, wordings
from kgqa.synthesis.labels import Ends, Leads, is_noun, words_for
from kgqa.synthesis.noise import Noise
from kgqa.synthesis.survey import Survey
from kgqa.synthesis.verbs import participle, past_of, third_person
from tests.museum import write_museum

SCHEMA = "http://museums.example/schema#"


def said(label: str, leads: Leads, kind: str, word: str = "") -> set[str]:
    """All that may be said of X and Y, without choices."""
    templates = words_for(label, Ends(leads, word))[kind]
    names: dict[str, Name | str] = {
        "x": Name.of("X"),
        "y": Name.of("Y"),
        "T": "things",
        "t": "thing",
        "v": "1900",
    }
    rng = random.Random(1)
    return {fill(e, rng, **names) for template in templates for e in expansions(template)}


@pytest.mark.parametrize(
    ("label", "leads", "word", "expected"),
    [
        ("created by", "people", "artist", {"ask": "Who created X?", "back": "Which things did Y create?"}),
        ("written by", "people", "", {"ask": "Who wrote X?", "is": "Did Y write X?", "that": "written by Y"}),
        ("kept in", "places", "museum", {"ask": "Where is X kept?", "back": "Which things are kept in Y?"}),
        ("kept in", "places", "museum", {"ask": "In which museum was X kept?", "is": "Is X kept in Y?"}),
        ("translated into", "things", "language", {"ask": "Which language was X translated into?"}),
        ("student of", "people", "", {"ask": "Whose student was X?", "back": "Who were Y's students?"}),
        ("member of", "things", "club", {"ask": "Which club does X belong to?", "is": "Is X a member of Y?"}),
        ("in country", "places", "country", {"ask": "In which country is X?", "that": "in Y"}),
        ("depicts", "things", "", {"ask": "What does X depict?", "back": "What things depict Y?"}),
        ("depicts", "things", "", {"is": "Does X depict Y?", "many": "How many things does X depict?"}),
        ("showed", "things", "", {"ask": "What did X show?", "back": "Which things showed Y?"}),
        (
            "director",
            "people",
            "",
            {"ask": "Who is the director of X?", "back": "Which things have Y as director?"},
        ),
        ("has friend", "people", "", {"ask": "Who is the friend of X?"}),
        ("opened on", "times", "", {"ask": "When was X opened?", "after": "opened after 1900"}),
        ("opened on", "times", "", {"ask": "When did X open?", "early": "opened first"}),
        (
            "year completed",
            "times",
            "",
            {"ask": "When was X completed?", "later": "Was X completed after Y?"},
        ),
        ("start date", "times", "", {"ask": "When did X start?", "last": "has the latest start date"}),
        (
            "expiry date",
            "times",
            "",
            {"ask": "What is X's expiry date?", "during": "with an expiry date in 1900"},
        ),
        ("annual visitors", "amounts", "", {"ask": "How many annual visitors does X have?"}),
        ("annual visitors", "amounts", "", {"last": "has the most annual visitors"}),
        ("number of rooms", "amounts", "", {"ask": "How many rooms does X have?", "many_than": "more rooms"}),
        (
            "shelf length",
            "amounts",
            "",
            {"ask": "How long is X?", "max": "longest", "over": "longer than 1900"},
        ),
        (
            "insurance value",
            "amounts",
            "",
            {"ask": "How much is X worth?", "early": "has the lowest insurance value"},
        ),
        ("inventory number", "texts", "", {"ask": "What is the inventory number of X?"}),
    ],
)
def test_a_label_makes_questions(label: str, leads: Leads, word: str, expected: dict[str, str]) -> None:
    for kind, question in expected.items():
        assert question in said(label, leads, kind, word)


@pytest.mark.parametrize(
    ("label", "ends", "noun"),
    [
        ("created by", Ends("people", "artist"), "creator"),
        ("led by", Ends("people", "employee"), "leader"),
        ("directed by", Ends("people"), "director"),
        ("kept in", Ends("places", "museum"), "museum"),
        ("reports to", Ends("people", "employee", own_kind=True), ""),
        ("has skill", Ends("things", "skill"), "skill"),
        ("opened on", Ends("times"), ""),
    ],
)
def test_what_the_other_end_is_called(label: str, ends: Ends, noun: str) -> None:
    assert words_for(label, ends).noun == noun


def test_nouns_and_others() -> None:
    things = Ends()
    assert all(is_noun(noun, things) for noun in ("director", "capital city", "children", "number plate"))
    assert not any(
        is_noun(label, things) for label in ("kept in", "created by", "depicts", "part of", "showed")
    )
    assert is_noun("annual visitors", Ends("amounts"))


@pytest.mark.parametrize(
    ("word", "base", "past"),
    [
        ("painted", "paint", "painted"), ("created", "create", "created"), ("kept", "keep", "kept"),
        ("written", "write", "wrote"), ("stopped", "stop", "stopped"), ("supplied", "supply", "supplied"),
        ("managed", "manage", "managed"), ("curated", "curate", "curated"), ("stored", "store", "stored"),
        ("aired", "air", "aired"), ("competed", "compete", "competed"), ("ruled", "rule", "ruled"),
        ("enrolled", "enrol", "enrolled"), ("cancelled", "cancel", "cancelled"), ("killed", "kill", "killed"),
        ("scored", "score", "scored"), ("poured", "pour", "poured"), ("filled", "fill", "filled"),
        ("baptised", "baptise", "baptised"), ("carved", "carve", "carved"), ("treated", "treat", "treated"),
    ],
)  # fmt: skip
def test_verbs(word: str, base: str, past: str) -> None:
    verb = participle(word)
    assert verb is not None
    assert (verb.base, verb.past) == (base, past)
    assert third_person(verb.third) in (verb, None)


def test_every_participle_of_the_wordings_is_of_a_verb_that_the_table_knows() -> None:
    templates = [t for row in wordings().relations.values() for ts in row.templates.values() for t in ts]
    words = {word for t in templates for e in expansions(t.lower()) for word in re.findall(r"[a-z]+", e)}
    verbs = {word: verb for word in words if (verb := participle(word)) is not None}
    assert len(verbs) > 150
    assert {word for word, verb in verbs.items() if past_of(verb.base) != verb.past} == set()


def test_words_that_are_no_verbs() -> None:
    assert [participle(word) for word in ("director", "seed", "red", "bed", "")] == [None] * 5
    assert [third_person(word) for word in ("employees", "address", "visitors", "")] == [None] * 4


def test_the_end_of_an_iri_is_read_as_words() -> None:
    space = "http://example.org/"
    names = ("heldAt", "inCountry", "dateOfBirth", "hasISBN", "NewYork_City", "annual_visitors", "X-12")
    assert [end_of(space + name) for name in names] == [
        "held at", "in country", "date of birth", "has ISBN", "New York City", "annual visitors", "X-12",
    ]  # fmt: skip


# --- a whole graph --------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def museum(tmp_path_factory: pytest.TempPathFactory) -> EmbeddedGraph:
    folder = Path(tmp_path_factory.mktemp("museum"))
    build_graph([write_museum(folder / "museum.ttl", works=300)], folder / "g")
    return EmbeddedGraph.open(folder / "g")


def test_what_relations_lead_to(museum: EmbeddedGraph) -> None:
    survey = Survey(museum)
    found = {name: survey.ends(SCHEMA + name) for name in (
        "createdBy", "keptIn", "depicts", "heldAt", "director", "memberOf", "inCountry", "openedOn",
        "yearCompleted", "heightCm", "population",
    )}  # fmt: skip
    assert found == {
        "createdBy": Ends("people", "artist"),
        "keptIn": Ends("places", "museum"),
        "depicts": Ends("things"),
        "heldAt": Ends("places", "museum"),
        "director": Ends("people", "artist"),
        "memberOf": Ends("things", "movement"),
        "inCountry": Ends("places", "country"),
        "openedOn": Ends("times"),
        "yearCompleted": Ends("times"),
        "heightCm": Ends("amounts"),
        "population": Ends("amounts"),
    }
    assert survey.wording(SCHEMA + "dateOfBirth")["ask"][0] == "When was {x} born?"  # as of a known relation


def test_dialogues_read_like_english(museum: EmbeddedGraph) -> None:
    examples = [e for d in islice(invent(museum, seed=3), 150) for e in d.examples]
    questions = [e.question for e in examples]
    odd = re.compile(
        r"\b(createdBy|keptIn|the kept in|the created by|depictses|showeds|a artist|with she)\b|[{}\[\]]"
    )
    assert [q for q in questions if odd.search(q)] == []
    text = "\n".join(questions).lower()
    for wanted in (
        "who created ",
        "what does ",
        " depict",
        "was born",
        "which museum",
        "when was ",
        "opened",
    ):
        assert wanted in text
    relations = {name.removeprefix(SCHEMA) for e in examples for name in e.gold.relations}
    assert len(relations) >= 18


def test_brackets_in_labels_are_neither_choices_nor_slots(tmp_path: Path) -> None:
    """All kinds of label hold some; whole names are said, nouns lose them, and nothing is filled in twice."""
    kinds = ["colleague [a|b]", "film {x}"]
    people = ["[REC|b]", "Ann {x}", "Bob {n'}", "Cy [a|b]", "Dee {v}|", "Eve"]
    films = [f"{sign} part {k}" for k, sign in enumerate(("{y}", "[a|b]", "{T}", "[]", "up", "{n}"))]
    records = [
        Record("type", label="instance of", is_relation=True),
        Record("directed", label="directed by", is_relation=True),
        Record("friend", label="friend [of|or {x}] mine", is_relation=True),
        Record("length", label="length {n}", is_relation=True),
        Record("Person", label=kinds[0]),
        Record("Film", label=kinds[1]),
        *(
            Record(
                f"p{k}", label=label,
                facts={
                    "type": [Statement("Person")],
                    "friend": [Statement(f"p{(k + j) % 6}") for j in (1, 2)],
                },
            )
            for k, label in enumerate(people)
        ),
        *(
            Record(
                f"f{k}", label=label,
                facts={
                    "type": [Statement("Film")],
                    "directed": [Statement(f"p{k // 2}")],
                    "length": [Statement(Quantity(90.0 + k))],
                },
            )
            for k, label in enumerate(films)
        ),
    ]  # fmt: skip
    build_graph([records], tmp_path / "graph", name="signs", type_relations=["type"])
    noise = Noise(lower_case=0, no_mark=0, spaced_mark=0, typo=0, lead=0, alias=0, contraction=0, article=0)
    dialogues = islice(invent(EmbeddedGraph.open(tmp_path / "graph"), seed=2, noise=noise), 150)
    said = [example.question for dialogue in dialogues for example in dialogue.examples]
    whole = re.compile("|".join(map(re.escape, [*people, *films, *kinds])), re.IGNORECASE)
    rest = [whole.sub("", question) for question in said]
    assert sum(map(len, said)) - sum(map(len, rest)) > 200
    assert any("[REC|b]" in question and "film x" in question for question in said)
    assert not [question for question in rest if re.search(r"[\[\]|{}\ue000-\uf8ff]|\bREC\b", question)]
