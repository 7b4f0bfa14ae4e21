"""Written by `python -m bench.calibrate --data FOLDER`, which see; never by hand."""

INTERCEPT = -3.807
WEIGHTS = {"certainty": 1.399, "agreement": 1.021}
"""Of each signal's log odds."""
REVIEW_BELOW = 0.810
"""Cutouts of a lower confidence need a review."""
