"""Compile functions that numba decorates into one extension module that needs no numba.

    python -I compile_kernels.py SITE TOOLS OUTPUT COMPILER package.module.function ...

Run by the target's Python, with numba and what it compiles in the folder SITE and setuptools in TOOLS, so it imports
nothing of ours. numba.pycc makes object code of the functions
(https://numba.readthedocs.io/en/stable/user/pycc.html). It is linked here and not by setuptools, whose flags would put
this machine's paths into the result.
"""

import itertools
import subprocess
import sys
import tempfile
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

MODULE = "hairline_kernels"


def main(site: str, tools: str, output: str, compiler: str, *names: str) -> None:
    """Write the extension module `output`, in which each function has its dotted name."""
    sys.path[:0] = [site, tools]
    decorated = _decorated(names, site)
    made = import_module("numba.pycc").CC(MODULE)
    made.target_cpu = "generic"  # Lambda does not say what it runs on, and newer instructions gain nothing here
    for name in names:
        signature, function = decorated[name]
        made.export(name, signature)(function)
    with tempfile.TemporaryDirectory() as folder:
        objects, _ = made._compile_object_files(folder)
        exports = Path(folder, "exports")
        exports.write_text(f"{{ global: PyInit_{MODULE}; local: *; }};")
        includes = made._toolchain.get_python_include_dirs()
        command = [compiler, "-shared", "-fPIC", "-O2", "-w", "-ffunction-sections", "-fdata-sections"]
        command += [f"-ffile-prefix-map={path}=." for path in (site, *includes)]
        command += [f"-D{key}={value}" for key, value in made._get_mixin_defines()]
        command += [f"-I{path}" for path in includes]
        command += [*made._get_mixin_sources(), *objects, "-o", output, "-lm", "-pthread"]
        command += [f"-Wl,{option}" for option in (f"--version-script={exports}", "--build-id=none", "--gc-sections")]
        subprocess.run(command, check=True)


def _decorated(names: tuple[str, ...], site: str) -> dict[str, tuple[str, Callable[..., Any]]]:
    """Signature and function of all that numba decorates where the named ones are, by dotted name."""
    numba: Any = import_module("numba")
    jit = numba.njit
    found = {}

    def njit(signature: str, **_options: object) -> Callable[..., Any]:
        def decorate(function: Any) -> Any:
            file = Path(function.__code__.co_filename).relative_to(site)
            function.__code__ = function.__code__.replace(co_filename=str(file))
            found[f"{function.__module__}.{function.__name__}"] = signature, function
            # For functions that call one another. Not parallel: that would need numba's threads.
            return jit(nogil=True)(function)

        return decorate

    def flags() -> Any:
        made = import_module("numba.core.compiler").Flags()
        made.release_gil = True  # which numba.pycc would not, whatever the decorator says
        return made

    numba.njit = njit
    import_module("numba.pycc.compiler").Flags = flags  # type: ignore[attr-defined]
    # numba calls what it fuses by an address; a counter makes the same names each time.
    counter = itertools.count()
    import_module("numba.np.ufunc.array_exprs").hash = lambda _: next(counter)  # type: ignore[attr-defined]
    for name in names:
        import_module(name.rpartition(".")[0])
    return found


if __name__ == "__main__":
    main(*sys.argv[1:])
