"""The sizes of a response's image, as remove.bg's headers give them. Pure."""

import math
from dataclasses import dataclass
from typing import Self

from handler.http.headers import SIZES
from pipeline.box import Box
from pipeline.report import CutReport
from pipeline.shrink import size_within


@dataclass(frozen=True, slots=True)
class Measures:
    """size: (width, height) of the image. full_size: that of the same result at full resolution. subject: the box of
    the subject's visible part in the image, with width and height 0 if nothing is visible.
    """

    size: tuple[int, int]
    full_size: tuple[int, int]
    subject: Box

    @classmethod
    def of_cutout(cls, report: CutReport, megapixels: float | None, *, fixed: bool = False) -> Self:
        """megapixels: the limit at which it was cut. fixed: whether a canvas sets the size at any resolution."""
        output, source = report["output"], (report["source"]["width"], report["source"]["height"])
        size = output["width"], output["height"]
        cut = size_within(source, megapixels)
        full = round(size[0] * source[0] / cut[0]), round(size[1] * source[1] / cut[1])
        return cls(size, size if fixed else full, Box(*(output["subject"] or _NOTHING)))

    @classmethod
    def of_listing(cls, report: CutReport, marketplace: str) -> Self:
        """The measures of a marketplace's listing image, which has only one size."""
        listing = report["listings"][marketplace]
        size = listing["width"], listing["height"]
        return cls(size, size, Box(*(listing["subject"] or _NOTHING)))

    def scaled(self, size: tuple[int, int]) -> Self:
        """The measures of the image at `size`."""
        across, down = size[0] / self.size[0], size[1] / self.size[1]
        left, top = math.floor(self.subject.left * across), math.floor(self.subject.top * down)
        right = math.ceil((self.subject.left + self.subject.width) * across)
        bottom = math.ceil((self.subject.top + self.subject.height) * down)
        return type(self)(size, self.full_size, Box(left, top, right - left, bottom - top))

    def headers(self) -> dict[str, str]:
        """The headers of `handler.http.headers.SIZES`."""
        width, height = self.size
        max_width, max_height = self.full_size
        left, top, across, down = self.subject.described()
        values = (width, height, max_width, max_height, top, left, across, down)
        return dict(zip(SIZES, map(str, values), strict=True))


_NOTHING = (0, 0, 0, 0)
