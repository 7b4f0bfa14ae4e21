"""Functions that numba compiles, ahead of time: the pipeline's own and those of PyMatting's that it calls."""

from pathlib import Path

from layers import compile_kernels
from layers.install import ROOT
from layers.target import Target
from layers.tools import SEEDED, program, run

KERNELS = (
    "pipeline.matting.kernels.matrices.*",
    "pipeline.matting.kernels.vectors.*",
    "pymatting.foreground.estimate_foreground_ml._estimate_fb_ml",
)
"""The functions that Python code calls, `*` for all of a module; those that they call themselves come along. Any other
raises when it is called."""

SOURCES = tuple(sorted((ROOT / "pipeline" / "matting" / "kernels").glob("*.py")))
"""Where our own are, which may change at any time."""
MODULE = f"{compile_kernels.MODULE}.so"
"""The extension module's file: without the ABI's tag, since a layer is for one Python."""
STANDIN = Path(__file__).parent / "standin" / "numba.py"


def build(site: Path, tools: Path, output: Path, target: Target, interpreter: Path) -> None:
    """Compile KERNELS into `output`. site: with numba and PyMatting. tools: with setuptools, which numba.pycc needs.

    The same inputs give the same bytes. Raises BuildFailed.
    """
    script = Path(compile_kernels.__file__)
    options = ("-s", "-S", "-P", "-B")  # nothing but site, tools and our own code
    run(*SEEDED, interpreter, *options, script, site, tools, ROOT, output, program("gcc", target), *KERNELS)
    run(program("strip", target), "-s", output)
