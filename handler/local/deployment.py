"""A stack on this machine with a worker, and the lines that commands print about its results."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from handler.local import stack, worker
from handler.local.emulator import starting
from handler.local.watch import Watch
from handler.local.worker import Worker
from pipeline.report import StoredReport

RETRY_S = 60
"""The queues' visibility timeout, short since a person waits for the retry."""
LOOK_S = 0.1
"""Seconds between two looks for new results."""


class FolderInUse(Exception):
    """Another process writes its logs to this folder."""


class FunctionCrashed(Exception):
    """The function's process ended during an event."""


@contextmanager
def deployed(logs: Path) -> Iterator[tuple[stack.Stack, Watch, Worker]]:
    """A stack with a worker on it, for as long as the block lasts.

    logs: the folder for handler.log. Raises EmulatorMissing, FolderInUse.
    """
    with _alone(logs), starting() as (endpoint, wait):
        # The function starts at the same time as the emulator, which it needs only for the first message.
        log = logs / "handler.log"
        log.write_bytes(b"")
        prepared = worker.prepare(stack.described(endpoint), log)
        try:
            wait()
            made = stack.create(endpoint, visibility_s=RETRY_S)
        except BaseException:
            prepared.kill()
            raise
        with worker.start(made, container=prepared) as working:
            yield made, Watch(made), working


def line(key: str, report: StoredReport, place: str) -> str:
    """One image's result for a person. place: where the outputs are, a folder or a bucket's URL."""
    if report["status"] != "done":
        return f"{key}  {report['status']}: {report['reason']['message']}"
    quality = report["quality"]
    seconds = sum(report["ms"].values()) / 1000
    cutout = next(name for name in report["files"] if name.startswith("cutout."))
    reasons = ", ".join(str(reason["code"]).replace("_", " ") for reason in quality["reasons"])
    review = f"  needs review: {reasons}" if quality["needs_review"] else ""
    return f"{key}  {seconds:.1f} s  confidence {quality['confidence']:.2f}  {place}/{key}/{cutout}{review}"


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Hold the folder's lock. The operating system releases it when the process ends for any reason: flock(2)."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise FolderInUse(
                f"Another process writes its logs to {folder}. Choose another folder with --out."
            ) from error
        yield
