"""HEIC, as phones write it."""

import io

import numpy as np
import pytest
from PIL import Image

from pipeline import decode
from tests.pipeline.decoding import UPRIGHT, apart, needs_heic, opened
from tests.pipeline.pictures import LIMITS, exif, gradient, heic, in_wide_gamut, profile


@needs_heic
def test_heic():
    pixels = gradient(64, 96)
    picture = opened(heic(pixels))
    assert picture.format == "heic"
    assert picture.notes == ()
    assert apart(picture.rgb, pixels) <= 10


@needs_heic
@pytest.mark.parametrize("turn", UPRIGHT)
def test_heic_is_turned_by_its_own_boxes_and_not_by_exif_too(turn):
    pixels = gradient(64, 96)
    data = heic(pixels, exif=b"Exif\0\0" + exif(turn))  # the encoder writes both
    assert apart(opened(data).rgb, UPRIGHT[turn](pixels)) <= 10
    assert decode.measure(data, **LIMITS) == UPRIGHT[turn](pixels).shape[1::-1]


@needs_heic
def test_heic_of_wide_gamut_becomes_srgb():
    pixels = gradient(64, 96)
    wide = in_wide_gamut(pixels)
    assert apart(wide, pixels) > 10
    assert np.mean(np.abs(opened(heic(wide, icc_profile=profile())).rgb.astype(int) - pixels)) <= 2


@needs_heic
@pytest.mark.parametrize("bits", [10, 12])
def test_heic_of_more_than_8_bits(bits, monkeypatch):
    import pillow_heif

    monkeypatch.setattr(pillow_heif.options, "SAVE_HDR_TO_12_BIT", bits == 12)
    deep = gradient(64, 96).astype(np.uint16) * 257
    file = io.BytesIO()
    pillow_heif.encode("RGB;16", (96, 64), deep.tobytes(), file, quality=95, chroma=444)
    assert apart(opened(file.getvalue()).rgb, gradient(64, 96)) <= 10


@needs_heic
def test_heic_keeps_its_alpha_and_leaves_thumbnails_alone():
    pixels = gradient(64, 96)
    alpha = np.where(pixels[..., 0] > 120, 255, 30).astype(np.uint8)
    picture = opened(heic(np.dstack((pixels, alpha)), thumbnails=[32]))
    assert picture.rgb.shape == pixels.shape
    assert np.mean(np.abs(picture.alpha.astype(int) - alpha)) <= 3


@needs_heic
def test_heic_whose_colours_are_premultiplied_is_divided_by_alpha():
    import pillow_heif

    pixels, file = gradient(64, 96), io.BytesIO()
    alpha = np.full((64, 96), 128, np.uint8)
    image = Image.fromarray(np.dstack((pixels, alpha))).convert("RGBa")
    pillow_heif.from_bytes("RGBa", image.size, image.tobytes()).save(file, quality=95, chroma=444)
    picture = opened(file.getvalue())
    assert apart(picture.rgb, pixels) <= 20  # half of the levels, and the coder's error doubled
    assert np.mean(np.abs(picture.alpha.astype(int) - alpha)) <= 3


@needs_heic
def test_heic_of_several_images_gives_the_primary_one():
    import pillow_heif

    file, pixels = io.BytesIO(), gradient(64, 96)
    wide = Image.fromarray(in_wide_gamut(pixels))
    wide.info["icc_profile"] = profile()
    images = pillow_heif.from_pillow(wide)
    images.add_from_pillow(Image.fromarray(pixels[::-1].copy()))
    images.save(file, quality=95, chroma=444)
    picture = opened(file.getvalue())
    assert picture.notes == ("first of 2 frames",)
    assert np.mean(np.abs(picture.rgb.astype(int) - pixels)) <= 2
