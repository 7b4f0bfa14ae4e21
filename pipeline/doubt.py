"""How far to trust a probability map, judged by its own values."""

import numpy as np

from pipeline.types import Float32

SKETCH = 320
"""The longest side, in pixels, of the small copies by which maps are compared."""
LIKELY = 0.5
"""The probability from which a pixel counts as part of the subject."""
SURE = 0.1
"""The doubt, in bits for each pixel of the expected subject, up to which a map is trusted as it is."""


def doubt(values: Float32) -> float:
    """How undecided a map is: its entropy, in bits, for each pixel of the expected subject. 0 or more.

    This is the sum of the pixels' binary entropies over the sum of their probabilities, and infinite if that is 0.
    values: float32 (H, W), 0..1. They are thinned out to at most twice SKETCH, because the result does not depend on
    the size.
    """
    down, across = (max(1, side // SKETCH) for side in values.shape)
    values = values[::down, ::across]
    p = np.clip(values, 1e-4, 1 - 1e-4).astype(np.float64)
    expected = float(values.sum(dtype=np.float64))
    entropy = -float((p * np.log2(p) + (1 - p) * np.log2(1 - p)).sum())
    return entropy / expected if expected else float("inf")
