"""A request of remove.bg's endpoint: its image, its background, and the options that its parameters set. Pure."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from handler.http.api_errors import ApiError
from handler.http.parameters import (
    BACKGROUNDS,
    FORMATS,
    PARAMETERS,
    SHADOWS,
    SIZES,
    SOURCES,
    TYPES,
    UNDRAWN_SHADOWS,
    read,
)
from pipeline.geometry import Colour, Length, Region

_FULL, _FULL_PNG = 25.0, 10.0
"""The most megapixels of a full size, and of one that becomes a PNG."""
FITTING = "auto"
"""The size that is as large as the response and the time allow."""
BEHIND_JPEG = Colour(255, 255, 255)
"""The background of a JPEG if the request names none."""
_PER_TYPE = re.compile(r"shadow_type\[(.*)\]", re.DOTALL)


@dataclass(frozen=True, slots=True)
class ParsedRequest:
    """source, background: (name of the parameter, its text or file); background: None if it is not an image.
    options: changes to Options, as its `overridden_by` takes them. shrink_to_fit: whether the result may have fewer
    pixels than the options say, so that it is done in time and fits into the response.
    """

    source: tuple[str, str | bytes]
    background: tuple[str, str | bytes] | None
    options: dict[str, Any]
    shrink_to_fit: bool


def parse(texts: Mapping[str, str], files: Mapping[str, bytes]) -> ParsedRequest:
    """A form as a request. Parameters that remove.bg does not know are ignored, as there.

    Raises ApiError with the code that remove.bg's documentation has for it.
    """
    given: dict[str, str | bytes] = {**texts, **files}
    sources = [name for name in SOURCES if name in given]
    if not sources:
        raise ApiError("missing_source", "Give one of image_file, image_file_b64 and image_url.")
    if len(sources) > 1:
        raise ApiError("multiple_sources", f"Give only one of {' and '.join(sources)}.")
    backgrounds = [name for name in BACKGROUNDS if name in given]
    if len(backgrounds) > 1:
        raise ApiError("multiple_bg_sources", f"Give only one of {' and '.join(backgrounds)}.")
    values = {name: read(name, name, texts[name]) for name in PARAMETERS if name in texts}
    for name in texts:
        if match := _PER_TYPE.fullmatch(name):
            _check_type_of_shadow(name, match[1], texts[name])
            if match[1] == texts.get("type", "auto"):
                values["shadow_type"] = read("shadow_type", name, texts[name])
    image = next(((name, given[name]) for name in backgrounds if name != "bg_color"), None)
    options = _options(values, has_image=image is not None)
    return ParsedRequest((sources[0], given[sources[0]]), image, options, values.get("size") == FITTING)


def _check_type_of_shadow(name: str, type_: str, shadow: str) -> None:
    """A shadow for a type that the request does not name has no effect, so it may be one that cannot be drawn."""
    if type_ not in TYPES:
        raise ApiError("invalid_shadow_type", f"{name[:80]} names no type. Known types: {', '.join(TYPES)}.")
    if shadow not in (*SHADOWS, *UNDRAWN_SHADOWS):
        read("shadow_type", name, shadow)


def _options(values: Mapping[str, Any], *, has_image: bool) -> dict[str, Any]:
    kind = FORMATS[values.get("format", "auto")]
    shadow = values.get("shadow_type") or ("drop" if values.get("add_shadow") else "none")
    made: dict[str, Any] = {
        "format": kind,
        "channels": values.get("channels", "rgba"),
        "shrink_to_megapixels": SIZES[values.get("size", "preview")],
        "crop": values.get("crop", False),
        "scale": values.get("scale"),
        "position": values.get("position"),
        "roi": values.get("roi"),
        "background": values.get("bg_color"),
        "shadow": shadow,
    }
    if made["crop"] and "crop_margin" in values:
        made["margin"] = values["crop_margin"]
    if shadow != "none" and values.get("shadow_opacity") is not None:
        made["shadow_opacity"] = values["shadow_opacity"]
    opaque = has_image or made["background"] is not None
    if made["shrink_to_megapixels"] == _FULL and (kind == "png" or (kind == "auto" and not opaque)):
        made["shrink_to_megapixels"] = _FULL_PNG
    if made["channels"] == "alpha":
        _check_matte(made, has_image=has_image)
    elif kind == "jpeg" and not opaque:
        made["background"] = BEHIND_JPEG
    return made


def _check_matte(made: Mapping[str, Any], *, has_image: bool) -> None:
    if made["format"] == "zip":
        raise ApiError("invalid_format", "A zip holds colours and alpha; for channels=alpha choose png, jpg or webp.")
    if made["background"] is not None or has_image:
        raise ApiError("invalid_channels", "channels=alpha has no colours, so it takes no background.")
    if made["shadow"] != "none":
        raise ApiError("invalid_channels", "channels=alpha is the matte alone, so it takes no shadow.")


def in_percent(roi: Region, size: tuple[int, int]) -> Region:
    """A region of an image of `size` (width, height) in percent, which holds when the image is shrunk.

    Raises ApiError: roi_exceeds_bounds, or roi_region_empty.
    """
    sides = (*size, *size)
    shares = [n.value if n.percent else 100 * n.value / side for n, side in zip(roi.lengths, sides, strict=True)]
    if max(shares) > 100:
        raise ApiError(
            "roi_exceeds_bounds", f"roi is {str(roi)!r}, but the image is {size[0]} x {size[1]} pixels. Stay inside."
        )
    if roi.box(*size) is None:
        raise ApiError("roi_region_empty", f"roi is {str(roi)!r}, but x1 must be left of x2, and y1 above y2.")
    return Region(*(Length(round(share, 3), percent=True) for share in shares))
