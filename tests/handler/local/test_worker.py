"""A worker: its environment, its end, the replacement of a dead process, and the message if it cannot start."""

import subprocess
import time
from dataclasses import replace
from pathlib import Path

import pytest

from handler.local import stack, worker
from handler.local.child import Child
from handler.local.container import FunctionFailed, StartFailed


def test_a_worker_without_weights_names_the_folder_and_ends(endpoint: str, tmp_path: Path) -> None:
    made = stack.create(endpoint)
    made = replace(made, variables={**made.variables, "HAIRLINE_MODEL_DIR": str(tmp_path)})
    log = tmp_path / "log"
    working = worker.start(made, log)
    while working.running:
        time.sleep(0.01)
    assert working.stop() == 1
    assert isinstance(working.failure, StartFailed)
    for text in (str(working.failure), log.read_text()):
        assert str(tmp_path) in text
        assert "Traceback" not in text


def test_a_worker_that_is_stopped_exits_with_0(endpoint: str, tmp_path: Path) -> None:
    made = stack.create(endpoint)
    working = worker.start(made, tmp_path / "log")
    assert working.running
    assert working.stop() == 0
    assert not working.running


@pytest.mark.slow
def test_a_child_ends_with_its_block_and_at_a_kill() -> None:
    # `code` is Python's own prompt: it reads standard input until that ends.
    with Child("code", environment={}, output=subprocess.DEVNULL, errors=subprocess.DEVNULL) as child:
        assert child.running
    assert child.process.returncode == 0
    child = Child("code", environment={}, output=subprocess.DEVNULL, errors=subprocess.DEVNULL)
    assert child.kill() == -9


def test_a_container_whose_process_dies_fails_the_call_and_is_replaced_at_the_next(
    endpoint: str, tmp_path: Path
) -> None:
    container = worker.prepare(stack.create(endpoint), tmp_path / "log")
    container.ready()
    first = container.child.process.pid
    container.child.process.kill()
    container.child.process.wait()
    with pytest.raises(FunctionFailed, match="UnexpectedBatchType"):
        container.call({"Records": []})
    assert container.child.process.pid != first
    assert "Traceback" in (tmp_path / "log").read_text()
    assert container.stop() == 0
