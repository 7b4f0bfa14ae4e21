"""What people write for colours, lengths, positions and sizes, read into numbers; nonsense is read as None."""

import re
from collections.abc import Sequence
from typing import Any, NamedTuple

LARGEST_SIDE = 20_000
"""Of a canvas, in pixels."""
LARGEST_CANVAS = 100_000_000
"""Pixels: 400 MB as RGBA, the most that a function of a few GB can hold beside the picture."""

_LENGTH = re.compile(r"(\d{1,5}(?:\.\d{1,3})?)(px|%)?", re.ASCII)
_PERCENT = re.compile(r"(\d{1,3}(?:\.\d{1,3})?)%", re.ASCII)
_SIZE = re.compile(r"(\d{1,5})x(\d{1,5})", re.ASCII)
_HEX = re.compile(r"#?([0-9a-fA-F]{3}|[0-9a-fA-F]{6})")


class Length(NamedTuple):
    """A length in pixels, or in percent of something that the reader knows."""

    value: float
    percent: bool

    def pixels(self, whole: int) -> int:
        """Rounded to whole pixels; `whole` is what 100 % means."""
        return round(self.value * whole / 100 if self.percent else self.value)


def parse_colour(text: str) -> tuple[int, int, int] | None:
    """A CSS name, "#rgb", "#rrggbb" (the # may be missing) or "rgb(1, 2, 3)" as 0..255 each; opaque colours only."""
    from PIL import ImageColor  # here, since functions that never read a colour must not load Pillow

    if _HEX.fullmatch(text):
        text = "#" + text.lstrip("#")
    try:
        colour = ImageColor.getrgb(text)
    except ValueError:
        return None
    return (colour[0], colour[1], colour[2]) if len(colour) == 3 else None


def parse_margin(text: str) -> tuple[Length, Length, Length, Length] | None:
    """One, two or four lengths, in the order of CSS, as (top, right, bottom, left)."""
    matches = [_LENGTH.fullmatch(word) for word in text.split()]
    lengths = [Length(float(m[1]), m[2] == "%") for m in matches if m]
    if len(lengths) != len(matches) or len(lengths) not in (1, 2, 4):
        return None
    top, right, bottom, left = {1: [0, 0, 0, 0], 2: [0, 1, 0, 1], 4: [0, 1, 2, 3]}[len(lengths)]
    return lengths[top], lengths[right], lengths[bottom], lengths[left]


def parse_roi(text: str) -> tuple[Length, Length, Length, Length] | None:
    """Four lengths, (left, top, right, bottom), of a part of the picture; percents are of its sides."""
    return parse_margin(text) if len(text.split()) == 4 else None


def box_of(roi: tuple[Length, Length, Length, Length], width: int, height: int) -> tuple[int, int, int, int] | None:
    """(left, top, right, bottom) in pixels, cut off at the picture's edges; None where nothing of it is left."""
    sides = (width, height, width, height)
    left, top, right, bottom = (min(length.pixels(whole), whole) for length, whole in zip(roi, sides, strict=True))
    return (left, top, right, bottom) if left < right and top < bottom else None


def parse_position(text: str) -> tuple[float, float] | str | None:
    """ "original" as it is; "center", "x%" and "x% y%" as fractions (0..1) of the free room left of and above."""
    if text == "original":
        return text
    if text == "center":
        return 0.5, 0.5
    matches = [_PERCENT.fullmatch(word) for word in text.split()]
    shares = [float(m[1]) / 100 for m in matches if m]
    if len(shares) != len(matches) or len(shares) not in (1, 2) or max(shares) > 1:
        return None
    return shares[0], shares[-1]


def parse_canvas(value: Any) -> tuple[int, int] | None:
    """ "WxH" or two whole numbers as (width, height)."""
    if isinstance(value, str):
        match = _SIZE.fullmatch(value)
        value = (int(match[1]), int(match[2])) if match else None
    if not isinstance(value, Sequence) or len(value) != 2 or not all(type(side) is int for side in value):
        return None
    width, height = value
    fits = min(value) >= 1 and max(value) <= LARGEST_SIDE and width * height <= LARGEST_CANVAS
    return (width, height) if fits else None
