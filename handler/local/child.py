"""A process that ends when the one that started it ends."""

import os
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from types import TracebackType
from typing import IO, Self

GRACE_S = 60.0
"""How long a child may take to finish its work before it is killed."""


class Child:
    """`python -m module arguments`, which stops at the end of its standard input.

    The input ends when the parent closes it, or dies for any reason, so no child is left behind. The child has its own
    session, so Ctrl-C in the terminal reaches only the parent.

    output, errors: its standard output and error; None for the parent's. inherited: numbers of other open files.
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
        """Whether the process has not ended."""
        return self.process.poll() is None

    def write(self, line: bytes) -> None:
        """Send a line to its standard input. If it has ended, nothing happens."""
        if self.process.stdin is not None:
            with suppress(BrokenPipeError):
                self.process.stdin.write(line + b"\n")
                self.process.stdin.flush()

    def line(self) -> bytes:
        """The next line of its standard output, if that is a pipe; empty once it has ended."""
        return b"" if self.process.stdout is None else self.process.stdout.readline()

    def stop(self) -> int:
        """Let it finish its work, or kill it after GRACE_S; return its exit status."""
        self._close_input()
        try:
            return self.process.wait(GRACE_S)
        except subprocess.TimeoutExpired:
            return self.kill()

    def kill(self) -> int:
        """End it at once (SIGKILL); return its exit status."""
        self.process.kill()
        status = self.process.wait()
        self._close_input()
        return status

    def _close_input(self) -> None:
        if self.process.stdin is not None:
            with suppress(BrokenPipeError):  # it ended before it read the last line
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
