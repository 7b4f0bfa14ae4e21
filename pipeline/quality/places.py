"""Where to look for a reason in the image: the box around the largest part that it is about.

A reason about the whole image (no subject, a fine edge, a solver at its limit) has no place.
"""

from collections.abc import Callable
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline import raster
from pipeline.box import Box
from pipeline.quality import edges, openings
from pipeline.quality.reduced import Reduced
from pipeline.report import TrimapFacts

Mask = NDArray[np.bool_]

UNDECIDED = (0.2, 0.8)
"""Probabilities between which the model has not decided."""
NEAR = 2
"""Pieces within this many pixels of each other are one place, because an outline may be dotted."""


def place(code: str, small: Reduced, facts: TrimapFacts, size: tuple[int, int]) -> Box | None:
    """The place of a reason in an image of that size (width, height), None if it has none. facts: the trimap's."""
    if code in _BACKDROP:
        found = facts["backdrop"][_BACKDROP[code]]
        return None if found is None else Box(*found)
    if code not in _MASKS:
        return None
    mask = _MASKS[code](small)
    box = raster.bounds(raster.largest(mask, near=NEAR))
    return None if box is None else box.resized(mask.shape, size)


def _undecided(small: Reduced) -> Mask:
    low, high = UNDECIDED
    return (small.probability > low) & (small.probability < high)


def _hidden(small: Reduced) -> Mask:
    assert small.source_alpha is not None
    return small.probability * (1 - small.source_alpha) > 0.5


def _others(small: Reduced) -> Mask:
    """The subject without its largest piece."""
    solid = small.alpha > 0.5
    _, labels, stats, _ = cv2.connectedComponentsWithStats(solid.astype(np.uint8), connectivity=8)
    return np.asarray(solid & (labels != 1 + stats[1:, cv2.CC_STAT_AREA].argmax()))


def _cut_off(small: Reduced) -> Mask:
    solid = small.alpha > 0.5
    solid[1:-1, 1:-1] = False
    return solid


_BACKDROP: dict[str, Literal["left_out_box", "pocket_box"]] = {
    "part_left_out": "left_out_box",
    "hole_in_doubt": "pocket_box",
}
_MASKS: dict[str, Callable[[Reduced], Mask]] = {
    "uncertain_subject": _undecided,
    "opening_in_doubt": openings.largest,
    "existing_alpha_conflict": _hidden,
    "large_unknown_area": lambda small: small.unknown > 0.5,
    "low_contrast_edge": edges.alike,
    "halo_risk": edges.haloed,
    "several_subjects": _others,
    "tiny_subject": lambda small: small.alpha > 0.5,
    "touches_border": _cut_off,
}
