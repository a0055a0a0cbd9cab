"""Invented dialogues go on to the answer, ask for the others and for roles as people do."""

import random
from collections.abc import Callable
from pathlib import Path

import pytest

from kgqa.answer import Result
from kgqa.graphs import EmbeddedGraph, Record, Statement, build_graph
from kgqa.synthesis.english import THEY, fill
from kgqa.synthesis.noise import Noise
from kgqa.synthesis.onwards import another_by_relation, but_not, of_the_answer, who_else
from kgqa.synthesis.roles import role
from kgqa.synthesis.survey import Survey
from kgqa.synthesis.talk import Draft, Talk, entity, read
from tests.toy import toy_graph


@pytest.fixture(scope="module")
def survey(tmp_path_factory: pytest.TempPathFactory) -> Survey:
    return Survey(toy_graph(Path(tmp_path_factory.mktemp("onwards"))))


@pytest.fixture(scope="module")
def films(tmp_path_factory: pytest.TempPathFactory) -> Survey:
    """Two films of one director with a cast that plays roles."""

    def played(actor: str, who: str) -> Statement:
        return Statement(actor, qualifiers={"P453": [who]})

    labels = {"Qann": "Ann Quill", "Qbob": "Bob Reed", "Qcy": "Cy Vale", "Qdee": "Dee Holt"}
    facts = {
        "Qf1": ("Late Rain", [played("Qann", "Qr1"), played("Qbob", "Qr2"), played("Qcy", "Qr3")]),
        "Qf2": ("Dry Leaves", [played("Qbob", "Qr1"), played("Qcy", "Qr2")]),
    }
    records = [
        Record("P31", label="instance of", is_relation=True),
        Record("P57", label="director", is_relation=True),
        Record("P161", label="cast member", is_relation=True),
        Record("P453", label="character role", is_relation=True),
        Record("Q5", label="human"),
        Record("Q11424", label="film"),
        *(Record(n, label=label, facts={"P31": [Statement("Q5")]}) for n, label in labels.items()),
        *(Record(f"Qr{k}", label=f"Captain {k}") for k in (1, 2, 3)),
        *(
            Record(
                name,
                label=label,
                facts={"P31": [Statement("Q11424")], "P57": [Statement("Qdee")], "P161": cast},
            )
            for name, (label, cast) in facts.items()
        ),
    ]
    folder = Path(tmp_path_factory.mktemp("films")) / "graph"
    build_graph([records], folder, name="films", type_relations=["P31"])
    return Survey(EmbeddedGraph.open(folder))


def _asked(
    survey: Survey, make: Callable[[Talk], Draft | None], prepare: Callable[[Talk], None], times: int = 300
) -> dict[str, str]:
    """Questions with their forms, of many dialogues that stand where ``prepare`` puts them."""
    found = {}
    for number in range(times):
        talk = Talk(survey, random.Random(number), alias_chance=0)
        prepare(talk)
        draft = make(talk)
        if draft is not None:
            found[draft.question] = str(draft.form)
    return found


def _capital_of_france(talk: Talk) -> None:
    form = read(entity("Q142"), "P36", "out")
    talk.last = Draft("What is the capital of France?", form, "forward", "Q142", ("P36", "out"))
    talk.outcome, talk.focus, talk.topic = Result(entities=("Q90",)), "Q142", "Q142"
    talk.mentioned = {"Q142", "Q90"}


def test_there_is_the_city_that_was_the_answer(survey: Survey) -> None:
    found = _asked(survey, of_the_answer, _capital_of_france)
    assert found["How many people live there?"] == "value(Q90, P1082)"
    assert not [question for question, form in found.items() if "Q142" in form]


def test_another_is_named_by_the_relation_that_led_here(survey: Survey) -> None:
    found = _asked(survey, another_by_relation, _capital_of_france)
    assert found["What about the capital of Germany?"] == "follow(Q183, P36)"

    def people_there(talk: Talk) -> None:
        _capital_of_france(talk)
        form = read(entity("Q90"), "P1082", "literal")
        talk.last = Draft("How many people live there?", form, "value", "Q90", ("P1082", "literal"))
        talk.focus = "Q90"

    found = _asked(survey, another_by_relation, people_there)
    assert found["What about the capital of Germany?"] == "value(follow(Q183, P36), P1082)"


def test_who_else_leaves_out_those_that_were_named(films: Survey) -> None:
    def in_it(talk: Talk) -> None:
        form = read(entity("Qann"), "P161", "in")
        talk.last = Draft("What was Ann Quill in?", form, "backward", "Qann", ("P161", "in"))
        talk.outcome, talk.focus, talk.topic = Result(entities=("Qf1",)), "Qann", "Qann"
        talk.mentioned = {"Qann", "Qf1"}

    found = _asked(films, who_else, in_it)
    assert found["Who else was in the film?"] == "difference(follow(Qf1, P161), Qann)"
    assert set(found.values()) <= {
        "difference(follow(Qf1, P161), Qann)",
        "difference(keep(follow(Qf1, P161), Q5), Qann)",
    }
    assert not [question for question in found if "lead" in question or "all else" in question]


def test_but_not_takes_away_those_of_another(films: Survey) -> None:
    def by_dee(talk: Talk) -> None:
        form = read(entity("Qdee"), "P57", "in")
        talk.last = Draft("What did Dee Holt direct?", form, "backward", "Qdee", ("P57", "in"))
        talk.outcome, talk.focus = Result(entities=("Qf1", "Qf2")), "Qdee"

    found = _asked(films, but_not, by_dee, times=900)
    assert (
        found["But not starring Ann Quill?"]
        == "difference(follow_back(Qdee, P57), keep(follow_back(Qann, P161), Q11424))"
    )
    assert (
        found["Which of them are not starring Ann Quill?"] == "difference({Qf1 Qf2}, follow_back(Qann, P161))"
    )


def test_roles_are_asked_for_from_both_sides(films: Survey) -> None:
    found = _asked(films, lambda talk: role(talk, "Qf1"), lambda talk: None, times=3000)
    assert found["Who's Captain 1 in Late Rain?"] == "object(where(statements(Qf1, P161), P453, Qr1))"
    assert (
        found["Who does Bob Reed play in Late Rain?"]
        == "qualifier(where(statements(Qf1, P161), P161, Qbob), P453)"
    )
    assert (
        found["Didn't Ann Quill play Captain 1 in Late Rain?"]
        == "is_in(Qann, object(where(statements(Qf1, P161), P453, Qr1)))"
    )
    assert "And Captain 1?" not in found  # nobody asked about another one


def test_several_are_spoken_of_as_several() -> None:
    rng = random.Random(1)
    assert fill("Isn't {x} from there?", rng, x=THEY) == "Aren't they from there?"
    assert fill("Where's {x} from?", rng, x=THEY) == "Where are they from?"
    assert fill("Tell me what {x} plays.", rng, x=THEY) == "Tell me what they play."


def test_an_article_is_left_out_of_a_phrase_only() -> None:
    quiet = Noise(lower_case=0, no_mark=0, spaced_mark=0, typo=0, lead=0, alias=0, contraction=0, article=1)
    rng = random.Random(1)
    assert quiet.apply("Who is the author of it?", rng, first=True) == "Who is author of it?"
    assert quiet.apply("The author of it?", rng, first=True) == "Author of it?"
    assert quiet.apply("Who was born in the city?", rng, first=True) == "Who was born in the city?"
