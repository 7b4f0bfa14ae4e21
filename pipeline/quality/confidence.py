"""Signals -> confidence: how often a cutout with such signals was right, learnt from pictures whose truth is known.

Logistic regression of "intersection over union with the truth of at least 0.8" on the log odds of the signals, with a
ridge, and with weights that may not be negative: where a signal gets better, confidence never falls. The command
`python -m bench.calibrate --data FOLDER` refits the few numbers in `coefficients`, tests them on pictures that were
left out (in folds that keep pictures of one scene together) and says in bench/RESULTS.md how well they do.
"""

import math
from collections.abc import Mapping

from pipeline.quality.coefficients import INTERCEPT, WEIGHTS

LEAST = 0.02
"""Signals nearer to 0 or 1 than this say no more than this does."""


def log_odds(signal: float) -> float:
    """Of a signal of 0..1; between -3.9 and 3.9."""
    kept = min(max(signal, LEAST), 1 - LEAST)
    return math.log(kept / (1 - kept))


def of(signals: Mapping[str, float]) -> float:
    """The confidence, 0..1, of a cutout with these signals."""
    total = INTERCEPT + sum(weight * log_odds(signals[name]) for name, weight in WEIGHTS.items())
    return 1 / (1 + math.exp(-total))
