"""Solve a matting system to the last digits: sparse factors of each of its independent pieces, side by side."""

from concurrent.futures import Executor

import numpy as np
import scipy.sparse
import scipy.sparse.linalg
from scipy.sparse.csgraph import connected_components

from pipeline.matting.laplacian import Float, System

BYTES = 4_000
"""At most, for each unknown pixel, of factors and what makes them: 90 entries of 12 bytes each in L and in U, which
SuperLU enlarges by half when they are full. Measured on bands and on discs of up to half a million pixels."""
_SHIFT = 1e-12
"""Added to the diagonal, whose entries are of the order of 1, so that rounding cannot leave a zero pivot."""


def solve(system: System, pool: Executor) -> Float:
    """The x of L_UU x = target, float64 (n,).

    On a band of fixed width time and memory grow with n, on a disc with n ** 1.5 and n log n. SciPy releases the lock
    while it factors. Raises RuntimeError where a piece is singular: one that touches no known pixel.
    """
    matrix = _square(system)
    pieces, piece = connected_components(matrix, directed=False)
    members = np.split(np.argsort(piece, kind="stable"), np.cumsum(np.bincount(piece))[:-1])
    x = np.empty(len(system.target))

    def fill(own: np.ndarray) -> None:
        part = matrix if pieces == 1 else matrix[own][:, own]
        # The matrix is symmetric and positive definite: no pivoting, and an order for A + A'.
        factors = scipy.sparse.linalg.splu(
            part.tocsc(), permc_spec="MMD_AT_PLUS_A", diag_pivot_thresh=0.0, options={"SymmetricMode": True}
        )
        x[own] = factors.solve(system.target[own].astype(np.float64))

    list(pool.map(fill, members))
    return x


def _square(system: System) -> scipy.sparse.csr_array:
    count = len(system.target)
    inside = system.columns < count
    pointers = np.concatenate([[0], np.cumsum(np.count_nonzero(inside, axis=1))]).astype(np.int32)
    values = system.values.astype(np.float64)
    values[:, 12] += _SHIFT
    return scipy.sparse.csr_array((values[inside], system.columns[inside], pointers), shape=(count, count))
