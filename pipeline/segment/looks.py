"""Looks of one network at an image and at parts of it, and which of them to believe."""

from collections.abc import Sequence
from typing import NamedTuple

import cv2
import numpy as np

from pipeline import raster
from pipeline.box import Box
from pipeline.doubt import LIKELY, SKETCH, doubt
from pipeline.types import Float32

WHOLE = 1.5
"""The first look's doubt counts so many times, as it has fewer pixels of the subject. Chosen on one half of each set of
bench/RESULTS.md, and tested on the other.
"""

BESIDE = 4
"""What is at most so many pixels from the subject, of a copy of SKETCH pixels, belongs to its outline."""


class Look(NamedTuple):
    """Where the network looked, in pixels of the image, and what it answered, float32 (side, side) 0..1."""

    box: Box
    coarse: Float32


def best(first: Look, closer: Sequence[Look]) -> Look:
    """The least doubtful look, where a closer one pays for what it denies.

    first: of the whole image. A closer look's doubt is divided by the share that it keeps of what `first` showed
    clearly: a part of the subject is often surer than the whole, such as a child without its hat.
    """
    scale = min(1.0, SKETCH / max(first.box.size))
    whole = laid_over(first, first, scale)
    clear = np.clip(2 * whole - 1, 0, 1) ** 2

    def cost(look: Look) -> float:
        values = laid_over(first, look, scale)
        denied = float((clear * np.clip(whole - values, 0, 1)).sum()) / max(float(clear.sum()), 1.0)
        return doubt(values) / max(1 - denied, 1e-6)

    costs = [(WHOLE * cost(first), first), *((cost(look), look) for look in closer)]
    return min(costs, key=lambda priced: priced[0])[1]


def rival(first: Look, chosen: Look) -> float:
    """The highest probability that the first look gives to anything beside the chosen look's subject, 0..1."""
    scale = min(1.0, SKETCH / max(first.box.size))
    subject = (laid_over(first, chosen, scale) > LIKELY).astype(np.uint8)
    near = cv2.dilate(subject, np.ones((2 * BESIDE + 1, 2 * BESIDE + 1), np.uint8))
    return float(laid_over(first, first, scale)[near == 0].max(initial=0))


def laid_over(first: Look, look: Look, scale: float = 1.0) -> Float32:
    """`look` over `first`, float32 (h, w): the size of the image, times `scale`."""
    values = raster.bilinear(first.coarse, first.box.scaled(scale).size)
    if look is not first:
        box = look.box.scaled(scale)
        values[box.slices] = raster.bilinear(look.coarse, box.size)
    return values
