"""Where the subject goes: crop, margin, scale, position and canvas become one box to read and one box to write.

The *item* is the part of the picture that these options place:

- with crop, the subject's box and its margin;
- without crop, but with scale or a position in percent, the subject's box;
- else the whole picture.

The canvas has the size of `options.canvas`; without that option, the size of the item if there is a crop, else that of
the picture. Only scale enlarges the item. If the canvas is too small for it, it is shrunk. Aspect ratios do not change.
"""

from dataclasses import dataclass

import numpy as np

from pipeline.box import Box
from pipeline.errors import BadOptions, NoSubject
from pipeline.geometry import LARGEST_CANVAS, LARGEST_SIDE, Position, Size
from pipeline.options import Options, Place
from pipeline.raster import bounds
from pipeline.types import Float32

CENTRE = Position(0.5, 0.5)
VISIBLE = 8 / 255
"""The least alpha of the subject's box, so that distant specks of 1 or 2 in 255 do not widen it."""


@dataclass(frozen=True, slots=True)
class Placement:
    """size: of the canvas, (width, height). source: the box to read, within the picture. target: the box to write,
    which may extend beyond the canvas. If source and target have the same size, no pixel changes. subject: the box of
    the subject's visible part on the canvas.
    """

    size: tuple[int, int]
    source: Box
    target: Box
    subject: Box


def place(alpha: Float32, options: Options) -> Placement:
    """The placement of a picture with this alpha, float32 (H, W), 0..1.

    Raises NoSubject if nothing is visible, and BadOptions if the margin makes the canvas larger than `Size` allows.
    """
    picture = Box(0, 0, alpha.shape[1], alpha.shape[0])
    subject = _subject(alpha)
    at = options.position or ("original" if options.scale is None and options.canvas is None else CENTRE)
    if options.crop:
        item = _with_margin(subject, picture, options)
    elif options.scale is not None or isinstance(options.position, Position):
        item = subject
    else:
        item = picture
    frame = options.canvas or (item if options.crop else picture)
    width, height = frame.width, frame.height
    fit = min(width / item.width, height / item.height)
    factor = min(1.0, fit) if options.scale is None else fit * options.scale / 100
    placed = _positioned(item, picture, (width, height), factor, at)
    canvas = Box(0, 0, width, height)
    source = _shown(canvas, item, placed, factor).within(picture)
    source = source.within(item) if options.crop else source
    target = _mapped(source, item, placed, factor)
    return Placement((width, height), source, target, _mapped(subject, item, placed, factor).within(canvas))


def _subject(alpha: Float32) -> Box:
    subject = bounds(alpha >= VISIBLE)
    if subject is None:
        raise NoSubject(
            "Nothing of this image is visible: its cutout is transparent everywhere. Use a photo with one clear "
            "subject."
        )
    return subject


def _with_margin(subject: Box, picture: Box, options: Options) -> Box:
    sides = (subject.height, subject.width, subject.height, subject.width)
    top, right, bottom, left = (length.pixels(side) for length, side in zip(options.margin.lengths, sides, strict=True))
    width, height = left + subject.width + right, top + subject.height + bottom
    grown = width > picture.width or height > picture.height
    if options.canvas is None and grown and not Size.fits(width, height):
        raise BadOptions(
            f"margin {options.margin} makes the result {width} x {height} pixels, which is too large. The most is "
            f"{LARGEST_SIDE:,} a side and {LARGEST_CANVAS:,} in all. Choose a smaller margin."
        )
    return Box(subject.left - left, subject.top - top, width, height)


def _positioned(item: Box, picture: Box, size: tuple[int, int], factor: float, at: Place) -> Box:
    """The box of the item, scaled by `factor`, on a canvas of `size`."""
    width, height = max(1, round(item.width * factor)), max(1, round(item.height * factor))
    room = size[0] - width, size[1] - height  # never negative, because `factor` makes the item fit
    if isinstance(at, Position):
        return Box(round(room[0] * at.across), round(room[1] * at.down), width, height)
    # "original": the item's centre stays at the same fraction of width and height, unless the item would leave the
    # canvas.
    left = (item.left + item.right) * size[0] / (2 * picture.width) - width / 2
    top = (item.top + item.bottom) * size[1] / (2 * picture.height) - height / 2
    return Box(min(max(0, round(left)), room[0]), min(max(0, round(top)), room[1]), width, height)


def _mapped(box: Box, item: Box, placed: Box, factor: float) -> Box:
    """A box of the picture, mapped to the canvas: rounded to whole pixels, and at least one pixel wide and high."""
    left, right = (placed.left + round((x - item.left) * factor) for x in (box.left, box.right))
    top, bottom = (placed.top + round((y - item.top) * factor) for y in (box.top, box.bottom))
    # A box that would be empty at the item's right or bottom edge becomes the item's last pixel.
    left, top = min(left, placed.right - 1), min(top, placed.bottom - 1)
    return Box(left, top, max(1, right - left), max(1, bottom - top))


def _shown(canvas: Box, item: Box, placed: Box, factor: float) -> Box:
    """The part of the picture that the canvas shows, widened to whole pixels; it contains the whole item."""
    left = item.left + int(np.floor((canvas.left - placed.left) / factor))
    top = item.top + int(np.floor((canvas.top - placed.top) / factor))
    right = item.left + int(np.ceil((canvas.right - placed.left) / factor))
    bottom = item.top + int(np.ceil((canvas.bottom - placed.top) / factor))
    left, top = min(left, item.left), min(top, item.top)
    return Box(left, top, max(right, item.right) - left, max(bottom, item.bottom) - top)
