"""Two processes in one folder."""

import subprocess
import sys
from pathlib import Path

import pytest

from pipeline.disk import locked


def test_two_wait_for_one_another(tmp_path: Path) -> None:
    program = (
        f"from pathlib import Path; from pipeline.disk import locked\nwith locked(Path({str(tmp_path)!r})): print('in')"
    )
    with locked(tmp_path):
        other = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)
        with pytest.raises(subprocess.TimeoutExpired):
            other.wait(2)
    assert other.communicate()[0] == "in\n"
