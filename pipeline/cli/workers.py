"""Work in several processes that survives the death of one of them, and leaves no process behind.

Each process has a pipe of its own and shares nothing with the others, neither queue nor lock. So the end of its pipe
shows that it is dead, and which item it had. (concurrent.futures' pool can miss a death and wait for ever.)
"""

import multiprocessing
import os
import signal
import sys
import threading
import traceback
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import contextmanager, suppress
from multiprocessing.connection import Connection, wait
from typing import Any, TypeVar, cast


class Ended(Exception):
    """The process ended before it gave a result: it was killed."""


_PATIENCE = 10.0
"""Seconds that a process gets to end by itself."""
_Item = TypeVar("_Item")
_Result = TypeVar("_Result")


def run(
    function: Callable[[_Item], _Result], items: Iterable[_Item], jobs: int, lost: Callable[[_Item], _Result]
) -> Generator[_Result, None, None]:
    """The results of `function`, as they come, from `jobs` processes. Raises what it raises, and stops.

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


class Process:
    """A process that calls a function with one item after another. It ends with its parent."""

    def __init__(self, function: Callable[[Any], Any]) -> None:
        context = multiprocessing.get_context("spawn")  # ONNX Runtime's threads do not survive a fork
        self.pipe, theirs = context.Pipe()
        self._process = context.Process(target=_serve, args=(theirs, function), daemon=True)
        with _without_ctrl_c():
            self._process.start()
        theirs.close()  # only the process holds it now, so that its death closes it

    def give(self, item: object) -> None:
        """Let it begin an item. One at a time."""
        with suppress(BrokenPipeError):  # it was killed while it had nothing to do; `result` says so
            self.pipe.send(item)

    def result(self) -> Any:
        """The result of that item; waits for it. Raises what the function raises, and Ended."""
        try:
            result, error = self.pipe.recv()
        except (EOFError, OSError) as end:
            raise Ended from end
        if error is not None:
            raise error
        return result

    def terminate(self) -> None:
        """Stop it in the middle of what it does; what it has half written is removed."""
        self._process.terminate()

    def end(self) -> None:
        """Wait for it, once it has ended or has nothing left to do."""
        self.pipe.close()
        self._process.join(_PATIENCE)
        self._process.kill()
        self._process.join()
        self._process.close()


class _Team:
    """Processes by their pipes, started when they are needed, at most `size` at a time."""

    def __init__(self, function: Callable[[Any], Any], size: int) -> None:
        self._function, self._size = function, size
        self.processes: dict[Connection, Process] = {}

    def member(self, busy: Iterable[Connection]) -> Process | None:
        """A process without work, None if all have some."""
        for pipe in self.processes.keys() - set(busy):
            return self.processes[pipe]
        if len(self.processes) == self._size:
            return None
        process = Process(self._function)
        self.processes[process.pipe] = process
        return process

    def end(self, pipe: Connection) -> None:
        self.processes.pop(pipe).end()


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
    """The results of all items except those whose process ended, which are added to `ended`."""
    running: dict[Connection, _Item] = {}
    while waiting or running:
        while waiting and (process := team.member(running)) is not None:
            running[process.pipe] = waiting.popleft()
            process.give(running[process.pipe])
        for pipe in cast("list[Connection]", wait(list(running))):
            item = running.pop(pipe)
            try:
                yield team.processes[pipe].result()
            except Ended:
                ended.append(item)
                team.end(pipe)


def _serve(pipe: Connection, function: Callable[[Any], Any]) -> None:
    """A process: items in, (result, error) out, until the pipe is closed, SIGTERM comes or the parent is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the parent passes it on as SIGTERM
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))  # removes what is half written
    threading.Thread(target=_end_with_parent, daemon=True).start()
    while True:
        try:
            item = pipe.recv()
        except EOFError:
            return
        outcome: tuple[Any, Exception | None]
        try:
            outcome = function(item), None
        except Exception as error:  # noqa: BLE001 - raised again in the parent
            error.add_note(traceback.format_exc())
            outcome = None, error
        pipe.send(outcome)


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
