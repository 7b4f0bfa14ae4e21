"""Convert the source's colours to sRGB, by its ICC profile (ICC.1:2010) and LittleCMS."""

from io import BytesIO

import numpy as np
from PIL import Image, ImageCms

from pipeline import srgb

_SPACES = {"L": "GRAY", "RGB": "RGB ", "CMYK": "CMYK", "LAB": "Lab "}
# Photo editors use relative colorimetric with black point compensation. Perceptual tables differ between vendors.
_INTENT = ImageCms.Intent.RELATIVE_COLORIMETRIC
_FLAGS = ImageCms.Flags.BLACKPOINTCOMPENSATION
_MAX_TAGS = 100  # of a profile: LittleCMS reads no more


def to_srgb(image: Image.Image, profile: bytes | None) -> tuple[Image.Image, tuple[str, ...]]:
    """`image` (mode L, RGB, CMYK or LAB) in sRGB, and notes for the user.

    `image` may be overwritten. If its profile cannot be used, its colours are read as sRGB, and a note says so.
    Callers round 16-bit samples to 8 bits first, because Pillow's interface to LittleCMS takes no more.
    """
    if image.mode == "LAB" and not profile:
        return _lab(image), ()
    notes: tuple[str, ...] = ()
    if profile is not None:
        try:
            return _converted(image, profile), ()
        except _Unusable as why:
            notes = (f"its colour profile {why}, so its colours were taken for sRGB",)
    if image.mode == "LAB":
        return _lab(image), notes
    if image.mode == "CMYK":
        notes += ("CMYK without a profile: its colours are approximate",)
    return (image if image.mode == "RGB" else image.convert("RGB")), notes


class _Unusable(Exception):
    """Why a profile cannot be used."""


def _converted(image: Image.Image, profile: bytes) -> Image.Image:
    try:
        source = ImageCms.ImageCmsProfile(BytesIO(_without_float_pipelines(profile)))
    except OSError as error:
        raise _Unusable("is damaged") from error
    space = profile[16:20].decode("latin-1")  # ICC.1:2010, 7.2.6
    if image.mode == "L" and space == _SPACES["RGB"]:
        image = image.convert("RGB")  # common: a grey JPEG that kept the profile of its colour original
    if space != _SPACES[image.mode]:
        raise _Unusable(f"is for {space.strip()} and not for {_SPACES[image.mode].strip()}")
    try:
        target = ImageCms.ImageCmsProfile(BytesIO(srgb.PROFILE))
        transform = ImageCms.ImageCmsTransform(source, target, image.mode, "RGB", _INTENT, flags=_FLAGS)
        if image.mode == "RGB" and _changes_nothing(transform):
            return image
        return transform.apply_in_place(image) if image.mode == "RGB" else transform.apply(image)
    except (OSError, ValueError) as error:
        raise _Unusable("cannot be applied") from error


def _without_float_pipelines(profile: bytes) -> bytes:
    """The profile with the tags D2Bx and B2Dx renamed, so that LittleCMS uses the tables or the matrix instead.

    These tags are optional (ICC.1:2010, 9.2.29) and rare. Only they can refer to one element many times, so that a
    profile of 1 MB takes gigabytes of memory.
    """
    count = min(int.from_bytes(profile[128:132], "big"), _MAX_TAGS)
    table = range(132, min(132 + 12 * count, len(profile)), 12)
    renamed = bytearray(profile)
    for at in table:
        if profile[at : at + 3] in (b"D2B", b"B2D"):
            renamed[at : at + 4] = profile[at : at + 4].lower()
    return bytes(renamed)


def _lab(image: Image.Image) -> Image.Image:
    lab = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB"))
    target = ImageCms.ImageCmsProfile(BytesIO(srgb.PROFILE))
    return ImageCms.ImageCmsTransform(lab, target, "LAB", "RGB", _INTENT, flags=_FLAGS).apply(image)


def _changes_nothing(transform: ImageCms.ImageCmsTransform) -> bool:
    """Whether the profile is sRGB in effect: no colour of a grid over the RGB cube changes by more than one level.

    Such an image is not converted, so its pixels do not change at all.
    """
    levels = np.linspace(0, 255, 18).round().astype(np.uint8)  # with steps of 15, so every grey of an 18-step wedge
    cube = np.stack(np.meshgrid(levels, levels, levels), axis=-1).reshape(18 * 18, 18, 3)
    moved = np.asarray(transform.apply(Image.fromarray(cube)))
    return int(np.abs(moved.astype(np.int16) - cube).max()) <= 1
