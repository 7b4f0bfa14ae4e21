"""Everything that is judged, made small: what a judgement needs to see is coarse, and 12 megapixels take time."""

from dataclasses import dataclass

import numpy as np

from pipeline import raster
from pipeline.raster import Plane
from pipeline.types import UNKNOWN, Float32, Matte, Picture, ProbabilityMap, Trimap, UInt8

SIDE = 320
"""The longest side of the small copies, in pixels. The signals are calibrated at this size."""


@dataclass(frozen=True, slots=True, eq=False)
class Reduced:
    """rgb: uint8 (h, w, 3). The others float32 (h, w), 0..1: means over areas.

    unknown: the share of the trimap that is unknown. source_alpha: the transparency that the picture brought, or None.
    """

    rgb: UInt8
    probability: Float32
    alpha: Float32
    unknown: Float32
    source_alpha: Float32 | None


def reduce(picture: Picture, probability: ProbabilityMap, trimap: Trimap, matte: Matte) -> Reduced:
    """Small copies. Where the user's own trimap decided, the matte that came of it stands for the network's word."""
    alpha = _shrunk(matte.alpha)
    return Reduced(
        _shrunk(picture.rgb),
        alpha if trimap.facts.get("origin") == "user" else _shrunk(probability.values),
        alpha,
        _shrunk((trimap.values == UNKNOWN).astype(np.float32)),
        None if picture.alpha is None else raster.unit(_shrunk(picture.alpha)),
    )


def _shrunk(plane: Plane) -> Plane:
    return raster.shrunk(plane, SIDE)
