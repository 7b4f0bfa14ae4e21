"""Compile functions that numba decorates into one extension module that needs no numba.

    python compile_kernels.py SITE TOOLS ROOT OUTPUT COMPILER package.module ...

The target's Python runs it, with numba in the folder SITE, setuptools in TOOLS and Hairline's code in
ROOT, so it imports nothing from `layers`. numba.pycc compiles the functions to object code
(https://numba.readthedocs.io/en/stable/user/pycc.html). This program links it itself, because setuptools' flags would
put this machine's paths into the result.
"""

import itertools
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple

MODULE = "hairline_kernels"


class Decorated(NamedTuple):
    """A function and the arguments of its numba decorator."""

    function: Callable[..., Any]
    signature: str
    options: Mapping[str, Any]


def main(site: str, tools: str, root: str, output: str, compiler: str, *modules: str) -> None:
    """Write the extension module `output`, in which each decorated function has its dotted name."""
    sys.path[:0] = [site, tools, root]
    decorated = _decorated(modules, (site, root))
    _as_decorated({row.function: row.options for row in decorated.values()})
    made = import_module("numba.pycc").CC(MODULE)
    made.target_cpu = "generic"  # Lambda does not say which processor it has, and newer instructions gain nothing here
    for name, row in sorted(decorated.items()):
        made.export(name, row.signature)(row.function)
    with tempfile.TemporaryDirectory() as folder:
        objects, _ = made._compile_object_files(folder)
        exports = Path(folder, "exports")
        exports.write_text(f"{{ global: PyInit_{MODULE}; local: *; }};")
        # numba asks setuptools, which looks below the prefix that this Python was built for; it may be elsewhere now.
        includes = dict.fromkeys((sysconfig.get_path("include"), *made._toolchain.get_python_include_dirs()))
        command = [compiler, "-shared", "-fPIC", "-O2", "-w", "-ffunction-sections", "-fdata-sections"]
        command += [f"-ffile-prefix-map={path}=." for path in (site, root, *includes)]
        command += [f"-D{key}={value}" for key, value in made._get_mixin_defines()]
        command += [f"-I{path}" for path in includes]
        command += [*made._get_mixin_sources(), *objects, "-o", output, "-lm", "-pthread"]
        command += [f"-Wl,{option}" for option in (f"--version-script={exports}", "--build-id=none", "--gc-sections")]
        subprocess.run(command, check=True)


def _decorated(modules: Sequence[str], roots: Sequence[str]) -> dict[str, Decorated]:
    """Every function that numba decorates while the modules are imported, by dotted name."""
    numba: Any = import_module("numba")
    jit = numba.njit
    found: dict[str, Decorated] = {}

    def njit(signature: str, **options: Any) -> Callable[..., Any]:
        def decorate(function: Any) -> Any:
            file = function.__code__.co_filename
            for root in roots:
                file = file.removeprefix(f"{root}/")
            function.__code__ = function.__code__.replace(co_filename=file)
            found[f"{function.__module__}.{function.__name__}"] = Decorated(function, signature, options)
            # For functions that call one another. Not parallel: that would need numba's threads.
            return jit(**_kept(options))(function)

        return decorate

    numba.njit = njit
    for module in modules:
        import_module(module)
    return found


def _kept(options: Mapping[str, Any]) -> dict[str, Any]:
    return {"nogil": True, "error_model": options.get("error_model", "python")}


def _as_decorated(options: Mapping[Callable[..., Any], Mapping[str, Any]]) -> None:
    """Make numba.pycc respect the decorators' options, which it ignores: above all, to release Python's lock."""
    pycc: Any = import_module("numba.pycc.compiler")
    compile_extra = pycc.compile_extra

    def compile_one(typing: Any, target: Any, function: Any, args: Any, result: Any, flags: Any, **rest: Any) -> Any:
        own = flags.copy()
        kept = _kept(options[function])
        own.release_gil, own.error_model = kept["nogil"], kept["error_model"]
        return compile_extra(typing, target, function, args, result, own, **rest)

    pycc.compile_extra = compile_one
    # numba names fused expressions by their address; a counter gives the same names in each build.
    counter = itertools.count()
    expressions: Any = import_module("numba.np.ufunc.array_exprs")
    expressions.hash = lambda _: next(counter)


if __name__ == "__main__":
    main(*sys.argv[1:])
