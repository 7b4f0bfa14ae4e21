"""Work in several processes that survives the death of one of them, and leaves no process behind."""

import multiprocessing
import os
import signal
import sys
import threading
from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from typing import TypeVar

_Item = TypeVar("_Item")
_Result = TypeVar("_Result")


def run(
    function: Callable[[_Item], _Result],
    items: Sequence[_Item],
    jobs: int,
    lost: Callable[[_Item, BaseException], _Result],
) -> Generator[_Result, None, None]:
    """The results of `function`, as they come, from `jobs` processes.

    If a process is killed, the items that were in work then get a second try, each alone. What ends its process then,
    too, gives the result of `lost`. Closing the iterator stops all processes.
    """
    waiting = deque(items)
    while waiting:
        suspects: list[_Item] = []
        for item, result in _until_killed(function, waiting, jobs):
            if isinstance(result, BaseException):
                suspects.append(item)
            else:
                yield result
        for suspect in suspects:
            for item, result in _until_killed(function, deque([suspect]), 1):
                yield lost(item, result) if isinstance(result, BaseException) else result


def _until_killed(
    function: Callable[[_Item], _Result], waiting: deque[_Item], jobs: int
) -> Iterator[tuple[_Item, _Result | BaseException]]:
    """Take items from `waiting` until it is empty or a process is killed: each with its result or what ended it."""
    with _pool(jobs) as pool:
        running: dict[Future[_Result], _Item] = {}
        whole = True
        while running or (waiting and whole):
            while waiting and whole and len(running) < jobs:  # no more than are in work, so that suspects are few
                item = waiting.popleft()
                try:
                    with _without_ctrl_c():
                        running[pool.submit(function, item)] = item
                except BrokenProcessPool as error:
                    whole = False
                    yield item, error
            for future in wait(running, return_when=FIRST_COMPLETED).done:
                ended = future.exception()
                whole = whole and ended is None
                yield running.pop(future), future.result() if ended is None else ended


@contextmanager
def _pool(jobs: int) -> Iterator[ProcessPoolExecutor]:
    # Spawned, not forked: ONNX Runtime's and OpenCV's threads do not survive a fork.
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(jobs, mp_context=context, initializer=_begin)
    finished = False
    try:
        yield pool
        finished = True
    finally:
        if not finished:
            for process in multiprocessing.active_children():
                process.terminate()
        pool.shutdown(cancel_futures=True)


@contextmanager
def _without_ctrl_c() -> Iterator[None]:
    """Hold SIGINT back, here and in the processes that start meanwhile: they leave Ctrl-C to this one."""
    if not hasattr(signal, "pthread_sigmask"):  # Windows
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _begin() -> None:
    """Let the parent decide when this process ends: by SIGTERM, and by its own end, however it comes."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the parent passes it on as SIGTERM
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
