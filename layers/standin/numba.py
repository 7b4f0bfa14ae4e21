"""Replaces numba on Lambda: binds decorated functions to kernels that were compiled ahead of time.

numba and llvmlite are 195 MB and compile for seconds when the pipeline is imported; here neither is needed.
`layers.kernels` lists the modules whose functions are compiled.
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
    """As numba's decorator: `signature` such as "void(f8[:, :], i8)". The kernel was compiled with the options.

    Raises NotImplementedError for a function without a kernel.
    """

    def bind(function: _Function) -> _Function:
        name = f"{function.__module__}.{function.__name__}"
        kernel = getattr(hairline_kernels, name, None)
        if kernel is None:
            raise NotImplementedError(f"{name} was not compiled ahead of time: add it to KERNELS in layers/kernels.py.")
        return _checked(name, kernel, signature)

    return bind


def _checked(name: str, kernel: _Function, signature: str) -> _Function:
    """`kernel`, callable only with arrays of the exact type and dimensions that it was compiled for.

    The kernel itself accepts any array of the same item size, and crashes on other layouts.
    """
    expected = {
        position: (np.dtype("?" if code == "b1" else code), dimensions.count(",") + 1, "::1" in dimensions)
        for position, (code, dimensions) in enumerate(_ARRAY.findall(signature[signature.rindex("(") :]))
        if dimensions
    }

    def checked(*arguments: Any) -> Any:
        for position, (dtype, dimensions, contiguous) in expected.items():
            given = arguments[position] if position < len(arguments) else None
            if not isinstance(given, np.ndarray) or given.dtype != dtype or given.ndim != dimensions:
                found = f"{given.dtype} of {given.ndim}" if isinstance(given, np.ndarray) else type(given).__name__
                raise TypeError(f"{name}: argument {position} must be {dtype} of {dimensions} dimensions, not {found}.")
            if contiguous and not given.flags.c_contiguous:
                raise TypeError(f"{name}: argument {position} must be contiguous.")
        return kernel(*arguments)

    return checked
