"""The subject's colours: unchanged where it is opaque, zero where it is transparent, and unmixed in between."""

import subprocess
import sys

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from PIL import Image

from pipeline.foreground import TILE, _tiles, unmix
from pipeline.foreground.kernels import GRADIENT, SWEEPS, estimate
from pipeline.types import Matte, Picture, to_uint8

FRONT = (200, 120, 40)
BACK = (30, 90, 220)


def ramped(height, width, low, high):
    """Alpha that rises smoothly from 0 left of column `low` to 1 right of `high`."""
    ramp = np.clip((np.arange(width, dtype=np.float32) - low) / (high - low), 0, 1)
    return np.repeat(ramp[None], height, axis=0)


def mixed(front, back, alpha):
    """The 8-bit photograph of `front` before `back`."""
    a = alpha[..., None]
    return np.rint(a * np.asarray(front, np.float32) + (1 - a) * np.asarray(back, np.float32)).astype(np.uint8)


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_opaque_pixels_keep_their_bits_and_invisible_ones_are_zero(data):
    shape = data.draw(st.tuples(st.integers(1, 40), st.integers(1, 40)))
    rgb = data.draw(arrays.arrays(np.uint8, (*shape, 3)))
    alpha = data.draw(arrays.arrays(np.float32, shape, elements=st.sampled_from([0.0, 0.001, 0.3, 0.7, 0.999, 1.0])))
    rgba = unmix(Picture(rgb), Matte(alpha)).rgba
    rounded = to_uint8(alpha)
    np.testing.assert_array_equal(rgba[..., 3], rounded)
    np.testing.assert_array_equal(rgba[rounded == 255][:, :3], rgb[rounded == 255])
    assert not rgba[rounded == 0].any()


def test_a_flat_subject_gets_its_own_colour_back_along_the_whole_edge():
    alpha = ramped(300, 300, 130, 170)
    rgba = unmix(Picture(mixed(FRONT, BACK, alpha)), Matte(alpha)).rgba
    seen = rgba[..., 3] > 25  # below a tenth, a rounding of the photograph by half a step is five of F
    np.testing.assert_allclose(rgba[seen][:, :3].astype(int), np.broadcast_to(FRONT, (seen.sum(), 3)), atol=6)


@pytest.fixture(scope="module")
def photographs(photos):
    """Composites of photographs with a soft, hairy outline, and the true foreground."""
    rng = np.random.default_rng(7)
    size = (420, 360)
    front, back = (
        cv2.resize(np.asarray(Image.open(photos / name).convert("RGB")), size, interpolation=cv2.INTER_AREA)
        for name in ("coffee.png", "rocket.jpg")
    )
    y, x = np.mgrid[: size[1], : size[0]]
    edge = cv2.GaussianBlur(rng.random(y.shape).astype(np.float32), (0, 0), 2)
    alpha = np.clip((110 - np.hypot(x - 210, y - 180)) / 30 + 0.5 + 6 * (edge - 0.5), 0, 1).astype(np.float32)
    alpha = np.round(alpha * 255).astype(np.float32) / np.float32(255)
    return front, mixed(front, back, alpha), alpha


def pymattings(picture, alpha, **settings):
    from pymatting import estimate_foreground_ml  # here, since the layer does not have it

    return estimate_foreground_ml(picture, alpha, **settings)


def estimated(picture, alpha, distance):
    front, back = np.empty_like(picture), np.empty_like(picture)
    estimate(picture, alpha, distance, front, back)
    return front, back


@pytest.mark.pymatting
@pytest.mark.parametrize("size", [(61, 47), (40, 90), (2, 2), (1, 9)])
def test_colours_that_are_solved_everywhere_are_those_of_pymatting(size):
    rng = np.random.default_rng(0)
    picture = rng.random((*size, 3), np.float32)
    alpha = np.clip(rng.normal(0.5, 0.5, size), 0, 1).astype(np.float32)
    settings = {"n_big_iterations": SWEEPS, "gradient_weight": GRADIENT}
    expected = pymattings(picture, alpha, return_background=True, **settings)
    for ours, theirs in zip(estimated(picture, alpha, np.zeros(size, np.float32)), expected, strict=True):
        np.testing.assert_allclose(ours, theirs, atol=2e-3)


