"""How much the supervision search finds in a closed world, how right it is, and how fast.

    python benchmarks/closed_world.py DATA --size 100000 --out WORLD
    python benchmarks/search.py WORLD... [--number-only] [--linked]

The search is given what a dialogue shows (questions, answers, entities, relations and types that the release
gives along with each question), never question type, description or ``active_set``: these are blanked before
it runs, and only the table is by them. ``covered``: a form has the right answer; ``right``: the best one also
has the answer that was computed for the other facts of ``WORLD/other``, which the search never sees. With
``--number-only`` a count's answer is the number, not what was counted; with ``--linked`` entities, relations
and types are what our linker offers for the question's words. Speed is per second of processor time
on one core, questions read beforehand; memory is what the process has more than after opening the graph.
"""

from __future__ import annotations

import argparse
import json
import resource
import statistics
import time
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from grammar.denotation import Boolean, Booleans, Denotation, Entities, Number, Numbers
from grammar.errors import KgqaError
from grammar.execute import execute
from grammar.forms import LogicalForm, read_form, size
from grammar.search.ranking import Candidates, WordModel, reranked
from kgqa.conversation import Dialogue, Example
from kgqa.datasets.csqa import read
from kgqa.graphs import EmbeddedGraph, build_graph
from kgqa.supervision.turns import BUDGET, Task, Worker


@dataclass
class Tally:
    """Questions of one kind."""

    turns: int = 0
    covered: int = 0
    right: int = 0
    cut_off: int = 0
    tried: list[int] = field(default_factory=list)

    def row(self) -> str:
        """Turns, covered, right, spurious, median and largest number of forms tried, searches cut off."""
        right = self.right / self.covered if self.covered else 0.0
        return (
            f"{self.turns:6,} {self.covered / self.turns:8.1%} {right:7.1%} {1 - right:8.1%} "
            f"{statistics.median(self.tried):7,.0f} {max(self.tried):7,} {self.cut_off:5}"
        )


def opened(world: Path, tables: str) -> EmbeddedGraph:
    """The graph of a world's tables, built where it is not there yet."""
    folder = world / f"graph.{tables}"
    if not folder.is_dir():
        build_graph([world / tables], folder)
    return EmbeddedGraph.open(folder)


def blanked(example: Example, *, number_only: bool = False, linked: bool = False) -> Example:
    """An example without what the search may not know; ``linked``: without entities, relations and types."""
    gold = replace(example.gold, question_type="", description="", form=None, mentions=())
    if linked:
        gold = replace(gold, named=(), relations=(), types=())
    if number_only:
        gold = replace(gold, counted=None)
    return replace(example, gold=gold, conversation=example.conversation.without_mentions())


def says(found: Denotation, wanted: dict[str, Any], graph: EmbeddedGraph) -> bool:
    """Whether a denotation is an answer computed from the facts."""
    if isinstance(found, Entities):
        names = sorted(graph.entity_names(found.items))
        return not (wanted["numbers"] or wanted["truths"]) and names == wanted["entities"]
    if isinstance(found, (Number, Numbers)):
        return [*(found.numbers if isinstance(found, Numbers) else (found.number,))] == wanted["numbers"]
    if isinstance(found, Boolean):
        return wanted["truths"] == [found.truth]
    return isinstance(found, Booleans) and wanted["truths"] == [*found.truths]


def is_right(form: LogicalForm, wanted: dict[str, Any], other: EmbeddedGraph) -> bool:
    """Whether a form has the right answer on the other facts, where an entity may have lost all it had."""
    try:
        return says(execute(form, other), wanted, other)
    except KgqaError:
        return False


def kinds(dialogues: list[Dialogue]) -> Iterator[tuple[str, str, str]]:
    """(id, question type, description) of every question."""
    for dialogue in dialogues:
        for example in dialogue.examples:
            yield example.id, example.gold.question_type, example.gold.description


