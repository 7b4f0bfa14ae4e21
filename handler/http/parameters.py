"""remove.bg's parameters as a table: how each is read, and how OpenAPI describes it. Pure.

What Hairline cannot do is rejected by name; docs/http-api.md lists it.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, TypeVar

from handler.http.api_errors import ApiError
from pipeline.geometry import Colour, Margin, Region
from pipeline.options import kinds

SIZES = {
    **dict.fromkeys(("preview", "small", "regular"), 0.25),
    "medium": 1.5,
    "hd": 4.0,
    **dict.fromkeys(("full", "4k", "auto"), 25.0),
    "50MP": 50.0,
}
"""The most megapixels of the result, by the parameter `size`."""
TYPES = ("auto", "person", "product", "car", "animal", "graphic", "transportation")
TYPE_LEVELS = ("none", "1", "2", "latest")
FORMATS = {"auto": "auto", "png": "png", "jpg": "jpeg", "webp": "webp", "zip": "zip"}
SHADOWS = {"none": "none", "auto": "drop", "drop": "drop"}
UNDRAWN_SHADOWS = ("car", "3D")

MOST_MARGIN_PERCENT, MOST_MARGIN_PIXELS = 50, 500
_PERCENT = re.compile(r"\d{1,3}(?:\.\d{1,3})?%", re.ASCII)
_HEX_WITH_ALPHA = re.compile(r"#?(?:([0-9a-fA-F]{3})([0-9a-fA-F])|([0-9a-fA-F]{6})([0-9a-fA-F]{2}))", re.ASCII)


_Parsed = TypeVar("_Parsed")


class Parameter(NamedTuple):
    """read: text to value, raises ValueError with what is accepted. code: of the error. schema, note: for OpenAPI."""

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
    # Forms send text, and clients write 1, yes or True in JSON too.
    schema = {"anyOf": [{"type": "boolean"}, {"enum": [0, 1]}, _text(_SWITCH)], "default": default}
    return Parameter(_parsed(kinds.Switch().from_text, "true or false"), code, schema, note)


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
    """As Options.background; None for a wholly transparent one."""
    if match := _HEX_WITH_ALPHA.fullmatch(text):
        colour, alpha = match[1] or match[3], (match[2] or match[4]).lower()
        if set(alpha) == {"0"}:
            return None
        if set(alpha) != {"f"}:
            raise ValueError("opaque, or wholly transparent")
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
        raise ValueError(f"none, drop or auto; {text} is not supported")
    if text not in SHADOWS:
        raise ValueError("one of " + ", ".join(SHADOWS))
    return SHADOWS[text]


_COLOUR = _parsed(Colour.parse, "3, 4, 6 or 8 hex digits with or without #, or a colour name")
_MARGIN_FORM = 'one, two or four lengths, such as "20px" or "5%", at most 500px or 50% each'
_PERCENTAGE = "(?:100|[1-9]?[0-9](?:\\.[0-9]{1,3})?)%"
_SWITCH = "|".join("".join(f"[{letter.upper()}{letter}]" for letter in word) for word in kinds.TRUTH)
_LENGTH = "[0-9]{1,5}(?:\\.[0-9]{1,3})?(?:px|%)?"


def _text(pattern: str) -> Mapping[str, Any]:
    """The schema of a text: rather too wide than too narrow."""
    return {"type": "string", "pattern": f"^(?:{pattern})$"}


def _number_or(most: int, pattern: str) -> Mapping[str, Any]:
    """The schema of a text that clients may also write as a whole number of 0 to `most` in JSON."""
    return {"anyOf": [{"type": "integer", "minimum": 0, "maximum": most}, _text(pattern)]}


PARAMETERS: dict[str, Parameter] = {
    "size": _one_of(tuple(SIZES), "invalid_size", "The most pixels of the result.", "preview"),
    "type": _one_of(TYPES, "invalid_type", "Checked; it has no effect.", "auto"),
    "type_level": _one_of(TYPE_LEVELS, "invalid_type_level", "Checked; it has no effect.", "1"),
    "format": _one_of(tuple(FORMATS), "invalid_format", "auto: PNG, or JPEG if nothing is transparent.", "auto"),
    "roi": Parameter(
        _parsed(Region.parse, 'four lengths "x1 y1 x2 y2", such as "10px 10px 90% 90%"'),
        "invalid_roi",
        _text(f"{_LENGTH}(?: {_LENGTH}){{3}}"),
        'Where the subject is: "x1 y1 x2 y2".',
    ),
    "crop": _flag("invalid_crop", "Crop to the subject.", default=False),
    "crop_margin": Parameter(
        _parsed(_margin, _MARGIN_FORM),
        "invalid_crop_margin",
        _number_or(500, f"{_LENGTH}(?: {_LENGTH}(?: {_LENGTH} {_LENGTH})?)?"),
        'Room around the subject: "30px", "10% 5%".',
    ),
    "scale": Parameter(
        _scale,
        "invalid_scale",
        _text("original|(?:100|[1-9][0-9])%"),
        'The subject\'s size: original, or "10%" to "100%".',
    ),
    "position": Parameter(
        _parsed(kinds.PLACE.parse, kinds.PLACE.form),
        "invalid_position",
        _text(f"original|center|{_PERCENTAGE}(?: {_PERCENTAGE})?"),
        'original, center, "50%" or "20% 80%".',
    ),
    "channels": _one_of(("rgba", "alpha"), "invalid_channels", "alpha: the alpha channel alone.", "rgba"),
    "add_shadow": _flag("invalid_add_shadow", "As shadow_type drop.", default=False),
    "shadow_type": Parameter(
        _shadow,
        "invalid_shadow_type",
        {"type": "string", "enum": list(SHADOWS), "default": "none"},
        "none, drop, or auto, which is drop.",
    ),
    "shadow_opacity": Parameter(
        _opacity, "invalid_shadow_opacity", _number_or(100, "auto|100|[1-9]?[0-9]"), "auto (50), or 0 to 100."
    ),
    "semitransparency": _flag(
        "invalid_semitransparency", "Checked; it has no effect, since alpha is always continuous.", default=True
    ),
    "bg_color": Parameter(
        _colour,
        "invalid_bg_color",
        _text("#?(?:[0-9a-fA-F]{3}){1,2}|#?[0-9a-fA-F]{6}(?:00|[fF]{2})|[a-z]{3,20}"),
        "Hex digits or a colour's name.",
    ),
}
SOURCES = {
    "image_file": "The image, as a file.",
    "image_file_b64": "The image in base64.",
    "image_url": "URL of the image.",
}
BACKGROUNDS = ("bg_color", "bg_image_url", "bg_image_file")


def read(parameter: str, name: str, text: str) -> Any:
    """The value of a parameter. name: as the client wrote it. Raises ApiError."""
    row = PARAMETERS[parameter]
    try:
        return row.read(text)
    except ValueError as error:
        shown = text if len(text) <= 80 else text[:77] + "..."
        raise ApiError(row.code, f"{name} is {shown!r}, but must be {error}.") from error
