"""GIF blocks (GIF89a specification, 1990)."""

import struct

from pipeline.decode.header import MAX_PARTS, Header
from pipeline.errors import CorruptImage, TruncatedImage

_MAX_FRAMES = 1000  # further frames are not counted
_SPARE_BLOCKS, _MEAN_BLOCK = 100_000, 64
"""A file may have this many sub-blocks, and one more for each _MEAN_BLOCK bytes. Most sub-blocks have 255."""
_CONTROL = b"!\xf9"  # a graphic control extension: transparency and duration of the frame that follows


def read(data: bytes) -> Header:
    """The header of a GIF file, with the first frame alone in `pixels`. Raises TruncatedImage and CorruptImage."""
    width, height, flags = struct.unpack_from("<HHB", data, 6)
    head = 13 + _colours(flags)
    blocks = _Blocks(data)
    first = kept = b""
    area = (0, 0, 0, 0)
    frames, at = 0, head
    for _ in range(MAX_PARTS):
        kind = data[at : at + 1]
        if kind == b"," and frames < _MAX_FRAMES:
            left, top, wide, high, flags = struct.unpack_from("<HHHHB", data, at + 1)
            end = blocks.after(at + 11 + _colours(flags))
            if frames == 0:
                area = (left, top, left + wide, top + high)
                first = data[at:end]
            frames += blocks.left >= 0
        elif kind == b"!":
            end = blocks.after(at + 2)
            if frames == 0 and data[at : at + 2] == _CONTROL:
                kept = data[at:end]
        else:
            break  # the end, or something that only Pillow may understand
        if blocks.left < 0 and frames == 0:
            raise CorruptImage("This GIF is cut into more parts than any program writes. Export it again.")
        if blocks.left < 0:  # after the first frame, only the number of frames matters
            break
        at = end
    if frames == 0:
        raise TruncatedImage("This GIF ends before its image begins. Upload it again.")
    # Pillow makes the canvas larger where the first frame does not fit.
    width, height = max(width, area[2]), max(height, area[3])
    if not width or not height:
        raise CorruptImage(f"This GIF is damaged: it says that it is {width} x {height} pixels. Export it again.")
    pixels = b"".join((data[:head], kept, first))
    return Header("gif", (width, height), pixels, frames=frames, area=area)


def _colours(flags: int) -> int:
    return 3 << (flags & 7) + 1 if flags & 0x80 else 0


class _Blocks:
    """Chains of sub-blocks: each begins with its length, and the last has length 0. left: how many more may be read."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.left = _SPARE_BLOCKS + len(data) // _MEAN_BLOCK

    def after(self, at: int) -> int:
        """The position after the chain that begins at `at`, or inside the chain if no more blocks may be read."""
        data = self.data
        while at < len(data) and data[at] and self.left >= 0:
            at += 1 + data[at]
            self.left -= 1
        return at + 1
