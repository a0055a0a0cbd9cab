"""How fast the embedded graph builds, opens and answers, as a small table.

    python benchmarks/graph.py SOURCE... [--keep DIR]

Medians over distinct entities, in one thread. Builds in a temporary folder unless --keep names one.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from kgqa.graphs import EmbeddedGraph, build_graph

ROUNDS = 500


def median_of(work: Callable[[int], object], rounds: int = ROUNDS) -> str:
    """Median and 95th percentile of a call, in microseconds."""
    times = []
    for number in range(rounds):
        started = time.perf_counter()
        work(number)
        times.append((time.perf_counter() - started) * 1e6)
    return f"{statistics.median(times):10.1f} {sorted(times)[int(rounds * 0.95)]:10.1f}"


def biggest_relation(graph: EmbeddedGraph, direction: str) -> str:
    """The relation with most facts in a direction, around a sample of entities."""
    step = max(1, graph.info().entities // 2_000)
    uses = graph.neighbourhood(np.arange(0, graph.info().entities, step, dtype=np.int64))
    return next((use.relation for use in uses if use.direction == direction), "none")


def measure(graph: EmbeddedGraph) -> None:
    """Print the table."""
    info = graph.info()
    rng = np.random.default_rng(0)
    single = [rng.integers(0, info.entities, 1) for _ in range(ROUNDS)]
    out, into, literal = (biggest_relation(graph, d) for d in ("out", "in", "literal"))
    sizes = {name: len(graph.members(name)) for name in graph.type_names()[:2_000]}
    largest = max(sizes, key=lambda name: sizes[name])
    members = graph.members(largest)
    known = np.argsort(-graph.degree(np.arange(info.entities)))[:ROUNDS]
    names = graph.entity_names(known)
    labels = [graph.label(name) or name for name in names]
    typos = [label[: len(label) // 2] + label[len(label) // 2 + 1 :] for label in labels]
    hub = known[:1].astype(np.int64)
    rows: list[tuple[str, str]] = [
        (f"objects of one entity ({out})", median_of(lambda i: graph.objects(single[i], out))),
        (f"subjects of one entity ({into})", median_of(lambda i: graph.subjects(single[i], into))),
        (f"literals of one entity ({literal})", median_of(lambda i: graph.literals(single[i], literal))),
        (f"subjects of the hub {names[0]} ({into})", median_of(lambda i: graph.subjects(hub, into))),
        (
            f"objects of all {len(members):,} members of {largest}",
            median_of(lambda i: graph.objects(members, out), 20),
        ),
        ("neighbourhood of one entity", median_of(lambda i: graph.neighbourhood(single[i]))),
        (f"neighbourhood of the hub {names[0]}", median_of(lambda i: graph.neighbourhood(hub))),
        ("number of a name", median_of(lambda i: graph.entities(names[i : i + 1]))),
        ("exact label", median_of(lambda i: graph.exact(labels[i : i + 1]))),
        ("search, label", median_of(lambda i: graph.search(labels[i]))),
        ("search, a letter left out", median_of(lambda i: graph.search(typos[i]))),
    ]
    print(f"\n{'microseconds':44} {'median':>10} {'95 %':>10}")
    for what, figures in rows:
        print(f"{what:44} {figures}")
    found = sum(names[i] in [hit.name for hit in graph.search(typos[i])] for i in range(len(names)))
    print(f"a letter left out of the {len(names)} best known labels: {found} found among 10")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("source", nargs="+", type=Path)
    parser.add_argument("--keep", type=Path, metavar="DIR")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        out = arguments.keep or Path(temporary) / "graph"
        started = time.perf_counter()
        report = build_graph(arguments.source, out)
        seconds = time.perf_counter() - started
        started = time.perf_counter()
        graph = EmbeddedGraph.open(out)
        opened = time.perf_counter() - started
        info = report.info
        words = ("labels", "aliases", "alias_starts", "descriptions", "index", "entities.", "relations.")
        facts = sum(p.stat().st_size for p in out.iterdir() if not any(w in p.name for w in words))
        print(f"{info.triples:,} triples, {info.entities:,} entities, {info.labels:,} labels")
        print(f"built in {seconds:.1f} s ({report.skipped} places skipped), opened in {opened * 1e3:.1f} ms")
        print(
            f"{info.bytes / info.triples:.1f} bytes a triple in all, {facts / info.triples:.1f} without words"
        )
        measure(graph)


if __name__ == "__main__":
    main()
