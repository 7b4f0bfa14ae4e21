"""Picture -> a smaller Picture, where a smaller result was asked for: what is not shown need not be solved for."""

import math

import numpy as np

from pipeline import raster
from pipeline.types import Picture


def size_within(size: tuple[int, int], megapixels: float | None) -> tuple[int, int]:
    """The (width, height) that an image of `size` has after `shrink`."""
    width, height = size
    if megapixels is None or width * height <= megapixels * 1e6:
        return size
    factor = math.sqrt(megapixels * 1e6 / (width * height))
    return max(1, int(width * factor)), max(1, int(height * factor))


def shrink(picture: Picture, megapixels: float | None) -> Picture:
    """The picture with at most that many millions of pixels, in its own shape; as it is where it has no more, or None.

    Pixels are means over areas, of premultiplied colours where the picture has an alpha of its own.
    """
    height, width = picture.rgb.shape[:2]
    size = size_within((width, height), megapixels)
    if size == (width, height):
        return picture
    if picture.alpha is None:
        rgb = raster.averaged(picture.rgb, size)
        return Picture(rgb, None, format=picture.format, notes=picture.notes)
    opacity = picture.alpha.astype(np.float32)
    small = raster.averaged(opacity, size)
    rgb = raster.resampled_colours(picture.rgb, opacity, small, small > 0)
    return Picture(rgb, np.rint(small).astype(np.uint8), format=picture.format, notes=picture.notes)
