"""The measures against their formulas, written out pixel by pixel."""

import math

import numpy as np
import pytest

from bench.metrics import gradient, score

EVERYWHERE = np.ones((4, 5), bool)


def mattes(seed=0, shape=(4, 5)):
    rng = np.random.default_rng(seed)
    return rng.random(shape, dtype=np.float32), rng.random(shape, dtype=np.float32)


def test_differences_follow_their_formulas():
    alpha, truth = mattes()
    scores = score(alpha, truth, EVERYWHERE)
    differences = [abs(float(a) - float(t)) for a, t in zip(alpha.flat, truth.flat, strict=True)]
    assert scores.mae == pytest.approx(1000 * sum(differences) / 20, rel=1e-5)
    assert scores.mse == pytest.approx(1000 * sum(d * d for d in differences) / 20, rel=1e-5)
    assert scores.sad == pytest.approx(sum(differences) / 1000, rel=1e-5)


def test_the_overlap_counts_pixels_above_a_half():
    alpha = np.array([[0.51, 0.5, 1, 0]], np.float32)
    truth = np.array([[1, 1, 0.6, 0.6]], np.float32)
    assert score(alpha, truth, np.ones((1, 4), bool)).iou == 2 / 4
    nothing = np.zeros((1, 4), np.float32)
    assert score(nothing, nothing, np.ones((1, 4), bool)).iou == 0


def written_out(alpha, sigma=1.4, reach=5):
    """The gradient's length by sums over a window; the image is mirrored at its border."""
    height, width = alpha.shape
    weights = [math.exp(-(x**2) / (2 * sigma**2)) for x in range(-reach, reach + 1)]
    smooth = {x: weights[x + reach] / sum(weights) for x in range(-reach, reach + 1)}
    slope = {x: -x * smooth[x] / sigma**2 for x in smooth}

    def at(y, x):
        y, x = abs(y), abs(x)
        return float(alpha[min(y, 2 * height - 2 - y), min(x, 2 * width - 2 - x)])

    def length(y, x):
        window = [(i, j, at(y + j, x + i)) for i in smooth for j in smooth]
        across = sum(slope[i] * smooth[j] * value for i, j, value in window)
        down = sum(smooth[i] * slope[j] * value for i, j, value in window)
        return math.hypot(across, down)

    return np.array([[length(y, x) for x in range(width)] for y in range(height)])


def test_the_gradient_follows_its_formula():
    alpha, truth = mattes(1, (12, 9))
    np.testing.assert_allclose(gradient(alpha), written_out(alpha), atol=1e-6)
    expected = ((written_out(alpha) - written_out(truth)) ** 2).sum() / 1000
    assert score(alpha, truth, np.ones((12, 9), bool)).grad == pytest.approx(expected, rel=1e-4)


def test_a_ramp_has_its_slope_as_gradient():
    ramp = np.tile(np.linspace(0, 1, 51, dtype=np.float32), (31, 1))
    # The kernel is cut off and sampled, so it is a little off one.
    assert gradient(ramp)[15, 25] == pytest.approx(1 / 50, rel=0.01)


def test_pixels_outside_the_region_are_not_scored():
    alpha, truth = mattes()
    region = np.zeros((4, 5), bool)
    region[1:3, 1:4] = True
    inside = score(alpha, truth, region)
    changed = np.where(region, alpha, 1 - alpha)
    assert score(changed, truth, region)[:3] == inside[:3]
    assert score(changed, truth, region).iou == inside.iou
    assert inside.sad == pytest.approx(np.abs(alpha - truth)[1:3, 1:4].sum() / 1000)


def test_the_truth_itself_is_perfect():
    _, truth = mattes()
    assert score(truth, truth, EVERYWHERE) == (0, 0, 0, 0, 1)
