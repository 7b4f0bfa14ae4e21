"""Find a file's format by its first bytes, never by its name or declared type."""

import re

from pipeline.errors import EmptyImage, InputError, NotAnImage, TruncatedImage, UnsupportedFormat
from pipeline.formats import CAN_READ, CANON_RAW, NOT_IMAGES, OTHER_IMAGES, READABLE

_SIGNATURES = [(signature, row.name) for row in READABLE for signature in row.signatures]
_BMP_HEADERS = {bytes((n, 0, 0, 0)) for n in (12, 16, 40, 52, 56, 64, 108, 124)}
_MARKUP = (
    (re.compile(rb"<svg[\s>]", re.IGNORECASE), "an SVG drawing, which has no pixels; export it as PNG"),
    (re.compile(rb"<(!doctype\s+html|html|head|body|title)\b", re.IGNORECASE), "an HTML page, not the image itself"),
    (re.compile(rb"\A<\?xml", re.IGNORECASE), "an XML document"),
)


def sniff(data: bytes) -> str:
    """The format of an encoded image: the name of a row of `pipeline.formats.READABLE`.

    Raises EmptyImage, TruncatedImage for less than a signature, UnsupportedFormat with the name of an image format
    that is not read, and NotAnImage with a guess at what the bytes are.
    """
    if not data:
        raise EmptyImage("The file is empty (0 bytes). Upload it again.")
    if data[4:8] == b"ftyp":
        return _by_brand(data)
    if data.startswith(CANON_RAW):
        raise _unsupported("a camera RAW (Canon CR2)")
    for signature, name in _SIGNATURES:
        if data.startswith(signature):
            return name
    if data[:4] == b"RIFF":
        if data[8:12] == b"WEBP":
            return "webp"
        raise NotAnImage(f"This is a sound or video file (RIFF), not an image. Send {CAN_READ}.")
    if data[:2] == b"BM" and data[14:18] in _BMP_HEADERS:  # texts may begin with "BM", too
        return "bmp"
    if foreign := _foreign(data):
        raise _unsupported(foreign)
    beginnings = (*(signature for signature, _ in _SIGNATURES), b"RIFF", b"BM")
    if len(data) < 18 and any(beginning.startswith(data) for beginning in beginnings):
        raise TruncatedImage(f"The file ends after {len(data)} bytes, before the image begins. Upload it again.")
    raise NotAnImage(f"This is {_guess(data)}. Send an image in {CAN_READ}.")


def _foreign(data: bytes) -> str | None:
    for signature, name in OTHER_IMAGES:
        if data.startswith(signature) if isinstance(signature, bytes) else signature.match(data):
            return name
    return None


def _unsupported(name: str) -> InputError:
    return UnsupportedFormat(f"This is {name}, which is not read here. Save it as {CAN_READ}.")


def _by_brand(data: bytes) -> str:
    # ISO/IEC 14496-12, 4.3: the major brand, a version, then compatible brands until the box ends.
    length = min(int.from_bytes(data[:4], "big"), 1024)
    brands = {data[8:12]} | {data[at : at + 4] for at in range(16, length - 3, 4)}
    for row in READABLE:
        if brands.intersection(row.brands):
            return row.name
    if b"crx " in brands:
        raise _unsupported("a camera RAW (Canon CR3)")
    if brands & {b"mif1", b"msf1"}:
        raise _unsupported("a HEIF image that holds neither HEVC nor AV1")
    raise NotAnImage(f"This is a video or sound file (MP4, MOV), not an image. Send {CAN_READ}.")


def _guess(data: bytes) -> str:
    for signature, name in NOT_IMAGES:
        if data.startswith(signature):
            return name
    if not data.strip(b"\0"):
        return f"{len(data)} zero bytes and nothing else, as after a broken upload"
    head = data[:2048].removeprefix(b"\xef\xbb\xbf").lstrip()
    for pattern, name in _MARKUP:
        if pattern.search(head):
            return name
    return "text, not an image" if _is_text(data[:2048]) else "not in an image format that Hairline knows"


def _is_text(head: bytes) -> bool:
    if head[:2] in (b"\xff\xfe", b"\xfe\xff"):  # UTF-16's byte order mark
        return True
    try:
        head.decode()
    except UnicodeDecodeError as error:
        if error.start <= len(head) - 4:  # the error is not a character that the end cuts off
            return False
    return not re.search(rb"[\0-\x08\x0e-\x1a\x1c-\x1f\x7f]", head)
