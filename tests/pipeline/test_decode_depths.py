"""16 bits, premultiplied colours, bit fields and BigTIFF, which common readers get wrong."""

import numpy as np
import pytest

from tests.pipeline.decoding import ALPHA, GREY, RGB, decoded, max_difference, to_8_bits
from tests.pipeline.pictures import bmp, noise, png, tiff


@pytest.mark.parametrize("deep", [False, True])
def test_premultiplied_tiff_is_divided_by_alpha(deep):
    scale = 257 if deep else 1
    kind = np.uint16 if deep else np.uint8
    alpha = np.maximum(ALPHA, 40).astype(np.float64)
    multiplied = np.rint(RGB.astype(np.float64) * scale * (alpha / 255)[..., None])
    data = tiff(np.dstack((multiplied, alpha * scale)).astype(kind), photometric="rgb", extrasamples=["assocalpha"])
    picture = decoded(data)
    # The 8-bit file itself has lost half a level, divided by the least alpha.
    assert max_difference(picture.rgb, RGB) <= (0 if deep else np.ceil(0.5 * 255 / 40))
    assert max_difference(picture.alpha, alpha) == 0


@pytest.mark.parametrize("interlaced", [False, True])
@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_16_bit_png_is_rounded_not_truncated(channels, interlaced):
    deep = noise(33, 21, channels, dtype=np.uint16)
    picture = decoded(png(deep, interlaced=interlaced))
    colours = deep[..., : 3 if channels > 2 else 1]
    assert max_difference(picture.rgb, np.broadcast_to(to_8_bits(colours), (33, 21, 3))) == 0
    if channels in (2, 4):
        assert max_difference(picture.alpha, to_8_bits(deep[..., -1])) == 0


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("settings", [{}, {"compression": "zlib", "predictor": True}, {"tile": (16, 16)}])
@pytest.mark.parametrize("channels", [1, 3, 4])
def test_16_bit_tiff_is_rounded_not_truncated(channels, settings, order):
    deep = noise(33, 21, channels, dtype=np.uint16)
    kind = {"photometric": "rgb"} if channels > 1 else {"photometric": "minisblack"}
    extra = {"extrasamples": ["unassalpha"]} if channels == 4 else {}
    picture = decoded(tiff(deep.squeeze(), byteorder=order, **kind, **extra, **settings))
    assert max_difference(picture.rgb, np.broadcast_to(to_8_bits(deep[..., : min(channels, 3)]), (33, 21, 3))) == 0


def fields(*channels):
    """The rows of a 16-bit BMP, and its masks. channels: pairs of samples and bits, from the highest bits down."""
    rows, masks, place = 0, [], 16
    for channel, bits in channels:
        place -= bits
        rows = rows + (channel.astype(np.uint16) >> (8 - bits) << place)
        masks.append(((1 << bits) - 1) << place)
    packed = np.asarray(rows, "<u2")[::-1]
    return np.pad(packed, ((0, 0), (0, packed.shape[1] % 2))).tobytes(), tuple(masks)


def in_few_bits(channel, bits):
    return (channel >> (8 - bits)).astype(int) * 255 // ((1 << bits) - 1)


@pytest.mark.parametrize("bits", [(5, 6, 5), (5, 5, 5), (4, 4, 4), (3, 3, 2)])
def test_a_bmp_with_bit_fields_is_read(bits):
    rows, masks = fields(*zip(np.moveaxis(RGB, 2, 0), bits, strict=True))
    picture = decoded(bmp(rows, 36, 24, 16, masks=masks))
    assert max_difference(picture.rgb, np.dstack([in_few_bits(RGB[..., n], bits[n]) for n in range(3)])) == 0
    assert picture.alpha is None


def test_a_16_bit_bmp_without_masks_has_five_bits_for_each_colour():
    rows, _ = fields((np.zeros_like(GREY), 1), *((RGB[..., n], 5) for n in range(3)))
    expected = np.dstack([in_few_bits(RGB[..., n], 5) for n in range(3)])
    assert max_difference(decoded(bmp(rows, 36, 24, 16)).rgb, expected) == 0


def test_a_bmp_with_one_bit_of_alpha_is_read():
    alpha = np.where(GREY > 120, 255, 0).astype(np.uint8)
    rows, (a, r, g, b) = fields((alpha, 1), *((RGB[..., n], 5) for n in range(3)))
    picture = decoded(bmp(rows, 36, 24, 16, masks=(r, g, b, a)))
    assert max_difference(picture.alpha, alpha) == 0
    assert max_difference(picture.rgb, np.dstack([in_few_bits(RGB[..., n], 5) for n in range(3)])) == 0


def test_a_bmp_with_ten_bits_for_each_colour_is_read():
    deep = RGB.astype(np.uint32) * 1023 // 255
    packed = (deep[..., 0] << 20 | deep[..., 1] << 10 | deep[..., 2])[::-1]
    data = bmp(packed.astype("<u4").tobytes(), 36, 24, 32, masks=(1023 << 20, 1023 << 10, 1023))
    assert max_difference(decoded(data).rgb, RGB) <= 1


@pytest.mark.parametrize("order", ["<", ">"])
def test_a_bigtiff_of_either_byte_order_is_read(order):
    assert max_difference(decoded(tiff(RGB, photometric="rgb", bigtiff=True, byteorder=order)).rgb, RGB) == 0
    deep = noise(33, 21, 3, dtype=np.uint16)
    picture = decoded(tiff(deep, photometric="rgb", bigtiff=True, byteorder=order))
    assert max_difference(picture.rgb, to_8_bits(deep)) == 0
