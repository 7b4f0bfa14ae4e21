"""TIFF directories (TIFF 6.0, 1992; BigTIFF): read one, and write a new one with some of its tags."""

import struct
from collections.abc import Iterable
from dataclasses import dataclass

from pipeline.errors import CorruptImage, TruncatedImage

MAX_PIECES = 200_000  # strips or tiles; 50 MP in tiles of 16 x 16
DAMAGED = "This TIFF is damaged: its header makes no sense. Export it again."
_SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4, 16: 8, 17: 8, 18: 8}
_CODES = {1: "B", 3: "H", 4: "I", 7: "B", 13: "I", 16: "Q", 18: "Q"}
_LONG = 4
_LONG8 = (16, 18)  # types that classic TIFF does not have
_MAX_PAGES = 1000  # further pages are not counted


@dataclass(frozen=True, slots=True)
class Entry:
    """A tag's values: their type (TIFF 6.0, section 2), their number, and where they are."""

    kind: int
    count: int
    at: int


@dataclass(frozen=True, slots=True)
class File:
    """The bytes of a TIFF and the layout of its directories, classic (32-bit) or big (64-bit)."""

    data: bytes
    order: str
    big: bool

    def unpack(self, codes: str, at: int) -> tuple[int, ...]:
        # For offsets of 2 ** 63 and more, struct would not raise struct.error.
        return struct.unpack_from(self.order + codes, self.data, min(at, len(self.data)))

    def word(self, at: int) -> int:
        return self.unpack("Q" if self.big else "I", at)[0]

    def directory(self, at: int) -> tuple[dict[int, Entry], int]:
        """The entries of the directory at `at`, by tag, and the offset of the next one, or 0."""
        length, word = (20, 8) if self.big else (12, 4)
        (count,) = self.unpack("Q" if self.big else "H", at)
        first = at + (8 if self.big else 2)
        if not 0 < count < 65536:
            raise CorruptImage(DAMAGED)
        entries: dict[int, Entry] = {}
        for here in range(first, first + count * length, length):
            tag, kind, values = self.unpack("HHQ" if self.big else "HHI", here)
            inline = values * _SIZES.get(kind, 1) <= word
            place = here + length - word
            entries.setdefault(tag, Entry(kind, values, place if inline else self.word(place)))
        return entries, self.word(first + count * length)

    def span(self, entry: Entry) -> bytes:
        """The bytes of an entry's values. Raises TruncatedImage if they are beyond the end of the file."""
        end = entry.at + entry.count * _SIZES.get(entry.kind, 1)
        if end > len(self.data):
            raise TruncatedImage("This TIFF ends in the middle. Upload it again.")
        return self.data[entry.at : end]

    def numbers(self, entry: Entry | None, default: tuple[int, ...] = ()) -> tuple[int, ...]:
        """The whole numbers of an entry."""
        if entry is None:
            return default
        code = _CODES.get(entry.kind)
        if code is None or entry.count == 0 or entry.count > MAX_PIECES:
            raise CorruptImage(DAMAGED)
        return struct.unpack(f"{self.order}{entry.count}{code}", self.span(entry))

    def classic(self, tags: dict[int, Entry], kept: Iterable[int]) -> bytes:
        """The file as a classic TIFF, with one new directory at its end, of those of the `kept` tags that exist.

        All other data stay where they are. A classic TIFF, because Pillow does not read a big-endian BigTIFF.
        """
        at = len(self.data) + len(self.data) % 2  # directories begin on even bytes
        present = sorted(tags.keys() & kept)
        values_at = at + 2 + 12 * len(present) + 4
        directory, values = bytearray(struct.pack(self.order + "H", len(present))), bytearray()
        for tag in present:
            entry, raw = tags[tag], self.span(tags[tag])
            if entry.kind in _LONG8:
                # Only counts of bytes can be larger than 32 bits hold, and those are often wrong.
                raw = struct.pack(f"{self.order}{entry.count}I", *(min(v, 2**32 - 1) for v in self.numbers(entry)))
            field = raw.ljust(4, b"\0")
            if len(raw) > 4:
                field = struct.pack(self.order + "I", values_at + len(values))
                values += raw + b"\0" * (len(raw) % 2)
            kind = _LONG if entry.kind in _LONG8 else entry.kind
            directory += struct.pack(self.order + "HHI", tag, kind, entry.count) + field
        start = self.data[:2] + struct.pack(self.order + "HI", 42, at)
        padding = bytes(at - len(self.data))
        return b"".join((start, self.data[len(start) :], padding, directory, bytes(4), values))

    def pages(self, at: int) -> int:
        """The number of pages. at: the offset of the second page's directory, or 0."""
        seen: set[int] = set()
        while at and at not in seen and len(seen) < _MAX_PAGES:
            seen.add(at)
            try:
                (count,) = self.unpack("Q" if self.big else "H", at)
                at = self.word(at + (8 + 20 * count if self.big else 2 + 12 * count))
            except struct.error:  # later pages are not decoded, so damage to them does not matter
                break
        return 1 + len(seen)
