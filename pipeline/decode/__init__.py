"""Bytes -> Picture.

The first bytes give the format. Hairline's own parser of that format reads the header (size, orientation, profile,
pages), so that an image that is too large is rejected before anything is decoded. Pillow then decodes a copy of the
file without metadata. Colours are converted to sRGB with 8 bits, the image is turned upright, and its alpha is kept
separately.
"""

import struct
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from pipeline.decode import bmp, colour, gif, heif, jpeg, pixels, png, riff, tiff
from pipeline.decode.header import Header
from pipeline.errors import ImageTooLarge, TruncatedImage
from pipeline.sniff import sniff
from pipeline.types import Picture, UInt8

_PARSERS: dict[str, Callable[[bytes], Header]] = {
    "jpeg": jpeg.read,
    "png": png.read,
    "webp": riff.read,
    "avif": lambda data: heif.read(data, "avif"),
    "heic": lambda data: heif.read(data, "heic"),
    "tiff": tiff.read,
    "bmp": bmp.read,
    "gif": gif.read,
}

_MOST_PIXELS = 178_956_970
"""Twice Pillow's `MAX_IMAGE_PIXELS`: above that Pillow raises. A library must not change it for a whole process."""

_UPRIGHT: dict[int, Callable[[NDArray[np.uint8]], NDArray[np.uint8]]] = {
    1: lambda a: a,
    2: lambda a: a[:, ::-1],
    3: lambda a: a[::-1, ::-1],
    4: lambda a: a[::-1],
    5: lambda a: a.swapaxes(0, 1),
    6: lambda a: a.swapaxes(0, 1)[:, ::-1],
    7: lambda a: a.swapaxes(0, 1)[::-1, ::-1],
    8: lambda a: a.swapaxes(0, 1)[::-1],
}
"""The functions that turn an array upright, by orientation (Exif 2.3, tag 0x0112)."""


def decode(data: bytes, *, max_bytes: int, max_megapixels: float) -> Picture:
    """Decode an image file: JPEG, PNG, WebP, AVIF, HEIC, TIFF, BMP or GIF.

    Of several frames or pages only the first is decoded (PNG: the default image), and a note says so.
    Raises EmptyImage, TruncatedImage, CorruptImage, NotAnImage, UnsupportedFormat, ImageTooLarge, OutOfMemory.
    """
    header, raster = _read(data, max_bytes, max_megapixels)
    image, more = colour.to_srgb(raster.image, raster.profile)
    many = (f"first of {raster.frames} frames",) if raster.frames > 1 else ()
    upright = _UPRIGHT[raster.orientation]
    alpha = raster.alpha if raster.alpha is None else upright(raster.alpha)
    return Picture(upright(np.asarray(image)), alpha, format=header.format, notes=(*many, *header.notes, *more))


def measure(data: bytes, *, max_bytes: int, max_megapixels: float) -> tuple[int, int]:
    """(width, height), upright, from the header of an image file. Raises what `decode` raises for a wrong header."""
    header = _header(data, max_bytes, max_megapixels)
    width, height = header.size
    return (width, height) if header.orientation <= 4 else (height, width)


def decode_grey(data: bytes, *, max_bytes: int, max_megapixels: float) -> UInt8:
    """Decode an image that is not a photograph but data, such as a trimap or scribbles: uint8 (H, W), upright.

    8-bit grey values do not change, 16-bit ones are rounded to 8 bits, and colours become Rec. 601 luma. The profile is
    ignored. A pixel with alpha below 128 becomes 128, unknown, so that scribbles can be on a transparent layer. An
    alpha that is the same everywhere is ignored. Raises what `decode` does.
    """
    _, raster = _read(data, max_bytes, max_megapixels)
    image = colour.to_srgb(raster.image, None)[0] if raster.image.mode in ("CMYK", "LAB") else raster.image
    grey = np.asarray(image.convert("L"))
    if raster.alpha is not None and raster.alpha.min() != raster.alpha.max():
        grey = np.where(raster.alpha < 128, np.uint8(128), grey)
    return np.ascontiguousarray(_UPRIGHT[raster.orientation](grey))


def _read(data: bytes, max_bytes: int, max_megapixels: float) -> tuple[Header, pixels.Raster]:
    header = _header(data, max_bytes, max_megapixels)
    return header, pixels.load(header)


def _header(data: bytes, max_bytes: int, max_megapixels: float) -> Header:
    if len(data) > max_bytes:
        raise ImageTooLarge.of_file(len(data), max_bytes)
    name = sniff(data)
    try:
        header = _PARSERS[name](data)
    except (struct.error, IndexError) as error:
        raise TruncatedImage(f"This {name.upper()} ends within its header. Upload it again.") from error
    _check_size(header.size, max_megapixels)
    if name in ("avif", "heic"):  # a sequence has its size elsewhere, and boxes may give several
        _check_size(pixels.size(header), max_megapixels)
    return header


def _check_size(size: tuple[int, int], max_megapixels: float) -> None:
    width, height = size
    limit = min(max_megapixels * 1e6, _MOST_PIXELS)
    if width * height > limit:
        raise ImageTooLarge(
            f"The image is {width} x {height} pixels ({width * height / 1e6:.1f} megapixels); "
            f"the limit is {limit / 1e6:g} megapixels. Make it smaller."
        )
