"""Worker processes, so that the page is answered while images are cut."""

import multiprocessing
import signal
import threading
from collections.abc import Callable
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from typing import Any, ParamSpec, TypeVar

_Args = ParamSpec("_Args")
_Made = TypeVar("_Made")


class Killed(Exception):
    """A worker process was killed, probably for lack of memory."""


class Worker:
    """One process, which is replaced when it is killed."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._pool = self._new()

    @staticmethod
    def _new() -> ProcessPoolExecutor:
        # ONNX Runtime's threads do not survive a fork.
        return ProcessPoolExecutor(1, multiprocessing.get_context("spawn"), _leave_ctrl_c)

    def call(self, function: Callable[_Args, _Made], *args: _Args.args, **kwargs: _Args.kwargs) -> _Made:
        """Run a function in the process and wait for it. Raises what it raises, and Killed."""
        with self._lock:
            pool = self._pool
        try:
            waiting: Future[Any] = pool.submit(function, *args, **kwargs)
            made: _Made = waiting.result()
        except BrokenProcessPool as error:
            with self._lock:
                if self._pool is pool:
                    pool.shutdown(wait=False)
                    self._pool = self._new()
            raise Killed("The worker process was killed, probably for lack of memory. Use a smaller image.") from error
        return made

    def close(self) -> None:
        """End the process as soon as it has finished what it is at."""
        with self._lock:
            self._pool.shutdown(wait=False, cancel_futures=True)


def _leave_ctrl_c() -> None:
    """Ctrl-C reaches the whole group; the parent closes its workers."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
