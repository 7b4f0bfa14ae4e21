"""A worker as a process: its environment, its end, and what it says when it cannot start."""

import subprocess
import tempfile
from dataclasses import replace
from pathlib import Path

from handler.local import stack, worker
from handler.local.child import Child


def test_a_worker_without_weights_says_so_and_ends(endpoint: str, tmp_path: Path) -> None:
    made = stack.create(endpoint)
    made = replace(made, variables={**made.variables, "HAIRLINE_MODEL_DIR": str(tmp_path)})
    with tempfile.TemporaryFile() as log:
        child = worker.start(made, log)
        assert child.process.wait() == 1
        child.stop()
        log.seek(0)
        told = log.read().decode()
    assert str(tmp_path) in told
    assert "Traceback" not in told


def test_a_worker_that_is_told_to_stop_ends_well(endpoint: str) -> None:
    made = stack.create(endpoint)
    with tempfile.TemporaryFile() as log:
        child = worker.start(made, log)
        assert child.running
        assert child.stop() == 0
        assert not child.running


def test_a_child_ends_with_its_block_and_at_a_kill() -> None:
    # `code` is Python's own prompt: it reads standard input until that ends.
    with Child("code", environment={}, output=subprocess.DEVNULL, errors=subprocess.DEVNULL) as child:
        assert child.running
    assert child.process.returncode == 0
    child = Child("code", environment={}, output=subprocess.DEVNULL, errors=subprocess.DEVNULL)
    assert child.kill() == -9
