"""Written by `python -m bench.calibrate --data FOLDER`, which see; never by hand."""

INTERCEPT = -5.321
WEIGHTS = {"certainty": 0.943, "agreement": 1.196, "centred": 0.855, "alone": 0.227}
"""Of each signal's log odds."""
REVIEW_BELOW = 0.788
"""Cutouts of a lower confidence need a review."""
