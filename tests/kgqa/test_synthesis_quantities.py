"""Counting, comparing, combining and verifying: whole sentences, every family, one form for one meaning."""

import random
import re
from collections import Counter
from itertools import islice, pairwise

import pytest

from grammar.execute import execute
from grammar.forms import Call, NumberLeaf, TypeLeaf, call, leaves
from kgqa.answer import Result
from kgqa.bundled import bundled
from kgqa.conversation import Dialogue, Example
from kgqa.graphs import EmbeddedGraph, build_graph
from kgqa.linking.quantities import find_numbers
from kgqa.synthesis import combining, counting, invent, resumed
from kgqa.synthesis.english import RelationWording, expansions, plural, with_possessive, wordings
from kgqa.synthesis.frames import amount, filled, framed, frames, marked, number_word
from kgqa.synthesis.noise import Noise
from kgqa.synthesis.phrases import asked, denied, phrases_of, put_first, said_of_one
from kgqa.synthesis.seeds import Seeds
from kgqa.synthesis.survey import Survey
from kgqa.synthesis.talk import Draft, Talk

SILENT = Noise(lower_case=0, no_mark=0, spaced_mark=0, typo=0, lead=0, alias=0, article=0)
NEW_KINDS = {
    "most of a type", "bounded count", "compared counts", "of a type", "how many of a type", "combined",
    "verification", "which of two", "other extreme", "other comparison", "other number",
    "ellipsis of comparison", "which ones", "joined to it", "counted of them", "one of two", "all of them",
}  # fmt: skip
_SLOTS = """
many one who everybody things that verb verbs clause clause_one fronted fronted_one bare theirs its level
some_theirs some_its some role_out role_in asks then end
situ_which situ_how_many other n u us e x y z a b not_b asked amount
"""
COUNTING = re.compile(
    r"how (?:many|numerous|big|large|long|often)|number|count|total|tally|figure|quantity|amount|numeric|"
    r"\b(?:add|tot) ",
    re.IGNORECASE,
)
SLOTS = dict.fromkeys(_SLOTS.split(), "word")


@pytest.fixture(scope="module")
def graph(tmp_path_factory: pytest.TempPathFactory) -> EmbeddedGraph:
    folder = tmp_path_factory.mktemp("quantities") / "graph"
    build_graph([bundled("graph")], folder, name="bundled")
    return EmbeddedGraph.open(folder)


@pytest.fixture(scope="module")
def dialogues(graph: EmbeddedGraph) -> list[Dialogue]:
    return list(islice(invent(graph, seed=11, noise=SILENT), 900))


@pytest.fixture(scope="module")
def examples(dialogues: list[Dialogue]) -> list[Example]:
    found = [example for dialogue in dialogues for example in dialogue.examples]
    return [example for example in found if example.gold.question_type in NEW_KINDS]


def drafts(graph: EmbeddedGraph, make: object, wanted: int) -> list[Draft]:
    """Questions of one kind about entities of all kinds."""
    survey, found = Survey(graph), []
    seeds = Seeds(survey)
    assert callable(make)
    for number in range(10_000):
        rng = random.Random(number)
        talk = Talk(survey, rng, formal=number % 4 == 0, alias_chance=0)
        draft = make(talk, seeds.pick(rng))
        if draft is not None:
            found.append(draft)
        if len(found) == wanted:
            return found
    raise AssertionError(f"only {len(found)} questions")


def test_every_frame_can_be_filled() -> None:
    for section, families in frames().items():
        for family, texts in families.items():
            assert texts, family
            for text in texts:
                for made in expansions(text):
                    said = filled(made.replace(" ... ", " "), SLOTS)
                    assert not set("{}[]|") & set(said), (section, family, text)
                    assert "  " not in said


def test_every_family_comes_up(examples: list[Example]) -> None:
    kinds = Counter(example.gold.question_type for example in examples)
    assert set(kinds) == NEW_KINDS


def test_questions_are_whole_sentences(examples: list[Example]) -> None:
    for example in examples:
        question = example.question
        assert not set("{}[]|") & set(question), question
        assert "  " not in question
        assert not re.search(r"\b[Aa] [aeio]", question), question
        assert not re.search(r" [?.,]", question.removesuffix(" ?").removesuffix(" .")), question
        assert not re.search(r"\b(?:the the|of of|than than|as as|are are|that that who)\b", question), (
            question
        )


def test_every_form_gives_the_answer_beside_it(graph: EmbeddedGraph, examples: list[Example]) -> None:
    for example in examples[:600]:
        form = example.gold.form
        assert form is not None
        found = execute(form, graph)
        if example.gold.numbers is not None and hasattr(found, "number"):
            assert (found.number,) == example.gold.numbers


