"""Worker processes that are killed, or whose parent stops early."""

import os
import signal
import time
from collections import Counter
from pathlib import Path

import pytest

from pipeline.cli import workers

pytestmark = pytest.mark.slow  # starts processes


def _double_or_die(item):
    """Double the number. The first call with a trap is killed, or hangs if the number is 100 or more."""
    number, trap = item
    if trap is not None and not trap.exists():
        trap.touch()
        if number >= 100:
            time.sleep(60)
        os.kill(os.getpid(), signal.SIGKILL)
    if number < 0:  # dies in every try
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(10)
    return number, 2 * number


def _died(item):
    return item[0], "died"


def test_an_item_whose_process_is_killed_gets_a_second_try(tmp_path):
    items = [(number, tmp_path / "trap" if number == 3 else None) for number in range(8)]
    done = list(workers.run(_double_or_die, items, 2, _died))
    assert Counter(done) == Counter((number, 2 * number) for number in range(8))


def children():
    """The processes of this one that are running."""
    return set(workers.multiprocessing.active_children())


@pytest.fixture
def others():
    """The processes that other tests left running."""
    return children()


def test_an_item_that_kills_its_worker_twice_does_not_cost_other_items_their_results():
    items = [(1, None), (-1, None), (2, None), (-3, None), (4, None)]
    done = dict(workers.run(_double_or_die, items, 2, _died))
    assert done == {1: 2, 2: 4, 4: 8, -1: "died", -3: "died"}


def test_an_error_ends_the_run_and_shows_where_it_comes_from(others):
    items = [(number, None) for number in range(4)] + [(4, Path("/nowhere/trap"))]
    with pytest.raises(FileNotFoundError, match="/nowhere/trap") as raised:
        list(workers.run(_double_or_die, items, 2, _died))
    assert "in _double_or_die" in raised.value.__notes__[0]
    assert children() == others


def test_closing_the_results_ends_all_processes(others):
    results = workers.run(_double_or_die, [(number, None) for number in range(20)], 2, _died)
    next(results)
    results.close()
    assert children() == others


def test_closing_the_results_ends_a_process_in_the_middle_of_an_item(tmp_path, others):
    begin = time.monotonic()
    results = workers.run(_double_or_die, [(100, tmp_path / "sleeper"), (1, None), (2, None)], 2, _died)
    assert next(results) == (1, 2)
    results.close()
    assert children() == others
    assert time.monotonic() - begin < 30


def test_the_death_of_a_process_is_noticed_while_another_is_busy(tmp_path):
    begin = time.monotonic()
    traps = [(number, tmp_path / f"trap{number}") for number in range(3)]
    results = workers.run(_double_or_die, [(100, tmp_path / "sleeper"), *traps, (7, None)], 2, _died)
    assert next(results) == (7, 14)
    results.close()
    assert time.monotonic() - begin < 30
