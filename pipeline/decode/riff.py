"""WebP's chunks (RFC 9649)."""

import struct

from pipeline.decode.header import MAX_PARTS, MAX_PROFILE, Header, exif_orientation
from pipeline.errors import CorruptImage, TruncatedImage


def read(data: bytes) -> Header:
    """The header of a WebP file. Raises TruncatedImage and CorruptImage."""
    (length,) = struct.unpack_from("<I", data, 4)
    if length + 8 > len(data):
        raise TruncatedImage("This WebP ends in the middle. Upload it again.")
    first: dict[bytes, bytes] = {}
    frames = 0
    at = 12
    for _ in range(MAX_PARTS):
        if at + 8 > length + 8:
            break
        kind, size = struct.unpack_from("<4sI", data, at)
        frames += kind == b"ANMF"
        # A frame is the one part that can be large and is of no use here.
        first.setdefault(kind, data[at + 8 : at + 8 + (32 if kind[:3] in (b"VP8", b"ANM") else size)])
        at += 8 + size + size % 2
    profile = first.get(b"ICCP")
    exif = first.get(b"EXIF", b"").removeprefix(b"Exif\0\0")
    return Header(
        "webp",
        _size(first),
        data,
        orientation=exif_orientation(exif),
        profile=b"" if profile is not None and len(profile) > MAX_PROFILE else profile,
        frames=max(frames, 1),
    )


def _size(first: dict[bytes, bytes]) -> tuple[int, int]:
    if extended := first.get(b"VP8X"):
        width, height = (int.from_bytes(extended[at : at + 3].ljust(3, b"\0"), "little") + 1 for at in (4, 7))
        return width, height
    if lossy := first.get(b"VP8 "):
        start, width, height = struct.unpack_from("<3sHH", lossy, 3)
        if start == b"\x9d\x01\x2a" and width & 0x3FFF and height & 0x3FFF:
            return width & 0x3FFF, height & 0x3FFF
    if lossless := first.get(b"VP8L"):
        signature, bits = struct.unpack_from("<BI", lossless)
        if signature == 0x2F:
            return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    raise CorruptImage("This WebP is damaged: it does not give its size. Export it again.")
