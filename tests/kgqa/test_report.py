"""The report: what is written, what comes back, and that text from outside cannot break the page."""

import json
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest

from grammar.errors import DataError
from kgqa.report import Headline, Report, Sample, read_report, write

REPORT = Report(
    headline=Headline(execution_equality=0.71, overall=0.8123),
    by_type={
        "Simple Question (Direct)": {
            "n": 1200,
            "answered": 1198,
            "unparsed": 2,
            "failed": 0,
            "micro_f1": 0.9,
        },
        "Verification (Boolean) (All)": {"n": 3, "answered": 3, "unparsed": 0, "failed": 0, "accuracy": 1.0},
    },
    protocol={"dataset": "csqa", "history": "gold", "graph": {"name": "toy", "checksum": "ab12"}},
    tables={"turn": {"turn 0": {"n": 3, "p_at_1": 0.5, "mrr": None}}},
    notes=("Counting questions cannot be recomputed on a slice.",),
    samples=(
        Sample(
            id="d/1",
            question_type="Simple",
            question="Who & <where>?",
            outcome="wrong",
            answer="<script>alert(1)</script>",
            gold="Ann",
            form="follow(Q1, P2)",
            gold_form="follow(Q1, P3)",
            before=(("Hello?", "Hi"),),
        ),
    ),
)


def test_a_report_comes_back_as_it_was_written(tmp_path: Path) -> None:
    written = write(REPORT, tmp_path / "new" / "folder")
    assert written == replace(REPORT, path=str(tmp_path / "new" / "folder" / "report.json"))
    assert read_report(tmp_path / "new" / "folder") == written
    assert read_report(Path(written.path)) == written
    assert {file.name for file in (tmp_path / "new" / "folder").iterdir()} == {
        "report.json",
        "report.txt",
        "report.html",
    }


def test_the_json_for_machines_has_the_fixed_keys_with_null_for_what_does_not_apply() -> None:
    record = json.loads(json.dumps(REPORT.to_json()))
    assert set(record) >= {"headline", "by_type", "protocol", "report"}
    assert record["headline"] == {
        "execution_equality": 0.71,
        "exact_match": None,
        "overall": 0.8123,
        "p_at_1": None,
        "p_at_1_one_hop": None,
        "p_at_1_two_hops": None,
        "one_hop": None,
        "two_hops": None,
    }
    assert record["by_type"]["Simple Question (Direct)"]["n"] == 1200


def test_the_text_shows_counts_shares_in_percent_and_dashes() -> None:
    text = REPORT.text()
    (row,) = (line for line in text.splitlines() if line.startswith("Simple Question (Direct)"))
    assert row.split()[3:] == ["1,200", "1,198", "2", "0", "90.0", "-"]
    assert "mrr" not in text, "a measure that no row has needs no column"
    assert "execution equality     71.0" in text
    assert "graph                name toy, checksum ab12" in text
    assert max(map(len, text.splitlines())) < 100


class _Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append(tag)
        assert not any(name in ("src", "href") for name, _ in attrs), "the page must need nothing but itself"
        if tag not in ("meta",):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_the_page_is_well_formed_needs_nothing_else_and_escapes_what_it_shows() -> None:
    tags = _Tags()
    tags.feed(REPORT.html())
    assert tags.open == []
    assert "script" not in tags.seen
    assert "&lt;script&gt;" in REPORT.html()
    assert tags.seen.count("article") == 1


@pytest.mark.parametrize("content", ["{", "{}", "[]", '{"samples": [], "headline": {"speed": 1}}'])
def test_what_is_no_report_is_refused(tmp_path: Path, content: str) -> None:
    (tmp_path / "report.json").write_text(content, encoding="utf-8")
    with pytest.raises(DataError, match="expected a report written by kgqa evaluate"):
        read_report(tmp_path)
    with pytest.raises(DataError, match="cannot read"):
        read_report(tmp_path / "other.json")


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(DataError, match="cannot write the report"):
        write(REPORT, tmp_path / "file")
