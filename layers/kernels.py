"""Compiles the kernels in advance, for a layer or for this environment.

    python -m layers.kernels     compiles them into the environment that runs it; `make setup` does so

Where that is not possible, it lets numba compile them and says why.
"""

import shutil
import sys
import sysconfig
import tempfile
from importlib import import_module
from pathlib import Path

from layers import compile_kernels
from layers.install import ROOT
from layers.tools import SEEDED, BuildFailed, ToolMissing, run
from pipeline.compiled import MODULE
from pipeline.disk import write

FILE = f"{MODULE}.so"
"""The extension module's file name. It has no ABI tag, since a layer, like an environment, is for one Python."""
_ADVICE = "install what is missing and run .venv/bin/python -m layers.kernels"


def build(site: Path, tools: Path, output: Path, compiler: str, interpreter: Path) -> None:
    """Compile the kernels into the extension module `output`.

    site: contains numba. tools: contains setuptools, which numba.pycc needs. compiler: gcc, for the machine and with
    C++. interpreter: the Python that is to load the module.
    The same inputs give the same bytes. Raises BuildFailed.
    """
    options = ("-s", "-S", "-P", "-B")  # only site, tools and Hairline's code
    run(*SEEDED, interpreter, *options, Path(compile_kernels.__file__), site, tools, ROOT, output, compiler)


def install(folder: Path) -> None:
    """Compile the kernels into `folder`, the site-packages of this Python, and remove those of other sources.

    The module appears only when it is complete. Raises BuildFailed or OSError.
    """
    with tempfile.TemporaryDirectory() as part:
        output = Path(part, FILE)
        build(folder, folder, output, _compiler(), Path(sys.executable))
        write(folder / FILE, output.read_bytes())
    for old in folder.glob(f"{MODULE.rpartition('_')[0]}_*.so"):
        if old.name != FILE:
            old.unlink()


def _compiler() -> str:
    """The compiler for this machine. Raises ToolMissing if it or Python's headers are missing."""
    if sys.platform != "linux":
        raise ToolMissing("only Linux can compile them in advance")
    if missing := [name for name in ("gcc", "g++") if shutil.which(name) is None]:
        raise ToolMissing(f"{' and '.join(missing)} not found; {_ADVICE}")
    header = Path(sysconfig.get_path("include"), "Python.h")
    if not header.exists():
        raise ToolMissing(f"{header} not found; {_ADVICE}")
    return "gcc"


def main() -> None:
    """Compile for this environment; where that fails, fill numba's cache."""
    try:
        install(Path(sysconfig.get_path("platlib")))
    except (BuildFailed, OSError) as error:
        print(f"numba compiles the kernels, so each process takes 110 MB more and starts half a second later: {error}")
        for name in ("pipeline.foreground", "pipeline.matting"):
            import_module(name)


if __name__ == "__main__":
    main()
