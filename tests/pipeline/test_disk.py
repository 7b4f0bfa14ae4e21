"""Several processes in one folder, and what is left of one that was killed."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from pipeline.disk import locked, sweep, write


def test_the_lock_of_a_folder_is_held_by_one_process_at_a_time(tmp_path: Path) -> None:
    program = (
        f"from pathlib import Path; from pipeline.disk import locked\nwith locked(Path({str(tmp_path)!r})): print('in')"
    )
    with locked(tmp_path):
        other = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)
        with pytest.raises(subprocess.TimeoutExpired):
            other.wait(2)
    assert other.communicate()[0] == "in\n"


def test_unfinished_files_of_a_killed_process_are_removed(tmp_path: Path) -> None:
    program = f"""
import os, signal
from pathlib import Path
from pipeline import disk
opened = Path.open
Path.open = lambda *given: (opened(*given), os.kill(os.getpid(), signal.SIGKILL))
disk.write(Path({str(tmp_path / "a.png")!r}), b"a")
"""
    killed = subprocess.run([sys.executable, "-c", program], check=False)
    assert killed.returncode == -9
    (left,) = tmp_path.iterdir()
    of_this_process = left.with_name(f".hairline.{os.getpid()}.x.part")
    of_init = left.with_name(".hairline.1.x.part")
    somebodys = left.with_name(".hairline.backup.part")
    of_no_process = left.with_name(f".hairline.{2**80}.x.part")
    for path in (of_this_process, of_init, somebodys, of_no_process):
        path.touch()
    a_folder = left.with_name(left.name.replace(".part", "2.part"))
    a_folder.mkdir()
    write(tmp_path / "b.png", b"b")
    sweep(tmp_path)
    kept = {of_this_process, of_init, somebodys, of_no_process, a_folder}
    assert set(tmp_path.iterdir()) == kept | {tmp_path / "b.png"}


@pytest.mark.parametrize("umask", [0o002, 0o022, 0o077])
def test_a_file_has_the_mode_that_any_new_file_has(tmp_path: Path, umask: int) -> None:
    program = (
        "import os, sys; from pathlib import Path; from pipeline.disk import write\n"
        "os.umask(int(sys.argv[1])); folder = Path(sys.argv[2])\n"
        "(folder / 'plain').open('wb').close(); write(folder / 'ours', b'a'); write(folder / 'ours', b'b')"
    )
    subprocess.run([sys.executable, "-c", program, str(umask), str(tmp_path)], check=True)
    assert (tmp_path / "ours").stat().st_mode == (tmp_path / "plain").stat().st_mode
