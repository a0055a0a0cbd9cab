"""Whether own execution and SPARQL agree: thousands of random well-typed forms over a slice of a real graph.

    python benchmarks/conformance.py [--forms N] [--seed N] [--data FOLDER] [--subjects N] [--plain]

Without --data over the bundled graph; FOLDER holds triples.tsv.gz, qualifiers.tsv.gz and labels.tsv.gz.
--plain asks of the same facts as plain RDF, without qualifiers. Disagreements are printed with both answers.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import pyoxigraph

from grammar.forms import Call, subforms
from grammar.sparql import to_sparql
from kgqa.bundled import bundled
from kgqa.graphs import EmbeddedGraph, open_graph
from tests.grammar.answers import of_oxigraph
from tests.grammar.conftest import store_of
from tests.kgqa.graphs.slices import (
    Disagreement,
    Slice,
    cut_tables,
    own_answer,
    plain_slice,
    random_forms,
    records_of,
    wikidata_slice,
)

_TOLD = 200


def the_slice(args: argparse.Namespace, folder: Path) -> Slice:
    """The graph to ask, in both shapes."""
    source = bundled("graph")
    if args.data:
        source = cut_tables(args.data, folder / "tables", subjects=args.subjects, seed=args.seed)
    graph = open_graph(source, cache=folder / "cache")
    assert isinstance(graph, EmbeddedGraph)
    return (plain_slice if args.plain else wikidata_slice)(records_of(graph), folder / "slice")


def compare(slice_: Slice, store: pyoxigraph.Store, args: argparse.Namespace) -> int:
    """Ask all forms both ways; gives the number of disagreements."""
    graph, model = slice_.graph, slice_.model
    asked, wrong, used = 0, 0, Counter[str]()
    times: dict[str, list[float]] = {"own execution": [], "oxigraph": []}
    began = time.monotonic()
    for form in random_forms(slice_, seed=args.seed, count=args.forms, most_actions=args.actions):
        query = to_sparql(form, model=model)
        started = time.perf_counter()
        own = own_answer(form, graph, model)
        times["own execution"].append(time.perf_counter() - started)
        started = time.perf_counter()
        theirs = of_oxigraph(query, store)
        times["oxigraph"].append(time.perf_counter() - started)
        asked += 1
        used.update({part.operator for part in subforms(form) if isinstance(part, Call)})
        if own != theirs:
            wrong += 1
            print(f"{Disagreement(form, own, theirs, query)}\n{query if args.queries else ''}", flush=True)
        if asked % _TOLD == 0:
            print(f"{asked:,} forms, {wrong} disagreements", file=sys.stderr, flush=True)
    print(f"{asked:,} forms in {time.monotonic() - began:.0f} s, {wrong} disagreements")
    for name, seconds in times.items():
        print(f"  {name:14} median {statistics.median(seconds) * 1000:.2f} ms, sum {sum(seconds):.1f} s")
    print("  forms with " + ", ".join(f"{name} {count:,}" for name, count in used.most_common()))
    return wrong


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--forms", type=int, default=2_000)
    parser.add_argument("--actions", type=int, default=14, help="operators and leaves of a form, at most")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--data", type=Path, help="a folder of tables to cut a slice of")
    parser.add_argument("--subjects", type=int, default=3_000, help="how many subjects the slice has")
    parser.add_argument("--plain", action="store_true")
    parser.add_argument("--queries", action="store_true", help="print the queries that disagree too")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        found = the_slice(args, Path(folder))
        print(found.graph)
        sys.exit(1 if compare(found, store_of(found.turtle), args) else 0)


if __name__ == "__main__":
    main()
