"""Many dialogues: in this process, in several on this machine, or on a Ray cluster.

Dialogues go out in shards, and the lines come back in the order of the dialogues, so a silver file has the
same bytes wherever the work was done. Every process opens the graph for itself; one that is a folder is
mapped into memory, and processes of one machine share its pages.
"""

from __future__ import annotations

import os
import re
import socket
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from itertools import islice
from typing import Any, TypeAlias

from grammar.errors import ConfigError, GraphError, KgqaError
from kgqa.conversation import Dialogue
from kgqa.graphs.protocol import KnowledgeGraph
from kgqa.pool import in_order, in_processes
from kgqa.supervision.silver import Line
from kgqa.supervision.turns import Task, Worker

_SHARD = 8  # dialogues that go to a process together

Shard: TypeAlias = list[Dialogue]
ShardLines: TypeAlias = list[list[Line]]


def spread(
    dialogues: Iterable[Dialogue],
    graph: KnowledgeGraph,
    task: Task,
    *,
    workers: int = 1,
    ray: str | None = None,
) -> Iterator[list[Line]]:
    """The lines of every dialogue, in order.

    Args:
        workers: processes of this machine; the graph must be one that can be pickled.
        ray: address of a Ray cluster (``auto``, ``HOST:PORT``, ``ray://HOST:PORT``, or ``local`` to start one
            here), which then does the work, as many shards at once as it has cores. kgqa must be installed on
            its nodes, and the graph lie in the same place on them.

    Raises:
        ConfigError: there is no such cluster, or Ray is not installed.
        GraphError: a node of the cluster has not this graph.
        KgqaError: a process was killed.
    """
    if ray is not None:
        yield from _on_ray(dialogues, graph, task, ray)
    elif workers <= 1:
        yield from map(Worker(graph, task).lines, dialogues)
    else:
        yield from _in_processes(dialogues, graph, task, workers)


def _shards(dialogues: Iterable[Dialogue]) -> Iterator[Shard]:
    rest = iter(dialogues)
    while shard := list(islice(rest, _SHARD)):
        yield shard


# --- processes of this machine ------------------------------------------------------------------------


def _in_processes(
    dialogues: Iterable[Dialogue], graph: KnowledgeGraph, task: Task, workers: int
) -> Iterator[list[Line]]:
    advice = "the same command goes on where this one stopped, with fewer --workers if it was memory"
    for lines in in_processes(
        _shards(dialogues), _shard_worker, (graph, task), workers=workers, advice=advice
    ):
        yield from lines


def _shard_worker(graph: KnowledgeGraph, task: Task) -> Callable[[Shard], ShardLines]:
    worker = Worker(graph, task)
    return lambda shard: [worker.lines(dialogue) for dialogue in shard]


# --- a Ray cluster ------------------------------------------------------------------------------------

_worker: Worker | None = None


def _on_ray(
    dialogues: Iterable[Dialogue], graph: KnowledgeGraph, task: Task, address: str
) -> Iterator[list[Line]]:
    with _cluster(address) as ray:
        work = ray.remote(_work_on_node)
        shared = ray.put((graph, task))

        def submit(shard: Shard) -> Any:
            return work.remote(shared, shard)

        def result(handle: Any) -> ShardLines:
            try:
                lines: ShardLines = ray.get(handle)
            except ray.exceptions.RayTaskError as error:
                if isinstance(error.cause, KgqaError):
                    raise type(error.cause)(str(error.cause)) from None
                raise
            return lines

        cores = int(ray.cluster_resources().get("CPU", 1))
        for lines in in_order(_shards(dialogues), submit, result, max(1, cores)):
            yield from lines


@contextmanager
def _cluster(address: str) -> Iterator[Any]:
    """Ray, connected; what was started or connected here is let go of in the end."""
    try:
        import ray
    except ImportError:
        raise ConfigError(
            "expected the package 'ray', which a cluster needs: pip install 'kgqa[distributed]'"
        ) from None
    try:
        _knock(address)
        ray.init(address=address, log_to_driver=False, logging_level="ERROR")
    except (OSError, RuntimeError, ValueError) as error:
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise ConfigError(
            f"expected the address of a Ray cluster, found {address!r} ({reason}); start one with "
            f"`ray start --head`, or give 'local'"
        ) from None
    try:
        yield ray
    finally:
        ray.shutdown()


def _knock(address: str) -> None:
    """Connect to HOST:PORT and hang up; Ray itself tries for minutes where nobody answers.

    Raises:
        OSError: nobody does.
    """
    place = re.fullmatch(r"(?:ray://)?([\w.-]+):(\d{1,5})", address)
    if place is not None:
        socket.create_connection((place[1], int(place[2])), timeout=10).close()


def _work_on_node(given: tuple[KnowledgeGraph, Task], shard: Shard) -> ShardLines:
    """On a node: the process keeps what it has computed for the shards to come."""
    global _worker
    graph, task = given
    if not graph.checksum.startswith(task.graph):
        raise GraphError(
            f"expected the graph {task.graph} on every node of the cluster, found another one on "
            f"{os.uname().nodename}; copy the same folder to the same place"
        )
    if _worker is None or _worker.task != task:
        _worker = Worker(graph, task)
    return [_worker.lines(dialogue) for dialogue in shard]
