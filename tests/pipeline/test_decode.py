"""Valid files of every kind are decoded correctly. See test_rejections.py for the others."""

import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from tests.pipeline.decoding import ALPHA, GREY, RGB, RGBA, decoded, max_difference, to_8_bits
from tests.pipeline.pictures import chunk, gif, noise, png, samples, saved, tiff


@pytest.mark.parametrize("name", samples())
def test_every_kind_of_file_is_read(name):
    picture = decoded(samples()[name])
    assert picture.format == name.split()[0]
    assert picture.rgb.dtype == np.uint8
    assert len(np.unique(picture.rgb)) > 1


@pytest.mark.parametrize(
    "data",
    [
        saved(RGB, "PNG"),
        png(RGB, interlaced=True),
        saved(RGB, "BMP"),
        saved(RGB, "WEBP", lossless=True),
        saved(RGB, "TIFF"),
        saved(RGB, "TIFF", compression="tiff_lzw"),
        tiff(RGB, photometric="rgb", byteorder=">"),
        tiff(RGB, photometric="rgb", tile=(16, 16), compression="zlib", predictor=True),
        tiff(np.moveaxis(RGB, 2, 0), photometric="rgb", planarconfig="separate"),
        tiff(RGB, photometric="rgb", bigtiff=True),
    ],
)
def test_lossless_files_keep_every_bit(data):
    picture = decoded(data)
    assert max_difference(picture.rgb, RGB) == 0
    assert picture.alpha is None
    assert picture.notes == ()


@pytest.mark.parametrize(("form", "settings"), [("JPEG", {"subsampling": 0}), ("WEBP", {}), ("AVIF", {"speed": 10})])
def test_lossy_files_come_close(form, settings):
    assert max_difference(decoded(saved(RGB, form, quality=95, **settings)).rgb, RGB) <= 8


@pytest.mark.parametrize(
    "data",
    [
        saved(RGBA, "PNG"),
        png(RGBA, interlaced=True),
        saved(RGBA, "WEBP", lossless=True, exact=True),
        saved(RGBA, "TIFF", compression="tiff_adobe_deflate"),
        tiff(RGBA, photometric="rgb", extrasamples=["unassalpha"]),
    ],
)
def test_alpha_is_kept_separately(data):
    picture = decoded(data)
    assert max_difference(picture.rgb, RGB) == 0
    assert max_difference(picture.alpha, ALPHA) == 0


def test_an_opaque_alpha_channel_becomes_none():
    assert decoded(saved(np.dstack((RGB, np.full_like(GREY, 255))), "PNG")).alpha is None


def test_the_unused_fourth_byte_of_a_bmp_is_not_alpha():
    data = saved(np.dstack((RGB, np.zeros_like(GREY))), "BMP")
    assert decoded(data).alpha is None
    assert max_difference(decoded(data).rgb, RGB) == 0


def test_a_tiff_whose_white_is_zero_is_inverted():
    deep = noise(8, 8, dtype=np.uint16)
    assert max_difference(decoded(tiff(deep, photometric="miniswhite")).rgb[..., 0], 255 - to_8_bits(deep)) <= 1
    assert max_difference(decoded(tiff(GREY, photometric="miniswhite")).rgb[..., 0], 255 - GREY) == 0


def test_the_transparent_colour_of_a_png_becomes_alpha():
    deep = noise(8, 8, 3, dtype=np.uint16)
    key = deep[3, 4]
    picture = decoded(png(deep, chunk(b"tRNS", key.astype(">u2").tobytes())))
    assert np.argwhere(picture.alpha == 0).tolist() == [[3, 4]]
    # The low byte counts as well: a colour that only rounds to the same one stays.
    near = deep.copy()
    near[0, 0] = key ^ 1
    assert decoded(png(near, chunk(b"tRNS", key.astype(">u2").tobytes()))).alpha[0, 0] == 255


def test_the_transparent_grey_of_a_2_bit_png_becomes_alpha():
    # Value 2 of 0..3: Pillow gives 170 for it.
    header = struct.pack(">IIBBBBB", 4, 1, 2, 0, 0, 0, 0)
    row = zlib.compress(b"\0" + bytes([0b00011011]))
    data = b"\x89PNG\r\n\x1a\n" + b"".join(
        (chunk(b"IHDR", header), chunk(b"tRNS", b"\0\2"), chunk(b"IDAT", row), chunk(b"IEND", b""))
    )
    picture = decoded(data)
    assert picture.rgb[0, :, 0].tolist() == [0, 85, 170, 255]
    assert picture.alpha[0].tolist() == [255, 255, 0, 255]


def test_transparent_entries_of_a_palette_become_alpha():
    indexed = Image.fromarray((np.arange(64, dtype=np.uint8) % 4).reshape(8, 8), "P")
    indexed.putpalette([255, 0, 0, 0, 255, 0, 0, 0, 255, 9, 9, 9])
    one = decoded(saved(indexed, "PNG", transparency=2))
    assert one.alpha[0].tolist() == [255, 255, 0, 255] * 2
    many = decoded(saved(indexed, "PNG", transparency=bytes([255, 128, 0, 7])))
    assert many.alpha[0].tolist() == [255, 128, 0, 7] * 2
    assert many.rgb[0, 1].tolist() == [0, 255, 0]
    assert decoded(saved(indexed, "GIF", transparency=1)).alpha[0].tolist() == [255, 0, 255, 255] * 2


def test_a_gif_is_transparent_around_a_frame_that_is_smaller_than_its_canvas():
    picture = decoded(gif((50, 40), RGB, 6, 9))
    alpha = np.zeros((40, 50), np.uint8)
    alpha[9:33, 6:42] = 255
    assert picture.alpha.tolist() == alpha.tolist()
    assert max_difference(picture.rgb[9:33, 6:42], decoded(saved(Image.fromarray(RGB).quantize(16), "GIF")).rgb) == 0


def test_only_the_first_of_several_frames_or_pages_is_decoded():
    for name in ("png animated", "webp animated", "avif animated", "tiff pages", "gif animated"):
        picture = decoded(samples()[name])
        assert picture.notes == ("first of 3 frames",)
        if name in ("png animated", "tiff pages"):
            assert max_difference(picture.rgb, RGB) == 0


@pytest.mark.parametrize("size", [(1, 1), (1, 5000), (5000, 1), (2, 3)])
@pytest.mark.parametrize("form", ["PNG", "JPEG", "WEBP", "BMP", "GIF", "TIFF"])
def test_images_of_extreme_shapes_are_decoded(form, size):
    pixels = np.full((*size, 3), 77, np.uint8)
    assert max_difference(decoded(saved(pixels, form)).rgb, pixels) <= 2


def test_trailing_bytes_do_not_matter():
    for name, data in samples().items():
        if not name.startswith(("tiff", "avif")):
            assert max_difference(decoded(data + b"\xff\xda junk \xff\xc0" * 20).rgb, decoded(data).rgb) == 0


def test_the_same_bytes_give_the_same_picture():
    for data in samples().values():
        assert max_difference(decoded(data).rgb, decoded(data).rgb) == 0
