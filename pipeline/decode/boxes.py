"""The boxes of AVIF and HEIC (ISO/IEC 14496-12 and 23008-12)."""

import struct
from collections.abc import Iterator

from pipeline.decode.header import MAX_PARTS, Header
from pipeline.errors import CorruptImage, TruncatedImage

_SRGB_LIKE = {1, 2, 5, 6}  # colour primaries of ITU-T H.273: BT.709, unspecified, BT.601
_SDR = {1, 2, 6, 13, 14, 15}  # transfer curves: those of television and sRGB
_Span = tuple[bytes, int, int]  # kind, and from where to where the contents are


def read(data: bytes, name: str) -> Header:
    """The header of an AVIF or HEIC file, as far as it is needed before a decoder may see it.

    Its profile is found, and its turning done, by the decoder. Raises TruncatedImage and CorruptImage.
    """
    top = _top(data)
    sizes = [(0, 0)]
    notes: tuple[str, ...] = ()
    clean = bytearray(data)
    for kind, start, end in top:
        if kind == b"mdat":
            continue
        # Exif's orientation must not count here (ISO/IEC 23008-12, 6.5.10: irot and imir do), so it stays unread.
        clean[start:end] = data[start:end].replace(b"Exif", b"free")
        if kind == b"meta":
            for prop, at, _ in _properties(data, start + 4, end):
                if prop == b"ispe":
                    sizes.append(struct.unpack_from(">II", data, at + 4))
                elif prop == b"colr" and data[at : at + 4] == b"nclx":
                    primaries, transfer = struct.unpack_from(">HH", data, at + 4)
                    if primaries not in _SRGB_LIKE or transfer not in _SDR:
                        notes = ("its wide-gamut or HDR colours (nclx) were taken for sRGB",)
    # Tiles, thumbnails and alpha have sizes as well; the picture's is the largest.
    size = max(sizes, key=lambda side: side[0] * side[1])
    if name == "heic" and size == (0, 0):
        raise CorruptImage("This HEIC is damaged: it does not give its size. Export it again.")
    return Header(name, size, bytes(clean), notes=notes)


def _top(data: bytes) -> list[_Span]:
    spans: list[_Span] = []
    try:
        spans.extend(_boxes(data, 0, len(data), "This picture ends in the middle. Upload it again."))
    except TruncatedImage:
        # Phones put trailers of their own, which are no boxes, behind a whole picture.
        if not {b"meta", b"mdat"} <= {kind for kind, _, _ in spans}:
            raise
    return spans


def _properties(data: bytes, start: int, end: int) -> Iterator[_Span]:
    broken = "This picture is damaged: its header makes no sense. Export it again."
    for kind, at, stop in _boxes(data, start, end, broken):
        if kind == b"iprp":
            for inner, begin, finish in _boxes(data, at, stop, broken):
                if inner == b"ipco":
                    yield from _boxes(data, begin, finish, broken)


def _boxes(data: bytes, at: int, end: int, broken: str) -> Iterator[_Span]:
    """The boxes that fill data[at:end]."""
    wrong = TruncatedImage if end == len(data) else CorruptImage
    for _ in range(MAX_PARTS):
        if at >= end:
            return
        if at + 8 > end:
            raise wrong(broken)
        length, kind = struct.unpack_from(">I4s", data, at)
        body = at + 8
        if length == 1:
            (length,) = struct.unpack_from(">Q", data, body)
            body += 8
        after = end if length == 0 else at + length
        if after > end or after < body:
            raise wrong(broken)
        yield kind, body, after
        at = after
    raise CorruptImage("This picture has more parts than any program writes. Export it again.")
