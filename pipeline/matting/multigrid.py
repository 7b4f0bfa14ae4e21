"""Solve a matting system by conjugate gradients, preconditioned by multigrid that knows the picture.

An error that Gauss and Seidel's sweeps cannot remove is one that costs little energy: within each window it is a linear
function of colour. So that is how a correction comes up from the octave below, and the octave's equations are P' A P
for that P (Galerkin): the classical method (Briggs, Henson and McCormick, "A Multigrid Tutorial", 2000) with the
interpolation that closed-form matting itself implies. Time and memory grow with the unknown pixels.
"""

from collections.abc import Sequence
from concurrent.futures import Executor
from typing import NamedTuple

import numpy as np
import scipy.sparse
import scipy.sparse.linalg
from numpy.typing import NDArray

from pipeline.matting.equations import Equations, coarsened, side_by_side
from pipeline.matting.kernels import Grid, vectors

COARSEST = 3_000
"""Unknown pixels up to which a system is solved directly; that takes 10 ms."""


class Solution(NamedTuple):
    """x: float64 (n,). cycles: how many were taken. residual: |target - A x| / |target|."""

    x: NDArray[np.float64]
    cycles: int
    residual: float


def solve(
    octaves: "Octaves",
    target: NDArray[np.float64],
    *,
    tolerance: float,
    most: int,
    start: NDArray[np.float64] | None = None,
) -> Solution:
    """Take cycles until the residual is at most `tolerance`, or `most` of them. A cycle takes 0.25 us a pixel.

    start: x to begin with, float64 (n,); by default an answer that comes up from the coarsest octave.
    """
    finest = octaves.finest
    left = finest.grid()
    finest.put(left, target)
    if start is None:
        x = octaves.full(left)
    else:
        x = finest.grid()
        finest.put(x, start)
    octaves.residual(0, left.copy(), x, left)
    direction = finest.grid()
    length = float(np.sqrt(np.sum(target**2)))
    energy, cycles = 0.0, 0
    while (residual := float(np.sqrt(octaves.dot(left, left)))) > tolerance * length and cycles < most:
        step = octaves.cycle(left)
        energy, previous = octaves.dot(left, step), energy
        octaves.combine(energy / previous if cycles else 0.0, direction, 1.0, step)
        image = octaves.minus_product(direction)
        distance = -energy / octaves.dot(direction, image)
        octaves.combine(1.0, x, distance, direction)
        octaves.combine(1.0, left, distance, image)
        cycles += 1
    return Solution(finest.at(x), cycles, residual / length if length else 0.0)


def octaves_of(finest: Equations, pool: Executor) -> "Octaves":
    """A system and what it becomes octave by octave, until it is small enough to be solved directly."""
    levels = [finest]
    while len(levels[-1]) > COARSEST:
        levels.append(coarsened(levels[-1], pool))
    return Octaves(levels, _factors(levels[-1]), pool)


