"""A process pool that survives the death of a worker, and leaves no process behind.

Each worker has a pipe of its own and shares no queue or lock with the others. When its pipe closes, the worker has
died, and the parent knows which item it had. (The pool of concurrent.futures can miss a death and wait for ever.)
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


class WorkerDied(Exception):
    """The process died before it returned a result, for example because it was killed."""


_EXIT_TIMEOUT_S = 10.0
"""How long a process may take to end by itself."""
_Item = TypeVar("_Item")
_Result = TypeVar("_Result")


def run(
    function: Callable[[_Item], _Result], items: Iterable[_Item], jobs: int, on_death: Callable[[_Item], _Result]
) -> Generator[_Result, None, None]:
    """Call `function` with each item, in `jobs` processes, and yield the results as they come.

    If `function` raises, the error is raised here and the run stops. If a worker dies, its item is tried once more at
    the end, with no other worker running. If that worker dies, too, the item's result is `on_death(item)`. Closing the
    generator stops all processes.
    """
    suspects: list[_Item] = []
    with _pool(function, jobs) as pool:
        yield from _results(pool, deque(items), suspects)
    for suspect in suspects:
        died_again: list[_Item] = []
        with _pool(function, 1) as pool:
            yield from _results(pool, deque([suspect]), died_again)
        yield from map(on_death, died_again)


class Process:
    """A process that calls a function with one item after another. It ends with its parent."""

    def __init__(self, function: Callable[[Any], Any]) -> None:
        context = multiprocessing.get_context("spawn")  # ONNX Runtime's threads do not survive a fork
        self.pipe, theirs = context.Pipe()
        self._process = context.Process(target=_serve, args=(theirs, function), daemon=True)
        with _without_ctrl_c():
            self._process.start()
        theirs.close()  # only the process holds this end now, so its death closes the pipe

    def submit(self, item: object) -> None:
        """Start an item. Call `result` before the next one."""
        with suppress(BrokenPipeError):  # it was killed while it was idle; `result` raises WorkerDied
            self.pipe.send(item)

    def result(self) -> Any:
        """Wait for the item's result. Raises what the function raises, and WorkerDied."""
        try:
            result, error = self.pipe.recv()
        except (EOFError, OSError) as closed:
            raise WorkerDied from closed
        if error is not None:
            raise error
        return result

    def terminate(self) -> None:
        """Stop it in the middle of an item. It removes its unfinished files."""
        self._process.terminate()

    def close(self) -> None:
        """Wait until it ends, which a process that is idle or terminated does; kill it if it does not."""
        self.pipe.close()
        self._process.join(_EXIT_TIMEOUT_S)
        self._process.kill()
        self._process.join()
        self._process.close()


class _Pool:
    """At most `size` processes, started when they are needed. processes: by their pipes."""

    def __init__(self, function: Callable[[Any], Any], size: int) -> None:
        self._function, self._size = function, size
        self.processes: dict[Connection, Process] = {}

    def idle(self, busy: Iterable[Connection]) -> Process | None:
        """A process without an item, or None. busy: the pipes of those that have one."""
        for pipe in self.processes.keys() - set(busy):
            return self.processes[pipe]
        if len(self.processes) == self._size:
            return None
        process = Process(self._function)
        self.processes[process.pipe] = process
        return process

    def close(self, pipe: Connection) -> None:
        self.processes.pop(pipe).close()


@contextmanager
def _pool(function: Callable[[Any], Any], size: int) -> Iterator[_Pool]:
    pool = _Pool(function, size)
    finished = False
    try:
        yield pool
        finished = True
    finally:
        for process in pool.processes.values():
            if not finished:
                process.terminate()
        for pipe in list(pool.processes):
            pool.close(pipe)


def _results(pool: _Pool, waiting: deque[_Item], died: list[_Item]) -> Iterator[Any]:
    """The results of all items except those whose worker died, which are added to `died`."""
    running: dict[Connection, _Item] = {}
    while waiting or running:
        while waiting and (process := pool.idle(running)) is not None:
            running[process.pipe] = waiting.popleft()
            process.submit(running[process.pipe])
        for pipe in cast("list[Connection]", wait(list(running))):
            item = running.pop(pipe)
            try:
                yield pool.processes[pipe].result()
            except WorkerDied:
                died.append(item)
                pool.close(pipe)


def _serve(pipe: Connection, function: Callable[[Any], Any]) -> None:
    """The loop of a process: items in, (result, error) out, until the pipe closes, SIGTERM comes or the parent dies."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the parent passes it on as SIGTERM
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))  # so that unfinished files are removed
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
    """Block SIGINT here and in the processes that start meanwhile, so that only this process handles Ctrl-C."""
    if not hasattr(signal, "pthread_sigmask"):  # Windows
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
