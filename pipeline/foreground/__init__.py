"""Picture, Matte -> Cutout: the subject's own colour where the background shines through it.

A fractional pixel (alpha between 0 and 1) shows I = alpha F + (1 - alpha) B. With I as its colour, the cutout would
show the old background as a halo. So F is estimated, by the multi-level method of `kernels`. Only fractional pixels
need that, and F hardly depends on distant pixels. So the picture is divided into tiles, and only tiles with fractional
pixels are solved: time and memory grow with the outline, not with the area.
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
"""A tile's side, and the margin that is read around its fractional pixels. The method starts from the mean of the sure
colours in its window, and near ones are a better guess than those of the whole picture. So small tiles also give better
colours."""
ENOUGH = 32
"""The sure pixels of either kind (alpha above 0.9 or below 0.1, the method's own bounds) that a tile's window must
hold. With fewer, as at the tips of long hair, their mean says little, and the colours of the overview are used
instead."""
OVERVIEW = 512
"""The longest side, in pixels, of the overview: the whole picture, reduced."""


def unmix(picture: Picture, matte: Matte) -> Cutout:
    """The subject of `picture` with its own colours; same height and width.

    Let a = `to_uint8(matte.alpha)`. Where a is 255, the source's pixel does not change; where it is 0, RGB is 0; and in
    between, RGB is the estimated foreground colour. Time and memory, apart from the result's own, grow with the number
    of tiles that hold fractional pixels.
    """
    check_same_size(picture.rgb, matte.alpha)
    alpha = to_uint8(matte.alpha)
    rgba = raster.with_alpha(picture.rgb, alpha)
    _fill(rgba, picture.rgb, alpha)
    return Cutout(rgba)


def faded(cutout: Cutout, matte: Matte) -> Cutout:
    """The colours of `cutout` with the alpha of `matte`, which must not exceed the cutout's own anywhere."""
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
    """For each tile with fractional pixels: their box, the window around it, and the mask of them in the box."""
    whole = Box.whole(alpha.shape)
    for top in range(0, whole.height, TILE):
        for left in range(0, whole.width, TILE):
            tile = alpha[top : top + TILE, left : left + TILE]
            mask = (tile > 0) & (tile < 255)
            if (part := raster.bounds(mask)) is not None:
                core = part.moved(left, top)
                yield core, core.widened(CONTEXT).within(whole), mask[part.slices]


def _unit(values: UInt8) -> Float32:
    # A multiplication, unlike in raster.unit: the last bits differ, and the results were measured with these.
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
    """The foreground and background colours of the reduced picture, in which means mix as their pixels do."""
    return _estimate(_unit(raster.shrunk(rgb, OVERVIEW)), _unit(raster.shrunk(alpha, OVERVIEW)))


def _carried_up(
    rgb: Float32, alpha: Float32, overview: tuple[Float32, Float32], window: Box, size: tuple[int, int]
) -> Float32:
    """The overview's F in `window`, float32 (h, w, 3), after the least change of F and B that mixes them to I."""
    front, back = (_magnified(colours, window, size) for colours in overview)
    a = alpha[..., None]
    missing = rgb - a * front - (1 - a) * back
    # The least change of (F, B) that adds what is missing is along (alpha, 1 - alpha).
    colours: Float32 = np.clip(front + missing * (a / (a * a + (1 - a) ** 2)), 0, 1)
    return colours


def _magnified(colours: Float32, window: Box, size: tuple[int, int]) -> Float32:
    """The part of `colours` that is in `window` of a picture of `size`, at that picture's resolution, bilinear."""
    centres = [
        (np.arange(span.start, span.stop, dtype=np.float32) + np.float32(0.5)) * (small / whole) - np.float32(0.5)
        for span, small, whole in zip(window.slices, colours.shape, size, strict=False)
    ]
    y, x = np.meshgrid(centres[0].astype(np.float32), centres[1].astype(np.float32), indexing="ij")
    return raster.looked_up(colours, x, y)
