"""Tables of the image formats that Hairline reads, of other image formats, and of files that are not images.

Signatures are those of the formats' own specifications, as collected in https://mimesniff.spec.whatwg.org and in
https://github.com/file/file/tree/master/magic. Suffixes and types: https://www.iana.org/assignments/media-types.
"""

import re
from typing import NamedTuple


class Format(NamedTuple):
    """A format that Hairline reads.

    name: for `Picture.format`. title: for messages. signatures: the first bytes of a file. brands: of ISO/IEC 14496-12,
    for files that begin with an ftyp box. suffixes: of file names, in lower case.
    """

    name: str
    title: str
    signatures: tuple[bytes, ...]
    suffixes: tuple[str, ...]
    brands: tuple[bytes, ...] = ()

    @property
    def content_type(self) -> str:
        """The media type, such as image/png."""
        return f"image/{self.name}"


READABLE = (
    # .mpo: a JPEG followed by a second view, from two-lens cameras. .jfif: how browsers on Windows save a JPEG.
    Format("jpeg", "JPEG", (b"\xff\xd8\xff",), (".jpg", ".jpeg", ".jpe", ".jfif", ".jif", ".pjpeg", ".pjp", ".mpo")),
    Format("png", "PNG", (b"\x89PNG\r\n\x1a\n",), (".png", ".apng")),
    Format("webp", "WebP", (), (".webp",)),  # RIFF, then the kind: see pipeline.sniff
    Format("avif", "AVIF", (), (".avif", ".avifs"), (b"avif", b"avis")),
    Format(
        "heic",
        "HEIC",
        (),
        (".heic", ".heif", ".hif", ".heics", ".heifs"),
        (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs"),
    ),
    Format("tiff", "TIFF", (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"), (".tif", ".tiff")),
    Format("bmp", "BMP", (), (".bmp", ".dib")),  # texts may begin with BM, too: see pipeline.sniff
    Format("gif", "GIF", (b"GIF87a", b"GIF89a"), (".gif",)),
)
"""In the order in which they are recommended."""

TITLES = {row.name: row.title for row in READABLE}
SUFFIXES = frozenset(suffix for row in READABLE for suffix in row.suffixes)
"""Suffixes of the files that Hairline reads, in lower case. Only the bytes decide a file's format."""
CONTENT_TYPES = tuple(row.content_type for row in READABLE)
CAN_READ = ", ".join(row.title for row in READABLE[:-1]) + f" or {READABLE[-1].title}"
"""The formats' titles, as messages list them."""

CANON_RAW = b"II*\0\x10\0\0\0CR"
"""The first bytes of a Canon CR2, which begins like a TIFF."""

_NONZERO = rb"(?!\0\0)[\s\S]{2}"

OTHER_IMAGES: tuple[tuple[bytes | re.Pattern[bytes], str], ...] = (
    (b"8BPS", "a Photoshop document (PSD)"),
    (b"gimp xcf", "a GIMP document (XCF)"),
    (b"\xff\x0a", "JPEG XL"),
    (b"\0\0\0\x0cJXL \r\n\x87\n", "JPEG XL"),
    (b"\0\0\0\x0cjP  \r\n\x87\n", "JPEG 2000"),
    (b"\xff\x4f\xff\x51", "JPEG 2000"),
    (b"II\xbc\x01", "JPEG XR"),
    # An icon and a cursor say how many images they hold; a TGA has zeros there.
    (re.compile(rb"\x00\x00\x01\x00" + _NONZERO), "a Windows icon (ICO)"),
    (re.compile(rb"\x00\x00\x02\x00" + _NONZERO), "a Windows cursor (CUR)"),
    # Truevision TGA 2.0, 1989: no palette or one of 15 to 32 bits, the kind, width and height, bits of a pixel.
    (
        re.compile(
            rb"[\s\S](?:\0[\x02\x03\x0a\x0b]\0{5}|\x01[\x01\x09][\s\S]{4}[\x0f\x10\x18\x20])[\s\S]{4}"
            + _NONZERO * 2
            + rb"[\x08\x0f\x10\x18\x20]"
        ),
        "a Targa image (TGA)",
    ),
    (re.compile(rb"P[1-6](?:\s|#[^\n]*\n)+\d"), "a portable bitmap (PBM, PGM or PPM)"),
    (b"P7\nWIDTH", "a portable arbitrary map (PAM)"),
    (re.compile(rb"P[Ff]\n\d"), "a portable float map (PFM)"),
    (re.compile(rb"\x0a[\0\x02-\x05][\0\x01][\x01\x02\x04\x08]"), "a PCX image"),
    (re.compile(rb"\x01\xda[\0\x01][\x01\x02]\0[\x01-\x03]"), "a Silicon Graphics image (SGI)"),
    (re.compile(rb"/\* XPM \*/|! XPM2"), "an X pixmap (XPM)"),
    (re.compile(rb"#define \w+_width \d"), "an X bitmap (XBM)"),
    (re.compile(rb"[\s\S]{4}[\x11\x12]\xaf"), "an Autodesk animation (FLI or FLC)"),
    (re.compile(rb"FORM[\s\S]{4}(?:ILBM|PBM )"), "an Amiga image (IFF)"),
    (b"\x59\xa6\x6a\x95", "a Sun raster image"),
    (b"\x8bJNG\r\n\x1a\n", "JNG"),
    (b"\x8aMNG\r\n\x1a\n", "an MNG animation"),
    (b"icns", "an Apple icon (ICNS)"),
    (b"\x76\x2f\x31\x01", "OpenEXR"),
    (b"#?RADIANCE", "Radiance HDR"),
    (b"DDS ", "a DirectDraw texture (DDS)"),
    (b"qoif", "QOI"),
    (b"BPG\xfb", "BPG"),
    (b"AT&TFORM", "DjVu"),
    (b"SIMPLE  =", "FITS"),
    (b"\xd7\xcd\xc6\x9a", "a Windows metafile (WMF)"),
    (b"IIRO", "a camera RAW (Olympus ORF)"),
    (b"IIRS", "a camera RAW (Olympus ORF)"),
    (b"MMOR", "a camera RAW (Olympus ORF)"),
    (b"IIU\0", "a camera RAW (Panasonic RW2)"),
    (b"FUJIFILMCCD-RAW", "a camera RAW (Fujifilm RAF)"),
    (b"FOVb", "a camera RAW (Sigma X3F)"),
    (b"\0MRM", "a camera RAW (Minolta MRW)"),
)
"""First bytes and names of other image formats. Compare with READABLE first, because some of these are short."""

NOT_IMAGES: tuple[tuple[bytes, str], ...] = (
    (b"%PDF", "a PDF document"),
    (b"%!PS", "a PostScript document"),
    (b"\xc5\xd0\xd3\xc6", "an EPS document"),
    (b"PK\x03\x04", "a ZIP archive or an Office document"),
    (b"PK\x05\x06", "an empty ZIP archive"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"BZh", "a bzip2 archive"),
    (b"\xfd7zXZ\0", "an xz archive"),
    (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive"),
    (b"Rar!\x1a\x07", "a RAR archive"),
    (b"\x1aE\xdf\xa3", "a Matroska or WebM video"),
    (b"\0\0\1\xba", "an MPEG video"),
    (b"ID3", "an MP3 sound file"),
    (b"OggS", "an Ogg sound or video file"),
    (b"\x7fELF", "a program"),
    (b"MZ", "a Windows program"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an old Office document"),
    (b"/9j/", "an image in base64 text; decode the base64 first"),
    (b"iVBORw0KGgo", "an image in base64 text; decode the base64 first"),
    (b"data:image/", "an image as a data: address; send the bytes that it holds"),
)
"""First bytes and names of common files that are not raster images."""
