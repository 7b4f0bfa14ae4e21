"""PNG chunks (W3C Portable Network Graphics, third edition, 2025)."""

import struct
import zlib
from collections.abc import Iterator

from pipeline.decode.header import MAX_PARTS, MAX_PROFILE, Header, exif_orientation
from pipeline.errors import CorruptImage, TruncatedImage, UnsupportedFormat

_KEPT = (b"IHDR", b"PLTE", b"IDAT", b"IEND")
_CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
_DEPTHS = {0: (1, 2, 4, 8, 16), 2: (8, 16), 3: (1, 2, 4, 8), 4: (8, 16), 6: (8, 16)}
_PALETTE = 3
_KEYED = (0, 2)  # grey and RGB, where tRNS holds one colour
_END = struct.pack(">I4sI", 0, b"IEND", zlib.crc32(b"IEND"))
_SRGB_GAMMA = 45455  # in units of 1/100000, as the gAMA chunk has it


def read(data: bytes) -> Header:
    """The header of a PNG file. Raises TruncatedImage, CorruptImage (a wrong checksum, say), UnsupportedFormat."""
    found: dict[bytes, bytes] = {}
    kept = [data[:8]]
    for kind, at, end in _chunks(data):
        if kind in _KEPT or (kind == b"tRNS" and found[b"IHDR"][9] == _PALETTE):
            (checksum,) = struct.unpack_from(">I", data, end - 4)
            if zlib.crc32(memoryview(data)[at + 4 : end - 4]) != checksum:
                raise CorruptImage("This PNG is damaged: a checksum in it is wrong. Export or upload it again.")
            if kind == b"IDAT" or kind not in found:
                kept.append(data[at:end])
        found.setdefault(kind, b"" if kind == b"IDAT" else data[at + 8 : end - 4])
    if b"IDAT" not in found:
        raise TruncatedImage("This PNG ends before its image begins. Upload it again.")
    if b"IEND" not in found:
        kept.append(_END)
    size, depth, colour = _shape(found[b"IHDR"])
    key = found.get(b"tRNS", b"") if colour in _KEYED else b""
    channels = _CHANNELS[colour]
    return Header(
        "png",
        size,
        b"".join(kept),
        orientation=exif_orientation(found.get(b"eXIf", b"")),
        profile=_profile(found.get(b"iCCP")),
        frames=max(int.from_bytes(found.get(b"acTL", b"")[:4], "big"), 1),
        notes=_notes(found),
        transparent=struct.unpack_from(f">{channels}H", key) if len(key) >= 2 * channels else None,
        depth=depth,
    )


def _chunks(data: bytes) -> Iterator[tuple[bytes, int, int]]:
    """Type, start and end of each chunk. A missing IEND is not an error, because it is empty."""
    at = 8
    for _ in range(MAX_PARTS):
        length, kind = struct.unpack_from(">I4s", data, at)
        end = at + 12 + length
        if kind == b"CgBI":
            raise UnsupportedFormat("This is an iPhone app's PNG, which only Apple's tools read. Export it again.")
        if at == 8 and (kind, length) != (b"IHDR", 13):
            raise CorruptImage("This PNG is damaged: its header is missing. Export it again.")
        if end > len(data):
            raise TruncatedImage("This PNG ends in the middle. Upload it again.")
        yield kind, at, end
        at = end
        if kind == b"IEND" or at == len(data):
            return
    raise CorruptImage("This PNG has more parts than any program writes. Export it again.")


def _shape(header: bytes) -> tuple[tuple[int, int], int, int]:
    width, height, depth, colour = struct.unpack_from(">IIBB", header)
    if not (0 < width < 2**31 and 0 < height < 2**31) or depth not in _DEPTHS.get(colour, ()):
        raise CorruptImage("This PNG is damaged: its header makes no sense. Export it again.")
    return (width, height), depth, colour


def _profile(chunk: bytes | None) -> bytes | None:
    """The profile in an iCCP chunk (a name, a zero, the method 0, zlib data); b"" if it is damaged or too large."""
    if chunk is None:
        return None
    _, _, packed = chunk.partition(b"\0")
    unpacking = zlib.decompressobj()
    try:
        profile = unpacking.decompress(packed[1:], MAX_PROFILE)
    except zlib.error:
        return b""
    return profile if unpacking.eof else b""


def _notes(found: dict[bytes, bytes]) -> tuple[str, ...]:
    if b"cICP" in found and found[b"cICP"][:2] != b"\x01\x0d":  # BT.709 primaries with the sRGB curve
        return ("its wide-gamut or HDR colours (cICP) were taken for sRGB",)
    gamma = int.from_bytes(found.get(b"gAMA", b"")[:4], "big")
    if gamma and not {b"sRGB", b"iCCP"} & found.keys() and abs(gamma - _SRGB_GAMMA) > 2000:
        return (f"its gamma of {gamma / 100000:g} was not applied",)
    return ()
