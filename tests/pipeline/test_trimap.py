"""Certain pixels stay known, the outline becomes unknown, and strokes and trimaps of the user count."""

import numpy as np
import pytest

from pipeline import trimap
from pipeline.box import Box
from pipeline.doubt import SURE
from pipeline.errors import BadOptions, NoSubject
from pipeline.strokes import Stroke
from pipeline.types import BACKGROUND, FOREGROUND, UNKNOWN, Picture, ProbabilityMap

PICTURE = Picture(np.zeros((120, 160, 3), np.uint8))


def _probability(cell=1.0):
    values = np.zeros((120, 160), np.float32)
    values[30:90, 40:120] = 1
    return ProbabilityMap(values, cell)


def test_inside_and_outside_are_known_and_the_outline_is_not():
    values = trimap.build(PICTURE, _probability()).values
    assert (values[60, 80], values[5, 5], values[30, 80], values[60, 40]) == (FOREGROUND, BACKGROUND, UNKNOWN, UNKNOWN)


def test_a_coarser_model_leaves_more_unknown():
    shares = [(trimap.build(PICTURE, _probability(cell)).values == UNKNOWN).mean() for cell in (1.0, 3.0, 6.0)]
    assert shares[0] < shares[1] < shares[2]


def _waning(width):
    """A disc whose probability falls from 1 to 0 within `width` pixels."""
    rows, columns = np.mgrid[0:400, 0:400]
    return np.clip((100 - np.hypot(rows - 200, columns - 200)) / width + 0.5, 0, 1).astype(np.float32)


def test_the_zone_is_wider_than_the_doubt_of_a_sure_model_but_not_than_that_of_an_unsure_one():
    picture = Picture(np.zeros((400, 400, 3), np.uint8))
    sure, unsure = _waning(4), _waning(60)
    crisp = trimap.build(picture, ProbabilityMap(sure, 2.0)).values == UNKNOWN
    vague = trimap.build(picture, ProbabilityMap(unsure, 2.0)).values == UNKNOWN
    assert crisp.sum() > 2 * ((sure > 0.05) & (sure < 0.95)).sum()
    assert vague.sum() < ((unsure > 0.05) & (unsure < 0.95)).sum()


def test_the_zone_narrows_steadily_with_doubt():
    zones = [trimap.zone_of(bits) for bits in (0.0, SURE, 0.15, trimap.UNSURE, float("inf"))]
    assert zones[0] == zones[1] == trimap.WIDE
    assert zones[3] == zones[4] == trimap.TIGHT
    assert zones[2] == pytest.approx(np.mean([trimap.WIDE, trimap.TIGHT], axis=0))


def test_a_picture_much_longer_than_high_keeps_a_sure_subject():
    values = np.zeros((60, 17_000), np.float32)
    values[10:50, 5_000:12_000] = 1
    cell = (60 * 17_000) ** 0.5 / 320
    assert (
        trimap.build(Picture(np.zeros((60, 17_000, 3), np.uint8)), ProbabilityMap(values, cell)).values == 255
    ).any()


def test_a_doubtful_area_is_unknown():
    values = _probability().values.copy()
    values[50:70, 60:100] = 0.5
    assert (trimap.build(PICTURE, ProbabilityMap(values, 1.0)).values[50:70, 60:100] == UNKNOWN).all()


def test_a_subject_at_the_edge_of_the_picture_has_no_outline_there():
    values = np.ones((120, 160), np.float32)
    values[:, :80] = 0
    built = trimap.build(PICTURE, ProbabilityMap(values, 1.0)).values
    assert (built[[0, -1], 120] == FOREGROUND).all()
    assert built[60, -1] == FOREGROUND


def test_flips_commute():
    values = _probability().values
    built = trimap.build(PICTURE, ProbabilityMap(values, 2.0)).values
    flipped = trimap.build(PICTURE, ProbabilityMap(values[::-1, ::-1].copy(), 2.0)).values
    assert np.array_equal(built[::-1, ::-1], flipped)


def test_a_picture_in_which_nothing_stands_out_has_no_subject():
    with pytest.raises(NoSubject, match="No subject was found"):
        trimap.build(PICTURE, ProbabilityMap(np.full((120, 160), 0.49, np.float32), 1.0))


