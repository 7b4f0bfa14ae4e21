"""Two processes in one folder."""

import subprocess
import sys
from pathlib import Path

import pytest

from pipeline.lock import alone


def test_two_wait_for_one_another(tmp_path: Path) -> None:
    program = (
        f"from pathlib import Path; from pipeline.lock import alone\nwith alone(Path({str(tmp_path)!r})): print('in')"
    )
    with alone(tmp_path):
        other = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)
        with pytest.raises(subprocess.TimeoutExpired):
            other.wait(2)
    assert other.communicate()[0] == "in\n"