def test_wordings_differ(examples: list[Example]) -> None:
    counts = [e for e in examples if e.gold.question_type in ("most of a type", "bounded count")]
    starts = Counter(" ".join(e.question.split()[:2]).lower() for e in counts)
    assert len(starts) > 40
    assert starts.most_common(1)[0][1] < 0.25 * len(counts)


def test_a_number_in_a_form_is_said_and_found_by_linking(graph: EmbeddedGraph) -> None:
    for draft in drafts(graph, counting.bounded, 300):
        (bound,) = [leaf for leaf in leaves(draft.form) if isinstance(leaf, NumberLeaf)]
        assert bound in [found.leaf for found in find_numbers(draft.question)], draft.question


@pytest.mark.parametrize("number", [0, 1, 6, 12, 17, 20, 24, 100, 1500])
def test_numbers_in_words_are_read_back(number: int) -> None:
    said = {number_word(number, random.Random(seed)) for seed in range(40)}
    assert len(said) > 1 or number == 1500
    for words in said:
        assert [found.leaf.number for found in find_numbers(f"at least {words} films")] == [number]  # type: ignore[union-attr]


def test_counts_are_taken_over_a_type(graph: EmbeddedGraph) -> None:
    """The conventions of CSQA's annotation: "which T have most T2" is about all members of T."""
    summed = 0
    for draft in drafts(graph, counting.most, 200):
        assert isinstance(draft.form, Call)
        form = draft.form.arguments[0] if draft.form.operator == "cardinality" else draft.form
        assert isinstance(form, Call)
        assert form.operator == "arg"
        (extreme,) = form.arguments
        assert isinstance(extreme, Call)
        assert extreme.operator in ("max", "min")
        (counts,) = extreme.arguments
        assert isinstance(counts, Call)
        assert counts.operator in ("cardinality", "sum")
        assert "for_each" in str(counts)
        summed += counts.operator == "sum"
    assert summed


def test_the_other_side_of_a_comparison_is_the_same_count(graph: EmbeddedGraph) -> None:
    for draft in drafts(graph, counting.compared, 200):
        form = draft.form
        assert isinstance(form, Call)
        if form.operator == "cardinality":
            assert COUNTING.search(draft.question), draft.question
            form = form.arguments[0]
            assert isinstance(form, Call)
        (test,) = form.arguments
        assert isinstance(test, Call)
        each, own = test.arguments
        assert draft.about is not None
        domain = next(c for c in calls(each) if c.operator == "for_each").arguments[0]
        assert str(each).replace(f"for_each({domain})", draft.about) == str(own)


def calls(form: object) -> list[Call]:
    """All calls of a form, the outer one first."""
    if not isinstance(form, Call):
        return []
    return [form, *(inner for argument in form.arguments for inner in calls(argument))]


def test_two_types_are_counted_together_or_each(graph: EmbeddedGraph) -> None:
    seen = Counter[str]()
    for draft in drafts(graph, combining.how_many_of_a_type, 500):
        if len({leaf for leaf in leaves(draft.form) if isinstance(leaf, TypeLeaf)}) == 2:
            joins = {"union": " or ", "pair": " and "}
            (used,) = joins.keys() & {found.operator for found in calls(draft.form)}
            assert joins[used] in draft.question
            seen[used] += 1
    assert set(seen) == {"union", "pair"}


def test_follow_ups_go_on_from_the_form_before(dialogues: list[Dialogue]) -> None:
    seen = Counter[str]()
    for dialogue in dialogues:
        for before, after in pairwise(dialogue.examples):
            kind, old, new = after.gold.question_type, before.gold.form, after.gold.form
            if before.gold.ambiguous or after.gold.ambiguous or old is None or new is None:
                continue
            if kind == "which ones" and before.gold.question_type != "which ones":
                assert old == call("cardinality", new)
            elif kind == "other extreme":
                assert {"max(", "min("} == set(re.findall(r"\bm(?:ax|in)\(", f"{old} {new}"))
                assert re.sub(r"\bm(ax|in)\(", "(", str(new)) == re.sub(r"\bm(ax|in)\(", "(", str(old))
            elif kind == "other comparison":
                tests = r"\b(greater_than|less_than|equals|around|at_least|at_most)\("
                assert re.sub(tests, "(", str(new)) == re.sub(tests, "(", str(old))
                assert new != old
            elif kind == "joined to it":
                assert isinstance(new, Call)
                assert new.arguments[0] == old or old in new.arguments
            else:
                continue
            seen[kind] += 1
    assert set(seen) == {"which ones", "other extreme", "other comparison", "joined to it"}


