"""A model's looks at an image and at parts of it, and which of them to trust."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from pipeline import raster
from pipeline.box import Box
from pipeline.doubt import LIKELY, SKETCH, doubt
from pipeline.types import Float32

WHOLE = 1.5
"""The factor on the cost of the first look, which has fewer pixels of the subject. Chosen on one half of each set of
bench/RESULTS.md, and tested on the other.
"""

BESIDE = 4
"""Pixels at most this far from the subject, in a copy of SKETCH pixels, belong to its outline."""


class Look(NamedTuple):
    """box: the part that the model saw, in pixels of the image. coarse: its map of it, float32 (side, side), 0..1."""

    box: Box
    coarse: Float32


def best(first: Look, closer: Sequence[Look]) -> Look:
    """The look with the lowest cost. The cost is its doubt, and higher for a look that contradicts the first one.

    first: of the whole image. A look's doubt is divided by the share that it keeps of what `first` showed clearly,
    because a part of the subject, such as a child without its hat, often has less doubt than the whole.
    """
    scale = min(1.0, SKETCH / max(first.box.size))
    whole = overlaid(first, first, scale)
    clear = np.clip(2 * whole - 1, 0, 1) ** 2

    def cost(look: Look) -> float:
        values = overlaid(first, look, scale)
        dropped = float((clear * np.clip(whole - values, 0, 1)).sum()) / max(float(clear.sum()), 1.0)
        return doubt(values) / max(1 - dropped, 1e-6)

    costs = [(WHOLE * cost(first), first), *((cost(look), look) for look in closer)]
    return min(costs, key=lambda pair: pair[0])[1]


def rival(first: Look, chosen: Look) -> float:
    """The highest probability, 0..1, that the first look gives to a pixel outside the chosen look's subject."""
    scale = min(1.0, SKETCH / max(first.box.size))
    near = raster.grown(overlaid(first, chosen, scale) > LIKELY, BESIDE)
    return float(overlaid(first, first, scale)[~near].max(initial=0))


def overlaid(first: Look, look: Look, scale: float = 1.0) -> Float32:
    """The map of `first` with that of `look` in its box, float32 (h, w): the size of the image, times `scale`."""
    values = raster.bilinear(first.coarse, first.box.scaled(scale).size)
    if look is not first:
        box = look.box.scaled(scale)
        values[box.slices] = raster.bilinear(look.coarse, box.size)
    return values
