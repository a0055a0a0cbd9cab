"""What can be had at one hop on ConvQuestions without learning, and at best.

    python benchmarks/one_hop.py DIALOGUES GRAPH --split KEYS [--encoder NAME]...

Over the distinct (seed, question) pairs of the split whose answer is one fact away from the seed or an
earlier answer: P@1 of a relation drawn at random among all around these, of the relation whose names are most
like the question by each encoder (a Hugging Face name, a folder, or the text encoder of a run), and of the
best relation of all, which no choice of one relation can surpass.
"""

from __future__ import annotations

import argparse
import statistics
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from grammar.execute import Execution
from grammar.forms import read_form
from kgqa import metrics
from kgqa.conversation import Dialogue, Example
from kgqa.datasets import read_dataset
from kgqa.evidence import result_of
from kgqa.graphs import open_graph
from kgqa.graphs.protocol import KnowledgeGraph
from kgqa.lessons import read_split_keys
from kgqa.reach import Reach
from kgqa.scoring import gold_items, hops, result_items
from kgqa.text import PretrainedText

_OPERATORS = {"out": "follow", "in": "follow_back", "literal": "value"}


@dataclass(frozen=True)
class Pair:
    """A question with the names of every relation around its entities, and the P@1 of following it."""

    question: str
    names: list[list[str]]
    right: list[float]


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("dialogues", type=Path)
    parser.add_argument("graph")
    parser.add_argument("--split", required=True)
    parser.add_argument("--encoder", action="append", default=[])
    given = parser.parse_args()
    graph, keys = open_graph(given.graph), read_split_keys(given.split)
    dialogues = (d for d in read_dataset("convquestions", given.dialogues) if d.split_key in keys)
    found = list(pairs(dialogues, graph))
    print(f"{len(found)} pairs, {statistics.mean(len(pair.right) for pair in found):.0f} relations each\n")
    _print("a relation at random", [statistics.mean(pair.right) for pair in found])
    for name in given.encoder:
        folder = Path(name) / "text"
        encoder = PretrainedText(str(folder if folder.is_dir() else name), device=torch.device("cpu"))
        _print(f"most alike by {name[-25:]}", [most_alike(pair, encoder) for pair in found])
    _print("the best relation", [max(pair.right) for pair in found])


def _print(what: str, right: list[float]) -> None:
    print(f"{what:40s}{100 * statistics.mean(right):6.1f}")


def pairs(dialogues: Iterator[Dialogue], graph: KnowledgeGraph) -> Iterator[Pair]:
    """Every distinct question, with what following each relation from its entities would answer."""
    reach, seen = Reach(graph), set()
    for dialogue in dialogues:
        for example in dialogue.examples:
            key = dialogue.split_key, metrics.normalise_text(example.question)
            if key not in seen and hops(example, dialogue.split_key, reach) == 1:
                yield _pair(example, dialogue.split_key, graph)
            seen.add(key)


def _pair(example: Example, seed: str, graph: KnowledgeGraph) -> Pair:
    turns = example.conversation.turns
    earlier = (name for turn in turns if turn.answer for name in turn.answer.entities)
    execution, golds = Execution(graph), gold_items(example.gold) or []
    names, right = [], []
    for start in dict.fromkeys((seed, *earlier)):
        number = graph.entities([start])
        for use in graph.neighbourhood(number[number >= 0]):
            form = read_form(f"{_OPERATORS[use.direction]}({start}, {use.relation})")
            result = result_of(execution.denotation(form), graph, told=example.conversation.told)
            items = result_items(result)[: 1 if result.entities else None]  # entities are ranked
            size, many = metrics.group_of(items, golds, label=lambda name: graph.label(name) or "")
            label = graph.label(use.relation) or use.relation
            names.append([label, *graph.aliases(use.relation)])
            right.append(many / size if many else 0.0)
    return Pair(example.question, names, right)


def most_alike(pair: Pair, encoder: PretrainedText) -> float:
    """P@1 of the relation one of whose names is most like the question."""
    asked = encoder.vectors([pair.question])
    assert asked is not None
    likeness = []
    for names in pair.names:
        vectors = encoder.vectors(names)
        assert vectors is not None
        likeness.append(float((vectors @ asked[0]).max()))
    return pair.right[int(np.argmax(likeness))]


if __name__ == "__main__":
    main()
