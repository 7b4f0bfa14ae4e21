"""TIFF's first directory (TIFF 6.0, 1992, and its supplements; BigTIFF; TIFF/EP for camera RAW)."""

import struct
from dataclasses import dataclass

from pipeline.decode.header import MAX_PROFILE, Header
from pipeline.errors import CorruptImage, ImageTooLarge, TruncatedImage, UnsupportedFormat

_WIDTH, _HEIGHT, _BITS, _COMPRESSION, _PHOTOMETRIC = 256, 257, 258, 259, 262
_OFFSETS, _COUNTS, _TILE_WIDTH, _TILE_HEIGHT, _TILE_OFFSETS, _TILE_COUNTS = 273, 279, 322, 323, 324, 325
_ORIENTATION, _PLANAR, _EXTRA, _FORMAT, _PROFILE = 274, 284, 338, 339, 34675
_SUBFILE, _CHILDREN, _DNG, _SAMPLES, _ROWS = 254, 330, 50706, 277, 278

_KEPT = {
    *(_WIDTH, _HEIGHT, _BITS, _COMPRESSION, _PHOTOMETRIC, _OFFSETS, _COUNTS, _PLANAR, _EXTRA, _FORMAT),
    *(_TILE_WIDTH, _TILE_HEIGHT, _TILE_OFFSETS, _TILE_COUNTS),
    *(266, _SAMPLES, _ROWS),  # fill order, samples of a pixel, rows of a strip
    *(292, 293, 317, 320, 332),  # fax options, predictor, palette, ink set
    *(347, 529, 530, 531, 532),  # JPEG's tables, YCbCr's coefficients, subsampling, position and range
}
"""Tags that say how the pixels are stored. Nothing else reaches the decoder."""

_SINGLE = (_WIDTH, _HEIGHT, _COMPRESSION, _PHOTOMETRIC, _PLANAR, _SAMPLES, _TILE_WIDTH, _TILE_HEIGHT, 266, _ROWS, 317)
_SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4, 16: 8, 17: 8, 18: 8}
_CODES = {1: "B", 3: "H", 4: "I", 7: "B", 13: "I", 16: "Q", 18: "Q"}
_CAMERA_SENSOR = {32803, 34892}  # photometric: colour filter array, linear raw
_MAX_PIECES = 200_000  # strips or tiles; 50 MP in tiles of 16 x 16
_MAX_TILE = 2**24  # pixels
_MAX_SAMPLES = 6  # of a pixel: what Pillow knows to unpack
_MAX_PAGES = 1000  # counted no further
_DAMAGED = "This TIFF is damaged: its header makes no sense. Export it again."


@dataclass(frozen=True, slots=True)
class _Entry:
    raw: bytes
    kind: int
    count: int
    at: int  # where the values are


@dataclass(frozen=True, slots=True)
class _File:
    """The bytes of a TIFF and the layout of its directories, classic (32-bit) or big (64-bit)."""

    data: bytes
    order: str
    big: bool

    def unpack(self, codes: str, at: int) -> tuple[int, ...]:
        # Beyond 2 ** 63 struct itself would raise something else.
        return struct.unpack_from(self.order + codes, self.data, min(at, len(self.data)))

    def word(self, at: int) -> int:
        return self.unpack("Q" if self.big else "I", at)[0]

    def directory(self, at: int) -> tuple[dict[int, _Entry], int]:
        """The entries of the directory at `at`, by tag, and where the next one is (0: nowhere)."""
        length, word = (20, 8) if self.big else (12, 4)
        (count,) = self.unpack("Q" if self.big else "H", at)
        first = at + (8 if self.big else 2)
        if not 0 < count < 65536:
            raise CorruptImage(_DAMAGED)
        entries: dict[int, _Entry] = {}
        for here in range(first, first + count * length, length):
            tag, kind, values = self.unpack("HHQ" if self.big else "HHI", here)
            inline = values * _SIZES.get(kind, 1) <= word
            place = here + length - word
            entry = _Entry(self.data[here : here + length], kind, values, place if inline else self.word(place))
            entries.setdefault(tag, entry)
        return entries, self.word(first + count * length)

    def span(self, entry: _Entry) -> bytes:
        """The bytes of an entry's values. Raises TruncatedImage where they lie behind the end."""
        end = entry.at + entry.count * _SIZES.get(entry.kind, 1)
        if end > len(self.data):
            raise TruncatedImage("This TIFF ends in the middle. Upload it again.")
        return self.data[entry.at : end]

    def numbers(self, entry: _Entry | None, default: tuple[int, ...] = ()) -> tuple[int, ...]:
        """The whole numbers of an entry."""
        if entry is None:
            return default
        code = _CODES.get(entry.kind)
        if code is None or entry.count == 0 or entry.count > _MAX_PIECES:
            raise CorruptImage(_DAMAGED)
        return struct.unpack(f"{self.order}{entry.count}{code}", self.span(entry))


