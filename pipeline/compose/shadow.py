"""The soft shadow of a subject: how much light is missing at each pixel.

There are two kinds:

- "drop": the subject hangs in front of a wall, lit from the upper left. Its shadow is its outline, moved down and to
  the right, and blurred.
- "contact": the subject stands on a floor under a wide sky. The floor is darkest right under it, where it hides most of
  the sky, and lighter further away. The subject touches the floor along the lower side of its outline's convex hull,
  which joins a car's wheels and a chair's legs, as far as that is near the lowest point.

A shadow has no detail finer than its blur, so it is computed at a small size and enlarged.
"""

import cv2
import numpy as np

from pipeline import raster
from pipeline.box import Box
from pipeline.types import Float32, UInt8

SIDE = 640
"""The longest side, in pixels, at which a shadow is computed."""
DROP_SHIFT = (0.010, 0.022)
"""To the right, and down. All lengths here are fractions of the longer side of the subject's box."""
DROP_BLUR = 0.018
"""Standard deviation of a Gaussian."""
CONTACT_LAYERS = ((0.008, 0.004, 0.008, 1.0), (0.040, 0.020, 0.024, 0.75))
"""For each layer: standard deviation across and down, half the thickness of the blurred line, and strength. The first
is a sharp dark line where the subject touches the floor, the second a wide faint pool around it."""
CONTACT_RISE = 0.06
"""The height above the lowest point at which the underside's shadow is 1/e as dark."""
SOLID = 0.5
"""Pixels of at least this alpha can stand on the floor."""


def cast_shadow(alpha: Float32, kind: str, opacity: int) -> Float32:
    """The fraction of light that is missing in the subject's shadow, float32 (H, W), 0..1.

    alpha: the canvas's, float32 (H, W), 0..1. kind: "drop" or "contact". opacity: of the darkest point, in percent.
    The shadow is 0 everywhere if nothing is solid. Its part beyond the canvas is lost.
    """
    height, width = alpha.shape
    small = raster.shrunk(alpha, SIDE)
    box = raster.bounds(small >= SOLID)
    if box is None:
        return np.zeros_like(alpha)
    length = float(max(box.size))
    shade = _dropped(small, length) if kind == "drop" else _contact(small, box, length)
    shade = np.clip(shade, 0, 1) * np.float32(opacity / 100)
    return raster.bilinear(shade, (width, height))


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
        # Each layer removes its share of the light that the layers before it let through.
        shade = 1 - (1 - shade) * (1 - soft * np.float32(strength / peak if peak else 0))
    return shade


def _floor(solid: UInt8, columns: np.ndarray) -> np.ndarray:
    """For each of the columns, the row of the lower side of the convex hull of the solid pixels, float64 (columns,)."""
    points = cv2.findNonZero(solid)
    hull = cv2.convexHull(points).reshape(-1, 2).astype(np.float64)
    # Each column meets an upper and a lower edge of the hull. Rows grow downwards, so the lower one has the larger row.
    floor = np.full(columns.shape, -np.inf)
    for (x0, y0), (x1, y1) in zip(hull, np.roll(hull, -1, axis=0), strict=True):
        met = (columns >= min(x0, x1)) & (columns <= max(x0, x1))
        rows = y0 + (y1 - y0) * np.clip((columns[met] - x0) / (x1 - x0), 0, 1) if x0 != x1 else max(y0, y1)
        floor[met] = np.maximum(floor[met], rows)
    return floor


def _blurred(plane: Float32, across: float, down: float) -> Float32:
    return raster.blurred(plane, max(across, 0.3), max(down, 0.3), black_outside=True)
