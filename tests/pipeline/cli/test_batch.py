"""Whatever goes wrong with an image, the others are done, and the summary counts every one."""

import errno
import hashlib
import io
import json
import os
import re
import sys
import tempfile
from collections import Counter
from contextlib import ExitStack, redirect_stderr, redirect_stdout
from pathlib import Path
from unittest import mock

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline import errors
from pipeline.cli import batch, image
from pipeline.cli.main import main
from pipeline.cli.names import endings
from pipeline.cli.plan import plan
from pipeline.models import named
from pipeline.options import Options
from pipeline.run import cut_out
from tests.pipeline.cli.commands import with_copies

ERRORS = [
    *(OSError(number, os.strerror(number)) for number in (errno.EACCES, errno.ENOSPC, errno.EIO, errno.ENAMETOOLONG)),
    *(FileNotFoundError(errno.ENOENT, "gone"), MemoryError(), KeyError("6"), RecursionError("deep\nand long")),
    *(kind("why") for kind in (errors.CorruptImage, errors.NoSubject, errors.MattingFailed, errors.OutOfMemory)),
]
PLACES = ("read", "cut", "write")
faults = st.lists(st.none() | st.tuples(st.sampled_from(PLACES), st.sampled_from(ERRORS)), min_size=1, max_size=6)


@pytest.fixture(scope="module")
def finished(photo, segmenter):
    """A function that returns a real result. Hypothesis shows a function in one line, and a result in many."""
    result = cut_out(photo, segmenter)
    return lambda: result


@given(faults)
@settings(max_examples=60, deadline=None)
def test_every_image_is_accounted_for_whatever_goes_wrong(finished, faults):
    written, read, write = Path.read_bytes, image.read, image.write_all

    def at(place, name):
        fault = faults[int(Path(name).name.partition(".")[0])]
        if fault is not None and fault[0] == place:
            raise fault[1]

    def failing_write(files, stale=()):
        at("write", next(iter(files)))
        write(files, stale)

    def failing_read(source):
        at("read", source)
        return read(source)

    def failing_cut(data, *_):
        at("cut", data.decode())
        return finished()

    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        (folder / "in").mkdir()
        for number in range(len(faults)):
            (folder / f"in/{number}.jpg").write_text(str(number))
        stack.enter_context(mock.patch.object(image, "read", failing_read))
        stack.enter_context(mock.patch.object(image, "write_all", failing_write))
        stack.enter_context(mock.patch.object(batch, "cut_out", failing_cut))
        stack.enter_context(mock.patch.object(batch, "_segmenter"))
        out = stack.enter_context(redirect_stdout(io.StringIO()))
        err = stack.enter_context(redirect_stderr(io.StringIO()))
        work = batch.Work(named("u2netp"), folder, Options())
        tasks = plan([folder / "in"], folder / "out", endings(work.options)).tasks
        status = batch.cut_all(tasks, work, jobs=1, page=folder / "out")
        files = {path.name for path in (folder / "out").iterdir()}
        page = written(folder / "out/index.html").decode()
    expected = Counter("cut" if fault is None else _outcome(*fault) for fault in faults)
    lines = err.getvalue().splitlines()
    assert len(out.getvalue().splitlines()) == expected["cut"]
    assert len(lines) == len(faults) - expected["cut"] + (len(faults) > 1)
    if len(faults) > 1:
        codes = Counter(fault[1].code for fault in faults if fault is not None and _outcome(*fault) == "rejected")
        assert sorted(re.findall(r"\d+ \w+", lines[-1])) == sorted(
            f"{number} {kind}" for kind, number in (*expected.items(), *codes.items())
        )
    assert page.count("<article") == len(faults)
    assert status == (0 if expected.total() == expected["cut"] else 1)
    names = {f"{n}.png" for n, fault in enumerate(faults) if fault is None}
    names |= {f"{n}.report.json" for n, f in enumerate(faults) if f is None or _outcome(*f) == "rejected"}
    assert files == names | {"index.html"}


def _outcome(place, error):
    return "rejected" if place == "cut" and isinstance(error, errors.InputError) else "failed"


@pytest.fixture
def folder(tmp_path, photo):
    return with_copies(tmp_path, photo, 4)


