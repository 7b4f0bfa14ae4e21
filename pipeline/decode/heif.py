"""AVIF and HEIC: boxes, which are checked before a decoder reads them."""

import struct

from pipeline.decode.header import Header
from pipeline.decode.heif_cost import check_items, check_tracks
from pipeline.decode.isobmff import Item, Meta, Span, area, boxes, read_meta
from pipeline.errors import CorruptImage, TruncatedImage

_SRGB_LIKE = {1, 2, 5, 6}  # colour primaries of ITU-T H.273: BT.709, unspecified, BT.601
_SDR = {1, 2, 6, 13, 14, 15}  # transfer curves: those of television and sRGB
_METADATA = (b"Exif", b"mime")
_TURNS = ((1, 4, 2), (8, 5, 7), (3, 2, 4), (6, 7, 5))
"""Exif orientations: a row for each angle of irot; columns without imir, with axis 0 and with axis 1."""


def read(data: bytes, name: str) -> Header:
    """The header of an AVIF or HEIC file, without its profile, which the decoder reads.

    Raises TruncatedImage and CorruptImage.
    """
    clean = bytearray(data)
    size, orientation = (0, 0), 1
    notes: tuple[str, ...] = ()
    for kind, start, end in _top(data):
        if kind == b"moov":
            size = max(size, check_tracks(data, start, end), key=area)
        elif kind == b"meta":
            meta = read_meta(data, start, end)
            _disarm(clean, meta)
            if meta.primary in meta.items:
                size = max(size, meta.items[meta.primary].sides(data), key=area)
                orientation = _orientation(data, meta.items[meta.primary])
                check_items(data, meta)
            if any(_is_wide(data, box) for item in meta.items.values() for box in item.properties):
                notes = ("its wide-gamut or HDR colours (nclx) were taken for sRGB",)
    if name == "heic" and size == (0, 0):
        raise CorruptImage("This HEIC is damaged: it does not give its size. Export it again.")
    if name == "heic":  # its decoder turns the image upright
        size, orientation = size if orientation <= 4 else size[::-1], 1
    return Header(name, size, bytes(clean), orientation=orientation, notes=notes)


def _top(data: bytes) -> list[Span]:
    spans: list[Span] = []
    try:
        spans.extend(boxes(data, 0, len(data), "This image ends in the middle. Upload it again."))
    except TruncatedImage:
        # Phones append data that is not a box to a complete image.
        if not {b"meta", b"mdat"} <= {kind for kind, _, _ in spans}:
            raise
    return spans


def _disarm(clean: bytearray, meta: Meta) -> None:
    """Hide metadata from decoders, and make ipma boxes distinct. Only types and flags change, so no offset does."""
    for item in meta.items.values():
        # The orientation is in irot and imir, not in Exif (ISO/IEC 23008-12, 6.5.10), and decoders copy metadata.
        if item.kind in _METADATA:
            clean[item.place : item.place + 4] = b"free"
    for number, place in enumerate(meta.twins, 1):
        # Old cavif wrote two ipma boxes. libavif insists that their flags differ, and looks at the lowest bit alone.
        clean[place : place + 2] = number.to_bytes(2, "big")


def _orientation(data: bytes, item: Item) -> int:
    found = {kind: data[at] for kind, at, _ in item.properties if kind in (b"irot", b"imir")}
    mirrored = 0 if b"imir" not in found else 1 + (found[b"imir"] & 1)
    return _TURNS[found.get(b"irot", 0) & 3][mirrored]


def _is_wide(data: bytes, box: Span) -> bool:
    kind, at, _ = box
    if kind != b"colr" or data[at : at + 4] != b"nclx":
        return False
    primaries, transfer = struct.unpack_from(">HH", data, at + 4)
    return primaries not in _SRGB_LIKE or transfer not in _SDR
