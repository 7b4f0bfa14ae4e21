"""Small pictures, and files of them in every format and many layouts, all generated here."""

import importlib.util
import io
import struct
import zlib
from typing import Any

import numpy as np
import tifffile
from numpy.typing import NDArray
from PIL import Image, ImageCms

HAS_HEIC = importlib.util.find_spec("pillow_heif") is not None
"""Whether something here can write HEIC."""
LIMITS = {"max_bytes": 40_000_000, "max_megapixels": 50.0}

Pixels = NDArray[Any]


def gradient(height: int = 24, width: int = 36) -> Pixels:
    """uint8 (H, W, 3): smooth, so that lossy formats keep it, and without any symmetry."""
    y, x = np.mgrid[0:height, 0:width].astype(np.float64)
    planes = (40 + 180 * x / max(width, 2), 30 + 190 * y / max(height, 2), 200 - 60 * (x + y) / (height + width))
    return np.stack(planes, axis=-1).astype(np.uint8)


def noise(*shape: int, dtype: Any = np.uint8, seed: int = 0) -> Pixels:
    """Uniform noise over all values of `dtype`."""
    return np.random.default_rng(seed).integers(0, np.iinfo(dtype).max, shape, dtype=dtype, endpoint=True)


def saved(pixels: Pixels | Image.Image, form: str, **settings: Any) -> bytes:
    """As Pillow writes it."""
    image = pixels if isinstance(pixels, Image.Image) else Image.fromarray(pixels)
    file = io.BytesIO()
    image.save(file, form, **settings)
    return file.getvalue()


def tiff(pixels: Pixels, **settings: Any) -> bytes:
    """As tifffile writes it."""
    file = io.BytesIO()
    tifffile.imwrite(file, pixels, **settings)
    return file.getvalue()


