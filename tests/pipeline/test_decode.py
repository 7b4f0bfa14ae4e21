"""Good pictures of every kind come out right; see test_refusals.py for the others."""

import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image, ImageCms

from pipeline import decode
from tests.pipeline.pictures import (
    HAS_HEIC,
    LIMITS,
    bmp,
    chunk,
    exif,
    gif,
    gradient,
    heic,
    in_two_tables,
    in_wide_gamut,
    noise,
    png,
    profile,
    samples,
    saved,
    tiff,
)

needs_heic = pytest.mark.skipif(not HAS_HEIC, reason="there is no HEIC encoder here")
RGB = gradient()
GREY = RGB[..., 0].copy()
ALPHA = np.where(GREY > 120, 255, GREY)
RGBA = np.dstack((RGB, ALPHA))


def opened(data):
    return decode.decode(data, **LIMITS)


def apart(a, b):
    """The largest difference in levels."""
    assert a.shape == b.shape
    return int(np.abs(a.astype(int) - b).max())


def rounded(deep):
    """16 bits to 8, by the definition."""
    return np.rint(deep.astype(np.float64) * 255 / 65535).astype(np.uint8)


@pytest.mark.parametrize("name", samples())
def test_every_kind_is_read(name):
    picture = opened(samples()[name])
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
def test_lossless_kinds_keep_every_bit(data):
    picture = opened(data)
    assert apart(picture.rgb, RGB) == 0
    assert picture.alpha is None
    assert picture.notes == ()


@pytest.mark.parametrize(("form", "settings"), [("JPEG", {"subsampling": 0}), ("WEBP", {}), ("AVIF", {"speed": 10})])
def test_lossy_kinds_come_close(form, settings):
    assert apart(opened(saved(RGB, form, quality=95, **settings)).rgb, RGB) <= 8


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
def test_alpha_is_kept_aside(data):
    picture = opened(data)
    assert apart(picture.rgb, RGB) == 0
    assert apart(picture.alpha, ALPHA) == 0


def test_alpha_that_is_opaque_throughout_is_none():
    assert opened(saved(np.dstack((RGB, np.full_like(GREY, 255))), "PNG")).alpha is None


def test_the_unused_fourth_byte_of_a_bmp_is_no_alpha():
    data = saved(np.dstack((RGB, np.zeros_like(GREY))), "BMP")
    assert opened(data).alpha is None
    assert apart(opened(data).rgb, RGB) == 0


@pytest.mark.parametrize("deep", [False, True])
def test_premultiplied_tiff_is_divided_by_alpha(deep):
    scale = 257 if deep else 1
    kind = np.uint16 if deep else np.uint8
    alpha = np.maximum(ALPHA, 40).astype(np.float64)
    multiplied = np.rint(RGB.astype(np.float64) * scale * (alpha / 255)[..., None])
    data = tiff(np.dstack((multiplied, alpha * scale)).astype(kind), photometric="rgb", extrasamples=["assocalpha"])
    picture = opened(data)
    # Half a level, divided by the least alpha, is what 8 bits lost before they came here.
    assert apart(picture.rgb, RGB) <= (0 if deep else np.ceil(0.5 * 255 / 40))
    assert apart(picture.alpha, alpha) == 0


@pytest.mark.parametrize("interlaced", [False, True])
@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_16_bit_png_is_rounded_not_cut(channels, interlaced):
    deep = noise(33, 21, channels, dtype=np.uint16)
    picture = opened(png(deep, interlaced=interlaced))
    colours = deep[..., : 3 if channels > 2 else 1]
    assert apart(picture.rgb, np.broadcast_to(rounded(colours), (33, 21, 3))) == 0
    if channels in (2, 4):
        assert apart(picture.alpha, rounded(deep[..., -1])) == 0


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("settings", [{}, {"compression": "zlib", "predictor": True}, {"tile": (16, 16)}])
@pytest.mark.parametrize("channels", [1, 3, 4])
def test_16_bit_tiff_is_rounded_not_cut(channels, settings, order):
    deep = noise(33, 21, channels, dtype=np.uint16)
    kind = {"photometric": "rgb"} if channels > 1 else {"photometric": "minisblack"}
    extra = {"extrasamples": ["unassalpha"]} if channels == 4 else {}
    picture = opened(tiff(deep.squeeze(), byteorder=order, **kind, **extra, **settings))
    assert apart(picture.rgb, np.broadcast_to(rounded(deep[..., : min(channels, 3)]), (33, 21, 3))) == 0


def test_white_may_be_zero_in_tiff():
    deep = noise(8, 8, dtype=np.uint16)
    assert apart(opened(tiff(deep, photometric="miniswhite")).rgb[..., 0], 255 - rounded(deep)) <= 1
    assert apart(opened(tiff(GREY, photometric="miniswhite")).rgb[..., 0], 255 - GREY) == 0