def test_the_users_own_greys_are_unknown():
    grey = np.tile(np.arange(160, dtype=np.uint8), (120, 1))
    grey[:, -1] = 255
    values = trimap.from_grey(grey, PICTURE).values
    assert (values[:, 0] == BACKGROUND).all()
    assert (values[:, 1:-1] == UNKNOWN).all()
    assert (values[:, -1] == FOREGROUND).all()


def strokes_of(*strokes):
    return [Stroke(tool, float(radius), points) for tool, radius, *points in strokes]


def test_the_users_trimap_must_fit_and_hold_a_subject():
    with pytest.raises(BadOptions, match="160 x 120"):
        trimap.from_grey(np.zeros((160, 120), np.uint8), PICTURE)
    with pytest.raises(BadOptions, match="everywhere"):
        trimap.from_grey(np.zeros((120, 160), np.uint8), PICTURE)


def test_a_stroke_is_known_and_what_it_contradicts_nearby_becomes_unknown():
    before = trimap.build(PICTURE, _probability())
    strokes = np.full((120, 160), 128, np.uint8)
    strokes[5:7, 5:7] = FOREGROUND
    strokes[60, 80] = BACKGROUND
    after = trimap.marked(before, strokes).values
    assert (after[5, 5], after[60, 80]) == (FOREGROUND, BACKGROUND)
    assert (after[5, 12], after[60, 84]) == (UNKNOWN, UNKNOWN)
    assert (after[115, 155], after[45, 50]) == (BACKGROUND, FOREGROUND)  # too far away to be meant


def test_brushes_draw_in_order_over_scribbles_in_pixels_of_the_source():
    scribbles = np.full((120, 160), 64, np.uint8)  # a grey that says nothing
    scribbles[:20, :20] = FOREGROUND
    strokes = strokes_of(
        ("remove", 10, (20, 30), (70, 30)), ("keep", 6, (40, 30)), ("matting", 4, (8, 8)), ("erase", 12, (70, 30))
    )
    plane = trimap.drawn(strokes, (120, 160), 2.0, scribbles)
    assert (plane[5, 5], plane[16, 16], plane[60, 80]) == (FOREGROUND, trimap.MATTING, FOREGROUND)
    assert (plane[60, 22], plane[60, 18]) == (BACKGROUND, trimap.NOTHING)  # the brush's round end, and beyond it
    assert (plane[60, 140], plane[60, 112]) == (trimap.NOTHING, BACKGROUND)  # erased, and just not erased
    half = trimap.drawn(strokes, (60, 80), 1.0, None)
    assert (half == BACKGROUND).sum() * 4 == pytest.approx((plane == BACKGROUND).sum(), rel=0.1)


def test_the_matting_brush_makes_its_own_pixels_unknown_and_no_others():
    before = trimap.build(PICTURE, _probability())
    after = trimap.marked(before, trimap.drawn(strokes_of(("matting", 5, (10, 10))), (120, 160), 1.0, None))
    assert (after.values[8:12, 8:12] == UNKNOWN).all()
    assert np.array_equal(after.values[20:], before.values[20:])
    assert after.facts["scribbled_share"] == pytest.approx(np.pi * 25 / (120 * 160), rel=0.2)


def test_strokes_that_agree_change_nothing():
    before = trimap.build(PICTURE, _probability())
    strokes = np.where(before.values == UNKNOWN, 128, before.values).astype(np.uint8)
    assert np.array_equal(trimap.marked(before, strokes).values, before.values)


def test_strokes_must_have_the_size_of_the_picture():
    with pytest.raises(BadOptions, match="scribbles is 120 x 160"):
        trimap.marked(trimap.build(PICTURE, _probability()), np.zeros((160, 120), np.uint8))


def test_everything_outside_the_region_of_interest_is_background():
    before = trimap.build(PICTURE, _probability())
    after = trimap.within(before, Box(0, 0, 80, 120))
    assert (after.values[:, 80:] == BACKGROUND).all()
    assert np.array_equal(after.values[:, :80], before.values[:, :80])
    assert after.facts["unknown_share"] == pytest.approx((after.values == UNKNOWN).mean())