def chunk(kind: bytes, body: bytes) -> bytes:
    """A chunk of PNG."""
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png(pixels: Pixels, *extra: bytes, interlaced: bool = False) -> bytes:
    """A PNG of uint8 or uint16 (H, W, 1, 2, 3 or 4), without filters. extra: chunks to put before the pixels."""
    height, width, channels = pixels.shape
    big = pixels.astype(pixels.dtype.newbyteorder(">"))
    # The passes of Adam7: first row, first column, and their steps.
    adam7 = ((0, 0, 8, 8), (0, 4, 8, 8), (4, 0, 8, 4), (0, 2, 4, 4), (2, 0, 4, 2), (0, 1, 2, 2), (1, 0, 2, 1))
    passes = adam7 if interlaced else ((0, 0, 1, 1),)
    parts = [big[y::rows, x::columns] for y, x, rows, columns in passes]
    rows = b"".join(b"\0" + row.tobytes() for part in parts if part.size for row in part)
    colour = {1: 0, 2: 4, 3: 2, 4: 6}[channels]
    header = struct.pack(">IIBBBBB", width, height, pixels.dtype.itemsize * 8, colour, 0, 0, interlaced)
    body = (chunk(b"IHDR", header), *extra, chunk(b"IDAT", zlib.compress(rows)), chunk(b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(body)


def bmp(rows: bytes, width: int, height: int, bits: int, *, masks: tuple[int, ...] = (), icc: bytes = b"") -> bytes:
    """A BMP of `rows` (each a multiple of four bytes, the lowest first): of version 5 with a profile or four masks."""
    kind = 3 if masks else 0
    length = 124 if icc else 108 if len(masks) == 4 else 40
    header = struct.pack("<IiiHHIIiiII", length, width, height, 1, bits, kind, len(rows), 2835, 2835, 0, 0)
    fields = b"".join(struct.pack("<I", mask) for mask in masks)
    if length > 40:
        header = (header + fields.ljust(16, b"\0") + (b"DEBM" if icc else b"BGRs")).ljust(112, b"\0")
        header = (header + struct.pack("<II", length + len(rows), len(icc)) * bool(icc)).ljust(length, b"\0")
    else:
        header += fields
    start = 14 + len(header)
    return b"BM" + struct.pack("<IHHI", start + len(rows) + len(icc), 0, 0, start) + header + rows + icc


def gif(canvas: tuple[int, int], frame: Pixels, left: int, top: int) -> bytes:
    """A GIF of 16 colours with one opaque frame, uint8 (H, W, 3), somewhere on its canvas (width, height)."""
    data = saved(Image.fromarray(frame).quantize(16), "GIF")
    at = data.index(b",\0\0\0\0")
    placed = data[:at] + b"," + struct.pack("<HH", left, top) + data[at + 5 :]
    return placed[:6] + struct.pack("<HH", *canvas) + placed[10:]


def heic(pixels: Pixels, **settings: Any) -> bytes:
    """As pillow-heif writes it; it is not in the Lambda layer, where HEIC is only read."""
    import pillow_heif

    file = io.BytesIO()
    pillow_heif.from_pillow(Image.fromarray(pixels)).save(file, **{"quality": 95, "chroma": 444, **settings})
    return file.getvalue()


def in_two_tables(avif: bytes) -> bytes:
    """An AVIF of two items with its last property associations in an ipma box of their own, behind the others."""
    at = avif.index(b"ipma") - 4
    (length,) = struct.unpack_from(">I", avif, at)
    first = at + 16
    second = first + 3 + avif[first + 2]
    head = struct.pack(">I4sII", 16 + second - first, b"ipma", 0, 1) + avif[first:second]
    tail = struct.pack(">I4sII", 16 + at + length - second, b"ipma", 0, 1) + avif[second : at + length]
    longer = bytearray(avif[:at] + head + tail + avif[at + length :])
    for kind in (b"iprp", b"meta"):
        place = avif.index(kind) - 4
        struct.pack_into(">I", longer, place, struct.unpack_from(">I", avif, place)[0] + 16)
    # An iloc of version 0, with offsets and lengths of four bytes: all that comes behind has moved by 16 bytes.
    place = avif.index(b"iloc") + 12
    for item in range(struct.unpack_from(">H", avif, place - 2)[0]):
        where = place + 14 * item + 6
        struct.pack_into(">I", longer, where, struct.unpack_from(">I", avif, where)[0] + 16)
    return bytes(longer)


def exif(orientation: int, *, order: str = "<") -> bytes:
    """An Exif block with an orientation alone, and without its "Exif" header."""
    start = b"II*\0" if order == "<" else b"MM\0*"
    entry = struct.pack(order + "HHIHH", 0x0112, 3, 1, orientation, 0)
    return start + struct.pack(order + "IH", 8, 1) + entry + struct.pack(order + "I", 0)


def profile(primaries: str = "wide", space: str = "RGB ") -> bytes:
    """A matrix profile (ICC.1:2010, 8.3.3), gamma 2.2: of Adobe RGB's primaries, or a grey one (8.3.4)."""
    curve = b"curv\0\0\0\0" + struct.pack(">IH", 1, round(2.2 * 256)) + b"\0\0"

    def xyz(*values: float) -> bytes:
        return b"XYZ \0\0\0\0" + struct.pack(">3i", *(round(v * 65536) for v in values))

    white = (0.9642, 1.0, 0.8249)
    if space == "GRAY":
        tags = {b"wtpt": xyz(*white), b"kTRC": curve}
    else:
        # Adobe RGB (1998), its colours adapted to D50.
        columns = ((0.60974, 0.31111, 0.01947), (0.20528, 0.62567, 0.06087), (0.14919, 0.06322, 0.74457))
        tags = {b"wtpt": xyz(*white)}
        tags |= {name: xyz(*column) for name, column in zip((b"rXYZ", b"gXYZ", b"bXYZ"), columns, strict=True)}
        tags |= dict.fromkeys((b"rTRC", b"gTRC", b"bTRC"), curve)
    text = b"text\0\0\0\0" + primaries.encode() + b"\0\0"
    tags |= {b"cprt": text, b"desc": b"desc\0\0\0\0" + struct.pack(">I", 5) + b"test\0" + bytes(78 + 3)}
    table, body = struct.pack(">I", len(tags)), b""
    at = 128 + 4 + 12 * len(tags)
    for name, value in tags.items():
        table += name + struct.pack(">II", at + len(body), len(value))
        body += value + b"\0" * (-len(value) % 4)
    size = at + len(body)
    header = struct.pack(">I4sI4s4s4s", size, b"lcms", 0x02400000, b"mntr", space.encode(), b"XYZ ")
    header += struct.pack(">6H", 2024, 1, 1, 0, 0, 0) + b"acsp" + bytes(28) + xyz(*white)[8:]
    return header.ljust(128, b"\0") + table + body


def in_wide_gamut(rgb: Pixels) -> Pixels:
    """SRGB colours converted to those of `profile()`, by LittleCMS."""
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))
    wide = ImageCms.ImageCmsProfile(io.BytesIO(profile()))
    converted = ImageCms.profileToProfile(Image.fromarray(rgb), srgb, wide, ImageCms.Intent.RELATIVE_COLORIMETRIC)
    assert converted is not None
    return np.asarray(converted)


