"""Which files are read and written, and that each is written whole or not at all."""

import json
from pathlib import Path

import pytest

from pipeline.cli.names import BadPaths
from pipeline.cli.plan import plan
from pipeline.disk import write, write_all


def _touch(*paths):
    for path in paths:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")


def test_a_folder_keeps_its_subfolders_and_leaves_other_files_out(tmp_path):
    _touch(tmp_path / "in/b.jpg", tmp_path / "in/sub/A.PNG", tmp_path / "in/notes.txt", tmp_path / "in/.hidden/c.jpg")
    tasks = plan([tmp_path / "in"], tmp_path / "out").tasks
    assert [task.target(".png") for task in tasks] == [tmp_path / "out/b.png", tmp_path / "out/sub/A.png"]


def test_a_named_file_may_have_any_ending(tmp_path):
    _touch(tmp_path / "in/picture.dat")
    assert [task.stem for task in plan([tmp_path / "in/picture.dat"], tmp_path / "out").tasks] == ["picture"]


def test_equal_stems_keep_their_endings(tmp_path):
    _touch(tmp_path / "in/a.jpg", tmp_path / "in/a.png", tmp_path / "in/b.jpg")
    assert [task.stem for task in plan([tmp_path / "in"], tmp_path / "out").tasks] == ["a.jpg", "a.png", "b"]


def test_an_image_that_is_named_twice_is_cut_once(tmp_path):
    _touch(tmp_path / "in/a.jpg")
    assert len(plan([tmp_path / "in/a.jpg", tmp_path / "in/a.jpg"], tmp_path / "out").tasks) == 1


def test_results_of_an_earlier_run_are_not_read_again(tmp_path):
    _touch(tmp_path / "in/a.jpg", tmp_path / "in/out/a.png")
    assert [task.source.name for task in plan([tmp_path / "in"], tmp_path / "in/out").tasks] == ["a.jpg"]


@pytest.mark.parametrize(("inputs", "out"), [(["nowhere.jpg"], "out"), (["a.jpg"], "a.jpg"), (["a.jpg"], ".")])
def test_wrong_paths_are_rejected(tmp_path, inputs, out):
    _touch(tmp_path / "a.jpg")
    with pytest.raises(BadPaths):
        plan([tmp_path / name for name in inputs], tmp_path / out)


def test_an_interrupted_write_keeps_the_old_file(tmp_path, monkeypatch):
    target = tmp_path / "deep/a.png"
    write(target, b"first")

    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(Path, "replace", interrupted)
    with pytest.raises(KeyboardInterrupt):
        write(target, b"second")
    assert target.read_bytes() == b"first"
    assert list(target.parent.iterdir()) == [target]


def _write_result(folder, name, *files):
    """Write the files and the report that an earlier run would leave."""
    report = {"hairline": "1", "status": "done", "source": {"name": name}, "mark": "0", "files": list(files)}
    _touch(*(folder / file for file in files))
    (folder / f"{Path(name).stem}.report.json").write_text(json.dumps(report))


def test_results_of_a_run_into_another_folder_are_not_inputs(tmp_path):
    _touch(tmp_path / "in/a.jpg")
    _write_result(tmp_path / "in/v1", "a.jpg", "a.png", "a.sheet.jpg")
    found = plan([tmp_path / "in"], tmp_path / "in/v2")
    assert [task.source for task in found.tasks] == [tmp_path / "in/a.jpg"]
    assert not +found.left_out


def test_one_file_by_two_paths_is_one_image(tmp_path):
    _touch(tmp_path / "in/a.jpg")
    (tmp_path / "link").symlink_to(tmp_path / "in")
    inputs = ["in/a.jpg", "in/../in/a.jpg", "link/a.jpg", "link"]
    assert len(plan([tmp_path / name for name in inputs], tmp_path / "out").tasks) == 1


