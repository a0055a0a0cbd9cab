"""The command line: every verb once, and what it says about bad input."""

from __future__ import annotations

import gzip
import io
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest

import kgqa.parser
from kgqa.cli import main
from kgqa.graphs import build_graph
from kgqa.graphs.building import names as building_names
from tests.form_parser import FormParser
from tests.toy import toy_graph


@pytest.fixture(scope="module")
def graph(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("cli")
    toy_graph(folder).close()
    return folder / "toy-graph"


class Outcome(NamedTuple):
    code: int
    out: str
    err: str


Run = Callable[..., Outcome]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    def run(*arguments: object) -> Outcome:
        code = 0
        try:
            main([str(argument) for argument in arguments])
        except SystemExit as stop:
            code = stop.code if isinstance(stop.code, int) else 0
        captured = capsys.readouterr()
        return Outcome(code, captured.out, captured.err)

    return run


@pytest.fixture
def model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(kgqa.parser, "SemanticParser", FormParser)
    folder = tmp_path / "run"
    folder.mkdir()
    return folder


def one_line(outcome: Outcome) -> str:
    """The complaint about a user's mistake."""
    assert outcome.code == 2
    assert outcome.err.count("\n") == 1, outcome.err
    assert outcome.err.startswith("kgqa: ")
    return outcome.err


def stdin(monkeypatch: pytest.MonkeyPatch, content: bytes) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content), encoding="utf-8"))


def test_every_verb_has_help_with_an_example(run: Run) -> None:
    assert run("--help").code == 0
    verbs = ["graph build", "graph info", "form run", "form sparql", "form explain", "supervise"]
    for verb in [*verbs, "synthesize", "train", "evaluate", "answer", "chat", "serve"]:
        shown = run(*verb.split(), "--help")
        assert shown.code == 0
        assert f"kgqa {verb}" in shown.out.partition("\n")[2]


def test_help_and_forms_do_not_wait_for_torch() -> None:
    code = (
        "import sys\nfrom kgqa.cli import main\n"
        "try:\n    main(sys.argv[1:])\nexcept SystemExit:\n    pass\n"
        "print(sorted({'torch', 'transformers', 'fastapi'} & set(sys.modules)))"
    )
    for arguments in (["--help"], ["form", "sparql", "follow(Q142, P36)"]):
        done = subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, text=True)
        assert done.stdout.splitlines()[-1] == "[]", done.stderr


# --- graph and form -----------------------------------------------------------------------------------


