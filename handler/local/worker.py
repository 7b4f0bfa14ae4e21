"""A stand-in for event source mappings: a thread that takes messages from queues to a container."""

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
"""Seconds between two polls of empty queues. Long polls, as of event source mappings, would delay a stop."""


class Worker:
    """Processes the messages of queues in one container until it is stopped. A container that dies is replaced.

    It takes a batch from each queue in turn, so that a full queue does not hold up the others. On AWS, each has its own
    containers.
    """

    def __init__(self, sqs: Any, queue_urls: Sequence[str], batch_size: int, container: Container) -> None:
        function, self.container = container.function, container
        self.failure: StartFailed | None = None
        """Why the function could not start, which ends the worker."""
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
        """Whether the worker takes messages."""
        return self._thread.is_alive()

    @property
    def crashes(self) -> int:
        """How often the container's process ended during a batch."""
        return self.container.crashes

    def stop(self) -> int:
        """Finish the batch and stop; return the container's exit status."""
        self._stopping.set()
        self._thread.join()
        return self.container.stop()

    def kill(self) -> None:
        """Kill the container. Its batch stays in the queue."""
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
    """A container of CutoutFunction that starts now. log: the file to append its output to."""
    return Container(functions.function(stack, functions.CUTOUT, log))


def start(stack: Stack, log: Path | None = None, container: Container | None = None) -> Worker:
    """A worker that cuts the images in a stack's input bucket. container: of `prepare`."""
    return Worker(stack.client("sqs"), stack.image_queue_urls, stack.batch_size, container or prepare(stack, log))
