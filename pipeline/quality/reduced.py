"""Reduced copies of everything that is judged: small ones are enough, and 12 megapixels would take long."""

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

    unknown: the share of the trimap that is unknown. source_alpha: the picture's own transparency, or None.
    """

    rgb: UInt8
    probability: Float32
    alpha: Float32
    unknown: Float32
    source_alpha: Float32 | None


def reduce(picture: Picture, probability: ProbabilityMap, trimap: Trimap, matte: Matte) -> Reduced:
    """Reduced copies. With a trimap of the user's own, the matte takes the place of the model's probability map."""
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
