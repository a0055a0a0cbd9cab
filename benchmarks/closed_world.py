"""Writes a closed world: a graph of real entities, and CSQA dialogues with answers computed from its facts.

    python benchmarks/closed_world.py DATA --size 100000 --out world
    kgqa graph build world/tables --out world/graph
    kgqa supervise csqa world/dialogues.jsonl --graph world/graph --out world/silver.jsonl
    kgqa evaluate csqa world/dialogues.jsonl --graph world/graph --out world/report

DATA holds ``wikidata/`` and ``csqa/descriptions.txt``; every description there is asked ``--each`` times or
more. ``world/other`` are tables with the same entities and types and other facts, and ``world/other.jsonl``
has the answer that each question has there. All is drawn with ``--seed``.
"""

from __future__ import annotations

import argparse
import gzip
import json
import random
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from closed_world_dialogues import Dialogues, question_of
from closed_world_facts import Facts, Words, answer, draw, read_facts, read_words, resampled
from closed_world_talk import Record

SPECIAL = "::"
"""``Clarification::X`` lists the same turns as X, seen from the reply to the system that asks back."""


def write_tables(facts: Facts, words: Words, folder: Path) -> None:
    """Tables as ``kgqa graph build`` reads them."""
    folder.mkdir(parents=True, exist_ok=True)
    with gzip.open(folder / "triples.tsv.gz", "wt", encoding="utf-8", compresslevel=4) as file:
        file.writelines(f"{subject}\t{relation}\t{thing}\n" for subject, relation, thing in facts.triples())
        file.writelines(f"{entity}\tP31\t{type_name}\n" for entity, type_name in facts.types())
    named = {end for subject, _, thing in facts.triples() for end in (subject, thing)} | {*facts.types_of}
    named |= {*facts.members}
    with (folder / "labels.tsv").open("w", encoding="utf-8") as file:
        file.writelines(f"{name}\t{words.labels[name]}\n" for name in sorted(named) if name in words.labels)
    with (folder / "property_words.tsv").open("w", encoding="utf-8") as file:
        for relation in sorted({*facts.objects, "P31"}):
            label, *others = words.relations[relation]
            file.write(f"{relation}\t{label}\t{','.join(others)}\n")


def descriptions(path: Path) -> list[str]:
    """The descriptions of the released data, one a line."""
    return [line.strip() for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]


def counted(turns: list[Record]) -> Iterator[str]:
    """The descriptions that a dialogue has turns of, as the list names them."""
    for user, reply in zip(turns[::2], turns[1::2], strict=True):
        if "description" in user:
            yield str(user["description"])
        if "description" in reply:
            yield str(reply["description"])
            yield f"Clarification{SPECIAL}{user['description']}"


def generate(
    facts: Facts, words: Words, *, wanted: list[str], each: int, seed: int
) -> Iterator[tuple[str, Dialogues]]:
    """Dialogues until every description has been asked ``each`` times.

    Raises:
        ValueError: this world has no question of some description.
    """
    writer = Dialogues(facts, words, random.Random(seed))
    had: Counter[str] = Counter()
    number = 0
    while missing := [name for name in wanted if had[name] < each]:
        missing.sort(key=lambda name: had[name])
        turns = writer.dialogue([name.split(SPECIAL)[-1] for name in missing[:6]])
        had.update(counted(turns))
        number += 1
        if number > 40 * each + 400:
            raise ValueError(
                f"found only {had[missing[0]]} questions {missing[0]!r} in this world; raise --size"
            )
        yield f"closed/{number}", writer


def write(data: Path, out: Path, *, size: int, each: int, seed: int) -> None:
    """Draw a world and write it: tables, dialogues, other facts and the answers there."""
    words = read_words(data / "wikidata")
    more = [data / "csqa" / f"train_{name}.tsv.gz" for name in ("answer_types", "count_triples")]
    triples, types = read_facts(data / "wikidata", words, [path for path in more if path.is_file()])
    facts = draw(triples, types, size=size, seed=seed)
    other = resampled(facts, seed=seed + 1)
    write_tables(facts, words, out / "tables")
    write_tables(other, words, out / "other")
    wanted = descriptions(data / "csqa" / "descriptions.txt")
    dialogues = questions = 0
    with (
        (out / "dialogues.jsonl").open("w", encoding="utf-8") as file,
        (out / "other.jsonl").open("w", encoding="utf-8") as answers,
    ):
        for identity, writer in generate(facts, words, wanted=wanted, each=each, seed=seed):
            dialogue: Record = {"id": identity, "source": "closed world", "turns": writer.turns}
            file.write(json.dumps(dialogue, ensure_ascii=False) + "\n")
            for number, meaning in enumerate(writer.meanings):
                found = answer(meaning, other)
                identity_of = question_of(identity, number)
                line: Record = {
                    "id": identity_of,
                    "entities": sorted(found.entities),
                    "numbers": found.numbers,
                }
                answers.write(json.dumps({**line, "truths": found.truths}) + "\n")
            dialogues, questions = dialogues + 1, questions + len(writer.meanings)
    print(f"{facts.size():,} triples, {dialogues:,} dialogues, {questions:,} questions", file=sys.stderr)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--size", type=int, default=100_000, help="triples, about")
    parser.add_argument("--each", type=int, default=30, help="questions of every description, at least")
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    write(arguments.data, arguments.out, size=arguments.size, each=arguments.each, seed=arguments.seed)


if __name__ == "__main__":
    main()
