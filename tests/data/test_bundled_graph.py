"""The bundled graph is well formed, closed, plausible, and uses only real Wikidata ids."""

from __future__ import annotations

import gzip
import json
import re
import unicodedata
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
GRAPH = ROOT / "data" / "graph"
SHARED = ROOT.parent / "shared" / "data" / "wikidata"

ENTITY = re.compile(r"Q[1-9]\d*")
RELATION = re.compile(r"P[1-9]\d*")
TIME = re.compile(r"@-?\d{4}(-(0[1-9]|1[0-2])(-(0[1-9]|[12]\d|3[01]))?)?")
QUANTITY = re.compile(r"-?\d+(\.\d+)?\[(1|Q[1-9]\d*)\]")
TEXT = re.compile(r'"(?:[^"\\]|\\.)*"(@[a-z]+(-[a-z]+)?)?', re.DOTALL)
COORDINATE = re.compile(r"\(-?\d+(\.\d+)? -?\d+(\.\d+)?\)")
LITERALS = (TIME, QUANTITY, TEXT, COORDINATE)

# Units appear only inside quantities; the shared slice names them nowhere but in its own quantities.
UNITS = {
    "Q11573": "metre",
    "Q174728": "centimetre",
    "Q4917": "United States dollar",
    "Q712226": "square kilometre",
    "Q7727": "minute",
}

HUMAN, CLASS_RECORD = "Q5", "class of things"


@dataclass(frozen=True)
class Statement:
    """One statement of the bundled files, its qualifiers flattened into pairs."""

    subject: str
    relation: str
    value: str
    rank: str
    qualifiers: tuple[tuple[str, str], ...]


def records() -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    for path in sorted(GRAPH.glob("*.jsonl")):
        if path.name == "relations.jsonl":
            continue
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
            record = json.loads(line)
            assert record["id"] not in found, f"{path.name}:{number}: {record['id']} has a second record"
            found[record["id"]] = record
    return found


def statements_of(record: dict[str, Any]) -> Iterator[Statement]:
    for relation, entries in record["facts"].items():
        for entry in entries:
            full = entry if isinstance(entry, dict) else {"value": entry}
            qualifiers = full.get("qualifiers", {}).items()
            pairs = tuple((key, value) for key, values in qualifiers for value in values)
            yield Statement(record["id"], relation, full["value"], full.get("rank", "normal"), pairs)


RECORDS = records()
STATEMENTS = [statement for record in RECORDS.values() for statement in statements_of(record)]
RELATIONS = {
    record["id"]: record
    for record in map(json.loads, (GRAPH / "relations.jsonl").read_text(encoding="utf-8").splitlines())
}


def by_subject_and_relation() -> dict[tuple[str, str], list[str]]:
    found: dict[tuple[str, str], list[str]] = {}
    for statement in STATEMENTS:
        found.setdefault((statement.subject, statement.relation), []).append(statement.value)
    return found


VALUES = by_subject_and_relation()


def objects(subject: str, relation: str) -> list[str]:
    return VALUES.get((subject, relation), [])


def test_it_is_large_enough() -> None:
    assert len(RECORDS) >= 1000
    assert len(STATEMENTS) >= 5000
    assert sum(bool(s.qualifiers) for s in STATEMENTS) >= 300


def test_records_have_the_documented_fields() -> None:
    for record in RECORDS.values():
        assert set(record) == {"id", "label", "aliases", "description", "facts"}, record["id"]
        assert ENTITY.fullmatch(record["id"])
        assert record["label"].strip()
        assert record["aliases"] == sorted(record["aliases"]), record["id"]
        assert record["label"] not in record["aliases"], record["id"]
        keys = list(record["facts"])
        assert keys == sorted(keys, key=lambda key: int(key[1:])), record["id"]
        assert "P31" in record["facts"] or record["description"] == CLASS_RECORD, record["id"]


def test_records_lie_in_order_of_their_ids() -> None:
    for path in GRAPH.glob("*.jsonl"):
        ids = [int(json.loads(line)["id"][1:]) for line in path.read_text(encoding="utf-8").splitlines()]
        assert ids == sorted(ids), path.name


def test_values_are_written_in_the_grammars_syntax() -> None:
    for s in STATEMENTS:
        assert RELATION.fullmatch(s.relation), s
        assert s.rank in {"preferred", "normal", "deprecated"}, s
        for relation, value in ((s.relation, s.value), *s.qualifiers):
            assert RELATION.fullmatch(relation), s
            assert ENTITY.fullmatch(value) or any(form.fullmatch(value) for form in LITERALS), (s, value)


def test_every_entity_that_is_referred_to_has_a_record() -> None:
    for s in STATEMENTS:
        for value in (s.value, *(value for _, value in s.qualifiers)):
            if ENTITY.fullmatch(value):
                assert value in RECORDS, s
            elif unit := re.search(r"\[(Q\d+)\]", value):
                assert unit[1] in UNITS, s


def test_every_relation_that_is_used_has_words() -> None:
    used = {s.relation for s in STATEMENTS} | {key for s in STATEMENTS for key, _ in s.qualifiers}
    assert used == set(RELATIONS)
    for record in RELATIONS.values():
        assert len(record["aliases"]) >= 2, record["id"]


