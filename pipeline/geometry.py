"""Colours, lengths, regions, positions and sizes: small frozen types, parsed from text such as "5%" or "#fff".

Every `parse` raises ValueError for other text. `str()` gives the canonical text, which parses to an equal value if the
value has at most three decimals.
"""

import re
from dataclasses import dataclass
from typing import Self

from pipeline.box import Box

LARGEST_SIDE = 20_000
"""The longest side of a canvas, in pixels."""
LARGEST_CANVAS = 100_000_000
"""The most pixels of a canvas: 400 MB as RGBA, all that fits beside the image in a function with a few GB."""

_LENGTH = re.compile(r"(\d{1,5}(?:\.\d{1,3})?)(px|%)?", re.ASCII)
_PERCENT = re.compile(r"(\d{1,3}(?:\.\d{1,3})?)%", re.ASCII)
_SIZE = re.compile(r"(\d{1,5})x(\d{1,5})", re.ASCII)
_HEX = re.compile(r"#?([0-9a-fA-F]{3}|[0-9a-fA-F]{6})")


@dataclass(frozen=True, slots=True)
class Length:
    """A length of at least 0 and less than 100,000, in pixels or in percent of a side."""

    value: float
    percent: bool

    def __post_init__(self) -> None:
        if not 0 <= self.value < 100_000:
            raise ValueError(self.value)

    @classmethod
    def parse(cls, text: str) -> Self:
        """ "20px", "5%", or "20", which means pixels; at most three decimals."""
        if match := _LENGTH.fullmatch(text):
            return cls(float(match[1]), match[2] == "%")
        raise ValueError(text)

    def __str__(self) -> str:
        return f"{_decimal(self.value)}{'%' if self.percent else 'px'}"

    def pixels(self, whole: int) -> int:
        """The length in pixels, rounded to a whole number. whole: the pixels that are 100 %."""
        return round(self.value * whole / 100 if self.percent else self.value)


@dataclass(frozen=True, slots=True)
class Colour:
    """An opaque sRGB colour; each channel is 0 to 255."""

    red: int
    green: int
    blue: int

    def __post_init__(self) -> None:
        if not all(0 <= channel <= 255 for channel in self.rgb):
            raise ValueError(self.rgb)

    @classmethod
    def parse(cls, text: str) -> Self:
        """A CSS name, "#rgb", "#rrggbb" (the # is optional) or "rgb(1, 2, 3)"; opaque colours only."""
        from PIL import ImageColor  # here, because functions that never read a colour must not load Pillow

        colour = ImageColor.getrgb("#" + text.lstrip("#") if _HEX.fullmatch(text) else text)
        if len(colour) != 3:
            raise ValueError(text)
        return cls(*colour)

    def __str__(self) -> str:
        return f"#{self.red:02x}{self.green:02x}{self.blue:02x}"

    @property
    def rgb(self) -> tuple[int, int, int]:
        """(red, green, blue)."""
        return self.red, self.green, self.blue


@dataclass(frozen=True, slots=True)
class Margin:
    """Space on each side of a box; percents are of the box's height (top, bottom) or width (right, left)."""

    top: Length
    right: Length
    bottom: Length
    left: Length

    @classmethod
    def parse(cls, text: str) -> Self:
        """One, two (top and bottom, right and left) or four lengths (top, right, bottom, left), as in CSS."""
        lengths = [Length.parse(word) for word in text.split()]
        order = {1: (0, 0, 0, 0), 2: (0, 1, 0, 1), 4: (0, 1, 2, 3)}.get(len(lengths))
        if order is None:
            raise ValueError(text)
        return cls(*(lengths[index] for index in order))

    @property
    def lengths(self) -> tuple[Length, Length, Length, Length]:
        """(top, right, bottom, left)."""
        return self.top, self.right, self.bottom, self.left

    def __str__(self) -> str:
        lengths = self.lengths
        shortest = next(count for count in (1, 2, 4) if lengths == lengths[:count] * (4 // count))
        return " ".join(map(str, lengths[:shortest]))


@dataclass(frozen=True, slots=True)
class Region:
    """A part of an image; percents are of the image's width (left, right) or height (top, bottom)."""

    left: Length
    top: Length
    right: Length
    bottom: Length

    @classmethod
    def parse(cls, text: str) -> Self:
        """Four lengths: left, top, right, bottom."""
        lengths = [Length.parse(word) for word in text.split()]
        if len(lengths) != 4:
            raise ValueError(text)
        return cls(*lengths)

    @property
    def lengths(self) -> tuple[Length, Length, Length, Length]:
        """(left, top, right, bottom)."""
        return self.left, self.top, self.right, self.bottom

    def __str__(self) -> str:
        return " ".join(map(str, self.lengths))

    def box(self, width: int, height: int) -> Box | None:
        """The region in pixels, clipped to an image of `width` x `height`; None if it contains no pixel of it."""
        sides = (width, height, width, height)
        left, top, right, bottom = (
            min(length.pixels(whole), whole) for length, whole in zip(self.lengths, sides, strict=True)
        )
        return Box.between(left, top, right, bottom) if left < right and top < bottom else None


@dataclass(frozen=True, slots=True)
class Position:
    """A position in a larger frame: the fractions, 0 to 1, of the free space that are left of it and above it."""

    across: float
    down: float

    def __post_init__(self) -> None:
        if not (0 <= self.across <= 1 and 0 <= self.down <= 1):
            raise ValueError(self)

    @classmethod
    def parse(cls, text: str) -> Self:
        """ "center", "x%" (for both directions) or "x% y%"."""
        matches = [_PERCENT.fullmatch(word) for word in ("50%" if text == "center" else text).split()]
        fractions = [float(match[1]) / 100 for match in matches if match]
        if len(fractions) != len(matches) or len(fractions) not in (1, 2):
            raise ValueError(text)
        return cls(fractions[0], fractions[-1])

    def __str__(self) -> str:
        return f"{_decimal(100 * self.across)}% {_decimal(100 * self.down)}%"


@dataclass(frozen=True, slots=True)
class Size:
    """Width and height in pixels: each 1 to LARGEST_SIDE, and at most LARGEST_CANVAS pixels in all."""

    width: int
    height: int

    def __post_init__(self) -> None:
        if not self.fits(self.width, self.height):
            raise ValueError(self)

    @staticmethod
    def fits(width: int, height: int) -> bool:
        """Whether a canvas of `width` x `height` pixels is allowed."""
        return min(width, height) >= 1 and max(width, height) <= LARGEST_SIDE and width * height <= LARGEST_CANVAS

    @classmethod
    def parse(cls, text: str) -> Self:
        """ "WIDTHxHEIGHT"."""
        if match := _SIZE.fullmatch(text):
            return cls(int(match[1]), int(match[2]))
        raise ValueError(text)

    def __str__(self) -> str:
        return f"{self.width}x{self.height}"


def _decimal(number: float) -> str:
    return f"{number:.3f}".rstrip("0").rstrip(".")