def test_a_transparent_colour_in_png():
    deep = noise(8, 8, 3, dtype=np.uint16)
    key = deep[3, 4]
    picture = opened(png(deep, chunk(b"tRNS", key.astype(">u2").tobytes())))
    assert np.argwhere(picture.alpha == 0).tolist() == [[3, 4]]
    # The low byte counts as well: a colour that only rounds to the same one stays.
    near = deep.copy()
    near[0, 0] = key ^ 1
    assert opened(png(near, chunk(b"tRNS", key.astype(">u2").tobytes()))).alpha[0, 0] == 255


def test_a_transparent_grey_of_few_bits_in_png():
    # Value 2 of 0..3: Pillow gives 170 for it.
    header = struct.pack(">IIBBBBB", 4, 1, 2, 0, 0, 0, 0)
    row = zlib.compress(b"\0" + bytes([0b00011011]))
    data = b"\x89PNG\r\n\x1a\n" + b"".join(
        (chunk(b"IHDR", header), chunk(b"tRNS", b"\0\2"), chunk(b"IDAT", row), chunk(b"IEND", b""))
    )
    picture = opened(data)
    assert picture.rgb[0, :, 0].tolist() == [0, 85, 170, 255]
    assert picture.alpha[0].tolist() == [255, 255, 0, 255]


def test_palettes_with_one_and_with_many_transparent_entries():
    indexed = Image.fromarray((np.arange(64, dtype=np.uint8) % 4).reshape(8, 8), "P")
    indexed.putpalette([255, 0, 0, 0, 255, 0, 0, 0, 255, 9, 9, 9])
    one = opened(saved(indexed, "PNG", transparency=2))
    assert one.alpha[0].tolist() == [255, 255, 0, 255] * 2
    many = opened(saved(indexed, "PNG", transparency=bytes([255, 128, 0, 7])))
    assert many.alpha[0].tolist() == [255, 128, 0, 7] * 2
    assert many.rgb[0, 1].tolist() == [0, 255, 0]
    assert opened(saved(indexed, "GIF", transparency=1)).alpha[0].tolist() == [255, 0, 255, 255] * 2


# What Exif 2.3 says of the stored rows and columns: (the visual side of row 0, that of column 0).
UPRIGHT = {
    1: lambda a: a,
    2: np.fliplr,
    3: lambda a: np.rot90(a, 2),
    4: np.flipud,
    5: lambda a: np.fliplr(np.rot90(a, -1)),
    6: lambda a: np.rot90(a, -1),
    7: lambda a: np.fliplr(np.rot90(a, 1)),
    8: lambda a: np.rot90(a, 1),
}


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
        picture = opened(data)
        assert apart(picture.rgb, UPRIGHT[turn](RGB)) == 0
        assert apart(picture.alpha, UPRIGHT[turn](ALPHA)) == 0
    jpeg = saved(RGB, "JPEG", quality=95, subsampling=0, exif=b"Exif\0\0" + block)
    assert apart(opened(jpeg).rgb, UPRIGHT[turn](RGB)) <= 8
    assert apart(opened(saved(RGB, "AVIF", quality=95, speed=10, exif=block)).rgb, UPRIGHT[turn](RGB)) <= 8


@pytest.mark.parametrize("block", [b"II", b"MM\0*\0\0\0\x08", b"II*\0" + b"\xff" * 4, exif(0), exif(9), b"x" * 99])
def test_a_damaged_orientation_is_none(block):
    assert apart(opened(saved(RGB, "PNG", exif=block)).rgb, RGB) == 0


def test_wide_gamut_becomes_srgb():
    wide = in_wide_gamut(RGB)
    assert apart(wide, RGB) > 10  # or the test would prove nothing
    for data in (
        saved(wide, "PNG", icc_profile=profile()),
        saved(wide, "WEBP", lossless=True, icc_profile=profile()),
        saved(wide, "TIFF", icc_profile=profile()),
    ):
        assert apart(opened(data).rgb, RGB) <= 3
    assert apart(opened(saved(wide, "JPEG", quality=98, subsampling=0, icc_profile=profile())).rgb, RGB) <= 10
    assert np.mean(np.abs(opened(saved(wide, "AVIF", quality=98, icc_profile=profile())).rgb.astype(int) - RGB)) <= 2


def test_alpha_goes_through_a_profile_untouched():
    picture = opened(saved(np.dstack((in_wide_gamut(RGB), ALPHA)), "PNG", icc_profile=profile()))
    assert apart(picture.rgb, RGB) <= 3
    assert apart(picture.alpha, ALPHA) == 0


def test_an_srgb_profile_changes_nothing():
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    assert apart(opened(saved(noise(64, 64, 3), "PNG", icc_profile=srgb)).rgb, noise(64, 64, 3)) == 0


