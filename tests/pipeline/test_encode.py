"""Encoded files can be read by another decoder, and hold what the canvas holds."""

import hashlib
import io
import subprocess
import sys
import zipfile
import zlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from PIL import Image, ImageCms

from pipeline import encode, srgb
from pipeline.errors import BadOptions
from pipeline.types import Canvas, to_uint8
from tests.pipeline.pictures import gradient, noise, saved

RGB = gradient(40, 52)
ALPHA = np.linspace(0, 1, 40 * 52, dtype=np.float32).reshape(40, 52)
CUTOUT = np.where(ALPHA[..., None] > 0, RGB, 0).astype(np.uint8)


def canvas(kind):
    rgb = {"opaque": RGB, "cutout": CUTOUT, "alpha": None}[kind]
    return Canvas(None if rgb is None else rgb.copy(), None if kind == "opaque" else ALPHA.copy())


def reopened(encoded):
    with Image.open(io.BytesIO(encoded.data)) as image:
        image.load()
        return image


TYPES = {
    "png": ("image/png", "png"),
    "webp": ("image/webp", "webp"),
    "jpeg": ("image/jpeg", "jpg"),
    "tiff": ("image/tiff", "tiff"),
    "avif": ("image/avif", "avif"),
}
CAN_HOLD = [
    (form, kind) for form in TYPES for kind in ("opaque", "cutout", "alpha") if (form, kind) != ("jpeg", "cutout")
]


@pytest.mark.parametrize(("form", "kind"), CAN_HOLD)
def test_a_file_has_its_type_size_and_profile_and_no_metadata(form, kind):
    encoded = encode.encode(canvas(kind), format=form)
    image = reopened(encoded)
    assert (encoded.content_type, encoded.extension) == TYPES[form]
    assert image.format.lower() == form
    assert image.size == (52, 40)
    assert image.info.get("icc_profile") == (None if kind == "alpha" else srgb.PROFILE)
    assert not {"exif", "xmp", "comment", "date:create"} & image.info.keys()


def label():
    """Small print on a box, as on a package."""
    pixels = np.full((400, 600, 3), 244, np.uint8)
    letters = noise(40, 9, 7) > 128
    for top in range(60, 340, 14):
        for left in range(60, 540, 9):
            pixels[top : top + 9, left : left + 7][letters[(top * left) % 40]] = (30, 30, 90)
    return pixels


def test_a_png_of_a_printed_label_is_about_as_small_as_pillows():
    data = encode.encode(Canvas(label(), None), format="png").data
    fast = saved(label(), "PNG", compress_level=1, compress_type=zlib.Z_RLE, icc_profile=srgb.PROFILE)
    assert len(data) <= 1.1 * len(saved(label(), "PNG", icc_profile=srgb.PROFILE))
    assert len(data) < len(fast) / 1.5  # or the test would prove nothing


def test_a_png_of_a_photograph_is_compressed_the_fast_way(photos):
    with Image.open(photos / "chelsea.png") as file:
        photo = np.asarray(file.convert("RGB"))
    data = encode.encode(Canvas(photo, None), format="png").data
    assert data == saved(photo, "PNG", compress_level=1, compress_type=zlib.Z_RLE, icc_profile=srgb.PROFILE)
    assert len(data) <= 1.1 * len(saved(photo, "PNG", icc_profile=srgb.PROFILE))


@pytest.mark.parametrize("margin", [0, 200])
def test_the_effort_of_a_png_follows_a_sample_that_empty_margins_do_not_mislead(photos, margin):
    with Image.open(photos / "chelsea.png") as file:
        coarse = file.convert("L").convert("RGB").resize((902, 600), Image.Resampling.NEAREST)
    pixels = np.pad(np.asarray(coarse), ((margin, margin), (0, 0), (0, 0)))
    data = encode.encode(Canvas(pixels, None), format="png").data
    assert data == saved(pixels, "PNG", compress_level=5, icc_profile=srgb.PROFILE)
    assert len(data) <= 1.05 * len(saved(pixels, "PNG", icc_profile=srgb.PROFILE))


@pytest.mark.parametrize("form", ["png", "webp", "tiff"])
def test_lossless_is_lossless(form):
    rgba = np.asarray(reopened(encode.encode(canvas("cutout"), format=form)))
    assert (rgba[..., :3] == CUTOUT).all()
    assert (rgba[..., 3] == to_uint8(ALPHA)).all()
    assert (np.asarray(reopened(encode.encode(canvas("opaque"), format=form)).convert("RGB")) == RGB).all()
    assert (np.asarray(reopened(encode.encode(canvas("alpha"), format=form)).convert("L")) == to_uint8(ALPHA)).all()


@pytest.mark.parametrize("form", ["png", "webp", "tiff"])
def test_colours_below_alpha_zero_are_kept(form):
    hidden = Canvas(noise(16, 16, 3), np.zeros((16, 16), np.float32))
    assert (np.asarray(reopened(encode.encode(hidden, format=form)))[..., :3] == noise(16, 16, 3)).all()


def test_avif_at_its_best_is_within_two_levels():
    rgba = np.asarray(reopened(encode.encode(canvas("cutout"), format="avif"))).astype(int)
    assert np.abs(rgba[..., :3] - CUTOUT).max() <= 2
    assert (rgba[..., 3] == to_uint8(ALPHA)).all()


