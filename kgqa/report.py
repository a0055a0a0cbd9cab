"""The result of an evaluation: one JSON file, one table as text, one page with sample turns.

``Report`` holds only what is printed; ``evaluate`` computes it, ``write`` stores it, ``read_report`` opens
it again. A measure that does not apply is None: ``null`` in the JSON file, a dash in the tables.
"""

from __future__ import annotations

import html
import json
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any, TypeAlias

from grammar.errors import DataError

Measures: TypeAlias = Mapping[str, float | int | None]
"""Name of a measure or count -> its value; shares in 0..1."""


@dataclass(frozen=True)
class Headline:
    """The figures to look at first.

    ``overall`` is the mean over questions of F1 or accuracy, as their type asks for. ``p_at_1_one_hop`` and
    ``p_at_1_two_hops`` are over the questions whose answer is reachable so on this graph, and ``one_hop``
    and ``two_hops`` the shares of the questions that are.
    """

    execution_equality: float | None = None
    exact_match: float | None = None
    overall: float | None = None
    p_at_1: float | None = None
    p_at_1_one_hop: float | None = None
    p_at_1_two_hops: float | None = None
    one_hop: float | None = None
    two_hops: float | None = None


@dataclass(frozen=True)
class Sample:
    """One question of the evaluation; ``before`` are the turns before it, as (question, answer) texts.

    ``outcome`` is "right", "wrong", "asked back", "unparsed" or "failed".
    """

    id: str
    question_type: str
    question: str
    outcome: str
    answer: str
    gold: str
    form: str = ""
    gold_form: str = ""
    before: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Report:
    """An evaluation's result.

    ``by_type`` has a row for each question type, each with at least n, answered, unparsed and failed.
    ``tables`` are further tables of the same shape, title -> row -> measures. ``protocol`` says what the
    figures depend on: dataset, graph and model with their checksums, history, entities, cut-offs.
    ``notes`` are sentences that a reader of the figures needs.
    """

    headline: Headline
    by_type: Mapping[str, Measures]
    protocol: Mapping[str, Any]
    tables: Mapping[str, Mapping[str, Measures]] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    samples: tuple[Sample, ...] = ()
    path: str = ""

    def to_json(self) -> dict[str, Any]:
        """The JSON object for machines: everything but the samples."""
        return {
            "headline": asdict(self.headline),
            "by_type": {name: dict(measures) for name, measures in self.by_type.items()},
            "tables": {
                title: {name: dict(measures) for name, measures in rows.items()}
                for title, rows in self.tables.items()
            },
            "protocol": dict(self.protocol),
            "notes": list(self.notes),
            "report": self.path,
        }

    def text(self) -> str:
        """The tables for a terminal, with the protocol under them."""
        return "\n\n".join(_text_parts(self)) + "\n"

    def html(self) -> str:
        """A page that needs nothing but itself."""
        return _page(self)


