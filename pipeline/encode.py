"""Canvas -> bytes: PNG, WebP, JPEG, TIFF, AVIF or ZIP, with an sRGB profile and nothing of the source's metadata."""

import io
import zipfile
import zlib
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from pipeline.errors import BadOptions
from pipeline.raster import extended, joined
from pipeline.srgb import PROFILE
from pipeline.types import Canvas, Encoded, to_uint8

_DEFAULT_JPEG = 92

# After PNG's adaptive filters, run-length coding alone suits most photographs. A cutout of 12 MP takes 0.6 s and 11.5
# MB; level 5 takes 1.5 s and 10.5 MB, level 6 takes 2.7 s and 10.2 MB. But run-length coding makes text, drawings and
# grey images up to five times as large as level 6 does, and level 5 makes small print a seventh larger.
_PNG_EFFORTS: tuple[dict[str, int], ...] = (
    {"compress_level": 1, "compress_type": zlib.Z_RLE},
    {"compress_level": 5},
    {"compress_level": 6},
)
_WORTH_IT = 0.93
"""More effort is worth its time if it shrinks the sample to less than this share of its size."""
_SAMPLE_BANDS, _SAMPLE_ROWS, _SAMPLE_PIXELS = 4, 8, 32_000
"""The sample has this many bands, each of at least this many rows, and about this many pixels in all. Its ratio of
sizes is within 3 % of the whole image's on photographs, and within 10 % on text."""

# exact keeps the colours where alpha is 0; a cutout's are zero and must stay zero. On 12 MP, the lossless settings take
# half the time of Pillow's defaults (method 4, quality 80), for 1 to 2 % more bytes.
_WEBP = {"exact": True, "method": 4}
_LOSSLESS_WEBP = {"lossless": True, "method": 2, "quality": 20}

# One tile and one thread, because tiles change the bytes, and the bytes must not depend on the machine. Pillow writes
# AVIF only as YCbCr, and 8 bits of that cannot hold every RGB colour: at quality 100, colours are within two levels of
# the original, and alpha and grey are exact.
_AVIF = {"speed": 8, "max_threads": 1, "subsampling": "4:4:4", "range": "full", "autotiling": False}

_ZIP_EPOCH = (1980, 1, 1, 0, 0, 0)  # the earliest date that a ZIP can hold


@dataclass(frozen=True, slots=True)
class _Format:
    """pillow: the name in Pillow. max_side: in pixels. transparent: whether it can hold alpha beside colour."""

    pillow: str
    content_type: str
    extension: str
    max_side: int
    transparent: bool = True


_FORMATS = {
    "png": _Format("PNG", "image/png", "png", 2**31 - 1),
    "webp": _Format("WEBP", "image/webp", "webp", 16383),
    "jpeg": _Format("JPEG", "image/jpeg", "jpg", 65500, transparent=False),  # libjpeg's JPEG_MAX_DIMENSION
    "tiff": _Format("TIFF", "image/tiff", "tiff", 2**31 - 1),
    "avif": _Format("AVIF", "image/avif", "avif", 16384),  # what libavif reads by default
}


def encode(canvas: Canvas, *, format: str, quality: int | None = None, depth: int = 8) -> Encoded:  # noqa: A002 - as in Options
    """Encode a canvas.

    format: "png", "webp", "jpeg", "tiff", "avif", "zip" (color.jpg and alpha.png), or "auto": JPEG if opaque, else PNG.
    quality: 1..100 for WebP, AVIF and JPEG (also the one in a ZIP). None is lossless for WebP, 100 for AVIF (colours
    within two levels of 255, alpha exact), and 92 for JPEG. PNG and TIFF are always lossless.
    depth: 8 or 16 bits; 16 only for alpha alone, as PNG or TIFF.
    The same canvas gives the same bytes. Raises BadOptions where the format cannot hold the canvas.
    """
    if format == "zip":
        return _zip(canvas, quality)
    name = format if format != "auto" else "jpeg" if canvas.alpha is None else "png"
    form = _FORMATS[name]
    if max(canvas.size) > form.max_side:
        width, height = canvas.size
        raise BadOptions(
            f"The result is {width} x {height} pixels, and {name} allows at most {form.max_side} a side. Choose format "
            "png."
        )
    if canvas.rgb is not None and canvas.alpha is not None and not form.transparent:
        raise BadOptions(f"format {name} cannot be transparent: give a background, or choose png or webp.")
    if depth == 16 and (canvas.rgb is not None or name not in ("png", "tiff")):
        raise BadOptions("depth 16 needs channels=alpha and format png or tiff.")
    pixels = _pixels(canvas, depth)
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, form.pillow, **_settings(name, quality, pixels))
    return Encoded(file.getvalue(), form.content_type, form.extension)


