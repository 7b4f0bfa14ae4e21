"""The fit is monotone and cross-validated by scene, and the measures follow their definitions."""

import numpy as np
import pytest

from bench.calibrate import reasoned, second_of_two
from bench.calibration import area_under_roc, cross_validated, fit


def _pictures(count=400, seed=1):
    """Odds of two signals, the second without meaning, and whether the cutout was good."""
    random = np.random.default_rng(seed)
    odds = random.normal(0, 1.5, (count, 2))
    return odds, random.random(count) < 1 / (1 + np.exp(-(1 + 2 * odds[:, 0])))


def test_a_fit_finds_the_weights_that_generated_the_data():
    model = fit(*_pictures(20_000))
    assert model.intercept == pytest.approx(1, abs=0.1)
    assert model.weights == pytest.approx([2, 0], abs=0.1)


def test_no_weight_is_negative_even_if_the_data_suggest_it():
    odds, good = _pictures()
    assert fit(-odds, good).weights[0] == 0
    assert (fit(odds, good).weights >= 0).all()


def test_the_area_under_the_curve():
    bad = np.array([True, True, False, False])
    assert area_under_roc(np.array([0.1, 0.2, 0.8, 0.9]), bad) == 1
    assert area_under_roc(np.array([0.9, 0.8, 0.2, 0.1]), bad) == 0
    assert area_under_roc(np.array([0.1, 0.5, 0.5, 0.9]), bad) == pytest.approx(3.5 / 4)
    assert area_under_roc(np.zeros(4), bad) == 0.5


def test_a_scene_is_never_judged_by_a_fit_to_it():
    """The signals are random but identify the scene: they help only a fit to the same scene."""
    random = np.random.default_rng(3)
    scenes = np.repeat(np.arange(60), 5)
    odds = random.normal(0, 1, (60, 20))[scenes]
    good = (random.random(60) < 0.5)[scenes]
    by_heart = area_under_roc(fit(odds, good).confidence(odds), ~good)
    left_out = area_under_roc(cross_validated(odds, good, [str(scene) for scene in scenes]), ~good)
    leaky = area_under_roc(cross_validated(odds, good, [str(number) for number in range(len(odds))]), ~good)
    assert by_heart > 0.7
    assert left_out < 0.55 < leaky - 0.1


def test_the_halves_are_every_other_image_of_each_set():
    assert list(second_of_two(["a", "a", "b", "a", "b"])) == [False, True, False, False, True]


def test_only_other_reasons_for_a_review_count_as_reasons():
    assert reasoned(iter(["halo_risk", "part_left_out"]))
    assert not reasoned(["uncertain_subject", "busy_matte"])
