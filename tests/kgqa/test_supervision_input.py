"""`kgqa supervise` and files that are not what they should be: what is said, counted and kept."""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from grammar.errors import DataError
from kgqa.cli import main
from kgqa.commands.supervising import progress_line
from kgqa.datasets import count_dialogues
from kgqa.supervision import Coverage, supervise
from tests.kgqa.datasets.csqa_dialogues import system, user
from tests.toy import toy_graph


@pytest.fixture(scope="module")
def graph(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("input")
    toy_graph(folder).close()
    return folder / "toy-graph"


class Done(NamedTuple):
    code: int
    record: dict[str, Any]
    err: str
    lines: list[dict[str, Any]]


Supervise = Callable[..., Done]


@pytest.fixture
def run(graph: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Supervise:
    def run(dataset: str, path: Path, *options: str) -> Done:
        out, code = tmp_path / "silver.jsonl", 0
        try:
            arguments: list[object] = [
                dataset,
                path,
                "--graph",
                graph,
                "--out",
                out,
                "--workers",
                1,
                "--json",
            ]
            main(["supervise", *map(str, arguments), *options])
        except SystemExit as stop:
            code = int(stop.code or 0)
        said = capsys.readouterr()
        lines = [json.loads(line) for line in out.read_text().splitlines()] if out.is_file() else []
        return Done(code, json.loads(said.out) if said.out else {}, said.err, lines)

    return run


def dialogue(identity: str, **changes: Any) -> dict[str, Any]:
    """A CSQA dialogue of two questions about the capitals of two countries."""
    turns = []
    for country, capital in (("Q142", "Q90"), ("Q183", "Q64")):
        asked = user(
            "What is the capital ?",
            "Simple Question",
            "Simple Question (Direct)",
            entities_in_utterance=[country],
            relations=["P36"],
            type_list=["Q515"],
        )
        turns += [asked, system(capital, [f"({country},P36,c(Q515))"], [capital])]
    return {"id": identity, "turns": turns, **changes}


def write(path: Path, *records: dict[str, Any]) -> Path:
    text = "".join(json.dumps(record) + "\n" for record in records)
    path.write_bytes(gzip.compress(text.encode()) if path.suffix == ".gz" else text.encode())
    return path


def test_dialogues_with_unknown_keys_are_named_and_counted(run: Supervise, tmp_path: Path) -> None:
    renamed = dialogue("b")
    renamed["dialog"] = renamed.pop("turns")
    misspelt = dialogue("c")
    misspelt["turns"][2]["text"] = misspelt["turns"][2].pop("utterance")
    path = write(tmp_path / "csqa.jsonl", dialogue("a"), renamed, misspelt, dialogue("d", licence="CC0"))
    done = run("csqa", path)
    assert (done.code, done.record["dialogues"], done.record["skipped"]) == (0, 2, 2)
    assert [line["dialogue"] for line in done.lines] == ["a", "a", "d", "d"]
    assert f"{path}, line 2, dialogue b: expected a dialogue" in done.err
    assert "found only 'id', 'dialog'" in done.err
    assert f"{path}, line 3, dialogue c, turn 3: expected 'utterance'" in done.err
    assert f"{path}: 2 dialogues could not be read" in done.err
    assert len(done.record["skipped_because"]) == 2


def test_unknown_keys_of_our_own_format(run: Supervise, tmp_path: Path) -> None:
    path = write(
        tmp_path / "own.jsonl",
        {"id": "x", "turns": [{"question": "What is the capital of France?", "answr": ["Q90"]}]},
        {"id": "y", "turns": [{"question": "What is the capital of France?", "answer": ["Q90"]}]},
    )
    done = run("plain", path)
    assert f"{path}, line 1, dialogue x, turn 1: 'answr' is no key here" in done.err
    assert [line["id"] for line in done.lines] == ["y/0"]


@pytest.mark.parametrize("turn", [1, 3])
def test_a_missing_answer_costs_one_question(run: Supervise, tmp_path: Path, turn: int) -> None:
    lacking = dialogue("b")
    del lacking["turns"][turn]["all_entities"]
    path = write(tmp_path / "csqa.jsonl", dialogue("a"), lacking, dialogue("c"))
    done = run("csqa", path)
    assert [line["form"] is None for line in done.lines] == [
        False,
        False,
        turn == 1,
        turn == 3,
        False,
        False,
    ]
    assert [line["outcome"] for line in done.lines].count("unanswered") == 1
    assert done.record["unanswered"] == 1
    assert f"{path}: 1 questions have no known answer; the first: dialogue b, question {turn // 2 + 1}" in (
        done.err
    )


def test_a_missing_answer_in_convquestions(run: Supervise, tmp_path: Path) -> None:
    wiki = "https://www.wikidata.org/wiki/"
    questions = [
        {"question": "What is the capital of France?", "answer": f"{wiki}Q90", "answer_text": "Paris"},
        {"question": "And its population?"},
        {"question": "What is its country?", "answer": f"{wiki}Q142", "answer_text": "France"},
    ]
    record = {
        "conv_id": 7,
        "seed_entity": f"{wiki}Q142",
        "seed_entity_text": "France",
        "questions": questions,
    }
    path = tmp_path / "conv.json"
    path.write_text(json.dumps([record]))
    done = run("convquestions", path)
    assert [line["outcome"] for line in done.lines] == ["exhausted", "unanswered", "exhausted"]
    assert "the first: dialogue 7, question 2" in done.err


def test_an_entity_that_the_graph_has_not(run: Supervise, tmp_path: Path) -> None:
    unknown = dialogue("b")
    unknown["turns"][2]["entities_in_utterance"] = ["Q424242"]
    path = write(tmp_path / "csqa.jsonl", dialogue("a"), unknown)
    done = run("csqa", path)
    assert [line["absent"] for line in done.lines] == [[], [], [], ["Q424242"]]
    assert done.record["absent"] == 1
    assert f"{path}: 1 questions name an entity" in done.err
    assert "the first: dialogue b, question 2: Q424242" in done.err


def test_a_truncated_gzip_file_is_done_as_far_as_it_goes(run: Supervise, tmp_path: Path) -> None:
    whole = write(tmp_path / "whole.jsonl.gz", *(dialogue(f"d{number}") for number in range(400)))
    cut = tmp_path / "cut.jsonl.gz"
    cut.write_bytes(whole.read_bytes()[: whole.stat().st_size * 2 // 3])
    readable = zlib.decompressobj(31).decompress(cut.read_bytes()).count(b"\n")
    assert 0 < readable < 400
    done = run("csqa", cut)
    assert done.code == 2
    assert len(done.lines) == 2 * readable
    assert done.record["dialogues"] == readable
    assert f"{cut}, after line {readable}: the gzip stream is cut off" in done.err
    assert f"the last dialogue read is d{readable - 1}" in done.record["cut_off"]
    # Once the file is whole, the same command goes on.
    cut.write_bytes(whole.read_bytes())
    again = run("csqa", cut)
    assert (again.code, again.record["cut_off"], len(again.lines)) == (0, None, 800)
    assert again.record["resumed"] == 2 * readable


def test_nothing_readable_writes_nothing(run: Supervise, tmp_path: Path) -> None:
    path = tmp_path / "empty.jsonl.gz"
    path.write_bytes(gzip.compress(b"x" * 100)[:15])
    done = run("csqa", path)
    assert (done.code, done.lines) == (2, [])
    assert f"{path}, after line 0: the gzip stream is cut off" in done.err


def test_an_older_silver_file_is_not_continued(run: Supervise, tmp_path: Path) -> None:
    path = write(tmp_path / "csqa.jsonl", dialogue("a"))
    line = {key: part for key, part in run("csqa", path).lines[0].items() if key != "absent"}
    (tmp_path / "silver.jsonl").write_text(json.dumps(line) + "\n")
    done = run("csqa", path)
    assert done.code == 2
    assert "another version of kgqa" in done.err


def test_dialogues_are_counted_ahead(tmp_path: Path) -> None:
    records = [dialogue("a"), dialogue("b"), dialogue("c")]
    lines = write(tmp_path / "csqa.jsonl.gz", *records)
    assert count_dialogues("csqa", lines) == 3
    assert count_dialogues("csqa", lines, limit=2) == 2
    folder = tmp_path / "QA_1"
    folder.mkdir()
    for record in records[:2]:
        (folder / f"{record['id']}.json").write_text(json.dumps(record["turns"]))
    assert count_dialogues("csqa", folder) == 2
    listed = tmp_path / "plain.json"
    listed.write_text(json.dumps([{"turns": [{"question": "Who?"}]}] * 4))
    assert count_dialogues("plain", listed) == 4
    with pytest.raises(DataError, match="nowhere"):
        count_dialogues("csqa", tmp_path / "nowhere.jsonl")


def test_progress_says_rate_coverage_and_what_remains(graph: Path, tmp_path: Path) -> None:
    from kgqa.datasets import read_dataset
    from kgqa.graphs import open_graph

    path = write(tmp_path / "csqa.jsonl", *(dialogue(f"d{number}") for number in range(4)))
    told: list[str] = []

    def tell(coverage: Coverage) -> None:
        coverage.seconds = 60.0 * coverage.dialogues  # a minute a dialogue
        told.append(progress_line(coverage, 4))

    supervise(
        read_dataset("csqa", path), open_graph(graph), out=tmp_path / "silver.jsonl", progress=tell, limit=3
    )
    assert told[1] == "0 questions a second, 100.0 % covered, 0:02:00 remaining"