def encode_within(
    canvas: Canvas,
    *,
    format: str,  # noqa: A002 - as in Options
    most_bytes: float,
    least: int,
    best: int,
) -> tuple[Encoded, int]:
    """The file of the best quality that has at most `most_bytes`, and that quality. Found by bisection.

    least, best: the lowest and the highest quality. If even the file of `least` is too large, that one is returned. The
    caller must check its size.
    """
    made = encode(canvas, format=format, quality=best)
    if len(made.data) <= most_bytes:
        return made, best
    made, too_much = encode(canvas, format=format, quality=least), best
    while too_much - least > 1 and len(made.data) <= most_bytes:
        quality = (least + too_much) // 2
        tried = encode(canvas, format=format, quality=quality)
        if len(tried.data) <= most_bytes:
            made, least = tried, quality
        else:
            too_much = quality
    return made, least


def _pixels(canvas: Canvas, depth: int) -> NDArray[np.uint8 | np.uint16]:
    """What the file holds: (H, W, 4), (H, W, 3) or, for a matte, (H, W)."""
    if canvas.rgb is not None:
        return canvas.rgb if canvas.alpha is None else joined(canvas.rgb, to_uint8(canvas.alpha))
    assert canvas.alpha is not None  # Canvas guarantees it
    if depth == 16:
        # float32 holds every whole number up to 2**24, so the error of 65535 * alpha is far below half a level.
        deep: NDArray[np.uint16] = np.rint(canvas.alpha * np.float32(65535)).astype(np.uint16)
        return deep
    return to_uint8(canvas.alpha)


def _settings(name: str, quality: int | None, pixels: NDArray[np.uint8 | np.uint16]) -> dict[str, Any]:
    """The arguments of Pillow's `save`."""
    # A grey file is a matte. An RGB profile would be wrong in it.
    colour: dict[str, Any] = {"icc_profile": PROFILE} if pixels.ndim == 3 else {}
    match name:
        case "png":
            return colour | _png(pixels)
        case "tiff":
            return colour | {"compression": "tiff_adobe_deflate"}
        case "jpeg":
            # 4:4:4, because halved chroma would show as fringes along the subject's outline. Not "optimize", because it
            # saves 2 to 13 % in three times the time, and Pillow's buffer for it is too small for noisy images.
            return colour | {"quality": _DEFAULT_JPEG if quality is None else quality, "subsampling": 0}
        case "webp":
            return colour | _WEBP | (_LOSSLESS_WEBP if quality is None else {"quality": quality})
        case _:
            return colour | _AVIF | {"quality": quality or 100}


def _png(pixels: NDArray[np.uint8 | np.uint16]) -> dict[str, int]:
    """The effort to compress with: the least one, or more where a sample shows that more is worth its time."""
    height, width = pixels.shape[:2]
    rows = max(_SAMPLE_PIXELS // (_SAMPLE_BANDS * width), _SAMPLE_ROWS)
    # Not at the upper and lower edges, where a cutout is often empty.
    tops = np.linspace(0, max(height - rows, 0), _SAMPLE_BANDS + 2)[1:-1].astype(int)
    sample = Image.fromarray(np.concatenate([pixels[top : top + rows] for top in tops]))
    chosen, *others = _PNG_EFFORTS
    size = _png_size(sample, chosen)
    for more in others:
        smaller = _png_size(sample, more)
        if smaller >= _WORTH_IT * size:
            break
        chosen, size = more, smaller
    return chosen


def _png_size(image: Image.Image, settings: dict[str, int]) -> int:
    file = io.BytesIO()
    image.save(file, "PNG", **settings)
    return file.tell()


def _zip(canvas: Canvas, quality: int | None) -> Encoded:
    """color.jpg and alpha.png, stored uncompressed, because both are compressed already.

    The colours continue beyond the subject's edge. With black there, resizing the two files separately would darken the
    edge.
    """
    if canvas.rgb is None:
        raise BadOptions("format zip holds colour and alpha; for alpha alone choose another format.")
    height, width = canvas.rgb.shape[:2]
    alpha = canvas.alpha if canvas.alpha is not None else np.ones((height, width), np.float32)
    members = {
        "color.jpg": encode(Canvas(extended(canvas.rgb, to_uint8(alpha) > 0), None), format="jpeg", quality=quality),
        "alpha.png": encode(Canvas(None, alpha), format="png"),
    }
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
        for name, member in members.items():
            entry = zipfile.ZipInfo(name, _ZIP_EPOCH)
            entry.create_system = 3  # Unix, so that every machine writes the same bytes
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, member.data)
    return Encoded(file.getvalue(), "application/zip", "zip")
