"""What the picture's colours say about the outline: is there anything to see it by, and does the old background stick?

Colour differences are distances in CIELAB (CIE76): about 2 is just noticeable, 10 is plain to see.
"""

from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

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
    area = np.count_nonzero(small.alpha > 0.5)
    if not area:
        return {}
    edge = _edge(small)
    numbers = {"busy_matte": edge.length / 2 / np.sqrt(4 * np.pi * area)}
    if edge.contrast.size < _FEWEST:
        return numbers
    return numbers | {
        "low_contrast_edge": float((edge.contrast < ALIKE).mean()),
        "halo_risk": float((edge.excess * edge.contrast).mean()),
    }


def alike(small: Reduced) -> NDArray[np.bool_]:
    """Where the outline has ALIKE colours on both sides, bool (h, w)."""
    edge = _edge(small)
    return edge.at(edge.contrast < ALIKE)


def haloed(small: Reduced) -> NDArray[np.bool_]:
    """Where the outline shows more of a remainder of the background than on average, bool (h, w)."""
    edge = _edge(small)
    remainder = edge.excess * edge.contrast
    return edge.at(remainder >= remainder.mean())


class _Edge(NamedTuple):
    """length: pixels of the outline. seen: bool (h, w), those of them that have subject and background near.

    Of these n pixels, float32 (n,), contrast: the colour difference of the two. excess: how much too high alpha is.
    """

    length: float
    seen: NDArray[np.bool_]
    contrast: Float32
    excess: Float32

    def at(self, chosen: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """The seen pixels that are chosen, bool (n,), as bool (h, w)."""
        where = np.zeros_like(self.seen)
        where[self.seen] = chosen
        return where


def _edge(small: Reduced) -> _Edge:
    solid = (small.alpha > 0.5).astype(np.uint8)
    outline = cv2.morphologyEx(solid, cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8)) > 0
    rgb = raster.unit(small.rgb)
    front, near_front = _mean_around(rgb, small.alpha >= _SURE)
    back, near_back = _mean_around(rgb, small.alpha <= 1 - _SURE)
    seen = outline & near_front & near_back
    if not seen.any():  # OpenCV does not convert the colours of no pixel
        none = np.zeros(0, np.float32)
        return _Edge(float(outline.sum()), seen, none, none)
    contrast = np.sqrt(((_lab(front[seen]) - _lab(back[seen])) ** 2).sum(axis=1))
    # Mixtures are straight lines in the colours that matting mixes, not in CIELAB.
    across = front[seen] - back[seen]
    share = ((rgb[seen] - back[seen]) * across).sum(axis=1) / np.maximum((across**2).sum(axis=1), 1e-4)
    excess = np.maximum(small.alpha[seen] - np.clip(share, 0, 1), 0)
    return _Edge(float(outline.sum()), seen, contrast, excess)


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
