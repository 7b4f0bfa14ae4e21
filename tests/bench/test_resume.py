"""A run that is killed again and again ends as one that is not, and the program that shows it sees what is wrong."""

import mmap
import os
from collections import Counter
from pathlib import Path

import pytest

from bench import resume


@pytest.mark.slow
def test_a_killed_run_continues_where_it_stopped(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(resume, "MAX_GROWTH", 1.0)  # so few images say nothing of memory
    assert resume.main(["--images", "64", "--kills", "2", "--jobs", "2"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.partition(": ")[2] for line in lines[:1]] == ["8 cut, 0 done before"]
    cut, skipped = (int(word) for word in lines[2].partition(": ")[2].split() if word.isdecimal())
    assert cut + skipped == 64
    assert skipped >= 16


def test_files_left_over_or_cut_twice_are_named(tmp_path: Path) -> None:
    resume.build(tmp_path / "in", 2)
    (tmp_path / "out/000").mkdir(parents=True)
    (tmp_path / "out/000/000000.png").touch()
    (tmp_path / "out/000/.hairline.9.x.part").touch()
    assert list(resume.wrong(tmp_path / "in", tmp_path / "out", Counter({"a.png": 2, "b.png": 1}))) == [
        "2 images have 2 other files and 0 reports",
        "1 images were cut twice, such as a.png",
    ]


def test_memory_is_what_a_process_has_allocated_and_not_the_files_that_it_reads(tmp_path: Path) -> None:
    (tmp_path / "library").write_bytes(bytes(64_000_000))
    before = resume._megabytes(os.getpid())
    with (tmp_path / "library").open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as library:
        assert sum(library[::4096]) == 0
        assert resume._megabytes(os.getpid()) - before < 30
    allocated = bytearray(64_000_000)
    assert resume._megabytes(os.getpid()) - before > 50
    del allocated


def test_growth_is_measured_after_the_warm_up() -> None:
    assert resume.growth([(0, 50.0), (30, 100.0), (60, 100.0), (90, 104.0)], 100) == pytest.approx(0.04)
