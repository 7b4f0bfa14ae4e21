"""A stand-in for event source mappings: a container of a function, and a thread that takes messages to it."""

import itertools
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from botocore.exceptions import BotoCoreError, ClientError

from handler.local import functions
from handler.local.container import Container, StartFailed
from handler.local.poller import Poller
from handler.local.stack import Stack

IDLE_S = 0.1
"""How often to ask an empty queue. An event source mapping polls for up to 20 s at a time, which would delay a stop."""


class Worker:
    """One container at work on its queues, from now until it is stopped. A container that dies is replaced.

    It takes a batch from each queue in turn, so a full one does not hold up the others: on AWS each has containers of
    its own. batch_size: as the template says, except where a stack departs from it.
    """

    def __init__(self, sqs: Any, queue_urls: Sequence[str], batch_size: int, container: Container) -> None:
        function, self.container = container.function, container
        self.failure: StartFailed | None = None
        """Why the function could not start; the worker has ended then."""
        self._pollers = [
            Poller(
                sqs=sqs,
                queue_url=queue_url,
                handler=lambda event, _: self.container.call(event),  # its process makes a context of its own
                batch_size=batch_size,
                timeout_s=function.timeout_s,
                memory_mb=function.memory_mb,
            )
            for queue_url in queue_urls
        ]
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._work)
        self._thread.start()

    @property
    def running(self) -> bool:
        """Whether it takes messages."""
        return self._thread.is_alive()

    @property
    def crashes(self) -> int:
        """How often the container's process ended while it had a batch."""
        return self.container.crashes

    def stop(self) -> int:
        """Let it finish its batch; return the container's exit status."""
        self._stopping.set()
        self._thread.join()
        return self.container.stop()

    def kill(self) -> None:
        """End it in the middle of whatever it is doing. Its batch stays in the queue."""
        self._stopping.set()
        self.container.kill()
        self._thread.join()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _work(self) -> None:
        try:
            self.container.ready()
        except StartFailed as error:
            self.failure = error
            return
        idle = 0
        for poller in itertools.cycle(self._pollers):
            if self._stopping.is_set():
                return
            try:
                idle = 0 if poller.poll(wait_s=0) else idle + 1
            except (BotoCoreError, ClientError) as error:  # an event source mapping retries as long as it exists
                print(f"{poller.queue_url} could not be read: {error}", file=sys.stderr)
                self._stopping.wait(1)
            if idle == len(self._pollers):
                idle = 0
                self._stopping.wait(IDLE_S)


def prepare(stack: Stack, log: Path | None = None) -> Container:
    """A container of CutoutFunction, which begins to start. log: the file that its output is added to."""
    return Container(functions.function(stack, functions.CUTOUT, log))


def start(stack: Stack, log: Path | None = None, container: Container | None = None) -> Worker:
    """A worker that cuts what is put into a stack's input bucket. container: one that `prepare` made."""
    return Worker(stack.client("sqs"), stack.image_queue_urls, stack.batch_size, container or prepare(stack, log))
