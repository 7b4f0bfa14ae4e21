"""The stand-in for numba: it binds and guards compiled functions, and raises for any other."""

import importlib.util
import re
import sys
import types
from pathlib import Path

import numpy as np
import pytest

from layers.kernels import KERNELS, STANDIN

SIGNATURE = "Tuple((f4[:, :], f8))(f4[:,:,::1], b1[:], f8, i4)"


@pytest.fixture
def calls(monkeypatch):
    """What the compiled module's one function, sample.blur, was called with."""
    seen = []
    kernels = types.ModuleType("hairline_kernels")
    setattr(kernels, "sample.blur", lambda *arguments: seen.append(arguments) or "result")
    monkeypatch.setitem(sys.modules, "hairline_kernels", kernels)
    return seen


@pytest.fixture
def numba(calls):
    found = importlib.util.spec_from_file_location("numba_standin", STANDIN)
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    return module


def decorated(numba, name):
    def function(*_):
        raise AssertionError("the Python function itself is never run")

    function.__module__, function.__name__ = "sample", name
    return numba.njit(SIGNATURE, cache=True, nogil=True, parallel=True)(function)


GOOD = (np.zeros((2, 3, 3), np.float32), np.zeros(4, np.bool_), 0.5, 3)


def test_a_compiled_function_is_called(numba, calls):
    assert decorated(numba, "blur")(*GOOD) == "result"
    assert len(calls) == 1
    assert all(a is b for a, b in zip(calls[0], GOOD, strict=True))


def test_a_function_without_a_kernel_cannot_be_decorated(numba):
    with pytest.raises(NotImplementedError, match=r"sample\.sharpen was not compiled ahead of time.*KERNELS"):
        decorated(numba, "sharpen")


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
def test_an_array_of_another_kind_never_reaches_the_kernel(numba, calls, position, wrong):
    arguments = [*GOOD]
    arguments[position] = wrong
    with pytest.raises(TypeError, match=rf"sample\.blur: argument {position} must be"):
        decorated(numba, "blur")(*arguments)
    assert calls == []


def test_too_few_arguments_never_reach_the_kernel(numba, calls):
    with pytest.raises(TypeError, match="argument 1 must be bool of 1 dimensions, not NoneType"):
        decorated(numba, "blur")(GOOD[0])
    assert calls == []


def test_every_function_that_numba_compiles_is_compiled_ahead_of_time():
    root = Path(__file__).resolve().parents[2]
    decorator = re.compile(r"^@(njit|compiled)", re.MULTILINE)
    users = [path for path in (root / "pipeline").rglob("*.py") if decorator.search(path.read_text())]
    assert users
    for path in users:
        assert ".".join(path.relative_to(root).with_suffix("").parts) in KERNELS, f"{path} is not in KERNELS"
