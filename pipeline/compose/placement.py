"""Where the subject goes: crop, margin, scale, position and canvas as one rectangle to read and one to write.

The *item* is what those options are about. It is the subject's box with its margin when cropping; the subject's box
where scale or a position in percent moves the subject; else the whole picture. The canvas is `options.canvas`, or as
large as the item when cropping, or as large as the picture. The item is enlarged only where scale asks for it; where a
canvas is too small, it shrinks to fit. Aspect ratios are always kept.
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
"""Alpha from which a pixel counts for the subject's box. A residue of 1 or 2 in 255 far from it must not widen it."""


@dataclass(frozen=True, slots=True)
class Placement:
    """source: what to read of the picture, inside of it. target: where it goes on a canvas of `size` (width, height),
    maybe over its edges; equal sizes mean that no pixel changes. subject: its visible box on the canvas.
    """

    size: tuple[int, int]
    source: Box
    target: Box
    subject: Box


def place(alpha: Float32, options: Options) -> Placement:
    """How `alpha`, float32 (H, W) 0..1, and the picture it belongs to go on the canvas.

    Raises NoSubject where nothing is visible, BadOptions where the margin makes a canvas beyond geometry's limits.
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
    source = _seen(canvas, item, placed, factor).within(picture)
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
    """Where the item, times `factor`, lies on a canvas of `size`."""
    width, height = max(1, round(item.width * factor)), max(1, round(item.height * factor))
    room = size[0] - width, size[1] - height  # never negative: factor was chosen so that the item fits
    if isinstance(at, Position):
        return Box(round(room[0] * at.across), round(room[1] * at.down), width, height)
    # "original": the item's middle stays at the same share of the way across, as far as the item fits there.
    left = (item.left + item.right) * size[0] / (2 * picture.width) - width / 2
    top = (item.top + item.bottom) * size[1] / (2 * picture.height) - height / 2
    return Box(min(max(0, round(left)), room[0]), min(max(0, round(top)), room[1]), width, height)


def _mapped(box: Box, item: Box, placed: Box, factor: float) -> Box:
    """A box of the picture on the canvas, edges rounded to whole pixels, at least a pixel wide and high."""
    left, right = (placed.left + round((x - item.left) * factor) for x in (box.left, box.right))
    top, bottom = (placed.top + round((y - item.top) * factor) for y in (box.top, box.bottom))
    # What rounds to nothing at the item's far edge is drawn on its last pixel.
    left, top = min(left, placed.right - 1), min(top, placed.bottom - 1)
    return Box(left, top, max(1, right - left), max(1, bottom - top))


def _seen(canvas: Box, item: Box, placed: Box, factor: float) -> Box:
    """The box of the picture, widened to whole pixels, that the canvas shows: the whole item, though rounded."""
    left = item.left + int(np.floor((canvas.left - placed.left) / factor))
    top = item.top + int(np.floor((canvas.top - placed.top) / factor))
    right = item.left + int(np.ceil((canvas.right - placed.left) / factor))
    bottom = item.top + int(np.ceil((canvas.bottom - placed.top) / factor))
    left, top = min(left, item.left), min(top, item.top)
    return Box(left, top, max(right, item.right) - left, max(bottom, item.bottom) - top)
