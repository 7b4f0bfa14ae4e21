"""Stands in for numba on Lambda: binds decorated functions to their kernels, which were compiled ahead of time.

numba and llvmlite are 195 MB and compile for half a minute when PyMatting is imported; here neither is there. A
function that has no compiled kernel is bound all the same, since PyMatting is imported as a whole, but raises when it
is called. `layers.kernels` says which have one.
"""

import re
from collections.abc import Callable
from typing import Any

import hairline_kernels  # type: ignore[import-not-found,unused-ignore]  # only in the layer
import numpy as np

_Function = Callable[..., Any]
_ARRAY = re.compile(r"([bfi]\d)(\[[:,\s\d]*\])?")

prange = range


def njit(signature: str, **_options: object) -> Callable[[_Function], _Function]:
    """As numba's decorator: `signature` such as "void(f8[:, :], i8)". The options went into the kernel, or are void."""

    def bind(function: _Function) -> _Function:
        name = f"{function.__module__}.{function.__name__}"
        kernel = getattr(hairline_kernels, name, None)
        return _missing(name) if kernel is None else _checked(name, kernel, signature)

    return bind


def pndindex(*_shape: int) -> None:
    """Only code that has no kernel would call it."""
    raise _not_compiled("numba.pndindex")


def _not_compiled(name: str) -> NotImplementedError:
    return NotImplementedError(f"{name} was not compiled ahead of time: add it to KERNELS in layers/kernels.py.")


def _missing(name: str) -> _Function:
    def missing(*_arguments: object, **_named: object) -> None:
        raise _not_compiled(name)

    return missing


def _checked(name: str, kernel: _Function, signature: str) -> _Function:
    """`kernel`, called with arrays of the very type and dimensions that it was compiled for.

    It would take any array of the same item size for its own, and crash on others.
    """
    wanted = {
        position: (np.dtype("?" if code == "b1" else code), dimensions.count(",") + 1, "::1" in dimensions)
        for position, (code, dimensions) in enumerate(_ARRAY.findall(signature[signature.rindex("(") :]))
        if dimensions
    }

    def checked(*arguments: Any) -> Any:
        for position, (dtype, dimensions, contiguous) in wanted.items():
            given = arguments[position] if position < len(arguments) else None
            if not isinstance(given, np.ndarray) or given.dtype != dtype or given.ndim != dimensions:
                found = f"{given.dtype} of {given.ndim}" if isinstance(given, np.ndarray) else type(given).__name__
                raise TypeError(f"{name}: argument {position} must be {dtype} of {dimensions} dimensions, not {found}.")
            if contiguous and not given.flags.c_contiguous:
                raise TypeError(f"{name}: argument {position} must be contiguous.")
        return kernel(*arguments)

    return checked