def read(data: bytes) -> Header:
    """The header of a TIFF file's first page.

    Raises TruncatedImage, CorruptImage, and UnsupportedFormat (camera RAW, floating point, planes of 16 bits).
    """
    order = "<" if data[:2] == b"II" else ">"
    big = b"+" in data[2:4]
    file = _File(data, order, big)
    start = file.word(8 if big else 4)
    if start >= len(data):
        raise TruncatedImage("This TIFF ends before its directory. Upload it again.")
    tags, following = file.directory(start)

    def values(tag: int, *default: int) -> tuple[int, ...]:
        return file.numbers(tags.get(tag), default)

    photometric = values(_PHOTOMETRIC, 0)[0]
    if _DNG in tags or photometric in _CAMERA_SENSOR or (_CHILDREN in tags and values(_SUBFILE, 0)[0] & 1):
        raise UnsupportedFormat(
            "This is a camera RAW (DNG, NEF, ARW), which is not read here. Save it as JPEG or TIFF."
        )
    size = (values(_WIDTH, 0)[0], values(_HEIGHT, 0)[0])
    bits, extra = values(_BITS, 1), values(_EXTRA)
    if not 0 < min(size) <= max(size) < 2**31:
        raise CorruptImage(_DAMAGED)
    if values(_SAMPLES, 1)[0] > _MAX_SAMPLES:
        raise UnsupportedFormat("This TIFF has more channels than are read here. Save it as RGB or grey.")
    _check_samples(values(_FORMAT, 1), bits, values(_PLANAR, 1)[0])
    _check_pieces(file, tags)
    profile = tags.get(_PROFILE)
    return Header(
        "tiff",
        size,
        _bare(file, tags),
        orientation=min(max(values(_ORIENTATION, 1)[0], 1), 8),
        profile=None if profile is None else file.span(profile) if profile.count <= MAX_PROFILE else b"",
        frames=_pages(file, following),
        rawmodes={old: new for old, new in _STRAIGHT.items() if extra[:1] == (1,)},
        grey=_grey(bits[0], photometric),
        premultiplied=extra[:1] == (1,),
    )


_STRAIGHT = {
    f"RGBa{rest}": f"RGBA{rest}" for rest in ("", "X", "XX", ";16B", ";16L", ";16N")
}  # Pillow's own division by alpha rounds down, and only knows 8 bits


def _grey(bits: int, photometric: int) -> tuple[int, int]:
    white = (1 << bits) - 1 if bits in (12, 16) else 65535
    return (white, 0) if photometric == 0 else (0, white)


def _check_samples(formats: tuple[int, ...], bits: tuple[int, ...], planar: int) -> None:
    if formats[0] == 3 or max(bits) > 16 or (formats[0] == 2 and max(bits) > 8):
        raise UnsupportedFormat(
            "This TIFF holds floating point, signed or 32-bit samples, which are not read. Save it with 8 or 16 bits."
        )
    if planar == 2 and max(bits) > 8 and len(bits) > 1:
        raise UnsupportedFormat(
            "This TIFF stores 16-bit colours plane by plane, which is not read. Save it interleaved, or with 8 bits."
        )


def _check_pieces(file: _File, tags: dict[int, _Entry]) -> None:
    """Refuse what would make a decoder reserve memory out of proportion, and what lies behind the end of the file."""
    for tag in _KEPT & tags.keys():
        if tags[tag].count > _MAX_PIECES:
            raise CorruptImage("This TIFF is cut into more pieces than any program writes. Export it again.")
        if tag in _SINGLE and tags[tag].count != 1:
            raise CorruptImage(_DAMAGED)
        file.span(tags[tag])
    if len({_OFFSETS, _TILE_OFFSETS} & tags.keys()) != 1:
        raise CorruptImage(_DAMAGED)

    def value(tag: int, default: int) -> int:
        return file.numbers(tags.get(tag), (default,))[0]

    tiled = _TILE_OFFSETS in tags
    width, height = value(_WIDTH, 0), value(_HEIGHT, 0)
    wide, high = (value(_TILE_WIDTH, 0), value(_TILE_HEIGHT, 0)) if tiled else (width, value(_ROWS, height))
    if not wide * high:
        raise CorruptImage(_DAMAGED)
    if tiled and wide * high > _MAX_TILE:
        raise ImageTooLarge(f"This TIFF has tiles of {wide} x {high} pixels. Export it without tiles.")
    starts = file.numbers(tags[_TILE_OFFSETS if tiled else _OFFSETS])
    lengths = file.numbers(tags.get(_TILE_COUNTS if tiled else _COUNTS))
    # Pillow would leave black what no strip covers.
    needed = -(-width // wide) * -(-height // high) * (value(_SAMPLES, 1) if value(_PLANAR, 1) == 2 else 1)
    # A single strip's length is often written wrong; the decoder does not need it.
    ends = map(sum, zip(starts, lengths, strict=False)) if len(starts) > 1 else starts
    if len(starts) < needed or max(starts) >= len(file.data) or max(ends, default=0) > len(file.data):
        raise TruncatedImage("This TIFF ends in the middle. Upload it again.")


def _bare(file: _File, tags: dict[int, _Entry]) -> bytes:
    """The file with one directory, of the kept tags alone, put at its end."""
    word = "Q" if file.big else "I"
    at = len(file.data) + len(file.data) % 2  # directories begin on even bytes
    entries = [tags[tag].raw for tag in sorted(_KEPT & tags.keys())]
    count = struct.pack(file.order + ("Q" if file.big else "H"), len(entries))
    head = 8 if file.big else 4
    pointer = struct.pack(file.order + word, at)
    return b"".join(
        (
            file.data[:head],
            pointer,
            file.data[head + len(pointer) :],
            b"\0" * (at - len(file.data)),
            count,
            *entries,
            struct.pack(file.order + word, 0),
        )
    )


def _pages(file: _File, at: int) -> int:
    seen: set[int] = set()
    while at and at not in seen and len(seen) < _MAX_PAGES:
        seen.add(at)
        try:
            (count,) = file.unpack("Q" if file.big else "H", at)
            at = file.word(at + (8 + 20 * count if file.big else 2 + 12 * count))
        except struct.error:  # later pages are of no concern, so neither is damage there
            break
    return 1 + len(seen)