def test_running_again_skips_what_is_done(folder, capsys):
    (folder / "in/bad.jpg").write_bytes(b"<html>")
    (folder / "in/notes.txt").touch()
    line = ["cut", str(folder / "in"), "-o", str(folder / "out"), "--sheet"]
    assert main(line) == 1
    before = {path: path.stat().st_mtime_ns for path in (folder / "out").iterdir() if path.suffix != ".html"}
    page = (folder / "out/index.html").read_text()
    first = capsys.readouterr()
    assert first.err.splitlines()[-2:] == ["4 cut, 1 rejected (1 not_an_image)", "1 file was left out: .txt (1)"]
    assert main(line) == 1
    second = capsys.readouterr()
    assert second.err.splitlines()[-2:] == [
        "4 done before, 1 rejected (1 not_an_image)",
        "1 file was left out: .txt (1)",
    ]
    assert {path: path.stat().st_mtime_ns for path in before} == before
    assert (folder / "out/index.html").read_text() == page
    (folder / "in/0.jpg").write_bytes((folder / "in/0.jpg").read_bytes() + b"\0")
    (folder / "out/1.png").unlink()
    assert main(line) == 1
    assert "2 cut, 2 done before, 1 rejected (1 not_an_image)\n" in capsys.readouterr().err
    assert main([*line, "--feather", "1"]) == 1
    assert "4 cut, 1 rejected (1 not_an_image)\n" in capsys.readouterr().err
    assert main([*line, "--feather", "1", "--again"]) == 1
    assert "4 cut, 1 rejected (1 not_an_image)\n" in capsys.readouterr().err


@pytest.mark.slow
def test_the_model_is_opened_only_if_an_image_must_be_cut(folder, monkeypatch, capsys):
    def opened(*_):
        raise AssertionError

    command = ["cut", str(folder / "in"), "-o", str(folder / "out")]
    monkeypatch.setattr(batch, "_segmenter", opened)  # in this process, not in the workers
    assert main([*command, "--jobs", "2"]) == 0
    assert main(command) == 0
    assert capsys.readouterr().err.splitlines()[-1] == "4 done before"


@pytest.mark.slow
@pytest.mark.parametrize("jobs", ["1", "2"])
def test_a_model_that_cannot_be_opened_ends_the_command(folder, tmp_path, capsys, jobs):
    (tmp_path / "mine.onnx").write_bytes(b"not a model")
    row = {"file": "mine.onnx", "side": 320, "mean": [0, 0, 0], "std": [1, 1, 1], "licence": "MIT"}
    row["sha256"] = hashlib.sha256(b"not a model").hexdigest()
    (tmp_path / "mine.json").write_text(json.dumps(row))
    models = ["--model", "mine", "--model-dir", str(tmp_path)]
    assert main(["cut", str(folder / "in"), "-o", str(folder / "out"), "--jobs", jobs, *models]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("hairline: mine.onnx has the right checksum, but ONNX Runtime cannot load it")
    assert list((folder / "out").iterdir()) == []


def test_a_report_names_its_source_and_its_files(folder):
    assert main(["cut", str(folder / "in/0.jpg"), "-o", str(folder / "out"), "--stages"]) == 0
    report = json.loads((folder / "out/0.report.json").read_text())
    assert report["source"]["name"] == "0.jpg"
    assert re.fullmatch("[0-9a-f]{64}", report["source"]["sha256"])
    assert report["files"][0] == "0.png"
    assert set(report["files"]) == {path.name for path in (folder / "out").iterdir()} - {"0.report.json"}


def test_an_image_whose_name_is_too_long_fails_alone(folder, capsys):
    long = folder / "in" / f"{'k' * 250}.jpg"
    (folder / "in/0.jpg").rename(long)
    assert main(["cut", str(folder / "in"), "-o", str(folder / "out")]) == 1
    err = capsys.readouterr().err.splitlines()
    assert err == [f"{long}: its results cannot be written to {folder / 'out'}: File name too long", "3 cut, 1 failed"]
    assert not [path for path in (folder / "out").iterdir() if "k" in path.name]


def test_a_folder_that_cannot_be_written_is_named_once(folder, capsys):
    (folder / "file").touch()
    assert main(["cut", str(folder / "in"), "-o", str(folder / "file/out")]) == 2
    assert capsys.readouterr().err == f"hairline: -o {folder / 'file/out'} cannot be written: Not a directory.\n"


def test_a_name_that_the_terminal_cannot_show_is_escaped(folder, monkeypatch):
    (folder / "in/0.jpg").rename(folder / "in/猫\n\x1b[31m.jpg")
    (folder / "in/1.jpg").rename(folder / "in/bad\udcff.jpg")
    shown = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(shown, encoding="cp1252"))
    assert main(["cut", str(folder / "in"), "-o", str(folder / "out")]) == 0
    sys.stdout.flush()
    lines = shown.getvalue().decode("cp1252").splitlines()
    assert len(lines) == 4
    assert any(r"out/\u732b\n\x1b[31m.png  confidence" in line for line in lines)
    assert any(r"out/bad\udcff.png  confidence" in line for line in lines)
