"""TIFF: the first directory (TIFF 6.0, 1992, and its supplements; TIFF/EP for camera RAW)."""

from pipeline.decode.header import MAX_PROFILE, Header
from pipeline.decode.tiff_directory import DAMAGED, MAX_PIECES, Entry, File
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
"""The tags that say how pixels are stored. The decoder gets no others."""

_SINGLE = (_WIDTH, _HEIGHT, _COMPRESSION, _PHOTOMETRIC, _PLANAR, _SAMPLES, _TILE_WIDTH, _TILE_HEIGHT, 266, _ROWS, 317)
_READ = {1, 2, 3, 4, 5, 7, 8, 32771, 32773, 32809, 32946, 34676, 34677, 34925, 50000}
"""Compressions that Pillow's published builds read."""
_NAMES = {
    6: "old-style JPEG",
    33003: "JPEG 2000",
    33005: "JPEG 2000",
    34661: "JBIG",
    34712: "JPEG 2000",
    34887: "LERC",
    34892: "lossy JPEG",
    34927: "WebP",
    34933: "PNG",
    34934: "JPEG XR",
    50001: "WebP",
    50002: "JPEG XL",
}
_CAMERA_SENSOR = {32803, 34892}  # photometric: colour filter array, linear raw
_MAX_TILE = 2**24  # pixels
_MAX_SPREAD = 4  # tiles may have this many times the image's pixels, and one large tile more
_MAX_SAMPLES = 6  # of a pixel: Pillow unpacks no more


def read(data: bytes) -> Header:
    """The header of a TIFF file's first page.

    Raises TruncatedImage, CorruptImage, and UnsupportedFormat (camera RAW, a compression that is not read, floating
    point, planes of 16 bits).
    """
    order = "<" if data[:2] == b"II" else ">"
    big = b"+" in data[2:4]
    file = File(data, order, big)
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
    _check_compression(values(_COMPRESSION, 1)[0], max(values(_BITS, 1)))
    size = (values(_WIDTH, 0)[0], values(_HEIGHT, 0)[0])
    bits, extra = values(_BITS, 1), values(_EXTRA)
    if not 0 < min(size) <= max(size) < 2**31:
        raise CorruptImage(DAMAGED)
    if values(_SAMPLES, 1)[0] > _MAX_SAMPLES:
        raise UnsupportedFormat("This TIFF has more channels than are read here. Save it as RGB or grey.")
    _check_samples(values(_FORMAT, 1), bits, values(_PLANAR, 1)[0])
    _check_pieces(file, tags)
    profile = tags.get(_PROFILE)
    return Header(
        "tiff",
        size,
        file.classic(tags, _KEPT),
        orientation=min(max(values(_ORIENTATION, 1)[0], 1), 8),
        profile=None if profile is None else file.span(profile) if profile.count <= MAX_PROFILE else b"",
        frames=file.pages(following),
        rawmodes={old: new for old, new in _STRAIGHT.items() if extra[:1] == (1,)},
        grey=_grey(bits[0], photometric),
        premultiplied=extra[:1] == (1,),
    )


_STRAIGHT = {
    f"RGBa{rest}": f"RGBA{rest}" for rest in ("", "X", "XX", ";16B", ";16L", ";16N")
}  # Pillow divides by alpha with 8 bits only, and rounds down


def _grey(bits: int, photometric: int) -> tuple[int, int]:
    white = (1 << bits) - 1 if bits in (12, 16) else 65535
    return (white, 0) if photometric == 0 else (0, white)


def _check_compression(compression: int, bits: int) -> None:
    name = _NAMES.get(compression, f"in a way that has no common name ({compression})")
    if compression == 7 and bits > 8:
        name = f"{bits}-bit JPEG"
    elif compression in _READ:
        return
    how = name if name.startswith("in ") else f"as {name}"
    raise UnsupportedFormat(
        f"This TIFF is compressed {how}, which is not read here. Save it with LZW, Deflate or no compression."
    )


def _check_samples(formats: tuple[int, ...], bits: tuple[int, ...], planar: int) -> None:
    if formats[0] == 3 or max(bits) > 16 or (formats[0] == 2 and max(bits) > 8):
        raise UnsupportedFormat(
            "This TIFF holds floating point, signed or 32-bit samples, which are not read. Save it with 8 or 16 bits."
        )
    if planar == 2 and max(bits) > 8 and len(bits) > 1:
        raise UnsupportedFormat(
            "This TIFF stores 16-bit colours plane by plane, which is not read. Save it interleaved, or with 8 bits."
        )


def _check_pieces(file: File, tags: dict[int, Entry]) -> None:
    """Raise if a decoder would reserve too much memory, or if strips or tiles are beyond the end of the file."""
    for tag in _KEPT & tags.keys():
        if tags[tag].count > MAX_PIECES:
            raise CorruptImage("This TIFF is cut into more pieces than any program writes. Export it again.")
        if tag in _SINGLE and tags[tag].count != 1:
            raise CorruptImage(DAMAGED)
        file.span(tags[tag])
    if len({_OFFSETS, _TILE_OFFSETS} & tags.keys()) != 1:
        raise CorruptImage(DAMAGED)

    def value(tag: int, default: int) -> int:
        return file.numbers(tags.get(tag), (default,))[0]

    tiled = _TILE_OFFSETS in tags
    width, height = value(_WIDTH, 0), value(_HEIGHT, 0)
    wide, high = (value(_TILE_WIDTH, 0), value(_TILE_HEIGHT, 0)) if tiled else (width, value(_ROWS, height))
    if not wide * high:
        raise CorruptImage(DAMAGED)
    if tiled and wide * high > _MAX_TILE:
        raise ImageTooLarge(f"This TIFF has tiles of {wide} x {high} pixels. Export it without tiles.")
    starts = file.numbers(tags[_TILE_OFFSETS if tiled else _OFFSETS])
    lengths = file.numbers(tags.get(_TILE_COUNTS if tiled else _COUNTS))
    # Pillow would leave pixels black that no strip covers.
    planes = value(_SAMPLES, 1) if value(_PLANAR, 1) == 2 else 1
    needed = -(-width // wide) * -(-height // high) * planes
    if tiled and needed * wide * high > _MAX_SPREAD * width * height * planes + _MAX_TILE:
        raise ImageTooLarge(f"This TIFF has {needed} tiles, far more than fit into it. Export it without tiles.")
    # The length of a single strip is often wrong, and the decoder does not need it.
    ends = map(sum, zip(starts, lengths, strict=False)) if len(starts) > 1 else starts
    if len(starts) < needed or max(starts) >= len(file.data) or max(ends, default=0) > len(file.data):
        raise TruncatedImage("This TIFF ends in the middle. Upload it again.")
