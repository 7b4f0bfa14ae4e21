"""Worker processes, so that the studio answers its page while it cuts images."""

import functools
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any, ParamSpec, TypeVar

from pipeline.cli.workers import Process, WorkerDied

_Args = ParamSpec("_Args")
_Made = TypeVar("_Made")
MESSAGE = "The worker process was killed, probably for lack of memory. Use a smaller image."


class Killed(Exception):
    """A worker process was killed, probably for lack of memory."""


class Worker:
    """One process. It starts with the first call, and is replaced after it was killed."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process: Process | None = None

    def call(self, function: Callable[_Args, _Made], *args: _Args.args, **kwargs: _Args.kwargs) -> _Made:
        """Run a function in the process and wait for it. Raises what it raises, and Killed."""
        with self._lock:
            process = self._process = self._process or Process(_called)
            try:
                process.submit(functools.partial(function, *args, **kwargs))
                made: _Made = process.result()
            except WorkerDied as error:
                self._process = None
                process.close()
                raise Killed(MESSAGE) from error
            return made

    def close(self) -> None:
        """End the process. A call that is running raises Killed."""
        if (process := self._process) is not None:
            with suppress(ValueError):  # it has ended meanwhile
                process.terminate()
        with self._lock:
            if self._process is not None:
                self._process.close()
                self._process = None


def _called(call: Callable[[], Any]) -> Any:
    return call()
