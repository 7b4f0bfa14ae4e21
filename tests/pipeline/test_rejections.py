"""Bad files are rejected by name before they cost much time or memory, and nothing else is ever raised."""

import contextlib
import struct
import subprocess
import sys
import zlib

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from pipeline import decode
from pipeline.errors import (
    CorruptImage,
    EmptyImage,
    ImageTooLarge,
    InputError,
    NotAnImage,
    TruncatedImage,
    UnsupportedFormat,
)
from tests.pipeline.pictures import LIMITS, bmp, chunk, exif, gradient, noise, png, profile, samples, saved, tiff

SAMPLES = samples()
RGB = gradient()


def decoded(data):
    return decode.decode(data, **LIMITS)


def riff(kind, *chunks):
    body = kind + b"".join(
        name + struct.pack("<I", len(data)) + data + b"\0" * (len(data) % 2) for name, data in chunks
    )
    return b"RIFF" + struct.pack("<I", len(body)) + body


def vp8x(width, height):
    return b"\0\0\0\0" + (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")


def patched(data, at, new):
    return data[:at] + new + data[at + len(new) :]


def ifd(*entries, order="<", tail=b""):
    """A TIFF of one directory; each entry is tag, kind, count, value or place."""
    body = b"".join(struct.pack(order + "HHII", *entry) for entry in entries)
    return b"II*\0" + struct.pack(order + "IH", 8, len(entries)) + body + bytes(4) + tail


DEEP_JPEG = patched(SAMPLES["jpeg grey"], SAMPLES["jpeg grey"].index(b"\xff\xc0") + 4, b"\x0c")
DEEP_PLANES = tiff(noise(3, 8, 8, dtype=np.uint16), photometric="rgb", planarconfig="separate")


@pytest.mark.parametrize(
    ("data", "error", "words"),
    [
        (b"", EmptyImage, "empty"),
        (b"\xff\xd8", TruncatedImage, "2 bytes"),
        (b"\x89PNG", TruncatedImage, "4 bytes"),
        (b"<!DOCTYPE html><html><body>404", NotAnImage, "HTML"),
        (b"\xef\xbb\xbf\n  <html lang='de'>", NotAnImage, "HTML"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", NotAnImage, "SVG"),
        (b"<?xml version='1.0'?><!-- made --><svg width='9'/>", NotAnImage, "SVG"),
        (b"<?xml version='1.0'?><Error><Code>NoSuchKey</Code></Error>", NotAnImage, "XML"),
        (b"%PDF-1.7\n", NotAnImage, "PDF"),
        (b"%!PS-Adobe-3.0 EPSF-3.0", NotAnImage, "PostScript"),
        (b"PK\x03\x04" + bytes(30), NotAnImage, "ZIP"),
        (b"hello, I am text", NotAnImage, "text"),
        ("Grüße, 写真".encode(), NotAnImage, "text"),
        ("text".encode("utf-16"), NotAnImage, "text"),
        (b"BM stands for many a thing", NotAnImage, "text"),
        (b'{"image": 1}', NotAnImage, "text"),
        (b"/9j/4AAQSkZJRg", NotAnImage, "base64"),
        (b"data:image/png;base64,iVBOR", NotAnImage, "data: address"),
        (bytes(1000), NotAnImage, "zero bytes"),
        (b"\x01\x02\x03\x04" * 9, NotAnImage, "not in an image format"),
        (b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom", NotAnImage, "video"),
        (riff(b"WAVE", (b"fmt ", bytes(16))), NotAnImage, "sound"),
        (b"8BPS\0\1" + bytes(20), UnsupportedFormat, "Photoshop"),
        (b"\xff\x0a" + bytes(20), UnsupportedFormat, "JPEG XL"),
        (b"\0\0\1\0\1\0" + bytes(16), UnsupportedFormat, "icon"),
        (b"\0\0\0\x18ftypcrx \0\0\0\1crx isom", UnsupportedFormat, "RAW"),
        (b"II*\0\x10\0\0\0CR\2\0", UnsupportedFormat, "CR2"),
        (b"\0\0\2\0\1\0" + bytes(16), UnsupportedFormat, "cursor"),
        (saved(RGB, "TGA"), UnsupportedFormat, "Targa"),
        (saved(RGB, "TGA", compression="tga_rle"), UnsupportedFormat, "Targa"),
        (saved(RGB[..., 0], "TGA"), UnsupportedFormat, "Targa"),
        (saved(Image.fromarray(RGB).quantize(16), "TGA"), UnsupportedFormat, "Targa"),
        (saved(RGB, "PPM"), UnsupportedFormat, "portable bitmap"),
        (saved(RGB[..., 0], "PPM"), UnsupportedFormat, "portable bitmap"),
        (b"P1 # made by hand\n2 1\n0 1", UnsupportedFormat, "portable bitmap"),
        (saved(RGB, "PCX"), UnsupportedFormat, "PCX"),
        (saved(RGB, "SGI"), UnsupportedFormat, "SGI"),
        (b'/* XPM */ static char *a[] = {"1 1 1 1"', UnsupportedFormat, "XPM"),
        (struct.pack("<IHHHH", 9999, 0xAF11, 9, 320, 200), UnsupportedFormat, "FLI"),
        (struct.pack("<IHHHH", 9999, 0xAF12, 9, 320, 200), UnsupportedFormat, "FLC"),
        (b"FUJIFILMCCD-RAW 0201", UnsupportedFormat, "RAW"),
        (ifd((256, 3, 1, 8), (257, 3, 1, 8), (50706, 1, 4, 0x104)), UnsupportedFormat, "RAW"),
        (tiff(np.ones((4, 4), np.float32)), UnsupportedFormat, "floating point"),
        (DEEP_PLANES, UnsupportedFormat, "plane"),
        (ifd((256, 3, 1, 8), (257, 3, 1, 8), (259, 3, 1, 6)), UnsupportedFormat, "as old-style JPEG"),
        (ifd((256, 3, 1, 8), (257, 3, 1, 8), (259, 3, 1, 50001)), UnsupportedFormat, "as WebP"),
        (ifd((256, 3, 1, 8), (257, 3, 1, 8), (258, 3, 1, 12), (259, 3, 1, 7)), UnsupportedFormat, "12-bit JPEG"),
        (ifd((256, 3, 1, 8), (257, 3, 1, 8), (259, 3, 1, 999)), UnsupportedFormat, "no common name .999."),
        (bmp(bytes(128), 8, 8, 16, masks=(0xF0F0, 0x0F00, 0x000F)), UnsupportedFormat, "gaps"),
        (bmp(bytes(64), 8, 8, 16, masks=(0xF800, 0x7E0, 0x1F)), TruncatedImage, "middle"),
        (tiff(noise(8, 8, 9), photometric="minisblack", planarconfig="contig"), UnsupportedFormat, "channels"),
        (
            patched(SAMPLES["jpeg grey"], SAMPLES["jpeg grey"].index(b"\xff\xc0") + 4, b"\x0c"),
            UnsupportedFormat,
            "12-bit",
        ),
        (SAMPLES["png"][:8] + chunk(b"CgBI", bytes(4)) + SAMPLES["png"][8:], UnsupportedFormat, "iPhone"),
        (patched(SAMPLES["png"], 33, b"\xff"), (CorruptImage, TruncatedImage), "PNG"),
        (patched(SAMPLES["png"], -20, b"\xff"), CorruptImage, "checksum"),
        (b"\xff\xd8\xff\xd9", CorruptImage, "no image"),
        (b"\xff\xd8\xff\xe0\0\0", CorruptImage, "length"),
        (patched(SAMPLES["bmp"], 18, bytes(4)), CorruptImage, "0 x 24"),
        (patched(SAMPLES["webp lossless"], 20, b"\x2e"), CorruptImage, "WebP"),
    ],
)
def test_rejections_say_what_is_wrong(data, error, words):
    with pytest.raises(error, match=words) as caught:
        decoded(data)
    if isinstance(error, type):
        assert type(caught.value) is error


FIRST_COMES_WHOLE = {"tiff pages", "gif animated"}


@pytest.mark.parametrize("name", sorted(SAMPLES.keys() - FIRST_COMES_WHOLE))
def test_half_a_file_is_truncated(name):
    with pytest.raises(TruncatedImage):
        decoded(SAMPLES[name][: len(SAMPLES[name]) // 2])


def test_a_tiff_that_says_more_rows_than_it_has_is_truncated():
    data = tiff(noise(9, 7, 3), photometric="rgb")
    at = data.index(struct.pack("<HHI", 257, 4, 1)) + 8
    for rows in (10, 4_000_000):
        with pytest.raises(TruncatedImage):
            decoded(patched(data, at, struct.pack("<I", rows)))


def test_a_bigtiff_with_impossible_offsets_is_rejected():
    data = SAMPLES["tiff big"]
    with pytest.raises(TruncatedImage):
        decoded(patched(data, 8, b"\xff" * 8))
    (start,) = struct.unpack_from("<Q", data, 8)
    (entries,) = struct.unpack_from("<Q", data, start)
    last = start + 8 + 20 * entries  # where a second page would be named
    assert decoded(patched(data, last, b"\xf0" * 8)).rgb.shape == RGB.shape


@pytest.mark.parametrize("name", sorted(FIRST_COMES_WHOLE))
def test_of_several_pages_only_the_first_has_to_be_whole(name):
    data = SAMPLES[name]
    assert (decoded(data[: len(data) // 2]).rgb == decoded(data).rgb).all()
    with pytest.raises(TruncatedImage):
        decoded(data[:200])


@pytest.mark.parametrize("name", SAMPLES)
def test_noise_instead_of_pixels_does_not_crash(name):
    data = SAMPLES[name]
    broken = data[: len(data) // 2] + noise(len(data) - len(data) // 2).tobytes()
    try:
        decoded(broken)
    except InputError as error:
        assert len(str(error)) > 20  # noqa: PT017 - raw formats may well make a picture of it


def test_too_many_bytes_and_too_many_pixels_are_rejected():
    data = saved(RGB, "PNG")
    with pytest.raises(ImageTooLarge, match=r"limit is 0\.0001 MB"):
        decode.decode(data, max_bytes=100, max_megapixels=50)
    with pytest.raises(ImageTooLarge, match="36 x 24 pixels"):
        decode.decode(data, max_bytes=10**6, max_megapixels=0.0008)
    decode.decode(data, max_bytes=len(data), max_megapixels=36 * 24 / 1e6)  # the limits themselves are allowed


def huge_png():
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", 60000, 60000, 8, 6, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(bytes(10**7))) + chunk(b"IEND", b"")


def grown(name, marker, at, form, *sides):
    """A sample that says that it is larger than it is."""
    data = SAMPLES[name]
    return patched(data, data.index(marker) + at, struct.pack(form, *sides))


BOMBS = {
    "png": huge_png(),
    "jpeg": grown("jpeg", b"\xff\xc0", 5, ">HH", 65500, 65500),
    "jpeg progressive": grown("jpeg progressive", b"\xff\xc2", 5, ">HH", 65500, 65500),
    "gif": grown("gif", b"GIF8", 6, "<HH", 65535, 65535),
    "gif frame": grown("gif", b",\0\0\0\0", 5, "<HH", 65535, 65535),
    "bmp": grown("bmp", b"BM", 18, "<ii", 2**31 - 1, -(2**31) + 1),
    "webp": riff(b"WEBP", (b"VP8X", vp8x(16384, 16384)), (b"VP8L", b"\x2f\xff\xff\xff\x0f" + bytes(9))),
    "webp lossless": grown("webp lossless", b"VP8L", 9, "<I", 0x0FFFFFFF),
    "avif": grown("avif", b"ispe", 8, ">II", 60000, 60000),
    "tiff": ifd((256, 4, 1, 10**6), (257, 4, 1, 10**6), (273, 4, 1, 8)),
    "tiff tile": ifd((256, 3, 1, 9), (257, 3, 1, 9), (322, 4, 1, 2**20), (323, 4, 1, 2**20), (324, 4, 1, 8)),
}


@pytest.mark.parametrize("name", BOMBS)
def test_a_decompression_bomb_is_rejected_by_its_header(name):
    with pytest.raises(ImageTooLarge):
        decoded(BOMBS[name])


WELL_PADDED = zlib.compress(bytes(300_000_000), 9)
MEMORY_BOMBS = {
    "profile": png(RGB, chunk(b"iCCP", b"x\0\0" + WELL_PADDED)),
    "text": png(RGB, *[chunk(b"zTXt", b"x\0\0" + WELL_PADDED)] * 20),
    "exif": png(RGB, chunk(b"eXIf", exif(1)[:8] + b"\xff\xff" + noise(12 * 65535).tobytes())),
    "pieces": ifd((256, 3, 1, 9), (257, 3, 1, 9), (273, 4, 10**6, 200), (279, 4, 10**6, 200), tail=bytes(5 * 10**6)),
    "tags": ifd(*[(tag, 7, 4 * 10**6, 8) for tag in range(30000, 50000)], tail=bytes(5 * 10**6)),
    **{f"header of {name}": data for name, data in BOMBS.items()},
}

MEASURE = """
import sys
from pipeline import decode
from pipeline.errors import InputError

def peak():
    # Of this program alone; getrusage would count what the parent had before it started us.
    return next(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith("VmHWM"))

decode.decode({small!r}, max_bytes=40_000_000, max_megapixels=50)
data = sys.stdin.buffer.read()
before = peak()
try:
    decode.decode(data, max_bytes=40_000_000, max_megapixels=50)
except InputError:
    pass
print(peak() - before)
"""


def test_the_libraries_say_nothing_on_stderr(capfd):
    for name in ("tiff jpeg", "tiff fax", "tiff lzw", "jpeg"):
        data = SAMPLES[name]
        with contextlib.suppress(InputError):
            decoded(data[: len(data) // 2] + noise(len(data) - len(data) // 2).tobytes())
        for at in range(8, len(data) - 8, 7):
            with contextlib.suppress(InputError):
                decoded(patched(data, at, b"\xff\x84\0\xff"))
    assert capfd.readouterr() == ("", "")


def memory(data):
    """Kilobytes that decoding takes at most, above the file itself and the libraries."""
    code = MEASURE.format(small=saved(RGB, "PNG"))
    done = subprocess.run([sys.executable, "-c", code], input=data, capture_output=True, check=True)
    assert done.stderr == b""
    return int(done.stdout)


@pytest.mark.skipif(sys.platform != "linux", reason="the peak is read from /proc")
@pytest.mark.parametrize("name", MEMORY_BOMBS)
def test_rejecting_a_decompression_bomb_takes_less_than_100_mb(name):
    assert memory(MEMORY_BOMBS[name]) < 100_000


@pytest.mark.skipif(sys.platform != "linux", reason="the peak is read from /proc")
def test_decoding_takes_the_memory_of_a_few_copies_of_the_picture():
    pixels = np.kron(noise(30, 40, 3), np.ones((100, 100, 1), np.uint8))
    kilobytes = pixels.nbytes / 1000  # 36 MB
    # Pillow's own copy has four bytes a pixel; at least one copy is our result.
    assert kilobytes < memory(saved(pixels, "JPEG")) < 4 * kilobytes
    assert kilobytes < memory(saved(pixels, "PNG", icc_profile=profile())) < 6 * kilobytes


def test_a_jpeg_with_very_many_scans_is_rejected():
    data = SAMPLES["jpeg progressive"]
    at = data.rindex(b"\xff\xda")
    with pytest.raises(CorruptImage, match="scans"):
        decoded(data[:at] + data[at:-2] * 200 + data[-2:])


def test_a_gif_of_very_many_frames_is_counted_only_so_far():
    data = SAMPLES["gif"]
    frame = data[data.index(b",\0\0\0\0") : -1]
    assert decoded(data[:-1] + frame * 3000 + b";").notes == ("first of 1000 frames",)


def with_checksums(data):
    """PNG's checksums made right again, so that damage gets past them."""
    data, at = bytearray(data), 8
    while at + 12 <= len(data):
        (length,) = struct.unpack_from(">I", data, at)
        if at + 12 + length > len(data):
            break
        struct.pack_into(">I", data, at + 8 + length, zlib.crc32(data[at + 4 : at + 8 + length]))
        at += 12 + length
    return bytes(data)


@st.composite
def damaged(draw):
    """A valid file with some bytes changed, or cut off, or put in, or taken out."""
    name = draw(st.sampled_from(sorted(SAMPLES)))
    data = SAMPLES[name]
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(data) - 1))
        new = draw(st.sampled_from((b"\0", b"\xff", b"\x7f", b"\xff\xff\xff\xff", b"\0\0\0\0")) | st.binary(max_size=8))
        data = data[:at] + new + data[at + draw(st.sampled_from((len(new), 0, 8))) :]
    data = data[: draw(st.just(len(data)) | st.integers(0, len(data)))]
    return with_checksums(data) if name.startswith("png") and draw(st.booleans()) else data


@settings(max_examples=600, deadline=None, suppress_health_check=list(HealthCheck))
@given(damaged())
def test_a_damaged_file_gives_a_picture_or_a_rejection(data):
    try:
        picture = decoded(data)
    except InputError:
        return
    assert picture.rgb.dtype == np.uint8
    assert picture.rgb.shape[2] == 3


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes_give_a_picture_or_a_rejection(data):
    try:
        decode.decode_grey(data, **LIMITS)
    except InputError as error:
        assert str(error).endswith(".")  # noqa: PT017 - nearly all, but not all, raise
