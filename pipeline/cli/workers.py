"""Work in several processes that survives the death of one of them, and leaves no process behind.

Each process has a pipe of its own and shares nothing with the others, neither queue nor lock. So the end of its pipe
tells that it is dead, and which item was in work. (concurrent.futures' pool can miss a death and wait for ever.)
"""

import multiprocessing
import os
import signal
import sys
import threading
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import contextmanager, suppress
from multiprocessing.connection import Connection, wait
from typing import Any, TypeVar, cast

_PATIENCE = 10.0
"""Seconds that a process gets to end by itself."""
_Item = TypeVar("_Item")
_Result = TypeVar("_Result")


def run(
    function: Callable[[_Item], _Result], items: Iterable[_Item], jobs: int, lost: Callable[[_Item], _Result]
) -> Generator[_Result, None, None]:
    """The results of `function`, as they come, from `jobs` processes.

    An item whose process ends before it gives a result, such as one that is killed, gets a second try at the end, with
    no other process beside it. If that process ends, too, the item gives the result of `lost`. Closing the iterator
    stops all processes.
    """
    suspects: list[_Item] = []
    with _team(function, jobs) as team:
        yield from _results(team, deque(items), suspects)
    for suspect in suspects:
        again: list[_Item] = []
        with _team(function, 1) as team:
            yield from _results(team, deque([suspect]), again)
        yield from map(lost, again)


class _Team:
    """Processes by their pipes, started when they are needed, at most `size` at a time."""

    def __init__(self, function: Callable[[Any], Any], size: int) -> None:
        self._function, self._size = function, size
        self._context = multiprocessing.get_context("spawn")  # ONNX Runtime's threads do not survive a fork
        self.processes: dict[Connection, multiprocessing.process.BaseProcess] = {}

    def member(self, busy: Iterable[Connection]) -> Connection | None:
        """The pipe of a process without work, None if all have some."""
        for pipe in self.processes.keys() - set(busy):
            return pipe
        if len(self.processes) == self._size:
            return None
        pipe, theirs = self._context.Pipe()
        process = self._context.Process(target=_serve, args=(theirs, self._function))
        with _without_ctrl_c():
            process.start()
        theirs.close()  # only the process holds it now, so that its death closes it
        self.processes[pipe] = process
        return pipe

    def end(self, pipe: Connection) -> None:
        """Wait for a process that has ended, or has nothing left to do."""
        pipe.close()
        process = self.processes.pop(pipe)
        process.join(_PATIENCE)
        process.kill()
        process.join()
        process.close()


@contextmanager
def _team(function: Callable[[Any], Any], size: int) -> Iterator[_Team]:
    team = _Team(function, size)
    finished = False
    try:
        yield team
        finished = True
    finally:
        for process in team.processes.values():
            if not finished:
                process.terminate()
        for pipe in list(team.processes):
            team.end(pipe)


def _results(team: _Team, waiting: deque[_Item], ended: list[_Item]) -> Iterator[Any]:
    """The results of all items but those whose process ended, which are added to `ended`."""
    running: dict[Connection, _Item] = {}
    while waiting or running:
        while waiting and (pipe := team.member(running)) is not None:
            running[pipe] = waiting.popleft()
            with suppress(BrokenPipeError):  # it was killed while it had nothing to do; reading from it says so
                pipe.send(running[pipe])
        for pipe in cast("list[Connection]", wait(list(running))):
            item = running.pop(pipe)
            try:
                yield pipe.recv()
            except (EOFError, OSError):
                ended.append(item)
                team.end(pipe)


def _serve(pipe: Connection, function: Callable[[Any], Any]) -> None:
    """A process: items in, results out, until the pipe is closed, SIGTERM comes or the parent is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the parent passes it on as SIGTERM
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))  # removes what is half written
    threading.Thread(target=_end_with_parent, daemon=True).start()
    while True:
        try:
            item = pipe.recv()
        except EOFError:
            return
        pipe.send(function(item))


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


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