def test_graph_build_and_info(run: Run, tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.mkdir()
    (source / "triples.tsv").write_text("Q1\tP31\tQ5\nbroken\nQ1\tP26\tQ2\n")
    out = tmp_path / "graph"
    built = run("graph", "build", source, "--out", out, "--json")
    assert built.code == 0
    assert "triples.tsv" in built.err
    info = json.loads(run("graph", "info", out, "--json").out)
    assert {"entities", "relations", "types", "triples", "literals", "statements", "qualifiers"} <= set(info)
    assert (info["triples"], info["types"]) == (2, 1)
    assert "triples     2" in run("graph", "info", out).out
    refused = one_line(run("graph", "build", source, "--out", tmp_path / "other", "--strict"))
    assert "triples.tsv" in refused
    assert "2" in refused


def test_only_the_command_that_builds_shares_one_store(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    called: list[str] = []
    monkeypatch.setattr(building_names, "share_one_store", lambda: called.append("here"))
    source = tmp_path / "facts.nt"
    source.write_text("<http://x.org/a> <http://x.org/knows> <http://x.org/b> .\n", encoding="utf-8")
    build_graph([source], tmp_path / "in-process", name="facts")
    assert called == []
    assert run("graph", "build", source, "--out", tmp_path / "g", "--json").code == 0
    assert called == ["here"]


def test_graph_build_of_a_part_of_a_dump(run: Run, tmp_path: Path) -> None:
    def thing(name: str, kind: str, **facts: str) -> str:
        snaks = {
            relation: {
                "snaktype": "value",
                "datavalue": {"type": "wikibase-entityid", "value": {"entity-type": "item", "id": value}},
            }
            for relation, value in {"P31": kind, **facts}.items()
        }
        words = {code: {"value": f"{name} in {code}"} for code in ("en", "de")}
        claims = {relation: [{"mainsnak": snak}] for relation, snak in snaks.items()}
        return json.dumps({"id": name, "type": "item", "labels": words, "claims": claims})

    films = [thing(f"Q{n}", "Q11424", P57="Q90", P161="Q91") for n in range(1, 9)]
    dump = tmp_path / "dump.json"
    lexeme = json.dumps({"type": "lexeme", "id": "L1"})
    dump.write_text(
        ",\n".join(["[", *films, thing("Q90", "Q5"), thing("Q91", "Q5"), lexeme, "]"]).replace("[,", "[")
    )
    relations = tmp_path / "relations.txt"
    relations.write_text("P57 director\n")
    out = tmp_path / "graph"
    part = (
        "--sample",
        "Q11424:3",
        "--hops",
        "1",
        "--seed",
        "2",
        "--relations-from",
        relations,
        "--language",
        "de,en",
    )
    built = run("graph", "build", dump, "--out", out, *part, "--json")
    assert (built.code, built.err) == (0, "left out: 1 x entity of type lexeme\n")
    record = json.loads(built.out)
    assert (record["triples"], record["relations"], record["left_out"]) == (
        7,
        2,
        {"entity of type lexeme": 1},
    )
    assert run("form", "run", "follow(members(Q11424), P57)", "--graph", out).out == "Q90 in de\n"
    assert "expected a sample" in one_line(run("graph", "build", dump, "--out", out, "--sample", "Q5"))
    assert "no entity of type Q7" in one_line(run("graph", "build", dump, "--out", out, "--type", "Q7"))


def test_an_unknown_graph(run: Run, tmp_path: Path) -> None:
    assert "nowhere" in one_line(run("graph", "info", tmp_path / "nowhere"))
    assert "nowhere" in one_line(run("answer", "Who is it?", "--graph", tmp_path / "nowhere"))


def test_form_run(run: Run, graph: Path) -> None:
    assert run("form", "run", "follow(Q142, P36)", "--graph", graph).out == "Paris\n"
    record = json.loads(run("form", "run", "follow(Q142, P36)", "--graph", graph, "--json").out)
    assert record["entities"] == [{"id": "Q90", "label": "Paris", "description": "capital of France"}]
    assert record["evidence"] == [["Q142", "P36", "Q90"]]
    count = json.loads(run("form", "run", "cardinality(members(Q11424))", "--graph", graph, "--json").out)
    assert (count["numbers"], count["answer"]) == ([3.0], "3")


def test_form_sparql_and_explain(run: Run, graph: Path) -> None:
    assert "wd:Q142 wdt:P36" in run("form", "sparql", "follow(Q142, P36)").out
    iris = "follow(<http://example.org/France>, <http://example.org/capital>)"
    assert "<http://example.org/capital>" in run("form", "sparql", iris).out
    explained = run("form", "explain", "follow(Q142, P36)", "--graph", graph).out
    assert "capital" in explained
    assert "France" in explained


@pytest.mark.parametrize(
    ("form", "expected"),
    [
        ("follow(Q142, P36", "column"),
        ("fellow(Q142, P36)", "fellow"),
        ("follow(Q142, P4711)", "P4711"),
        ("follow(Q4711, P36)", "Q4711"),
        ("max(Q142)", "max takes"),
        ("", "expected"),
        ("(" * 20_001, "20000"),
    ],
)
def test_a_form_that_cannot_be(form: str, expected: str, run: Run, graph: Path) -> None:
    assert expected in one_line(run("form", "run", form, "--graph", graph))


# --- answer -------------------------------------------------------------------------------------------

KEYS = {
    "answer", "entities", "values", "form", "english", "sparql", "evidence", "linked", "confidence",
    "milliseconds",
}  # fmt: skip


def test_answer_to_one_question(run: Run, graph: Path, model: Path) -> None:
    where = ("--graph", graph, "--model", model)
    assert run("answer", "follow(Q142, P36)", *where).out == "Paris\n"
    record = json.loads(run("answer", "follow(Q142, P36)", *where, "--json").out)
    assert set(record) >= KEYS
    assert record["answer"] == "Paris"
    assert record["evidence"] == [["Q142", "P36", "Q90"]]
    assert [link["id"] for link in record["linked"]] == ["Q142", "P36"]


def test_what_was_not_understood_is_said(run: Run, graph: Path, model: Path) -> None:
    record = json.loads(run("answer", "Hm?", "--graph", graph, "--model", model, "--json").out)
    assert (record["outcome"], record["answer"], record["form"]) == ("unparsed", None, None)
    assert record["message"].startswith("I know what you speak of")
    assert record["not_linked"] == ["Xyzzy"]
    failed = json.loads(
        run("answer", "follow(Q142, P9999)", "--graph", graph, "--model", model, "--json").out
    )
    assert (failed["outcome"], failed["answer"], failed["entities"]) == ("failed", None, [])
    assert "P9999" in failed["message"]


LINES: list[dict[str, Any]] = [
    {"question": "follow(Q142, P36)", "conversation": "a", "id": 1},
    {"question": "follow(Q183, P36)", "conversation": "b"},
    {"question": "it: follow(IT, P17)", "conversation": "a"},
    {"id": "d", "turns": [{"question": "follow(Q30, P36)"}, {"question": "it: follow(IT, P17)"}]},
]
ANSWERS = ["Paris", "Berlin", "France", "Washington, D.C.", "United States of America"]


def lines(*records: dict[str, Any]) -> str:
    return "".join(json.dumps(record) + "\n" for record in records)


@pytest.mark.parametrize("name", ["questions.jsonl", "questions.jsonl.gz"])
def test_answers_to_a_file(name: str, run: Run, graph: Path, model: Path, tmp_path: Path) -> None:
    file = tmp_path / name
    content = lines(*LINES).encode()
    file.write_bytes(gzip.compress(content) if name.endswith(".gz") else content)
    done = run("answer", file, "--graph", graph, "--model", model, "--json")
    records = [json.loads(line) for line in done.out.splitlines()]
    assert [record["answer"] for record in records] == ANSWERS
    assert (records[0]["id"], records[0]["conversation"]) == (1, "a")
    assert run("answer", file, "--graph", graph, "--model", model).out.splitlines() == ANSWERS


def test_answers_to_a_pipe(run: Run, graph: Path, model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for dash in (["-"], []):
        stdin(monkeypatch, b'follow(Q142, P36)\n\n{"question": "follow(Q183, P36)"}\n')
        done = run("answer", *dash, "--graph", graph, "--model", model)
        assert done.out.splitlines() == ["Paris", "Berlin"]


def test_a_broken_line_is_named_and_the_rest_answered(
    run: Run, graph: Path, model: Path, tmp_path: Path
) -> None:
    file = tmp_path / "questions.jsonl"
    file.write_text(
        '{"question": "follow(Q142, P36)"}\n{"quest\n{"q": 1}\n{"question": ""}\nfollow(Q183, P36)\n'
    )
    done = run("answer", file, "--graph", graph, "--model", model)
    assert (done.code, done.out.splitlines()) == (2, ["Paris", "Berlin"])
    for number in (2, 3, 4):
        assert f"questions.jsonl, line {number}: expected" in done.err


def test_history(run: Run, graph: Path, model: Path, tmp_path: Path) -> None:
    where = ("--graph", graph, "--model", model)
    history = tmp_path / "history.jsonl"
    question = ("answer", "it: follow(IT, P17)", *where, "--history", history)
    history.write_text(run("answer", "follow(Q142, P36)", *where, "--json").out)
    assert run(*question).out == "France\n"
    history.write_text(lines({"question": "What is the capital of Germany?", "answer": ["Q64"]}))
    assert run(*question).out == "Germany\n"
    history.write_text(lines({"turns": [{"question": "Its capital?", "answer": ["Q61"]}]}))
    assert run(*question).out == "United States of America\n"
    history.write_text("nonsense\n")
    assert "history.jsonl, line 1" in one_line(run(*question))


@pytest.mark.parametrize("question", ["", "   ", "w" * 10_000])
def test_what_is_no_question(question: str, run: Run) -> None:
    assert "expected a question" in one_line(run("answer", question))


def test_files_that_are_no_questions(run: Run, graph: Path, model: Path, tmp_path: Path) -> None:
    where = ("--graph", graph, "--model", model)
    assert "nowhere.jsonl" in one_line(run("answer", "nowhere.jsonl", *where))
    binary = tmp_path / "image.jsonl"
    binary.write_bytes(b"\x89PNG\r\n\x1a\n\x00\xff\xfe" * 50)
    assert "image.jsonl, line 1: expected UTF-8 text" in one_line(run("answer", binary, *where))
    cut = tmp_path / "cut.jsonl.gz"
    cut.write_bytes(gzip.compress(lines(*LINES * 50).encode())[:60])
    assert "cut.jsonl.gz" in run("answer", cut, *where).err.splitlines()[-1]


def test_a_model_that_is_none(run: Run, graph: Path, tmp_path: Path) -> None:
    assert "nowhere" in one_line(run("answer", "Who?", "--graph", graph, "--model", tmp_path / "nowhere"))
    assert "config.toml" in one_line(run("answer", "Who?", "--graph", graph, "--model", tmp_path))


# --- chat, serve, learning ----------------------------------------------------------------------------


def test_chat(run: Run, graph: Path, model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    talk = (
        "follow(Q142, P36)\n:why\nI meant Germany\n:graph\n:reset\n:nonsense\n\n" + "w" * 2000 + "\n:quit\n"
    )
    monkeypatch.setattr(sys, "stdin", io.StringIO(talk))
    done = run("chat", "--graph", graph, "--model", model)
    assert done.code == 0
    for expected in (
        "Paris",
        "wdt:P36",
        "France · capital · Paris",
        "Berlin",
        "A new dialogue",
        "is no command",
    ):
        assert expected in done.out
    assert "expected a question of at most" in done.out


def test_the_end_of_the_input_ends_a_chat(
    run: Run, graph: Path, model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("follow(Q142, P36)\n"))
    assert run("chat", "--graph", graph, "--model", model).code == 0


def test_ctrl_c(run: Run, graph: Path, model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def stop(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(FormParser, "answer", stop)
    done = run("answer", "Who?", "--graph", graph, "--model", model)
    assert (done.code, "Traceback" in done.err) == (130, False)


def test_supervise_and_synthesize(run: Run, graph: Path, tmp_path: Path) -> None:
    data = tmp_path / "data.jsonl"
    turn = {
        "question": "What is the capital of France?",
        "answer": ["Q90"],
        "entities": ["Q142"],
        "type": "x",
    }
    data.write_text(lines({"turns": [turn]}))
    out = tmp_path / "silver.jsonl"
    done = run("supervise", "plain", data, "--graph", graph, "--out", out, "--workers", 1, "--json")
    record = json.loads(done.out)
    assert {"turns", "covered", "coverage", "by_type", "seconds", "turns_per_second"} <= set(record)
    assert set(record["by_type"]["x"]) >= {"turns", "covered", "coverage"}
    again = run("supervise", "plain", data, "--graph", graph, "--out", out, "--workers", 1)
    assert "coverage" in again.out
    invented = tmp_path / "invented.jsonl"
    assert run("synthesize", "--graph", graph, "--out", invented, "--count", 3, "--seed", 7).code == 0
    assert len(invented.read_text().splitlines()) == 3


def test_unreadable_data(run: Run, graph: Path, tmp_path: Path) -> None:
    out = tmp_path / "silver.jsonl"
    missing = run("supervise", "csqa", tmp_path / "nowhere", "--graph", graph, "--out", out, "--workers", 1)
    assert "nowhere" in one_line(missing)
    assert run("supervise", "freebase", tmp_path, "--graph", graph, "--out", out).code == 2


def test_settings_that_cannot_be(run: Run, tmp_path: Path) -> None:
    config = tmp_path / "config.toml"
    config.write_text("[training]\nepoch = 3\n")
    said = one_line(run("train", "--config", config, "--out", tmp_path / "run"))
    assert "did you mean 'epochs'" in said
    assert "nowhere" in one_line(run("train", "--config", tmp_path / "nowhere", "--out", tmp_path / "run"))


def test_serving_needs_its_packages(
    run: Run, graph: Path, model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(sys.modules, "serve.app", raising=False)
    monkeypatch.setitem(sys.modules, "fastapi", None)
    assert "pip install 'kgqa[serve]'" in one_line(run("serve", "--graph", graph, "--model", model))
