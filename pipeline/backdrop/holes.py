"""Pockets: places inside the subject that look like the backdrop, and may be holes."""

from collections.abc import Iterator

import cv2
import numpy as np

from pipeline import raster
from pipeline.backdrop.masks import Mask
from pipeline.backdrop.surface import Surface
from pipeline.types import Float32

SMALL = 0.0003
"""The least area of a pocket, as a share of the image; smaller ones are left to matting and refinement."""
CERTAIN = 0.97
"""The mean probability above which the model is certain that a pocket belongs to the subject."""
WALLED, WALL = 0.95, np.ones((9, 9), np.uint8)
"""The share of a pocket's rim that must stand out from the backdrop, and how far around it that may be: four pixels. A
white product before a white backdrop has no such walls.
"""


def pockets(values: Float32, subject: Mask, surface: Surface, *, certain: bool) -> Iterator[Mask]:
    """Pockets inside the subject, bool (H, W) each, that look like the backdrop and are walled in.

    values: the probability map, float32 (H, W). subject: bool (H, W). certain: leave out pockets that the model is
    certain belong to the subject, such as white labels.
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
        rim = raster.grown(pocket, 1) & ~pocket
        around = cv2.dilate(np.where(pocket, 0, surface.difference).astype(np.float32), WALL)
        walled = (around[rim] > surface.clear).mean()
        if walled >= WALLED and (~subject)[rim].mean() <= 1 - WALLED:
            yield pocket
