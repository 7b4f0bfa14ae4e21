"""A rectangle of whole pixels, in the one layout that all stages use."""

from dataclasses import dataclass
from typing import Self


@dataclass(frozen=True, slots=True)
class Box:
    """The pixels left <= x < left + width, top <= y < top + height. It may extend beyond its image."""

    left: int
    top: int
    width: int
    height: int

    @classmethod
    def between(cls, left: int, top: int, right: int, bottom: int) -> Self:
        """The box between its edges; `right` and `bottom` are one past the last pixel."""
        return cls(left, top, right - left, bottom - top)

    @classmethod
    def whole(cls, shape: tuple[int, ...]) -> Self:
        """The box of all pixels of an array of `shape`, (H, W, ...)."""
        return cls(0, 0, shape[1], shape[0])

    @property
    def right(self) -> int:
        """One past the last column."""
        return self.left + self.width

    @property
    def bottom(self) -> int:
        """One past the last row."""
        return self.top + self.height

    @property
    def size(self) -> tuple[int, int]:
        """(width, height)."""
        return self.width, self.height

    @property
    def slices(self) -> tuple[slice, slice]:
        """The index of the box into an array (H, W, ...), which must contain it."""
        return slice(self.top, self.bottom), slice(self.left, self.right)

    def within(self, other: Self) -> Self:
        """The intersection of both; its width or height is 0 if they do not overlap."""
        left, top = max(self.left, other.left), max(self.top, other.top)
        right, bottom = min(self.right, other.right), min(self.bottom, other.bottom)
        return type(self)(left, top, max(0, right - left), max(0, bottom - top))

    def widened(self, room: int) -> Self:
        """The box with `room` more pixels on each side."""
        return type(self)(self.left - room, self.top - room, self.width + 2 * room, self.height + 2 * room)

    def moved(self, right: int, down: int) -> Self:
        """The box moved to the right and down by these pixels; negative numbers move it left and up."""
        return type(self)(self.left + right, self.top + down, self.width, self.height)

    def scaled(self, factor: float) -> Self:
        """The box in an image scaled by `factor`, edges rounded to whole pixels, at least a pixel wide and high."""
        left, top, right, bottom = (round(edge * factor) for edge in (self.left, self.top, self.right, self.bottom))
        return type(self)(left, top, max(1, right - left), max(1, bottom - top))

    def resized(self, shape: tuple[int, ...], size: tuple[int, int]) -> Self:
        """The box of an array of `shape`, (H, W, ...), in an image of `size`, (width, height); edges rounded."""
        across, down = size[0] / shape[1], size[1] / shape[0]
        left, right = round(self.left * across), round(self.right * across)
        return type(self).between(left, round(self.top * down), right, round(self.bottom * down))

    def described(self) -> list[int]:
        """[left, top, width, height], as reports give it."""
        return [self.left, self.top, self.width, self.height]
