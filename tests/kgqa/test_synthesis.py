"""Invented dialogues can be read back, their forms give their answers, a seed gives the same ones again."""

import random
from collections import Counter
from itertools import islice
from pathlib import Path

import pytest

from grammar.denotation import Entities, Number, Numbers, Values
from grammar.errors import ConfigError, GraphError
from grammar.execute import execute
from grammar.forms import EntityLeaf, RelationLeaf, ValueLeaf, leaves
from grammar.values import Time
from kgqa.answer import Result
from kgqa.bundled import bundled
from kgqa.conversation import Dialogue, Example
from kgqa.datasets.plain import read
from kgqa.graphs import EmbeddedGraph, Record, Statement, build_graph
from kgqa.synthesis import invent, synthesize
from kgqa.synthesis.english import HE, THEY, Name, expansions, fill, plural, singular_clause, wordings
from kgqa.synthesis.noise import Noise
from kgqa.synthesis.survey import Survey
from kgqa.synthesis.talk import Talk
from tests.toy import toy_graph

SILENT = Noise(lower_case=0, no_mark=0, spaced_mark=0, typo=0, lead=0, alias=0, article=0)


@pytest.fixture(scope="module")
def graph(tmp_path_factory: pytest.TempPathFactory) -> EmbeddedGraph:
    return toy_graph(Path(tmp_path_factory.mktemp("synthesis")))


@pytest.fixture(scope="module")
def dialogues(graph: EmbeddedGraph) -> list[Dialogue]:
    return list(islice(invent(graph, seed=1), 300))


@pytest.fixture(scope="module")
def own_graph(tmp_path_factory: pytest.TempPathFactory) -> EmbeddedGraph:
    """A graph with nothing of Wikidata: own names, own relations."""
    folder = tmp_path_factory.mktemp("own") / "graph"
    people = [f"person{k}" for k in range(6)]
    records = [
        Record("type", label="instance of", is_relation=True),
        Record("likes", label="has friend", is_relation=True),
        Record("made", label="built by", is_relation=True),
        Record("weight", label="load", is_relation=True),
        Record("Person", label="colleague"),
        Record("Machine", label="machine"),
        *(
            Record(
                name,
                label=f"Robin {name[-1]}",
                facts={
                    "type": [Statement("Person")],
                    "likes": [Statement(people[(k + 1) % 6]), Statement(people[(k + 2) % 6])],
                },
            )
            for k, name in enumerate(people)
        ),
        *(
            Record(
                f"machine{k}",
                label=f"Press {k}",
                facts={"type": [Statement("Machine")], "made": [Statement(people[k])]},
            )
            for k in range(4)
        ),
    ]
    build_graph([records], folder, name="own", type_relations=["type"])
    return EmbeddedGraph.open(folder)


def examples(dialogues: list[Dialogue]) -> list[Example]:
    return [example for dialogue in dialogues for example in dialogue.examples]


def test_every_form_gives_the_answer_beside_it(graph: EmbeddedGraph, dialogues: list[Dialogue]) -> None:
    for example in examples(dialogues):
        assert example.gold.form is not None
        found = execute(example.gold.form, graph)
        if isinstance(found, Entities):
            assert set(example.gold.entities or ()) == set(graph.entity_names(found.items))
        elif isinstance(found, Values):
            assert example.gold.values == tuple(graph.values(found.items))
        elif isinstance(found, Number):
            assert example.gold.numbers == (found.number,)
        elif isinstance(found, Numbers):
            assert example.gold.numbers == found.numbers
        else:
            assert example.gold.truths is not None


def test_questions_are_whole(dialogues: list[Dialogue]) -> None:
    for example in examples(dialogues):
        assert example.question.strip()
        assert not set("{}[]|") & set(example.question), example.question
        assert "  " not in example.question.strip()


