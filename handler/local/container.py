"""Containers as on Lambda: processes with the function's environment that take one event at a time."""

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
    """The function cannot start. The message is the function's, such as one about a wrong setting."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Function:
    """What a container runs.

    handler: such as "handler.cutouts.app.on_queue". environment: all variables. log: the file to append its output to,
    or None for standard error.
    """

    handler: str
    timeout_s: float
    memory_mb: int
    environment: Mapping[str, str]
    log: Path | None = None


class Container:
    """One process, which starts at once. If it dies, the next event starts another."""

    def __init__(self, function: Function) -> None:
        self.function, self.crashes = function, 0
        self._lock, self._killed = threading.Lock(), False
        self._start()

    def ready(self) -> None:
        """Wait until it has loaded its code. Raises StartFailed."""
        with self._lock:
            self._loaded()

    def call(self, event: Mapping[str, Any]) -> Any:
        """The function's reply. Raises FunctionFailed."""
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
        """Let it finish its event, and end it; return its exit status."""
        with self.child:
            return self.child.stop()

    def kill(self) -> None:
        """Kill it for good: the call in progress and all later ones fail."""
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
    """Up to `most` containers of a function, for concurrent calls.

    As on Lambda, a call gets an idle container or a new one. Beyond `most` it waits, where Lambda would throttle it.
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
        """The reply of a container. Raises FunctionFailed."""
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
        """Let all containers finish their events, and end them."""
        for container in self._all:
            container.stop()
