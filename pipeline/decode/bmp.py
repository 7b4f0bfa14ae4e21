"""BMP headers, and pixels with bit fields of any layout (Microsoft, Bitmap Storage; BITMAPV5HEADER)."""

import struct
from functools import partial

import numpy as np

from pipeline.decode.header import MAX_PROFILE, Header
from pipeline.errors import CorruptImage, ImageTooLarge, TruncatedImage, UnsupportedFormat
from pipeline.types import UInt8

_OLD, _V3, _V5 = 12, 56, 124  # header lengths: the oldest, the first with alpha, the one with a profile
_RGB, _RLE, _BITFIELDS, _ALPHA_BITFIELDS = 0, (1, 2), 3, 6
_FIVE_BITS = (0x7C00, 0x3E0, 0x1F, 0)  # masks of 16-bit pixels for which the file gives none
_MAX_RLE = 4_000_000
"""The limit of run-length coded data, in bytes: Pillow decodes it in Python, at about 2 MB a second."""
_ROWS = 256  # to unpack at a time


def read(data: bytes) -> Header:
    """The header of a BMP file (BITMAPCOREHEADER or any later one).

    Raises CorruptImage, TruncatedImage, ImageTooLarge (run lengths) and UnsupportedFormat (masks with gaps).
    """
    start, length = struct.unpack_from("<II", data, 10)
    width, height = struct.unpack_from("<HH" if length == _OLD else "<ii", data, 18)
    if width <= 0 or height == 0:
        raise CorruptImage(f"This BMP is damaged: it says that it is {width} x {height} pixels. Export it again.")
    size = (width, abs(height))  # a negative height only means top row first
    if length == _OLD:
        return Header("bmp", size, data)
    bits, kind = struct.unpack_from("<HI", data, 28)
    if kind in _RLE and len(data) - start > _MAX_RLE:
        raise ImageTooLarge(
            f"This BMP has {len(data) / 1e6:.1f} MB of run lengths; the limit is {_MAX_RLE / 1e6:g} MB. Save it as PNG."
        )
    profile, notes = _profile(data, length)
    masks = _masks(data, length, bits, kind)
    if masks is None:
        return Header("bmp", size, data, profile=profile, notes=notes)
    if any(mask & (mask + (mask & -mask)) for mask in masks):
        raise UnsupportedFormat("This BMP has colour masks with gaps, which are not read here. Save it as PNG.")
    if start + _stride(width, bits) * abs(height) > len(data):
        raise TruncatedImage("This BMP ends in the middle. Upload it again.")
    samples = partial(_samples, data, start, width, height, bits, masks)
    return Header("bmp", size, b"", profile=profile, notes=notes, samples=samples)


def _masks(data: bytes, length: int, bits: int, kind: int) -> tuple[int, ...] | None:
    """The masks of red, green, blue and alpha in a pixel; None if Pillow can read the pixels itself."""
    if bits == 16 and kind == _RGB:
        return _FIVE_BITS
    if bits not in (16, 32) or kind not in (_BITFIELDS, _ALPHA_BITFIELDS):
        return None
    masks = struct.unpack_from("<4I", data, 54)
    if length < _V3 and kind == _BITFIELDS:
        masks = (*masks[:3], 0)
    return masks if any(masks) else None


def _profile(data: bytes, length: int) -> tuple[bytes | None, tuple[str, ...]]:
    kind = data[70:74] if length == _V5 else b""
    if kind == b"KNIL":
        return None, ("its colour profile is in another file, so its colours were taken for sRGB",)
    if kind != b"DEBM":
        return None, ()
    at, size = struct.unpack_from("<II", data, 126)  # the offset counts from the start of the header
    profile = data[14 + at : 14 + at + size]
    return (profile if len(profile) == size <= MAX_PROFILE else b""), ()


def _stride(width: int, bits: int) -> int:
    return (width * bits + 31) // 32 * 4


def _samples(data: bytes, start: int, width: int, height: int, bits: int, masks: tuple[int, ...]) -> UInt8:
    """uint8 (H, W, 3), or (H, W, 4) where there is alpha: each field of n bits as v * 255 // (2**n - 1)."""
    rows, stride = abs(height), _stride(width, bits)
    channels = masks if masks[3] else masks[:3]
    packed = np.frombuffer(data, f"<u{bits // 8}", rows * stride // (bits // 8), start).reshape(rows, -1)[:, :width]
    samples = np.zeros((rows, width, len(channels)), np.uint8)
    for top in range(0, rows, _ROWS):
        part = packed[top : top + _ROWS].astype(np.uint64)
        for channel, mask in enumerate(channels):
            if mask:
                lowest = mask & -mask
                samples[top : top + _ROWS, :, channel] = (part & mask) // lowest * 255 // (mask // lowest)
    return samples if height < 0 else samples[::-1]
