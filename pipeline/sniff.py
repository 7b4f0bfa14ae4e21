"""Which format some bytes are in, by their first bytes; never by a name or a declared type.

Signatures are those of the formats' own specifications, as collected in https://mimesniff.spec.whatwg.org and in
https://github.com/file/file/tree/master/magic.
"""

import re

from pipeline.errors import EmptyImage, NotAnImage, TruncatedImage, UnsupportedFormat

CAN_READ = "JPEG, PNG, WebP, AVIF, TIFF, BMP or GIF"

_READ = (
    (b"\xff\xd8\xff", "jpeg"),
    (b"\x89PNG\r\n\x1a\n", "png"),
    (b"GIF87a", "gif"),
    (b"GIF89a", "gif"),
    (b"II*\0", "tiff"),
    (b"MM\0*", "tiff"),
    (b"II+\0", "tiff"),
    (b"MM\0+", "tiff"),
)

_OTHER_PICTURES = (
    (b"8BPS", "a Photoshop document (PSD)"),
    (b"gimp xcf", "a GIMP document (XCF)"),
    (b"\xff\x0a", "JPEG XL"),
    (b"\0\0\0\x0cJXL \r\n\x87\n", "JPEG XL"),
    (b"\0\0\0\x0cjP  \r\n\x87\n", "JPEG 2000"),
    (b"\xff\x4f\xff\x51", "JPEG 2000"),
    (b"II\xbc\x01", "JPEG XR"),
    (b"\0\0\1\0", "a Windows icon (ICO)"),
    (b"\0\0\2\0", "a Windows cursor (CUR)"),
    (b"icns", "an Apple icon (ICNS)"),
    (b"\x76\x2f\x31\x01", "OpenEXR"),
    (b"#?RADIANCE", "Radiance HDR"),
    (b"DDS ", "a DirectDraw texture (DDS)"),
    (b"qoif", "QOI"),
    (b"BPG\xfb", "BPG"),
    (b"AT&TFORM", "DjVu"),
    (b"SIMPLE  =", "FITS"),
    (b"\xd7\xcd\xc6\x9a", "a Windows metafile (WMF)"),
    (b"II*\0\x10\0\0\0CR", "a camera RAW (Canon CR2)"),
    (b"IIRO", "a camera RAW (Olympus ORF)"),
    (b"IIRS", "a camera RAW (Olympus ORF)"),
    (b"MMOR", "a camera RAW (Olympus ORF)"),
    (b"IIU\0", "a camera RAW (Panasonic RW2)"),
    (b"FUJIFILMCCD-RAW", "a camera RAW (Fujifilm RAF)"),
    (b"FOVb", "a camera RAW (Sigma X3F)"),
    (b"\0MRM", "a camera RAW (Minolta MRW)"),
)

_NO_PICTURES = (
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
    (b"/9j/", "a picture in base64 text; decode the base64 first"),
    (b"iVBORw0KGgo", "a picture in base64 text; decode the base64 first"),
    (b"data:image/", "a picture as a data: address; send the bytes that it holds"),
)

_MARKUP = (
    (re.compile(rb"<svg[\s>]", re.IGNORECASE), "an SVG drawing, which has no pixels; export it as PNG"),
    (re.compile(rb"<(!doctype\s+html|html|head|body|title)\b", re.IGNORECASE), "an HTML page, not the picture itself"),
    (re.compile(rb"\A<\?xml", re.IGNORECASE), "an XML document"),
)

_BRANDS = (
    ({b"avif", b"avis"}, "avif"),
    ({b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs"}, "heic"),
    ({b"crx "}, "a camera RAW (Canon CR3)"),
)


def sniff(data: bytes) -> str:
    """The format of an encoded picture: jpeg, png, webp, avif, heic, tiff, bmp or gif.

    Raises EmptyImage, TruncatedImage where less than a signature is there, UnsupportedFormat with the name of a picture
    format that is not read, and NotAnImage with a guess at what the bytes are.
    """
    if not data:
        raise EmptyImage("The file is empty (0 bytes). Upload it again.")
    if data[4:8] == b"ftyp":
        return _brand(data)
    for magic, name in _OTHER_PICTURES:
        if data.startswith(magic):
            raise UnsupportedFormat(f"This is {name}, which is not read here. Save it as {CAN_READ}.")
    for magic, name in _READ:
        if data.startswith(magic):
            return name
    if data[:4] == b"RIFF":
        if data[8:12] == b"WEBP":
            return "webp"
        raise NotAnImage(f"This is a sound or video file (RIFF), not a picture. Send {CAN_READ}.")
    _refuse_unless_bmp(data)
    return "bmp"


def _refuse_unless_bmp(data: bytes) -> None:
    # "BM" alone begins many a text, so the size of the header that follows has to be one of BMP's.
    if data[:2] == b"BM" and data[14:18] in {bytes((n, 0, 0, 0)) for n in (12, 16, 40, 52, 56, 64, 108, 124)}:
        return
    if len(data) < 18 and any(magic.startswith(data) for magic, _ in (*_READ, (b"RIFF", ""), (b"BM", ""))):
        raise TruncatedImage(f"The file ends after {len(data)} bytes, before the picture begins. Upload it again.")
    raise NotAnImage(f"This is {_what(data)}. Send a picture in {CAN_READ}.")


def _brand(data: bytes) -> str:
    # ISO/IEC 14496-12, 4.3: the major brand, a version, then compatible brands until the box ends.
    length = min(int.from_bytes(data[:4], "big"), 1024)
    brands = {data[8:12]} | {data[at : at + 4] for at in range(16, length - 3, 4)}
    for known, name in _BRANDS:
        if brands & known:
            if name not in ("avif", "heic"):
                raise UnsupportedFormat(f"This is {name}, which is not read here. Save it as {CAN_READ}.")
            return name
    if brands & {b"mif1", b"msf1"}:
        raise UnsupportedFormat(f"This is a HEIF picture of a kind that is not read here. Save it as {CAN_READ}.")
    raise NotAnImage(f"This is a video or sound file (MP4, MOV), not a picture. Send {CAN_READ}.")


def _what(data: bytes) -> str:
    for magic, name in _NO_PICTURES:
        if data.startswith(magic):
            return name
    if not data.strip(b"\0"):
        return f"{len(data)} zero bytes and nothing else, as after a broken upload"
    head = data[:2048].removeprefix(b"\xef\xbb\xbf").lstrip()
    for pattern, name in _MARKUP:
        if pattern.search(head):
            return name
    return "text, not a picture" if _is_text(data[:2048]) else "no picture format that we know"


def _is_text(head: bytes) -> bool:
    if head[:2] in (b"\xff\xfe", b"\xfe\xff"):  # UTF-16's mark
        return True
    try:
        head.decode()
    except UnicodeDecodeError as error:
        if error.start <= len(head) - 4:  # not merely cut within a character
            return False
    return not re.search(rb"[\0-\x08\x0e-\x1a\x1c-\x1f\x7f]", head)
