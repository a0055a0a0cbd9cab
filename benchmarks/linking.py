"""How many of the right candidates linking finds, how fast, and what that does to answers.

    python benchmarks/linking.py DATA GRAPH [--skip 700] [--dialogues 200] [--reports DIR...]

``DATA`` holds ``csqa/train.jsonl.gz`` and ``convquestions/val.json.gz``, ``GRAPH`` is a graph folder. Counted
are the entities and types that a question is about and that the graph knows by a label; earlier turns come
with the answers that were given, not with the entities that they were about. Everything is done three times:
with the questions as they are, without capitals, and with 5 % of their letters wrong. Types are ranked by
words alone, and with the associations that training learns from the other dialogues.

Where typos hit is chance, so the seeds are asked for ``--draws`` times with other ones. They fall into two
halves, by a hash of their names: misses are looked at in the first (``--misses`` shows none of the second),
so that the second tells how much of a figure was learnt from its own questions.

``--reports`` are folders that ``kgqa evaluate`` wrote, with gold and with linked entities: their figures end
the table. The first ``--skip`` dialogues of CSQA are left out, so that linking can be developed on them.
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import time
import zlib
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from more_names import LargerGraph

from grammar.forms import EntityLeaf, RelationLeaf, TypeLeaf
from kgqa.associations import Associations
from kgqa.conversation import Conversation, Dialogue
from kgqa.datasets import read_dataset
from kgqa.graphs import EmbeddedGraph
from kgqa.linking import Links, link
from kgqa.linking.mentions import normal_form
from kgqa.report import read_report

CUTS = (1, 5, 10, 20)
TYPOS = 0.05
REQUIRED = {
    ("as it is", "CSQA entities"): 97,
    ("as it is", "ConvQuestions seeds, first turns"): 95,
    ("as it is", "CSQA types, with learnt words"): 95,
    ("5 % typos", "CSQA entities"): 90,
    ("5 % typos", "ConvQuestions seeds, first turns"): 90,
}
"""Per cent at 10 candidates."""


class Recall:
    """Ranks of what should be found, None for what is not; and how long it took."""

    def __init__(self, writing: str) -> None:
        self.writing = writing
        self.ranks: dict[str, list[int | None]] = {}
        self.missed: list[tuple[str, str, str]] = []
        self.milliseconds: list[float] = []

    def link(self, question: str, conversation: Conversation, graph: EmbeddedGraph) -> Links:
        start = time.process_time()  # of this process alone, whatever else the machine does
        links = link(question, conversation, graph)
        self.milliseconds.append(1000 * (time.process_time() - start))
        return links

    def add(self, what: str, wanted: str, found: Sequence[str], question: str, *, show: bool = True) -> None:
        rank = found.index(wanted) + 1 if wanted in found else None
        self.ranks.setdefault(what, []).append(rank)
        if show and (rank is None or rank > 10):
            self.missed.append((what, wanted, question))

    def table(self) -> Iterator[str]:
        for what, ranks in sorted(self.ranks.items()):
            shares = [100 * sum(r is not None and r <= cut for r in ranks) / len(ranks) for cut in CUTS]
            required = REQUIRED.get((self.writing, what))
            told = (
                f"  at 10 required {required}: {'yes' if shares[2] >= required else 'NO'}" if required else ""
            )
            yield f"{self.writing:10} {what:38}{len(ranks):>6}" + "".join(f"{s:>7.1f}" for s in shares) + told
        worst = sorted(self.milliseconds)[int(0.99 * (len(self.milliseconds) - 1))]
        middle = statistics.median(self.milliseconds)
        yield f"{self.writing:10} a turn takes {middle:.1f} ms (median), 99 of 100 less than {worst:.1f} ms"

    def misses(self, most: int, graph: EmbeddedGraph) -> Iterator[str]:
        for (what, name), count in Counter((what, name) for what, name, _ in self.missed).most_common(most):
            question = next(q for w, n, q in self.missed if (w, n) == (what, name))
            row = {"what": what, "name": name, "label": graph.label(name), "n": count, "for": question}
            yield json.dumps(row, ensure_ascii=False)


def with_typos(text: str, share: float, rng: random.Random) -> str:
    """The text with this share of its letters replaced, dropped, doubled or swapped."""
    letters = list(text)
    for place in range(len(letters) - 1):
        if letters[place].isalpha() and rng.random() < share:
            kind = rng.randrange(4)
            if kind == 0:
                letters[place] = rng.choice("abcdefghijklmnopqrstuvwxyz")
            elif kind == 1:
                letters[place] = ""
            elif kind == 2:
                letters[place] *= 2
            else:
                letters[place], letters[place + 1] = letters[place + 1], letters[place]
    return "".join(letters)


def entity_names(links: Links) -> list[str]:
    """Single entities, best first."""
    return [
        one.leaf.names[0]
        for one in links.of(EntityLeaf)
        if isinstance(one.leaf, EntityLeaf) and len(one.leaf.names) == 1
    ]


def leaf_names(links: Links, kind: type[TypeLeaf] | type[RelationLeaf]) -> list[str]:
    """Types or relations, best first."""
    return [one.leaf.name for one in links.of(kind) if isinstance(one.leaf, TypeLeaf | RelationLeaf)]


def measure_csqa(
    recall: Recall,
    dialogues: Sequence[Dialogue],
    graph: EmbeddedGraph,
    *,
    learnt: Associations,
    write: Callable[[str], str],
) -> None:
    """Entities, types and relations of every turn."""
    for dialogue in dialogues:
        for example in dialogue.examples:
            links = recall.link(write(example.question), example.conversation.without_mentions(), graph)
            before = [turn.question for turn in example.conversation.turns[-1:]]
            scores: dict[str, float] = {}
            for text in (write(example.question), *before):
                for name, score in learnt.find(text, among="types", limit=8):
                    scores[name] = max(score, scores.get(name, 0.0))
            learnt_types = sorted(scores, key=lambda name: -scores[name])[:8]
            names = entity_names(links)
            for name in example.gold.mentions:
                label = graph.label(name)
                if label is not None:
                    where = (
                        "named in the question"
                        if is_named([label], example.question)
                        else "from the dialogue"
                    )
                    for what in ("CSQA entities", f"CSQA entities {where}"):
                        recall.add(what, name, names, example.question)
            types, relations = leaf_names(links, TypeLeaf), leaf_names(links, RelationLeaf)
            both = list(dict.fromkeys([*learnt_types, *types]))
            for name in filter(graph.has_type, example.gold.types):
                recall.add("CSQA types", name, types, example.question)
                recall.add("CSQA types, with learnt words", name, both, example.question)
            for name in filter(graph.has_relation, example.gold.relations):
                recall.add("CSQA relations (words alone)", name, relations, example.question)


def measure_convquestions(
    recall: Recall, path: Path, graph: EmbeddedGraph, *, write: Callable[[str], str]
) -> None:
    """The seed in every distinct first question."""
    seen: set[tuple[str, str]] = set()
    for dialogue in read_dataset("convquestions", path):
        question = dialogue.examples[0].question
        for name in dialogue.examples[0].gold.mentions:
            label = graph.label(name)
            if label is None or (name, question) in seen:
                continue
            seen.add((name, question))
            asked = write(question)
            names = entity_names(recall.link(asked, Conversation(), graph))
            where = "named there" if is_named([label, *graph.aliases(name)], question) else "not named there"
            first_half = zlib.crc32(name.encode()) % 2 == 0
            half = "first half" if first_half else "second half"
            for what in ("first turns", where, half):
                recall.add(f"ConvQuestions seeds, {what}", name, names, asked, show=first_half)


def is_named(ways: Sequence[str], question: str) -> bool:
    """Whether the question has one of these names, its possessive counted."""
    asked = f" {normal_form(question)} {normal_form(question.replace(chr(39) + 's', ''))} "
    return any(f" {normal_form(way)} " in asked for way in ways if way)


def report_line(folder: Path) -> str:
    """One line of an evaluation: what was given, and how much was right."""
    report = read_report(folder / "report.json")
    protocol, headline = report.protocol, report.headline
    figures = {
        "execution equality": headline.execution_equality,
        "exact match": headline.exact_match,
        "P@1": headline.p_at_1,
        "P@1 at one hop": headline.p_at_1_one_hop,
    }
    told = ", ".join(f"{name} {100 * share:.1f}" for name, share in figures.items() if share is not None)
    given = f"entities {protocol['entities']}, history {protocol['history']}"
    return f"{protocol['dataset']} ({protocol['questions']} questions), {given}: {told}"


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    arguments.add_argument("data", type=Path)
    arguments.add_argument("graph", type=Path)
    arguments.add_argument("--dialogues", type=int, default=200)
    arguments.add_argument("--skip", type=int, default=700, help="leave out the first dialogues of CSQA")
    arguments.add_argument("--reports", type=Path, nargs="*", default=[], help="folders of evaluations")
    arguments.add_argument("--more-names", type=Path, help="a folder left by benchmarks/index.py --keep")
    arguments.add_argument("--misses", type=int, default=0, help="show so many that were not found")
    arguments.add_argument("--draws", type=int, default=8, help="how often the seeds get typos")
    arguments.add_argument("--seed", type=int, default=0)
    options = arguments.parse_args()
    graph = EmbeddedGraph.open(options.graph)
    if options.more_names:
        graph = LargerGraph.beside(options.graph, options.more_names)
    link("", Conversation(), graph)  # reads the vocabulary
    skipped: list[object] = []
    csqa = list(read_dataset("csqa", options.data / "csqa/train.jsonl.gz", on_error=skipped.append))
    end = options.skip + options.dialogues
    lessons = [e for dialogue in csqa[: options.skip] + csqa[end:] for e in dialogue.examples]
    learnt = Associations.learn((e.question, e.gold.form) for e in lessons if e.gold.form is not None)
    rng = random.Random(options.seed)
    ways: dict[str, Callable[[str], str]] = {
        "as it is": str,
        "lower case": str.lower,
        "5 % typos": lambda text: with_typos(text, TYPOS, rng),
    }
    print(f"{graph.name}: {graph.info().labels:,} labels, {graph.info().aliases:,} aliases")
    print(f"{'':49}{'n':>6}" + "".join(f"{'at ' + str(cut):>7}" for cut in CUTS))
    for writing, write in ways.items():
        recall = Recall(writing)
        measure_csqa(recall, csqa[options.skip : end], graph, learnt=learnt, write=write)
        turns = len(recall.milliseconds)
        for _ in range(options.draws if writing == "5 % typos" else 1):
            del recall.milliseconds[turns:]  # one draw is enough of them beside those of CSQA
            measure_convquestions(recall, options.data / "convquestions/val.json.gz", graph, write=write)
        for line in (*recall.table(), *recall.misses(options.misses, graph)):
            print(line, flush=True)
    for folder in options.reports:
        print(report_line(folder))


if __name__ == "__main__":
    main()
