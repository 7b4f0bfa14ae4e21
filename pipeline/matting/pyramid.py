"""A picture and its trimap at half the size, a quarter, ...: each pixel is the mean of four finer ones."""

from typing import Any, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

Float = NDArray[np.floating[Any]]
Colours = NDArray[np.floating[Any] | np.uint8]
Bool = NDArray[np.bool_]


class Level(NamedTuple):
    """picture: (H, W, 3), 0..255, uint8 or float32. unknown, foreground: bool (H, W), never both at one pixel."""

    picture: Colours
    unknown: Bool
    foreground: Bool


def halved(level: Level) -> Level:
    """The next octave, ceil(H / 2) by ceil(W / 2).

    A pixel is known if at least two of its four are known, and all known ones agree. So neither the unknown nor the
    known area grows from octave to octave, and a known hair or gap stays known for as long as it is visible.
    """
    foreground = _count_of_four(level.foreground)
    background = _count_of_four(~(level.foreground | level.unknown))
    is_foreground = (foreground >= 2) & (background == 0)
    is_background = (background >= 2) & (foreground == 0)
    return Level(mean_of_four(level.picture), ~(is_foreground | is_background), is_foreground)


def _count_of_four(plane: Bool) -> NDArray[np.uint8]:
    even = _padded(plane).view(np.uint8)
    rows = even[0::2] + even[1::2]
    counts: NDArray[np.uint8] = rows[:, 0::2] + rows[:, 1::2]
    return counts


def mean_of_four(picture: Colours) -> NDArray[np.float32]:
    # In strips, because the float32 copy of a large picture would be the largest array of all.
    height, width = ((side + 1) // 2 for side in picture.shape[:2])
    half = np.empty((height, width, 3), np.float32)
    for top in range(0, height, 256):
        strip = _padded(picture[2 * top : 2 * top + 512]).astype(np.float32)
        half[top : top + 256] = cv2.resize(strip, (width, strip.shape[0] // 2), interpolation=cv2.INTER_AREA)
    return half


def as_float32(picture: Colours) -> NDArray[np.float32]:
    """The picture as the kernels take it; itself if it is so already."""
    return np.ascontiguousarray(picture, dtype=np.float32)


def _padded(array: NDArray[Any]) -> NDArray[Any]:
    """The array with even sides: its last row and column are repeated if necessary."""
    extra = [(0, side % 2) for side in array.shape[:2]] + [(0, 0)] * (array.ndim - 2)
    return np.pad(array, extra, mode="edge") if any(side % 2 for side in array.shape[:2]) else array