def test_no_statement_is_there_twice_and_none_points_at_itself() -> None:
    counts = Counter(STATEMENTS)
    assert [s for s, count in counts.items() if count > 1] == []
    assert [s for s in STATEMENTS if s.value == s.subject] == []


def year(value: str) -> int:
    match = re.match(r"@(-?\d+)", value)
    assert match, value
    return int(match[1])


def test_lives_are_plausible() -> None:
    for identifier in RECORDS:
        born, died = objects(identifier, "P569"), objects(identifier, "P570")
        assert len(born) <= 1, (identifier, born)
        assert len(died) <= 1, (identifier, died)
        if born and died:
            assert 0 < year(died[0]) - year(born[0]) < 115, identifier
        for child in objects(identifier, "P40"):
            if born and (later := objects(child, "P569")):
                assert 11 < year(later[0]) - year(born[0]) < 75, (identifier, child)
        for height in objects(identifier, "P2048"):
            assert 120 < float(height.split("[")[0]) < 230, identifier


def test_works_come_after_the_birth_of_their_makers() -> None:
    for relation in ("P57", "P161", "P50", "P86", "P170"):
        for s in STATEMENTS:
            if s.relation != relation:
                continue
            born = objects(s.value, "P569")
            for published in objects(s.subject, "P577"):
                if born and HUMAN in objects(s.value, "P31"):
                    # A child of the director may be carried through a scene; nobody acts before birth.
                    assert year(published) >= year(born[0]) + (0 if relation == "P161" else 12), s


def test_spans_end_after_they_start() -> None:
    for s in STATEMENTS:
        qualifiers = dict(s.qualifiers)
        if "P580" in qualifiers and "P582" in qualifiers:
            start, end = qualifiers["P580"], qualifiers["P582"]
            shorter = min(len(start), len(end))
            assert start[:shorter] <= end[:shorter] or start.startswith("@-"), s


@pytest.mark.parametrize(
    ("relation", "inverse"),
    [
        ("P26", "P26"),
        ("P3373", "P3373"),
        ("P36", "P1376"),
        ("P40", "P22/P25"),
        ("P22", "P40"),
        ("P25", "P40"),
        ("P47", "P47"),
        ("P155", "P156"),
        ("P156", "P155"),
    ],
)
def test_inverse_facts_agree(relation: str, inverse: str) -> None:
    for s in STATEMENTS:
        if s.relation == relation:
            back = [value for name in inverse.split("/") for value in objects(s.value, name)]
            assert s.subject in back, (s, inverse)


def test_people_have_a_birth_date_mostly() -> None:
    people = [identifier for identifier in RECORDS if HUMAN in objects(identifier, "P31")]
    dated = [identifier for identifier in people if objects(identifier, "P569")]
    assert len(people) >= 500
    assert len(dated) / len(people) > 0.75


def test_counting_questions_have_something_to_count() -> None:
    films = [i for i in RECORDS if "Q11424" in objects(i, "P31")]
    casts = {len(objects(film, "P161")) for film in films}
    directors = Counter(director for film in films for director in objects(film, "P57"))
    assert len(films) >= 100
    assert len(casts) >= 8
    assert sum(count >= 3 for count in directors.values()) >= 10


def test_some_labels_are_shared_so_that_clarification_has_work() -> None:
    labels = Counter(record["label"] for record in RECORDS.values())
    assert sum(count > 1 for count in labels.values()) >= 5


def folded(name: str) -> str:
    plain = unicodedata.normalize("NFKD", name.lower().replace("\u2019", "'"))
    return re.sub(r"\W+", " ", "".join(c for c in plain if not unicodedata.combining(c))).strip()


def shared_rows(name: str) -> Iterator[list[str]]:
    with gzip.open(SHARED / name, "rt", encoding="utf-8") as lines:
        for line in lines:
            yield line.rstrip("\n").split("\t")


@pytest.mark.skipif(not SHARED.is_dir(), reason="the shared Wikidata slice is not beside this checkout")
def test_ids_and_labels_are_those_of_wikidata() -> None:
    names: dict[str, set[str]] = {}
    for identifier, label, *_ in shared_rows("labels.tsv.gz"):
        names[identifier] = {folded(label), folded(re.sub(r" \([^()]*\)$", "", label))}
    for identifier, alias, *_ in shared_rows("aliases.tsv.gz"):
        if identifier in names:
            names[identifier].add(folded(alias))
    assert [i for i in RECORDS if i not in names] == []
    wrong = [(i, r["label"]) for i, r in RECORDS.items() if folded(r["label"]) not in names[i]]
    assert wrong == []


@pytest.mark.skipif(not SHARED.is_dir(), reason="the shared Wikidata slice is not beside this checkout")
def test_relations_are_those_of_wikidata() -> None:
    rows = (SHARED / "properties.tsv").read_text(encoding="utf-8").splitlines()
    known = {row.split("\t")[0] for row in rows}
    assert set(RELATIONS) <= known


@pytest.mark.skipif(not SHARED.is_dir(), reason="the shared Wikidata slice is not beside this checkout")
def test_units_are_used_by_wikidata() -> None:
    literals = (row[2] for row in shared_rows("triples.tsv.gz"))
    seen = {literal.rsplit("|", 1)[1] for literal in literals if literal.startswith("quantity:")}
    assert set(UNITS) <= seen
