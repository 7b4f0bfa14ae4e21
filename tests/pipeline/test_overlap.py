"""The expected overlap is the textbook one."""

import numpy as np
import pytest

from pipeline.overlap import doubt, expected_iou


def test_expected_intersection_over_expected_union():
    # 1600 pixels at 0.8 inside, 8400 at 0.1 outside: 1280 / (1600 + 840)
    values = np.full((100, 100), 0.1, np.float32)
    values[30:70, 30:70] = 0.8
    assert expected_iou(values) == pytest.approx(1280 / 2440)


def test_nothing_likely_is_no_overlap_and_certainty_a_whole_one():
    assert expected_iou(np.zeros((2, 2), np.float32)) == 0.0
    assert expected_iou(np.array([[0, 1], [1, 0]], np.float32)) == 1.0


def test_doubt_is_a_bit_for_each_undecided_pixel_over_the_expected_subject():
    values = np.zeros((10, 10), np.float32)
    values[:2] = 1
    values[2:4] = 0.5
    assert doubt(values) == pytest.approx(20 / 30, rel=0.01)
    assert doubt(np.zeros((2, 2), np.float32)) == float("inf")
