"""Holes in the subject: pockets that show the backdrop, where the model had a doubt and a closer look agrees."""

from collections.abc import Callable, Iterator

import cv2
import numpy as np

from pipeline import raster
from pipeline.backdrop.masks import Mask, enlarged, grown
from pipeline.backdrop.surface import Surface
from pipeline.box import Box
from pipeline.types import Float32, Picture

Look = Callable[[Picture], Float32]
"""The model's probability map of a part of the image, float32 (h, w), for a second opinion."""

SMALL = 0.0003
"""The least share of the image that a pocket has; what is smaller is left to matting and refinement."""
CERTAIN = 0.97
"""The mean probability above which the model has no doubt that a pocket is the subject's own surface."""
WALLED, WALL = 0.95, np.ones((9, 9), np.uint8)
"""The share of a pocket's rim that must stand out from the backdrop, within four pixels: a white product before white
has no such walls.
"""
NEIGHBOURHOOD, LEAST_LOOK = 3.5, 160.0
"""The closer look: so many times as wide as the pocket, and at least so many pixels of the image."""


def pockets(values: Float32, subject: Mask, surface: Surface, *, certain: bool) -> Iterator[Mask]:
    """Pockets inside the subject, bool (H, W) each, that look like the backdrop and are walled in.

    values: the probability map, float32 (H, W). subject: bool (H, W). certain: leave out the pockets that the model
    is certain of, as it is of white labels.
    """
    smooth = cv2.GaussianBlur(surface.difference, (0, 0), 0.7)
    alike = ((smooth < surface.alike) & subject).astype(np.uint8)
    opened = cv2.morphologyEx(alike, cv2.MORPH_OPEN, np.ones((3, 3), np.uint8))
    count, labels, stats, _ = cv2.connectedComponentsWithStats(opened, connectivity=4)
    for label in range(1, count):
        if stats[label, cv2.CC_STAT_AREA] < max(12, SMALL * subject.size):
            continue
        pocket = labels == label
        if certain and values[pocket].mean() > CERTAIN:
            continue
        rim = grown(pocket, 1) & ~pocket
        around = cv2.dilate(np.where(pocket, 0, surface.difference).astype(np.float32), WALL)
        walled = (around[rim] > surface.clear).mean()
        if walled >= WALLED and (~subject)[rim].mean() <= 1 - WALLED:
            yield pocket


def seen_through(pocket: Mask, picture: Picture, look: Look) -> bool:
    """Whether the model, looking closer at the pocket's neighbourhood, takes the pocket for background.

    pocket: bool (h, w), at the size of the small copy.
    """
    height, width = picture.rgb.shape[:2]
    box = raster.bounds(pocket)
    if box is None:
        return False
    down, across = height / pocket.shape[0], width / pocket.shape[1]
    middle = ((box.top + box.bottom) / 2 * down, (box.left + box.right) / 2 * across)
    reach = max(NEIGHBOURHOOD * max(box.height * down, box.width * across), LEAST_LOOK) / 2
    (top, bottom), (left, right) = ((round(at - reach), round(at + reach)) for at in middle)
    place = Box.between(left, top, right, bottom).within(Box.whole(picture.rgb.shape)).slices
    seen = look(Picture(np.ascontiguousarray(picture.rgb[place])))
    inside = enlarged(pocket, (width, height))[place]
    return bool(inside.any() and seen[inside].mean() < 0.5)
