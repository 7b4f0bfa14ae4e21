"""Dust and pinholes are removed; hair, second subjects and everything that the trimap knows stay."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from pipeline.refine import AT_LEAST, edged, refine, with_source_alpha
from pipeline.types import BACKGROUND, FOREGROUND, UNKNOWN, Matte, Picture, Trimap

SIZE = (120, 160)


def scene():
    """A disc of foreground, all else unknown and solved as background; alpha and trimap to be changed."""
    y, x = np.mgrid[: SIZE[0], : SIZE[1]]
    disc = np.hypot(y - 60, x - 50) < 30
    return disc.astype(np.float32), np.where(disc, FOREGROUND, UNKNOWN).astype(np.uint8)


def refined(alpha, trimap, source=None, facts=None):
    picture = Picture(np.zeros((*alpha.shape, 3), np.uint8), source)
    return refine(picture, Trimap(trimap.copy()), Matte(alpha.copy(), facts or {}))


def test_a_faint_speck_far_from_the_subject_is_removed():
    alpha, trimap = scene()
    alpha[20, 140] = alpha[21, 141] = 0.3
    matte = refined(alpha, trimap)
    assert matte.alpha[20, 140] == matte.alpha[21, 141] == 0
    assert matte.facts["specks"] == {"count": 1, "pixels": 2}


def test_a_shallow_pinhole_inside_the_subject_is_closed():
    alpha, trimap = scene()
    trimap[58:63, 48:53] = UNKNOWN
    alpha[60, 50] = 0.8
    matte = refined(alpha, trimap)
    assert matte.alpha[60, 50] == 1
    assert matte.facts["pinholes"] == {"count": 1, "pixels": 1}


def unchanged(alpha, trimap):
    matte = refined(alpha, trimap)
    np.testing.assert_array_equal(matte.alpha, alpha)
    assert matte.facts["specks"] == matte.facts["pinholes"] == {"count": 0, "pixels": 0}


def test_a_strand_that_touches_the_subject_stays_however_faint():
    alpha, trimap = scene()
    for step in range(40):  # diagonal, one pixel wide
        alpha[80 - step, 70 + step] = max(alpha[80 - step, 70 + step], np.float32(0.05))
    unchanged(alpha, trimap)


def test_a_strand_broken_into_dots_near_the_subject_stays():
    alpha, trimap = scene()
    alpha[60, 80:110:2] = 0.1
    unchanged(alpha, trimap)


@pytest.mark.parametrize("offset", range(3))
def test_in_a_large_picture_islands_are_distinguished_by_the_space_around_them(offset):
    alpha = np.zeros((120, 3000), np.float32)  # so wide that the gap is 3 pixels
    alpha[:, :1500] = 1
    known = np.where(alpha == 1, FOREGROUND, UNKNOWN).astype(np.uint8)
    dots = slice(1505 + offset, 1600, 6)  # each no more than two gaps from the next, and the first from the subject
    alpha[40 + offset, dots] = 0.1
    kept = alpha.copy()
    alpha[90 + offset, 1600 + offset] = alpha[91 + offset, 1601 + offset] = 0.3
    alpha[90 + offset, 1612 + offset] = 0.3  # more than three gaps away
    matte = refined(alpha, known)
    np.testing.assert_array_equal(matte.alpha, kept)
    assert matte.facts["specks"] == {"count": 2, "pixels": 3}


def test_a_solid_dot_stays():
    alpha, trimap = scene()
    alpha[20, 140] = 0.6
    unchanged(alpha, trimap)


def test_a_second_faint_subject_stays():
    alpha, trimap = scene()
    alpha[20:26, 130:136] = 0.2
    unchanged(alpha, trimap)


def test_a_deep_hole_stays_open():
    alpha, trimap = scene()
    trimap[58:63, 48:53] = UNKNOWN
    alpha[60, 50] = 0.3
    unchanged(alpha, trimap)


def test_an_island_at_the_edge_of_the_unknown_area_counts_the_subject_beyond_it():
    alpha = np.zeros(SIZE, np.float32)
    trimap = np.full(SIZE, BACKGROUND, np.uint8)
    trimap[50:60, 50:60] = UNKNOWN
    trimap[40:49, 50:60], alpha[40:49, 50:60] = FOREGROUND, 1  # one known background row between
    alpha[50, 55] = 0.2
    unchanged(alpha, trimap)


def test_the_largest_removed_island_grows_with_the_picture():
    island = np.zeros((1200, 1000), np.float32)
    island[600:603, 500:505] = 0.2  # 15 pixels: dust at 1.2 megapixels
    assert AT_LEAST < 15
    assert not refined(island, np.full(island.shape, UNKNOWN, np.uint8)).alpha.any()
    unchanged(island[590:610, 490:510], np.full((20, 20), UNKNOWN, np.uint8))


LEVELS = st.sampled_from([0.0, 0.2, 0.4, 0.6, 0.9, 1.0])
SHAPES = st.tuples(st.integers(1, 30), st.integers(1, 30))


@st.composite
def solved(draw):
    """A trimap and an alpha that equals it where it is known."""
    shape = draw(SHAPES)
    trimap = draw(arrays.arrays(np.uint8, shape, elements=st.sampled_from([BACKGROUND, UNKNOWN, FOREGROUND])))
    alpha = draw(arrays.arrays(np.float32, shape, elements=LEVELS))
    return np.where(trimap == UNKNOWN, alpha, trimap / np.float32(255)).astype(np.float32), trimap


@settings(max_examples=100, deadline=None)
@given(solved())
def test_known_pixels_survive_and_changes_are_only_to_pure_values(scene):
    alpha, trimap = scene
    after = refined(alpha, trimap).alpha
    np.testing.assert_array_equal(after[trimap != UNKNOWN], alpha[trimap != UNKNOWN])
    assert np.isin(after[after != alpha], [0, 1]).all()
    assert (np.abs(after - alpha) < 0.5).all()


@settings(max_examples=50, deadline=None)
@given(solved(), st.sampled_from([np.s_[::-1], np.s_[:, ::-1], np.s_[::-1, ::-1]]))
def test_flips_commute(scene, flip):
    alpha, trimap = scene
    np.testing.assert_array_equal(refined(alpha[flip], trimap[flip]).alpha, refined(alpha, trimap).alpha[flip])


@settings(max_examples=50, deadline=None)
@given(st.data())
def test_the_sources_own_transparency_is_multiplied_in(data):
    alpha, trimap = data.draw(solved())
    source = data.draw(arrays.arrays(np.uint8, alpha.shape))
    plain, own = refined(alpha, trimap), refined(alpha, trimap, source)
    with_source = with_source_alpha(Picture(np.zeros((*alpha.shape, 3), np.uint8), source), own)
    np.testing.assert_array_equal(own.alpha, plain.alpha)
    np.testing.assert_allclose(with_source.alpha, plain.alpha * (source / 255), atol=1e-6)
    np.testing.assert_array_equal(with_source.alpha[source == 255], plain.alpha[source == 255])
    assert (plain.facts["source_alpha"], with_source.facts["source_alpha"]) == (False, True)


def test_the_facts_of_the_matting_stay():
    alpha, trimap = scene()
    assert refined(alpha, trimap, facts={"method": "fast"}).facts["method"] == "fast"


@pytest.mark.parametrize("size", [(1, 1), (1, 5000), (5000, 1)])
@pytest.mark.parametrize("known", [BACKGROUND, UNKNOWN, FOREGROUND])
def test_extreme_shapes(size, known):
    alpha = np.full(size, known / 255, np.float32)
    unchanged(alpha, np.full(size, known, np.uint8))


def test_refining_does_not_change_the_input():
    alpha, trimap = scene()
    alpha[20, 140] = 0.3
    matte = Matte(alpha)
    refine(Picture(np.zeros((*SIZE, 3), np.uint8), np.full(SIZE, 9, np.uint8)), Trimap(trimap), matte)
    assert matte.alpha[20, 140] == np.float32(0.3)


def _ramp():
    alpha = np.zeros((40, 60), np.float32)
    alpha[:, 20:40] = 1
    alpha[:, 19] = alpha[:, 40] = 0.5
    return Matte(alpha)


@pytest.mark.parametrize(("shift", "width"), [(0, 21), (2, 25), (-2, 17), (0.5, 22), (-0.5, 20)])
def test_the_edge_moves_by_the_shift_on_both_sides_and_stays_soft(shift, width):
    row = edged(_ramp(), shift, 0).alpha[20]
    assert row.sum() == pytest.approx(width)
    assert ((row > 0) & (row < 1)).any()


def test_a_feather_blurs_without_growing():
    row = edged(_ramp(), 0, 3).alpha[20]
    assert row.sum() == pytest.approx(21, abs=0.1)
    assert np.abs(np.diff(row)).max() < 0.2


def test_no_shift_and_no_feather_leave_the_matte_to_the_bit():
    assert np.array_equal(edged(_ramp(), 0, 0).alpha, _ramp().alpha)
