"""The table of wordings is whole and varied; nouns, words and descriptions mean what they are said of."""

import random
import re
from collections import Counter
from pathlib import Path

import pytest

from grammar.values import Time
from kgqa.answer import Result
from kgqa.graphs import EmbeddedGraph, Record, Statement, build_graph
from kgqa.synthesis.asking import asked_politely, fronted, indirect
from kgqa.synthesis.checks import _checked
from kgqa.synthesis.combining import all_of_them, checked, combined, of_a_type
from kgqa.synthesis.dialogue import _about
from kgqa.synthesis.english import IT, THEY, expansions, plural, with_possessive, wordings
from kgqa.synthesis.frames import frames
from kgqa.synthesis.labels import Ends, words_for
from kgqa.synthesis.noise import Noise
from kgqa.synthesis.single import count_forward, forward, generic
from kgqa.synthesis.statements import at_a_time, began_or_ended, first_or_last
from kgqa.synthesis.survey import Survey
from kgqa.synthesis.talk import Talk
from tests.toy import toy_graph

KINDS = {
    *("ask", "short", "back", "that", "is", "many", "any", "max", "min", "more", "less", "last", "early"),
    *("after", "before", "during", "over", "under", "many_than", "later", "earlier", "at", "first_one"),
    *("last_one", "all", "began", "ended", "since", "until", "become", "leave"),
}
CHATTED_ABOUT = (
    "P50",
    "P57",
    "P161",
    "P58",
    "P175",
    "P136",
    "P54",
    "P27",
    "P26",
    "P577",
    "P571",
    "P840",
    "P674",
)


@pytest.fixture(scope="module")
def graph(tmp_path_factory: pytest.TempPathFactory) -> EmbeddedGraph:
    """A film with author and screenwriter, a book with an author, an album, a song and a band."""
    kinds = {
        "Q11424": "film", "Q7725634": "literary work", "Q5": "human", "Q215380": "band", "Q482994": "album",
        "Q7366": "song", "Q177220": "singer", "Q33999": "actor",
    }  # fmt: skip
    things = {
        "Qfilm": ("The Tin Harbour", "Q11424", {"P50": "Qann", "P58": "Qbob"}),
        "Qfilm2": ("Late Rain", "Q11424", {"P58": "Qbob"}),
        "Qbook": ("The Paper Harbour", "Q7725634", {"P50": "Qann"}),
        "Qbook2": ("Dry Leaves", "Q7725634", {"P50": "Qann"}),
        "Qband": ("Slow Wires", "Q215380", {"P527": "Qann"}),
        "Qband2": ("Fast Wires", "Q215380", {"P527": "Qbob"}),
        "Qalbum": ("Blue Hours", "Q482994", {"P175": "Qband"}),
        "Qalbum2": ("Red Hours", "Q482994", {"P175": "Qband"}),
        "Qsong": ("One Hour", "Q7366", {"P175": "Qband"}),
        "Qsong2": ("Two Hours", "Q7366", {"P175": "Qband"}),
        "Qann": ("Ann Quill", "Q5", {"P106": "Q177220"}),
        "Qbob": ("Bob Reed", "Q5", {"P106": "Q33999"}),
    }
    relations = {
        "P31": "instance of",
        "P50": "author",
        "P58": "screenwriter",
        "P527": "has part",
        "P175": "performer",
    }
    records = [
        *(Record(name, label=label, is_relation=True) for name, label in relations.items()),
        Record("P106", label="occupation", is_relation=True),
        *(Record(name, label=label) for name, label in kinds.items()),
        *(
            Record(
                name,
                label=label,
                facts={"P31": [Statement(kind)], **{r: [Statement(o)] for r, o in facts.items()}},
            )
            for name, (label, kind, facts) in things.items()
        ),
    ]
    folder = Path(tmp_path_factory.mktemp("wording")) / "graph"
    build_graph([records], folder, name="wording", type_relations=["P31"])
    return EmbeddedGraph.open(folder)