def samples() -> dict[str, bytes]:
    """A small valid file of each kind that is read, by name."""
    rgb, grey = gradient(), gradient()[..., 0]
    rgba = np.dstack((rgb, np.where(grey > 120, 255, 90).astype(np.uint8)))
    deep = noise(9, 7, 3, dtype=np.uint16)
    frames = [Image.fromarray(np.roll(rgb, 5 * n, axis=1)) for n in range(3)]
    animated = {"save_all": True, "append_images": frames[1:], "duration": 100}
    marks = {"exif": b"Exif\0\0" + exif(6), "icc_profile": profile()}
    cmyk = Image.fromarray(np.dstack((rgb, grey // 2)), "CMYK")
    return {
        **({"heic": heic(rgba, exif=b"Exif\0\0" + exif(6), icc_profile=profile())} if HAS_HEIC else {}),
        "jpeg": saved(rgb, "JPEG", quality=95, **marks),
        "jpeg grey": saved(grey, "JPEG"),
        "jpeg progressive": saved(rgb, "JPEG", progressive=True),
        "jpeg cmyk": saved(cmyk, "JPEG"),
        "png": saved(rgba, "PNG", icc_profile=profile(), exif=exif(3)),
        "png palette": saved(frames[0].quantize(16), "PNG", transparency=3),
        "png grey": saved(grey, "PNG"),
        "png 1 bit": saved(Image.fromarray(grey > 120), "PNG"),
        "png 16": png(deep),
        "png 16 alpha": png(noise(9, 7, 2, dtype=np.uint16)),
        "png interlaced": png(rgb, interlaced=True),
        "png animated": saved(frames[0], "PNG", **animated),
        "webp": saved(rgba, "WEBP", exif=exif(8), icc_profile=profile()),
        "webp lossless": saved(rgb, "WEBP", lossless=True),
        "webp animated": saved(frames[0], "WEBP", **animated),
        "avif": saved(rgba, "AVIF", speed=10, icc_profile=profile()),
        "avif animated": saved(frames[0], "AVIF", speed=10, **animated),
        "tiff": saved(rgb, "TIFF"),
        "tiff lzw": saved(rgba, "TIFF", compression="tiff_lzw", icc_profile=profile()),
        "tiff jpeg": saved(rgb, "TIFF", compression="jpeg"),
        "tiff fax": saved(Image.fromarray(grey > 120), "TIFF", compression="group4"),
        "tiff cmyk": saved(cmyk, "TIFF"),
        "tiff palette": saved(frames[0].quantize(16), "TIFF"),
        "tiff 16": tiff(deep, photometric="rgb"),
        "tiff tiles": tiff(rgb, photometric="rgb", tile=(16, 16), compression="zlib"),
        "tiff planes": tiff(np.moveaxis(rgb, 2, 0), photometric="rgb", planarconfig="separate"),
        "tiff big": tiff(rgb, photometric="rgb", bigtiff=True),
        "tiff pages": saved(frames[0], "TIFF", save_all=True, append_images=frames[1:]),
        "bmp": saved(rgb, "BMP"),
        "bmp palette": saved(frames[0].quantize(16), "BMP"),
        "gif": saved(frames[0].quantize(16), "GIF"),
        "gif animated": saved(frames[0].quantize(16), "GIF", **animated),
    }
