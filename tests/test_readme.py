"""The commands of the pages exist, and those of the command line do what the pages say."""

import importlib.util
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

from pipeline import errors, models
from pipeline.sniff import sniff

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text()
MODELS_PAGE = (ROOT / "docs" / "models.md").read_text()


PAGES = ("README.md", "docs/cli.md", "docs/listings.md")
HAIRLINE = ".venv/bin/hairline"


def commands(program, *pages):
    """The lines of the pages' shell examples that start with `program`, without their comments."""
    text = "\n".join((ROOT / page).read_text() for page in pages or PAGES)
    blocks = re.findall(r"^```sh\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    lines = [shlex.split(line, comments=True) for block in blocks for line in block.splitlines()]
    return [line for line in dict.fromkeys(map(tuple, lines)) if line[:1] == (program,)]


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
    assert {line[1] for line in commands(HAIRLINE)} == {"apply", "cut", "matte"}


ALL_PAGES = [
    str(page.relative_to(ROOT)) for page in (*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("bench/*.md"))
]


@pytest.mark.parametrize("line", commands("make", *ALL_PAGES), ids=" ".join)
def test_make_knows_the_targets_of_the_pages(line):
    done = run(line[0], "--dry-run", *line[1:], cwd=ROOT)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    "name",
    sorted(
        {match for page in ALL_PAGES for match in re.findall(r"python -m ([a-z_.]+[a-z])", (ROOT / page).read_text())}
        - {"shtab"}  # the page installs it in the line above
    ),
)
def test_a_program_that_the_pages_start_is_a_module(name):
    assert importlib.util.find_spec(name)


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
    for name in ("mine.png", "strokes.png", "trimap.png", "matte.png"):
        Image.fromarray(trimap).save(tmp_path / name)
    stroke = {"tool": "keep", "radius": 6, "points": [[width / 2, height / 2]]}
    (tmp_path / "strokes.json").write_text(json.dumps([stroke]))
    for name, size in (("small", (width // 2, height // 2)), ("large", (width * 2, height * 2))):
        Image.fromarray(trimap).resize(size).convert("RGB").save(tmp_path / f"photo-{name}.jpg")
    return tmp_path


@pytest.mark.slow
@pytest.mark.parametrize("line", [line for line in commands(HAIRLINE) if "--watch" not in line], ids=" ".join)
def test_a_command_line_of_the_pages_does_its_work(line, desk):
    before = files(desk)
    done = hairline(*line[1:], cwd=desk)
    written = files(desk) - before
    target = line[line.index("-o") + 1]
    assert written
    assert all(name.startswith(target) for name in written)
    reports = [json.loads((desk / name).read_text()) for name in written if name.endswith(".report.json")]
    assert all(report["status"] == "done" for report in reports)
    assert line[1] == "matte" or reports
    complies = all(facts["complies"] for report in reports for facts in report["compliance"].values())
    assert complies or "--marketplace" in line
    assert done.returncode == (0 if complies else 1), done.stderr  # the photograph is too small for a marketplace


def test_the_installed_program_is_the_command_line_of_the_readme():
    program = Path(sys.executable).with_name("hairline")
    shown = run(str(program), "cut", "--help", cwd=ROOT)
    assert shown.returncode == 0, shown.stderr
    options = {word for line in commands(HAIRLINE) if line[1] == "cut" for word in line if word.startswith("--")}
    assert options
    assert all(option in shown.stdout for option in options)


def test_the_command_lines_page_names_every_code_of_a_rejection():
    codes = {
        kind.code for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, errors.InputError)
    }
    rows = re.findall(r"^\| `(\w+)` \| [A-Z`]", (ROOT / "docs" / "cli.md").read_text(), re.MULTILINE)
    assert sorted(rows) == sorted(codes - {errors.InputError.code})


def test_the_message_that_the_page_shows_is_the_one_that_is_printed():
    with pytest.raises(errors.NotAnImage) as raised:
        sniff(b"hello")
    assert f"photos/notes.png: {raised.value.code}: {raised.value}" in (ROOT / "docs" / "cli.md").read_text()


def test_the_python_of_the_readme_cuts_a_photo_out(desk):
    (code,) = re.findall(r"^```python\n(.*?)^```", README, re.MULTILINE | re.DOTALL)
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=desk,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    with Image.open(desk / "photo.png") as made:
        assert made.mode == "RGBA"
        assert made.getchannel("A").getextrema() == (0, 255)


def test_models_md_has_the_row_of_each_model():
    rows = re.findall(r"^\| `([\w-]+)`(?: \(default\))? \| (\d+) \| (\d*) ?\| (.+?) \|$", MODELS_PAGE, re.MULTILINE)
    for name, megabytes, side, licence in rows:
        spec = models.MODELS[name]
        assert int(megabytes) == round(spec.size / 1e6)
        assert (int(side), licence) == (spec.side, spec.licence)
    assert [row[0] for row in rows] == list(models.MODELS)


def test_no_page_installs_the_package_of_somebody_else():
    pages = [*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("bench/*.md")]
    assert [page.name for page in pages if re.search(r"pip install[^\n]*\bhairline\b", page.read_text())] == []
