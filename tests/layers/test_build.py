"""The steps of a build: each runs once and leaves a complete result or none. Messages say what is missing."""

import pytest

from layers import build


@pytest.fixture
def made(tmp_path):
    """What the step wrote, one entry a run."""
    return []


def fill(made, text="x"):
    def make(new):
        new.mkdir()
        (new / "file").write_text(text)
        made.append(text)

    return make


def test_a_step_runs_once_for_the_same_key(tmp_path, made):
    for key, text in (("1", "a"), ("1", "b"), ("2", "c"), ("2", "d")):
        build._once(tmp_path / "step", key, fill(made, text))
    assert made == ["a", "c"]
    assert (tmp_path / "step" / "file").read_text() == "c"


def test_a_failed_step_starts_again_from_the_beginning(tmp_path, made):
    build._once(tmp_path / "step", "1", fill(made, "old"))

    def fails(new):
        new.mkdir()
        (new / "half").touch()
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        build._once(tmp_path / "step", "2", fails)
    assert not (tmp_path / "step").exists()  # the old result must not pass for the new one
    build._once(tmp_path / "step", "2", fill(made, "new"))
    assert [path.name for path in (tmp_path / "step").iterdir()] == ["file"]


def test_a_deleted_folder_is_created_again(tmp_path, made):
    build._once(tmp_path / "step", "1", fill(made))
    (tmp_path / "step" / "file").unlink()
    (tmp_path / "step").rmdir()
    build._once(tmp_path / "step", "1", fill(made))
    assert len(made) == 2


def test_without_the_layers_python_the_build_says_so_and_returns_1(tmp_path, capsys):
    assert build.main(["SmallLayer", "--interpreter", str(tmp_path / "python3.13")]) == 1
    assert "python3.13: does not run" in capsys.readouterr().err


@pytest.mark.parametrize(
    "arguments", [[], ["Layer"], ["SmallLayer", "--python", "3.9"], ["SmallLayer", "--architecture", "riscv"]]
)
def test_wrong_arguments_exit_with_2(arguments):
    with pytest.raises(SystemExit, match="2"):
        build.main(arguments)


def test_a_step_is_repeated_when_a_file_that_it_wrote_beside_its_folder_is_gone(tmp_path, made):
    packed = tmp_path / "packed"

    def pack(new):
        fill(made)(new)
        packed.write_text("packed")

    build._once(tmp_path / "step", "1", pack, packed)
    packed.unlink()
    build._once(tmp_path / "step", "1", pack, packed)
    assert packed.exists()
