"""The annotated reading: a raw exchange of every class and the form that it stands for."""

import math
from collections import defaultdict
from pathlib import Path

import pytest

from grammar.forms import Call, LogicalForm, NumberLeaf
from kgqa.datasets import csqa
from kgqa.datasets.csqa_annotation import Reading, annotate
from kgqa.datasets.csqa_records import Exchange, read_exchanges

SHARED = Path(__file__).parents[4] / "shared" / "data" / "csqa"
OBJECTS = "cardinality(keep(follow_back(for_each(members(Q6)), P2), Q5))"
OTHERS = "cardinality(keep(follow_back(for_each(members(Q6)), P2), Q7))"


def exchange(
    description: str,
    active_set: str | tuple[str, ...],
    *,
    question: str = "?",
    kind: str = "",
    mentions: tuple[str, ...] = (),
    relations: tuple[str, ...] = ("P2",),
    types: tuple[str, ...] = ("Q5",),
    reply: str = "",
    shown: tuple[str, ...] = (),
    asks_for: str = "object",
    joined_by: str = "",
    asks_back: bool = False,
    answers_back: bool = False,
) -> Exchange:
    from kgqa.datasets.csqa_records import _kind

    return Exchange(
        question=question,
        kind=kind or (_kind(description, "here") if description else ""),
        description=description,
        mentions=mentions,
        relations=relations,
        types=types,
        reply=reply,
        shown=shown,
        answers=(),
        active_set=(active_set,) if isinstance(active_set, str) else active_set,
        asks_back=asks_back,
        answers_back=answers_back,
        asks_for=asks_for,
        joined_by=joined_by,
    )


def form_of(*exchanges: Exchange) -> str:
    reading = annotate(exchanges)[-1]
    assert reading.form is not None, reading.why_not
    return str(reading.form)


@pytest.mark.parametrize(
    ("description", "active_set", "mentions", "expected"),
    [
        ("Simple Question", "(Q1,P2,c(Q5))", ("Q1",), "keep(follow(Q1, P2), Q5)"),
        ("Simple Question|Single Entity", "(c(Q5),P2,Q1)", ("Q1",), "keep(follow_back(Q1, P2), Q5)"),
        (
            "Simple Question|Mult. Entity",
            ("(c(Q5),P2,Q1)", "(c(Q5),P2,Q3)"),
            ("Q1", "Q3"),
            "keep(follow_back({Q1 Q3}, P2), Q5)",
        ),
        ("only subject is changed, parent and predicate remains same", "(Q1,P2,c(Q5))", ("Q1",), None),
        ("Incomplete|object parent is changed, subject and predicate remain same", "(Q1,P2,c(Q5))", (), None),
        ("Incomplete count-based ques", "(Q1,P2,c(Q5))", ("Q1",), "cardinality(keep(follow(Q1, P2), Q5))"),
        (
            "Quantitative|Count|Single entity type|Indirect",
            "(c(Q5),P2,Q1)",
            (),
            "cardinality(keep(follow_back(Q1, P2), Q5))",
        ),
        ("Verification|2 entities, both direct", "(Q1,P2,Q3)", ("Q3", "Q1"), "is_in(Q3, follow(Q1, P2))"),
        (
            "Verification|3 entities, all direct, 2 are query entities",
            ("(Q1,P2,Q4)", "(Q1,P2,Q3)"),
            ("Q1", "Q4", "Q3"),
            "pair(is_in(Q4, follow(Q1, P2)), is_in(Q3, follow(Q1, P2)))",
        ),
        (
            "Verification|one entity, multiple entities (as object) referred indirectly",
            ("(Q1,P2,Q4)", "(Q1,P2,Q3)"),
            ("Q1",),
            "is_in({Q3 Q4}, follow(Q1, P2))",
        ),
        (
            "Verification|one entity, multiple entities (as object) referred indirectly",
            ("(Q3,P2,Q1)", "(Q4,P2,Q1)"),
            ("Q1",),
            "is_in({Q3 Q4}, follow_back(Q1, P2))",
        ),
        (
            "Logical|Union|Multiple_Relation",
            "OR((Q1,P2,c(Q5)), (c(Q5),P3,Q4))",
            ("Q1", "Q4"),
            "union(keep(follow(Q1, P2), Q5), keep(follow_back(Q4, P3), Q5))",
        ),
        (
            "Logical|Intersection|Single_Relation",
            "AND((c(Q5),P2,Q1), (c(Q5),P2,Q4))",
            ("Q1", "Q4"),
            "intersect(keep(follow_back(Q1, P2), Q5), keep(follow_back(Q4, P2), Q5))",
        ),
        (
            "Logical|Difference|Single_Relation|Incomplete",
            "AND((c(Q5),P2,Q1), NOT((c(Q5),P2,Q4)))",
            ("Q4",),
            "difference(keep(follow_back(Q1, P2), Q5), keep(follow_back(Q4, P2), Q5))",
        ),
    ],
)
def test_what_the_patterns_say(
    description: str, active_set: str | tuple[str, ...], mentions: tuple[str, ...], expected: str | None
) -> None:
    expected = expected or "keep(follow(Q1, P2), Q5)"
    assert form_of(exchange(description, active_set, mentions=mentions)) == expected


