"""The shadow that a matte's subject casts: how much light is missing at each pixel.

Two kinds. "drop": the subject hangs before a wall, lit from the upper left, so its outline falls on the wall a little
lower and to the right, blurred by the lamp's size. "contact": it stands on a floor under a wide sky. The floor is dark
where little of the sky is seen from it: right under the subject, and less and less the further away. What touches the
floor is guessed from the outline: the lower side of its convex hull, which joins a car's wheels and a chair's legs,
as far as it lies near the lowest point.

A shadow has no detail finer than its blur, so it is made small and enlarged.
"""

import cv2
import numpy as np

from pipeline import raster
from pipeline.box import Box
from pipeline.types import Float32, UInt8

SIDE = 640
"""Longest side, in pixels, at which a shadow is made."""
DROP_SHIFT = (0.010, 0.022)
"""Right and down, as shares of the longer side of the subject's box; so are all lengths below."""
DROP_BLUR = 0.018
"""Standard deviation of a Gaussian."""
CONTACT_LAYERS = ((0.008, 0.004, 0.008, 1.0), (0.040, 0.020, 0.024, 0.75))
"""Each: standard deviation across and down, half the thickness of what is blurred, and strength. A sharp dark line
where the subject touches, within a wide faint pool."""
CONTACT_RISE = 0.06
"""How far above the lowest point the outline's underside has to be for its shadow to be a third as dark."""
SOLID = 0.5
"""Alpha from which something stands on the floor rather than wafts."""


def cast_shadow(alpha: Float32, kind: str, opacity: int) -> Float32:
    """How much of the light is missing, float32 (H, W) of 0..1, behind the subject whose matte is `alpha`.

    alpha: float32 (H, W) 0..1, of the canvas. kind: "drop" or "contact". opacity: percent at the darkest.
    Zero throughout where nothing of alpha is solid. What would fall beyond the canvas is lost.
    """
    height, width = alpha.shape
    small = raster.shrunk(alpha, SIDE)
    box = raster.bounds(small >= SOLID)
    if box is None:
        return np.zeros_like(alpha)
    length = float(max(box.size))
    made = _dropped(small, length) if kind == "drop" else _contact(small, box, length)
    made = np.clip(made, 0, 1) * np.float32(opacity / 100)
    return raster.bilinear(made, (width, height))


def _dropped(alpha: Float32, length: float) -> Float32:
    shifted = raster.shifted(alpha, DROP_SHIFT[0] * length, DROP_SHIFT[1] * length)
    return _blurred(shifted, DROP_BLUR * length, DROP_BLUR * length)


def _contact(alpha: Float32, box: Box, length: float) -> Float32:
    columns = np.arange(box.left, box.right)
    floor = _floor((alpha >= SOLID).view(np.uint8), columns)
    rise = (box.bottom - 1 - floor) / (CONTACT_RISE * length)
    dark = np.exp(-(rise**2)).astype(np.float32)
    rows = np.arange(alpha.shape[0], dtype=np.float32)[:, None]
    shade = np.zeros_like(alpha)
    for blur_across, blur_down, half, strength in CONTACT_LAYERS:
        line = np.zeros_like(alpha)
        line[:, columns] = dark * np.clip(half * length + 0.5 - np.abs(rows - floor), 0, 1)
        soft = _blurred(line, blur_across * length, blur_down * length)
        peak = float(soft.max())
        # Light that is missing twice over: what one layer lets through, the other takes its share of.
        shade = 1 - (1 - shade) * (1 - soft * np.float32(strength / peak if peak else 0))
    return shade


def _floor(solid: UInt8, columns: np.ndarray) -> np.ndarray:
    """The row, for each of the columns, of the lower side of the solid pixels' convex hull."""
    points = cv2.findNonZero(solid)
    hull = cv2.convexHull(points).reshape(-1, 2).astype(np.float64)
    # Of the hull's edges each column meets one above and one below; rows grow downwards, so the largest is below.
    floor = np.full(columns.shape, -np.inf)
    for (x0, y0), (x1, y1) in zip(hull, np.roll(hull, -1, axis=0), strict=True):
        met = (columns >= min(x0, x1)) & (columns <= max(x0, x1))
        share = np.clip((columns[met] - x0) / (x1 - x0), 0, 1) if x0 != x1 else 0.0
        floor[met] = np.maximum(floor[met], y0 + (y1 - y0) * share if x0 != x1 else max(y0, y1))
    return floor


def _blurred(plane: Float32, across: float, down: float) -> Float32:
    return raster.blurred(plane, max(across, 0.3), max(down, 0.3), black_outside=True)
