"""Times of typical forms, neighbourhoods and searches at endpoints, beside the same facts embedded.

    python benchmarks/endpoint.py data/graph http://127.0.0.1:7878/query http://127.0.0.1:8890/sparql

Medians in milliseconds, the sides taken in turns; the number of requests behind each; then one question to
the first endpoint with and without the answer kept on disk.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from grammar.execute import execute
from grammar.forms import read_form
from kgqa.graphs import KnowledgeGraph, open_graph
from kgqa.graphs.endpoints.answer_cache import AnswerCache
from kgqa.graphs.endpoints.endpoint import EndpointGraph

FORMS = {
    "one hop": "follow(Q44578, P57)",
    "two hops, one kind": "keep(follow_back(follow(Q44578, P57), P57), Q11424)",
    "count": "cardinality(keep(follow_back(Q42574, P57), Q11424))",
    "difference": "difference(follow(Q44578, P161), follow(Q24871, P161))",
    "date": "value(Q42574, P569)",
    "with a qualifier": "object(where(statements(Q142, P35), P580, @1995))",
    "arg-max over a type": "arg(max(value(for_each(members(Q11424)), P2047)))",
    "counts over a type": "arg(max(cardinality(follow(for_each(members(Q11424)), P161))))",
    "count of a type": "cardinality(members(Q5))",
}


def actions(graph: KnowledgeGraph) -> dict[str, Callable[[], object]]:
    """What is timed on a graph; whatever it keeps for a while is thrown away before each."""
    known = graph.entities(["Q42574", "Q30"])

    def anew(do: Callable[[], object]) -> Callable[[], object]:
        def timed() -> object:
            if isinstance(graph, EndpointGraph):
                graph.forget()
            return do()

        return timed

    forms = {name: read_form(text) for name, text in FORMS.items()}
    timed = {name: anew(partial(execute, form, graph)) for name, form in forms.items()}
    timed["neighbourhood of a person"] = anew(lambda: graph.neighbourhood(known[:1]))
    timed["neighbourhood of a country"] = anew(lambda: graph.neighbourhood(known[1:]))
    timed["search, as spelt"] = anew(lambda: graph.search("titanic"))
    timed["search, with a typo"] = anew(lambda: graph.search("James Camerron"))
    return timed


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("graph")
    parser.add_argument("endpoints", nargs="+")
    parser.add_argument("--times", type=int, default=7)
    arguments = parser.parse_args()
    graphs = [open_graph(arguments.graph), *map(EndpointGraph, arguments.endpoints)]
    names = ["embedded", *(str(g.evidence.store) for g in graphs if isinstance(g, EndpointGraph))]
    sides = [actions(graph) for graph in graphs]
    print("| ms | " + " | ".join(names) + " | requests |\n|---|" + "---|" * (len(names) + 1))
    for what in sides[0]:
        times: list[list[float]] = [[] for _ in sides]
        requests: set[int] = set()
        for _ in range(arguments.times + 1):
            for graph, side, taken in zip(graphs, sides, times, strict=True):
                before = graph.client.requests if isinstance(graph, EndpointGraph) else 0
                started = time.perf_counter()
                side[what]()
                taken.append((time.perf_counter() - started) * 1e3)
                if isinstance(graph, EndpointGraph):
                    requests.add(graph.client.requests - before)
        medians = [f"{statistics.median(taken[1:]):.2f}" for taken in times]  # the first looks names up
        print(f"| {what} | {' | '.join(medians)} | {min(requests)} |")
    _kept(arguments.endpoints[0], arguments.times)


def _kept(url: str, times: int) -> None:
    """One question asked for, kept, and read back."""
    form = read_form(FORMS["arg-max over a type"])
    with tempfile.TemporaryDirectory() as folder:
        taken: dict[str, list[float]] = {"asked and kept": [], "kept": []}
        for turn in range(times):
            cache = AnswerCache(Path(folder) / str(turn))
            for what in taken:
                graph = EndpointGraph(url, cache=cache)
                started = time.perf_counter()
                execute(form, graph)
                taken[what].append((time.perf_counter() - started) * 1e3)
    for what, found in taken.items():
        print(f"{what}, by a new process' graph: {statistics.median(found):.2f} ms")


if __name__ == "__main__":
    main()
