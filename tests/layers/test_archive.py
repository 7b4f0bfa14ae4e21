"""Folders with the same files give the same zip, whatever the files' dates and owners."""

import os
import zipfile

from layers import archive


def fill(folder, names):
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    (folder / "b" / "tool").chmod(0o755)
    return folder


NAMES = ["a/z.txt", "b/tool", "a.txt", "a/b/c"]


def test_the_same_files_give_the_same_bytes(tmp_path):
    first, second = fill(tmp_path / "1", NAMES), fill(tmp_path / "2", reversed(NAMES))
    os.utime(second / "a.txt", (1, 1))
    (second / "a.txt").chmod(0o600)
    archive.write(first, tmp_path / "1.zip")
    archive.write(second, tmp_path / "2.zip")
    assert (tmp_path / "1.zip").read_bytes() == (tmp_path / "2.zip").read_bytes()
    (second / "a.txt").write_text("other")
    archive.write(second, tmp_path / "2.zip")
    assert (tmp_path / "1.zip").read_bytes() != (tmp_path / "2.zip").read_bytes()


def test_everybody_may_read_the_files_and_programs_stay_executable(tmp_path):
    archive.write(fill(tmp_path / "1", NAMES), tmp_path / "1.zip")
    with zipfile.ZipFile(tmp_path / "1.zip") as opened:
        assert opened.testzip() is None
        modes = {entry.filename: entry.external_attr >> 16 for entry in opened.infolist()}
    assert modes == {"a.txt": 0o100644, "a/b/c": 0o100644, "a/z.txt": 0o100644, "b/tool": 0o100755}
    assert list(modes) == sorted(NAMES)
