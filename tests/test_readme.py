"""Every command in the README is there, and those that run on this machine alone do what it says."""

import io
import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pipeline import errors
from pipeline.options import LIMITS, Options

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text()


def commands(program):
    """The lines of the README's shell examples that start with `program`, without their comments."""
    blocks = re.findall(r"^```sh\n(.*?)^```", README, re.MULTILINE | re.DOTALL)
    lines = [shlex.split(line, comments=True) for block in blocks for line in block.splitlines()]
    return [line for line in lines if line[:1] == [program]]


def run(*command, cwd):
    # Under `make test`, a make that is started here would otherwise take itself for a part of that one.
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    return subprocess.run(
        command, cwd=cwd, env=environment, capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False
    )


def files(folder):
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def hairline(*arguments, cwd):
    return run(sys.executable, "-m", "pipeline", *arguments, cwd=cwd)


def test_the_readme_shows_the_two_commands_and_the_command_line():
    shown = {line[1] for line in commands("make")}
    assert {"run", "test", "serve"} <= shown
    assert {line[1] for line in commands("hairline")} == {"apply", "cut", "matte"}


@pytest.mark.parametrize("line", commands("make"), ids=" ".join)
def test_make_knows_what_the_readme_asks_of_it(line):
    done = run(line[0], "--dry-run", *line[1:], cwd=ROOT)
    assert done.returncode == 0, done.stderr


def test_make_names_its_targets_when_asked_for_nothing():
    said = run("make", cwd=ROOT).stdout
    for target in ("run", "serve", "test", "lint", "bench", "lock", "clean"):
        assert f"make {target} " in said


@pytest.fixture
def desk(tmp_path, photo):
    """A folder with the files that the README's examples name: photographs, and a trimap of a band and a core."""
    (tmp_path / "photos").mkdir()
    for name in ("photo.jpg", "photos/one.jpg", "photos/two.jpg"):
        (tmp_path / name).write_bytes(photo)
    with Image.open(io.BytesIO(photo)) as picture:
        width, height = picture.size
    trimap = np.full((height, width), 128, np.uint8)
    trimap[:16] = 0
    trimap[height // 2 - 8 : height // 2 + 8, width // 2 - 8 : width // 2 + 8] = 255
    for name in ("mine.png", "trimap.png", "matte.png"):
        Image.fromarray(trimap).save(tmp_path / name)
    Image.fromarray(trimap).resize((width // 2, height // 2)).convert("RGB").save(tmp_path / "photo-small.jpg")
    return tmp_path


@pytest.mark.parametrize("line", commands("hairline"), ids=" ".join)
def test_a_command_line_of_the_readme_does_its_work(line, desk):
    before = files(desk)
    done = hairline(*line[1:], cwd=desk)
    assert done.returncode == 0, done.stderr
    written = files(desk) - before
    target = line[line.index("-o") + 1]
    assert written
    assert all(name.startswith(target) for name in written)
    reports = [json.loads((desk / name).read_text()) for name in written if name.endswith(".report.json")]
    assert all(report["status"] == "done" for report in reports)
    assert line[1] == "matte" or reports


def test_the_installed_program_is_the_command_line_of_the_readme():
    program = Path(sys.executable).with_name("hairline")
    shown = run(str(program), "cut", "--help", cwd=ROOT)
    assert shown.returncode == 0, shown.stderr
    options = {word for line in commands("hairline") if line[1] == "cut" for word in line if word.startswith("--")}
    assert options
    assert all(option in shown.stdout for option in options)


def test_the_readme_names_every_option_and_every_refusal():
    # A trimap is a file; it is shown among the commands.
    missing = [name for name in Options().described() if name not in LIMITS and f"`{name}`" not in README]
    assert missing in ([], ["trimap"])
    concrete = [
        kind.code for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, errors.InputError)
    ]
    assert [code for code in concrete if code != "bad_input" and f"`{code}`" not in README] == []


@pytest.mark.parametrize("link", re.findall(r"\]\((?!https?:|#)([^)]+)\)", README))
def test_a_link_into_the_repository_leads_somewhere(link):
    assert (ROOT / link).exists()
