"""What tells a good cutout from a bad one without knowing the truth: two numbers of 0..1, each the better the higher.

Both ask how much the result hangs on values in between, and neither how large, where or what the subject is, so that
they mean the same for a shoe and a person, and for any network that gives a probability.
"""

from typing import SupportsFloat

import numpy as np

from pipeline.doubt import doubt
from pipeline.quality.reduced import Reduced


def measure(small: Reduced) -> dict[str, float]:
    """The signals by name.

    certainty: 1 / (1 + bits of doubt, as `pipeline.doubt.doubt` counts them). agreement: how much of either,
    probability and matte, the other one shares.
    """
    return {
        "certainty": 1 / (1 + doubt(small.probability)),
        "agreement": _ratio(
            np.minimum(small.probability, small.alpha).sum(dtype=np.float64),
            np.maximum(small.probability, small.alpha).sum(dtype=np.float64),
        ),
    }


def _ratio(part: SupportsFloat, whole: SupportsFloat) -> float:
    return float(part) / float(whole) if float(whole) else 0.0
