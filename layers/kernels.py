"""Compiles the pipeline's numba functions ahead of time."""

from pathlib import Path

from layers import compile_kernels
from layers.install import ROOT
from layers.target import Target
from layers.tools import SEEDED, program, run

KERNELS = ("pipeline.foreground.kernels", "pipeline.matting.kernels.matrices", "pipeline.matting.kernels.vectors")
"""Modules that define decorated functions. All of these functions are compiled."""
SOURCES = (
    ROOT / "pipeline" / "matting" / "kernels" / "__init__.py",
    *(ROOT.joinpath(*name.split(".")).with_suffix(".py") for name in KERNELS),
)
"""The files that the compiled kernels depend on."""
MODULE = f"{compile_kernels.MODULE}.so"
"""The extension module's file name. It has no ABI tag, since a layer is for one version of Python."""
STANDIN = Path(__file__).parent / "standin" / "numba.py"


def build(site: Path, tools: Path, output: Path, target: Target, interpreter: Path) -> None:
    """Compile KERNELS into `output`.

    site: contains numba. tools: contains setuptools, which numba.pycc needs.
    The same inputs give the same bytes. Raises BuildFailed.
    """
    script = Path(compile_kernels.__file__)
    options = ("-s", "-S", "-P", "-B")  # only site, tools and Hairline's code
    run(*SEEDED, interpreter, *options, script, site, tools, ROOT, output, program("gcc", target), *KERNELS)
    run(program("strip", target), "-s", output)
