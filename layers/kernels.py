"""PyMatting's compiled functions, ahead of time: what the pipeline calls of numba's, without numba."""

from pathlib import Path

from layers import compile_kernels
from layers.target import Target
from layers.tools import SEEDED, program, run

KERNELS = (
    "pymatting.laplacian.cf_laplacian._cf_laplacian",
    "pymatting.foreground.estimate_foreground_ml._estimate_fb_ml",
)
"""The functions that Python code calls; those that they call themselves come along. Any other raises when called."""

MODULE = f"{compile_kernels.MODULE}.so"
"""The extension module's file: without the ABI's tag, since a layer is for one Python."""
STANDIN = Path(__file__).parent / "standin" / "numba.py"


def build(site: Path, tools: Path, output: Path, target: Target, interpreter: Path) -> None:
    """Compile KERNELS into `output`. site: with numba and PyMatting. tools: with setuptools, which numba.pycc needs.

    The same inputs give the same bytes. Raises BuildFailed.
    """
    script = Path(compile_kernels.__file__)
    options = ("-s", "-S", "-P", "-B")  # nothing but site and tools
    run(*SEEDED, interpreter, *options, script, site, tools, output, program("gcc", target), *KERNELS)
    run(program("strip", target), "-s", output)
