"""Operations on bool (H, W) masks."""

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline import raster

Mask = NDArray[np.bool_]


def frame(shape: tuple[int, ...], width: int = 1) -> Mask:
    """The outermost `width` pixels of an image (H, W)."""
    outermost = np.ones(shape, np.bool_)
    outermost[width:-width, width:-width] = False
    return outermost


def enclosed(mask: Mask) -> Mask:
    """The pixels that the mask encloses, without the mask."""
    padded = np.pad(mask.astype(np.uint8), 1)
    cv2.floodFill(padded, None, (0, 0), (2,))
    return np.asarray((padded[1:-1, 1:-1] != 2) & ~mask)


def enlarged(mask: Mask, size: tuple[int, int]) -> Mask:
    """The mask at another size (width, height), with smooth outlines."""
    return np.asarray(raster.bilinear(mask.astype(np.float32), size) > 0.5)