@pytest.mark.parametrize(
    ("joined_by", "description", "patterns", "expected"),
    [
        ("and", "Mult. entity type", ("(Q1,P2,c(Q5))", "(Q3,P2,c(Q5))"), "cardinality(intersect({0}, {1}))"),
        ("or", "Mult. entity type", ("(Q1,P2,c(Q5))", "(Q3,P2,c(Q5))"), "cardinality(union({0}, {1}))"),
        (
            "and",
            "Logical operators",
            ("(Q1,P2,c(Q5))", "(Q1,P2,c(Q6))"),
            "pair(cardinality({0}), cardinality({1}))",
        ),
        ("or", "Logical operators", ("(Q1,P2,c(Q5))", "(Q1,P2,c(Q6))"), "cardinality(union({0}, {1}))"),
    ],
)
def test_counts_over_two_entities_or_two_types(
    joined_by: str, description: str, patterns: tuple[str, ...], expected: str
) -> None:
    parts = [f"keep(follow({text[1:3]}, P2), {text[-4:-2]})" for text in patterns]
    description = f"Quantitative|Count|{description}"
    assert form_of(exchange(description, patterns, joined_by=joined_by)) == expected.format(*parts)


def test_patterns_of_other_candidates_are_left_out() -> None:
    patterns = ("(Q1,P2,c(Q5))", "(Q1,P2,c(Q6))", "(Q9,P2,c(Q5))", "(Q9,P2,c(Q6))", "(Q1,P2,c(Q5))")
    one = exchange("Quantitative|Count|Logical operators|Indirect", patterns, joined_by="or")
    assert form_of(one) == "cardinality(union(keep(follow(Q1, P2), Q5), keep(follow(Q1, P2), Q6)))"


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("max number of people", "arg(max({}))"),
        ("min number of people", "arg(min({}))"),
        ("atleast 3 people", "arg(at_least({}, 3))"),
        ("atmost 12 people", "arg(at_most({}, 12))"),
        ("exactly 1 person", "arg(equals({}, 1))"),
        ("approximately 7 people", "arg(around({}, 7))"),
        ("around 7 people", "arg(around({}, 7))"),
    ],
)
def test_wordings_of_quantitative_questions(words: str, expected: str) -> None:
    description = "Quantitative|Atleast/ Atmost/ Approx. the same/Equal|Single entity type"
    one = exchange(description, "(c(Q5),P2,c(Q6))", question=f"Which rivers are crossed by {words} ?")
    assert form_of(one) == expected.format(OBJECTS)


@pytest.mark.parametrize(
    ("words", "operator"),
    [
        ("more number of people than", "greater_than"),
        ("greater number of people than", "greater_than"),
        ("less number of people than", "less_than"),
        ("lesser number of people than", "less_than"),
        ("approximately the same number of people as", "around"),
        ("around the same number of people as", "around"),
    ],
)
def test_wordings_of_comparative_questions(words: str, operator: str) -> None:
    description = "Comparative|Count over More/Less|Single entity type"
    question = f"How many rivers are crossed by {words} Elbow ?"
    one = exchange(description, "(c(Q5),P2,c(Q6))", question=question, mentions=("Q1",))
    reference = "cardinality(keep(follow_back(Q1, P2), Q5))"
    assert form_of(one) == f"cardinality(arg({operator}({OBJECTS}, {reference})))"


def test_two_types_are_summed_and_subjects_are_followed() -> None:
    description = "Quantitative|Min/Max|Mult. entity type"
    one = exchange(description, "(c(Q5)|c(Q7),P2,c(Q6))", question="... max number of people and dogs ?")
    assert form_of(one) == f"arg(max(sum({OBJECTS}, {OTHERS})))"
    other = exchange(description, "(c(Q6),P2,c(Q5))", question="... max number ...", asks_for="subject")
    assert form_of(other) == "arg(max(cardinality(keep(follow(for_each(members(Q6)), P2), Q5))))"


def test_an_answer_in_place_of_the_type_gives_way_to_the_first_type_listed() -> None:
    description = "Quantitative|Min/Max|Single entity type"
    one = exchange(description, "(c(Q5),P2,Q99)", question="... min number of people ?", types=("Q6", "Q5"))
    assert form_of(one) == f"arg(min({OBJECTS}))"


def test_an_incomplete_comparison_compares_as_the_one_before() -> None:
    first = exchange(
        "Comparative|More/Less|Single entity type",
        "(c(Q5),P2,c(Q6))",
        question="Which rivers are crossed by less number of people than Elbow ?",
        mentions=("Q1",),
    )
    between = exchange("Simple Question", "(Q1,P2,c(Q5))", mentions=("Q1",))
    then = exchange(
        "Comparative|More/Less|Single entity type|Incomplete",
        "(c(Q5),P2,c(Q6))",
        question="And what about Wladir?",
        mentions=("Q8",),
    )
    reference = "cardinality(keep(follow_back(Q8, P2), Q5))"
    assert form_of(first, between, then) == f"arg(less_than({OBJECTS}, {reference}))"


