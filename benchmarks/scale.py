"""How building and asking grow with the graph, and how other stores do the same.

    python benchmarks/scale.py build 21.2e6 --dir DIR [--text] [--memory 1GB]
    python benchmarks/scale.py ask 21.2e6 --dir DIR
    python benchmarks/scale.py peer duckdb 21.2e6 --dir DIR
    python benchmarks/scale.py report --dir DIR

The graphs have CSQA's shape (``csqa_shape``); a size is a number of facts besides those of type. Run
``build`` and ``ask`` for every size, ``peer`` for every store and size that it can hold; each is a process
of its own and adds one line to DIR/results.jsonl. ``report`` prints the
tables. Times are of the processor (which is what a quiet machine takes, whatever else runs beside), medians.
Peers need the extra ``benchmarks``.
"""

from __future__ import annotations

import argparse
import json
import shutil
import statistics
import threading
import time
from pathlib import Path
from typing import Any

from csqa_shape import CsqaShape
from scale_cases import Question, Store, cases_of, questions
from scale_report import report
from scale_stores import PEERS, Embedded

from grammar.execute import execute
from grammar.forms import read_form
from kgqa.commands.options import read_size
from kgqa.graphs import EmbeddedGraph, build_graph

_SECONDS = 20.0
"""How long one question is repeated at most."""
_WORDS = ("labels", "alias", "descriptions", "names/", "relations.")


def resident(which: str) -> float:
    """Megabytes of this process: VmRSS now, VmHWM at most, RssAnon without mapped files."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(f"{which}:"):
            return int(line.split()[1]) / 1000
    raise OSError(f"this system does not tell {which}")


class Highest:
    """The most of a kind of memory that this process holds, in megabytes, looked at again and again."""

    def __init__(self, which: str) -> None:
        self.by_part: dict[str, float] = {}
        self._which, self._part = which, "reading"
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> Highest:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._thread.join()

    def told(self, what: str, done: int, total: int | None = None, unit: str = "", /) -> None:
        """A build's progress: which part it is at."""
        self._part = what

    def _watch(self) -> None:
        while not self._done.wait(0.05):
            part = self._part
            self.by_part[part] = max(resident(self._which), self.by_part.get(part, 0.0))


def folder_of(arguments: argparse.Namespace) -> Path:
    """Where the graph of a size lies."""
    return Path(arguments.dir) / f"graph-{int(arguments.size)}"


def build(arguments: argparse.Namespace) -> dict[str, Any]:
    """Build the graph of a size."""
    shape = CsqaShape(int(arguments.size), with_text=arguments.text)
    started, processor = time.perf_counter(), time.process_time()
    before, own = resident("VmRSS"), resident("RssAnon")
    with Highest("RssAnon") as highest:
        done = build_graph(
            [list(shape.relation_records())],
            folder_of(arguments),
            chunks=shape.chunks(),
            memory=read_size(arguments.memory),
            progress=highest.told,
        )
    info = done.info
    manifest = json.loads((done.folder / "graph.json").read_text())
    texts = sum(it["bytes"] for name, it in manifest["files"].items() if any(w in name for w in _WORDS))
    return {
        "what": "build",
        "text": arguments.text,
        "memory": arguments.memory,
        "seconds": time.perf_counter() - started,
        "processor_seconds": time.process_time() - processor,
        "start_mb": before,
        "peak_mb": resident("VmHWM"),
        "start_own_mb": own,
        "peak_own_mb": highest.by_part,
        "triples": info.triples,
        "entities": info.entities,
        "relations": info.relations,
        "types": info.types,
        "bytes_a_triple": (info.bytes - texts) / info.triples,
        "bytes_a_triple_with_text": info.bytes / info.triples if arguments.text else None,
    }


