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

# After PNG's adaptive filters, run lengths alone suit most photographs: 0.6 s and 11.5 MB for a cutout of 12 MP, which
# level 5 makes in 1.5 s and 10.5 MB, and level 6 in 2.7 s and 10.2 MB. But they make text, drawings and grey images up
# to five times as large as level 6, and level 5 makes small print a seventh larger.
_PNG_EFFORTS: tuple[dict[str, int], ...] = (
    {"compress_level": 1, "compress_type": zlib.Z_RLE},
    {"compress_level": 5},
    {"compress_level": 6},
)
_WORTH_IT = 0.93
"""A sample's size, as a share of that with less effort, below which more effort is worth its time."""
_SAMPLE_BANDS, _SAMPLE_ROWS, _SAMPLE_PIXELS = 4, 8, 32_000
"""A sample: bands of rows, at least so many rows each, and so many pixels together. Its ratio is within 3 % of the
whole image's on photographs, and within 10 % on text."""

# exact keeps the colours below alpha 0, which are zero for a cutout and ought to stay so. Lossless: on 12 MP this
# effort takes half the time of Pillow's defaults (method 4, quality 80), for 1 to 2 % more bytes.
_WEBP = {"exact": True, "method": 4}
_LOSSLESS_WEBP = {"lossless": True, "method": 2, "quality": 20}

# One tile and one thread: tiles change the bytes, and must not depend on the machine. Pillow knows AVIF only as YCbCr,
# where 8 bits cannot hold every RGB colour: at quality 100 colours come back within two levels, alpha and grey exact.
_AVIF = {"speed": 8, "max_threads": 1, "subsampling": "4:4:4", "range": "full", "autotiling": False}

_EARLIEST = (1980, 1, 1, 0, 0, 0)  # where a ZIP's calendar begins


@dataclass(frozen=True, slots=True)
class _Format:
    """pillow: its name there. side: the longest that the format can hold, in pixels. transparent: can be."""

    pillow: str
    content_type: str
    extension: str
    side: int
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
    quality: 1..100 for WebP, AVIF and JPEG (also the one in a ZIP). None is lossless for WebP, the best that there is
    for AVIF (colours within two levels of 255, alpha exact), and 92 for JPEG. PNG and TIFF are always lossless.
    depth: 8 or 16 bits; 16 for alpha alone, as PNG or TIFF.
    The same canvas gives the same bytes. Raises BadOptions where the format cannot hold the canvas.
    """
    if format == "zip":
        return _zip(canvas, quality)
    name = format if format != "auto" else "jpeg" if canvas.alpha is None else "png"
    form = _FORMATS[name]
    if max(canvas.size) > form.side:
        width, height = canvas.size
        raise BadOptions(
            f"The result is {width} x {height} pixels, and {name} allows at most {form.side} a side. Choose format png."
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
    """The best quality from `least` to `best` whose file has at most `most_bytes`, by bisection, and that quality.

    Where not even `least` fits, the file is that one all the same: its size is for the caller to judge.
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
    assert canvas.alpha is not None  # Canvas has seen to it
    if depth == 16:
        # float32 holds every whole number to 2**24, so 65535 * alpha is good to well within half a level.
        deep: NDArray[np.uint16] = np.rint(canvas.alpha * np.float32(65535)).astype(np.uint16)
        return deep
    return to_uint8(canvas.alpha)


def _settings(name: str, quality: int | None, pixels: NDArray[np.uint8 | np.uint16]) -> dict[str, Any]:
    """What Pillow's `save` is told."""
    # An RGB profile does not belong into a grey picture, and alpha is no colour.
    colour: dict[str, Any] = {"icc_profile": PROFILE} if pixels.ndim == 3 else {}
    match name:
        case "png":
            return colour | _png(pixels)
        case "tiff":
            return colour | {"compression": "tiff_adobe_deflate"}
        case "jpeg":
            # 4:4:4: halved chroma would show as fringes along the subject's outline. Not "optimize": it saves 2 to 13 %
            # for three times the time, and then Pillow holds the whole file in a buffer that is too small for noise.
            return colour | {"quality": _DEFAULT_JPEG if quality is None else quality, "subsampling": 0}
        case "webp":
            return colour | _WEBP | (_LOSSLESS_WEBP if quality is None else {"quality": quality})
        case _:
            return colour | _AVIF | {"quality": quality or 100}


def _png(pixels: NDArray[np.uint8 | np.uint16]) -> dict[str, int]:
    """The effort to compress with: more than the least one where a sample shows that it is worth its time."""
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
    """color.jpg and alpha.png, stored as they are, since both are compressed already.

    The colours go on beyond the subject's edge: black there would darken the edge of whoever resizes the two apart.
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
            entry = zipfile.ZipInfo(name, _EARLIEST)
            entry.create_system = 3  # Unix wherever it is made, so that the bytes are the same
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, member.data)
    return Encoded(file.getvalue(), "application/zip", "zip")