def test_a_grey_profile_and_a_colour_profile_on_grey():
    for icc in (profile(space="GRAY"), profile()):
        picture = opened(saved(GREY, "PNG", icc_profile=icc))
        assert picture.notes == ()
        assert apart(picture.rgb[..., 0], picture.rgb[..., 2]) <= 1
        assert 1 <= apart(picture.rgb[..., 0], GREY) <= 12  # gamma 2.2 is close to sRGB's curve, but is not it


@pytest.mark.parametrize("icc", [b"broken", profile()[:200], profile(space="CMYK"), bytes(500)])
def test_an_unusable_profile_is_noted(icc):
    picture = opened(saved(RGB, "PNG", icc_profile=icc))
    assert apart(picture.rgb, RGB) == 0
    assert len(picture.notes) == 1
    assert "colour profile" in picture.notes[0]


def test_a_jpeg_profile_in_parts_that_do_not_fit_is_noted():
    data = saved(RGB, "JPEG", icc_profile=profile())
    assert opened(data).notes == ()
    lost = data.replace(b"ICC_PROFILE\0\1\1", b"ICC_PROFILE\0\1\2")
    assert "damaged" in opened(lost).notes[0]


def test_lab_tiff():
    to_lab = ImageCms.buildTransform(ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB"), "RGB", "LAB")
    lab = ImageCms.applyTransform(Image.fromarray(RGB), to_lab)
    lab.info.clear()
    # a and b have 8 bits, too few for dark blue.
    assert np.mean(np.abs(opened(saved(lab, "TIFF")).rgb.astype(int) - RGB)) <= 2


def test_cmyk():
    ink = np.dstack((RGB, GREY // 3))
    image = Image.fromarray(ink, "CMYK")
    ideal = np.rint((255.0 - ink[..., :3]) * (255.0 - ink[..., 3:]) / 255)
    for data in (saved(image, "TIFF"), saved(image, "TIFF", compression="tiff_lzw")):
        picture = opened(data)
        assert apart(picture.rgb, ideal) <= 2
        assert "approximate" in picture.notes[0]
    jpeg = saved(image, "JPEG", quality=95, subsampling=0)
    assert apart(opened(jpeg).rgb, ideal) <= 16


def test_cmyk_without_adobes_segment_looks_as_with_it():
    # So browsers and ImageMagick show it: tools that strip metadata take the segment out and leave the numbers.
    jpeg = saved(Image.fromarray(np.dstack((RGB, GREY // 3)), "CMYK"), "JPEG", quality=95, subsampling=0)
    at = jpeg.index(b"\xff\xee")
    unmarked = jpeg[:at] + jpeg[at + 2 + int.from_bytes(jpeg[at + 2 : at + 4], "big") :]
    assert apart(opened(unmarked).rgb, opened(jpeg).rgb) == 0


def fields(*channels):
    """Channels and how many bits each has, from the highest down, as rows of a 16-bit BMP; and their masks."""
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
def test_a_bmp_of_bit_fields(bits):
    rows, masks = fields(*zip(np.moveaxis(RGB, 2, 0), bits, strict=True))
    picture = opened(bmp(rows, 36, 24, 16, masks=masks))
    assert apart(picture.rgb, np.dstack([in_few_bits(RGB[..., n], bits[n]) for n in range(3)])) == 0
    assert picture.alpha is None


def test_a_bmp_of_16_bits_without_masks_has_five_for_each_colour():
    rows, _ = fields((np.zeros_like(GREY), 1), *((RGB[..., n], 5) for n in range(3)))
    assert apart(opened(bmp(rows, 36, 24, 16)).rgb, np.dstack([in_few_bits(RGB[..., n], 5) for n in range(3)])) == 0


def test_a_bmp_whose_alpha_has_one_bit():
    alpha = np.where(GREY > 120, 255, 0).astype(np.uint8)
    rows, (a, r, g, b) = fields((alpha, 1), *((RGB[..., n], 5) for n in range(3)))
    picture = opened(bmp(rows, 36, 24, 16, masks=(r, g, b, a)))
    assert apart(picture.alpha, alpha) == 0
    assert apart(picture.rgb, np.dstack([in_few_bits(RGB[..., n], 5) for n in range(3)])) == 0


def test_a_bmp_of_ten_bits_a_colour():
    deep = RGB.astype(np.uint32) * 1023 // 255
    packed = (deep[..., 0] << 20 | deep[..., 1] << 10 | deep[..., 2])[::-1]
    data = bmp(packed.astype("<u4").tobytes(), 36, 24, 32, masks=(1023 << 20, 1023 << 10, 1023))
    assert apart(opened(data).rgb, RGB) <= 1


def test_a_bmp_with_a_profile():
    wide = in_wide_gamut(RGB)
    data = bmp(wide[::-1, :, ::-1].tobytes(), 36, 24, 24, icc=profile())
    assert apart(opened(data).rgb, RGB) <= 3
    linked = data.replace(b"DEBM", b"KNIL")
    assert "another file" in opened(linked).notes[0]
    assert "damaged" in opened(data[:-9]).notes[0]


@pytest.mark.parametrize("order", ["<", ">"])
def test_a_big_tiff_of_either_byte_order(order):
    assert apart(opened(tiff(RGB, photometric="rgb", bigtiff=True, byteorder=order)).rgb, RGB) == 0
    deep = noise(33, 21, 3, dtype=np.uint16)
    assert apart(opened(tiff(deep, photometric="rgb", bigtiff=True, byteorder=order)).rgb, rounded(deep)) == 0


def test_around_a_first_frame_smaller_than_its_canvas_a_gif_is_transparent():
    picture = opened(gif((50, 40), RGB, 6, 9))
    alpha = np.zeros((40, 50), np.uint8)
    alpha[9:33, 6:42] = 255
    assert picture.alpha.tolist() == alpha.tolist()
    assert apart(picture.rgb[9:33, 6:42], opened(saved(Image.fromarray(RGB).quantize(16), "GIF")).rgb) == 0


def test_the_first_of_several_frames_and_pages():
    for name in ("png animated", "webp animated", "avif animated", "tiff pages", "gif animated"):
        picture = opened(samples()[name])
        assert picture.notes == ("first of 3 frames",)
        if name in ("png animated", "tiff pages"):
            assert apart(picture.rgb, RGB) == 0


@pytest.mark.parametrize("size", [(1, 1), (1, 5000), (5000, 1), (2, 3)])
@pytest.mark.parametrize("form", ["PNG", "JPEG", "WEBP", "BMP", "GIF", "TIFF"])
def test_extreme_shapes(form, size):
    pixels = np.full((*size, 3), 77, np.uint8)
    assert apart(opened(saved(pixels, form)).rgb, pixels) <= 2


def test_trailing_bytes_do_not_matter():
    for name, data in samples().items():
        if not name.startswith(("tiff", "avif")):
            assert apart(opened(data + b"\xff\xda junk \xff\xc0" * 20).rgb, opened(data).rgb) == 0


def test_the_same_bytes_give_the_same_picture():
    for data in samples().values():
        assert apart(opened(data).rgb, opened(data).rgb) == 0


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


@pytest.mark.parametrize("turn", UPRIGHT)
def test_an_avif_is_measured_upright(turn):
    data = saved(RGB, "AVIF", speed=10, exif=exif(turn))
    assert decode.measure(data, **LIMITS) == opened(data).rgb.shape[1::-1]


def test_an_avif_of_two_property_tables_is_read():
    # Old versions of cavif wrote the associations of colour and of alpha into an ipma box each.
    data = saved(RGBA, "AVIF", speed=10, quality=95)
    picture = opened(in_two_tables(data))
    assert apart(picture.rgb, opened(data).rgb) == 0
    assert apart(picture.alpha, opened(data).alpha) == 0


class TestGrey:
    """decode_grey: pictures that are data."""

    @pytest.mark.parametrize("kind", ["L", "RGB", "LA", "RGBA", "P", "1"])
    def test_values_are_kept_in_every_mode(self, kind):
        trimap = np.array([[0, 128, 255], [255, 0, 128]], np.uint8) if kind != "1" else np.array([[0, 255]], np.uint8)
        image = Image.fromarray(trimap).convert(kind)
        if "A" in kind:
            image.putalpha(0)  # alpha does not count
        assert decode.decode_grey(saved(image, "PNG"), **LIMITS).tolist() == trimap.tolist()

    def test_16_bits_and_a_profile(self):
        deep = np.array([[0, 128 * 257, 65535]], np.uint16)
        assert decode.decode_grey(png(deep[..., None]), **LIMITS).tolist() == [[0, 128, 255]]
        assert decode.decode_grey(saved(GREY, "PNG", icc_profile=profile()), **LIMITS).tolist() == GREY.tolist()

    def test_what_is_transparent_says_nothing(self):
        strokes = np.array([[0, 255, 0, 255, 77]], np.uint8)
        alpha = np.array([[255, 255, 0, 127, 128]], np.uint8)
        layer = saved(np.dstack((strokes, strokes, strokes, alpha)), "PNG")
        assert decode.decode_grey(layer, **LIMITS).tolist() == [[0, 255, 128, 128, 77]]

    def test_upright(self):
        assert apart(decode.decode_grey(saved(GREY, "PNG", exif=exif(6)), **LIMITS), UPRIGHT[6](GREY)) == 0
