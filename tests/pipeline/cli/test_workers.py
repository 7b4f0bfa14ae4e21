"""Processes that are killed, and parents that are."""

import os
import signal
import time
from collections import Counter
from pathlib import Path

import pytest

from pipeline.cli import workers

pytestmark = pytest.mark.slow  # starts processes


def _work(item):
    number, trap = item
    if trap is not None and not trap.exists():
        trap.touch()
        if number >= 100:  # works until it is stopped
            time.sleep(60)
        os.kill(os.getpid(), signal.SIGKILL)
    if number < 0:
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(10)
    return number, 2 * number


def _lost(item):
    return item[0], "lost"


def test_an_item_whose_process_is_killed_gets_a_second_try(tmp_path):
    items = [(number, tmp_path / "trap" if number == 3 else None) for number in range(8)]
    done = list(workers.run(_work, items, 2, _lost))
    assert Counter(done) == Counter((number, 2 * number) for number in range(8))


def children():
    """The processes of this one that are running."""
    return set(workers.multiprocessing.active_children())


@pytest.fixture
def others():
    """The processes that other tests left running."""
    return children()


def test_an_item_that_always_ends_its_process_is_lost_alone():
    items = [(1, None), (-1, None), (2, None), (-3, None), (4, None)]
    done = dict(workers.run(_work, items, 2, _lost))
    assert done == {1: 2, 2: 4, 4: 8, -1: "lost", -3: "lost"}


def test_an_error_ends_the_run_and_shows_where_it_comes_from(others):
    items = [(number, None) for number in range(4)] + [(4, Path("/nowhere/trap"))]
    with pytest.raises(FileNotFoundError, match="/nowhere/trap") as raised:
        list(workers.run(_work, items, 2, _lost))
    assert "in _work" in raised.value.__notes__[0]
    assert children() == others


def test_closing_the_results_ends_the_processes(others):
    results = workers.run(_work, [(number, None) for number in range(20)], 2, _lost)
    next(results)
    results.close()
    assert children() == others


def test_closing_the_results_ends_a_process_in_the_midst_of_its_work(tmp_path, others):
    begin = time.monotonic()
    results = workers.run(_work, [(100, tmp_path / "sleeper"), (1, None), (2, None)], 2, _lost)
    assert next(results) == (1, 2)
    results.close()
    assert children() == others
    assert time.monotonic() - begin < 30


def test_a_killed_process_is_missed_at_once_while_another_works_on(tmp_path):
    begin = time.monotonic()
    traps = [(number, tmp_path / f"trap{number}") for number in range(3)]
    results = workers.run(_work, [(100, tmp_path / "sleeper"), *traps, (7, None)], 2, _lost)
    assert next(results) == (7, 14)
    results.close()
    assert time.monotonic() - begin < 30
