"""A function as Lambda keeps it: a process of its own, with its own environment, that takes one event at a time."""

import importlib
import multiprocessing
import os
import signal
import threading
from collections.abc import Mapping
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from typing import Any

from handler.local.poller import Context


class Container:
    """handler: such as "handler.cutouts.app.on_queue". environment: all of it. log: of its output; None: ours."""

    def __init__(self, handler: str, timeout_s: float, environment: Mapping[str, str], log: Path | None = None) -> None:
        self._handler, self._timeout_s = handler, timeout_s
        self._arguments = dict(environment), log
        self._lock = threading.Lock()
        self._pool = self._new()

    def start(self) -> "Future[None]":
        """Start it; done when it has loaded its code."""
        return self._pool.submit(_load, self._handler)

    def call(self, event: Mapping[str, Any]) -> Any:
        """Its reply. Raises what it raises, and BrokenProcessPool where it died; the next call has a new process."""
        pool = self._pool
        try:
            return pool.submit(_call, self._handler, self._timeout_s, event).result()
        except BrokenProcessPool:
            with self._lock:
                if self._pool is pool:
                    self._pool = self._new()
            raise

    def close(self) -> None:
        """End it when it has done what it is doing."""
        self._pool.shutdown(cancel_futures=True)

    def _new(self) -> ProcessPoolExecutor:
        spawn = multiprocessing.get_context("spawn")
        return ProcessPoolExecutor(1, mp_context=spawn, initializer=_enter, initargs=self._arguments)


def _enter(environment: dict[str, str], log: Path | None) -> None:
    os.environ.clear()
    os.environ.update(environment)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is meant for whoever started us
    threading.Thread(target=_end_with_parent, daemon=True).start()
    if log is not None:
        file = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        os.dup2(file, 1)
        os.dup2(file, 2)


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
    os._exit(1)


def _load(handler: str) -> None:
    importlib.import_module(handler.rpartition(".")[0])


def _call(handler: str, timeout_s: float, event: Mapping[str, Any]) -> Any:
    module, _, name = handler.rpartition(".")
    return getattr(importlib.import_module(module), name)(event, Context(timeout_s, 0))
