"""Work for several processes of this machine, its results in the order of the work.

Every process is started afresh and makes its own function once (it opens a graph, an encoder); then the
function is applied to one piece of work after another.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from functools import cache, partial
from multiprocessing.connection import wait
from typing import Any, TypeVar

from grammar.errors import KgqaError

_AHEAD = 4  # pieces a process that are on their way: the next is there when one is done

_Item = TypeVar("_Item")
_Handle = TypeVar("_Handle")
_Result = TypeVar("_Result")
_make: Callable[[], Callable[[Any], Any]] | None = None
"""Makes what this process applies, once; set when it starts."""


def in_processes(
    items: Iterable[_Item],
    make: Callable[..., Callable[[_Item], _Result]],
    arguments: tuple[Any, ...],
    *,
    workers: int,
    advice: str,
) -> Iterator[_Result]:
    """``make(*arguments)(item)`` of every item, in order; all of it must be possible to pickle.

    Args:
        advice: what to do where a process was killed, for the error that says so.

    Raises:
        KgqaError: a process was killed; or what the function raised.
    """
    pool = ProcessPoolExecutor(
        workers, multiprocessing.get_context("spawn"), initializer=_start, initargs=(make, arguments)
    )

    def submit(item: _Item) -> Future[_Result]:
        return pool.submit(_apply, item)

    try:
        yield from in_order(items, submit, Future.result, workers)
    except BrokenProcessPool:
        raise KgqaError(f"a process was killed, perhaps for want of memory; {advice}") from None
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def in_order(
    items: Iterable[_Item],
    submit: Callable[[_Item], _Handle],
    result: Callable[[_Handle], _Result],
    processes: int,
) -> Iterator[_Result]:
    """Keep some work on its way, not all of it: items are read as they are needed."""
    ahead: deque[_Handle] = deque()
    for item in items:
        ahead.append(submit(item))
        if len(ahead) >= _AHEAD * processes:
            yield result(ahead.popleft())
    while ahead:
        yield result(ahead.popleft())


def _start(make: Callable[..., Callable[[Any], Any]], arguments: tuple[Any, ...]) -> None:
    global _make
    # Ctrl-C reaches every process of the terminal; the one that waits decides what is still done.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    _make = cache(partial(make, *arguments))


def _end_with_parent() -> None:
    """A process whose parent was killed would wait for work for ever."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(1)


def _apply(item: Any) -> Any:
    assert _make is not None, "the process was started without a function"
    return _make()(item)  # made with the first piece of work, so that its error comes back as one
