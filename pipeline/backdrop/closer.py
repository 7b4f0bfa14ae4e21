"""A second opinion: the model's probability of a part of the image when it sees its neighbourhood enlarged."""

from collections.abc import Callable

import numpy as np

from pipeline import raster
from pipeline.backdrop.masks import Mask, enlarged
from pipeline.box import Box
from pipeline.types import Float32, Picture

Look = Callable[[Picture], Float32]
"""Runs the model on a part of the image; returns its probability map, float32 (h, w)."""

LEAST_LOOK = 160.0
"""The least width of a closer look, in pixels of the image."""


def probability(part: Mask, picture: Picture, look: Look, times: float) -> float:
    """The mean probability of `part`, 0..1, in a look that is `times` as wide as the part.

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
