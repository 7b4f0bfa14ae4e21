"""Each type rejects wrong arrays, and makes its own read-only."""

import numpy as np
import pytest

from pipeline.types import Canvas, Cutout, Matte, Picture, ProbabilityMap, Trimap, check_same_size, to_uint8

RGB = np.zeros((4, 6, 3), np.uint8)
GREY = np.zeros((4, 6), np.uint8)
PLANE = np.zeros((4, 6), np.float32)


@pytest.mark.parametrize(
    "make",
    [
        lambda: Picture(RGB.astype(np.float32)),
        lambda: Picture(RGB[..., 0]),
        lambda: Picture(np.zeros((0, 6, 3), np.uint8)),
        lambda: Picture(RGB, np.zeros((4, 5), np.uint8)),
        lambda: ProbabilityMap(PLANE + np.float32(1.001), 1.0),
        lambda: ProbabilityMap(PLANE, 0.0),
        lambda: ProbabilityMap(PLANE.astype(np.float64), 1.0),
        lambda: Trimap(GREY + np.uint8(1)),
        lambda: Matte(PLANE * np.float32(np.nan)),
        lambda: Matte(PLANE - np.float32(0.001)),
        lambda: Cutout(RGB),
        lambda: Canvas(None, None),
        lambda: Canvas(RGB, np.zeros((5, 6), np.float32)),
        lambda: check_same_size(GREY, np.zeros((6, 4), np.uint8)),
    ],
)
def test_wrong_arrays_raise_assertion_errors(make):
    with pytest.raises(AssertionError):
        make()


def test_arrays_are_frozen_and_contiguous():
    picture = Picture(RGB[:, ::-1].copy()[:, ::2])
    assert picture.rgb.flags.c_contiguous
    with pytest.raises(ValueError, match="read-only"):
        picture.rgb[0, 0, 0] = 1


def test_the_size_of_a_canvas_is_width_and_height():
    assert Canvas(RGB, None).size == (6, 4)
    assert Canvas(None, PLANE).size == (6, 4)


def test_alpha_is_rounded_to_the_nearest_of_256_levels():
    alpha = np.linspace(0, 1, 100_001, dtype=np.float32).reshape(1, -1)
    assert np.abs(to_uint8(alpha) / 255 - alpha).max() <= 0.5 / 255 + 1e-6
    exact = np.arange(256, dtype=np.float32)[None] / np.float32(255)
    assert np.array_equal(to_uint8(exact)[0], np.arange(256))
