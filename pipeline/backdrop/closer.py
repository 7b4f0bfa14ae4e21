"""A second opinion: what the model makes of a part of the image when it looks closer at the neighbourhood."""

from collections.abc import Callable

import numpy as np

from pipeline import raster
from pipeline.backdrop.masks import Mask, enlarged
from pipeline.box import Box
from pipeline.types import Float32, Picture

Look = Callable[[Picture], Float32]
"""The model's probability map of a part of the image, float32 (h, w)."""

LEAST_LOOK = 160.0
"""A closer look is at least so many pixels of the image wide."""


def probability(part: Mask, picture: Picture, look: Look, times: float) -> float:
    """The mean probability that the model gives to `part`, 0..1, in a look `times` as wide as that.

    part: bool (h, w), not empty, at the size of a small copy of the picture.
    """
    height, width = picture.rgb.shape[:2]
    box = raster.bounds(part)
    assert box is not None
    down, across = height / part.shape[0], width / part.shape[1]
    middle = ((box.top + box.bottom) / 2 * down, (box.left + box.right) / 2 * across)
    reach = max(times * max(box.height * down, box.width * across), LEAST_LOOK) / 2
    (top, bottom), (left, right) = ((round(at - reach), round(at + reach)) for at in middle)
    place = Box.between(left, top, right, bottom).within(Box.whole(picture.rgb.shape)).slices
    seen = look(Picture(np.ascontiguousarray(picture.rgb[place])))
    inside = enlarged(part, (width, height))[place]
    return float(seen[inside].mean()) if inside.any() else 0.5
