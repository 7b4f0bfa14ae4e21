"""HEIC files such as phones write."""

import io

import numpy as np
import pytest
from PIL import Image

from pipeline import decode
from tests.pipeline.decoding import UPRIGHT, decoded, max_difference, needs_heic
from tests.pipeline.pictures import LIMITS, exif, gradient, heic, in_wide_gamut, profile


@needs_heic
def test_a_heic_is_read():
    pixels = gradient(64, 96)
    picture = decoded(heic(pixels))
    assert picture.format == "heic"
    assert picture.notes == ()
    assert max_difference(picture.rgb, pixels) <= 10


@needs_heic
@pytest.mark.parametrize("turn", UPRIGHT)
def test_a_heic_is_turned_by_its_boxes_and_not_again_by_exif(turn):
    pixels = gradient(64, 96)
    data = heic(pixels, exif=b"Exif\0\0" + exif(turn))  # the encoder writes both
    assert max_difference(decoded(data).rgb, UPRIGHT[turn](pixels)) <= 10
    assert decode.measure(data, **LIMITS) == UPRIGHT[turn](pixels).shape[1::-1]


@needs_heic
def test_a_wide_gamut_heic_becomes_srgb():
    pixels = gradient(64, 96)
    wide = in_wide_gamut(pixels)
    assert max_difference(wide, pixels) > 10
    assert np.mean(np.abs(decoded(heic(wide, icc_profile=profile())).rgb.astype(int) - pixels)) <= 2


@needs_heic
@pytest.mark.parametrize("bits", [10, 12])
def test_a_heic_with_more_than_8_bits_is_read(bits, monkeypatch):
    import pillow_heif

    monkeypatch.setattr(pillow_heif.options, "SAVE_HDR_TO_12_BIT", bits == 12)
    deep = gradient(64, 96).astype(np.uint16) * 257
    file = io.BytesIO()
    pillow_heif.encode("RGB;16", (96, 64), deep.tobytes(), file, quality=95, chroma=444)
    assert max_difference(decoded(file.getvalue()).rgb, gradient(64, 96)) <= 10


@needs_heic
def test_a_heic_keeps_its_alpha_and_its_thumbnails_are_ignored():
    pixels = gradient(64, 96)
    alpha = np.where(pixels[..., 0] > 120, 255, 30).astype(np.uint8)
    picture = decoded(heic(np.dstack((pixels, alpha)), thumbnails=[32]))
    assert picture.rgb.shape == pixels.shape
    assert np.mean(np.abs(picture.alpha.astype(int) - alpha)) <= 3


@needs_heic
def test_the_premultiplied_colours_of_a_heic_are_divided_by_alpha():
    import pillow_heif

    pixels, file = gradient(64, 96), io.BytesIO()
    alpha = np.full((64, 96), 128, np.uint8)
    image = Image.fromarray(np.dstack((pixels, alpha))).convert("RGBa")
    pillow_heif.from_bytes("RGBa", image.size, image.tobytes()).save(file, quality=95, chroma=444)
    picture = decoded(file.getvalue())
    assert max_difference(picture.rgb, pixels) <= 20  # half of the levels, and the coder's error doubled
    assert np.mean(np.abs(picture.alpha.astype(int) - alpha)) <= 3


@needs_heic
def test_a_heic_with_several_images_gives_the_primary_one():
    import pillow_heif

    file, pixels = io.BytesIO(), gradient(64, 96)
    wide = Image.fromarray(in_wide_gamut(pixels))
    wide.info["icc_profile"] = profile()
    images = pillow_heif.from_pillow(wide)
    images.add_from_pillow(Image.fromarray(pixels[::-1].copy()))
    images.save(file, quality=95, chroma=444)
    picture = decoded(file.getvalue())
    assert picture.notes == ("first of 2 frames",)
    assert np.mean(np.abs(picture.rgb.astype(int) - pixels)) <= 2
