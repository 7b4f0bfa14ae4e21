"""Kernels that were compiled in advance: the same bytes as numba's, and never a half-written or foreign module."""

import os
import shutil
import subprocess
import sys
import sysconfig
from importlib import import_module
from pathlib import Path

import pytest

from layers import kernels
from layers.tools import BuildFailed, ToolMissing
from pipeline import compiled

SITE = Path(sysconfig.get_path("platlib"))
ADVICE = "install what is missing and run .venv/bin/python -m layers.kernels"
CUT = """
import hashlib, sys
from pathlib import Path
from pipeline import compiled
if "numba" in sys.argv:
    sys.modules[compiled.MODULE] = None  # as if it were not installed
from pipeline.models import named
from pipeline.run import cut_out
from pipeline.segment import OnnxSegmenter
result = cut_out(Path(sys.argv[1]).read_bytes(), OnnxSegmenter(named("u2netp"), Path(sys.argv[2])))
print(hashlib.sha256(result.output.data).hexdigest(), "numba" in sys.modules, "llvmlite" in sys.modules)
"""


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """A folder with the compiled kernels."""
    folder = tmp_path_factory.mktemp("built")
    try:
        compiler = kernels._compiler()
    except ToolMissing as error:
        pytest.skip(f"the kernels cannot be compiled here: {error}")
    kernels.build(SITE, SITE, folder / kernels.FILE, compiler, Path(sys.executable))
    return folder


@pytest.mark.slow
def test_a_cutout_has_the_same_bytes_with_numba_and_loads_none_of_it_without(built, photos, weights):
    def cut(*arguments):
        environment = os.environ | {"PYTHONPATH": f"{built}:{Path(compiled.__file__).parents[1]}"}
        command = [sys.executable, "-c", CUT, photos / "astronaut.png", weights, *arguments]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
        return done.stdout.split()

    digest, *loaded = cut()
    assert loaded == ["False", "False"]
    assert cut("numba") == [digest, "True", "True"]


@pytest.fixture
def fake(monkeypatch):
    """Replaces the compilation, which takes ten seconds."""
    monkeypatch.setattr(kernels, "_compiler", lambda: "gcc")
    monkeypatch.setattr(kernels, "build", lambda _site, _tools, output, *_: output.write_bytes(b"new"))


@pytest.mark.usefixtures("fake")
def test_the_kernels_of_other_sources_are_removed(tmp_path):
    for name in (kernels.FILE, "hairline_kernels_0123456789abcdef.so", "hairline.so"):
        (tmp_path / name).write_bytes(b"old")
    kernels.install(tmp_path)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {
        kernels.FILE: b"new",
        "hairline.so": b"old",
    }


@pytest.mark.parametrize("error", [KeyboardInterrupt, BuildFailed("gcc failed")])
@pytest.mark.usefixtures("fake")
def test_an_interrupted_compilation_changes_nothing(tmp_path, monkeypatch, error):
    def interrupted(_site, _tools, output, *_):
        output.write_bytes(b"half")
        raise error

    monkeypatch.setattr(kernels, "build", interrupted)
    (tmp_path / kernels.FILE).write_bytes(b"old")
    with pytest.raises(type(error) if isinstance(error, Exception) else error):
        kernels.install(tmp_path)
    assert [path.read_bytes() for path in tmp_path.iterdir()] == [b"old"]


@pytest.mark.parametrize(
    ("break_setup", "reason"),
    [
        (lambda patch: patch.setattr(sys, "platform", "darwin"), "only Linux can compile them in advance"),
        (lambda patch: patch.setattr(shutil, "which", lambda _: None), f"gcc and g++ not found; {ADVICE}"),
        (
            lambda patch: patch.setattr(sysconfig, "get_path", lambda name: f"/no/{name}"),
            f"/Python.h not found; {ADVICE}",
        ),
    ],
)
def test_setup_says_in_one_line_why_numba_compiles_the_kernels_instead(monkeypatch, capsys, break_setup, reason):
    import_module("pipeline.matting")  # before the break, which would also mislead numba
    import_module("pipeline.foreground")
    break_setup(monkeypatch)
    kernels.main()
    (line,) = capsys.readouterr().out.splitlines()
    assert line.startswith("numba compiles the kernels")
    assert line.endswith(reason)


def test_a_folder_that_cannot_be_written_to_leaves_the_kernels_to_numba(fake, monkeypatch, capsys, tmp_path):
    (tmp_path / "file").touch()
    monkeypatch.setattr(sysconfig, "get_path", lambda _: str(tmp_path / "file"))
    kernels.main()
    assert "numba compiles the kernels" in capsys.readouterr().out


def test_a_module_that_cannot_be_loaded_leaves_the_kernels_to_numba(tmp_path, monkeypatch):
    (tmp_path / kernels.FILE).write_bytes(b"\x7fELF, cut off")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, compiled.MODULE, raising=False)
    assert compiled._in_advance.__wrapped__() is None


def test_numba_compiles_where_it_can_write_no_cache():
    space = {}
    exec("def twice(x): return 2 * x", space)  # without a file, which the cache would be beside
    assert compiled._by_numba(space["twice"], "i8(i8)")(21) == 42
