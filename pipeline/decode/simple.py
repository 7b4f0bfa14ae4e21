"""The headers of BMP and GIF, which carry no metadata that matters."""

import struct

from pipeline.decode.header import MAX_PARTS, Header
from pipeline.errors import CorruptImage, TruncatedImage

_OLD_BMP = 12
_MAX_FRAMES = 1000  # counted no further


def read_bmp(data: bytes) -> Header:
    """The header of a BMP file (BITMAPCOREHEADER or any later one). Raises CorruptImage."""
    old = data[14] == _OLD_BMP
    width, height = struct.unpack_from("<HH" if old else "<ii", data, 18)
    if width <= 0 or height == 0:
        raise CorruptImage(f"This BMP is damaged: it says that it is {width} x {height} pixels. Export it again.")
    return Header("bmp", (width, abs(height)), data)  # a negative height only means top row first


def read_gif(data: bytes) -> Header:
    """The header of a GIF file (GIF89a specification, 1990). Raises TruncatedImage and CorruptImage."""
    width, height, flags = struct.unpack_from("<HHB", data, 6)
    at = 13 + _colours(flags)
    frames = 0
    for _ in range(MAX_PARTS):
        kind = data[at : at + 1]
        if kind == b"," and frames < _MAX_FRAMES:
            left, top, wide, high, flags = struct.unpack_from("<HHHHB", data, at + 1)
            if frames == 0:  # Pillow makes the canvas larger where the first frame does not fit
                width, height = max(width, left + wide), max(height, top + high)
            frames += 1
            at = _after_blocks(data, at + 11 + _colours(flags))
        elif kind == b"!":
            at = _after_blocks(data, at + 2)
        else:
            break  # the end, or what Pillow will have to make sense of
    if frames == 0:
        raise TruncatedImage("This GIF ends before its picture begins. Upload it again.")
    if not width or not height:
        raise CorruptImage(f"This GIF is damaged: it says that it is {width} x {height} pixels. Export it again.")
    return Header("gif", (width, height), data, frames=frames)


def _colours(flags: int) -> int:
    return 3 << (flags & 7) + 1 if flags & 0x80 else 0


def _after_blocks(data: bytes, at: int) -> int:
    """The place after a row of blocks, each led by its length, the last of length 0."""
    while at < len(data) and data[at]:
        at += 1 + data[at]
    return at + 1
