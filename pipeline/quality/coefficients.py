"""Written by `python -m bench.calibrate --data FOLDER`, which see; never by hand."""

INTERCEPT = -5.353
WEIGHTS = {"certainty": 0.905, "agreement": 1.250, "centred": 0.811, "alone": 0.234}
"""Of each signal's log odds."""
REVIEW_BELOW = 0.799
"""Cutouts of a lower confidence need a review."""
