"""Parts of the subject that the model missed: they stand out from a plain backdrop, beside what it found."""

import cv2
import numpy as np

from pipeline import raster
from pipeline.backdrop.masks import Mask, enclosed, frame, grown
from pipeline.backdrop.surface import Surface
from pipeline.types import Float32

SHARP = 12.0
"""Levels a pixel: the outline of a thing is at least so steep; a shadow's is not."""
SMALL = 0.0015
"""The least share of the image that a missed part has; smaller ones are texture and noise."""
CLEAN = 3.0
"""The noise, in levels, below which a backdrop is a clean studio's."""


def missed(rgb: Float32, subject: Mask, surface: Surface) -> Mask:
    """What differs from the backdrop, adjoins the subject, is sharply outlined, and is not its shadow: bool (H, W).

    rgb: float32 (H, W, 3), 0..255. subject: bool (H, W). Nothing where what was found looks like a scene instead of a
    studio: it crosses the image from side to side, is a framed photograph, or stands among other things.
    """
    different = (surface.difference > surface.clear) & ~_shadow(rgb, surface)
    count, labels, stats, _ = cv2.connectedComponentsWithStats((different & ~subject).astype(np.uint8), connectivity=8)
    steepness = _steepness(surface.difference)
    # Where the model found nothing, whatever stands out is the subject.
    near = grown(subject, 1) if subject.any() else np.ones_like(subject)
    edge = frame(subject.shape)
    parts = np.zeros_like(subject)
    for label in range(1, count):
        area = stats[label, cv2.CC_STAT_AREA]
        if area < SMALL * subject.size:  # first, as a busy image has thousands of small ones
            continue
        part = labels == label
        if not (part & near).any():
            continue
        outline = grown(part, 1) & ~part & ~subject & ~edge
        # An arm may come in from the side of a clean studio's image; what leaves a noisier one is more likely scenery.
        leaves = surface.noise >= CLEAN and (part & edge).sum() > 0.25 * np.sqrt(area)
        if outline.any() and np.median(steepness[outline]) >= SHARP and not leaves:
            parts |= part
    if not parts.any():
        return parts
    parts |= enclosed(subject | parts) & (surface.difference >= surface.alike)
    parts &= ~subject
    studio = not _crosses(parts) and not _framed(subject | parts) and _alone(subject | parts, different, surface)
    return parts if studio else np.zeros_like(parts)


def _crosses(mask: Mask) -> bool:
    return bool((mask[0].any() and mask[-1].any()) or (mask[:, 0].any() and mask[:, -1].any()))


def _framed(mask: Mask) -> bool:
    """Whether the mask is a rectangle nearly as large as the image: a photograph within a frame."""
    box = raster.bounds(mask)
    if box is None:
        return False
    inside = mask[box.slices]
    return bool(inside.size >= 0.8 * mask.size and inside.mean() >= 0.97)


def _alone(things: Mask, different: Mask, surface: Surface) -> bool:
    """Whether the rest of the image is backdrop: a meadow may be plain at the image's border and full of sheep."""
    far = ~grown(things | enclosed(things), 12)
    alike = surface.difference < max(4 * surface.noise, 8.0)
    return not far.any() or bool(alike[far].mean() >= 0.86 and different[far].mean() <= 0.035)


def _shadow(rgb: Float32, surface: Surface) -> Mask:
    share = rgb.mean(axis=-1) / np.maximum(surface.colour.mean(axis=-1), 1)
    tint = np.abs(rgb - share[..., None] * surface.colour).max(axis=-1)
    return np.asarray((share > 0.4) & (share < 1.02) & (tint < max(4 * surface.noise, 14.0)))


def _steepness(plane: Float32) -> Float32:
    smooth = cv2.GaussianBlur(plane, (0, 0), 0.8)
    slopes = [cv2.Sobel(smooth, cv2.CV_32F, dx, 1 - dx, scale=1 / 8) for dx in (1, 0)]
    return np.asarray(cv2.dilate(np.hypot(*slopes), np.ones((3, 3), np.uint8)), np.float32)
