"""What the picture's colours show of the outline: whether its two sides differ, and whether old background is left on
it.

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
"""Colours are averaged up to this far from the outline, on either side, in reduced pixels."""
ALIKE = 10.0
"""Colours that differ by less than this hardly distinguish subject and background."""
_SURE = 0.95
_FEWEST = 16
"""The least number of the outline's pixels to judge it by."""


def measure(small: Reduced) -> dict[str, float]:
    """The numbers behind three reasons, by code.

    low_contrast_edge: the share of the outline where the colours on both sides are ALIKE. halo_risk: the mean colour
    error along the outline where alpha is too high: a pixel with alpha a whose colour is a mixture with a share b of
    background shows (a + b - 1) times the difference between subject and background, if that is positive. busy_matte:
    the outline's length, relative to that of a circle of the same area.
    Empty if there is no subject. busy_matte alone if the outline cannot be judged.
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
    """Where the outline shows at least as much remaining background as on average, bool (h, w)."""
    edge = _edge(small)
    remainder = edge.excess * edge.contrast
    return edge.at(remainder >= remainder.mean())


class _Edge(NamedTuple):
    """length: pixels of the outline. judged: bool (h, w), those with subject and background nearby.

    Of these n pixels, float32 (n,), contrast: the colour difference of the two. excess: by how much alpha is too high.
    """

    length: float
    judged: NDArray[np.bool_]
    contrast: Float32
    excess: Float32

    def at(self, chosen: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """The judged pixels that are chosen, bool (n,), as bool (h, w)."""
        where = np.zeros_like(self.judged)
        where[self.judged] = chosen
        return where


def _edge(small: Reduced) -> _Edge:
    solid = (small.alpha > 0.5).astype(np.uint8)
    outline = cv2.morphologyEx(solid, cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8)) > 0
    rgb = raster.unit(small.rgb)
    front, near_front = _mean_around(rgb, small.alpha >= _SURE)
    back, near_back = _mean_around(rgb, small.alpha <= 1 - _SURE)
    judged = outline & near_front & near_back
    if not judged.any():  # OpenCV rejects an empty array of colours
        none = np.zeros(0, np.float32)
        return _Edge(float(outline.sum()), judged, none, none)
    contrast = np.sqrt(((_lab(front[judged]) - _lab(back[judged])) ** 2).sum(axis=1))
    # In RGB and not in CIELAB, because matting mixes RGB colours: only there a mixture is on the line between the two.
    across = front[judged] - back[judged]
    share = ((rgb[judged] - back[judged]) * across).sum(axis=1) / np.maximum((across**2).sum(axis=1), 1e-4)
    excess = np.maximum(small.alpha[judged] - np.clip(share, 0, 1), 0)
    return _Edge(float(outline.sum()), judged, contrast, excess)


def _mean_around(rgb: Float32, where: np.ndarray) -> tuple[Float32, np.ndarray]:
    """For each pixel, the mean colour of the `where` pixels within REACH of it, and whether there are any."""
    side = 2 * REACH + 1
    weight = where.astype(np.float32)
    count, total = raster.summed(weight, side), raster.summed(rgb * weight[..., None], side)
    return np.divide(total, np.maximum(count, 1)[..., None], dtype=np.float32), count > 0.5


def _lab(colours: Float32) -> Float32:
    """CIELAB of sRGB colours float32 (n, 3)."""
    values: Float32 = raster.lab(colours[None])[0]
    return values
