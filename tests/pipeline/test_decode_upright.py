"""Images are turned upright, whatever their orientation."""

import pytest

from pipeline import decode
from tests.pipeline.decoding import ALPHA, RGB, RGBA, UPRIGHT, decoded, max_difference
from tests.pipeline.pictures import LIMITS, exif, in_two_tables, saved, tiff


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("turn", UPRIGHT)
def test_every_orientation_is_turned_upright(turn, order):
    block = exif(turn, order=order)
    for data in (
        saved(RGBA, "PNG", exif=block),
        saved(RGBA, "WEBP", lossless=True, exact=True, exif=block),
        tiff(RGBA, photometric="rgb", extrasamples=["unassalpha"], extratags=[(274, 3, 1, turn, True)]),
        saved(RGBA, "TIFF", compression="tiff_lzw", tiffinfo={274: turn}),
    ):
        picture = decoded(data)
        assert max_difference(picture.rgb, UPRIGHT[turn](RGB)) == 0
        assert max_difference(picture.alpha, UPRIGHT[turn](ALPHA)) == 0
    jpeg = saved(RGB, "JPEG", quality=95, subsampling=0, exif=b"Exif\0\0" + block)
    assert max_difference(decoded(jpeg).rgb, UPRIGHT[turn](RGB)) <= 8
    assert max_difference(decoded(saved(RGB, "AVIF", quality=95, speed=10, exif=block)).rgb, UPRIGHT[turn](RGB)) <= 8


@pytest.mark.parametrize("block", [b"II", b"MM\0*\0\0\0\x08", b"II*\0" + b"\xff" * 4, exif(0), exif(9), b"x" * 99])
def test_a_damaged_orientation_is_ignored(block):
    assert max_difference(decoded(saved(RGB, "PNG", exif=block)).rgb, RGB) == 0


@pytest.mark.parametrize("turn", UPRIGHT)
def test_an_avif_is_measured_upright(turn):
    data = saved(RGB, "AVIF", speed=10, exif=exif(turn))
    assert decode.measure(data, **LIMITS) == decoded(data).rgb.shape[1::-1]


def test_an_avif_with_two_property_tables_is_read():
    # Old versions of cavif wrote the associations of colour and of alpha into an ipma box each.
    data = saved(RGBA, "AVIF", speed=10, quality=95)
    picture = decoded(in_two_tables(data))
    assert max_difference(picture.rgb, decoded(data).rgb) == 0
    assert max_difference(picture.alpha, decoded(data).alpha) == 0
