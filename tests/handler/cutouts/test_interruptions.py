"""Workers that are killed, faults of the machine, and too little time."""

from dataclasses import replace

import pytest

from handler.cutouts.work import MIN_SECONDS, process
from handler.dispositions import ALARM, REJECT, RETRY
from handler.errors import StoreUnavailable
from pipeline.errors import MattingFailed, OutOfMemory, OutOfTime
from tests.handler.cutouts.jobs import JOB, KEY, Broken, Killed, assert_whole, plenty
from tests.handler.watched_store import WatchedStore


@pytest.mark.parametrize("fault", [Killed, StoreUnavailable])
@pytest.mark.parametrize("data", ["photo", b"no picture"])
def test_after_an_interruption_anywhere_the_next_try_completes_the_result(cloud, deps, photo, small, data, fault):
    """Before each write and each removal: report and files agree, and another worker brings about the same end."""
    new = photo if data == "photo" else data
    cloud.drop(KEY, small)
    process(JOB, deps, plenty)
    cloud.drop(KEY, new)
    survived = 0
    for step in range(20):
        left = [step]

        def before(task, _ref, left=left):
            if task in ("put", "delete"):
                if left[0] == 0:
                    raise fault("now")
                left[0] -= 1

        try:
            outcome = process(JOB, replace(deps, store=WatchedStore(cloud.s3, before)), plenty)
        except Killed:
            assert fault is Killed
        else:
            if outcome.status != RETRY:
                break
        survived += 1
        assert_whole(cloud)
    assert survived >= 3
    assert outcome.status == ("done" if data == "photo" else REJECT)
    assert process(JOB, deps, plenty).status == "repeated"
    assert_whole(cloud)


@pytest.mark.parametrize(
    ("raised", "status", "expected"),
    [
        (MemoryError(), RETRY, OutOfMemory),
        (MattingFailed("no answer"), ALARM, MattingFailed),
        (OutOfTime("late"), RETRY, OutOfTime),
        (ZeroDivisionError("a mistake of ours"), RETRY, ZeroDivisionError),
        (AssertionError("a mistake of ours"), RETRY, AssertionError),
    ],
)
def test_a_fault_of_hairline_leaves_no_report(cloud, deps, photo, raised, status, expected):
    cloud.drop(KEY, photo)
    outcome = process(JOB, replace(deps, segmenter=Broken(deps.model, raised)), plenty)
    assert (outcome.status, type(outcome.error)) == (status, expected)
    assert cloud.outputs() == {}


def test_no_image_is_begun_when_time_is_short(cloud, deps, photo):
    cloud.drop(KEY, photo)
    store = WatchedStore(cloud.s3)
    outcome = process(JOB, replace(deps, store=store), lambda: MIN_SECONDS - 0.1)
    assert (outcome.status, type(outcome.error)) == (RETRY, OutOfTime)
    assert store.calls == []


def test_the_time_that_is_left_bounds_the_cutout(cloud, deps, photo):
    cloud.drop(KEY, photo)
    clock = iter([60.0, 4.0])  # looking at the source took most of it
    outcome = process(JOB, deps, lambda: next(clock))
    assert (outcome.status, type(outcome.error)) == (RETRY, OutOfTime)
    assert cloud.outputs() == {}
