"""Closed-form matting, the whole system."""

from concurrent.futures import Executor
from typing import Any

import numpy as np

from pipeline.errors import MattingFailed
from pipeline.matting import direct
from pipeline.matting.laplacian import Float, System, assemble
from pipeline.matting.pyramid import Level


def solve(level: Level, pool: Executor) -> tuple[Float, list[dict[str, Any]]]:
    """The alpha, float32 (H, W), and as a list of one: the size that was solved, its unknowns and its residual.

    residual: the norm of what is left of L_UU x = target, in proportion to those of x and target.
    Raises MattingFailed where the factors are of no use.
    """
    alpha = level.foreground.astype(np.float32)
    system = assemble(level.picture, level.unknown, alpha, pool, np.float64)
    try:
        x = direct.solve(system, pool)
    except RuntimeError as error:
        raise MattingFailed(f"The matting system could not be factored: {error}") from error
    residual = _residual(system, x)
    if not residual <= 1e-6:
        raise MattingFailed(f"The matting system was solved only to a residual of {residual:.1e}.")
    alpha[system.rows, system.cols] = np.clip(x, 0, 1)
    height, width = level.unknown.shape
    return alpha, [{"width": width, "height": height, "unknown": len(x), "residual": float(f"{residual:.1e}")}]


def _residual(system: System, x: Float) -> float:
    padded = np.append(x, 0)
    left = np.concatenate(
        [
            np.einsum("ij,ij->i", system.values[first : first + 65_536], padded[system.columns[first : first + 65_536]])
            for first in range(0, len(x), 65_536)
        ]
    )
    # The norm of L is near 1, so this is the backward error: of how near a system x is the exact answer.
    scale = np.sqrt(np.sum(system.target**2)) + np.sqrt(np.sum(x**2))
    return float(np.sqrt(np.sum((left - system.target) ** 2)) / max(float(scale), 1.0))
