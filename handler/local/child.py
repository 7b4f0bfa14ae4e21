"""A process that lives no longer than the one that started it."""

import os
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from types import TracebackType
from typing import IO, Self

GRACE_S = 60.0
"""How long a child may take to finish what it is doing before it is killed."""


class Child:
    """`python -m module arguments`, told to stop by the end of its standard input.

    That end comes when we close it, but also when we die, however we die: so there are no orphans. Ctrl-C in the
    terminal does not reach the child, since it has a session of its own; whoever started it decides.
    """

    def __init__(
        self,
        module: str,
        arguments: Sequence[str] = (),
        *,
        environment: Mapping[str, str],
        output: IO[bytes] | int | None = None,
        errors: IO[bytes] | int | None = None,
    ) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", module, *arguments],
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=errors,
            env=dict(environment),
            start_new_session=True,
        )

    @property
    def running(self) -> bool:
        """Whether it has not ended."""
        return self.process.poll() is None

    def line(self) -> bytes:
        """The next line of its standard output, where that is a pipe; empty once it has ended."""
        return b"" if self.process.stdout is None else self.process.stdout.readline()

    def stop(self) -> int:
        """Let it finish what it is doing, kill it where that takes too long; return its exit status."""
        if self.process.stdin is not None:
            self.process.stdin.close()
        try:
            return self.process.wait(GRACE_S)
        except subprocess.TimeoutExpired:
            return self.kill()

    def kill(self) -> int:
        """End it at once (SIGKILL), in the middle of whatever it is doing."""
        self.process.kill()
        status = self.process.wait()
        if self.process.stdin is not None:
            self.process.stdin.close()
        return status

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
        if self.process.stdout is not None:
            self.process.stdout.close()


def when_told_to_stop(act: Callable[[], None]) -> None:
    """In the child: call `act` once, from another thread, when standard input ends."""

    def wait() -> None:
        # Not sys.stdin: a thread that holds its lock at exit makes the interpreter abort.
        while os.read(0, 1024):
            pass
        act()

    threading.Thread(target=wait, daemon=True).start()
