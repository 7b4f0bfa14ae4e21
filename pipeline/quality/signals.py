"""What tells a good cutout from a bad one without knowing the truth: four numbers of 0..1, each the better the higher.

Two ask how much the result depends on values in between, and two whether another thing may be the subject: people put
it in the middle of an image, and the model sees little beside it. None asks what the subject is or how large.
"""

from typing import SupportsFloat

import numpy as np

from pipeline.doubt import doubt
from pipeline.quality.reduced import Reduced
from pipeline.types import Float32, ProbabilityMap, Trimap


def measure(small: Reduced, probability: ProbabilityMap, trimap: Trimap) -> dict[str, float]:
    """The signals by name.

    certainty: 1 / (1 + bits of doubt, as `pipeline.doubt.doubt` counts them). agreement: how much of either,
    probability and matte, the other one shares. centred: 1 - 2 times the distance between the centre of the cutout's
    mass and that of the image, as a share of the diagonal; 1 where the user marked the subject. alone: 1 - the highest
    probability that the first look gave to anything beside the subject; 1 where the user's own trimap decided.
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
