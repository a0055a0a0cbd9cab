"""Silver files: what is written, that it can be continued, and what the coverage says."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from grammar.errors import ConfigError, DataError
from grammar.forms import read_form
from grammar.search import search
from kgqa.conversation import Conversation, Dialogue, Example, Gold, Turn, TurnAnswer
from kgqa.datasets import read_dataset
from kgqa.graphs import EmbeddedGraph
from kgqa.supervision import Coverage, read_silver, supervise

REPOSITORY = Path(__file__).resolve().parents[2]
CSQA = REPOSITORY.parent / "shared" / "data" / "csqa" / "train.jsonl.gz"

SIMPLE = Gold(
    entities=("Q90",),
    form=read_form("follow(Q142, P36)"),
    question_type="Simple",
    mentions=("Q142",),
    relations=("P36",),
)
ELLIPSIS = Gold(entities=("Q64",), question_type="Ellipsis", mentions=("Q183",))
COUNT = Gold(
    numbers=(3.0,),
    counted=("Q142", "Q31", "Q39"),
    form=read_form("cardinality(keep(follow(Q183, P47), Q6256))"),
    question_type="Count",
    mentions=("Q183",),
    relations=("P47",),
    types=("Q6256",),
)
ELSEWHERE = Gold(
    entities=("Q60",),
    form=read_form("follow(Q142, P36)"),
    question_type="Simple",
    mentions=("Q142",),
    relations=("P36",),
)
THOSE = Gold(
    truths=(True,),
    form=read_form("is_in({Q142 Q31}, follow(Q183, P47))"),
    question_type="Verification",
    mentions=("Q183", "Q142", "Q31"),
    relations=("P47",),
)


def dialogue(number: int) -> Dialogue:
    first = Conversation()
    second = first.then(
        Turn("What is the capital of France ?", TurnAnswer("Paris", entities=("Q90",)), ("Q142",))
    )
    shown = TurnAnswer("Some of them are France, Belgium", entities=("Q142", "Q31"))
    third = second.then(Turn("Which countries does Germany border ?", shown, ("Q183",)))
    examples = (
        ("What is the capital of France ?", first, SIMPLE),
        ("And of Germany ?", second, ELLIPSIS),
        ("How many countries does Germany border ?", second, COUNT),
        ("Does Germany border those countries ?", third, THOSE),
        ("What is the capital of France ?", first, ELSEWHERE),
    )
    return Dialogue(
        f"d{number}",
        f"d{number}",
        tuple(Example(f"d{number}/{k}", c, question, gold) for k, (question, c, gold) in enumerate(examples)),
    )


DIALOGUES = [dialogue(number) for number in range(6)]


@pytest.fixture(scope="module")
def undisturbed(graph: EmbeddedGraph, tmp_path_factory: pytest.TempPathFactory) -> bytes:
    out = tmp_path_factory.mktemp("undisturbed") / "silver.jsonl"
    supervise(DIALOGUES, graph, out=out)
    return out.read_bytes()


def test_every_question_gets_a_line(graph: EmbeddedGraph, tmp_path: Path) -> None:
    coverage = supervise(DIALOGUES[:1], graph, out=tmp_path / "silver.jsonl")
    lines = [json.loads(line) for line in (tmp_path / "silver.jsonl").read_text().splitlines()]
    assert [line["id"] for line in lines] == ["d0/0", "d0/1", "d0/2", "d0/3", "d0/4"]
    assert [line["form"] for line in lines] == [
        "follow(Q142, P36)",
        "follow(Q183, P36)",  # the relation comes from the turn before
        "cardinality(keep(follow(Q183, P47), Q6256))",
        "is_in({Q142 Q31}, follow(Q183, P47))",
        None,
    ]
    assert [line["agrees"] for line in lines] == ["form", None, "form", "form", None]
    assert [line["recomputable"] for line in lines] == [True, None, True, True, False]
    assert {line["source"] for line in lines} == {"searched"}
    record = coverage.to_json()
    assert record["turns"] == 5
    assert record["covered"] == 4
    assert record["coverage"] == 0.8
    assert record["by_type"]["Simple"]["coverage"] == 0.5
    assert record["by_type"]["Count"] == {
        "turns": 1,
        "covered": 1,
        "failed": 0,
        "unanswered": 0,
        "absent": 0,
        "compared": 1,
        "same_answer": 1,
        "same_form": 1,
        "recomputable": 1,
        "found": 1,
        "coverage": 1.0,
        "spurious": 0.0,
    }
    assert record["seconds"] > 0
    assert record["turns_per_second"] > 0


def test_the_annotation_is_a_source_of_its_own(graph: EmbeddedGraph, tmp_path: Path) -> None:
    coverage = supervise(DIALOGUES[:1], graph, out=tmp_path / "silver.jsonl", source="annotated")
    silver = list(read_silver(tmp_path / "silver.jsonl"))
    assert [one.outcome for one in silver] == [
        "annotated",
        "unannotated",
        "annotated",
        "annotated",
        "annotated",
    ]
    assert {one.source for one in silver} == {"annotated"}
    assert silver[2].form == COUNT.form
    assert coverage.all.covered == 4
    assert coverage.all.recomputable == 3


def test_a_silver_file_is_read_back(graph: EmbeddedGraph, tmp_path: Path) -> None:
    supervise(DIALOGUES[:1], graph, out=tmp_path / "silver.jsonl")
    first, *_, last = read_silver(tmp_path / "silver.jsonl")
    assert first.form == read_form("follow(Q142, P36)")
    assert first.forms[0][0] == first.form
    assert (first.id, first.dialogue, first.turn, first.type) == ("d0/0", "d0", 0, "Simple")
    assert (last.form, last.forms) == (None, ())


@pytest.mark.parametrize("line", ["no json", "[]", '{"id": "x"}', '{"forms": [["follow(", 1]]}'])
def test_a_bad_line_is_named(line: str, tmp_path: Path) -> None:
    path = tmp_path / "silver.jsonl"
    path.write_text(line + "\n")
    with pytest.raises(DataError, match=r"silver\.jsonl, line 1"):
        list(read_silver(path))
    with pytest.raises(DataError, match="no file"):
        list(read_silver(tmp_path / "other.jsonl"))


def test_more_processes_write_the_same(graph: EmbeddedGraph, undisturbed: bytes, tmp_path: Path) -> None:
    coverage = supervise(DIALOGUES, graph, out=tmp_path / "silver.jsonl", workers=2)
    assert (tmp_path / "silver.jsonl").read_bytes() == undisturbed
    assert coverage.all.turns == 30


@pytest.mark.parametrize("share", [0.0, 0.01, 0.3, 0.5, 0.77, 0.999, 1.0])
def test_a_rerun_continues_after_the_last_whole_dialogue(
    graph: EmbeddedGraph, undisturbed: bytes, tmp_path: Path, share: float
) -> None:
    out = tmp_path / "silver.jsonl"
    out.write_bytes(undisturbed[: int(share * len(undisturbed))])
    coverage = supervise(DIALOGUES, graph, out=out)
    assert out.read_bytes() == undisturbed
    assert coverage.all.turns == 30
    assert coverage.resumed == 5 * undisturbed[: int(share * len(undisturbed))].count(b"\n") // 5 // 5 * 5


def test_an_interrupt_loses_nothing(graph: EmbeddedGraph, undisturbed: bytes, tmp_path: Path) -> None:
    out = tmp_path / "silver.jsonl"

    def interrupt(coverage: Coverage) -> None:
        if coverage.all.turns == 15:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        supervise(DIALOGUES, graph, out=out, progress=interrupt)
    assert undisturbed.startswith(out.read_bytes())
    assert out.read_bytes().count(b"\n") == 15
    assert supervise(DIALOGUES, graph, out=out).resumed == 15
    assert out.read_bytes() == undisturbed


def test_ctrl_c_ends_all_processes(graph: EmbeddedGraph, undisturbed: bytes, tmp_path: Path) -> None:
    out = tmp_path / "silver.jsonl"
    script = (
        "import itertools, signal\n"
        # A shell starts what it puts in the background with the signal ignored, this test's run perhaps too.
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "from kgqa.graphs import EmbeddedGraph\n"
        "from kgqa.supervision import supervise\n"
        "from tests.kgqa.test_supervision import dialogue\n"
        "if __name__ == '__main__':\n"
        f"    graph = EmbeddedGraph.open({str(graph.folder)!r})\n"
        f"    supervise(map(dialogue, itertools.count()), graph, out={str(out)!r}, workers=2)\n"
    )
    (tmp_path / "endless.py").write_text(script)
    process = subprocess.Popen(
        [sys.executable, str(tmp_path / "endless.py")],
        env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    deadline = time.monotonic() + 60
    while not (out.is_file() and out.stat().st_size > len(undisturbed)) and time.monotonic() < deadline:
        time.sleep(0.05)
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does: to all of them
    try:
        _, errors = process.communicate(timeout=60)
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
    assert b"KeyboardInterrupt" in errors
    assert process.returncode != 0
    assert out.read_bytes().startswith(undisturbed)
    assert out.read_bytes().endswith(b"\n")


def test_another_runs_file_is_not_continued(graph: EmbeddedGraph, tmp_path: Path) -> None:
    out = tmp_path / "silver.jsonl"
    supervise(DIALOGUES[:2], graph, out=out)
    before = out.read_bytes()
    with pytest.raises(DataError, match="expected question d1/0"):
        supervise(DIALOGUES[1:], graph, out=out)
    with pytest.raises(DataError, match="annotated"):
        supervise(DIALOGUES, graph, out=out, source="annotated")
    with pytest.raises(DataError, match="raise the limit"):
        supervise(DIALOGUES, graph, out=out, limit=1)
    assert out.read_bytes() == before
    assert supervise(DIALOGUES, graph, out=out, limit=2).resumed == 10


def test_a_limit_counts_dialogues(graph: EmbeddedGraph, tmp_path: Path) -> None:
    assert supervise(DIALOGUES, graph, out=tmp_path / "silver.jsonl", limit=2).all.turns == 10


def test_an_unknown_source_is_refused(graph: EmbeddedGraph, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="searched, annotated"):
        supervise(DIALOGUES, graph, out=tmp_path / "silver.jsonl", source="guessed")  # type: ignore[arg-type]
    assert not (tmp_path / "silver.jsonl").exists()


def test_a_turn_that_fails_does_not_stop_the_rest(
    graph: EmbeddedGraph, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*arguments: object, **options: object) -> object:
        if arguments[1].numbers:  # type: ignore[attr-defined]
            raise ZeroDivisionError("a bug")
        return search(*arguments, **options)  # type: ignore[arg-type]

    monkeypatch.setattr("kgqa.supervision.turns.search", broken)
    coverage = supervise(DIALOGUES[:1], graph, out=tmp_path / "silver.jsonl")
    lines = [json.loads(line) for line in (tmp_path / "silver.jsonl").read_text().splitlines()]
    assert [line["outcome"] for line in lines] == [
        "exhausted",
        "exhausted",
        "failed",
        "exhausted",
        "exhausted",
    ]
    assert lines[2]["error"] == "ZeroDivisionError: a bug"
    assert coverage.to_json()["failed"] == 1
    assert lines[3]["form"] is not None


def test_without_annotation_leaves_come_from_linking(graph: EmbeddedGraph, tmp_path: Path) -> None:
    def examples() -> Iterator[Example]:
        conversation = Conversation()
        yield Example("x/0", conversation, "What is the capital of France ?", Gold(entities=("Q90",)))
        turn = Turn("What is the capital of France ?", TurnAnswer("Paris", entities=("Q90",)))
        conversation = conversation.then(turn)
        yield Example("x/1", conversation, "What is its country ?", Gold(entities=("Q142",)))

    plain = Dialogue("x", "x", tuple(examples()))
    supervise([plain], graph, out=tmp_path / "silver.jsonl")
    silver = list(read_silver(tmp_path / "silver.jsonl"))
    assert [str(one.form) for one in silver] == ["follow(Q142, P36)", "follow(Q90, P17)"]
    assert [one.type for one in silver] == ["entities", "entities"]


def test_gold_without_an_answer_has_no_form(graph: EmbeddedGraph, tmp_path: Path) -> None:
    example = replace(DIALOGUES[0].examples[0], gold=Gold(question_type="Simple"))
    supervise([Dialogue("y", "y", (example,))], graph, out=tmp_path / "silver.jsonl")
    assert [one.form for one in read_silver(tmp_path / "silver.jsonl")] == [None]


@pytest.mark.skipif(not CSQA.is_file(), reason="the shared CSQA dialogues are not here")
def test_real_dialogues_without_their_graph_fail_nowhere(graph: EmbeddedGraph, tmp_path: Path) -> None:
    dialogues = read_dataset("csqa", CSQA, limit=3)
    coverage = supervise(dialogues, graph, out=tmp_path / "silver.jsonl")
    assert coverage.all.failed == 0
    assert coverage.all.turns > 10
