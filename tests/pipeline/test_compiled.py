"""`pipeline.compiled` binds kernels that were compiled from exactly these sources, and raises for any other."""

import importlib.util
import re
import shutil
import sys
import types
from pathlib import Path

import numpy as np
import pytest

from pipeline import compiled

SIGNATURE = "Tuple((f4[:, :], f8))(f4[:,:,::1], b1[:], f8, i4)"
ROOT = Path(compiled.__file__).parent


@pytest.fixture
def calls(monkeypatch):
    """What the compiled module's one function, sample.blur, was called with."""
    seen = []
    module = types.ModuleType(compiled.MODULE)
    setattr(module, "sample.blur", lambda *arguments: seen.append(arguments) or "result")
    monkeypatch.setattr(compiled, "_in_advance", lambda: module)
    return seen


def decorated(name):
    def function(*_):
        raise AssertionError("the Python function itself is never run")

    function.__module__, function.__name__ = "sample", name
    return compiled.compiled(SIGNATURE)(function)


GOOD = (np.zeros((2, 3, 3), np.float32), np.zeros(4, np.bool_), 0.5, 3)


def test_a_compiled_function_is_called(calls):
    assert decorated("blur")(*GOOD) == "result"
    assert len(calls) == 1
    assert all(a is b for a, b in zip(calls[0], GOOD, strict=True))


@pytest.mark.usefixtures("calls")
def test_a_function_that_the_module_lacks_cannot_be_decorated():
    with pytest.raises(NotImplementedError, match=r"sample\.sharpen was not compiled in advance.*KERNELS"):
        decorated("sharpen")


@pytest.mark.parametrize(
    ("position", "wrong"),
    [
        (0, np.zeros((2, 3, 3))),  # of another size
        (0, np.zeros((2, 3, 3), np.int32)),  # of the same size, so the kernel itself would not notice
        (0, np.zeros((2, 3), np.float32)),
        (0, [[[0.0]]]),
        (0, np.zeros((3, 3, 2), np.float32).T),
        (1, np.zeros(4, np.uint8)),
    ],
)
def test_an_array_of_another_kind_never_reaches_the_kernel(calls, position, wrong):
    arguments = [*GOOD]
    arguments[position] = wrong
    with pytest.raises(TypeError, match=rf"sample\.blur: argument {position} must be"):
        decorated("blur")(*arguments)
    assert calls == []


def test_too_few_arguments_never_reach_the_kernel(calls):
    with pytest.raises(TypeError, match="argument 1 must be bool of 1 dimensions, not NoneType"):
        decorated("blur")(GOOD[0])
    assert calls == []


def test_every_file_with_a_kernel_is_compiled_in_advance():
    decorator = re.compile(r"^@(njit|compiled)", re.MULTILINE)
    users = {path.relative_to(ROOT).as_posix() for path in ROOT.rglob("*.py") if decorator.search(path.read_text())}
    assert users
    assert users <= set(compiled.KERNELS)


def test_the_modules_name_changes_with_each_source(tmp_path):
    """So kernels that were compiled from other sources are not found."""
    copies = [tmp_path / path.relative_to(ROOT) for path in compiled.SOURCES]
    for path, copy in zip(compiled.SOURCES, copies, strict=True):
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, copy)

    def name():
        spec = importlib.util.spec_from_file_location("copied", copies[0])
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module.MODULE

    names = [name()]
    for copy in copies:
        copy.write_text(copy.read_text() + "# changed\n")
        names.append(name())
    assert names[0] == compiled.MODULE
    assert len(set(names)) == len(names)


def test_without_the_module_and_without_numba_the_error_says_what_to_build(monkeypatch):
    monkeypatch.setitem(sys.modules, compiled.MODULE, None)
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    with pytest.raises(ImportError, match=rf"{compiled.MODULE}.*numba.*is not installed.*build and deploy both again"):
        compiled._in_advance.__wrapped__()
