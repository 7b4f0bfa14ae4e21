"""JPEG markers (ITU-T T.81, annex B; ICC.1:2010, B.4; Adobe technical note 5116)."""

import re
import struct
from collections.abc import Iterator

from pipeline.decode.header import MAX_PARTS, MAX_PROFILE, Header, exif_orientation
from pipeline.errors import CorruptImage, TruncatedImage, UnsupportedFormat

_FEW_SCANS, _MANY_SCANS = 16, 100
_MAX_SCANNED = 2_000_000_000
"""The limit of pixels times scans, because each scan is a pass over all pixels. At 50 megapixels it allows 40 scans,
which take about 4 s. A progressive image has about ten. _FEW_SCANS are always allowed, and more than _MANY_SCANS never.
"""

_SOI, _EOI, _SOS = 0xD8, 0xD9, 0xDA
_STANDALONE = {0x00, 0x01, *range(0xD0, 0xD8)}
_FRAMES = {*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC}
_KEPT = _FRAMES | {0xC4, 0xCC, 0xDB, 0xDD}  # Huffman, arithmetic and quantization tables, restart interval
_NOT_READ = {
    0xC3: "lossless",
    0xC5: "hierarchical",
    0xC6: "hierarchical",
    0xC7: "hierarchical",
    0xCB: "lossless",
    0xCD: "hierarchical",
    0xCE: "hierarchical",
    0xCF: "hierarchical",
}
_NEXT_MARKER = re.compile(rb"\xff[^\x00\xff\xd0-\xd7]", re.DOTALL)
"""The marker that ends entropy-coded bytes: not a stuffed zero, a fill byte or a restart marker."""


def read(data: bytes) -> Header:
    """The header of a JPEG file. Raises TruncatedImage, CorruptImage and UnsupportedFormat (12 bits, lossless)."""
    kept = [data[:2]]
    frames: list[tuple[int, int]] = []
    orientations: list[int] = []
    icc: list[bytes] = []
    for marker, at, end in _segments(data):
        body = data[at + 4 : end]
        if marker in _FRAMES:
            frames.append(_frame(marker, body))
        elif marker == 0xE1 and body.startswith(b"Exif\0\0"):
            orientations.append(exif_orientation(body[6:]))
        elif marker == 0xE2 and body.startswith(b"ICC_PROFILE\0") and len(body) >= 14:
            icc.append(body[12:])
        # Adobe's segment says whether four components are YCCK. Without it they are inverted CMYK, which Photoshop
        # writes and browsers show.
        about_colours = (marker == 0xE0 and body.startswith(b"JFIF")) or (marker == 0xEE and body.startswith(b"Adobe"))
        if marker in _KEPT or about_colours:
            kept.append(data[at:end])
        elif marker == _SOS:
            if len(frames) != 1:
                raise CorruptImage(f"This JPEG is damaged: it gives its size {len(frames)} times. Export it again.")
            kept.append(data[at : _end(data, at, frames[0])])
    return Header(
        "jpeg",
        frames[0],
        b"".join(kept),
        orientation=orientations[0] if orientations else 1,
        profile=_profile(icc),
    )


def _segments(data: bytes) -> Iterator[tuple[int, int, int]]:
    """Marker, start and end of each segment up to and including the first scan's header."""
    end = 2
    for _ in range(MAX_PARTS):
        at, marker = _marker(data, end)
        if marker == _EOI:
            raise CorruptImage("This JPEG holds no image, only a header. Export it again.")
        (length,) = struct.unpack_from(">H", data, at + 2)
        end = at + 2 + length
        if length < 2:
            raise CorruptImage("This JPEG is damaged: it has a part of impossible length. Export it again.")
        if end > len(data):
            raise TruncatedImage("This JPEG ends within its header. Upload it again.")
        yield marker, at, end
        if marker == _SOS:
            return
    raise CorruptImage("This JPEG has more parts than any program writes. Export it again.")


def _marker(data: bytes, at: int) -> tuple[int, int]:
    """The position and code of the next marker with a body, or of EOI, at or after `at`."""
    while True:
        at = data.find(b"\xff", at)
        if at < 0 or at + 1 >= len(data):
            raise TruncatedImage("This JPEG ends before its image begins. Upload it again.")
        marker = data[at + 1]
        if marker == 0xFF:
            at += 1
        elif marker in _STANDALONE or marker == _SOI:
            at += 2
        else:
            return at, marker


def _frame(marker: int, body: bytes) -> tuple[int, int]:
    precision, height, width = struct.unpack_from(">BHH", body)
    kind = _NOT_READ.get(marker) or (f"{precision}-bit" if precision != 8 else None)
    if kind:
        raise UnsupportedFormat(f"This is a {kind} JPEG, which is not read here. Save it as an ordinary 8-bit JPEG.")
    if not width or not height:
        raise CorruptImage(f"This JPEG is damaged: it says that it is {width} x {height} pixels. Export it again.")
    return width, height


def _profile(icc: list[bytes]) -> bytes | None:
    # Each part begins with its number, from 1, and the number of parts; they may come in any order.
    if not icc:
        return None
    parts = sorted(icc)
    whole = [part[0] for part in parts] == list(range(1, parts[0][1] + 1))
    profile = b"".join(part[2:] for part in parts)
    return profile if whole and len(profile) <= MAX_PROFILE else b""


def _end(data: bytes, at: int, size: tuple[int, int]) -> int:
    """The end of the image whose first scan is at `at`. Thumbnails, second views or a video may follow."""
    most = min(max(_MAX_SCANNED // (size[0] * size[1]), _FEW_SCANS), _MANY_SCANS)
    scans = 0
    for _ in range(MAX_PARTS):
        found = _NEXT_MARKER.search(data, at)
        if found is None:
            return len(data)
        at, marker = found.start(), data[found.start() + 1]
        if marker == _EOI:
            return at + 2
        scans += marker == _SOS
        if scans > most:
            raise CorruptImage(f"This JPEG has more than {most} scans, which no camera writes. Export it again.")
        at += 2 + max(int.from_bytes(data[at + 2 : at + 4], "big"), 2)
    raise CorruptImage("This JPEG has more parts than any program writes. Export it again.")