def test_rows_hold_nothing_that_nobody_reads() -> None:
    relations = wordings().relations
    assert len(relations) >= 200
    for name, wording in relations.items():
        assert set(wording.templates) <= KINDS, name
        assert wording["ask"], name
        words = {w for ts in wording.templates.values() for t in ts for w in re.findall(r"\w+", t.lower())}
        words |= {w for noun in wording.called for w in noun.split()}
        assert set(wording.only) <= words, name


def test_no_template_names_the_same_twice() -> None:
    for name, wording in wordings().relations.items():
        for kind, templates in wording.templates.items():
            for text in (e for t in templates for e in expansions(t)):
                if kind != "short":  # where {x} is always a pronoun
                    assert len(re.findall(r"\{x'?s?\}", text)) <= 1, (name, text)


@pytest.mark.parametrize("relation", CHATTED_ABOUT)
def test_what_people_chat_about_is_worded_in_many_ways(relation: str) -> None:
    wording = wordings().relations[relation]
    assert len(wording["ask"]) >= 12
    assert len(wording["short"]) >= 8
    assert len({e for t in wording["ask"] for e in expansions(t)}) >= 20


@pytest.mark.parametrize(
    ("question", "inner"),
    [
        ("When was {x} born?", "when {x} was born"),
        ("When did {x} come out?", "when {x} came out"),
        ("Who is the director of {x'}?", "who the director of {x'} is"),
        ("Who directed {x'}?", "who directed {x'}"),
        ("Which {T} did {y} write?", "which {T} {y} wrote"),
        ("Was {x} born in {y'}?", "if {x} was born in {y'}"),
        ("Did {y} direct {x'}?", "if {y} directed {x'}"),
        ("Does {x} have children?", "if {x} has children"),
        ("What is {x's} job?", "what {x's} job is"),
        ("Who has {y'} as director?", "who has {y'} as director"),
        ("Which {T} have {y'} as director?", "which {T} have {y'} as director"),
        ("Which {t} has {y} as its capital?", "which {t} has {y} as its capital"),
        ("What has {y'} among its actors?", "what has {y'} among its actors"),
        ("Which {T} has {y} won?", "which {T} {y} has won"),
        ("Since when has {x} been in office?", "since when {x} has been in office"),
        ("Which species has {x}?", None),
        ("{x} is by who?", None),
        ("Did {x} xyz?", None),
    ],
)
def test_questions_are_put_indirectly(question: str, inner: str | None) -> None:
    assert indirect(question) == inner
    said = asked_politely(question, random.Random(1))
    assert said == question if inner is None else inner in said


def test_several_take_verbs_without_an_s() -> None:
    assert indirect("Which sport does {x} play?", plural=True) == "which sport {x} play"
    assert indirect("Which sport does {x} play?") == "which sport {x} plays"


def test_what_a_question_is_about_may_stand_in_front() -> None:
    assert fronted("Who plays the lead in {x'}?") == "In {x'}, who plays the lead?"
    assert fronted("What is the capital of {x'}?") == "For {x'}, what is the capital?"
    assert fronted("Who directed {x'}?") == "Who directed {x'}?"


def test_a_noun_means_the_first_relation_that_an_entity_has(graph: EmbeddedGraph) -> None:
    survey = Survey(graph)
    assert wordings().same_noun["writer"] == ("P58", "P50")
    assert "writer" in survey.nouns_of("Qbook", "P50", "out")
    assert "writer" in survey.nouns_of("Qfilm", "P58", "out")
    assert "writer" not in survey.nouns_of("Qfilm", "P50", "out")
    assert "author" in survey.nouns_of("Qfilm", "P50", "out")


def test_a_question_made_of_a_noun_uses_one_that_fits(graph: EmbeddedGraph) -> None:
    talk = Talk(Survey(graph), random.Random(3))
    texts = [t for _ in range(60) for t in generic(talk, "P50", "ask", ("Qfilm", "out"))]
    assert any("author" in t for t in texts)
    assert not any(re.search(r"\bwriter\b", t) for t in texts)


