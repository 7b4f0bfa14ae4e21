"""The cost of decoding an AVIF or HEIC: the pixels of all items that the image consists of.

Decoders decode a tile as often as the image refers to it. libavif also reserves the memory that each frame's header
asks for, and decodes frames that are never shown. So neither the image's size nor the file's length limits the cost.
libheif checks that a frame has its item's size, and decodes one frame.
"""

import struct
from collections.abc import Iterator

from pipeline.decode import av1
from pipeline.decode.isobmff import DAMAGED, Item, Meta, area, boxes
from pipeline.errors import CorruptImage

_CODED = (b"av01", b"hvc1")
_ALPHA = (b"alpha", b"auxid:1\0")
"""Substrings of the type of an auxiliary image with alpha (ISO/IEC 23000-22, 7.3.5.2; ISO/IEC 23008-12, B.2.2.2)."""
_MAX_ITEMS = 1000  # 48 megapixels in tiles of 512 x 512 are 192
_MAX_SPREAD, _SPARE_PIXELS = 4, 4_000_000
"""Decoding may take this many times the image's own pixels, and so many more: for colour, alpha, layers, and tiles that
are only partly inside the image."""
_TOO_MUCH = "This image is made of far more than it shows. Export it again."


def check_items(data: bytes, meta: Meta) -> None:
    """Raise CorruptImage if the primary item costs more to decode than its size allows."""
    alphas: dict[int, list[int]] = {}
    for number, each in meta.items.items():
        for target in each.sources.get(b"auxl", []) if _is_alpha(data, each) else ():
            alphas.setdefault(target, []).append(number)
    pixels_left = _allowed(meta.items[meta.primary].sides(data))
    bytes_left = 2 * len(data)  # items may share bytes, but decoders copy them
    waiting = [meta.primary]
    for _ in range(_MAX_ITEMS):
        if not waiting:
            return
        number = waiting.pop()
        if number not in meta.items:
            raise CorruptImage(DAMAGED)
        item = meta.items[number]
        bytes_left -= item.length()
        if bytes_left < 0:
            break
        pixels_left -= _pixels(data, item)
        if pixels_left < 0:
            break
        waiting += item.sources.get(b"dimg", [])
        waiting += alphas.get(number, [])
    raise CorruptImage(_TOO_MUCH)


def _allowed(sides: tuple[int, int]) -> int:
    return _MAX_SPREAD * area(sides) + _SPARE_PIXELS


def _pixels(data: bytes, item: Item) -> int:
    if item.kind == b"av01":
        return max(area(item.sides(data)), av1.pixels(item.content(data)))
    return area(item.sides(data)) if item.kind in _CODED else 0


def _is_alpha(data: bytes, item: Item) -> bool:
    return any(
        kind == b"auxC" and any(word in data[at:end] + b"\0" for word in _ALPHA) for kind, at, end in item.properties
    )


def check_tracks(data: bytes, start: int, end: int) -> tuple[int, int]:
    """The largest (width, height) of an AV1 track in the moov box data[start:end].

    Raises CorruptImage if a track's first image costs more to decode than the track's size allows.
    """
    largest = (0, 0)
    for kind, at, stop in boxes(data, start, end):
        table = dict(_sample_table(data, at, stop)) if kind == b"trak" else {}
        if b"stsd" not in table or data[table[b"stsd"] + 12 : table[b"stsd"] + 16] != b"av01":
            continue
        sides = struct.unpack_from(">HH", data, table[b"stsd"] + 40)
        if av1.pixels(_first_sample(data, table)) > _allowed(sides):
            raise CorruptImage(_TOO_MUCH)
        largest = max(largest, sides, key=area)
    return largest


def _sample_table(data: bytes, at: int, end: int) -> Iterator[tuple[bytes, int]]:
    """For each table of a track, its type and where its contents start."""
    for kind, begin, stop in boxes(data, at, end):
        if kind in (b"mdia", b"minf", b"stbl"):
            yield from _sample_table(data, begin, stop)
        else:
            yield kind, begin


def _first_sample(data: bytes, table: dict[bytes, int]) -> bytes:
    """The bytes of the first image of a track (ISO/IEC 14496-12, 8.7)."""
    if b"stsz" not in table or not {b"stco", b"co64"} & table.keys():
        raise CorruptImage(DAMAGED)
    same, _, first = struct.unpack_from(">III", data, table[b"stsz"] + 4)
    code, kind = (">Q", b"co64") if b"co64" in table else (">I", b"stco")
    (at,) = struct.unpack_from(code, data, table[kind] + 8)
    return data[at : at + (same or first)]
