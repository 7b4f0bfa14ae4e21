"""Files of a few kilobytes that ask for gigabytes or minutes, each kind built by a rule: the worst case is `most`."""

import struct
import zlib
from collections.abc import Callable
from functools import cache
from typing import NamedTuple

from bench.hostile_heif import avif_frame, avif_frames, avif_grid, avif_track, heic_grid, saved


class Kind(NamedTuple):
    """A kind of file. build: makes one from whole numbers, each from 1 to that of `most`."""

    build: Callable[..., bytes]
    most: tuple[int, ...]


def _riff(*chunks: tuple[bytes, bytes]) -> bytes:
    body = b"WEBP" + b"".join(
        kind + struct.pack("<I", len(data)) + data + b"\0" * (len(data) % 2) for kind, data in chunks
    )
    return b"RIFF" + struct.pack("<I", len(body)) + body


def webp_frame(side: int, lossless: int) -> bytes:
    """A canvas of 10 x 10 around one frame of `side` x `side`."""
    frame = _webp(side, lossless=lossless > 1)
    canvas = bytes(4) + (9).to_bytes(3, "little") * 2
    return _riff((b"VP8X", canvas), (frame[12:16], frame[20:]))


@cache
def _webp(side: int, *, lossless: bool) -> bytes:
    return saved("WEBP", (side, side), lossless=lossless, quality=0, method=0)


def gif_blocks(thousands: int) -> bytes:
    """An image in sub-blocks of one byte."""
    data = saved("GIF", (10, 10), "P")
    return data[:-2] + b"\1\0" * 1000 * thousands + b"\0;"


def jpeg_scans(side: int, scans: int) -> bytes:
    """A progressive image whose last scan is repeated."""
    data = _progressive(side)
    at = data.rindex(b"\xff\xda")
    return data[:at] + data[at:-2] * scans + data[-2:]


@cache
def _progressive(side: int) -> bytes:
    return saved("JPEG", (side, side), progressive=True, quality=30)


def tiff_strips(strips: int, width: int) -> bytes:
    """Strips of one row, all of them at one place."""
    return _tiff((256, width), (257, strips), (278, 1), pieces=(273, 279, strips, width))


def tiff_tiles(tiles: int, side: int) -> bytes:
    """Tiles that lie mostly outside the image."""
    return _tiff((256, tiles), (257, 1), (322, side), (323, side), pieces=(324, 325, tiles, side * side))


def _tiff(*tags: tuple[int, int], pieces: tuple[int, int, int, int]) -> bytes:
    places, lengths, count, length = pieces
    rows = [*tags, (258, 8), (259, 1), (262, 1), (277, 1)]
    at = 8 + 2 + 12 * (len(rows) + 2) + 4
    entries = [struct.pack("<HHII", tag, 4, 1, value) for tag, value in rows]
    entries += [struct.pack("<HHII", places, 4, count, at), struct.pack("<HHII", lengths, 4, count, at + 4 * count)]
    if count == 1:
        entries[-2:] = [struct.pack("<HHII", places, 4, 1, at), struct.pack("<HHII", lengths, 4, 1, length)]
    entries.sort(key=lambda entry: int.from_bytes(entry[:2], "little"))
    head = b"II*\0" + struct.pack("<IH", 8, len(entries)) + b"".join(entries)
    tables = struct.pack("<I", at + 8 * count) * count + struct.pack("<I", length) * count
    return head + bytes(4) + tables + bytes(length)


def png_text(chunks: int, megabytes: int) -> bytes:
    """Compressed text that nobody reads."""
    return _png(_chunk(b"zTXt", b"a\0\0" + _zeros(megabytes)) * chunks, zlib.compress(bytes(8 * 25)))


def png_profile(megabytes: int) -> bytes:
    """A compressed profile that is too large."""
    return _png(_chunk(b"iCCP", b"a\0\0" + _zeros(megabytes)), zlib.compress(bytes(8 * 25)))


def png_pixels(megabytes: int) -> bytes:
    """8 x 8 pixels with far more data than they need."""
    return _png(b"", _zeros(megabytes))


@cache
def _zeros(megabytes: int) -> bytes:
    return zlib.compress(bytes(megabytes * 1_000_000), 9)


def _png(extra: bytes, pixels: bytes) -> bytes:
    header = _chunk(b"IHDR", struct.pack(">IIBBBBB", 8, 8, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + extra + _chunk(b"IDAT", pixels) + _chunk(b"IEND", b"")


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def bmp_runs(side: int, megabytes: int) -> bytes:
    """Run lengths of one pixel."""
    runs = b"\1\7" * (megabytes * 500_000)
    header = struct.pack("<IiiHHIIiiII", 40, side, side, 1, 8, 1, len(runs), 0, 0, 256, 0)
    return b"BM" + struct.pack("<IHHI", 54 + 1024 + len(runs), 0, 0, 54 + 1024) + header + bytes(1024) + runs


def profile_tables(elements: int, side: int) -> bytes:
    """A profile with a pipeline that names one table of floating-point numbers again and again."""
    grid = bytes([side] * 3).ljust(16, b"\0")
    return _with_profile(
        b"clut\0\0\0\0" + struct.pack(">HH", 3, 3) + grid + struct.pack(">f", 0.5) * 3 * side**3, elements
    )


def profile_matrices(elements: int) -> bytes:
    """The same with a matrix."""
    one = struct.pack(">12f", 1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0)
    return _with_profile(b"matf\0\0\0\0" + struct.pack(">HH", 3, 3) + one, elements)


def _with_profile(element: bytes, elements: int) -> bytes:
    place = struct.pack(">II", 16 + 8 * elements, len(element))
    tag = b"mpet\0\0\0\0" + struct.pack(">HHI", 3, 3, elements) + place * elements + element
    header = struct.pack(">I4sI4s4s4s12x4s", 144 + len(tag), b"lcms", 0x04300000, b"mntr", b"RGB ", b"XYZ ", b"acsp")
    icc = header.ljust(68, b"\0") + struct.pack(">3i", 63190, 65536, 54061)
    icc = icc.ljust(128, b"\0") + struct.pack(">I4sII", 1, b"D2B1", 144, len(tag)) + tag
    return saved("JPEG", (64, 64), icc_profile=icc)


KINDS = {
    "webp frame": Kind(webp_frame, (13377, 2)),
    "gif blocks": Kind(gif_blocks, (19_900,)),
    "jpeg scans": Kind(jpeg_scans, (7000, 500)),
    "tiff strips": Kind(tiff_strips, (200_000, 250)),
    "tiff tiles": Kind(tiff_tiles, (50_000, 4096)),
    "png text": Kind(png_text, (30, 1000)),
    "png profile": Kind(png_profile, (1000,)),
    "png pixels": Kind(png_pixels, (1000,)),
    "bmp runs": Kind(bmp_runs, (7000, 39)),
    "profile tables": Kind(profile_tables, (1000, 50)),
    "profile matrices": Kind(profile_matrices, (100_000,)),
    "avif frame": Kind(avif_frame, (8000,)),
    "avif frames": Kind(avif_frames, (7000, 1000)),
    "avif track": Kind(avif_track, (8000,)),
    "avif grid": Kind(avif_grid, (30, 8000)),
    "heic grid": Kind(heic_grid, (30, 2000)),
}
