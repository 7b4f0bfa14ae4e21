"""What the parsers of containers hand to the rest of decoding, and the little that they share."""

import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from pipeline.types import UInt8

MAX_PROFILE = 8_000_000
"""Bytes of the largest ICC profile that is read; press profiles with fine tables reach 3 MB."""
MAX_PARTS = 100_000
"""Chunks, entries or frames that are looked at: cameras and editors write some thousands at most."""

_ORIENTATION = 0x0112


@dataclass(frozen=True, slots=True)
class Header:
    """An image file, read up to its pixels.

    format: its name in lower case. size: (width, height) as stored, before it is turned upright.
    pixels: a file of the same format without metadata, so that no damaged or hostile metadata reaches a decoder.
    orientation: 1..8 (Exif 2.3, tag 0x0112). profile: the ICC profile, None without one, b"" for one that is lost.
    frames: pages or frames in the file. notes: what the user should know.
    area: (left, top, right, bottom) of a first frame that need not cover the whole canvas; None where it must.
    samples: reads the pixels, uint8 (H, W, 3 or 4), where Pillow cannot; None where Pillow does.
    rawmodes: raw modes of Pillow's decoder to replace, where Pillow would guess the layout of the samples wrongly.
    grey: the samples of 16-bit grey that mean (black, white).
    transparent: the one colour that is transparent, in samples of `depth` bits (PNG's tRNS chunk).
    premultiplied: colours are stored multiplied by alpha.
    """

    format: str
    size: tuple[int, int]
    pixels: bytes
    orientation: int = 1
    profile: bytes | None = None
    frames: int = 1
    notes: tuple[str, ...] = ()
    rawmodes: Mapping[str, str] = field(default_factory=dict)
    grey: tuple[int, int] = (0, 65535)
    transparent: tuple[int, ...] | None = None
    depth: int = 8
    premultiplied: bool = False
    area: tuple[int, int, int, int] | None = None
    samples: Callable[[], UInt8] | None = None


def exif_orientation(exif: bytes) -> int:
    """The orientation 1..8 in an Exif block (a TIFF header and its first directory); 1 where it cannot be read.

    Read here and not by Pillow, which would load every tag first. An image whose orientation is damaged is still an
    image, so that is not an error.
    """
    try:
        order = {b"II": "<", b"MM": ">"}.get(exif[:2])
        if order is None:
            return 1
        (start,) = struct.unpack_from(order + "I", exif, 4)
        (count,) = struct.unpack_from(order + "H", exif, start)
        for at in range(start + 2, start + 2 + 12 * count, 12):
            tag, kind, _, value = struct.unpack_from(order + "HHIH", exif, at)
            if tag == _ORIENTATION and kind == 3:
                return value if 1 <= value <= 8 else 1
    except struct.error:  # it ends early
        pass
    return 1
