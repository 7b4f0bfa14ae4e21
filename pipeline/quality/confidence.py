"""Signals -> confidence: how often cutouts with such signals were right, learnt from images whose true matte is known.

A logistic regression of "intersection over union with the truth of at least 0.8" on the log odds of the signals, with a
ridge penalty. No weight may be negative, so a better signal never lowers the confidence. `python -m bench.calibrate
--data FOLDER` fits the numbers in `coefficients` again, tests them by cross-validation (images of one scene are in the
same fold), and writes the results to bench/RESULTS.md.
"""

import math
from collections.abc import Mapping

from pipeline.quality.coefficients import INTERCEPT, WEIGHTS

LEAST = 0.02
"""Signals are kept at least this far from 0 and from 1."""


def log_odds(signal: float) -> float:
    """The log odds of a signal of 0..1; between -3.9 and 3.9."""
    clamped = min(max(signal, LEAST), 1 - LEAST)
    return math.log(clamped / (1 - clamped))


def of(signals: Mapping[str, float]) -> float:
    """The confidence, 0..1, of a cutout with these signals."""
    total = INTERCEPT + sum(weight * log_odds(signals[name]) for name, weight in WEIGHTS.items())
    return 1 / (1 + math.exp(-total))
