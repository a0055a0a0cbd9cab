"""How many of the right candidates linking finds, and how fast.

    python benchmarks/linking.py DATA GRAPH [--dialogues 300] [--typos 0.05] [--lower]

``DATA`` holds ``csqa/train.jsonl.gz`` and ``convquestions/val.json.gz``, ``GRAPH`` is a graph folder. Counted
are the entities, types and relations that a question is about and that the graph knows by a label; earlier
turns come with the answers that were given, not with the entities that they were about.
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from grammar.forms import EntityLeaf, RelationLeaf, TypeLeaf
from kgqa.associations import Associations
from kgqa.conversation import Conversation
from kgqa.datasets import read_dataset
from kgqa.graphs import EmbeddedGraph
from kgqa.graphs.names import normalise
from kgqa.linking import Links, link

CUTS = (1, 5, 10, 20)


class Recall:
    """Ranks of what should be found; None for what is not."""

    def __init__(self) -> None:
        self.ranks: dict[str, list[int | None]] = {}
        self.missed: list[tuple[str, str, str]] = []

    def add(self, what: str, wanted: str, found: Sequence[str], question: str) -> None:
        rank = found.index(wanted) + 1 if wanted in found else None
        self.ranks.setdefault(what, []).append(rank)
        if rank is None or rank > 10:
            self.missed.append((what, wanted, question))

    def table(self) -> Iterator[str]:
        yield f"{'':38}{'n':>7}" + "".join(f"{'at ' + str(cut):>8}" for cut in CUTS)
        for what, ranks in sorted(self.ranks.items()):
            shares = (sum(r is not None and r <= cut for r in ranks) / len(ranks) for cut in CUTS)
            yield f"{what:38}{len(ranks):>7}" + "".join(f"{100 * share:>8.1f}" for share in shares)


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


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    arguments.add_argument("data", type=Path)
    arguments.add_argument("graph", type=Path)
    arguments.add_argument("--dialogues", type=int, default=300)
    arguments.add_argument("--skip", type=int, default=0, help="leave out the first dialogues of CSQA")
    arguments.add_argument("--typos", type=float, default=0.0, help="share of letters to get wrong")
    arguments.add_argument("--lower", action="store_true", help="questions without capitals")
    arguments.add_argument("--misses", type=int, default=0, help="show so many that were not found")
    arguments.add_argument("--seed", type=int, default=0)
    options = arguments.parse_args()
    rng = random.Random(options.seed)
    graph = EmbeddedGraph.open(options.graph)
    recall, milliseconds = Recall(), []
    link("", Conversation(), graph)  # reads the vocabulary

    def written(question: str) -> str:
        text = with_typos(question, options.typos, rng) if options.typos else question
        return text.lower() if options.lower else text

    def ask(question: str, conversation: Conversation) -> Links:
        start = time.process_time()  # of this process alone, whatever else the machine does
        links = link(question, conversation, graph)
        milliseconds.append(1000 * (time.process_time() - start))
        return links

    skipped: list[object] = []
    csqa = list(read_dataset("csqa", options.data / "csqa/train.jsonl.gz", on_error=skipped.append))
    end = options.skip + options.dialogues
    lessons = [e for dialogue in csqa[: options.skip] + csqa[end:] for e in dialogue.examples]
    learnt = Associations.learn((e.question, e.gold.form) for e in lessons if e.gold.form is not None)
    for dialogue in csqa[options.skip : end]:
        for example in dialogue.examples:
            question = written(example.question)
            links = ask(question, example.conversation.without_mentions())
            before = [turn.question for turn in example.conversation.turns[-1:]]
            scores: dict[str, float] = {}
            for name, score in (
                pair for text in (question, *before) for pair in learnt.find(text, among="types", limit=8)
            ):
                scores[name] = max(score, scores.get(name, 0.0))
            learnt_types = sorted(scores, key=lambda name: -scores[name])[:8]
            names = entity_names(links)
            asked = f" {normalise(example.question)} "
            for name in example.gold.mentions:
                label = graph.label(name)
                if label is not None:
                    named = f" {normalise(label)} " in asked
                    kind = "named in the question" if named else "from the dialogue"
                    recall.add("CSQA entities", name, names, example.question)
                    recall.add(f"CSQA entities {kind}", name, names, example.question)
            for name in example.gold.types:
                if graph.has_type(name):
                    recall.add("CSQA types", name, leaf_names(links, TypeLeaf), example.question)
                    both = list(dict.fromkeys([*learnt_types, *leaf_names(links, TypeLeaf)]))
                    recall.add("CSQA types, with learnt words", name, both, example.question)
            for name in example.gold.relations:
                if graph.has_relation(name):
                    found = leaf_names(links, RelationLeaf)
                    recall.add("CSQA relations (lexical)", name, found, example.question)
    csqa_milliseconds, milliseconds[:] = list(milliseconds), []
    seen: set[tuple[str, str]] = set()
    for dialogue in read_dataset("convquestions", options.data / "convquestions/val.json.gz"):
        first = dialogue.examples[0]
        for name in first.gold.mentions:
            if graph.label(name) is not None and (name, first.question) not in seen:
                seen.add((name, first.question))
                links = ask(written(first.question), Conversation())
                asked = f" {normalise(first.question)} "
                called = (graph.label(name) or "", *graph.aliases(name))
                kind = "named" if any(f" {normalise(way)} " in asked for way in called) else "not named"
                for what in ("first turns", f"{kind} there"):
                    recall.add(f"ConvQuestions seeds, {what}", name, entity_names(links), first.question)
    for line in recall.table():
        print(line)
    for title, times in (("CSQA", csqa_milliseconds), ("ConvQuestions", milliseconds)):
        if times:
            worst = sorted(times)[int(0.99 * (len(times) - 1))]
            middle = statistics.median(times)
            print(f"{title}: processor time a turn: median {middle:.1f} ms, 99 of 100 under {worst:.1f} ms")
    if options.misses:
        counts = Counter((what, name) for what, name, _ in recall.missed)
        for (what, name), count in counts.most_common(options.misses):
            question = next(q for w, n, q in recall.missed if (w, n) == (what, name))
            row = {"what": what, "name": name, "label": graph.label(name), "n": count, "for": question}
            print(json.dumps(row, ensure_ascii=False))


if __name__ == "__main__":
    main()
