"""A stroke counts for the part that it marks: drawn scenes in which the model missed a part, or found one too many."""

import numpy as np
import pytest

from pipeline import backdrop, spread, trimap
from pipeline.models import named
from pipeline.strokes import Stroke
from pipeline.types import Picture, ProbabilityMap

SHAPE = HEIGHT, WIDTH = 240, 400
BODY, PART, BESIDE = np.s_[80:160, 60:200], np.s_[80:160, 200:260], np.s_[80:160, 300:380]
INSIDE = np.s_[85:155, 206:254]
"""The part without its outline, which the trimap decides."""
COLOUR = (190, 40, 30)
"""Of the part."""


def scene(*seen):
    """A thing of two colours and another one, on grey; the model sees the given parts."""
    noise = np.random.default_rng(1).integers(-6, 7, (*SHAPE, 3))
    rgb = np.full((*SHAPE, 3), 200)
    values = np.full(SHAPE, 0.02, np.float32)
    rgb[BODY], rgb[PART], rgb[BESIDE] = (40, 60, 160), COLOUR, (190, 150, 30)
    for part in seen:
        values[part] = 0.98
    return Picture((rgb + noise).astype(np.uint8)), ProbabilityMap(values, 2.0, {}, named("u2netp"))


def drawn(*strokes):
    made = [Stroke(tool, float(radius), tuple(points)) for tool, radius, *points in strokes]
    return trimap.drawn(made, SHAPE, 1.0, None)


def test_a_stroke_on_a_missed_part_adds_the_part_and_nothing_else():
    picture, before = scene(BODY)
    after = spread.revised(picture, before, drawn(("keep", 5, (230, 100), (235, 140)))).values
    assert after[INSIDE].min() > 0.97
    far = np.ones(SHAPE, bool)
    far[74:166, 194:266] = False
    assert np.array_equal(after[far], before.values[far])


def test_a_stroke_on_a_wrong_part_removes_the_part_and_nothing_else():
    picture, before = scene(BODY, PART)
    after = spread.revised(picture, before, drawn(("remove", 5, (230, 100), (235, 140)))).values
    assert after[INSIDE].max() < 0.03
    assert np.array_equal(after[:, :190], before.values[:, :190])


def test_small_islands_beside_a_removed_part_go_with_it():
    picture, before = scene(BODY, PART)
    rgb = picture.rgb.copy()
    rgb[90:100, 240:250] = (230, 230, 90)
    after = spread.revised(Picture(rgb), before, drawn(("remove", 5, (215, 100), (220, 140)))).values
    assert after[INSIDE].max() < 0.03


def test_a_part_ends_at_an_opposite_stroke():
    picture, before = scene(BODY)
    both = drawn(("keep", 5, (230, 90), (230, 100)), ("remove", 3, (202, 122), (258, 122)))
    after = spread.revised(picture, before, both).values
    assert after[82:116, 205:255].mean() > 0.9
    assert (after[121:124, 205:255] == 0).all()


def test_a_stroke_changes_no_bit_beyond_its_reach_even_in_the_same_colour():
    picture, before = scene()
    rgb = picture.rgb.copy()
    rgb[100:140] = COLOUR  # a band from edge to edge
    after = spread.revised(Picture(rgb), before, drawn(("keep", 5, (30, 120), (50, 120)))).values
    assert after[105:135, 20:60].min() > 0.9
    beyond = 50 + 5 + round(spread.FAR * WIDTH) + 10
    assert np.array_equal(after[:, beyond:], before.values[:, beyond:])


def test_strokes_that_agree_with_the_model_change_their_own_pixels_alone():
    picture, before = scene(BODY, PART)
    strokes = drawn(("keep", 4, (100, 100), (230, 120)), ("remove", 4, (20, 20)), ("matting", 4, (340, 100)))
    after = spread.revised(picture, before, strokes).values
    untouched = (strokes != 255) & (strokes != 0)
    assert np.array_equal(after[untouched], before.values[untouched])
    assert (after[strokes == 255] == 1).all()
    assert (after[strokes == 0] == 0).all()


def test_a_very_thin_stroke_counts_too():
    picture, before = scene(BODY)
    after = spread.revised(picture, before, drawn(("keep", 0.5, (225, 100), (235, 140)))).values
    assert after[INSIDE].min() > 0.9


def test_a_part_that_a_stroke_removes_is_no_longer_evidence():
    added, holes = np.zeros((2, *SHAPE), bool)
    added[PART], holes[100:120, 100:120] = True, True
    picture, before = scene(BODY, PART)
    strokes = drawn(("remove", 5, (230, 100), (235, 140)), ("keep", 5, (105, 105), (115, 115)))
    after = spread.revised(picture, before, strokes)
    left = backdrop.confirmed(backdrop.Evidence(added, holes, 3, {}), after)
    assert not left.added[INSIDE].any()
    assert not left.holes.any()


@pytest.mark.parametrize("shape", [(1, 1), (1, 40), (40, 1), (3, 3)])
def test_pictures_of_any_shape_are_corrected(shape):
    picture, before = Picture(np.full((*shape, 3), 9, np.uint8)), np.full(shape, 0.1, np.float32)
    strokes = np.full(shape, trimap.NOTHING, np.uint8)
    strokes[0, 0] = 255
    after = spread.revised(picture, ProbabilityMap(before, 1.0), strokes).values
    assert after[0, 0] == 1
    assert np.isfinite(after).all()
