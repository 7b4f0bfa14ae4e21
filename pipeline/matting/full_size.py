"""Improve the solution of the half size at full size: a few cycles restore hair that is finer than two pixels.

The system is that of the full picture. Its coarser octaves are those of the half size, which exist already, instead of
new ones with equations P' A P. The cycles start from the half size's solution. A few of them go most of the way to
closed-form matting's alpha where that is sharper, but do not yet bring in its noise.
"""

from concurrent.futures import Executor

import numpy as np
from numpy.typing import NDArray

from pipeline.matting import kernels
from pipeline.matting.equations import Equations, assembled, side_by_side
from pipeline.matting.kernels import matrices, vectors
from pipeline.matting.multigrid import Octaves, Solution, solve
from pipeline.matting.pyramid import Float, Level, as_float32

CYCLES = 2
SHARE = 0.125
"""How much of the half size's corrections is taken, because its equations are not P' A P. A larger share sharpens more,
but loses more on noisy pictures than it gains on clean ones: see bench/RESULTS.md."""


def settled(half: Level, alpha: Float, octaves: Octaves, full: Level, pool: Executor) -> tuple[Float, Solution]:
    """The alpha of `full`, float32 (H, W), 0 or 1 where that is known; and the solution of its system.

    alpha: of `half`, (H / 2, W / 2). octaves: of the equations of `half`. Takes 0.8 us and 400 bytes for each unknown
    pixel.
    """
    equations, target = assembled(full, pool)
    begin = np.clip(_carried(half, alpha, equations, pool), 0, 1)
    solution = solve(octaves.below(equations), target, tolerance=0.0, most=CYCLES, start=begin)
    result = full.foreground.astype(np.float32)
    result[equations.rows, equations.cols] = np.clip(solution.x, 0, 1)
    return result, solution


def _carried(half: Level, alpha: Float, equations: Equations, pool: Executor) -> NDArray[np.float64]:
    """The unknown pixels' alpha as it comes from `half`, float64 (n,). Sets weights and share of `equations`."""
    picture, coarse = as_float32(equations.picture), as_float32(half.picture)
    everywhere = np.zeros(alpha.shape, np.int32)  # known coarse pixels count like solved ones
    low, carried = np.pad(alpha.astype(np.float64), kernels.PAD), equations.grid()
    rows, cols, weights = equations.rows, equations.cols, np.empty((len(equations), 9))

    def carry(first: int, last: int) -> None:
        matrices.carrying_weights(picture, 0, rows, cols, first, last, coarse, everywhere, weights)
        vectors.carry(weights, rows, cols, first, last, low, 0, carried)

    side_by_side(pool, equations.parts, carry)
    equations.weights, equations.share = weights, SHARE
    return equations.at(carried)
