"""A shrunk picture keeps its shape and brightness, and a small one does not change."""

import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from pipeline.decode import decode, measure
from pipeline.errors import ImageTooLarge, NotAnImage
from pipeline.options import Options
from pipeline.run import cut_out
from pipeline.shrink import shrink, size_within
from pipeline.types import Picture
from tests.pipeline.pictures import LIMITS, gradient, saved


@pytest.mark.parametrize("megapixels", [None, 0.06, 5])
def test_a_picture_that_is_small_enough_does_not_change(megapixels):
    picture = Picture(gradient(200, 300))
    assert shrink(picture, megapixels) is picture


@pytest.mark.parametrize(("height", "width"), [(200, 300), (300, 200), (999, 1001)])
def test_the_result_has_at_most_the_given_pixels_and_the_same_shape(height, width):
    small = shrink(Picture(gradient(height, width)), 0.01).rgb
    assert small.shape[0] * small.shape[1] <= 10_000
    assert small.shape[0] * small.shape[1] > 9_700
    assert abs(small.shape[1] / small.shape[0] - width / height) < 0.03


@pytest.mark.parametrize(("height", "width"), [(1, 20_000), (20_000, 1), (2, 20_000), (20_000, 2), (1, 10_001)])
def test_a_thin_line_keeps_a_width_of_one_pixel_and_has_at_most_the_given_pixels(height, width):
    small = shrink(Picture(gradient(height, width)), 0.01).rgb
    assert small.shape[:2] == ((1, 10_000) if width > height else (10_000, 1))


@given(st.integers(1, 65_000), st.integers(1, 65_000), st.floats(0.01, 50))
def test_no_size_is_above_the_limit(width, height, megapixels):
    small = size_within((width, height), megapixels)
    assert small[0] * small[1] <= megapixels * 1e6
    assert 1 <= small[0] <= width
    assert 1 <= small[1] <= height


def test_colours_under_transparency_do_not_bleed():
    rgb = np.zeros((200, 200, 3), np.uint8)
    rgb[:, :101] = 200
    alpha = np.zeros((200, 200), np.uint8)
    alpha[:, :101] = 255
    small = shrink(Picture(rgb, alpha), 0.01)
    assert small.alpha is not None
    assert small.alpha.mean() == pytest.approx(alpha.mean(), abs=1)
    assert (small.rgb[small.alpha > 8] >= 199).all()
    assert (small.rgb[small.alpha == 0] == 0).all()


def test_a_cutout_of_fewer_megapixels(photo, segmenter):
    made = cut_out(photo, segmenter, Options(shrink_to_megapixels=0.03, stages=("alpha",)))
    with Image.open(io.BytesIO(made.output.data)) as cut, Image.open(io.BytesIO(made.stages["alpha"].data)) as alpha:
        assert cut.size == alpha.size == (173, 173)
    assert (made.report["source"]["width"], made.report["output"]["width"]) == (256, 173)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_the_size_in_a_header_is_measured_upright(orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    data = saved(gradient(24, 36), "JPEG", exif=exif)
    assert measure(data, **LIMITS) == decode(data, **LIMITS).rgb.shape[1::-1]


def test_measuring_rejects_the_headers_that_decoding_rejects():
    with pytest.raises(ImageTooLarge):
        measure(saved(gradient(24, 36), "PNG"), max_bytes=1000, max_megapixels=0.0001)
    with pytest.raises(NotAnImage):
        measure(b"<html>", **LIMITS)
