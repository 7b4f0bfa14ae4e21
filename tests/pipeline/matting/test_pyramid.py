"""Halving a level and carrying alpha up again."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from pipeline.matting.carry import carry_up
from pipeline.matting.pyramid import Level, halved
from tests.pipeline.matting.scenes import hairy_disc


def level(foreground, unknown):
    shape = np.shape(foreground)
    picture = np.arange(np.prod(shape) * 3, dtype=np.uint8).reshape(*shape, 3)
    return Level(picture, np.array(unknown, bool), np.array(foreground, bool))


@pytest.mark.parametrize(
    ("foreground", "unknown", "answer"),
    [
        ([[1, 1], [1, 1]], [[0, 0], [0, 0]], "foreground"),
        ([[1, 1], [0, 0]], [[0, 0], [1, 1]], "foreground"),
        ([[1, 0], [0, 0]], [[0, 1], [1, 1]], "unknown"),
        ([[1, 1], [1, 0]], [[0, 0], [0, 0]], "unknown"),
        ([[0, 0], [0, 0]], [[0, 0], [1, 1]], "background"),
    ],
)
def test_two_of_four_that_agree_decide(foreground, unknown, answer):
    lower = halved(level(foreground, unknown))
    found = "unknown" if lower.unknown[0, 0] else "foreground" if lower.foreground[0, 0] else "background"
    assert found == answer


@pytest.mark.parametrize("size", [(600, 7), (7, 5), (1, 9), (513, 2)])
def test_a_pixel_is_the_mean_of_the_four_below(size):
    lower = halved(level(np.ones(size), np.zeros(size)))
    whole = np.pad(
        level(np.ones(size), np.zeros(size)).picture.astype(float), [(0, s % 2) for s in size] + [(0, 0)], "edge"
    )
    mean = (whole[::2, ::2] + whole[1::2, ::2] + whole[::2, 1::2] + whole[1::2, 1::2]) / 4
    np.testing.assert_allclose(lower.picture, mean)


def test_alpha_that_is_linear_in_colour_comes_up_with_its_detail():
    picture, trimap, truth = hairy_disc(241, 323)
    fine = Level(picture.rgb, trimap.values == 128, trimap.values == 255)
    coarse = halved(fine)
    low = halved(Level(np.repeat(truth[..., None], 3, axis=2).astype(np.float32), *fine[1:])).picture[..., 0]
    with ThreadPoolExecutor(2) as pool:
        carried = carry_up(coarse, low, fine, pool)
    plain = np.repeat(np.repeat(low, 2, axis=0), 2, axis=1)[:241, :323]
    errors = [np.mean((alpha - truth)[fine.unknown] ** 2) for alpha in (carried, plain)]
    assert errors[0] < 0.3 * errors[1]
    assert carried[~fine.unknown].tolist() == fine.foreground[~fine.unknown].astype(float).tolist()
