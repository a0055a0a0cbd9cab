"""How long a turn takes, beside an encoder-decoder the size of T5-small that writes 60 tokens of SPARQL.

    python benchmarks/speed.py [--model RUN] [--graph GRAPH] [--rounds 5] [--threads 2]

Both run in one process, in turns, on the same processor; the medians are compared. A turn is everything
between question and answer: linking, context, decoding, execution. The T5 has random weights, which cost
what learnt ones cost, and writes greedily with a cache. Questions are those of the bundled dialogues, or the
file's (``--questions``, as ``kgqa answer`` reads it), each in its conversation.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from pathlib import Path

import torch
from transformers import T5Config, T5ForConditionalGeneration
from transformers.utils import logging

from kgqa.answer import turn_of
from kgqa.bundled import bundled
from kgqa.commands.questions import open_questions
from kgqa.conversation import Conversation
from kgqa.graphs import open_graph
from kgqa.parser import Request, SemanticParser

TOKENS = 60  # of SPARQL
INPUT = 32  # tokens of question and history
BATCH = 32


def main() -> None:
    """Print the table."""
    options = _options()
    torch.set_num_threads(options.threads)
    logging.set_verbosity_error()
    parser = SemanticParser.load(options.model, open_graph(options.graph), device="cpu")
    requests = _requests(parser, options.questions)
    batch = (requests * BATCH)[:BATCH]
    network = T5ForConditionalGeneration(
        T5Config(d_model=512, d_kv=64, d_ff=2048, num_layers=6, num_heads=8, decoder_start_token_id=0)
    ).eval()
    parser.answer_batch(batch)  # everything is loaded, and texts have been seen: a warm server
    turns, writes, batches, written = [], [], [], []
    for _ in range(options.rounds):
        turns += [_seconds(lambda one=one: parser.answer_batch([one])) for one in requests]  # type: ignore[misc]
        writes.append(_seconds(lambda: _write(network, 1)))
        batches.append(_seconds(lambda: parser.answer_batch(batch)))
        written.append(_seconds(lambda: _write(network, BATCH)))
    turn, write = statistics.median(turns), statistics.median(writes)
    many, many_written = statistics.median(batches) / BATCH, statistics.median(written) / BATCH
    print(f"{len(requests)} questions, {options.rounds} rounds, {options.threads} threads, medians\n")
    for name, seconds, ratio in (
        ("a turn", turn, ""),
        (f"T5-small, {TOKENS} tokens", write, f"{write / turn:.1f} times a turn"),
        (f"a turn, in batches of {BATCH}", many, f"{write / many:.1f} times the throughput of the T5 alone"),
        (
            f"T5-small, in batches of {BATCH}",
            many_written,
            f"{many_written / many:.1f} times a turn in batches",
        ),
    ):
        print(f"{name:32}{1000 * seconds:9.1f} ms   {ratio}")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--model", type=Path, default=bundled("model"))
    parser.add_argument("--graph", default=str(bundled("graph")))
    parser.add_argument("--questions", default=str(bundled("dialogues") / "demo.jsonl"))
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, default=2)
    return parser.parse_args()


def _requests(parser: SemanticParser, questions: str) -> list[Request]:
    """Every question with the conversation that our own answers make before it."""
    conversations: dict[str | None, Conversation] = {}
    requests = []
    for asked in open_questions(questions):
        before = conversations.get(asked.conversation, Conversation())
        requests.append(Request(before, asked.text))
        answer = parser.answer(before, asked.text)
        conversations[asked.conversation] = before.then(turn_of(answer))
    return requests


def _write(network: T5ForConditionalGeneration, count: int) -> None:
    read = torch.randint(3, 30_000, (count, INPUT))
    with torch.inference_mode():
        network.generate(
            read, max_new_tokens=TOKENS, min_new_tokens=TOKENS, do_sample=False, num_beams=1, use_cache=True
        )


def _seconds(call: Callable[[], object]) -> float:
    started = time.perf_counter()
    call()
    return time.perf_counter() - started


if __name__ == "__main__":
    main()
