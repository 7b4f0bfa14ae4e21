"""Decode the file of a Header to samples, with Pillow.

The plugins are called directly and not through `Image.open`, so that a file reaches neither Pillow's many other formats
nor plugins that other libraries register.
"""

import contextlib
import ctypes
import struct
from dataclasses import dataclass
from io import BytesIO
from typing import Any

import numpy as np
from pi_heif import HeifImageFile
from PIL import (
    AvifImagePlugin,
    BmpImagePlugin,
    GifImagePlugin,
    Image,
    ImageFile,
    JpegImagePlugin,
    PngImagePlugin,
    TiffImagePlugin,
    WebPImagePlugin,
    _imaging,
)

from pipeline.decode.header import Header
from pipeline.errors import CorruptImage, InputError, OutOfMemory, TruncatedImage, UnsupportedFormat
from pipeline.types import UInt8


class _Heic(HeifImageFile):  # type: ignore[misc] # pi_heif has no types
    """Decodes once. For a file with several images, pi_heif's class decodes again at each access and undoes changes."""

    def load(self) -> Any:
        loaded = super().load()
        self._heif_file = None
        return loaded


_PLUGINS: dict[str, type[ImageFile.ImageFile]] = {
    "jpeg": JpegImagePlugin.JpegImageFile,
    "png": PngImagePlugin.PngImageFile,
    "webp": WebPImagePlugin.WebPImageFile,
    "avif": AvifImagePlugin.AvifImageFile,
    "tiff": TiffImagePlugin.TiffImageFile,
    "bmp": BmpImagePlugin.BmpImageFile,
    "gif": GifImagePlugin.GifImageFile,
    "heic": _Heic,
}

with contextlib.suppress(AttributeError):  # on Windows a module does not export symbols of the libraries in it
    # By default libtiff prints every fault on stderr. Without a handler it prints nothing.
    _libtiff = ctypes.CDLL(_imaging.__file__)
    _libtiff.TIFFSetErrorHandler(None)
    _libtiff.TIFFSetWarningHandler(None)

_BROKEN = (
    *(OSError, SyntaxError, ValueError, EOFError, LookupError, TypeError, struct.error),
    *(RuntimeError, ArithmeticError),
)
"""What Pillow's plugins raise for bad files: the errors that `Image.open` expects, and others found by fuzzing."""

_PLAIN = {"1": "L", "L": "L", "P": "RGB", "RGB": "RGB", "RGBX": "RGB", "YCbCr": "RGB", "CMYK": "CMYK", "LAB": "LAB"}
"""Pillow's modes without alpha, and the one of Raster's four modes to convert each to."""

_ROWS = 256  # to process at a time, so that a wider type never holds the 16-bit samples of a whole image
_SWAPPED = {"B": "L", "L": "B", "N": "B" if np.little_endian else "L"}


@dataclass(frozen=True, slots=True)
class Raster:
    """Decoded samples.

    image: of mode L, RGB, CMYK or LAB, with 8 bits a sample, not yet turned upright. alpha: uint8 (H, W), or None if
    opaque. profile, orientation, frames: as in Header; for AVIF and HEIC, profile and frames are the decoder's.
    """

    image: Image.Image
    alpha: UInt8 | None
    profile: bytes | None
    orientation: int
    frames: int


def load(header: Header) -> Raster:
    """Decode. Raises TruncatedImage, CorruptImage, UnsupportedFormat, OutOfMemory."""
    if header.samples is not None:
        image, alpha = _split(header.samples(), header)
        return Raster(image, _meaningful(alpha, header), header.profile, header.orientation, header.frames)
    with _opened(header) as file:
        profile = header.profile if header.format not in ("avif", "heic") else file.info.get("icc_profile")
        frames = header.frames if header.format not in ("avif", "heic") else int(getattr(file, "n_frames", 1))
        image, alpha = _samples(file, header)
    return Raster(image, _meaningful(_on_canvas(alpha, header), header), profile, header.orientation, frames)


def _on_canvas(alpha: UInt8 | None, header: Header) -> UInt8 | None:
    """`alpha` with 0 around a first frame that is smaller than its canvas."""
    if header.area is None or header.area == (0, 0, *header.size):
        return alpha
    left, top, right, bottom = header.area
    placed = np.zeros(header.size[::-1], np.uint8)
    placed[top:bottom, left:right] = 255 if alpha is None else alpha[top:bottom, left:right]
    return placed


def _meaningful(alpha: UInt8 | None, header: Header) -> UInt8 | None:
    # Many programs write 0 into the fourth byte of a BMP's pixels and do not mean transparency.
    if alpha is None or alpha.min() == 255 or (header.format == "bmp" and alpha.max() == 0):
        return None
    return alpha


def size(header: Header) -> tuple[int, int]:
    """(width, height) as the decoder reads it, for files whose boxes do not give it. Decodes nothing."""
    with _opened(header) as file:
        return file.size


def _opened(header: Header) -> ImageFile.ImageFile:
    try:
        return _PLUGINS[header.format](BytesIO(header.pixels))
    except _BROKEN as error:
        raise _refusal(header, error) from error


def _refusal(header: Header, error: Exception) -> InputError:
    name, words = header.format.upper(), str(error).lower()
    if "truncat" in words or isinstance(error, EOFError):
        return TruncatedImage(f"This {name} ends in the middle. Upload it again.")
    if any(word in words for word in ("unknown", "unsupported", "not supported", "not available")):
        return UnsupportedFormat(f"This kind of {name} is not read here ({error}). Save it as an ordinary JPEG or PNG.")
    return CorruptImage(f"This {name} is damaged and cannot be read. Export or upload it again.")


