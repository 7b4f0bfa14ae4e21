"""Picture -> a smaller Picture, where a smaller result was asked for: what is not shown need not be solved for."""

import math
from typing import cast

import cv2
import numpy as np

from pipeline.types import Picture, UInt8


def shrink(picture: Picture, megapixels: float | None) -> Picture:
    """The picture with at most that many millions of pixels, in its own shape; as it is where it has no more, or None.

    Pixels are means over areas, of premultiplied colours where the picture has an alpha of its own.
    """
    height, width = picture.rgb.shape[:2]
    if megapixels is None or width * height <= megapixels * 1e6:
        return picture
    factor = math.sqrt(megapixels * 1e6 / (width * height))
    size = max(1, int(width * factor)), max(1, int(height * factor))
    if picture.alpha is None:
        rgb = cast("UInt8", cv2.resize(picture.rgb, size, interpolation=cv2.INTER_AREA))
        return Picture(rgb, None, format=picture.format, notes=picture.notes)
    opacity = picture.alpha.astype(np.float32)
    small = cv2.resize(opacity, size, interpolation=cv2.INTER_AREA)
    weight = np.where(small > 0, small, np.float32(np.inf))
    rgb = np.empty((size[1], size[0], 3), np.uint8)
    for channel in range(3):  # one plane at a time: a float copy of the whole picture would be its largest one
        light = cv2.resize(picture.rgb[..., channel] * opacity, size, interpolation=cv2.INTER_AREA)
        rgb[..., channel] = np.rint(np.clip(light / weight, 0, 255))
    return Picture(rgb, np.rint(small).astype(np.uint8), format=picture.format, notes=picture.notes)