def test_what_is_presupposed_is_there(dialogues: list[Dialogue]) -> None:
    for example in examples(dialogues):
        gold = example.gold
        if gold.question_type in ("forward", "backward", "value", "superlative", "joined"):
            assert gold.entities or gold.values or gold.numbers != (0.0,)


def test_the_file_reads_back_equal(graph: EmbeddedGraph, tmp_path: Path) -> None:
    out = tmp_path / "invented.jsonl"
    shown: list[int] = []
    summary = synthesize(graph, count=40, seed=2, out=out, on_progress=shown.append)
    dialogues = list(read(out))
    assert len(dialogues) == summary.dialogues == 40
    assert summary.turns == sum(len(d.examples) for d in dialogues) == sum(summary.kinds.values())
    assert shown == list(range(1, 41))
    assert dialogues == list(islice(invent(graph, seed=2), 40))


def test_the_same_seed_gives_the_same_file(graph: EmbeddedGraph, tmp_path: Path) -> None:
    for name, seed in (("a", 3), ("b", 3), ("c", 4)):
        synthesize(graph, count=25, seed=seed, out=tmp_path / name)
    texts = [(tmp_path / name).read_text(encoding="utf-8") for name in "abc"]
    assert texts[0] == texts[1] != texts[2]


def test_a_count_below_one_is_refused(graph: EmbeddedGraph, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="at least one dialogue"):
        synthesize(graph, count=0, seed=1, out=tmp_path / "none")


def test_many_kinds_of_question_come_up(dialogues: list[Dialogue]) -> None:
    kinds = Counter(example.gold.question_type for example in examples(dialogues))
    wanted = {"forward", "backward", "value", "count", "verification", "superlative", "compare", "two steps"}
    wanted |= {"ellipsis of entity", "ellipsis of relation", "best of them", "joined", "at a time", "role"}
    assert wanted <= set(kinds)
    assert kinds.most_common(1)[0][1] < 0.4 * kinds.total()


def test_an_ambiguous_question_is_asked_back_and_settled(dialogues: list[Dialogue]) -> None:
    asked = 0
    for dialogue in dialogues:
        for example, after in zip(dialogue.examples, dialogue.examples[1:], strict=False):
            if example.gold.ambiguous:
                asked += 1
                shown = after.conversation.turns[-1].answer
                assert shown is not None
                assert shown.asks_back
                assert shown.text.startswith("Did you mean ")
                assert shown.entities
                assert after.gold.form == example.gold.form
                assert after.conversation.turns[-1].mentions == ()
    assert asked


def test_them_is_the_whole_last_answer(dialogues: list[Dialogue]) -> None:
    seen = 0
    for example in examples(dialogues):
        if example.gold.question_type == "best of them" and example.gold.form is not None:
            sets = [leaf.names for leaf in leaves(example.gold.form) if isinstance(leaf, EntityLeaf)]
            answer = example.conversation.turns[-1].answer
            assert answer is not None
            assert sets == [tuple(sorted(answer.entities))]
            seen += 1
    assert seen


def test_an_own_graph_is_asked_about_in_its_own_words(own_graph: EmbeddedGraph) -> None:
    dialogues = list(islice(invent(own_graph, seed=5, noise=SILENT), 60))
    questions = " ".join(example.question for example in examples(dialogues))
    used = {
        n.name
        for e in examples(dialogues)
        if e.gold.form
        for n in leaves(e.gold.form)
        if isinstance(n, RelationLeaf)
    }
    assert {"likes", "made"} <= used
    assert "friend" in questions
    assert "built by" in questions


def test_a_graph_without_types_is_refused(tmp_path: Path) -> None:
    record = Record("a", label="A", facts={"r": [Statement("b")]})
    build_graph([[record, Record("b", label="B")]], tmp_path / "bare", name="bare")
    with pytest.raises(GraphError, match="types and labels"):
        next(invent(EmbeddedGraph.open(tmp_path / "bare"), seed=1))


