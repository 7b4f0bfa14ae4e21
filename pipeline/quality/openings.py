"""Openings that may be filled: parts inside the subject that show the background's own surface.

The space within a padlock's shackle is background, even where the model is certain that it is the subject's. It has the
colours of the background around the subject, lit or shaded, and the rest of the subject hardly has them. A blank label
can look the same, so this is a reason to look, and cuts nothing.
"""

from collections.abc import Iterator

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline import raster
from pipeline.box import Box
from pipeline.quality.reduced import Reduced
from pipeline.types import Float32

Mask = NDArray[np.bool_]

LEAST = 0.08
"""An opening has more than this share of the subject; smaller parts are reflections more often than openings."""
INSIDE = 0.94
"""The share of an opening's rim, at least, that is the subject's."""
ELSEWHERE = 0.12
"""The share of the rest of the subject, at most, that has the background's colours too. A white car before a white
background has them all over.
"""
TINT = 1.0
"""The distance, at most, in CIELAB's a and b between an opening and the background near it, in the same light."""
NEAR = 40
"""The background near a part lies within so many reduced pixels of the part's box."""
LEVELS = 32
"""Of each channel in the histograms of colours, which a blur widens by one level."""
RARE = 1e-6
"""A share of the pixels below which a colour counts as unseen."""


def largest(small: Reduced) -> Mask:
    """The largest part inside the subject that may be an opening, bool (h, w); all False if there is none."""
    solid, outside = small.alpha > 0.5, ~raster.grown(small.alpha >= 0.05, 2)
    inner, alike = ~raster.grown(~solid, 1), solid & _alike(small, _near(solid, outside))
    lab = raster.lab(raster.unit(small.rgb))
    for part in _parts(alike, LEAST * np.count_nonzero(solid)):
        rim, rest, near = raster.grown(part, 1) & ~part, solid & ~raster.grown(part, 2), _near(part, outside)
        if not rest.any() or not near.any():
            continue
        tint = _tint(lab[part].mean(axis=0), lab[near].mean(axis=0))
        if inner[rim].mean() >= INSIDE and alike[rest].mean() <= ELSEWHERE and tint <= TINT:
            return part
    return np.zeros_like(solid)


def _tint(colour: Float32, other: Float32) -> float:
    """How far a colour (L, a, b) is from another one in the same light. Light scales L + 16, a and b alike."""
    light = (colour[0] + 16) / (other[0] + 16)
    return float(np.hypot(*(colour - light * other)[1:]))


def _near(part: Mask, outside: Mask) -> Mask:
    """The pixels of `outside` near the part, bool (h, w)."""
    near, box = np.zeros_like(outside), raster.bounds(part)
    if box is not None:
        place = box.widened(NEAR).within(Box.whole(part.shape)).slices
        near[place] = outside[place]
    return near


def _parts(mask: Mask, least: float) -> Iterator[Mask]:
    """The connected parts of the mask of more than `least` pixels, the largest first."""
    opened = cv2.morphologyEx(mask.astype(np.uint8), cv2.MORPH_OPEN, np.ones((3, 3), np.uint8))
    _, labels, stats, _ = cv2.connectedComponentsWithStats(opened, connectivity=4)
    areas = stats[:, cv2.CC_STAT_AREA]
    for label in sorted(range(1, len(areas)), key=lambda label: -areas[label]):
        if areas[label] <= least:
            return
        yield labels == label


def _alike(small: Reduced, around: Mask) -> Mask:
    """Where the colour is more frequent in `around`, the background, than in the subject: bool (h, w)."""
    levels = (small.rgb // (256 // LEVELS)).astype(np.intp)
    colours = (levels[..., 0] * LEVELS + levels[..., 1]) * LEVELS + levels[..., 2]
    front, back = (_frequencies(colours[where]) for where in (small.alpha > 0.95, around))
    odds = np.log((back + RARE) / (front + RARE))[colours]
    return np.asarray(raster.blurred(np.clip(odds, -3, 3), 1.0) > 0)


def _frequencies(colours: NDArray[np.intp]) -> Float32:
    """The share of each colour in `colours`, (n,), float32 (LEVELS ** 3,)."""
    counts = np.bincount(colours, minlength=LEVELS**3)
    shares: Float32 = np.divide(counts, max(1, colours.size), dtype=np.float32)
    for _ in range(3):  # each turn blurs one channel, and the transposition brings the next one to the front
        shares = raster.blurred(shares.reshape(LEVELS, LEVELS**2), 1e-3, 1.0, black_outside=True).T.ravel()
    return shares
