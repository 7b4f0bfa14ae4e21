"""Workers killed in the middle of a batch lose nothing and leave no half-made output."""

import time
from collections.abc import Callable
from typing import Any

from handler.local import worker
from tests.e2e.conftest import Site, check_whole

PATIENCE_S = 180
"""Stops a failing test. Speed is not tested."""


def until(holds: Callable[[], Any], what: str) -> None:
    end = time.monotonic() + PATIENCE_S
    while not holds():
        assert time.monotonic() < end, f"timed out waiting for {what}"
        time.sleep(0.02)


def test_sigkill_in_the_middle_of_a_batch(build: Callable[..., Site], small: bytes) -> None:
    site = build(visibility_s=2, batch_size=10)
    keys = [f"{n}.png" for n in range(8)]
    for n, key in enumerate(keys):
        # One that is rejected is among them.
        site.drop(key, b"<html>" if n == 5 else small + bytes([n]))

    killed_inside = 0
    for _ in range(2):
        before = site.listing()
        killed = worker.start(site.made)
        until(lambda before=before: site.listing() != before, "a worker's first output")  # type: ignore[misc]
        killed.kill()
        check_whole(site)
        done = {key for key in site.listing() if key.endswith("/report.json")}
        killed_inside += len(done) < len(keys)
        assert site.waiting() > 0  # a batch is acknowledged as a whole, so its messages are still there
    assert killed_inside, "the workers were too fast to be killed in the middle"

    with worker.start(site.made):
        until(lambda: site.waiting() == 0, "the queue to be empty")
    check_whole(site)
    for n, key in enumerate(keys):
        assert site.report(key)["status"] == ("rejected" if n == 5 else "done")
        assert len(site.listing(f"{key}/")) == (1 if n == 5 else 3)
    assert site.dead() == []


def test_two_workers_side_by_side(build: Callable[..., Site], small: bytes) -> None:
    site = build(batch_size=2)
    keys = [f"{n}.png" for n in range(6)]
    for key in keys:
        site.drop(key, small)
    with worker.start(site.made), worker.start(site.made):
        until(lambda: site.waiting() == 0, "the queue to be empty")
    check_whole(site)
    assert [site.report(key)["status"] for key in keys] == ["done"] * 6
    # The same bytes from both.
    assert len({site.listing()[f"{key}/cutout.png"][0] for key in keys}) == 1