def rounds(
    lines: list[dict[str, Any]], wanted: dict[str, Any], other: EmbeddedGraph, *, by_size: bool = False
) -> str:
    """Share of covered questions whose best form is right, before and after each round of ``WordModel``.

    With ``by_size`` the first ranking knows nothing of the question: the smaller form is the better one.
    """
    turns, right = [], []
    for line in lines:
        forms = [read_form(text) for text, _ in line["forms"]]
        if forms:
            scores = [
                -0.05 * size(form) if by_size else score
                for form, (_, score) in zip(forms, line["forms"], strict=True)
            ]
            turn = Candidates(line["question"], tuple(forms), np.array(scores))
            turns.append(reranked(turn, lambda question, forms: np.zeros(len(forms))))
            right.append({form for form in forms if is_right(form, wanted[line["id"]], other)})
    shares = [_share(turns, right)]
    now = turns
    for _ in range(3):
        model = WordModel().train(now)
        now = [reranked(turn, model) for turn in turns]
        shares.append(_share(now, right))
    possible = sum(map(bool, right)) / len(right)
    return (
        " > ".join(f"{share:.1%}" for share in shares) + f" (a right form among those kept: {possible:.1%})"
    )


def _share(turns: list[Candidates], right: list[set[LogicalForm]]) -> float:
    return sum(turn.forms[0] in some for turn, some in zip(turns, right, strict=True)) / len(turns)


def measure(
    world: Path, *, number_only: bool, linked: bool, by_description: bool, limit: int | None = None
) -> None:
    """Print the table of one world."""
    graph, other = opened(world, "tables"), opened(world, "other")
    dialogues = list(islice(read(world / "dialogues.jsonl"), limit))
    kind_of = {name: (kind, description) for name, kind, description in kinds(dialogues)}
    wanted = {line["id"]: line for line in map(json.loads, (world / "other.jsonl").open(encoding="utf-8"))}
    asked = [
        replace(
            one,
            examples=tuple(
                blanked(example, number_only=number_only, linked=linked) for example in one.examples
            ),
        )
        for one in dialogues
    ]
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    worker = Worker(graph, Task("searched", BUDGET, graph.checksum[:16]))
    started = time.process_time()
    times, lines = [], []
    for dialogue in asked:
        begun = time.process_time()
        lines += worker.lines(dialogue)
        times.append((time.process_time() - begun) / len(dialogue.examples))
    seconds = time.process_time() - started
    memory = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    tallies: dict[str, Tally] = defaultdict(Tally)
    for line in lines:
        form = line["forms"][0][0] if line["forms"] else None
        right = form is not None and is_right(read_form(form), wanted[line["id"]], other)
        for name in (kind_of[line["id"]][by_description], "all"):
            tally = tallies[name]
            tally.turns += 1
            tally.covered += form is not None
            tally.right += right
            tally.cut_off += line["outcome"] == "budget"
            tally.tried.append(line["tried"])
    info = graph.info()
    print(f"{world}: {info.triples:,} triples, {info.entities:,} entities, {len(lines):,} questions")
    print(f"{'':62}  turns  covered   right spurious  median    most   cut off")
    for name in sorted(tallies, key=lambda name: (name == "all", name)):
        print(f"{name[:62]:62} {tallies[name].row()}")
    slow = 1000 * float(np.percentile(times, 95))
    print(f"right after train, re-rank, repeat: {rounds(lines, wanted, other)}")
    print(f"right from form size alone, then the same: {rounds(lines, wanted, other, by_size=True)}")
    print(f"{len(lines) / seconds:.0f} turns a second, {memory:,.0f} MB beside the graph")
    print(f"a turn of the slowest twentieth of dialogues takes {slow:.0f} ms or more\n")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("worlds", nargs="+", type=Path)
    parser.add_argument("--number-only", action="store_true")
    parser.add_argument("--linked", action="store_true")
    parser.add_argument("--limit", type=int, metavar="DIALOGUES")
    parser.add_argument("--by-description", action="store_true")
    arguments = parser.parse_args()
    for world in arguments.worlds:
        measure(
            world,
            number_only=arguments.number_only,
            linked=arguments.linked,
            by_description=arguments.by_description,
            limit=arguments.limit,
        )


if __name__ == "__main__":
    main()