def test_a_pronoun_stands_for_the_last_answer_or_the_topic(graph: EmbeddedGraph) -> None:
    talk = Talk(Survey(graph), random.Random(1), alias_chance=0)
    talk.focus, talk.outcome = "Q47703", Result(entities=("Q56094",))
    said = Counter(talk.refer("Q56094").subject for _ in range(200))
    assert said["The Godfather"] == 0
    assert sum(said[p] for p in ("he", "she", "they")) > 100
    films = Counter(talk.refer("Q47703").subject for _ in range(200))
    assert films["it"] > 50
    assert films["that film"] + films["the film"] + films["this film"] > 10
    assert talk.refer("Q44578").subject in {"Titanic", "the film Titanic", "the movie Titanic", '"Titanic"'}


def test_shared_wordings_mean_the_first_relation_that_the_entity_has(graph: EmbeddedGraph) -> None:
    survey = Survey(graph)
    shared = wordings().shared["ask"]["where is {e}?"]
    assert shared[0] == ("P17", "ask")
    assert survey.means_another("ask", "Where is {x}?", "Q90", "P625", "literal")
    assert not survey.means_another("ask", "Where is {x}?", "Q90", "P17", "out")


@pytest.mark.parametrize(
    ("template", "name", "text"),
    [
        ("Where was {x} born?", HE, "Where was he born?"),
        ("Where was {x} born?", THEY, "Where were they born?"),
        ("Who directed {x'}?", HE, "Who directed him?"),
        ("What is {x's} name?", Name.of("Grease"), "What is Grease's name?"),
        ("Is {x} a actor?", THEY, "Are they an actor?"),
        ("Does {x} use the {x'}?", Name.of("the euro"), "Does the euro use the euro?"),
    ],
)
def test_templates_take_names_in_every_case(template: str, name: Name, text: str) -> None:
    filled = fill(template, random.Random(1), x=name)
    assert filled == text or filled == text.replace("Are", "Is")


def test_every_template_of_the_table_can_be_filled() -> None:
    rng = random.Random(1)
    for relation, wording in wordings().relations.items():
        for templates in wording.templates.values():
            for template in templates:
                for text in expansions(template):
                    filled = fill(text, rng, x=HE, y=Name.of("Y"), t="film", T="films", v="1990")
                    assert not set("{}[]|") & set(filled), (relation, template)


def test_english_endings() -> None:
    assert [plural(n) for n in ("city", "person", "TV series", "country of origin", "Academy Awards")] == [
        "cities",
        "people",
        "TV series",
        "countries of origin",
        "Academy Awards",
    ]
    assert singular_clause("that border France") == "that borders France"


def test_noise_keeps_the_words() -> None:
    rng = random.Random(1)
    shouted = Noise(lower_case=1, no_mark=1, spaced_mark=0, typo=0, lead=0, article=0)
    assert shouted.apply("Who directed Grease?", rng, first=True) == "who directed grease"
    assert SILENT.apply("Who directed Grease?", rng, first=True) == "Who directed Grease?"


def test_years_in_questions_are_the_years_of_forms(dialogues: list[Dialogue]) -> None:
    seen = 0
    for dialogue in dialogues:
        for example, before in zip(dialogue.examples, [None, *dialogue.examples], strict=False):
            settled = before is not None and before.gold.ambiguous
            if example.gold.question_type == "at a time" and example.gold.form is not None and not settled:
                years = [leaf.value for leaf in leaves(example.gold.form) if isinstance(leaf, ValueLeaf)]
                assert all(str(y.year) in example.question for y in years if isinstance(y, Time))
                seen += 1
    assert seen


def test_the_bundled_graph_gives_dialogues(tmp_path: Path) -> None:
    build_graph([bundled("graph")], tmp_path / "graph", name="bundled")
    summary = synthesize(EmbeddedGraph.open(tmp_path / "graph"), count=60, seed=1, out=tmp_path / "out.jsonl")
    assert summary.turns > 120
    assert len(summary.kinds) >= 15
