"""The build finds its programs, or says which one is missing and what to do."""

import platform
import sys
from pathlib import Path

import pytest

from layers import tools
from layers.target import Target
from layers.tools import BuildFailed, ToolMissing

HERE = Target(
    f"{sys.version_info.major}.{sys.version_info.minor}", {"aarch64": "arm64"}.get(platform.machine(), "x86_64")
)
THERE = Target("3.13", "x86_64" if HERE.architecture == "arm64" else "arm64")


@pytest.fixture(autouse=True)
def _forget():
    tools.program.cache_clear()
    yield
    tools.program.cache_clear()


def fake(path: Path, answer: str) -> Path:
    path.write_text(f"#!/bin/sh\necho '{answer}'\n")
    path.chmod(0o755)
    return path


def test_a_python_of_the_right_version_and_architecture_is_used(tmp_path):
    right = fake(tmp_path / "right", f'["3.12", "{HERE.machine}", true, "Python.h"]')
    assert tools.python(Target("3.12", HERE.architecture), right) == right


@pytest.mark.parametrize(
    ("answer", "fault"),
    [
        ('["3.11", "MACHINE", true, "Python.h"]', "is Python 3.11"),
        ('["3.13", "riscv64", true, "Python.h"]', "is for riscv64"),
        ('["3.13", "MACHINE", false, "/include/Python.h"]', "lacks /include/Python.h"),
        ("no answer", "does not run"),
    ],
)
def test_a_wrong_python_is_rejected_and_the_message_says_why_and_what_to_do(tmp_path, answer, fault):
    wrong = fake(tmp_path / "wrong", answer.replace("MACHINE", HERE.machine))
    with pytest.raises(ToolMissing, match=rf"(?s)wrong: .*{fault}.*make layer INTERPRETER="):
        tools.python(Target("3.13", HERE.architecture), wrong)


def test_a_python_of_this_machine_is_rejected_for_another_architecture(tmp_path):
    wrong = fake(tmp_path / "wrong", f'["3.13", "{HERE.machine}", true, "Python.h"]')
    with pytest.raises(ToolMissing, match=rf"(?s)wrong: is for {HERE.machine}.*Build on such a machine.*emulator"):
        tools.python(THERE, wrong)


def test_a_missing_python_is_named(tmp_path):
    with pytest.raises(ToolMissing, match="nowhere: does not run"):
        tools.python(Target(), tmp_path / "nowhere")


def test_the_path_is_searched(tmp_path, monkeypatch):
    fake(tmp_path / "python3.12", f'["3.12", "{HERE.machine}", true, "Python.h"]')
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    if sys.version_info[:2] != (3, 12):
        assert tools.python(Target("3.12", HERE.architecture)) == tmp_path / "python3.12"


def test_a_missing_compiler_is_named_with_its_package(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ToolMissing, match=r"gcc is not installed.*apt-get install gcc g\+\+ binutils"):
        tools.program("gcc", HERE)


def test_another_architecture_needs_the_cross_compiler(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    name = f"{THERE.machine}-linux-gnu-gcc"
    with pytest.raises(ToolMissing, match=rf"{name} is not installed.*apt-get install g\+\+-{THERE.machine}-linux-gnu"):
        tools.program("gcc", THERE)
    fake(tmp_path / name, "")
    assert tools.program("gcc", THERE) == str(tmp_path / name)


def test_the_output_of_a_failed_program_is_in_the_message():
    with pytest.raises(BuildFailed, match=r"(?s)`sh -c .*` failed:\nwhy"):
        tools.run("sh", "-c", "echo why >&2; exit 3")
