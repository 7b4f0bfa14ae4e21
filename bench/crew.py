"""Workers on a local stack, each behind its own proxy, so that any request can fail or kill its worker."""

import random
import threading
from collections import Counter
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Self

from bench.proxy import Fault, Proxy
from handler.local import worker
from handler.local.stack import Stack
from handler.local.worker import Worker

_MIX = {Fault.BUSY: 5, Fault.RESET: 2, Fault.LOST_ANSWER: 2, Fault.CUT_SHORT: 1, None: 2}
"""The faults of an outage, by weight. None: the request succeeds, as some do in a real outage."""


class Crew:
    """`size` workers, until the block ends. A worker whose process was killed starts a new one.

    deadly: part of a path; reading such an object kills the worker, as an image that fills its memory would.
    log: the folder of the workers' logs. seed: decides which requests fail or kill.
    """

    def __init__(self, stack: Stack, size: int, *, log: Path, deadly: str, seed: int) -> None:
        self.stack, self.kills = stack, 0
        self.faults: Counter[Fault] = Counter()
        self.outage = threading.Event()
        self._deadly, self._chance, self._lock = deadly, random.Random(seed), threading.Lock()  # noqa: S311  no secret
        self._open = ExitStack()
        self._seats = [_Seat(self, log / f"worker-{number}.log") for number in range(size)]

    def __enter__(self) -> Self:
        for seat in self._seats:
            self._open.enter_context(seat.proxy)
            seat.start()
            self._open.callback(seat.stop)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._open.close()

    def kill_soon(self) -> None:
        """Kill one worker at one of its next requests."""
        with self._lock:
            self._chance.choice(self._seats).requests_left = self._chance.randint(1, 10)

    @property
    def pids(self) -> list[int]:
        """The workers' process ids."""
        return [seat.worker.container.child.process.pid for seat in self._seats]

    def decide(self, seat: "_Seat", method: str, path: str) -> Fault | None:
        """The fault of a request of the worker in `seat`. May kill the worker."""
        with self._lock:
            seat.requests_left -= 1
            if seat.requests_left == 0 or (method == "GET" and self._deadly in path):
                self.kills += 1
                before = self._chance.random() < 0.5
                seat.worker.container.child.process.kill()
                return Fault.RESET if before else Fault.LOST_ANSWER
            if not self.outage.is_set():
                return None
            (fault,) = self._chance.choices(list(_MIX), list(_MIX.values()))
            if fault is not None:
                self.faults[fault] += 1
            return fault


class _Seat:
    """A worker with its proxy and its log."""

    worker: Worker

    def __init__(self, crew: Crew, log: Path) -> None:
        self._log = log
        self.requests_left = -1
        self.proxy = Proxy(crew.stack.endpoint, lambda method, path: crew.decide(self, method, path))
        self._stack = replace(crew.stack, endpoint=self.proxy.endpoint)

    def start(self) -> None:
        self.worker = worker.start(self._stack, self._log)

    def stop(self) -> None:
        self.worker.stop()
