"""Workers on a local stack, each behind a proxy of its own, so that each can be killed at any request of its own."""

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
"""What an outage is made of, by weight: some requests get through even then."""


class Crew:
    """`size` workers while the block lasts. One whose process was killed gets a new one.

    deadly: part of a path; a worker that reads such an object dies of it at once, as of one that fills its memory.
    log: the folder of the workers' logs. seed: for which request fails or kills.
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
            seat.sit_down()
            self._open.callback(seat.leave)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._open.close()

    def doom(self) -> None:
        """Kill one worker at one of its next requests."""
        with self._lock:
            self._chance.choice(self._seats).requests_left = self._chance.randint(1, 10)

    @property
    def pids(self) -> list[int]:
        """The workers' process ids."""
        return [seat.worker.container.child.process.pid for seat in self._seats]

    def decide(self, seat: "_Seat", method: str, path: str) -> Fault | None:
        """What happens to a request of the worker in `seat`; it may die of it."""
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

    def sit_down(self) -> None:
        self.worker = worker.start(self._stack, self._log)

    def leave(self) -> None:
        self.worker.stop()