def test_an_album_is_not_called_a_song(graph: EmbeddedGraph) -> None:
    survey = Survey(graph)
    assert survey.fits("Whose song is {x}?", "P175", survey.types("Qsong"))
    assert not survey.fits("Whose song is {x}?", "P175", survey.types("Qalbum"))
    talk = Talk(survey, random.Random(1))
    choices = wordings().relations["P175"]["ask"]
    asked = [talk.worded(choices, "ask", "Qalbum", ("P175", "out")) for _ in range(300)]
    said = " ".join(a for a in asked if a)
    assert "album" in said
    assert not re.search(r"\bsong\b", said)


def test_a_band_is_they_and_a_book_it(graph: EmbeddedGraph) -> None:
    survey = Survey(graph)
    assert survey.pronoun("Qband") is THEY
    assert survey.pronoun("Qbook") is IT


def test_people_are_called_by_what_they_do_where_it_tells_them_apart(graph: EmbeddedGraph) -> None:
    talk = Talk(Survey(graph), random.Random(1))
    said = Counter(
        str(n.subject) for n in (talk.called_by_type("Qann", ["Qbob"]) for _ in range(100)) if n is not None
    )
    assert sum(said[f"{which} singer"] for which in ("the", "this", "that")) > 10
    assert not any("person" in name for name in said)
    talk.survey.roles("Qann")
    assert talk.called_by_type("Qann", ["Qann"]) is None


def test_a_dialogue_comes_back_to_its_topic_by_a_word_that_means_nothing_else(graph: EmbeddedGraph) -> None:
    talk = Talk(Survey(graph), random.Random(1), alias_chance=0)
    talk.topic, talk.focus, talk.mentioned = "Qbook", "Qann", {"Qbook", "Qann"}
    said = Counter(talk.refer("Qbook").subject for _ in range(300))
    assert said["it"] > 50
    assert sum(count for name, count in said.items() if re.match(r"(the|this|that) ", name)) > 30
    talk.outcome = Result(entities=("Qbook2",))  # now "it" and "the book" are the other one
    said = Counter(talk.refer("Qbook").subject for _ in range(300))
    assert said["it"] == 0
    assert not any(re.match(r"(the|this|that) (book|work|literary work)$", name) for name in said)


def test_most_questions_stay_with_the_topic(graph: EmbeddedGraph) -> None:
    talk = Talk(Survey(graph), random.Random(1))
    talk.topic, talk.focus, talk.outcome = "Qbook", "Qfilm", Result(entities=("Qann",))
    about = Counter(_about(talk, "Qbook") for _ in range(3000))
    assert 0.58 < (about["Qbook"] + about["Qfilm"]) / about.total() < 0.8
    assert about["Qbook"] > about["Qfilm"] > about.total() * 0.1
    assert about["Qann"] > about.total() * 0.15


@pytest.mark.parametrize(
    ("clause", "template"),
    [
        ("that came out before 1990", "Did {x} come out before 1990?"),
        ("who died after 1990", "Did {x} die after 1990?"),
        ("with more than 5 seasons", "Does {x} have more than 5 seasons?"),
        ("founded in 1990", "Was {x} founded in 1990?"),
        ("longer than 90 minutes", "Is {x} longer than 90 minutes?"),
        ("in 1990", None),
    ],
)
def test_a_clause_becomes_a_yes_or_no_question(clause: str, template: str | None) -> None:
    assert _checked(clause) == template


def test_labels_of_several_words_are_read() -> None:
    assert "[Which|What] taxon [is|was] {x} found in?" in words_for("found in taxon", Ends())["ask"]
    assert "What is indigenous to {y'}?" in words_for("indigenous to", Ends("places"))["back"]
    several = words_for("participating teams", Ends())
    assert "Is {y} one of the participating teams of {x'}?" in several["is"]
    assert not any("is {y} the participating" in t.lower() for t in several["back"])


def test_possessives_and_plurals() -> None:
    assert with_possessive("What is the name of the language of it?") == "What is the name of its language?"
    assert plural("provinces of Indonesia") == "provinces of Indonesia"


