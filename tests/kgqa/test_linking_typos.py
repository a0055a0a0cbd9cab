"""Names with typos in them, or beside them: which entity comes first, and which words it stands for."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from grammar.forms import EntityLeaf
from kgqa.conversation import Conversation
from kgqa.graphs import EmbeddedGraph
from kgqa.linking import Candidate, link
from kgqa.linking.mentions import Span, find_spans, find_words
from kgqa.linking.mistyped import Asked, Known, known_words, laid_against, mended, searched_runs
from tests.kgqa.named import NUMBER, named_graph

WORDS = {number: name for name, number in NUMBER.items()}


@pytest.fixture(scope="module")
def graph(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedGraph]:
    opened = named_graph(tmp_path_factory.mktemp("named"))
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def known(graph: EmbeddedGraph) -> Known:
    return known_words(graph)


def first(question: str, graph: EmbeddedGraph) -> Candidate | None:
    return next(iter(link(question, Conversation(), graph).of(EntityLeaf)), None)


IN_A_NAME = [
    ("Who directed Inecption?", "inception", "Inecption"),
    ("Who directed nIception?", "inception", "nIception"),
    ("When was Chrristopher Nlan born?", "nolan", "Chrristopher Nlan"),
    ("Who directed Ocaen's Eleven?", "oceans", "Ocaen's Eleven"),
    ("Who directed Oceans' Elevven?", "oceans", "Oceans' Elevven"),
    ("Who directed Who Frmaed Rogr Rabbit?", "rabbit", "Who Frmaed Rogr Rabbit"),
    ("When was Leonardo DiCparoi born?", "dicaprio", "Leonardo DiCparoi"),
]
BESIDE_A_NAME = [
    ("Whho dircted hte moive Inecption ni 2010?", "inception", "Inecption"),
    ("Wich langauge do peple speak in Incepton?", "inception", "Incepton"),
    ("What did Christpher Nolann drect?", "nolan", "Christpher Nolann"),
]
OF_A_SPACE = [
    ("Who directed Inceptio nin 2010?", "inception", "Inceptio"),
    ("Who directe dInception?", "inception", "dInception"),
    ("Where was Leonard oDiCaprio born?", "dicaprio", "Leonard oDiCaprio"),
    ("Who directed Inceptio?n", "inception", "Inceptio?n"),
    ("Who directed TitanicI n 1997?", "titanic", "TitanicI"),
]


@pytest.mark.parametrize("lower", [False, True], ids=["as written", "lower case"])
@pytest.mark.parametrize(("question", "name", "words"), [*IN_A_NAME, *BESIDE_A_NAME, *OF_A_SPACE])
def test_a_mistyped_name_comes_first(
    graph: EmbeddedGraph, question: str, name: str, words: str, lower: bool
) -> None:
    question, words = (question.lower(), words.lower()) if lower else (question, words)
    best = first(question, graph)
    assert best is not None
    assert WORDS[str(best.leaf)] == name
    assert best.how == "fuzzy"
    assert best.span is not None
    assert question[slice(*best.span)] in words


def test_a_long_title_with_a_typo_in_most_words(graph: EmbeddedGraph) -> None:
    question = "Who directed Teh Lodr of the Rngs: The Two Towerss in 2002?"
    best = first(question, graph)
    assert best is not None
    assert WORDS[str(best.leaf)] == "towers"
    assert question[slice(*best.span or ())] == "Teh Lodr of the Rngs: The Two Towerss"


def test_the_kind_chooses_among_what_is_alike(graph: EmbeddedGraph) -> None:
    best = first("Who is in the band Yse?", graph)
    assert best is not None
    assert WORDS[str(best.leaf)] == "yes band"


@pytest.mark.parametrize(
    "question",
    ["Who directed Titanic?", "When was Kate Winslet born?", "Is Germany older than Bavaria?", "who is it?"],
)
def test_where_all_words_are_known_nothing_is_mistyped(graph: EmbeddedGraph, question: str) -> None:
    found = link(question, Conversation(), graph).of(EntityLeaf)
    assert {one.how for one in found} <= {"exact", "alias"}


def test_a_name_does_not_take_the_small_words_beside_it(graph: EmbeddedGraph) -> None:
    """Letter by letter "was Camerron" is much like James Cameron."""
    question = "When was Camerron born?"
    for one in link(question, Conversation(), graph).of(EntityLeaf):
        assert one.span is None or not question[slice(*one.span)].startswith("was")


# --- the parts -----------------------------------------------------------------------------------------


def asked(question: str, known: Known, *, covered: tuple[str, ...] = ()) -> Asked:
    words = find_words(question)
    numbers = {number for number, word in enumerate(words) if word.text in covered}
    return Asked.read(question, words, numbers, known)


def test_what_is_known_of_words(known: Known) -> None:
    read = asked("Whho dircted hte film Zorblax with Kate?", known, covered=("Kate",))
    assert [word.text for word in read.words if word.stop] == ["who", "the", "with"]
    assert [word.text for word in read.words if word.capital] == ["Zorblax", "Kate"]
    names = {word.text: number for number, word in enumerate(read.words)}
    assert read.unknown == {names["dircted"], names["Zorblax"]}
    assert read.strange == {names["Zorblax"]}  # "dircted" is near to "directed"
    assert read.uncommon == read.unknown | {names["Kate"]}


@pytest.mark.parametrize(
    ("question", "covered", "runs"),
    [
        # What is certainly a name comes first, without what small words join to it.
        ("is blorg in Frobnitz Hil?", (), ["Frobnitz Hil", "Frobnitz", "Hil", "blorg"]),
        # Names that small words join, together and each on its own.
        ("who directed Frobnitz of Zorblax?", (), ["Frobnitz of Zorblax", "Frobnitz", "Zorblax"]),
        # A known word of the same mention is searched for with the unknown one.
        ("who directed Kate Zorblax?", ("Kate",), ["Kate Zorblax", "Zorblax"]),
        # What is a name as it stands is not searched for, nor is a number.
        ("who directed Kate? In 1985?", ("Kate",), []),
        # Without capitals common words may belong to it too.
        ("who is in film zorblax?", (), ["film zorblax", "zorblax"]),
        ("who is in zorblax's list?", (), ["zorblax", "zorblax's"]),
    ],
)
def test_what_is_searched_for(known: Known, question: str, covered: tuple[str, ...], runs: list[str]) -> None:
    words = find_words(question)
    matched = [span for span in find_spans(question, words) if span.text in covered]
    found = searched_runs(asked(question, known, covered=covered), matched)
    assert [span.text for span in found] == runs


def run_of(read: Asked, text: str) -> Span:
    numbers = [number for number, word in enumerate(read.words) if word.text in text.split()]
    return read.span(numbers[0], numbers[-1] + 1)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("Zorblax", "Zorblx"),
        ("The Zorblax of Frobnitz Hill", "the Zorblx of Frobnits Hil"),
        ("Frobnitz Hill", "Zorblx"),  # it has to share the word that was searched for
    ],
)
def test_a_name_is_laid_against_the_words_around(known: Known, name: str, words: str) -> None:
    read = asked("where is the Zorblx of Frobnits Hil in it?", known)
    ((span, alike),) = laid_against(read, run_of(read, "Zorblx"), [name])
    assert span.text == words
    assert (alike > 0.75) == (name != "Frobnitz Hill")


def test_names_are_not_laid_over_the_end_of_a_sentence(known: Known) -> None:
    read = asked("who directed Zorblx? Frobnitz?", known)
    ((span, _),) = laid_against(read, run_of(read, "Zorblx"), ["Zorblax Frobnitz"])
    assert span.text == "Zorblx"


@pytest.mark.parametrize(
    ("question", "words", "meant"),
    [
        ("is the film Zorbla xin it?", "Zorbla", "Zorblax"),
        ("is the fil mZorblax in it?", "mZorblax", "Zorblax"),
        ("is Frobnit zHill in it?", "Frobnit zHill", "Frobnitz Hill"),
        ("is Frobnitz Hil?l", "Frobnitz Hil?l", "Frobnitz Hill"),
    ],
)
def test_letters_change_places_with_spaces(known: Known, question: str, words: str, meant: str) -> None:
    read = find_words(question)
    ways = mended(question, read, find_spans(question, read), frozenset(), known)
    assert (words, meant) in {(span.text, text) for span, text in ways}


def test_letters_of_known_words_stay_where_they_are(known: Known) -> None:
    question = "is Kate in the film?"
    words = find_words(question)
    assert not mended(question, words, find_spans(question, words), {1}, known)
