"""remove.bg's parameters as a table, and what they mean in our options. Pure.

What cannot be done here is refused by name; docs/http-api.md lists it.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeVar

from handler.http.api_errors import ApiError
from pipeline.geometry import Colour, Length, Margin, Region
from pipeline.options import kinds

SIZES = {
    **dict.fromkeys(("preview", "small", "regular"), 0.25),
    "medium": 1.5,
    "hd": 4.0,
    **dict.fromkeys(("full", "4k", "auto"), 25.0),
    "50MP": 50.0,
}
"""Size to the most megapixels of the result."""
_FULL, _FULL_PNG = 25.0, 10.0
"""A full size that becomes a PNG has fewer."""
FITTING = "auto"
"""The size that is as large as the response and the time allow."""

TYPES = ("auto", "person", "product", "car", "animal", "graphic", "transportation")
TYPE_LEVELS = ("none", "1", "2", "latest")
FORMATS = {"auto": "auto", "png": "png", "jpg": "jpeg", "webp": "webp", "zip": "zip"}
SHADOWS = {"none": "none", "auto": "drop", "drop": "drop"}
UNDRAWN_SHADOWS = ("car", "3D")

MOST_MARGIN_PERCENT, MOST_MARGIN_PIXELS = 50, 500
BEHIND_JPEG = Colour(255, 255, 255)
"""The background of a JPEG if the request names none."""

_PERCENT = re.compile(r"\d{1,3}(?:\.\d{1,3})?%", re.ASCII)
_HEX_WITH_ALPHA = re.compile(r"#?(?:([0-9a-fA-F]{3})([0-9a-fA-F])|([0-9a-fA-F]{6})([0-9a-fA-F]{2}))", re.ASCII)


_Parsed = TypeVar("_Parsed")


class Parameter(NamedTuple):
    """read: text to value, raises ValueError with what is accepted. code: of the refusal. schema, note: for OpenAPI."""

    read: Callable[[str], Any]
    code: str
    schema: Mapping[str, Any]
    note: str


def _one_of(choices: tuple[str, ...], code: str, note: str, default: str) -> Parameter:
    def read(text: str) -> str:
        if text not in choices:
            raise ValueError("one of " + ", ".join(choices))
        return text

    return Parameter(read, code, {"type": "string", "enum": list(choices), "default": default}, note)


def _flag(code: str, note: str, *, default: bool) -> Parameter:
    return Parameter(
        _parsed(kinds.Switch().from_text, "true or false"), code, {"type": "boolean", "default": default}, note
    )


def _parsed(parse: Callable[[str], _Parsed], form: str) -> Callable[[str], _Parsed]:
    """`parse`, with `form` as the message of its ValueError."""

    def read(text: str) -> _Parsed:
        try:
            return parse(text)
        except ValueError as error:
            raise ValueError(form) from error

    return read


def _margin(text: str) -> Margin:
    margin = Margin.parse(text)
    most = {True: MOST_MARGIN_PERCENT, False: MOST_MARGIN_PIXELS}
    if any(length.value > most[length.percent] for length in margin.lengths):
        raise ValueError(text)
    return margin


def _scale(text: str) -> float | None:
    if text == "original":
        return None
    if not _PERCENT.fullmatch(text) or not 10 <= float(text[:-1]) <= 100:
        raise ValueError('original, or "10%" to "100%"')
    return float(text[:-1])


def _colour(text: str) -> Colour | None:
    """As Options.background; None for a wholly transparent one, which is no background."""
    if match := _HEX_WITH_ALPHA.fullmatch(text):
        colour, alpha = match[1] or match[3], (match[2] or match[4]).lower()
        if set(alpha) == {"0"}:
            return None
        if set(alpha) != {"f"}:
            raise ValueError("opaque: a colour that shows through in part cannot be made here")
        text = colour
    return _COLOUR(text)


def _opacity(text: str) -> int | None:
    if text == "auto":
        return None
    if not re.fullmatch(r"\d{1,3}", text, re.ASCII) or int(text) > 100:
        raise ValueError("auto, or a whole number from 0 to 100")
    return int(text)


def _shadow(text: str) -> str:
    if text in UNDRAWN_SHADOWS:
        raise ValueError(f"none, drop or auto here: a {text} shadow cannot be drawn")
    if text not in SHADOWS:
        raise ValueError("one of " + ", ".join(SHADOWS))
    return SHADOWS[text]


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


_COLOUR = _parsed(Colour.parse, "3, 4, 6 or 8 hex digits with or without #, or a colour name")
_MARGIN_FORM = 'one, two or four lengths, such as "20px" or "5%", at most 500px or 50% each'
_TEXT = {"type": "string"}
PARAMETERS: dict[str, Parameter] = {
    "size": _one_of(tuple(SIZES), "invalid_size", "The most pixels of the result.", "preview"),
    "type": _one_of(TYPES, "invalid_type", "Accepted; the network needs no hint.", "auto"),
    "type_level": _one_of(TYPE_LEVELS, "invalid_type_level", "Accepted; types are not told.", "1"),
    "format": _one_of(tuple(FORMATS), "invalid_format", "auto: PNG, or JPEG where nothing is transparent.", "auto"),
    "roi": Parameter(
        _parsed(Region.parse, 'four lengths "x1 y1 x2 y2", such as "10px 10px 90% 90%"'),
        "invalid_roi",
        _TEXT,
        'Where the subject is: "x1 y1 x2 y2".',
    ),
    "crop": _flag("invalid_crop", "Cut away what lies outside the subject.", default=False),
    "crop_margin": Parameter(
        _parsed(_margin, _MARGIN_FORM), "invalid_crop_margin", _TEXT, 'Room around the subject: "30px", "10% 5%".'
    ),
    "scale": Parameter(_scale, "invalid_scale", _TEXT, 'The subject\'s size: original, or "10%" to "100%".'),
    "position": Parameter(
        _parsed(kinds.PLACE.parse, kinds.PLACE.form), "invalid_position", _TEXT, 'original, center, "50%" or "20% 80%".'
    ),
    "channels": _one_of(("rgba", "alpha"), "invalid_channels", "alpha: the matte alone.", "rgba"),
    "add_shadow": _flag("invalid_shadow_type", "As shadow_type drop.", default=False),
    "shadow_type": Parameter(_shadow, "invalid_shadow_type", _TEXT, "none, drop, or auto, which is drop."),
    "shadow_opacity": Parameter(_opacity, "invalid_shadow_opacity", _TEXT, "auto (50), or 0 to 100."),
    "semitransparency": _flag("invalid_semitransparency", "Accepted; alpha is always a true one.", default=True),
    "bg_color": Parameter(_colour, "invalid_bg_color", _TEXT, "Hex digits or a colour's name."),
}
SOURCES = {
    "image_file": "The picture, as a file.",
    "image_file_b64": "The picture in base64.",
    "image_url": "Where the picture is.",
}
BACKGROUNDS = ("bg_color", "bg_image_url", "bg_image_file")
_PER_TYPE = re.compile(r"shadow_type\[(\w{1,20})\]", re.ASCII)


@dataclass(frozen=True, slots=True)
class ParsedRequest:
    """source, background: (name of the parameter, its text or file); background None where it is not an image.
    options: changes to Options, as its `overridden_by` takes them. shrink_to_fit: whether the result may have fewer
    pixels than the options say, so that it is done in time and fits into the response.
    """

    source: tuple[str, str | bytes]
    background: tuple[str, str | bytes] | None
    options: dict[str, Any]
    shrink_to_fit: bool


def wanted(texts: Mapping[str, str], files: Mapping[str, bytes]) -> ParsedRequest:
    """What a form asks for. Parameters that remove.bg does not know are ignored, as there.

    Raises ApiError with the code that remove.bg's documentation has for it.
    """
    given: dict[str, str | bytes] = {**texts, **files}
    sources = [name for name in SOURCES if name in given]
    if not sources:
        raise ApiError("missing_source", "Give one of image_file, image_file_b64 and image_url.")
    if len(sources) > 1:
        raise ApiError("multiple_sources", f"Give only one of {' and '.join(sources)}.")
    behind = [name for name in BACKGROUNDS if name in given]
    if len(behind) > 1:
        raise ApiError("multiple_bg_sources", f"Give only one of {' and '.join(behind)}.")
    values = {name: _read(name, name, texts[name]) for name in PARAMETERS if name in texts}
    for name in texts:
        if match := _PER_TYPE.fullmatch(name):
            shadow = _read("shadow_type", name, texts[name])
            if match[1] == texts.get("type", "auto"):
                values["shadow_type"] = shadow
    picture = next(((name, given[name]) for name in behind if name != "bg_color"), None)
    options = _options(values, has_picture=picture is not None)
    return ParsedRequest((sources[0], given[sources[0]]), picture, options, values.get("size") == FITTING)


def _read(parameter: str, name: str, text: str) -> Any:
    row = PARAMETERS[parameter]
    try:
        return row.read(text)
    except ValueError as error:
        shown = text if len(text) <= 80 else text[:77] + "..."
        raise ApiError(row.code, f"{name} is {shown!r}, but must be {error}.") from error


def _options(values: Mapping[str, Any], *, has_picture: bool) -> dict[str, Any]:
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
    opaque = has_picture or made["background"] is not None
    if made["shrink_to_megapixels"] == _FULL and (kind == "png" or (kind == "auto" and not opaque)):
        made["shrink_to_megapixels"] = _FULL_PNG
    if made["channels"] == "alpha":
        _check_matte(made, has_picture=has_picture)
    elif kind == "jpeg" and not opaque:
        made["background"] = BEHIND_JPEG
    return made


def _check_matte(made: Mapping[str, Any], *, has_picture: bool) -> None:
    if made["format"] == "zip":
        raise ApiError("invalid_format", "A zip holds colours and alpha; for channels=alpha choose png, jpg or webp.")
    if made["background"] is not None or has_picture:
        raise ApiError("invalid_channels", "channels=alpha has no colours, so it takes no background.")
    if made["shadow"] != "none":
        raise ApiError("invalid_channels", "channels=alpha is the matte alone, so it takes no shadow.")
