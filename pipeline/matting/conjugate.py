"""Conjugate gradients with Jacobi's preconditioner, for a number of steps that is given in advance.

As the smoother of a cascadic multigrid method (Bornemann and Deuflhard, "The cascadic multigrid method for elliptic
problems", Numerische Mathematik 75, 1996): the start brings along what is smooth, the steps add what is fine.
"""

from collections.abc import Callable
from concurrent.futures import Executor

import numpy as np
import scipy.sparse

from pipeline.matting.laplacian import Float, System

_CHUNK = 16_384
"""Rows that one task multiplies; fixed, so that threads never change a sum."""


def smooth(system: System, start: Float, steps: int, pool: Executor) -> Float:
    """`start` (n,) after `steps` steps; fewer where nothing is left to be done.

    Pixels without an equation (no window fits around them) keep their start.
    """
    multiply = _product(system, pool)
    diagonal = system.values[:, 12]
    inverse = np.divide(1, diagonal, out=np.zeros_like(diagonal), where=diagonal > 0)
    x = start.astype(system.values.dtype)
    residual = system.target - multiply(x)
    preconditioned = inverse * residual
    direction = preconditioned.copy()
    energy = _dot(residual, preconditioned)
    goal = 1e-12 * energy
    for _ in range(steps):
        image = multiply(direction)
        curvature = _dot(direction, image)
        if energy <= goal or curvature <= 0:
            break
        length = x.dtype.type(energy / curvature)
        x += length * direction
        residual -= length * image
        np.multiply(inverse, residual, out=preconditioned)
        energy, previous = _dot(residual, preconditioned), energy
        direction *= x.dtype.type(energy / previous)
        direction += preconditioned
    return x


def _product(system: System, pool: Executor) -> Callable[[Float], Float]:
    count = len(system.target)
    parts = []
    for first in range(0, count, _CHUNK):
        values, columns = system.values[first : first + _CHUNK], system.columns[first : first + _CHUNK]
        pointers = np.arange(0, values.size + 1, 25, dtype=np.int32)
        shape = len(values), count + 1
        parts.append(scipy.sparse.csr_array((values.reshape(-1), columns.reshape(-1), pointers), shape, copy=False))
    padded = np.zeros(count + 1, system.values.dtype)

    def multiply(vector: Float) -> Float:
        padded[:-1] = vector
        return np.concatenate(list(pool.map(lambda part: part @ padded, parts)))

    return multiply


def _dot(left: Float, right: Float) -> float:
    # Not BLAS's, whose order of summation depends on how many threads it has.
    return float(np.sum(left * right, dtype=np.float64))
