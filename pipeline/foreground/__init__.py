"""Picture, Matte -> Cutout: what colour the subject itself has where the background shines through it.

A fractional pixel shows I = alpha F + (1 - alpha) B. Keeping I as the cutout's colour drags the old background along,
as a halo; so F is estimated, by the multi-level method of `kernels`. Only fractional pixels need it, and F hardly
depends on what is far away. So the picture is taken in tiles, and only those that hold fractional pixels are solved:
cost and memory follow the outline, not the area.
"""

from collections.abc import Iterator

import cv2
import numpy as np

from pipeline import raster
from pipeline.box import Box
from pipeline.foreground.kernels import estimate
from pipeline.types import Cutout, Float32, Matte, Picture, UInt8, check_same_size, to_uint8

TILE = 128
CONTEXT = 16
"""A tile's side, and what is read around the fractional pixels in it. The method starts from the mean of the sure
colours that it sees; near ones are a better guess than the whole picture's, so small tiles are also the better ones."""
ENOUGH = 32
"""Sure pixels (alpha above 0.9, below 0.1: the method's own bounds) that a tile must see of either kind. With fewer its
mean colours mean nothing, as at the tips of long hair, and it is solved by the colours of the overview instead."""
OVERVIEW = 512
"""Longest side, in pixels, of the reduced picture that those tiles look at."""


def unmix(picture: Picture, matte: Matte) -> Cutout:
    """The subject of `picture` with its own colours; same height and width.

    Let a = `to_uint8(matte.alpha)`. Where a is 255 the source's pixel is kept to the bit, where it is 0 RGB is 0, and
    between the two RGB is the estimated foreground colour. Time and memory beyond the result grow with the number of
    tiles that hold fractional pixels.
    """
    check_same_size(picture.rgb, matte.alpha)
    alpha = to_uint8(matte.alpha)
    rgba = raster.with_alpha(picture.rgb, alpha)
    _fill(rgba, picture.rgb, alpha)
    return Cutout(rgba)


def faded(cutout: Cutout, matte: Matte) -> Cutout:
    """The colours of `cutout` with the alpha of `matte`, which is nowhere above the cutout's own."""
    check_same_size(cutout.rgba, matte.alpha)
    return Cutout(raster.with_alpha(raster.opaque(cutout.rgba), to_uint8(matte.alpha)))


def _fill(rgba: UInt8, source: UInt8, alpha: UInt8) -> None:
    """Write the foreground colours into the fractional pixels of `rgba`."""
    overview: tuple[Float32, Float32] | None = None
    for core, window, fractional in _tiles(alpha):
        rgb, share = _unit(source[window.slices]), _unit(alpha[window.slices])
        if (share > 0.9).sum() >= ENOUGH and (share < 0.1).sum() >= ENOUGH:
            colours, _ = _estimate(rgb, share)
        else:
            overview = overview or _overview(source, alpha)
            colours = _carried_up(rgb, share, overview, window, alpha.shape)
        inside = core.moved(-window.left, -window.top)
        rgba[core.slices][..., :3][fractional] = np.rint(colours[inside.slices][fractional] * 255)


def _tiles(alpha: UInt8) -> Iterator[tuple[Box, Box, np.ndarray]]:
    """The boxes of fractional pixels, one at most in each tile; each with its window of context and its own mask."""
    whole = Box.whole(alpha.shape)
    for top in range(0, whole.height, TILE):
        for left in range(0, whole.width, TILE):
            tile = alpha[top : top + TILE, left : left + TILE]
            mask = (tile > 0) & (tile < 255)
            if (part := raster.bounds(mask)) is not None:
                core = part.moved(left, top)
                yield core, core.widened(CONTEXT).within(whole), mask[part.slices]


def _unit(values: UInt8) -> Float32:
    # Multiplied, unlike raster.unit: the last bits differ, and results were measured with these.
    return values * np.float32(1 / 255)


def _estimate(rgb: Float32, alpha: Float32) -> tuple[Float32, Float32]:
    """Foreground and background colours, each float32 (h, w, 3) of 0..1."""
    height, width = alpha.shape
    if height == width == 1:  # the method divides by log2 of the longest side
        rgb, alpha = np.repeat(rgb, 2, axis=0), np.repeat(alpha, 2, axis=0)
    known = ((alpha == 0) | (alpha == 1)).view(np.uint8)
    distance = cv2.distanceTransform(known, cv2.DIST_C, 3).astype(np.float32, copy=False)
    front, back = np.empty_like(rgb), np.empty_like(rgb)
    estimate(rgb, alpha, distance, front, back)
    return front[:height], back[:height]


def _overview(rgb: UInt8, alpha: UInt8) -> tuple[Float32, Float32]:
    """Foreground and background colours of the whole picture, made small; means over areas mix as their pixels do."""
    return _estimate(_unit(raster.shrunk(rgb, OVERVIEW)), _unit(raster.shrunk(alpha, OVERVIEW)))


def _carried_up(
    rgb: Float32, alpha: Float32, overview: tuple[Float32, Float32], window: Box, size: tuple[int, int]
) -> Float32:
    """The overview's F and B at `window`, moved no more than it takes to mix to what the pixels show."""
    front, back = (_magnified(colours, window, size) for colours in overview)
    a = alpha[..., None]
    missing = rgb - a * front - (1 - a) * back
    # The least change of (F, B) that makes up for it goes along (alpha, 1 - alpha).
    colours: Float32 = np.clip(front + missing * (a / (a * a + (1 - a) ** 2)), 0, 1)
    return colours


def _magnified(colours: Float32, window: Box, size: tuple[int, int]) -> Float32:
    """The part of `colours` that lies at `window` of a picture of `size`, at that picture's resolution, bilinear."""
    centres = [
        (np.arange(span.start, span.stop, dtype=np.float32) + np.float32(0.5)) * (small / whole) - np.float32(0.5)
        for span, small, whole in zip(window.slices, colours.shape, size, strict=False)
    ]
    y, x = np.meshgrid(centres[0].astype(np.float32), centres[1].astype(np.float32), indexing="ij")
    return raster.looked_up(colours, x, y)