def test_other_files_in_a_folder_are_counted_by_ending(tmp_path):
    for name in ("a.jpg", "b.JFIF", "notes.txt", "more.txt", "README", ".DS_Store", ".git/c.txt", "sub/d.pdf"):
        _touch(tmp_path / "in" / name)
    (tmp_path / "in/elsewhere").symlink_to(tmp_path / "in/sub")
    (tmp_path / "in/gone.png").symlink_to(tmp_path / "nowhere.png")
    found = plan([tmp_path / "in"], tmp_path / "out")
    assert [task.source.name for task in found.tasks] == ["a.jpg", "b.JFIF"]
    assert +found.left_out == {".txt": 2, "no ending": 1, ".pdf": 1, "linked folder": 1, ".png": 1}


def test_a_file_that_hairline_did_not_write_is_not_replaced(tmp_path):
    _touch(tmp_path / "in/a.jpg", tmp_path / "out/a.png")
    ends = (".png", ".report.json")
    with pytest.raises(BadPaths, match=r"out/a.png exists.*--force"):
        plan([tmp_path / "in"], tmp_path / "out", ends)
    assert len(plan([tmp_path / "in"], tmp_path / "out", ends, force=True).tasks) == 1
    _write_result(tmp_path / "out", "a.jpg", "a.png")
    assert len(plan([tmp_path / "in"], tmp_path / "out", ends).tasks) == 1
    _write_result(tmp_path / "out", "a.tif", "a.png")  # of another image
    with pytest.raises(BadPaths, match=r"out/a.png exists"):
        plan([tmp_path / "in"], tmp_path / "out", ends)


def test_a_report_and_a_page_that_hairline_did_not_write_are_not_replaced(tmp_path):
    _touch(tmp_path / "in/a.jpg", tmp_path / "out/index.html", tmp_path / "out2/a.report.json")
    with pytest.raises(BadPaths, match=r"index.html exists"):
        plan([tmp_path / "in"], tmp_path / "out", (".png", ".report.json"), pages=True)
    with pytest.raises(BadPaths, match=r"a.report.json exists"):
        plan([tmp_path / "in"], tmp_path / "out2", (".png", ".report.json"))


def test_an_output_folder_that_is_an_input_is_rejected_with_advice(tmp_path):
    _touch(tmp_path / "in/a.jpg")
    with pytest.raises(BadPaths, match=r"is an input, too. Choose another folder for -o"):
        plan([tmp_path / "in"], tmp_path / "in")


def test_all_files_of_an_image_are_written_or_none(tmp_path):
    _touch(tmp_path / "old.webp")
    (tmp_path / "b.json/in the way").mkdir(parents=True)
    with pytest.raises(OSError, match="directory"):
        write_all({tmp_path / "a.png": b"a", tmp_path / "b.json": b"b"}, stale=[])
    assert {path.name for path in tmp_path.iterdir()} == {"old.webp", "b.json"}
    with pytest.raises(OSError, match="too long"):
        write_all({tmp_path / "a.png": b"a", tmp_path / ("k" * 300): b"b"}, stale=[tmp_path / "old.webp"])
    assert {path.name for path in tmp_path.iterdir()} == {"old.webp", "b.json"}
    write_all({tmp_path / "a.png": b"a", tmp_path / ("猫" * 80 + ".json"): b"b"}, stale=[tmp_path / "old.webp"])
    assert {path.name for path in tmp_path.iterdir()} == {"a.png", "猫" * 80 + ".json", "b.json"}


def test_an_error_while_writing_leaves_no_file_behind(tmp_path, monkeypatch):
    replace, target = Path.replace, tmp_path / "b.json"

    def failing(part, path):
        if path == target:
            raise OSError("gone")
        return replace(part, path)

    monkeypatch.setattr(Path, "replace", failing)
    with pytest.raises(OSError, match="gone"):
        write_all({tmp_path / "a.png": b"a", target: b"b"})
    assert list(tmp_path.iterdir()) == []
