"""A watched folder: each image is cut once, as soon as it is complete, until the user stops the command."""

import shutil
import signal
import subprocess
import sys
import time

import pytest

from pipeline.cli.main import main
from pipeline.cli.names import Task
from pipeline.cli.watch import arrivals


def _next_names(batches):
    """The file names of the next batch."""
    return [task.source.name for task in next(batches)]


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "in/sub").mkdir(parents=True)
    return tmp_path / "in"


@pytest.fixture
def batches(folder):
    def planned():
        return [Task(path, folder.parent / "out", path.stem) for path in sorted(folder.rglob("*.jpg"))]

    made = arrivals([folder], planned)
    yield made
    made.close()


def test_existing_images_come_first_and_then_new_ones(folder, batches):
    (folder / "b.jpg").write_bytes(b"b")
    (folder / "a.jpg").write_bytes(b"a")
    assert _next_names(batches) == ["a.jpg", "b.jpg"]
    (folder / "sub/c.jpg").write_bytes(b"c")
    (folder / "a.jpg").read_bytes()  # reading is not a change
    assert _next_names(batches) == ["c.jpg"]
    (folder / "b.jpg").write_bytes(b"another")
    assert _next_names(batches) == ["b.jpg"]


def test_a_file_that_is_moved_into_the_folder_is_found(folder, batches, tmp_path):
    (folder / "a.jpg").write_bytes(b"a")
    assert _next_names(batches) == ["a.jpg"]
    (tmp_path / "elsewhere.jpg").write_bytes(b"x")
    (tmp_path / "elsewhere.jpg").rename(folder / "moved.jpg")
    assert _next_names(batches) == ["moved.jpg"]


@pytest.mark.slow
def test_a_file_is_not_read_until_it_is_copied_completely(folder, batches):
    program = """
import sys, time
with open(sys.argv[1], "wb", buffering=0) as file:
    for _ in range(8):
        file.write(b"x" * 1000)
        time.sleep(0.5)
"""
    copy = subprocess.Popen([sys.executable, "-c", program, folder / "slow.jpg"])
    while not (folder / "slow.jpg").exists():
        time.sleep(0.01)
    assert _next_names(batches) == ["slow.jpg"]
    assert (folder / "slow.jpg").stat().st_size == 8000
    copy.wait()


@pytest.mark.slow
def test_the_command_cuts_new_images_until_ctrl_c(folder, photo, tmp_path):
    (folder / "first.jpg").write_bytes(photo)
    out = tmp_path / "out"
    command = [sys.executable, "-m", "bench.standin", "cut", str(folder), "-o", str(out), "--watch"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout.readline().startswith(f"{out / 'first.png'}  confidence")
    shutil.copyfile(folder / "first.jpg", folder / "second.jpg")
    assert process.stdout.readline().startswith(f"{out / 'second.png'}  confidence")
    (folder / "first.jpg").touch()  # a new time, and the same bytes
    assert "done before" in process.stdout.readline()
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert err.splitlines() == [
        f"Watching {folder}. Ctrl-C ends it.",
        "hairline: interrupted. Finished images stay.",
    ]
    assert sorted(path.name for path in out.iterdir()) == [
        "first.png",
        "first.report.json",
        "second.png",
        "second.report.json",
    ]


@pytest.mark.slow
def test_an_image_whose_result_would_replace_another_file_does_not_end_the_command(folder, photo, tmp_path):
    out = tmp_path / "out"
    out.mkdir()
    (out / "mine.png").write_bytes(b"mine")
    (folder / "mine.jpg").write_bytes(photo)
    command = [sys.executable, "-m", "bench.standin", "cut", str(folder), "-o", str(out), "--watch"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stderr.readline() == f"Watching {folder}. Ctrl-C ends it.\n"
    assert process.stderr.readline().startswith(f"{folder / 'mine.jpg'}: {out / 'mine.png'} exists")
    (folder / "next.jpg").write_bytes(photo)
    assert process.stdout.readline().startswith(f"{out / 'next.png'}  confidence")
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=60)
    assert process.returncode == 130
    assert (out / "mine.png").read_bytes() == b"mine"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["{in}/a.jpg"], "--watch takes folders, but"),
        (["-"], "--watch takes folders, but"),
        (["{in}", "--trimap", "{in}/a.jpg"], "Leave out --trimap, --scribbles and --strokes"),
        (["{in}", "--strokes", "{in}/a.json"], "Leave out --trimap, --scribbles and --strokes"),
        (["{in}", "-o", "-"], "--watch needs a folder for -o"),
    ],
)
def test_watching_is_rejected_where_it_makes_no_sense(folder, photo, capsys, arguments, words):
    (folder / "a.jpg").write_bytes(photo)
    (folder / "a.json").write_text('[{"tool": "keep", "radius": 5, "points": [[9, 9]]}]')
    line = [
        "cut",
        "-o",
        str(folder.parent / "out"),
        "--watch",
        *(text.replace("{in}", str(folder)) for text in arguments),
    ]
    assert main(line) == 2
    assert words in capsys.readouterr().err
