"""ProbabilityMap -> Trimap: what is sure stays, what is in doubt becomes unknown, and matting decides it."""

import cv2
import numpy as np

from pipeline.errors import BadOptions, NoSubject
from pipeline.stages import BACKGROUND, FOREGROUND, UNKNOWN, Picture, ProbabilityMap, Trimap, UInt8, check_same_size

SURE = 0.95
"""A pixel is foreground from this probability on, background up to its complement."""
BAND = 1.5
"""How far the unknown zone reaches into what is sure, in the network's own pixels: no outline of its is finer."""


def build(picture: Picture, probability: ProbabilityMap) -> Trimap:
    """The trimap of `picture`. Raises NoSubject where no pixel is more likely foreground than not."""
    check_same_size(picture.rgb, probability.values)
    if not (probability.values >= 0.5).any():
        raise NoSubject(
            "Nothing in this picture stands out from its background. Take a picture with one clear subject, "
            "or send a trimap that says where it is."
        )
    reach = max(1, round(BAND * probability.cell))
    values = np.full(probability.values.shape, UNKNOWN, np.uint8)
    values[_shrunk(probability.values >= SURE, reach)] = FOREGROUND
    values[_shrunk(probability.values <= 1 - SURE, reach)] = BACKGROUND
    return Trimap(values, {"unknown_share": float((values == UNKNOWN).mean()), "from": "probability"})


def from_grey(grey: UInt8, picture: Picture) -> Trimap:
    """The user's own trimap, uint8 (H, W): 0 background, 255 foreground, anything else unknown. Raises BadOptions."""
    if grey.shape != picture.rgb.shape[:2]:
        sizes = [f"{height}x{width}" for width, height in (grey.shape, picture.rgb.shape[:2])]
        raise BadOptions(f"The trimap is {sizes[0]} pixels, but the picture is {sizes[1]}; they must agree.")
    values = np.where((grey == BACKGROUND) | (grey == FOREGROUND), grey, np.uint8(UNKNOWN))
    if not (values != BACKGROUND).any():
        raise BadOptions("The trimap is background (0) everywhere; mark the subject with 255 and its edges with 128.")
    return Trimap(values, {"unknown_share": float((values == UNKNOWN).mean()), "from": "user"})


def _shrunk(mask: np.ndarray, reach: int) -> np.ndarray:
    """`mask` without what lies within `reach` pixels of its outline; the picture's own edge is no outline."""
    distance = cv2.distanceTransform(np.pad(mask, 1, mode="edge").astype(np.uint8), cv2.DIST_L2, 3)
    return distance[1:-1, 1:-1] > reach