@pytest.mark.parametrize("form", ["webp", "jpeg", "avif"])
def test_quality_trades_bytes_for_closeness(form):
    busy = Canvas(noise(64, 64, 3), None)
    good, poor = (encode.encode(busy, format=form, quality=quality) for quality in (95, 20))
    assert len(good.data) > 1.5 * len(poor.data)
    errors = [np.abs(np.asarray(reopened(e).convert("RGB")).astype(int) - busy.rgb).mean() for e in (good, poor)]
    assert errors[0] < errors[1]


def test_jpeg_keeps_full_chroma():
    # A one-pixel checkerboard of two colours of like brightness: halved chroma would make it grey.
    board = np.where((np.indices((32, 32)).sum(axis=0) % 2)[..., None], (200, 60, 60), (40, 120, 130)).astype(np.uint8)
    decoded = np.asarray(reopened(encode.encode(Canvas(board, None), format="jpeg"))).astype(int)
    assert np.abs(decoded - board).mean() < 6


@pytest.mark.parametrize("form", ["png", "tiff"])
def test_alpha_can_be_saved_with_16_bits(form):
    deep = np.asarray(reopened(encode.encode(canvas("alpha"), format=form, depth=16)))
    assert deep.dtype == np.uint16
    assert np.abs(deep - ALPHA.astype(np.float64) * 65535).max() <= 0.51  # half a level, and float32's own rounding
    every = np.arange(65536, dtype=np.uint16).reshape(256, 256)
    again = reopened(encode.encode(Canvas(None, every / np.float32(65535)), format=form, depth=16))
    assert (np.asarray(again) == every).all()


def test_auto_is_jpeg_if_opaque():
    assert encode.encode(canvas("opaque"), format="auto").extension == "jpg"
    assert encode.encode(canvas("cutout"), format="auto").extension == "png"
    assert encode.encode(canvas("alpha"), format="auto").extension == "png"


@pytest.mark.parametrize("kind", ["opaque", "cutout"])
def test_zip_holds_colour_and_alpha(kind):
    encoded = encode.encode(canvas(kind), format="zip")
    assert (encoded.content_type, encoded.extension) == ("application/zip", "zip")
    with zipfile.ZipFile(io.BytesIO(encoded.data)) as archive:
        assert archive.namelist() == ["color.jpg", "alpha.png"]
        assert archive.testzip() is None
        colour, alpha = (Image.open(io.BytesIO(archive.read(name))) for name in archive.namelist())
    assert colour.mode == "RGB"
    assert alpha.mode == "L"
    assert (np.asarray(alpha) == (255 if kind == "opaque" else to_uint8(ALPHA))).all()


@pytest.mark.parametrize(
    ("made", "settings", "words"),
    [
        ("cutout", {"format": "jpeg"}, "background"),
        ("alpha", {"format": "zip"}, "another format"),
        ("cutout", {"format": "png", "depth": 16}, "depth 16"),
        ("alpha", {"format": "webp", "depth": 16}, "depth 16"),
    ],
)
def test_a_canvas_that_a_format_cannot_hold_is_rejected(made, settings, words):
    with pytest.raises(BadOptions, match=words):
        encode.encode(canvas(made), **settings)


@pytest.mark.parametrize(("form", "side"), [("webp", 16384), ("jpeg", 65501), ("avif", 16385)])
def test_sides_that_are_too_long_point_to_png(form, side):
    long = Canvas(np.zeros((1, side, 3), np.uint8), None)
    with pytest.raises(BadOptions, match="Choose format png"):
        encode.encode(long, format=form)
    assert reopened(encode.encode(long, format="png")).size == (side, 1)
    if form != "avif":
        fits = Canvas(np.zeros((1, side - 1, 3), np.uint8), None)
        assert reopened(encode.encode(fits, format=form)).size == (side - 1, 1)


EVERY = [*CAN_HOLD, ("zip", "cutout")]
DIGESTS = """
import hashlib
from pipeline import encode
from tests.pipeline.test_encode import EVERY, canvas
for form, kind in EVERY:
    print(hashlib.sha256(encode.encode(canvas(kind), format=form).data).hexdigest())
"""


def test_the_same_canvas_gives_the_same_bytes_in_another_process_and_at_another_time():
    ours = [hashlib.sha256(encode.encode(canvas(kind), format=form).data).hexdigest() for form, kind in EVERY]
    environment = {"PYTHONHASHSEED": "7", "TZ": "Asia/Tokyo", "PYTHONPATH": "."}
    done = subprocess.run([sys.executable, "-c", DIGESTS], env=environment, capture_output=True, check=True, text=True)
    assert done.stdout.split() == ours


def test_the_profile_is_srgb_without_a_date():
    read = ImageCms.ImageCmsProfile(io.BytesIO(srgb.PROFILE))
    assert "sRGB" in ImageCms.getProfileDescription(read)
    assert read.profile.creation_date.year == 2024
    transform = ImageCms.buildTransform(read, ImageCms.createProfile("sRGB"), "RGB", "RGB")
    colours = Image.fromarray(noise(32, 32, 3))
    moved = np.asarray(ImageCms.applyTransform(colours, transform)).astype(int) - noise(32, 32, 3)
    assert np.abs(moved).max() <= 1


@settings(max_examples=40, deadline=None)
@given(
    arrays.arrays(np.uint8, st.tuples(st.integers(1, 9), st.integers(1, 9), st.just(4))),
    st.sampled_from(["png", "webp", "tiff"]),
)
def test_any_small_cutout_survives_encoding(rgba, form):
    alpha = rgba[..., 3] / np.float32(255)
    again = np.asarray(reopened(encode.encode(Canvas(rgba[..., :3].copy(), alpha), format=form)).convert("RGBA"))
    assert (again == rgba).all()
