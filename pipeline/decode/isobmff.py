"""ISO base media files: boxes, and the items of a meta box (ISO/IEC 14496-12, 8.11; ISO/IEC 23008-12)."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field

from pipeline.decode.header import MAX_PARTS
from pipeline.errors import CorruptImage, TruncatedImage

DAMAGED = "This image is damaged: its header makes no sense. Export it again."
_MAX_TABLE = 1_000_000  # bytes of a table; one of a thousand items has some 20,000
_TABLES = (b"pitm", b"iinf", b"iref", b"iprp", b"iloc")
Span = tuple[bytes, int, int]
"""A box: its type, and the start and end of its contents in the file."""


@dataclass(slots=True)
class Item:
    """An item of a meta box.

    kind: its type, such as b"av01". place: the position of the type in the file. extents: the (start, end) of each part
    of its bytes in the file. properties: its boxes. sources: the items that it refers to, by the type of reference.
    """

    kind: bytes
    place: int
    extents: list[tuple[int, int]] = field(default_factory=list)
    properties: list[Span] = field(default_factory=list)
    sources: dict[bytes, list[int]] = field(default_factory=dict)

    def sides(self, data: bytes) -> tuple[int, int]:
        """(width, height) of the largest ispe box, because some decoders use the first and some the last; or (0, 0)."""
        found = [struct.unpack_from(">II", data, at + 4) for kind, at, _ in self.properties if kind == b"ispe"]
        return max(found, key=area, default=(0, 0))

    def length(self) -> int:
        """The number of its bytes."""
        return sum(end - start for start, end in self.extents)

    def content(self, data: bytes) -> bytes:
        """Its bytes."""
        return b"".join(data[start:end] for start, end in self.extents)


def area(sides: tuple[int, int]) -> int:
    """Pixels."""
    return sides[0] * sides[1]


@dataclass(slots=True)
class Meta:
    """The items by id, and the primary one's id. twins: the position of the flags of each repeated ipma box."""

    items: dict[int, Item]
    primary: int = 0
    twins: list[int] = field(default_factory=list)


def boxes(data: bytes, at: int, end: int, broken: str = DAMAGED) -> Iterator[Span]:
    """The boxes that fill data[at:end]. Raises TruncatedImage or CorruptImage, with the message `broken`."""
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
    raise CorruptImage("This image has more parts than any program writes. Export it again.")


def read_meta(data: bytes, start: int, end: int) -> Meta:
    """The items of the meta box whose contents are data[start:end]. Raises CorruptImage, and struct.error."""
    meta = Meta({})
    inside = list(boxes(data, start + 4, end))
    found = {kind: (at, stop) for kind, at, stop in inside}
    if any(sum(kind == box[0] for box in inside) > 1 for kind in _TABLES):
        raise CorruptImage(DAMAGED)  # decoders differ in which one they use
    if b"pitm" in found:
        at, stop = found[b"pitm"]
        meta.primary = _Reader(data, at + 4, stop).number(4 if data[at] else 2)
    if b"iinf" in found:
        at, stop = found[b"iinf"]
        for kind, begin, _ in boxes(data, at + (8 if data[at] else 6), stop):
            if kind == b"infe" and data[begin] >= 2:
                wide = 2 if data[begin] == 2 else 4
                place = begin + 4 + wide + 2
                number = int.from_bytes(data[begin + 4 : begin + 4 + wide], "big")
                if number in meta.items:
                    raise CorruptImage(DAMAGED)
                meta.items[number] = Item(data[place : place + 4], place)
    if b"iref" in found:
        _read_references(data, *found[b"iref"], meta)
    if b"iprp" in found:
        _read_properties(data, *found[b"iprp"], meta)
    if b"iloc" in found:
        _read_places(data, *found[b"iloc"], found.get(b"idat", (end, end)), meta)
    return meta


class _Reader:
    """Reads one big-endian number after another. Raises CorruptImage beyond `end`."""

    def __init__(self, data: bytes, at: int, end: int) -> None:
        if end - at > _MAX_TABLE:
            raise CorruptImage(DAMAGED)
        self.data, self.at, self.end = data, at, end

    def number(self, length: int) -> int:
        if self.at + length > self.end:
            raise CorruptImage(DAMAGED)
        self.at += length
        return int.from_bytes(self.data[self.at - length : self.at], "big")


def _read_references(data: bytes, at: int, end: int, meta: Meta) -> None:
    wide = 4 if data[at] else 2
    for kind, begin, stop in boxes(data, at + 4, end):
        reader = _Reader(data, begin, stop)
        source = meta.items.get(reader.number(wide))
        targets = [reader.number(wide) for _ in range(reader.number(2))]
        if source is not None:
            source.sources.setdefault(kind, []).extend(targets)


def _read_properties(data: bytes, at: int, end: int, meta: Meta) -> None:
    parts = list(boxes(data, at, end))
    known = [box for kind, begin, stop in parts if kind == b"ipco" for box in boxes(data, begin, stop)]
    seen: set[bytes] = set()
    for kind, begin, stop in parts:
        if kind != b"ipma":
            continue
        if data[begin : begin + 4] in seen:
            meta.twins.append(begin + 1)
        seen.add(data[begin : begin + 4])
        reader = _Reader(data, begin + 4, stop)
        wide = 2 if data[begin + 3] & 1 else 1
        for _ in range(reader.number(4)):
            item = meta.items.get(reader.number(4 if data[begin] else 2))
            for _ in range(reader.number(1)):
                index = reader.number(wide) & (0x7FFF if wide == 2 else 0x7F)
                if item is not None and 0 < index <= len(known):
                    item.properties.append(known[index - 1])


def _read_places(data: bytes, at: int, end: int, idat: tuple[int, int], meta: Meta) -> None:
    version = data[at]
    reader = _Reader(data, at + 4, end)
    widths = reader.number(2)
    of_offset, of_length, of_base, of_index = (widths >> shift & 15 for shift in (12, 8, 4, 0))
    left = MAX_PARTS  # as an extent may take no bytes at all
    for _ in range(reader.number(4 if version == 2 else 2)):
        item = meta.items.get(reader.number(4 if version == 2 else 2))
        method = reader.number(2) & 15 if version else 0
        reader.number(2)  # which file: this one
        base = reader.number(of_base) + (idat[0] if method == 1 else 0)
        limit = idat[1] if method == 1 else len(data)
        count = reader.number(2)
        left -= count
        if left < 0:
            raise CorruptImage(DAMAGED)
        for _ in range(count):
            reader.number(of_index if version else 0)
            first = base + reader.number(of_offset)
            length = reader.number(of_length)
            if item is not None:
                item.extents.append((min(first, limit), min(first + length, limit) if length else limit))
