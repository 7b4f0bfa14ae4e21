"""The processes of a command: signals, killed workers and closed pipes."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.pipeline.cli.commands import with_copies


def _start(folder, *more, **settings):
    command = [sys.executable, "-m", "pipeline", "cut", str(folder / "in"), "-o", str(folder / "out"), *more]
    return subprocess.Popen(command, stderr=subprocess.PIPE, start_new_session=True, text=True, **settings)


def _wait_until(condition, seconds=60):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.05)


def _group_ended(group):
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return True
    return False


@pytest.fixture
def many(tmp_path, photo):
    return with_copies(tmp_path, photo, 60)


@pytest.mark.slow
@pytest.mark.parametrize("jobs", ["1", "2"])
def test_sigterm_works_like_ctrl_c(many, jobs):
    process = _start(many, "--jobs", jobs)
    _wait_until(lambda: list((many / "out").glob("*.report.json")))
    process.terminate()
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    assert err == "hairline: interrupted. Finished images stay.\n"
    _wait_until(lambda: _group_ended(process.pid))
    assert len(list((many / "out").glob("*.png"))) == len(list((many / "out").glob("*.report.json")))
    assert not list((many / "out").glob("*.part"))


@pytest.mark.slow
def test_no_process_outlives_a_killed_parent(many):
    process = _start(many, "--jobs", "2")
    _wait_until(lambda: list((many / "out").glob("*.report.json")))
    process.kill()
    process.wait()
    process.stderr.close()
    _wait_until(lambda: _group_ended(process.pid), seconds=20)


@pytest.mark.slow
def test_a_killed_worker_loses_no_image(many):
    process = _start(many, "--jobs", "2")
    _wait_until(lambda: list((many / "out").glob("*.report.json")))
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    worker = next(child for child in children if b"spawn_main" in Path(f"/proc/{child}/cmdline").read_bytes())
    os.kill(int(worker), signal.SIGKILL)
    _, err = process.communicate(timeout=200)
    assert (process.returncode, err) == (0, "60 cut\n")
    assert len(list((many / "out").glob("*.report.json"))) == 60


@pytest.mark.slow
@pytest.mark.parametrize("jobs", ["1", "2"])
def test_a_closed_pipe_ends_the_run_quietly(many, jobs):
    process = _start(many, "--jobs", jobs, stdout=subprocess.PIPE)
    assert "confidence" in process.stdout.readline()
    process.stdout.close()
    with process:  # closes the pipes
        assert process.stderr.read() == ""
    assert process.returncode == 141
    _wait_until(lambda: _group_ended(process.pid))
