"""AVIF and HEIC files whose items, grids and frames ask for far more than the image shows."""

import io
import struct
from collections.abc import Sequence
from functools import cache

from PIL import Image

_COLOUR = (9, 99, 200)
_REPEATED = (b"hvcC", b"av1C", b"pixi")
"""Properties that a copy of an image item needs."""


def saved(form: str, size: tuple[int, int], mode: str = "RGB", **settings: object) -> bytes:
    """A plain image as Pillow writes it."""
    file = io.BytesIO()
    Image.new(mode, size, _COLOUR if mode == "RGB" else None).save(file, form, **settings)
    return file.getvalue()


def heif(brand: bytes, items: Sequence[tuple[bytes, Sequence[bytes]]], content: bytes, parts: bytes = b"") -> bytes:
    """An AVIF or HEIC of items, each of a kind and with properties, that all share one content.

    The first is the primary item. With `parts` it is a grid of all others, and has these bytes as its own.
    """
    known = list(dict.fromkeys(box for _, boxes in items for box in boxes))
    numbers = range(1, len(items) + 1)
    owned = b"".join(
        struct.pack(">HB", number, len(boxes)) + bytes(128 | known.index(box) + 1 for box in boxes)
        for number, (_, boxes) in zip(numbers, items, strict=True)
    )
    count = struct.pack(">H", len(items))
    names = [
        _full(b"infe", struct.pack(">HH4sB", number, 0, kind, 0), 2)
        for number, (kind, _) in zip(numbers, items, strict=True)
    ]
    tiles = struct.pack(f">{len(items)}H", 1, *numbers[1:])
    tables = [
        _full(b"hdlr", bytes(4) + b"pict" + bytes(13)),
        _full(b"pitm", struct.pack(">H", 1)),
        _full(b"iinf", count + b"".join(names)),
        _full(b"iref", _box(b"dimg", tiles[:2] + struct.pack(">H", len(items) - 1) + tiles[2:])) if parts else b"",
        _box(b"iprp", _box(b"ipco", b"".join(known)) + _full(b"ipma", struct.pack(">I", len(items)) + owned)),
    ]
    start = _box(b"ftyp", brand + bytes(4) + b"mif1miaf" + brand)
    at = len(start) + 12 + sum(map(len, tables)) + 16 + 14 * len(items) + 8
    first = (at, len(parts)) if parts else (at, len(content))
    places = [first, *[(at + len(parts), len(content))] * (len(items) - 1)]
    rows = [struct.pack(">HHHII", number, 0, 1, *place) for number, place in zip(numbers, places, strict=True)]
    meta = _full(b"meta", b"".join(tables) + _full(b"iloc", b"\x44\0" + count + b"".join(rows)))
    return start + meta + _box(b"mdat", parts + content)


def _box(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", 8 + len(body)) + kind + body


def _full(kind: bytes, body: bytes, version: int = 0) -> bytes:
    return _box(kind, bytes([version, 0, 0, 0]) + body)


def _ispe(width: int, height: int) -> bytes:
    return _full(b"ispe", struct.pack(">II", width, height))


@cache
def _coded(form: str, side: int) -> tuple[list[bytes], bytes]:
    """The properties and the content of an encoded square."""
    if form == "avif":
        data = saved("AVIF", (side, side), speed=10, quality=20, subsampling="4:2:0")
    else:
        import pillow_heif  # the development set has it, the Lambda layer does not

        file = io.BytesIO()
        pillow_heif.from_pillow(Image.new("RGB", (side, side), _COLOUR)).save(file, quality=20)
        data = file.getvalue()
    found = [data.index(kind) - 4 for kind in _REPEATED if kind in data]
    return [data[at : at + int.from_bytes(data[at : at + 4], "big")] for at in found], data[data.index(b"mdat") + 4 :]


def avif_frame(side: int) -> bytes:
    """An image of 64 x 64 whose frame has `side` x `side`."""
    boxes, content = _coded("avif", side)
    return heif(b"avif", [(b"av01", [*boxes, _ispe(64, 64)])], content)


def avif_frames(side: int, frames: int) -> bytes:
    """One image with many frames, of which only the first is shown."""
    boxes, content = _coded("avif", side)
    return heif(b"avif", [(b"av01", [*boxes, _ispe(side, side)])], content * frames)


def avif_track(side: int) -> bytes:
    """A sequence of 64 x 64 whose frames have `side` x `side`."""
    second = Image.new("RGB", (side, side), "white")
    data = saved("AVIF", (side, side), speed=10, quality=20, save_all=True, append_images=[second])
    for code, factor in ((">II", 1), (">II", 1 << 16), (">HH", 1)):
        data = data.replace(
            struct.pack(code, side * factor, side * factor), struct.pack(code, 64 * factor, 64 * factor)
        )
    return data


def avif_grid(tiles: int, side: int) -> bytes:
    """A grid of `tiles` x `tiles` tiles of 64 x 64, all with the same frame of `side` x `side`."""
    boxes, content = _coded("avif", side)
    return _grid(b"avif", b"av01", [*boxes, _ispe(64, 64)], content, tiles, 64 * tiles)


def heic_grid(tiles: int, side: int) -> bytes:
    """A grid of `tiles` x `tiles` tiles of `side` x `side`, of which 64 x 64 pixels are shown."""
    boxes, content = _coded("heic", side)
    return _grid(b"heic", b"hvc1", [*boxes, _ispe(side, side)], content, tiles, 64)


def _grid(brand: bytes, kind: bytes, boxes: list[bytes], content: bytes, tiles: int, side: int) -> bytes:
    pixi = _full(b"pixi", b"\3\10\10\10")
    parts = struct.pack(">BBBBII", 0, 1, tiles - 1, tiles - 1, side, side)
    return heif(brand, [(b"grid", [pixi, _ispe(side, side)]), *[(kind, boxes)] * tiles**2], content, parts)
