"""WebP chunks (RFC 9649)."""

import struct
from collections.abc import Iterator

from pipeline.decode.header import MAX_PARTS, MAX_PROFILE, Header, exif_orientation
from pipeline.errors import CorruptImage, TruncatedImage

_CANVAS, _FRAME = b"VP8X", b"ANMF"
_FRAME_HEADER, _FRAME_PARTS = 16, 16
_DAMAGED = "This WebP is damaged: {}. Export it again."
_Size = tuple[int, int]


def read(data: bytes) -> Header:
    """The header of a WebP file. Raises TruncatedImage, and CorruptImage, for example if two sizes in it differ."""
    (length,) = struct.unpack_from("<I", data, 4)
    if length + 8 > len(data):
        raise TruncatedImage("This WebP ends in the middle. Upload it again.")
    found: dict[bytes, bytes] = {}
    size: _Size | None = None
    frames = 0
    for kind, at, end in _chunks(data, 12, length + 8):
        if kind == _CANVAS:
            size = size or _pair(data, at + 4)
        elif kind == _FRAME:
            frames += 1
            _check_frame(data, at, end, size)
        elif kind in (b"VP8 ", b"VP8L"):
            coded = _bitstream(kind, data[at : min(at + 10, end)])
            size = size or coded
            _check_equal(coded, size)
        else:
            found.setdefault(kind, data[at:end])
    if size is None:
        raise CorruptImage(_DAMAGED.format("it does not give its size"))
    profile = found.get(b"ICCP")
    return Header(
        "webp",
        size,
        data,
        orientation=exif_orientation(found.get(b"EXIF", b"").removeprefix(b"Exif\0\0")),
        profile=b"" if profile is not None and len(profile) > MAX_PROFILE else profile,
        frames=max(frames, 1),
    )


def _chunks(data: bytes, at: int, end: int, most: int = MAX_PARTS) -> Iterator[tuple[bytes, int, int]]:
    """For each chunk of data[at:end], its type and the start and end of its contents."""
    for _ in range(most):
        if at + 8 > end:
            return
        kind, size = struct.unpack_from("<4sI", data, at)
        yield kind, at + 8, min(at + 8 + size, end)
        at += 8 + size + size % 2
    raise CorruptImage("This WebP has more parts than any program writes. Export it again.")


def _pair(data: bytes, at: int) -> _Size:
    """(width, height), stored as two numbers of three bytes, each one less."""
    width, height = (int.from_bytes(data[place : place + 3], "little") + 1 for place in (at, at + 3))
    return width, height


def _check_frame(data: bytes, at: int, end: int, canvas: _Size | None) -> None:
    size = _pair(data, at + 6)
    left, top = (2 * (side - 1) for side in _pair(data, at))
    if canvas is None or left + size[0] > canvas[0] or top + size[1] > canvas[1]:
        raise CorruptImage(_DAMAGED.format("a frame of it is larger than the whole"))
    for kind, begin, finish in _chunks(data, at + _FRAME_HEADER, end, _FRAME_PARTS):
        if kind in (b"VP8 ", b"VP8L"):
            _check_equal(_bitstream(kind, data[begin : min(begin + 10, finish)]), size)


def _check_equal(inner: _Size, outer: _Size) -> None:
    # The decoder reserves memory for the inner size, so a limit on the outer one would not be enough.
    if inner != outer:
        raise CorruptImage(_DAMAGED.format(f"it is {outer[0]} x {outer[1]} and {inner[0]} x {inner[1]} pixels at once"))


def _bitstream(kind: bytes, body: bytes) -> _Size:
    """The size in the header of a frame's bitstream: RFC 6386, 9.1, and RFC 9649, 3.4."""
    if kind == b"VP8 ":
        start, width, height = struct.unpack_from("<3sHH", body, 3)
        if start == b"\x9d\x01\x2a" and width & 0x3FFF and height & 0x3FFF:
            return width & 0x3FFF, height & 0x3FFF
    else:
        signature, bits = struct.unpack_from("<BI", body)
        if signature == 0x2F:
            return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    raise CorruptImage(_DAMAGED.format("it does not give its size"))