def test_solving_only_near_fractional_pixels_hardly_changes_their_colours(photographs):
    _, photograph, alpha = photographs
    picture, known = photograph / np.float32(255), ((alpha == 0) | (alpha == 1)).astype(np.uint8)
    everywhere, near = (
        estimated(picture, alpha, distance)[0] * alpha[..., None]
        for distance in (np.zeros_like(alpha), cv2.distanceTransform(known, cv2.DIST_C, 3))
    )
    changed = np.abs(everywhere - near)[known == 0] * 255
    assert changed.max() > 0  # or the test would prove nothing
    assert changed.mean() < 0.05
    assert changed.max() < 5


def test_importing_the_stage_does_not_import_all_of_pymatting():
    code = "import sys, pipeline.foreground; print('pymatting' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


@pytest.mark.pymatting
def test_the_old_background_is_removed_as_well_as_by_the_method_on_the_whole_picture(photographs):
    front, photograph, alpha = photographs
    rgba = unmix(Picture(photograph), Matte(alpha)).rgba
    whole = pymattings(photograph / 255, alpha.astype(np.float64)) * 255
    fractional = (alpha > 0) & (alpha < 1)

    def error(colours):
        return float((np.abs(colours.astype(np.float32) - front) * alpha[..., None])[fractional].mean())

    ours = error(rgba[..., :3])
    assert ours < 0.9 * error(whole)
    assert ours < 0.4 * error(photograph)


def test_a_tile_without_sure_subject_takes_the_colours_from_further_away():
    # A strand of half alpha, much longer than a tile, leads away from the subject.
    alpha = np.zeros((5 * TILE, 2 * TILE), np.float32)
    alpha[:TILE] = 1
    alpha[TILE:, 100:110] = 0.4
    rgba = unmix(Picture(mixed(FRONT, BACK, alpha)), Matte(alpha)).rgba
    tip = rgba[-TILE:, 100:110, :3].reshape(-1, 3).astype(int)
    np.testing.assert_allclose(tip, np.broadcast_to(FRONT, tip.shape), atol=12)


def test_distant_pixels_do_not_change_the_colours():
    alpha = ramped(3 * TILE, 3 * TILE, 40, 80)
    one = mixed(FRONT, BACK, alpha)
    other = one.copy()
    other[:, 2 * TILE :] = 255 - other[:, 2 * TILE :]
    first, second = (unmix(Picture(rgb), Matte(alpha)).rgba for rgb in (one, other))
    np.testing.assert_array_equal(first[:, : 2 * TILE], second[:, : 2 * TILE])


def test_only_the_neighbourhood_of_fractional_pixels_is_solved():
    alpha = to_uint8(ramped(1000, 4000, 1990, 2010))
    tiles = list(_tiles(alpha))
    area = sum(window.width * window.height for _, window, _ in tiles)
    assert 0 < area < 0.03 * alpha.size
    covered = np.zeros(alpha.shape, int)
    for core, _, mask in tiles:
        covered[core.slices] += mask
    np.testing.assert_array_equal(covered, (alpha > 0) & (alpha < 255))
    assert list(_tiles(np.where(alpha < 128, 0, 255).astype(np.uint8))) == []


@pytest.mark.parametrize("size", [(1, 1), (1, 2), (1, 5000), (5000, 1), (2, 2), (129, 129)])
@pytest.mark.parametrize("value", [0.1, 0.5, 0.9])
def test_a_wholly_fractional_picture_of_any_shape_keeps_its_alpha(size, value):
    rgba = unmix(Picture(np.full((*size, 3), 90, np.uint8)), Matte(np.full(size, value, np.float32))).rgba
    assert rgba.shape == (*size, 4)
    assert (rgba[..., 3] == round(value * 255)).all()


def test_a_second_run_gives_the_same_bytes(photographs):
    _, photograph, alpha = photographs
    first, second = (unmix(Picture(photograph), Matte(alpha)).rgba for _ in range(2))
    np.testing.assert_array_equal(first, second)


def test_unmix_prints_nothing():
    code = (
        "import numpy as np; from pipeline.foreground import unmix; from pipeline.types import *;"
        "unmix(Picture(np.zeros((9, 9, 3), np.uint8)), Matte(np.full((9, 9), .5, np.float32)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("", "")


def test_sizes_must_agree():
    with pytest.raises(AssertionError, match="sizes differ"):
        unmix(Picture(np.zeros((3, 4, 3), np.uint8)), Matte(np.zeros((4, 3), np.float32)))
