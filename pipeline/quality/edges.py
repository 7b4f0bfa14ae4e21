"""What the picture's colours say about the outline: is there anything to see it by, and does the old background stick?

Colour differences are distances in CIELAB (CIE76): about 2 is just noticeable, 10 is plain to see.
"""

import cv2
import numpy as np

from pipeline import raster
from pipeline.quality.reduced import Reduced
from pipeline.types import Float32

REACH = 7
"""How far to either side of the outline the colours are taken from, in reduced pixels."""
ALIKE = 10.0
"""Colours nearer to each other than this hardly tell subject from background."""
_SURE = 0.95
_FEWEST = 16
"""Pixels of the outline that a statement needs."""


def measure(small: Reduced) -> dict[str, float]:
    """low_contrast_edge: the share of the outline where the colours on both sides are ALIKE.

    halo_risk: along it, the mean colour difference that too high an alpha makes: a pixel that looks like background
    to a degree b, but has an alpha of a > 1 - b, shows (a + b - 1) times the difference of the two.
    busy_matte: the outline's length, in those of a circle of the same area.
    All but the last are missing where no outline can be judged, and that too where there is no subject.
    """
    solid = (small.alpha > 0.5).astype(np.uint8)
    area = int(solid.sum())
    if not area:
        return {}
    outline = cv2.morphologyEx(solid, cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8)) > 0
    numbers = {"busy_matte": float(outline.sum()) / 2 / np.sqrt(4 * np.pi * area)}
    rgb = raster.unit(small.rgb)
    front, near_front = _mean_around(rgb, small.alpha >= _SURE)
    back, near_back = _mean_around(rgb, small.alpha <= 1 - _SURE)
    seen = outline & near_front & near_back
    if int(seen.sum()) < _FEWEST:
        return numbers
    contrast = np.sqrt(((_lab(front[seen]) - _lab(back[seen])) ** 2).sum(axis=1))
    # Mixtures are straight lines in the colours that matting mixes, not in CIELAB.
    across = front[seen] - back[seen]
    share = ((rgb[seen] - back[seen]) * across).sum(axis=1) / np.maximum((across**2).sum(axis=1), 1e-4)
    excess = np.maximum(small.alpha[seen] - np.clip(share, 0, 1), 0)
    return numbers | {
        "low_contrast_edge": float((contrast < ALIKE).mean()),
        "halo_risk": float((excess * contrast).mean()),
    }


def _mean_around(rgb: Float32, where: np.ndarray) -> tuple[Float32, np.ndarray]:
    """The mean colour within REACH of each pixel, of those pixels where `where` holds; and whether there is any."""
    side = 2 * REACH + 1
    weight = where.astype(np.float32)
    count, total = raster.summed(weight, side), raster.summed(rgb * weight[..., None], side)
    return np.divide(total, np.maximum(count, 1)[..., None], dtype=np.float32), count > 0.5


def _lab(colours: Float32) -> Float32:
    """CIELAB of sRGB colours float32 (n, 3)."""
    values: Float32 = raster.lab(colours[None])[0]
    return values