def test_contractions_are_those_of_people() -> None:
    noise = Noise(lower_case=0, no_mark=0, spaced_mark=0, typo=0, lead=0, alias=0, contraction=1, article=0)
    said = {noise.apply("Who is the author of it?", random.Random(k), first=False) for k in range(40)}
    assert said == {"Who's the author of it?", "Whos the author of it?"}


def test_a_short_question_means_what_it_means_in_full() -> None:
    owners = wordings().shared["short"]["where is {e} from?"]
    assert owners.index(("P19", "ask")) < owners.index(("P27", "short"))
    assert ("P50", "short") in wordings().shared["short"][
        "who wrote {e}?"
    ]  # "Who wrote it?", "And who wrote it?"


def test_a_short_question_is_not_said_where_another_relation_is_meant(graph: EmbeddedGraph) -> None:
    survey = Survey(graph)
    assert survey.means_another("short", "And who wrote it?", "Qfilm", "P50", "out")
    assert not survey.means_another("short", "And who wrote it?", "Qfilm", "P58", "out")
    assert not survey.means_another("short", "And who wrote it?", "Qbook", "P50", "out")


def test_all_who_ever_held_an_office_are_not_asked_for_by_is(tmp_path: Path) -> None:
    graph = toy_graph(tmp_path)
    survey, forms = Survey(graph), []
    for number in range(600):
        talk = Talk(survey, random.Random(number))
        for name in ("Q142", "Q30", "Q76", "Q157", "Q3052772"):
            talk.outcome = Result(entities=("Q76", "Q157", "Q329") if number % 2 else ("Q142", "Q30"))
            drafts = (checked(talk, name), combined(talk, name), of_a_type(talk, name), all_of_them(talk))
            forms += [str(draft.form) for draft in drafts if draft is not None]
    assert any(re.search(r"\bfollow_back\([^()]*, P35\)", form) for form in forms)
    assert not {form for form in forms if re.search(r"\bfollow\([^()]*, P35\)", form)}


def test_a_country_is_in_no_band(tmp_path: Path) -> None:
    """What is said of people alone is not said of others, of times and counts neither."""
    joined = [Statement(f"Qgroup{k}", qualifiers={"P580": [Time(1990 + k, precision=9)]}) for k in range(2)]
    records = [
        Record("P31", label="instance of", is_relation=True),
        Record("P463", label="member of", is_relation=True),
        Record("P580", label="start time", is_relation=True),
        Record("Q6256", label="country"),
        Record("Q5", label="human"),
        *(
            Record(name, label=label, facts={"P31": [Statement(kind)], "P463": joined})
            for name, label, kind in (
                ("Qland", "Arland", "Q6256"),
                ("Qland2", "Borland", "Q6256"),
                ("Qann", "Ann Quill", "Q5"),
                ("Qbob", "Bob Reed", "Q5"),
            )
        ),
        *(Record(f"Qgroup{k}", label=f"Group {k}") for k in range(2)),
    ]
    build_graph([records], tmp_path / "graph", name="members", type_relations=["P31"])
    survey = Survey(EmbeddedGraph.open(tmp_path / "graph"))
    assert at_a_time(Talk(survey, random.Random(1)), "Qann") is None  # no relation says a point in time
    said: dict[str, list[str]] = {}
    for name in ("Qland", "Qann"):
        for make in (at_a_time, began_or_ended, first_or_last, count_forward, forward):
            drafts = (make(Talk(survey, random.Random(number)), name) for number in range(100))
            said.setdefault(name, []).extend(draft.question for draft in drafts if draft is not None)
    assert sum("band" in question for question in said["Qann"]) > 20
    assert len(said["Qland"]) > 50
    assert not [question for question in said["Qland"] if re.search(r"\bbands?\b|\bplay\b", question)]


def test_they_are_asked_about_in_the_right_case() -> None:
    assert not [frame for frame in frames()["checks"]["them"] if "of {x}" in frame]