def test_that_one_is_the_previous_answer_in_comparisons() -> None:
    before = exchange("Simple Question", "(Q1,P2,c(Q5))", mentions=("Q1",), shown=("Q77",))
    then = exchange(
        "Comparative|More/Less|Single entity type|Indirect",
        "(c(Q5),P2,c(Q6))",
        question="Which rivers are crossed by more number of people than that river ?",
    )
    assert "follow_back(Q77, P2)" in form_of(before, then)


def test_the_utterance_is_believed_where_the_pattern_names_another_entity() -> None:
    one = exchange("Simple Question|Single Entity|Indirect", "(Q64,P2,c(Q5))", mentions=("Q1",))
    assert form_of(one) == "keep(follow(Q1, P2), Q5)"


@pytest.mark.parametrize(("asks_for", "operator"), [("object", "follow"), ("subject", "follow_back")])
def test_a_missing_pattern_is_made_up_for(asks_for: str, operator: str) -> None:
    one = exchange("Simple Question|Single Entity|Indirect", (), mentions=("Q1",), asks_for=asks_for)
    assert form_of(one) == f"keep({operator}(Q1, P2), Q5)"


def test_after_asking_back_both_questions_have_the_form_of_the_entity_meant() -> None:
    asks = exchange(
        "Comparative|More/Less|Single entity type|Indirect",
        "(c(Q5),P2,c(Q6))",
        question="Which rivers are crossed by more number of people than that river ?",
        shown=("Q20",),
        asks_back=True,
    )
    yes = exchange("", "(c(Q5),P2,c(Q6))", question="Yes", answers_back=True)
    no = exchange("", "(c(Q5),P2,c(Q6))", question="No, I meant ...", mentions=("Q21",), answers_back=True)
    for answer, meant in ((yes, "Q20"), (no, "Q21")):
        first, second = annotate([asks, answer])
        assert first == second
        assert f"follow_back({meant}, P2)" in str(first.form)


@pytest.mark.parametrize(
    ("one", "why_not"),
    [
        (exchange("Simple Question", "(Q1,P2,c(Q5)", mentions=("Q1",)), "no pattern"),
        (exchange("Simple Question", (), asks_for=""), "active_set is empty"),
        (exchange("Logical|Union|Single_Relation", "OR((Q1,P2,c(Q5)))"), "two patterns"),
        (exchange("Quantitative|Min/Max|Single entity type", "(c(Q5),P2,c(Q6))"), "neither max or min"),
        (exchange("Comparative|More/Less|Single entity type", "(c(Q5),P2,c(Q6))"), "one entity"),
        (exchange("Verification|2 entities, both direct", "(Q1,P2,c(Q5))"), "both ends"),
    ],
)
def test_what_cannot_be_read_says_why(one: Exchange, why_not: str) -> None:
    (reading,) = annotate([one])
    assert isinstance(reading, Reading)
    assert reading.form is None
    assert why_not in reading.why_not


def test_every_question_of_the_shared_dialogues_has_a_form() -> None:
    path = SHARED / "train.jsonl.gz"
    if not path.exists():
        pytest.skip("the shared CSQA dialogues are not here")
    readings = [reading for _, exchanges in read_exchanges(path) for reading in annotate(exchanges)]
    assert len(readings) == 13_838
    assert [reading.why_not for reading in readings if reading.form is None] == []


def counts_and_bound(form: LogicalForm) -> tuple[str, str, float] | None:
    """The counts, the operator and the number of a question such as "at least 5"; None for others."""
    while isinstance(form, Call) and form.operator in ("cardinality", "arg"):
        form = form.arguments[0]
    if not isinstance(form, Call) or not isinstance(form.arguments[-1], NumberLeaf):
        return None
    return str(form.arguments[0]), form.operator, form.arguments[-1].number


def test_the_shared_answers_to_questions_about_the_same_counts_do_not_contradict_each_other() -> None:
    path = SHARED / "train.jsonl.gz"
    if not path.exists():
        pytest.skip("the shared CSQA dialogues are not here")
    questions: dict[str, list[tuple[str, float, frozenset[str]]]] = defaultdict(list)
    for dialogue in csqa.read(path):
        for gold in (example.gold for example in dialogue.examples):
            found = counts_and_bound(gold.form) if gold.form is not None else None
            if found is not None:
                answers = gold.entities if gold.counted is None else gold.counted
                questions[found[0]].append((*found[1:], frozenset(answers or ())))
    compared = 0
    for asked in questions.values():
        for entity in frozenset().union(*(answers for _, _, answers in asked)):
            low, high = 0.0, math.inf
            for operator, number, members in asked:
                if operator in ("at_least", "equals") and entity in members:
                    low = max(low, number)
                if operator in ("at_most", "equals") and entity in members:
                    high = min(high, number)
                if operator == "at_least" and entity not in members:
                    high = min(high, number - 1)
                if operator == "at_most" and entity not in members:
                    low = max(low, number + 1)
            assert low <= high, f"{entity} counts at least {low} and at most {high}"
            compared += low > 0 and high < math.inf
    assert compared > 1_000
