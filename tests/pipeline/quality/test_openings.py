"""An opening that shows the background and is filled is found; what belongs to the subject is not."""

import numpy as np
import pytest

from pipeline.quality import openings
from pipeline.quality.reduced import Reduced
from tests.pipeline.quality.scenes import SIDE, Plane, disc

RING = disc(60) - disc(30)
DESK, STEEL = (150, 120, 80), (60, 62, 66)


def scene(subject: Plane, matte: Plane, *, shade: float = 1.0, noise: float = 8.0) -> Reduced:
    """Steel on a desk, both with noise (in levels); the desk has the share `shade` of its light within 30 pixels."""
    light = np.where(disc(30) > 0.5, shade, 1.0)[..., None]
    rgb = subject[..., None] * np.array(STEEL) + (1 - subject[..., None]) * light * np.array(DESK)
    rgb += np.random.default_rng(0).normal(0, noise, rgb.shape)
    return reduced(np.clip(rgb, 0, 255).astype(np.uint8), matte)


def reduced(rgb: Plane, alpha: Plane) -> Reduced:
    return Reduced(rgb, alpha, alpha, np.zeros_like(alpha), None)


def share(small: Reduced) -> float:
    """Of the subject that is such an opening."""
    return float(openings.largest(small).sum() / (small.alpha > 0.5).sum())


@pytest.mark.parametrize("noise", [0.0, 8.0])
def test_a_filled_ring_on_a_desk_has_an_opening(noise):
    assert share(scene(RING, disc(60), noise=noise)) == pytest.approx(1 / 4, rel=0.1)


def test_an_opening_in_the_shade_is_one_if_the_desk_has_such_shade_elsewhere():
    small = scene(RING, disc(60), shade=0.9)
    shaded = small.rgb.copy()
    shaded[:, :40] = shaded[:, :40] * 0.9
    assert share(reduced(shaded, small.alpha)) == pytest.approx(1 / 4, rel=0.1)


def test_the_larger_of_two_openings_is_given():
    subject = disc(90) - disc(35, x=70) - disc(25, x=145)
    assert share(scene(subject, disc(90))) == pytest.approx((35 / 90) ** 2, rel=0.1)


def test_a_ring_that_is_cut_open_has_none_in_doubt():
    assert share(scene(RING, RING)) == 0


def test_the_middle_of_a_doughnut_in_the_subjects_own_colour_is_not_one():
    assert share(scene(disc(60), disc(60))) == 0


def test_a_patch_of_another_colour_than_the_desks_is_not_one():
    small = scene(RING, disc(60))
    rgb = small.rgb.copy()
    rgb[disc(30) > 0.5] = (120, 120, 150)
    assert share(reduced(rgb, small.alpha)) == 0


def test_a_subject_that_has_the_backgrounds_colour_all_over_has_none():
    """A white car before white, with dark windows around one white panel."""
    windows = (disc(60) - disc(30)) * (np.indices((SIDE, SIDE))[0] < 100)
    assert share(scene(windows, disc(80))) == 0


def test_a_bay_that_lies_open_to_the_outside_is_not_one():
    bay = np.where(np.indices((SIDE, SIDE))[1] > 100, disc(60), RING).astype(np.float32)
    bay[80:120, 100:] = 0
    filled = bay.copy()
    filled[80:120, 100:160] = 1
    assert share(scene(bay, filled)) == 0


def test_reflections_are_too_small():
    assert share(scene(disc(60) - disc(12), disc(60))) == 0


@pytest.mark.parametrize("shape", [(1, 1), (1, 40), (3, 3), (20, 320)])
@pytest.mark.parametrize("alpha", [0.0, 0.5, 1.0])
def test_flat_colours_and_tiny_images_have_none(shape, alpha):
    small = reduced(np.full((*shape, 3), 90, np.uint8), np.full(shape, alpha, np.float32))
    assert not openings.largest(small).any()


def test_a_subject_that_fills_the_image_leaves_no_background_to_compare_with():
    small = scene(RING, np.ones((SIDE, SIDE), np.float32))
    assert not openings.largest(small).any()
