"""A reason that is about a part of the image has the box around that part; a reason about the whole image has none."""

import numpy as np
import pytest

from pipeline.box import Box
from pipeline.quality import judge
from pipeline.quality.reasons import RULES
from pipeline.types import Matte, Picture, ProbabilityMap, Trimap
from tests.pipeline.quality.scenes import SIDE, Scene, disc
from tests.pipeline.quality.test_reasons import CASES

EXPECTED = {
    "no_subject": None,
    "uncertain_subject": Box.between(50, 50, 150, 150),
    "part_left_out": Box(10, 20, 30, 40),
    "hole_in_doubt": Box(90, 80, 10, 20),
    "opening_in_doubt": Box.between(70, 70, 130, 130),
    "existing_alpha_conflict": Box.between(50, 50, 100, 150),
    "solver_limited": None,
    "large_unknown_area": Box(0, 0, SIDE, 151),  # and the rim of the disc, which adjoins it
    "low_contrast_edge": Box.between(50, 50, 150, 150),
    "halo_risk": Box.between(46, 46, 154, 154),
    "busy_matte": None,
    "several_subjects": Box.between(130, 80, 170, 120),
    "tiny_subject": Box.between(92, 92, 108, 108),
    "touches_border": Box.between(50, 0, 150, 1),
}


def box_of(scene, code):
    (box,) = [reason.box for reason in scene.judged().reasons if reason.code == code]
    return box


@pytest.mark.parametrize("code", [rule.code for rule in RULES])
def test_the_box_is_around_what_the_reason_is_about(code):
    box, expected = box_of(CASES[code][0], code), EXPECTED[code]
    if expected is None:
        assert box is None
    else:
        sides = [(side.left, side.top, side.right, side.bottom) for side in (box, expected)]
        assert np.abs(np.subtract(*sides)).max() <= 3


def test_the_box_is_around_the_largest_of_several_places():
    scene = Scene(disc(30, x=45, y=45) + disc(12, x=160, y=40) + disc(20, x=150, y=150))
    box = box_of(scene, "several_subjects")
    assert np.abs(np.subtract(box.described(), [130, 130, 40, 40])).max() <= 2


def test_the_place_of_low_contrast_is_the_side_of_the_outline_without_contrast():
    colours = np.where(np.indices((SIDE, SIDE))[1][..., None] < 100, (232, 232, 230), (90, 20, 20))
    alpha = disc()
    rgb = np.rint(alpha[..., None] * colours + (1 - alpha[..., None]) * 240).astype(np.uint8)
    judged = judge(Picture(rgb), ProbabilityMap(alpha, 1.0), Trimap((alpha > 0.5).astype(np.uint8) * 255), Matte(alpha))
    (box,) = [reason.box for reason in judged.reasons if reason.code == "low_contrast_edge"]
    assert box.left == pytest.approx(50, abs=3)
    assert box.right == pytest.approx(100, abs=8)


def test_boxes_of_a_large_image_are_in_its_pixels():
    """The judgement sees at most 320 pixels. Places are in pixels of the image, and in reports in the source's."""
    shape = (600, 960)
    alpha = np.zeros(shape, np.float32)
    alpha[0:300, 300:600] = 1
    picture = Picture(np.where(alpha[..., None] > 0, (200, 40, 40), (40, 60, 200)).astype(np.uint8))
    judged = judge(picture, ProbabilityMap(alpha, 1.0), Trimap((alpha * 255).astype(np.uint8)), Matte(alpha))
    (box,) = [reason.box for reason in judged.reasons if reason.code == "touches_border"]
    assert np.abs(np.subtract(box.described(), [300, 0, 300, 3])).max() <= 3
    (told,) = [reason for reason in judged.described(2.0)["reasons"] if reason["code"] == "touches_border"]
    assert np.abs(np.subtract(told["box"], [600, 0, 600, 6])).max() <= 6
