"""Written by `python -m bench.calibrate --data FOLDER`, which see; never by hand."""

INTERCEPT = -3.795
WEIGHTS = {"certainty": 1.264, "agreement": 1.114}
"""Of each signal's log odds."""
REVIEW_BELOW = 0.747
"""The confidence from which on nobody need look."""