def median_of(store: Store, question: Question) -> tuple[float, float, int]:
    """Milliseconds of a call, of the processor and by the clock, and the sum of the answers of one round."""
    call = getattr(store, question.method)
    times, clock, answers, started = [], [], 0, time.perf_counter()
    for place in range(len(question.calls) * (5 if len(question.calls) > 1 else 15)):
        begun, processor = time.perf_counter(), time.process_time()
        answer = call(*question.calls[place % len(question.calls)])
        times.append((time.process_time() - processor) * 1e3)
        clock.append((time.perf_counter() - begun) * 1e3)
        answers += answer if place < len(question.calls) else 0
        if time.perf_counter() - started > _SECONDS and place >= len(question.calls) - 1:
            break
    return statistics.median(times), statistics.median(clock), answers


def rows(store: Store, shape: CsqaShape) -> dict[str, Any]:
    """All questions: name -> medians in milliseconds, of the processor and by the clock; and the answers."""
    asked = questions(cases_of(shape))
    for question in asked:  # once, so that what is measured is not the disk
        getattr(store, question.method)(*question.calls[0])
    found = {question.name: median_of(store, question) for question in asked}
    return {
        "milliseconds": {name: [median, clock] for name, (median, clock, _) in found.items()},
        "answers": {name: answer for name, (*_, answer) in found.items()},
    }


def ask(arguments: argparse.Namespace) -> dict[str, Any]:
    """Open a built graph and ask it."""
    before = resident("VmRSS")
    opened = []
    for _ in range(11):
        started = time.process_time()
        graph = EmbeddedGraph.open(folder_of(arguments))
        opened.append((time.process_time() - started) * 1e3)
    after = resident("VmRSS")
    shape = CsqaShape(int(arguments.size))
    forms = {
        f"{question.name} (as a form)": read_form(question.form)
        for question in questions(cases_of(shape))
        if question.method in ("objects", "subjects") and len(question.calls) > 1
    }
    found = rows(Embedded(graph), shape)
    for name, form in forms.items():
        times = []
        for _ in range(200):
            started = time.process_time()
            execute(form, graph)
            times.append((time.process_time() - started) * 1e3)
        found["milliseconds"][name] = [statistics.median(times), None]
    return {
        "what": "ask",
        "store": "kgqa",
        "open_ms": opened[0],
        "open_again_ms": statistics.median(opened[1:]),
        "python_mb": before,
        "opened_mb": after,
        "asked_anonymous_mb": resident("RssAnon"),
        **found,
    }


def peer(arguments: argparse.Namespace) -> dict[str, Any]:
    """Fill another store and ask it."""
    shape = CsqaShape(int(arguments.size))
    folder = Path(arguments.dir) / "peer"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    started, processor = time.perf_counter(), time.process_time()
    store = PEERS[arguments.store](shape, folder)
    loaded = {
        "seconds": time.perf_counter() - started,
        "processor_seconds": time.process_time() - processor,
        "peak_mb": resident("VmHWM"),
        "disk_mb": sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) / 1e6,
    }
    found = rows(store, shape)
    shutil.rmtree(folder)
    return {"what": "peer", "store": arguments.store, **loaded, **found}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("what", choices=["build", "ask", "peer", "report"])
    parser.add_argument("rest", nargs="*", metavar="[STORE] SIZE")
    parser.add_argument("--dir", type=Path, required=True)
    parser.add_argument("--memory", default="1GB")
    parser.add_argument("--text", action="store_true")
    arguments = parser.parse_args()
    results = arguments.dir / "results.jsonl"
    if arguments.what == "report":
        print(report([json.loads(line) for line in results.read_text().splitlines()]))
        return
    *store, size = arguments.rest
    arguments.store, arguments.size = "".join(store), int(float(size))
    arguments.dir.mkdir(parents=True, exist_ok=True)
    result = {
        "facts": arguments.size,
        **{"build": build, "ask": ask, "peer": peer}[arguments.what](arguments),
    }
    with results.open("a", encoding="utf-8") as file:
        file.write(json.dumps(result) + "\n")
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
