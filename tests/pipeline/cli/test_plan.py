"""Which files are read and written, and that each is whole or not there."""

from pathlib import Path

import pytest

from pipeline.cli.plan import BadPaths, plan
from pipeline.disk import write


def _touch(*paths):
    for path in paths:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")


def test_a_folder_keeps_its_shape_and_leaves_other_files_alone(tmp_path):
    _touch(tmp_path / "in/b.jpg", tmp_path / "in/sub/A.PNG", tmp_path / "in/notes.txt", tmp_path / "in/.hidden/c.jpg")
    tasks = plan([tmp_path / "in"], tmp_path / "out")
    assert [task.target(".png") for task in tasks] == [tmp_path / "out/b.png", tmp_path / "out/sub/A.png"]


def test_a_named_file_is_tried_whatever_its_ending(tmp_path):
    _touch(tmp_path / "in/picture.dat")
    assert [task.stem for task in plan([tmp_path / "in/picture.dat"], tmp_path / "out")] == ["picture"]


def test_equal_stems_keep_their_endings(tmp_path):
    _touch(tmp_path / "in/a.jpg", tmp_path / "in/a.png", tmp_path / "in/b.jpg")
    assert [task.stem for task in plan([tmp_path / "in"], tmp_path / "out")] == ["a.jpg", "a.png", "b"]


def test_a_picture_named_twice_is_cut_once(tmp_path):
    _touch(tmp_path / "in/a.jpg")
    assert len(plan([tmp_path / "in/a.jpg", tmp_path / "in/a.jpg"], tmp_path / "out")) == 1


def test_results_of_an_earlier_run_are_not_read_again(tmp_path):
    _touch(tmp_path / "in/a.jpg", tmp_path / "in/out/a.png")
    assert [task.source.name for task in plan([tmp_path / "in"], tmp_path / "in/out")] == ["a.jpg"]


@pytest.mark.parametrize(("inputs", "out"), [(["nowhere.jpg"], "out"), (["a.jpg"], "a.jpg"), (["a.jpg"], ".")])
def test_paths_that_make_no_sense_are_refused(tmp_path, inputs, out):
    _touch(tmp_path / "a.jpg")
    with pytest.raises(BadPaths):
        plan([tmp_path / name for name in inputs], tmp_path / out)


def test_an_interrupted_write_leaves_what_was_there(tmp_path, monkeypatch):
    target = tmp_path / "deep/a.png"
    write(target, b"first")

    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(Path, "replace", interrupted)
    with pytest.raises(KeyboardInterrupt):
        write(target, b"second")
    assert target.read_bytes() == b"first"
    assert list(target.parent.iterdir()) == [target]
