"""A source with transparency of its own has straight colours, which do not change, whatever its alpha."""

import io
import zipfile

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from PIL import Image

from pipeline.apply import apply_matte
from pipeline.options import Options
from pipeline.run import cut_out
from pipeline.types import ProbabilityMap
from tests.pipeline.pictures import saved

RED = (180, 30, 40)
BEHIND = (240, 240, 240)
SIZE = (60, 80)


def _disc():
    """float32 (H, W), 0..1: the subject, with an edge two pixels wide."""
    y, x = np.mgrid[: SIZE[0], : SIZE[1]].astype(np.float32)
    return np.clip((18.5 - np.hypot(y - 30, x - 40)) / 2 + 0.5, 0, 1).astype(np.float32)


def _scene(alpha=None):
    """The disc before a grey wall, as a PNG; alpha: the source's own, uint8 (H, W)."""
    share = _disc()[..., None]
    rgb = np.rint(share * RED + (1 - share) * BEHIND).astype(np.uint8)
    return saved(rgb if alpha is None else np.dstack((rgb, alpha)), "PNG")


class SeesTheDisc:
    """A model that knows where the disc is, without its edge."""

    def segment(self, picture):
        values = cv2.blur((_disc() > 0.5).astype(np.float32), (5, 5))
        assert values.shape == picture.rgb.shape[:2]
        return ProbabilityMap(values, 1.0)


def _cut(alpha=None, **options):
    return cut_out(_scene(alpha), SeesTheDisc(), Options(**options))


def _pixels(data):
    return np.array(Image.open(io.BytesIO(data)))


def _everywhere(value):
    return np.full(SIZE, value, np.uint8)


@st.composite
def source_alphas(draw):
    """Any alpha, uint8 (H, W), in squares of 10 pixels, that shows something of the disc."""
    squares = draw(arrays.arrays(np.uint8, (SIZE[0] // 10, SIZE[1] // 10)))
    squares[3, 4] |= 16
    return squares.repeat(10, axis=0).repeat(10, axis=1)


@settings(max_examples=25, deadline=None)
@given(source_alphas())
def test_the_colours_are_those_of_the_opaque_source_for_any_alpha_of_its_own(own):
    opaque, cutout = _pixels(_cut().data), _pixels(_cut(own).data)
    seen = cutout[..., 3] > 0
    np.testing.assert_array_equal(cutout[seen][:, :3], opaque[seen][:, :3])
    assert not cutout[~seen].any()
    np.testing.assert_allclose(cutout[..., 3], opaque[..., 3] * (own / 255), atol=1)


@settings(max_examples=25, deadline=None)
@given(source_alphas())
def test_its_own_matte_applied_to_a_source_gives_its_own_cutout(own):
    cutout = _cut(own, stages=("alpha",))
    applied = _pixels(apply_matte(_scene(own), cutout.stages["alpha"].data).data)
    expected = _pixels(cutout.data)
    np.testing.assert_array_equal(applied[..., 3], expected[..., 3])
    whole = _disc() == 1
    np.testing.assert_array_equal(applied[whole], expected[whole])


@pytest.mark.parametrize("own", [64, 128, 200])
@pytest.mark.parametrize(
    "options", [{}, {"crop": True}, {"feather": 1.5}, {"shift": -2}, {"matting": "exact"}], ids=str
)
def test_the_middle_of_the_subject_does_not_change(own, options):
    cutout = _pixels(_cut(_everywhere(own), **options).data)
    middle = np.argwhere((cutout == (*RED, own)).all(axis=-1))
    assert len(middle) > 300


@pytest.mark.parametrize("format_", ["png", "webp", "tiff"])
def test_lossless_formats_hold_exactly_these_pixels(format_):
    assert _pixels(_cut(_everywhere(128), format=format_).data)[30, 40].tolist() == [*RED, 128]


def test_avif_and_zip_hold_nearly_these_pixels():
    np.testing.assert_allclose(_pixels(_cut(_everywhere(128), format="avif").data)[30, 40], (*RED, 128), atol=2)
    with zipfile.ZipFile(io.BytesIO(_cut(_everywhere(128), format="zip").data)) as made:
        np.testing.assert_allclose(_pixels(made.read("color.jpg"))[30, 40], RED, atol=3)
        assert _pixels(made.read("alpha.png"))[30, 40] == 128


def test_a_listing_shows_the_subject_as_its_source_does_on_white():
    listing = _cut(_everywhere(128), marketplaces=("etsy",), blend="srgb").listings["etsy"]
    made = _pixels(listing.data)
    expected = np.rint(np.array(RED) * (128 / 255) + 255 * (127 / 255))
    np.testing.assert_allclose(made[made.shape[0] // 2, made.shape[1] // 2], expected, atol=3)


def test_a_source_that_is_a_cutout_keeps_its_colours_when_it_is_cut_again():
    first = _pixels(_cut().data)
    again = _pixels(cut_out(saved(first, "PNG"), SeesTheDisc()).data)
    whole = first[..., 3] == 255
    np.testing.assert_array_equal(
        again[whole & (again[..., 3] == 255)][:, :3], first[whole & (again[..., 3] == 255)][:, :3]
    )
    assert (again[..., 3] <= first[..., 3]).all()
