"""A function as Lambda keeps it: processes with the function's environment, each of which takes one event at a time."""

import json
import subprocess
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from handler.local.child import Child


class FunctionFailed(Exception):
    """The function raised an error, whose traceback is in its log, or its process ended."""


class StartFailed(FunctionFailed):
    """The function cannot start. The message is its own, such as a wrong setting's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Function:
    """What a container runs.

    handler: such as "handler.cutouts.app.on_queue". environment: all of it. log: the file that its output is added to;
    None: standard error.
    """

    handler: str
    timeout_s: float
    memory_mb: int
    environment: Mapping[str, str]
    log: Path | None = None


class Container:
    """One process, which starts at once, and is replaced at the next event where it has died."""

    def __init__(self, function: Function) -> None:
        self.function, self.crashes = function, 0
        self._lock, self._killed = threading.Lock(), False
        self._start()

    def ready(self) -> None:
        """Wait until it has loaded its code. Raises StartFailed."""
        with self._lock:
            self._loaded()

    def call(self, event: Mapping[str, Any]) -> Any:
        """Its reply. Raises FunctionFailed."""
        with self._lock:
            if self._killed:
                raise FunctionFailed(f"The container of {self.function.handler} was killed.")
            if not self.child.running:
                self.stop()
                self._start()
            self._loaded()
            self.child.write(json.dumps(event).encode())
            line = self.child.line()
            self.crashes += not line
            return self._answer(line)["reply"]

    def stop(self) -> int:
        """End it when it has done what it is doing; return its exit status."""
        with self.child:
            return self.child.stop()

    def kill(self) -> None:
        """End it for good, in the middle of whatever it is doing: this call fails, and all later ones."""
        self._killed = True
        self.child.kill()
        with self._lock:  # a call may still read what it wrote
            self.stop()

    def _start(self) -> None:
        function = self.function
        arguments = [function.handler, f"--timeout={function.timeout_s}", f"--memory={function.memory_mb}"]
        log = None if function.log is None else function.log.open("ab")
        try:
            self.child = Child(
                "handler.local.runtime",
                arguments,
                environment=function.environment,
                output=subprocess.PIPE,
                errors=log,
            )
        finally:
            if log is not None:
                log.close()
        self._is_loaded = False

    def _loaded(self) -> None:
        if not self._is_loaded:
            try:
                self._answer(self.child.line())
            except FunctionFailed as error:
                raise StartFailed(str(error)) from error
            self._is_loaded = True

    def _answer(self, line: bytes) -> dict[str, Any]:
        if not line:
            raise FunctionFailed(f"The process of {self.function.handler} ended with {self.child.process.wait()}.")
        answer: dict[str, Any] = json.loads(line)
        if "error" in answer:
            raise FunctionFailed(answer["error"])
        return answer


class Pool:
    """Up to `most` containers of a function, for calls that come at the same time.

    As with Lambda, a call gets a container that is idle, or else a new one. Beyond `most` it waits, where Lambda would
    throttle it.
    """

    def __init__(self, make: Callable[[], Container], most: int) -> None:
        self.most = most
        self._make, self._slots = make, threading.Semaphore(most)
        self._all = [make()]
        self._idle = list(self._all)

    def ready(self) -> None:
        """Wait until the first container has loaded its code. Raises StartFailed."""
        self._all[0].ready()

    def call(self, event: Mapping[str, Any]) -> Any:
        """A container's reply. Raises FunctionFailed."""
        with self._slots:
            try:
                container = self._idle.pop()
            except IndexError:
                container = self._make()
                self._all.append(container)
            try:
                return container.call(event)
            finally:
                self._idle.append(container)

    def stop(self) -> None:
        """End all of them when they have done what they are doing."""
        for container in self._all:
            container.stop()
