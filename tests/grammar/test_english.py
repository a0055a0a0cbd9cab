"""How forms are worded."""

from __future__ import annotations

import pytest
from hypothesis import given

from grammar.english import plural, to_english
from grammar.forms import LogicalForm, read_form
from tests.grammar import strategies
from tests.toy import toy_records

LABELS = {record.id: record.label for record in toy_records()} | {
    "Q4465": "Randal Kleiser",
    "Q7727": "minutes",
}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (
            "arg(max(cardinality(follow(for_each(keep(follow_back(Q4465, P57), Q11424)), P161))))",
            "the films whose director is Randal Kleiser that have the most cast members",
        ),
        ("follow(Q142, P36)", "the capital of France"),
        ("keep(follow(Q142, P47), Q6256)", "the countries that France shares border with"),
        ("follow_back({Q142 Q183}, P47)", "the things that share border with France and Germany"),
        (
            "arg(max(cardinality(follow_back(for_each(members(Q6256)), P47))))",
            "the countries that have the most things that share border with them",
        ),
        ("keep(follow(Q47703, P161), Q5)", "the humans among the cast members of The Godfather"),
        ("is_in(Q90, follow(Q142, P36))", "whether Paris is among the capitals of France"),
        (
            "pair(is_in(Q90, follow(Q142, P36)), is_in(Q61, follow(Q142, P36)))",
            "whether Paris is among the capitals of France, "
            "and whether Washington, D.C. is among the capitals of France",
        ),
        (
            "cardinality(keep(follow_back(Q56094, P57), Q11424))",
            "the number of films whose director is Francis Ford Coppola",
        ),
        (
            "difference(keep(follow_back(Q150, P37), Q6256), Q142)",
            "the countries whose official language is French that are not among France",
        ),
        (
            "arg(at_least(cardinality(keep(follow_back(for_each(members(Q5)), P161), Q11424)), 2))",
            "the humans that have at least 2 films whose cast member they are",
        ),
        (
            "arg(min(cardinality(follow(for_each(members(Q6256)), P37))))",
            "the countries that have the fewest official languages",
        ),
        (
            "arg(at_most(cardinality(follow(for_each({Q31 Q39}), P37)), cardinality(follow(Q142, P37))))",
            "those of Belgium and Switzerland that have at most as many official languages "
            "as the number of official languages of France",
        ),
        (
            "object(first(statements(Q142, P35), P580))",
            "the head of state of France with the first start time",
        ),
        ("object(where(statements(Q142, P35), P585, @2010))", "the head of state of France in 2010"),
        (
            "object(where(statements(Q142, P35), P585, @2010-05-06))",
            "the head of state of France on 6 May 2010",
        ),
        (
            "object(where(statements(Q47703, P161), P453, X2))",
            "the cast member of The Godfather with character role Vito Corleone",
        ),
        (
            "qualifier_value(where(statements(Q142, P35), P35, Q157), P580)",
            "the start time given with the head of state of France being François Hollande",
        ),
        (
            "arg(where(statements(for_each(members(Q11424)), P161), P161, Q41163))",
            "the films that have cast members being Al Pacino",
        ),
        (
            "arg(max(value(for_each(members(Q6256)), P1082)))",
            "the countries whose population is the greatest",
        ),
        (
            "arg(greater_than(value(for_each(members(Q11424)), P577), @1972-03))",
            "the films whose publication date is after March 1972",
        ),
        (
            "less_than(value(Q47703, P2047), 180[Q7727])",
            "the durations of The Godfather that are less than 180 minutes",
        ),
        ("exists(follow(Q39, P36))", "whether there are capitals of Switzerland"),
        ("union(Q142, Q183)", "France together with Germany"),
        ("{Q142 Q183 Q31}", "France, Germany and Belgium"),
        (
            "greater_than(cardinality(follow(Q31, P37)), 1)",
            "whether the number of official languages of Belgium is more than 1",
        ),
        ("follow(Q999, P998)", "the P998 of Q999"),
        ("@1950/8", "the decade of 1950"),
        ("@-0044", "44 BC"),
        ('"text"@en', '"text"'),
        ("3", "3"),
    ],
)
def test_worded(text: str, words: str) -> None:
    assert to_english(read_form(text), LABELS.get) == words


@pytest.mark.parametrize(
    ("noun", "nouns"),
    [
        ("film", "films"),
        ("country", "countries"),
        ("essay", "essays"),
        ("church", "churches"),
        ("bus", "buses"),
        ("head of state", "heads of state"),
        ("place of birth", "places of birth"),
        ("shares border with", "shares border with"),
        ("P57", "P57"),
    ],
)
def test_plurals(noun: str, nouns: str) -> None:
    assert plural(noun) == nouns


@given(strategies.toy_forms(max_actions=30))
def test_every_form_has_words(form: LogicalForm) -> None:
    words = to_english(form, LABELS.get)
    assert words.strip() == words != ""
    assert "object at 0x" not in words
    assert "_Phrase" not in words
