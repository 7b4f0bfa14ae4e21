"""Settle at full size what the half size has solved: a few cycles bring back hair that is finer than two pixels.

The system is the picture's own. Instead of equations P' A P, the octaves of the half size serve as the coarser ones:
they are there already, and their solution is where the cycles start. A few cycles go most of the way to the alpha of
closed-form matting where that is sharper, and keep the half size's calm where it is noisier.
"""

from concurrent.futures import Executor

import numpy as np

from pipeline.matting import kernels
from pipeline.matting.equations import assembled, side_by_side
from pipeline.matting.kernels import matrices, vectors
from pipeline.matting.multigrid import Octaves, Solution, solve
from pipeline.matting.pyramid import Float, Level

CYCLES = 2
SHARE = 0.125
"""Half-size windows judge corrections by another energy than P' A P. A larger share sharpens more, and costs more on
noisy pictures than it gains on clean ones: see bench/RESULTS.md."""


def settled(half: Level, alpha: Float, octaves: Octaves, full: Level, pool: Executor) -> tuple[Float, Solution]:
    """The alpha of `full`, float32 (H, W), from the (H / 2, W / 2) of `half`; 0 or 1 where `full` is known. And how it
    was solved.

    octaves: of the equations of `half`. Takes 0.8 us and 400 bytes for each unknown pixel.
    """
    equations, target = assembled(full, pool)
    coarse = np.ascontiguousarray(half.picture, dtype=np.float32)
    everywhere = np.zeros(alpha.shape, np.int32)  # known pixels of the half size tell as much as those that were solved
    low, start = np.pad(alpha.astype(np.float64), kernels.PAD), equations.grid()
    rows, cols, weights = equations.rows, equations.cols, np.empty((len(equations), 9))

    def carry(first: int, last: int) -> None:
        matrices.carrying_weights(equations.picture, 0, rows, cols, first, last, coarse, everywhere, weights)
        vectors.carry(weights, rows, cols, first, last, low, 0, start)

    side_by_side(pool, equations.parts, carry)
    equations.weights, equations.share = weights, SHARE
    begin = np.clip(equations.at(start), 0, 1)
    solution = solve(octaves.below(equations), target, tolerance=0.0, most=CYCLES, start=begin)
    result = full.foreground.astype(np.float32)
    result[rows, cols] = np.clip(solution.x, 0, 1)
    return result, solution
