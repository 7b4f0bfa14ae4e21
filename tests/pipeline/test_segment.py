"""The real network, on pictures whose answer is known."""

import numpy as np
import pytest
from PIL import Image

from pipeline.models import named
from pipeline.segment import OnnxSegmenter, network_input
from pipeline.stages import Picture


@pytest.fixture(scope="module")
def astronaut(photos):
    return Picture(np.array(Image.open(photos / "astronaut.png").convert("RGB")))


def test_a_person_is_found(segmenter, astronaut):
    probability = segmenter.segment(astronaut)
    assert probability.values.shape == (512, 512)
    assert probability.values[300, 220] > 0.95  # her suit
    assert probability.values[20, 20] < 0.05  # the corner
    assert probability.cell == 512 / 320


def test_a_second_run_and_another_number_of_threads_give_the_same_bits(segmenter, astronaut, weights):
    first = segmenter.segment(astronaut).values
    assert np.array_equal(first, segmenter.segment(astronaut).values)
    for threads in (1, 3):
        other = OnnxSegmenter(named("u2netp"), weights, threads=threads)
        assert np.array_equal(first, other.segment(astronaut).values)


@pytest.mark.parametrize("value", [0, 128, 255])
def test_a_picture_of_nothing_stays_low(segmenter, value):
    assert segmenter.segment(Picture(np.full((300, 400, 3), value, np.uint8))).values.max() < 0.5


@pytest.mark.parametrize("size", [(1, 1), (1, 5000), (5000, 1), (319, 321)])
def test_any_size_is_answered_at_its_size(segmenter, size):
    values = segmenter.segment(Picture(np.full((*size, 3), 77, np.uint8))).values
    assert values.shape == size


def test_the_input_is_normalised_as_in_training():
    spec = named("u2netp")
    seen = network_input(Picture(np.full((10, 10, 3), 255, np.uint8)), spec)
    assert seen.shape == (1, 3, 320, 320)
    assert seen.dtype == np.float32
    assert np.allclose(seen[0, :, 0, 0], (1 - np.array(spec.mean)) / np.array(spec.std))
