"""Confidence falls with doubt, at any size of the picture; the user's marks count more than the model's doubt."""

import json

import cv2
import numpy as np
import pytest

from pipeline.quality import coefficients, confidence, judge
from pipeline.quality.reasons import RULES
from pipeline.types import Matte, Picture, ProbabilityMap, Trimap
from tests.pipeline.quality.scenes import Scene, disc

HALF_SURE = disc() * np.float32(0.6) + np.float32(0.05)


def test_a_sure_subject_needs_no_review():
    judged = Scene(disc()).judged()
    assert judged.confidence > 0.9
    assert (judged.needs_review, judged.reasons) == (False, ())
    json.dumps(judged.described())


def test_doubt_and_disagreement_cost_confidence():
    sure = Scene(disc()).judged().confidence
    moved = Scene(disc(), matte=disc(30)).judged().confidence
    doubtful = Scene(disc(), probability=HALF_SURE).judged().confidence
    assert sure > moved
    assert sure > 0.5 > doubtful


def test_a_subject_far_from_the_middle_costs_confidence():
    middle, corner = Scene(disc(30)), Scene(disc(30, x=40, y=160))
    assert corner.judged().confidence < middle.judged().confidence - 0.05


@pytest.mark.parametrize("facts", [{"roi": [0, 100, 100, 100]}, {"scribbled_share": 0.1}, {"origin": "user"}])
def test_a_subject_that_the_user_marked_may_be_anywhere(facts):
    assert Scene(disc(30, x=40, y=160), trimap_facts=facts).judged().signals["centred"] == 1


def test_centred_is_the_distance_from_the_middle_as_a_share_of_the_diagonal():
    half = np.zeros((30, 40), np.float32)
    half[:, :20] = 1
    judged = judge(
        Picture(np.zeros((30, 40, 3), np.uint8)),
        ProbabilityMap(half, 1.0),
        Trimap(np.uint8(255) * (half > 0)),
        Matte(half),
    )
    assert judged.signals["centred"] == pytest.approx(1 - 2 * 10 / 50)


def test_a_rival_costs_confidence_except_with_a_trimap_of_the_users():
    alone, rival = Scene(disc()), Scene(disc(), segment_facts={"rival": 0.9})
    assert rival.judged().signals["alone"] == pytest.approx(0.1)
    assert rival.judged().confidence < alone.judged().confidence
    assert rival._replace(trimap_facts={"origin": "user"}).judged().signals["alone"] == 1


def test_confidence_never_falls_where_a_signal_rises():
    assert all(weight >= 0 for weight in coefficients.WEIGHTS.values())
    assert any(weight > 0 for weight in coefficients.WEIGHTS.values())
    chances = [confidence.of(dict.fromkeys(coefficients.WEIGHTS, signal)) for signal in np.linspace(0, 1, 21)]
    assert chances == sorted(chances)
    assert 0 < chances[0] < coefficients.REVIEW_BELOW < chances[-1] < 1


def test_the_models_doubt_does_not_count_with_a_trimap_of_the_users():
    network = Scene(disc(), probability=HALF_SURE)
    user = network._replace(trimap_facts={"origin": "user"})
    assert network.judged().needs_review
    assert not user.judged().needs_review


def test_twelve_megapixels_are_judged_like_a_small_copy():
    alpha = disc()
    large = cv2.resize(alpha, None, fx=8, fy=8, interpolation=cv2.INTER_LINEAR)
    rgb = np.zeros((*large.shape, 3), np.uint8)
    judged = judge(Picture(rgb), ProbabilityMap(large, 5.0), Trimap((large > 0.5).astype(np.uint8) * 255), Matte(large))
    assert judged.confidence == pytest.approx(Scene(alpha).judged().confidence, abs=0.05)


@pytest.mark.parametrize("shape", [(1, 1), (1, 4000), (5000, 2)])
@pytest.mark.parametrize("value", [0.0, 1.0])
def test_any_shape_and_an_even_matte_are_judged(shape, value):
    plane = np.full(shape, value, np.float32)
    known = Trimap((plane * 255).astype(np.uint8))
    judged = judge(Picture(np.zeros((*shape, 3), np.uint8)), ProbabilityMap(plane, 1.0), known, Matte(plane))
    codes = {reason.code for reason in judged.reasons}
    assert codes <= {rule.code for rule in RULES}
    assert ("no_subject" in codes) == (value == 0)
    json.dumps(judged.described(), allow_nan=False)
