"""PyMatting's own closed-form matting, `estimate_alpha_cf`, to compare the other methods with.

Germer, Uelwer, Conrad and Harmeling, "PyMatting: A Python Library for Alpha Matting", JOSS 5(54), 2020. It solves by
conjugate gradients with an incomplete Cholesky preconditioner, and needs time and memory for known pixels as well.
"""

import sys
from concurrent.futures import Executor
from contextlib import redirect_stdout

import numpy as np

from pipeline.errors import MattingFailed
from pipeline.matting.pyramid import Float, Level
from pipeline.report import SolvedFacts


def solved(level: Level, _pool: Executor) -> tuple[Float, list[SolvedFacts]]:
    """The alpha of `level`, float32 (H, W), with PyMatting's defaults; an empty list, because PyMatting gives no facts.

    Raises MattingFailed if PyMatting gives up.
    """
    if not level.foreground.any() or (level.foreground | level.unknown).all():
        return level.foreground.astype(np.float32) + level.unknown * level.foreground.any(), []
    import pymatting  # here, because its first import compiles all its functions: 40 s of processor time

    values = np.select([level.foreground, level.unknown], [1.0, 0.5], 0.0)
    try:
        with redirect_stdout(sys.stderr):  # PyMatting prints warnings, and standard output may be the cutout
            alpha = pymatting.estimate_alpha_cf(level.picture / 255, values)
    except ValueError as error:
        raise MattingFailed(f"PyMatting gave up: {error}. Choose matting fast or exact.") from error
    return alpha.astype(np.float32), []
