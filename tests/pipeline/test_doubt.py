"""Doubt is the textbook's entropy, at any size."""

import numpy as np
import pytest

from pipeline.doubt import SKETCH, doubt


def test_doubt_is_a_bit_for_each_undecided_pixel_over_the_expected_subject():
    values = np.zeros((10, 10), np.float32)
    values[:2] = 1
    values[2:4] = 0.5
    assert doubt(values) == pytest.approx(20 / 30, rel=0.01)
    assert doubt(np.zeros((2, 2), np.float32)) == float("inf")


def test_doubt_does_not_depend_on_the_size_of_the_picture():
    rows, columns = np.mgrid[0:200, 0:300]
    small = np.clip((80 - np.hypot(rows - 100, columns - 150)) / 30 + 0.5, 0, 1).astype(np.float32)
    large = small.repeat(7, axis=0).repeat(5, axis=1)
    assert max(large.shape) > 4 * SKETCH
    assert doubt(large) == pytest.approx(doubt(small), rel=0.02)
