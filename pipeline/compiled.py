"""Binds the kernels, Hairline's inner loops, to machine code: a module compiled in advance, or else numba's.

`layers/kernels.py` compiles the module for a Lambda layer or for this environment. Without it numba compiles, and a
process is 110 MB larger and starts half a second later.
"""

import functools
import hashlib
import importlib.util
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

_Kernel = Callable[..., Any]

KERNELS = (
    "foreground/kernels.py",
    "matting/kernels/__init__.py",
    "matting/kernels/matrices.py",
    "matting/kernels/vectors.py",
)
"""The files, below this folder, that define kernels or what kernels read."""
SOURCES = (Path(__file__), *(Path(__file__).parent / name for name in KERNELS))
"""The files that the compiled kernels depend on."""
MODULE = f"hairline_kernels_{hashlib.sha256(b''.join(path.read_bytes() for path in SOURCES)).hexdigest()[:16]}"
"""The compiled module's name. A digest of the sources is part of it, so other code's kernels are never run."""
OPTIONS: Mapping[str, Any] = {"nogil": True, "error_model": "numpy"}
"""How numba compiles every kernel, now and in advance."""
_ARRAY = re.compile(r"([bfi]\d)(\[[:,\s\d]*\])?")


def compiled(signature: str) -> Callable[[_Kernel], _Kernel]:
    """Decorate a kernel with numba's signature of it, such as "void(f8[:,::1], i8)".

    A call raises TypeError if an array has another type, number of dimensions or layout than the signature says.
    Decorating raises ImportError if neither the compiled module nor numba is installed, and NotImplementedError if
    the module has no such kernel.
    """

    def bind(function: _Kernel) -> _Kernel:
        module = _in_advance()
        if module is None:
            return _by_numba(function, signature)
        name = f"{function.__module__}.{function.__name__}"
        kernel = getattr(module, name, None)
        if kernel is None:
            raise NotImplementedError(f"{name} was not compiled in advance: add its file to KERNELS in {__name__}.")
        return _checked(name, kernel, signature)

    return bind


@functools.cache
def _in_advance() -> ModuleType | None:
    """The compiled module; None if numba must compile."""
    try:
        return importlib.import_module(MODULE)
    except ImportError as error:  # none was built from these sources, or for this Python and machine
        if importlib.util.find_spec("numba") is None:
            raise ImportError(
                f"The compiled kernels of this version of Hairline cannot be loaded ({error}), and numba, which would "
                "compile them, is not installed. On Lambda, the layer was built from other code than the function: "
                "build and deploy both again. Elsewhere, install numba."
            ) from error
        return None


def _by_numba(function: _Kernel, signature: str) -> _Kernel:
    from numba import njit  # here, since it is what the compiled module saves

    try:
        kernel: _Kernel = njit(signature, cache=True, **OPTIONS)(function)
    except RuntimeError:  # neither this folder nor the home folder can hold numba's cache
        kernel = njit(signature, **OPTIONS)(function)
    return kernel


def _checked(name: str, kernel: _Kernel, signature: str) -> _Kernel:
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
