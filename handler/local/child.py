"""A process that lives no longer than the one that started it."""

import os
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from types import TracebackType
from typing import IO, Self

GRACE_S = 60.0
"""How long a child may take to finish what it is doing before it is killed."""


class Child:
    """`python -m module arguments`, told to stop by the end of its standard input.

    That end comes when the parent closes it, but also when the parent dies, however it dies: so there are no orphans.
    Ctrl-C in the terminal does not reach the child, which has a session of its own: its parent decides.

    output, errors: for its standard output and error; None: the parent's. inherited: other open files, by number.
    """

    def __init__(
        self,
        module: str,
        arguments: Sequence[str] = (),
        *,
        environment: Mapping[str, str],
        output: IO[bytes] | int | None = None,
        errors: IO[bytes] | int | None = None,
        inherited: Sequence[int] = (),
    ) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", module, *arguments],
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=errors,
            env=dict(environment),
            pass_fds=inherited,
            start_new_session=True,
        )

    @property
    def running(self) -> bool:
        """Whether it has not ended."""
        return self.process.poll() is None

    def write(self, line: bytes) -> None:
        """Send a line to its standard input; lost where it has ended."""
        if self.process.stdin is not None:
            with suppress(BrokenPipeError):
                self.process.stdin.write(line + b"\n")
                self.process.stdin.flush()

    def line(self) -> bytes:
        """The next line of its standard output, where that is a pipe; empty once it has ended."""
        return b"" if self.process.stdout is None else self.process.stdout.readline()

    def stop(self) -> int:
        """Let it finish what it is doing, kill it where that takes too long; return its exit status."""
        self._close_input()
        try:
            return self.process.wait(GRACE_S)
        except subprocess.TimeoutExpired:
            return self.kill()

    def kill(self) -> int:
        """End it at once (SIGKILL), in the middle of whatever it is doing."""
        self.process.kill()
        status = self.process.wait()
        self._close_input()
        return status

    def _close_input(self) -> None:
        if self.process.stdin is not None:
            with suppress(BrokenPipeError):  # it ended with a line on its way
                self.process.stdin.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
        if self.process.stdout is not None:
            self.process.stdout.close()


def at_end_of_input(act: Callable[[], None]) -> None:
    """In the child: call `act` once, from another thread, when standard input ends."""

    def wait() -> None:
        # Not sys.stdin: a thread that holds its lock at exit makes the interpreter abort.
        while os.read(0, 1024):
            pass
        act()

    threading.Thread(target=wait, daemon=True).start()
