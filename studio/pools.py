"""Worker processes, so that the page is answered while images are cut."""

import functools
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any, ParamSpec, TypeVar

from pipeline.cli.workers import Ended, Process

_Args = ParamSpec("_Args")
_Made = TypeVar("_Made")
MESSAGE = "The worker process was killed, probably for lack of memory. Use a smaller image."


class Killed(Exception):
    """A worker process was killed, probably for lack of memory."""


class Worker:
    """One process, which starts when it is needed, and is replaced when it is killed."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process: Process | None = None

    def call(self, function: Callable[_Args, _Made], *args: _Args.args, **kwargs: _Args.kwargs) -> _Made:
        """Run a function in the process and wait for it. Raises what it raises, and Killed."""
        with self._lock:
            process = self._process = self._process or Process(_called)
            try:
                process.give(functools.partial(function, *args, **kwargs))
                made: _Made = process.result()
            except Ended as error:
                self._process = None
                process.end()
                raise Killed(MESSAGE) from error
            return made

    def close(self) -> None:
        """End the process, also in the middle of what it does: that call raises Killed."""
        if (process := self._process) is not None:
            with suppress(ValueError):  # it has ended meanwhile
                process.terminate()
        with self._lock:
            if self._process is not None:
                self._process.end()
                self._process = None


def _called(call: Callable[[], Any]) -> Any:
    return call()
