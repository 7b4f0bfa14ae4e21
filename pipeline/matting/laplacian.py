"""The matting Laplacian's rows for the unknown pixels alone, tile by tile.

Levin, Lischinski and Weiss, "A Closed-Form Solution to Natural Image Matting", IEEE TPAMI 30(2), 2008, equation 12.
With U the unknown and K the known pixels, alpha minimises alpha' L alpha, so L_UU alpha_U = -L_UK alpha_K.
"""

from collections.abc import Iterator
from concurrent.futures import Executor
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from pymatting.laplacian.cf_laplacian import cf_laplacian

Float = NDArray[np.floating[Any]]
Colours = NDArray[np.floating[Any] | np.uint8]
Bool = NDArray[np.bool_]

REACH = 2
"""Pixels share a 3x3 window up to this distance, so a row of L has (2 * REACH + 1) ** 2 entries."""
_TILE = 64
"""Side in pixels. Its Laplacian takes 2 MB, so that the kernel works in the cache."""


class System(NamedTuple):
    """L_UU x = target, with n unknown pixels in the order of the tiles that they lie in.

    values: float64 or float32 (n, 25), row i of L: the entries of pixel i's neighbours, row by row of its 5x5
    neighbourhood. columns: int32 (n, 25), whose entries they are; n, one past the last, stands for a known pixel or
    one outside of the picture, and its value is 0. target: (n,) of the same dtype as values. rows, cols: int32 (n,),
    where the pixels lie.
    """

    values: Float
    columns: NDArray[np.int32]
    target: Float
    rows: NDArray[np.int32]
    cols: NDArray[np.int32]


def assemble(picture: Colours, unknown: Bool, alpha: Float, pool: Executor, dtype: type[np.floating[Any]]) -> System:
    """The system of the pixels where `unknown` (H, W) holds.

    picture: (H, W, 3), 0..255. alpha: (H, W), looked at where it is known. dtype: of values and target.
    Time and memory grow with the tiles that hold unknown pixels: about 1 us and 25 * (4 + itemsize) bytes a pixel.
    """
    tiles = list(_tiles(unknown))
    starts = np.cumsum([0] + [len(y) for y, _ in tiles])
    count = int(starts[-1])
    order = np.full(tuple(side + 2 * REACH for side in unknown.shape), count, np.int32)
    for start, (y, x) in zip(starts, tiles, strict=False):
        order[y + REACH, x + REACH] = np.arange(start, start + len(y), dtype=np.int32)
    neighbours = np.lib.stride_tricks.sliding_window_view(order, (5, 5))
    values, columns = np.empty((count, 25), dtype), np.empty((count, 25), np.int32)
    target = np.empty(count, dtype)

    def fill(number: int) -> None:
        (y, x), own = tiles[number], slice(starts[number], starts[number + 1])
        top, left = max(0, int(y[0]) - REACH), max(0, int(x.min()) - REACH)
        window = np.s_[top : y[-1] + REACH + 1, left : x.max() + REACH + 1]
        known = np.ones(unknown[window].shape, np.bool_)
        known[y - top, x - left] = False
        # A window without an unknown pixel of this tile is skipped, so the rows of all other pixels are wrong here.
        laplacian = cf_laplacian(picture[window] / np.float64(255), is_known=known)
        entries = laplacian.data.reshape(*known.shape, 25)[y - top, x - left]
        links = neighbours[y, x].reshape(-1, 25)
        fixed = np.pad(np.where(unknown[window], 0, alpha[window]), REACH)
        around = np.lib.stride_tricks.sliding_window_view(fixed, (5, 5))[y - top, x - left].reshape(-1, 25)
        target[own] = -np.einsum("ij,ij->i", entries, around)
        entries[links == count] = 0
        values[own], columns[own] = entries, links

    list(pool.map(fill, range(len(tiles))))
    rows, cols = (np.concatenate(part).astype(np.int32) for part in zip(*tiles, strict=True))
    return System(values, columns, target, rows, cols)


def _tiles(unknown: Bool) -> Iterator[tuple[NDArray[np.intp], NDArray[np.intp]]]:
    """For each tile that holds unknown pixels their coordinates (y, x), y ascending."""
    height, width = unknown.shape
    for top in range(0, height, _TILE):
        for left in range(0, width, _TILE):
            y, x = np.nonzero(unknown[top : top + _TILE, left : left + _TILE])
            if len(y):
                yield y + top, x + left
