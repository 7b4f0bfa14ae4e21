"""The matting system of one octave: the picture's own, or one derived from that of the next finer octave.

Levin, Lischinski and Weiss, "A Closed-Form Solution to Natural Image Matting", IEEE TPAMI 30(2), 2008, equations 12 and
13: with U the unknown and K the known pixels, alpha minimises alpha' L alpha, so L_UU alpha_U = -L_UK alpha_K.
"""

import itertools
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from pipeline.matting import kernels
from pipeline.matting.kernels import Grid, matrices
from pipeline.matting.pyramid import Bool, Colours, Level, as_float32, mean_of_four

Pixels = NDArray[np.int32]
Rows = NDArray[np.float64]
_Answer = TypeVar("_Answer")

_PART = 16_384
"""About this many pixels are one task. It is fixed, so that the number of threads never changes a result."""
_SHIFT = 1e-12
"""Added to the diagonal, whose entries are about 1, so that rounding cannot leave a zero there."""


@dataclass(slots=True)
class Equations:
    """A x = target for the n unknown pixels of a picture (H, W), in the layout of `kernels`.

    picture: (H, W, 3), 0..255. weights: of P, which interpolates x from the next coarser octave, if there is
    one. share: how much of that octave's corrections is taken; 1 if its equations are P' A P.
    """

    picture: Colours
    index: Pixels
    rows: Pixels
    cols: Pixels
    values: Rows
    reach: int
    parts: Sequence[tuple[int, int]]
    weights: Rows = field(default_factory=lambda: np.empty((0, 9)))
    share: float = 1.0

    def __len__(self) -> int:
        return len(self.rows)

    def grid(self) -> Grid:
        """An empty vector."""
        return kernels.grid(self.index.shape)

    def at(self, grid: Grid) -> NDArray[np.float64]:
        """The n values of a vector, in the order of the list."""
        values: NDArray[np.float64] = grid[self.rows + kernels.PAD, self.cols + kernels.PAD]
        return values

    def put(self, grid: Grid, values: NDArray[np.float64]) -> None:
        """Set the n values of a vector."""
        grid[self.rows + kernels.PAD, self.cols + kernels.PAD] = values


def assembled(level: Level, pool: Executor) -> tuple[Equations, NDArray[np.float64]]:
    """The matting Laplacian's own equations, and their right-hand side (n,).

    Takes 0.3 us and 200 bytes for each unknown pixel, 12 bytes for each other one.
    """
    unknown, alpha = np.ascontiguousarray(level.unknown), level.foreground.astype(np.float32)
    picture = as_float32(level.picture)
    made = _empty(level.picture, unknown, reach=2)
    target = np.empty(len(made))

    def fill(first: int, last: int) -> None:
        matrices.laplacian_rows(picture, unknown, alpha, made.rows, made.cols, first, last, made.values, target)

    side_by_side(pool, parts(made.rows, _PART // 4), fill)  # a part holds 72 bytes for each pixel of its rows
    made.values[:, made.values.shape[1] // 2] += _SHIFT
    return made, target


def coarsened(fine: Equations, pool: Executor) -> Equations:
    """The equations P' A P of the next coarser octave, where P carries alpha up by local linear models.

    Sets `fine.weights`. Of all alphas that can be carried up from the coarse octave, their solution has the least
    energy in the fine one. A coarse pixel is unknown if any of its four fine pixels is.
    Takes 0.7 us and 350 bytes for each pixel of `fine`; 280 of them are freed at the end.
    """
    unknown = np.zeros([(side + 1) // 2 for side in fine.index.shape], np.bool_)
    unknown[fine.rows // 2, fine.cols // 2] = True
    # The product's rows reach as far from the parent as a neighbour's parent is, and one more: 2, 3, 3, ...
    product_reach = (fine.reach + 1) // 2 + 1
    picture, half = as_float32(fine.picture), mean_of_four(fine.picture)
    made = _empty(half, unknown, reach=product_reach + 1)
    fine.weights = np.empty((len(fine), 9))
    product = np.empty((len(fine), (2 * product_reach + 1) * (2 * product_reach + 3)))

    def weigh(first: int, last: int) -> None:
        matrices.carrying_weights(picture, 0, fine.rows, fine.cols, first, last, half, made.index, fine.weights)

    def multiply(first: int, last: int) -> None:
        matrices.carried_rows(
            fine.values, fine.reach, fine.rows, fine.cols, fine.index, fine.weights, first, last, product, product_reach
        )

    def gather(first: int, last: int) -> None:
        matrices.galerkin_rows(
            product, product_reach, fine.index, fine.weights, made.rows, made.cols, first, last, made.values
        )

    side_by_side(pool, fine.parts, weigh)
    side_by_side(pool, fine.parts, multiply)
    side_by_side(pool, made.parts, gather)
    made.values[:, made.values.shape[1] // 2] += _SHIFT
    return made


def listed(unknown: Bool) -> tuple[Pixels, Pixels]:
    """Rows and columns, int32 (n,), of the unknown pixels, row by row."""
    rows, cols = np.nonzero(unknown)
    return rows.astype(np.int32), cols.astype(np.int32)


def parts(rows: Pixels, size: int = _PART) -> list[tuple[int, int]]:
    """Pieces [first, last) of a list of pixels, of about `size` each and of whole rows."""
    ends = np.flatnonzero(np.diff(rows, append=-1)) + 1
    bounds = [0]
    while bounds[-1] < len(rows):
        bounds.append(int(ends[np.searchsorted(ends, min(bounds[-1] + size, len(rows)))]))
    return list(itertools.pairwise(bounds))


def side_by_side(
    pool: Executor, pieces: Sequence[tuple[int, int]], work: Callable[[int, int], _Answer]
) -> list[_Answer]:
    """The results of `work(first, last)` for all pieces, in their order."""
    if len(pieces) == 1:  # the pool's overhead would be longer than the work of most coarse octaves
        return [work(*pieces[0])]
    return list(pool.map(lambda piece: work(*piece), pieces))


def _empty(picture: Colours, unknown: Bool, reach: int) -> Equations:
    rows, cols = listed(unknown)
    index = np.full(unknown.shape, -1, np.int32)
    index[rows, cols] = np.arange(len(rows), dtype=np.int32)
    return Equations(picture, index, rows, cols, np.empty((len(rows), (2 * reach + 1) ** 2)), reach, parts(rows, _PART))
