"""Tables of what ``scale`` measured, in Markdown."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

Result = dict[str, Any]


def report(results: Sequence[Result]) -> str:
    """All tables; of what was measured several times the last counts."""
    latest = {(r["what"], r.get("store", r.get("text")), r["facts"]): r for r in results}
    found = sorted(latest.values(), key=lambda result: result["facts"])
    builds = [r for r in found if r["what"] == "build"]
    asked = [r for r in found if r["what"] == "ask"]
    peers = [r for r in found if r["what"] == "peer"]
    parts = [_builds(builds), _growth(asked)]
    parts += [_beside(peer, asked) for peer in sorted(peers, key=lambda r: (r["store"], r["facts"]))]
    return "\n\n".join(part for part in parts if part)


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] + ["---:"] * (len(head) - 1), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _number(number: float | None) -> str:
    if number is None:
        return ""
    return f"{number:,.0f}" if number >= 100 else f"{number:.3g}"


def _builds(builds: Sequence[Result]) -> str:
    rows = [
        ("triples", "triples"),
        ("entities", "entities"),
        ("seconds", "seconds"),
        ("of them of the processor", "processor_seconds"),
        ("memory asked for", "memory"),
        ("memory taken at most, MB", "peak_mb"),
        ("bytes a triple without text", "bytes_a_triple"),
        ("bytes a triple with text", "bytes_a_triple_with_text"),
    ]
    head = ["build", *(f"{b['facts'] / 1e6:g} M{' with text' if b['text'] else ''}" for b in builds)]
    lines = [
        [name, *(b[key] if isinstance(b[key], str) else _number(b[key]) for b in builds)]
        for name, key in rows
    ]
    return _table(head, lines) if builds else ""


def _growth(asked: Sequence[Result]) -> str:
    if not asked:
        return ""
    head = ["median, milliseconds of the processor", *(f"{r['facts'] / 1e6:g} M" for r in asked)]
    lines = [
        ["open, first time in a process", *(_number(r["open_ms"]) for r in asked)],
        ["open, again", *(_number(r["open_again_ms"]) for r in asked)],
        ["memory of the process before opening, MB", *(_number(r["python_mb"]) for r in asked)],
        ["after opening, MB", *(_number(r["opened_mb"]) for r in asked)],
        ["after asking, without mapped files, MB", *(_number(r["asked_anonymous_mb"]) for r in asked)],
    ]
    for name in asked[-1]["milliseconds"]:
        lines.append([name, *(_number(r["milliseconds"][name][0]) for r in asked)])
    return _table(head, lines)


def _beside(peer: Result, asked: Sequence[Result]) -> str:
    own = next((r for r in asked if r["facts"] == peer["facts"]), None)
    if own is None:
        return ""
    head = [
        f"{peer['facts'] / 1e6:g} M, milliseconds of the processor",
        peer["store"],
        "kgqa",
        "times",
        "same answers",
    ]
    lines = [
        [
            name,
            _number(median),
            _number(own["milliseconds"][name][0]),
            _number(median / own["milliseconds"][name][0]),
            "yes" if peer["answers"][name] == own["answers"][name] else "NO",
        ]
        for name, (median, _) in peer["milliseconds"].items()
    ]
    filled = (
        f"{peer['store']}: filled in {_number(peer['seconds'])} s ({_number(peer['processor_seconds'])} of "
        f"the processor), {_number(peer['peak_mb'])} MB of memory at most, "
        f"{_number(peer['disk_mb'])} MB on disk."
    )
    return f"{_table(head, lines)}\n\n{filled}"
