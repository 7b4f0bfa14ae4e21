"""The inner loops of the matting engine: compiled, see `pipeline.compiled`.

grid: a vector of the system as float64 (H + 2 * PAD, W + 2 * PAD), pixel (y, x) of the picture at (y + PAD, x + PAD),
zero wherever alpha is known. rows, cols: int32 (n,), the n unknown pixels row by row. index: int32 (H, W), each pixel's
place in that list, or -1. values: float64 (n, (2 * reach + 1) ** 2), the rows of a matrix: the entries of a pixel's
neighbours, row by row, zero for those that are known or outside.

Every kernel works on the pixels [first, last) of a list, so that several can share the work, and none depends on what
another does at the same time. Sums are never reordered: the same bytes come out whatever the processor can do at once.
"""

import numpy as np
from numpy.typing import NDArray

Grid = NDArray[np.float64]

PAD = 4
"""No matrix reaches further: see `pipeline.matting.equations.coarsened`."""


def grid(shape: tuple[int, ...]) -> Grid:
    """An empty vector of a picture of `shape`."""
    return np.zeros((shape[0] + 2 * PAD, shape[1] + 2 * PAD))
