"""The Header that each format's parser returns, and what the parsers share."""

import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from pipeline.types import UInt8

MAX_PROFILE = 8_000_000
"""The largest ICC profile that is read, in bytes. Profiles for printing presses reach 3 MB."""
MAX_PARTS = 100_000
"""The most chunks, entries or frames that are read. Cameras and editors write a few thousand at most."""

_ORIENTATION = 0x0112


@dataclass(frozen=True, slots=True)
class Header:
    """The header of an image file.

    format: its name in lower case. size: (width, height) as stored, before it is turned upright.
    pixels: a file of the same format without metadata, so that no damaged or hostile metadata reaches a decoder.
    orientation: 1..8 (Exif 2.3, tag 0x0112). profile: the ICC profile; None if there is none, b"" if it is unreadable.
    frames: the number of pages or frames. notes: for the user.
    area: (left, top, right, bottom) of the first frame, if the format lets it be smaller than the canvas; else None.
    samples: reads the pixels, uint8 (H, W, 3 or 4), if Pillow cannot; else None.
    rawmodes: replacements for raw modes of Pillow's decoder, where Pillow would mistake the samples' layout.
    grey: the values of 16-bit grey samples for (black, white).
    transparent: the one colour that is transparent, in samples of `depth` bits (PNG's tRNS chunk).
    premultiplied: whether colours are stored multiplied by alpha.
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
    """The orientation 1..8 in an Exif block (a TIFF header and its first directory); 1 if it cannot be read.

    Pillow would load every tag first. A damaged orientation is not an error, because the image itself can be read.
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