def write(report: Report, folder: Path) -> Report:
    """Write ``report.json``, ``report.txt`` and ``report.html`` to a folder, made if it is not there.

    Returns the report with its ``path``, that of ``report.json``.

    Raises:
        DataError: the folder cannot be written to.
    """
    path = folder / "report.json"
    placed = Report(**{f.name: getattr(report, f.name) for f in fields(report)} | {"path": str(path)})
    record = {**placed.to_json(), "samples": [asdict(sample) for sample in placed.samples]}
    try:
        folder.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(record, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
        (folder / "report.txt").write_text(placed.text(), encoding="utf-8")
        (folder / "report.html").write_text(placed.html(), encoding="utf-8")
    except OSError as error:
        raise DataError(
            f"cannot write the report to {folder}: {error.strerror}; name another folder"
        ) from None
    return placed


def read_report(path: Path) -> Report:
    """Open a ``report.json``, or the one in a folder.

    Raises:
        DataError: there is none, or it is not one of this version.
    """
    path = path / "report.json" if path.is_dir() else path
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
        samples = [Sample(**_with_tuples(sample)) for sample in record["samples"]]
        return Report(
            headline=Headline(**record["headline"]),
            by_type=record["by_type"],
            protocol=record["protocol"],
            tables=record["tables"],
            notes=tuple(record["notes"]),
            samples=tuple(samples),
            path=record["report"],
        )
    except OSError as error:
        raise DataError(f"cannot read {path}: {error.strerror}; give a report.json or its folder") from None
    except (ValueError, KeyError, TypeError) as error:
        raise DataError(
            f"{path}: expected a report written by kgqa evaluate, found something else ({error}); "
            "evaluate again"
        ) from None


def _with_tuples(sample: dict[str, Any]) -> dict[str, Any]:
    return {**sample, "before": tuple((question, answer) for question, answer in sample["before"])}


# --- text --------------------------------------------------------------------------------------------


def _columns(rows: Mapping[str, Measures]) -> list[str]:
    """The measures of the rows, in the order in which they first appear, without those nowhere known."""
    names = dict.fromkeys(name for measures in rows.values() for name in measures)
    return [name for name in names if any(measures.get(name) is not None for measures in rows.values())]


def _shown(value: float | int | None) -> str:
    """Counts as they are, shares in percent with one decimal, a dash for what does not apply."""
    if value is None:
        return "-"
    return f"{value:,}" if isinstance(value, int) else f"{100 * value:.1f}"


def _text_table(title: str, rows: Mapping[str, Measures]) -> str:
    columns = _columns(rows)
    # Long names are wrapped, so that a table with ten measures fits a terminal.
    names = [textwrap.wrap(name.replace("_", " "), 10) for name in columns]
    height = max(map(len, names), default=0)
    first = [[""] * (height - len(parts)) + parts for parts in names]
    cells = [[_shown(measures.get(name)) for name in columns] for measures in rows.values()]
    widths = [
        max(len(text) for text in [*first[index], *(row[index] for row in cells)])
        for index in range(len(columns))
    ]
    label = max(map(len, [*rows, title]), default=0)
    lines = [
        (title if line == height - 1 else "").ljust(label)
        + "".join("  " + first[index][line].rjust(widths[index]) for index in range(len(columns)))
        for line in range(height)
    ]
    lines.append("-" * len(lines[-1]) if lines else title)
    for name, row in zip(rows, cells, strict=True):
        lines.append(
            name.ljust(label) + "".join("  " + text.rjust(w) for text, w in zip(row, widths, strict=True))
        )
    return "\n".join(line.rstrip() for line in lines)


def _text_parts(report: Report) -> Iterable[str]:
    headline = {name: value for name, value in asdict(report.headline).items() if value is not None}
    if headline:
        yield "\n".join(f"{name.replace('_', ' '):20} {_shown(value):>6}" for name, value in headline.items())
    yield _text_table("question type", report.by_type)
    for title, rows in report.tables.items():
        yield _text_table(title, rows)
    yield "\n".join(f"{name:20} {_protocol_text(value)}" for name, value in report.protocol.items())
    if report.notes:
        yield "\n".join(report.notes)


def _protocol_text(value: object) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {part}" for name, part in value.items())
    return str(value)


# --- page --------------------------------------------------------------------------------------------

_STYLE = """
:root { color-scheme: light dark; --line: #8884; --soft: #8881; --right: #2a7d46; --wrong: #b3403a; }
body { font: 15px/1.5 system-ui, sans-serif; max-width: 72rem; margin: 2rem auto; padding: 0 1rem; }
h2 { margin-top: 2.2rem; font-size: 1.15rem; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { padding: .3rem .7rem; text-align: right; border-bottom: 1px solid var(--line); }
th:first-child, td:first-child { text-align: left; white-space: nowrap; }
thead th { vertical-align: bottom; font-weight: 600; }
.figures { display: flex; flex-wrap: wrap; gap: 1rem; padding: 0; list-style: none; }
.figures li { background: var(--soft); border-radius: .5rem; padding: .6rem 1rem; }
.figures b { display: block; font-size: 1.5rem; }
article { border: 1px solid var(--line); border-radius: .5rem; padding: .6rem 1rem; margin: .8rem 0; }
article p { margin: .2rem 0; }
.before { opacity: .7; }
.right { color: var(--right); } .wrong, .failed, .unparsed { color: var(--wrong); }
code { overflow-wrap: anywhere; }
"""


def _tag(name: str, content: str, **attributes: str) -> str:
    written = "".join(f' {key.rstrip("_")}="{html.escape(value)}"' for key, value in attributes.items())
    return f"<{name}{written}>{content}</{name}>"


def _html_table(title: str, rows: Mapping[str, Measures]) -> str:
    columns = _columns(rows)
    head = [title, *(name.replace("_", " ") for name in columns)]
    body = "".join(
        _tag("tr", "".join(_tag("td", html.escape(text)) for text in _cells(name, measures, columns)))
        for name, measures in rows.items()
    )
    header = _tag("thead", _tag("tr", "".join(_tag("th", html.escape(text)) for text in head)))
    return _tag("div", _tag("table", header + _tag("tbody", body)), class_="scroll")


def _cells(name: str, measures: Measures, columns: Sequence[str]) -> list[str]:
    return [name, *(_shown(measures.get(column)) for column in columns)]


def _html_sample(sample: Sample) -> str:
    lines = [
        _tag("p", f"{html.escape(question)} <i>{html.escape(answer)}</i>", class_="before")
        for question, answer in sample.before
    ]
    lines.append(
        _tag("p", _tag("b", html.escape(sample.question)) + f" ({html.escape(sample.question_type)})")
    )
    outcome = _tag("span", html.escape(sample.outcome), class_=sample.outcome.replace(" ", "-"))
    lines.append(_tag("p", f"{outcome}: {html.escape(sample.answer) or '-'}"))
    if sample.outcome != "right":
        lines.append(_tag("p", f"gold: {html.escape(sample.gold) or '-'}"))
    for name, form in (("form", sample.form), ("gold form", sample.gold_form)):
        if form and not (name == "gold form" and form == sample.form):
            lines.append(_tag("p", f"{name}: " + _tag("code", html.escape(form))))
    return _tag("article", "\n".join(lines))


def _page(report: Report) -> str:
    title = f"Evaluation on {report.protocol.get('dataset', 'a dataset')}"
    figures = "".join(
        _tag("li", _tag("b", _shown(value)) + html.escape(name.replace("_", " ")))
        for name, value in asdict(report.headline).items()
        if value is not None
    )
    parts = [_tag("h1", html.escape(title)), _tag("ul", figures, class_="figures")]
    parts.extend(_tag("p", html.escape(note)) for note in report.notes)
    parts.append(_html_table("question type", report.by_type))
    for name, rows in report.tables.items():
        parts += [_tag("h2", html.escape(name)), _html_table("", rows)]
    parts.append(_tag("h2", "Protocol"))
    protocol = "".join(
        _tag("tr", _tag("td", html.escape(name)) + _tag("td", html.escape(_protocol_text(value))))
        for name, value in report.protocol.items()
    )
    parts.append(_tag("div", _tag("table", _tag("tbody", protocol)), class_="scroll"))
    if report.samples:
        parts.append(_tag("h2", "Samples"))
        parts.extend(_html_sample(sample) for sample in report.samples)
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{html.escape(title)}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n"
        + "\n".join(parts)
        + "\n</body>\n</html>\n"
    )
