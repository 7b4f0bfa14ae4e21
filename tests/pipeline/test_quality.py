"""Confidence falls with doubt, and each reason is given when it applies and only then."""

import json

import numpy as np
import pytest

from pipeline.quality import judge
from pipeline.stages import Matte, Picture, ProbabilityMap, Trimap


def _judged(values, unknown_share=0.1):
    values = values.astype(np.float32)
    trimap = Trimap(np.where(values > 0.5, 255, 0).astype(np.uint8), {"unknown_share": unknown_share})
    picture = Picture(np.zeros((*values.shape, 3), np.uint8))
    return judge(picture, ProbabilityMap(values, 1.0), trimap, Matte(values))


def _square(inside=1.0, outside=0.0):
    values = np.full((100, 100), outside)
    values[30:70, 30:70] = inside
    return values


def test_a_sure_subject_needs_no_look():
    quality = _judged(_square())
    assert (quality.confidence, quality.needs_review, quality.reasons) == (1.0, False, ())


@pytest.mark.parametrize(
    ("code", "values", "unknown"),
    [
        ("uncertain_subject", _square(0.6), 0.1),
        ("large_unknown_area", _square(), 0.9),
        ("touches_border", np.roll(_square(), 30, axis=0), 0.1),
        ("tiny_subject", np.pad(np.ones((4, 4)), 50), 0.1),
    ],
)
def test_each_reason_comes_with_its_number_and_advice(code, values, unknown):
    reasons = {reason.code: reason for reason in _judged(values, unknown).reasons}
    assert code in reasons
    assert reasons[code].advice.endswith(".")
    json.dumps(_judged(values, unknown).described())
