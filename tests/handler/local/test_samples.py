"""Which files become which keys."""

import os
from pathlib import Path

import pytest

from handler.local import samples


def make(root: Path, *names: str) -> None:
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")


def test_keys_keep_the_names_of_files_and_the_paths_in_folders(tmp_path: Path) -> None:
    make(tmp_path, "shop/a.jpg", "shop/shoes/b c+d%.PNG", "shop/notes.txt", "one.bin")
    keys = samples.keyed([tmp_path / "one.bin", tmp_path / "shop"], tmp_path / "out")
    assert keys == {
        "one.bin": tmp_path / "one.bin",  # named, so taken
        "a.jpg": tmp_path / "shop/a.jpg",
        "shoes/b c+d%.PNG": tmp_path / "shop/shoes/b c+d%.PNG",
    }


def test_equal_names_get_keys_of_their_own(tmp_path: Path) -> None:
    make(tmp_path, "x/a.jpg", "y/a.jpg", "z/y/a.jpg", "x/a.png")
    keys = samples.keyed([tmp_path / name for name in ("x/a.jpg", "y/a.jpg", "z/y/a.jpg", "x/a.png")], tmp_path / "o")
    assert list(keys) == ["a.jpg", "y/a.jpg", "2/a.jpg", "a.png"]


def test_a_file_that_is_named_twice_has_one_key(tmp_path: Path) -> None:
    make(tmp_path, "x/a.jpg")
    paths = [tmp_path / "x", tmp_path / "x/a.jpg", tmp_path / "x/../x"]
    assert list(samples.keyed(paths, tmp_path / "out")) == ["a.jpg"]


def test_results_of_an_earlier_run_are_skipped(tmp_path: Path) -> None:
    make(tmp_path, "a.jpg", "out/a.jpg/cutout.png")
    assert list(samples.keyed([tmp_path], tmp_path / "out")) == ["a.jpg"]


def test_a_name_that_is_not_utf8_gets_a_key_that_is(tmp_path: Path) -> None:
    odd = Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9.jpg"))
    odd.write_bytes(b"x")
    ((key, file),) = samples.keyed([odd], tmp_path / "out").items()
    assert key == "caf\N{REPLACEMENT CHARACTER}.jpg"
    assert file == odd


def test_a_missing_path_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"nowhere\.jpg"):
        samples.keyed([tmp_path / "nowhere.jpg"], tmp_path / "out")


def test_the_samples_are_there() -> None:
    assert all(path.is_file() for path in samples.samples())
