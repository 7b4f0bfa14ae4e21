"""What tells a good cutout from a bad one without knowing the truth: three numbers of 0..1, each the better the higher.

All ask how much the result hangs on values in between, and none how large, where or what the subject is, so that they
mean the same for a shoe and a person, and for any network that gives a probability.
"""

from typing import SupportsFloat

import numpy as np

from pipeline.overlap import expected_iou
from pipeline.quality.reduced import Reduced


def measure(small: Reduced) -> dict[str, float]:
    """The signals by name.

    expected_overlap: see `pipeline.overlap.expected_iou`. decided: of what is not clearly background, the share that
    is clearly subject. agreement: how much of either, probability and matte, the other one shares.
    """
    return {
        "expected_overlap": expected_iou(small.probability),
        "decided": _ratio(np.count_nonzero(small.probability > 0.9), np.count_nonzero(small.probability > 0.1)),
        "agreement": _ratio(
            np.minimum(small.probability, small.alpha).sum(dtype=np.float64),
            np.maximum(small.probability, small.alpha).sum(dtype=np.float64),
        ),
    }


def _ratio(part: SupportsFloat, whole: SupportsFloat) -> float:
    return float(part) / float(whole) if float(whole) else 0.0
