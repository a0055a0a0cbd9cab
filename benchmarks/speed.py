"""How long a turn takes, beside an encoder-decoder the size of T5-small that writes 60 tokens of SPARQL.

    python benchmarks/speed.py [--model RUN] [--graph GRAPH] [--rounds 5] [--threads 2] [--warm 600]

Both run in one process, in turns, on the same processor; the medians are compared. A turn is everything
between question and answer: linking, context, decoding, execution. The T5 has random weights, which cost
what learnt ones cost, and writes greedily with a cache, in fp32 or bf16, whichever is faster. Questions are
invented over the graph, each in its conversation; a server that has answered so many of others (``--warm``)
meets every timed one for the first time, so that nothing of it is remembered.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path

import torch
from transformers import T5Config, T5ForConditionalGeneration
from transformers.utils import logging

from kgqa.bundled import bundled
from kgqa.graphs import open_graph
from kgqa.graphs.protocol import KnowledgeGraph
from kgqa.parser import Request, SemanticParser
from kgqa.synthesis import invent
from kgqa.text import multiplies_bf16

TOKENS = 60  # of SPARQL
INPUT = 32  # tokens of question and history
BATCH = 32
SINGLE = 16
SEED = 2026


def main() -> None:
    """Print the table."""
    options = _options()
    torch.set_num_threads(options.threads)
    logging.set_verbosity_error()
    parser = SemanticParser.load(options.model, open_graph(options.graph), device="cpu")
    requests = _requests(parser.graph)
    network = T5ForConditionalGeneration(
        T5Config(d_model=512, d_kv=64, d_ff=2048, num_layers=6, num_heads=8, decoder_start_token_id=0)
    ).eval()
    for _ in range(options.warm // BATCH):
        parser.answer_batch(list(islice(requests, BATCH)))
    halves = (False, True) if multiplies_bf16(torch.device("cpu")) else (False,)
    turns: list[float] = []
    batches: list[float] = []
    writes: dict[tuple[int, bool], list[float]] = {}
    for _ in range(options.rounds):
        for one in islice(requests, SINGLE):
            turns.append(_seconds(lambda one=one: parser.answer_batch([one])))  # type: ignore[misc]
        batch = list(islice(requests, BATCH))
        batches.append(_seconds(lambda batch=batch: parser.answer_batch(batch)))  # type: ignore[misc]
        for count in (1, BATCH):
            for half in halves:
                seconds = _seconds(lambda count=count, half=half: _write(network, count, half))  # type: ignore[misc]
                writes.setdefault((count, half), []).append(seconds)
    turn, many = statistics.median(turns), statistics.median(batches) / BATCH
    write, many_written = (
        min(statistics.median(writes[count, half]) for half in halves) / count for count in (1, BATCH)
    )
    print(f"{len(turns)} questions alone, {options.rounds} batches, {options.threads} threads, medians\n")
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
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--warm", type=int, default=600)
    return parser.parse_args()


def _requests(graph: KnowledgeGraph) -> Iterator[Request]:
    """New questions for ever."""
    for dialogue in invent(graph, seed=SEED):
        for example in dialogue.examples:
            yield Request(example.conversation, example.question)


def _write(network: T5ForConditionalGeneration, count: int, half: bool) -> None:
    read = torch.randint(3, 30_000, (count, INPUT))
    with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16, enabled=half):
        network.generate(
            read, max_new_tokens=TOKENS, min_new_tokens=TOKENS, do_sample=False, num_beams=1, use_cache=True
        )


def _seconds(call: Callable[[], object]) -> float:
    started = time.perf_counter()
    call()
    return time.perf_counter() - started


if __name__ == "__main__":
    main()
