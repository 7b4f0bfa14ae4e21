"""Four numbers, 0..1, by which good cutouts can be distinguished from bad ones without the truth. Higher is better.

Two measure how decided the result is. The other two measure whether something else may be the subject: people put it in
the middle of an image, and the model should see little beside it. None depends on what the subject is or on its size.
"""

from typing import SupportsFloat

import numpy as np

from pipeline.doubt import doubt
from pipeline.quality.reduced import Reduced
from pipeline.types import Float32, ProbabilityMap, Trimap


def measure(small: Reduced, probability: ProbabilityMap, trimap: Trimap) -> dict[str, float]:
    """The signals by name.

    certainty: 1 / (1 + the doubt in bits, see `pipeline.doubt.doubt`). agreement: the sum of the smaller of probability
    and alpha, over the sum of the larger. centred: 1 - 2 times the distance between the cutout's centre of mass and the
    image's centre, as a share of the diagonal; 1 if the user marked the subject. alone: 1 - the highest probability
    that the first look gave to anything beside the subject; 1 with a trimap of the user's own.
    """
    own = trimap.facts.get("origin") == "user"
    return {
        "certainty": 1 / (1 + doubt(small.probability)),
        "agreement": _ratio(
            np.minimum(small.probability, small.alpha).sum(dtype=np.float64),
            np.maximum(small.probability, small.alpha).sum(dtype=np.float64),
        ),
        "centred": 1.0 if own or marked(trimap) else _centred(small.alpha),
        "alone": 1.0 if own else 1 - probability.facts.get("rival", 0.0),
    }


def marked(trimap: Trimap) -> bool:
    """Whether the user marked the subject, with a rectangle or strokes."""
    return "roi" in trimap.facts or "scribbled_share" in trimap.facts


def _centred(alpha: Float32) -> float:
    mass = alpha.sum(dtype=np.float64)
    if not mass:
        return 0.0
    offsets = [
        float(alpha.sum(axis=1 - axis, dtype=np.float64) @ (np.arange(side) + 0.5 - side / 2)) / mass
        for axis, side in enumerate(alpha.shape)
    ]
    return 1 - 2 * float(np.hypot(*offsets) / np.hypot(*alpha.shape))


def _ratio(part: SupportsFloat, whole: SupportsFloat) -> float:
    return float(part) / float(whole) if float(whole) else 0.0
