"""Written by `python -m bench.calibrate --data FOLDER`, which see; never by hand."""

INTERCEPT = -4.020
WEIGHTS = {"expected_overlap": 0.618, "decided": 0.781, "agreement": 0.857}
"""Of each signal's log odds."""
REVIEW_BELOW = 0.764
"""The confidence from which on nobody need look."""
