"""The mathematics of the calibration: fit a confidence to signals, cross-validate it, and measure it."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.stats import rankdata

RIDGE = 1.0
REPEATS, PARTS = 10, 5

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


class Model(NamedTuple):
    """A logistic model. weights: of each signal's log odds, in the order of `coefficients.WEIGHTS`."""

    intercept: float
    weights: Floats

    def confidence(self, odds: Floats) -> Floats:
        """(n, signals) log odds to (n,) confidences."""
        chance: Floats = 1 / (1 + np.exp(-(self.intercept + odds @ self.weights)))
        return chance


def fit(odds: Floats, good: Bools) -> Model:
    """Logistic regression of `good` (n,) on (n, signals), with an L2 penalty (ridge) and no negative weights."""
    design = np.column_stack((np.ones(len(odds)), odds))
    sign = np.where(good, 1.0, -1.0)

    def loss(w: Floats) -> tuple[float, Floats]:
        margin = sign * (design @ w)
        slope = design.T @ (-sign / (1 + np.exp(margin))) + RIDGE * np.r_[0, w[1:]]
        return float(np.logaddexp(0, -margin).sum() + RIDGE / 2 * (w[1:] ** 2).sum()), slope

    bounds = [(None, None)] + [(0, None)] * odds.shape[1]
    w = minimize(loss, np.zeros(design.shape[1]), jac=True, bounds=bounds, method="L-BFGS-B").x
    return Model(float(w[0]), w[1:])


def cross_validated(odds: Floats, good: Bools, scenes: Sequence[str]) -> Floats:
    """The mean confidence of each case, from models that were fitted without its scene."""
    names, index = np.unique(scenes, return_inverse=True)
    total = np.zeros(len(odds))
    for seed in range(REPEATS):
        part = np.random.default_rng(seed).permutation(np.arange(len(names)) % PARTS)[index]
        for left_out in range(PARTS):
            here = part == left_out
            total[here] += fit(odds[~here], good[~here]).confidence(odds[here])
    return total / REPEATS


def area_under_roc(confidence: Floats, bad: Bools) -> float:
    """The probability that a bad cutout has a lower confidence than a good one; ties count half."""
    ranks = rankdata(-confidence)
    count = int(bad.sum())
    return float((ranks[bad].sum() - count * (count + 1) / 2) / (count * (~bad).sum()))
