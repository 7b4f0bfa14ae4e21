"""Picture -> a smaller Picture, for the option shrink_to_megapixels: the next stages have fewer pixels to process."""

import math

import numpy as np

from pipeline import raster
from pipeline.types import Picture


def size_within(size: tuple[int, int], megapixels: float | None) -> tuple[int, int]:
    """The (width, height) of an image of `size` after `shrink`."""
    width, height = size
    if megapixels is None or width * height <= megapixels * 1e6:
        return size
    most = int(megapixels * 1e6)
    factor = math.sqrt(megapixels * 1e6 / (width * height))
    # A side that would be shorter than a pixel is one pixel long, which leaves fewer for the other side.
    height = max(1, min(int(height * factor), most))
    return max(1, min(int(width * factor), most // height)), height


def shrink(picture: Picture, megapixels: float | None) -> Picture:
    """The picture, shrunk to at most `megapixels` million pixels; unchanged if it has no more, or if None.

    The aspect ratio is kept. Pixels are area averages, premultiplied if the picture has alpha.
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
