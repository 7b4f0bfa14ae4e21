"""Written by `python -m bench.calibrate --data FOLDER`, which see; never by hand."""

INTERCEPT = -4.199
WEIGHTS = {"expected_overlap": 0.812, "decided": 1.260, "agreement": 0.572}
"""Of each signal's log odds."""
REVIEW_BELOW = 0.624
"""The confidence from which on nobody need look."""