class Octaves:
    """Systems from the finest to the coarsest, of which each but the last has weights, and what is done to vectors."""

    def __init__(
        self,
        levels: Sequence[Equations],
        factors: scipy.sparse.linalg.SuperLU,
        pool: Executor,
        work: Sequence[tuple[Grid, Grid]] = (),
    ) -> None:
        """work: grids to write to, for as many of the coarsest levels."""
        self._levels, self._factors, self._pool = levels, factors, pool
        finer = levels[: len(levels) - len(work)]
        self._work = [*((level.grid(), level.grid()) for level in finer), *work]

    @property
    def finest(self) -> Equations:
        return self._levels[0]

    def below(self, finer: Equations) -> "Octaves":
        """These octaves below a finer system, whose weights and share are set. Use only one of the two at a time."""
        return Octaves([finer, *self._levels], self._factors, self._pool, self._work)

    def cycle(self, target: Grid, depth: int = 0) -> Grid:
        """About A^-1 target, a symmetric operator of it; in a grid that the next call overwrites."""
        here, (x, swept) = self._levels[depth], self._work[depth]
        if depth == len(self._levels) - 1:
            here.put(x, self._factors.solve(here.at(target)))
            return x
        swept.fill(0)
        self._sweep(depth, target, swept, x, forward=True)
        self.residual(depth, target, x, swept)  # which is free until the last sweep
        correction = self.cycle(self._restricted(depth, swept), depth + 1)
        if here.share != 1:
            correction *= here.share
        self._carry(depth, correction, x)
        self._sweep(depth, target, x, swept, forward=False)
        return swept

    def full(self, target: Grid, depth: int = 0) -> Grid:
        """Nearer to A^-1 target: the coarsest octave first, then a cycle in each finer one; in a grid of its own."""
        here = self._levels[depth]
        if depth == len(self._levels) - 1:
            return self.cycle(target, depth).copy()
        x, left = here.grid(), here.grid()
        self._carry(depth, self.full(self._restricted(depth, target), depth + 1), x)
        self.residual(depth, target, x, left)
        x += self.cycle(left, depth)
        return x

    def minus_product(self, vector: Grid) -> Grid:
        """-A vector, in the finest octave; in a grid that the next call or cycle overwrites."""
        nothing, product = self._work[0]
        nothing.fill(0)
        self.residual(0, nothing, vector, product)
        return product

    def residual(self, depth: int, target: Grid, x: Grid, left: Grid) -> None:
        """Set left = target - A x."""
        at = self._levels[depth]

        def work(first: int, last: int) -> None:
            vectors.residual(at.values, at.reach, at.rows, at.cols, first, last, target, x, left)

        side_by_side(self._pool, at.parts, work)

    def dot(self, one: Grid, other: Grid) -> float:
        """The scalar product of two vectors of the finest octave."""
        at = self._levels[0]

        def work(first: int, last: int) -> float:
            return float(vectors.dot(at.rows, at.cols, first, last, one, other))

        return sum(side_by_side(self._pool, at.parts, work))

    def combine(self, keep: float, into: Grid, factor: float, other: Grid) -> None:
        """Set into = keep * into + factor * other, in the finest octave."""
        at = self._levels[0]

        def work(first: int, last: int) -> None:
            vectors.combine(at.rows, at.cols, first, last, keep, into, factor, other)

        side_by_side(self._pool, at.parts, work)

    def _sweep(self, depth: int, target: Grid, x: Grid, swept: Grid, *, forward: bool) -> None:
        at = self._levels[depth]

        def work(first: int, last: int) -> None:
            vectors.sweep(at.values, at.reach, at.rows, at.cols, first, last, target, x, swept, forward)

        side_by_side(self._pool, at.parts, work)

    def _restricted(self, depth: int, fine: Grid) -> Grid:
        at, below = self._levels[depth], self._levels[depth + 1]
        coarse = below.grid()

        def work(first: int, last: int) -> None:
            vectors.restrict(at.weights, at.index, below.rows, below.cols, first, last, fine, coarse)

        side_by_side(self._pool, below.parts, work)
        return coarse

    def _carry(self, depth: int, coarse: Grid, fine: Grid) -> None:
        at = self._levels[depth]

        def work(first: int, last: int) -> None:
            vectors.carry(at.weights, at.rows, at.cols, first, last, coarse, 0, fine)

        side_by_side(self._pool, at.parts, work)


def _factors(system: Equations) -> scipy.sparse.linalg.SuperLU:
    """Sparse factors: symmetric and positive definite, so without pivoting and in an order for A + A'."""
    side = 2 * system.reach + 1
    n, k = np.nonzero(system.values)
    neighbour = system.index[system.rows[n] + k // side - system.reach, system.cols[n] + k % side - system.reach]
    matrix = scipy.sparse.csc_array((system.values[n, k], (n, neighbour)), shape=(len(system), len(system)))
    return scipy.sparse.linalg.splu(
        matrix, permc_spec="MMD_AT_PLUS_A", diag_pivot_thresh=0.0, options={"SymmetricMode": True}
    )
