"""Compile the kernels into one extension module that needs no numba.

    python compile_kernels.py SITE TOOLS ROOT OUTPUT COMPILER

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
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

_Kernel = Callable[..., Any]


def main(site: str, tools: str, root: str, output: str, compiler: str) -> None:
    """Write the extension module `output`, in which each kernel has its dotted name."""
    sys.path[:0] = [site, tools, root]
    seam: Any = import_module("pipeline.compiled")
    kernels = _kernels(seam, root)
    _with_options(seam.OPTIONS)
    made = import_module("numba.pycc").CC(seam.MODULE)
    made.target_cpu = "generic"  # Lambda does not say which processor it has, and newer instructions gain nothing here
    for name, (function, signature) in sorted(kernels.items()):
        made.export(name, signature)(function)
    with tempfile.TemporaryDirectory() as folder:
        objects, _ = made._compile_object_files(folder)
        exports = Path(folder, "exports")
        exports.write_text(f"{{ global: PyInit_{seam.MODULE}; local: *; }};")
        # numba asks setuptools, which looks below the prefix that this Python was built for; it may be elsewhere now.
        includes = dict.fromkeys((sysconfig.get_path("include"), *made._toolchain.get_python_include_dirs()))
        command = [compiler, "-shared", "-fPIC", "-O2", "-s", "-w", "-ffunction-sections", "-fdata-sections"]
        command += [f"-ffile-prefix-map={path}=." for path in (site, root, *includes)]
        command += [f"-D{key}={value}" for key, value in made._get_mixin_defines()]
        command += [f"-I{path}" for path in includes]
        command += [*made._get_mixin_sources(), *objects, "-o", output, "-lm", "-pthread"]
        command += [f"-Wl,{option}" for option in (f"--version-script={exports}", "--build-id=none", "--gc-sections")]
        sys.exit(subprocess.run(command, check=False).returncode)


def _kernels(seam: Any, root: str) -> dict[str, tuple[_Kernel, str]]:
    """Every kernel and its signature, by dotted name: what is decorated while the kernels' files are imported."""
    found: dict[str, tuple[_Kernel, str]] = {}

    def compiled(signature: str) -> Callable[[_Kernel], _Kernel]:
        def note(function: Any) -> _Kernel:
            file = function.__code__.co_filename.removeprefix(f"{root}/")
            function.__code__ = function.__code__.replace(co_filename=file)
            found[f"{function.__module__}.{function.__name__}"] = function, signature
            kernel: _Kernel = function
            return kernel

        return note

    seam.compiled = compiled
    for name in seam.KERNELS:
        import_module(".".join(("pipeline", *Path(name).with_suffix("").parts)).removesuffix(".__init__"))
    return found


def _with_options(options: dict[str, Any]) -> None:
    """Make numba.pycc use the kernels' options: it has none of its own, above all, to release Python's lock."""
    pycc: Any = import_module("numba.pycc.compiler")
    compile_extra = pycc.compile_extra

    def compile_one(typing: Any, target: Any, function: Any, args: Any, result: Any, flags: Any, **rest: Any) -> Any:
        own = flags.copy()
        own.release_gil, own.error_model = options["nogil"], options["error_model"]
        return compile_extra(typing, target, function, args, result, own, **rest)

    pycc.compile_extra = compile_one
    # numba names fused expressions by their address; a counter gives the same names in each build.
    counter = itertools.count()
    expressions: Any = import_module("numba.np.ufunc.array_exprs")
    expressions.hash = lambda _: next(counter)


if __name__ == "__main__":
    main(*sys.argv[1:])