def _decoded(file: ImageFile.ImageFile, header: Header, rawmodes: dict[str, str]) -> None:
    """Let Pillow read the pixels, with `rawmodes` in place of some of its raw modes."""

    def replaced(args: Any) -> Any:
        return tuple(map(replaced, args)) if isinstance(args, tuple) else rawmodes.get(args, args)

    file.tile = [tile._replace(args=replaced(tile.args)) for tile in file.tile]
    try:
        file.load()
    except MemoryError as error:
        raise OutOfMemory("There is not enough memory to decode this image. Send a smaller image.") from error
    except _BROKEN as error:
        raise _refusal(header, error) from error


def _samples(file: ImageFile.ImageFile, header: Header) -> tuple[Image.Image, UInt8 | None]:
    deep = next((str(mode) for mode in _rawmodes(file) if ";16" in mode and mode[:2] != "I;"), None)
    if deep is not None and not deep.startswith("CMYK"):
        return _split(_deep(file, header, deep), header)
    _decoded(file, header, dict(header.rawmodes))
    if file.mode.startswith("I;16"):
        black, white = header.grey
        samples = np.asarray(file)
        level = (np.arange(65536, dtype=np.float64) - black) * (255 / (white - black))
        grey = np.rint(level.clip(0, 255)).astype(np.uint8)[samples]
        return Image.fromarray(grey), _keyed(samples[..., None], header)
    if file.mode == "PA" or (file.mode == "P" and "transparency" in file.info):
        return _split(np.asarray(file.convert("RGBA")), header)
    if file.mode == "RGBA" and not header.premultiplied:
        return file.convert("RGB"), np.asarray(file.getchannel("A"))
    if file.mode == "RGBA":
        return _split(np.asarray(file), header)
    if file.mode in ("LA", "La", "RGBa"):
        return _split(np.asarray(file.convert(file.mode.upper())), header)
    if file.mode not in ("1", "L", "P", "RGB", "CMYK", "LAB", "YCbCr"):
        raise UnsupportedFormat(
            f"Pixels of the kind {file.mode} are not read here. Save it as an ordinary PNG or JPEG."
        )
    image = (
        file.convert({"1": "L", "P": "RGB", "YCbCr": "RGB"}[file.mode]) if file.mode in ("1", "P", "YCbCr") else file
    )
    alpha = None
    if header.transparent is not None and image.mode in ("L", "RGB"):
        samples = np.asarray(image)
        alpha = _keyed(samples.reshape(*samples.shape[:2], -1), header)
    return image, alpha


def _rawmodes(file: ImageFile.ImageFile) -> list[str]:
    args = [tile.args for tile in file.tile]
    return [str(arg[0]) if isinstance(arg, tuple) and arg else str(arg) for arg in args]


def _deep(file: ImageFile.ImageFile, header: Header, rawmode: str) -> np.ndarray[Any, np.dtype[np.uint16]]:
    """16-bit samples, uint16 (H, W, C). Pillow itself would keep only the upper eight bits.

    Of its raw modes for the two byte orders, one keeps the first byte and one the second, so reading twice gives both.
    """
    modes = {rawmode: header.rawmodes.get(rawmode, rawmode)}
    if rawmode == "LA;16B":  # four bytes a pixel, like RGBA, so reading once gives all
        _decoded(file, header, {rawmode: "RGBA"})
        return np.asarray(file).view(">u2").astype(np.uint16)
    _decoded(file, header, modes)
    high = np.asarray(file)
    kept = modes[rawmode]
    with _opened(header) as again:
        _decoded(again, header, {rawmode: kept[:-1] + _SWAPPED[kept[-1]]})
        samples = np.asarray(again).astype(np.uint16)
    for top in range(0, len(samples), _ROWS):
        samples[top : top + _ROWS] |= high[top : top + _ROWS].astype(np.uint16) << 8
    return samples


def _split(samples: np.ndarray[Any, Any], header: Header) -> tuple[Image.Image, UInt8 | None]:
    """8-bit colours and alpha of samples, uint8 or uint16 (H, W, 2..4). Divides premultiplied colours by alpha."""
    height, width, channels = samples.shape
    colours = np.empty((height, width, 1 if channels == 2 else 3), np.uint8)
    alpha = np.empty((height, width), np.uint8) if channels in (2, 4) else None
    for top in range(0, height, _ROWS):
        rows = slice(top, top + _ROWS)
        part = samples[rows]
        colour = part[..., : colours.shape[2]]
        if header.premultiplied and alpha is not None:
            full = np.iinfo(samples.dtype).max
            # Divided by at least 1, because any colour will do where alpha is 0. Rounding may slightly exceed the
            # maximum.
            colour = np.minimum(colour * np.float32(full) / np.maximum(part[..., -1:], 1) + 0.5, full).astype(
                part.dtype
            )
        colours[rows] = _eight_bits(colour)
        if alpha is not None:
            alpha[rows] = _eight_bits(part[..., -1])
    if alpha is None:
        alpha = _keyed(samples, header)
    return Image.fromarray(colours[..., 0] if channels == 2 else colours), alpha


def _eight_bits(samples: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """round(v * 255 / 65535) of uint16, which is v / 257; uint8 as it is."""
    return samples if samples.dtype == np.uint8 else (samples.astype(np.uint32) + 128) // 257


def _keyed(samples: np.ndarray[Any, Any], header: Header) -> UInt8 | None:
    """Alpha, uint8 (H, W): 0 where the samples, (H, W, C), have the transparent colour, else 255."""
    if header.transparent is None:
        return None
    # Pillow spreads samples of 1, 2 and 4 bits over 0..255.
    spread = 255 // ((1 << header.depth) - 1) if header.depth < 8 else 1
    key = np.array(header.transparent) * spread
    return np.where((samples == key).all(axis=-1), 0, 255).astype(np.uint8)