def test_the_former_is_the_first_that_was_named(graph: EmbeddedGraph) -> None:
    seen = Counter[str]()
    for number in range(300):
        talk = Talk(Survey(graph), random.Random(number), alias_chance=0)
        talk.outcome = Result(entities=("Q44578", "Q47703"))
        draft = resumed.one_of_two(talk)
        match = draft and re.search(r"\bthe (former|latter)\b", draft.question)
        if draft and match:
            assert draft.about == {"former": "Q44578", "latter": "Q47703"}[match[1]]
            assert {draft.about, draft.beside} == {"Q44578", "Q47703"}
            seen[match[1]] += 1
    assert set(seen) == {"former", "latter"}


# --- phrases ------------------------------------------------------------------------------------------


def test_a_relation_is_said_of_both_ends() -> None:
    subjects, objects = phrases_of(wordings().relations["P57"], nouns=["director"])
    assert {"were directed by {n'}", "have {n'} as director"} <= {p.text for p in subjects.verbs}
    assert {"directed by {n'}", "that {n} directed"} <= {p.text for p in subjects.clauses}
    assert "did {n} direct" in {p.text for p in subjects.fronted}
    assert {"directed {n'}", "are the director of {n'}"} <= {p.text for p in objects.verbs}
    assert "were {n} directed by" in {p.text for p in objects.fronted}


def test_a_label_that_is_no_noun_is_read() -> None:
    bare = RelationWording("", "")
    said = {p.text for p in phrases_of(bare, labels=["located on terrain feature"])[0].verbs}
    assert said == {"are located on {n'}"}
    said = {p.text for p in phrases_of(bare, labels=["applies to jurisdiction"])[0].verbs}
    assert said == {"apply to {n'}"} or not said
    assert not phrases_of(bare, nouns=["applies to jurisdiction", "VO"])[0].verbs


def test_every_relation_of_the_table_can_be_counted_with() -> None:
    for name, wording in wordings().relations.items():
        if wording["back"] and wording.noun:
            ends = phrases_of(wording, nouns=[wording.noun])
            for end in ends:
                for phrase in (*end.verbs, *end.clauses, *end.fronted):
                    assert len(re.findall(r"\{n'?\}", phrase.text)) == 1, (name, phrase.text)
                    assert "[" not in phrase.text
            assert any(p.one and not p.uncounted for end in ends for p in end.verbs), name


@pytest.mark.parametrize(
    ("many", "one", "fronted", "not_so", "question"),
    [
        ("border {n'}", "borders {n'}", "do {n} border", "do not border {n'}", "does X border {n'}"),
        ("wrote {n'}", "wrote {n'}", "did {n} write", "did not write {n'}", "did X write {n'}"),
        (
            "are based in {n'}", "is based in {n'}", "are {n} based in", "are not based in {n'}",
            "is X based in {n'}",
        ),
        (
            "have {n'} as part", "has {n'} as part", "do {n} have as part", "do not have {n'} as part",
            "does X have {n'} as part",
        ),
        (
            "starred in {n'}", "starred in {n'}", "did {n} star in", "did not star in {n'}",
            "did X star in {n'}",
        ),
    ],
)  # fmt: skip
def test_predicates_are_turned(many: str, one: str, fronted: str, not_so: str, question: str) -> None:
    assert said_of_one(many) == one
    assert put_first(many) == fronted
    assert denied(many) == not_so
    assert asked(one, "X") == question


def test_frames_need_all_their_slots() -> None:
    rng = random.Random(1)
    assert framed("joins", "names_union", rng, {"x": "Rome"}) is None
    heads = {amount("comparisons", "greater_than", rng, {"u": "films", "e": "X"}) for _ in range(60)}
    assert ("more films", "than X") in heads


def test_a_mark_says_that_only_the_number_is_wanted() -> None:
    slots = {"many": "films", "verb": "star Bob", "that": "that"}
    said = {marked("number", "set", random.Random(seed), slots) for seed in range(400)}
    assert len(said) > 200
    for question in said:
        assert question is not None
        assert COUNTING.search(question), question
        assert "films" in question
        assert "star Bob" in question
        assert not re.search(r"[?.:,][?.:,]| [?.,]|: [A-Z]", question), question
    for shape in (r"^Which films star Bob\? \w", r"^[\w ]+: which films star Bob\?$", r"\([\w ]+\)"):
        assert any(re.search(shape, question or "") for question in said), shape


def test_a_possessive_takes_no_more_than_its_noun() -> None:
    assert with_possessive("Who is the director of it?") == "Who is its director?"
    assert (
        with_possessive("Count the towns that are the capital of it.")
        == "Count the towns that are its capital."
    )


def test_plurals_of_nouns_with_something_behind_them() -> None:
    assert plural("town in Ohio") == "towns in Ohio"
    assert plural("miniseries") == "miniseries"
    assert plural("designation for a territory") == "designations for a territory"
