"""Closed-form matting from coarse to fine: where it is cheap it is solved, and the finer octaves only add detail.

As the cascadic multigrid method has it, the coarsest system is solved directly, each finer one starts from the
alpha that the local linear model brings up, and takes a few steps of conjugate gradients. What is smooth is known
by then, so the steps only have to find what no coarser picture shows. Stopping early does no harm to the matte: the
directions in which the exact system converges last are those about which the picture says least.
"""

from concurrent.futures import Executor
from typing import Any

import numpy as np

from pipeline.matting import direct
from pipeline.matting.carry import carry_up
from pipeline.matting.conjugate import smooth
from pipeline.matting.laplacian import Float, assemble
from pipeline.matting.pyramid import Level, halved

COARSEST = 6_000
"""Unknown pixels up to which a system is solved directly; that takes 50 ms."""
_DIRECT = 200_000
"""Unknown pixels up to which that is done as well where a smaller picture would know no foreground or background."""
FULL = 1_000_000
"""Pixels of a picture up to which its own size is solved; the matte of a larger one is solved at half its size, where
hair is still wider than a pixel, and carried up the last octave."""
STEPS = (30, 60, 60)
"""Of conjugate gradients at full size, at half, and from a quarter on; a step costs a quarter of one an octave up."""


def solve(level: Level, pool: Executor) -> tuple[Float, list[dict[str, Any]]]:
    """The alpha, float32 (H, W), and for each size that was solved, the finest first: its sides, unknowns, steps.

    Takes about 4 us and 300 bytes for each unknown pixel of the finest size that is solved, 0.1 us and 40 bytes for
    each of the picture's.
    """
    levels = _octaves(level)
    finest = 0 if level.unknown.size <= FULL else min(1, len(levels) - 1)
    alpha = levels[-1].foreground.astype(np.float32)
    solved: list[dict[str, Any]] = []
    for depth in reversed(range(len(levels))):
        here, bottom = levels[depth], depth == len(levels) - 1
        if not bottom:
            alpha = carry_up(levels[depth + 1], alpha, here, pool)
        if depth < finest or not here.unknown.any():
            continue
        system = assemble(here.picture, here.unknown, alpha, pool, np.float64 if bottom else np.float32)
        steps = 0 if bottom else STEPS[min(depth, len(STEPS) - 1)]
        where = system.rows, system.cols
        x = direct.solve(system, pool) if bottom else smooth(system, alpha[where], steps, pool)
        alpha[where] = np.clip(x, 0, 1)
        height, width = here.unknown.shape
        solved.insert(0, {"width": width, "height": height, "unknown": len(x), "steps": steps})
    return alpha, solved


def _octaves(level: Level) -> list[Level]:
    levels = [level]
    while (count := np.count_nonzero(levels[-1].unknown)) > COARSEST:
        lower = halved(levels[-1])
        informed = lower.foreground.any() and not (lower.foreground | lower.unknown).all()
        if not informed and count <= _DIRECT:
            break
        levels.append(lower)
    return levels
