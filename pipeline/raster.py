"""Resampling, and other operations on planes that several stages share.

A plane is an array (H, W) or (H, W, 3), uint8 of 0..255 or float32. A size is (width, height), as in OpenCV. OpenCV
keeps a plane's dtype, which its type stubs do not say: hence the casts, all of which are in this module.
"""

from typing import TypeVar, cast

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.box import Box
from pipeline.types import Float32, UInt8

Plane = TypeVar("Plane", Float32, UInt8)


def size_within(shape: tuple[int, ...], side: int) -> tuple[int, int]:
    """The size of an array of `shape`, (H, W, ...), once its longest side is at most `side`; never enlarged."""
    height, width = shape[:2]
    scale = min(1.0, side / max(height, width))
    return max(1, round(width * scale)), max(1, round(height * scale))


def averaged(plane: Plane, size: tuple[int, int]) -> Plane:
    """`plane` at `size`, by averaging areas: for shrinking."""
    return cast("Plane", cv2.resize(plane, size, interpolation=cv2.INTER_AREA))


def bilinear(plane: Plane, size: tuple[int, int]) -> Plane:
    """`plane` at `size`, by bilinear interpolation, which does not overshoot."""
    return cast("Plane", cv2.resize(plane, size, interpolation=cv2.INTER_LINEAR))


def resampled(plane: Plane, size: tuple[int, int]) -> Plane:
    """`plane` at `size`: area averages if neither side grows, else bicubic, which may overshoot.

    Returns `plane` itself if it has that size.
    """
    height, width = plane.shape[:2]
    if (width, height) == size:
        return plane
    if size[0] <= width and size[1] <= height:
        return averaged(plane, size)
    return cast("Plane", cv2.resize(plane, size, interpolation=cv2.INTER_CUBIC))


def shrunk(plane: Plane, side: int) -> Plane:
    """`plane`, shrunk by area averages to a longest side of at most `side` pixels."""
    return averaged(plane, size_within(plane.shape, side))


def resampled_colours(rgb: UInt8, alpha: Float32, resized: Float32, visible: np.ndarray) -> UInt8:
    """The colours uint8 (h, w, 3) of `rgb` at the size of `resized`, weighted by alpha.

    rgb: uint8 (H, W, 3 or more). alpha: float32 (H, W), on any scale. resized: float32 (h, w), alpha after `resampled`.
    visible: bool (h, w); colours are 0 elsewhere.
    The weights keep transparent pixels from bleeding into an edge. Weighted colours and alpha are divided before either
    is clipped, because bicubic overshoots both by the same factor.
    """
    size = resized.shape[1], resized.shape[0]
    weight = np.where(visible, resized, np.float32(np.inf))
    colours = np.empty((*resized.shape, 3), np.uint8)
    for channel in range(3):  # one at a time, because a float copy of the whole image would take the most memory
        weighted = resampled(cast("Float32", rgb[..., channel] * alpha), size)
        colours[..., channel] = np.rint(np.clip(weighted / weight, 0, 255))
    return colours


def extended(rgb: UInt8, visible: np.ndarray) -> UInt8:
    """`rgb`, (H, W, 3), with the colour of the nearest visible pixel wherever `visible`, bool (H, W), is False."""
    if visible.all() or not visible.any():
        return rgb
    hidden = (~visible).astype(np.uint8)
    _, labels = cv2.distanceTransformWithLabels(hidden, cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL)
    nearest = np.zeros(labels.max() + 1, np.intp)
    nearest[labels[visible]] = np.flatnonzero(visible)
    return cast("UInt8", rgb.reshape(-1, 3)[nearest[labels]])


def premultiplied(rgba: UInt8) -> UInt8:
    """The colours of `rgba`, uint8 (H, W, 4), multiplied by its alpha: uint8 (H, W, 3), rounded to nearest."""
    opacity = cv2.merge([np.ascontiguousarray(rgba[..., 3])] * 3)
    return cast("UInt8", cv2.multiply(rgba[..., :3], opacity, scale=1 / 255))


def unit(plane: UInt8) -> Float32:
    """`plane`, uint8 of 0..255, as float32 of 0..1; 0 and 255 become exactly 0 and 1."""
    return cast("Float32", np.divide(plane, 255, dtype=np.float32))


def with_alpha(rgb: UInt8, alpha: UInt8) -> UInt8:
    """uint8 (H, W, 4) of `rgb`, (H, W, 3), and `alpha`, (H, W); colours are 0 where alpha is 0."""
    return joined(cast("UInt8", cv2.bitwise_and(rgb, rgb, mask=alpha)), alpha)


def joined(rgb: UInt8, alpha: UInt8) -> UInt8:
    """uint8 (H, W, 4) of `rgb`, (H, W, 3), and `alpha`, (H, W), both unchanged."""
    rgba = cv2.cvtColor(rgb, cv2.COLOR_RGB2RGBA)
    cv2.insertChannel(alpha, rgba, 3)
    return cast("UInt8", rgba)


def opaque(rgba: UInt8) -> UInt8:
    """A copy of the colours of `rgba`, uint8 (H, W, 4): uint8 (H, W, 3)."""
    return cast("UInt8", cv2.cvtColor(rgba, cv2.COLOR_RGBA2RGB))


def shifted(plane: Float32, right: float, down: float) -> Float32:
    """`plane`, moved by pixels or fractions of them, by bilinear interpolation; 0 comes in at the edges."""
    move = np.array([[1, 0, right], [0, 1, down]], np.float32)
    size = plane.shape[1], plane.shape[0]
    done = cv2.warpAffine(plane, move, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT)
    return cast("Float32", done)


def looked_up(plane: Float32, x: Float32, y: Float32) -> Float32:
    """`plane` at the points (x, y), each float32 (h, w), in its pixels; bilinear, with the edge replicated outside."""
    return cast("Float32", cv2.remap(plane, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE))


def blurred(plane: Float32, across: float, down: float | None = None, *, black_outside: bool = False) -> Float32:
    """`plane`, blurred by a Gaussian with the standard deviations `across` and `down` (default: the same), in pixels.

    Outside, the plane is mirrored, or 0 if `black_outside`.
    """
    border = cv2.BORDER_CONSTANT if black_outside else cv2.BORDER_DEFAULT
    done = cv2.GaussianBlur(plane, (0, 0), sigmaX=across, sigmaY=across if down is None else down, borderType=border)
    return cast("Float32", done)


def summed(plane: Float32, side: int) -> Float32:
    """For each pixel, the sum of `plane` over the square of `side` pixels around it; 0 outside."""
    done = cv2.boxFilter(plane, -1, (side, side), normalize=False, borderType=cv2.BORDER_CONSTANT)
    return cast("Float32", done)


def lab(rgb: Float32) -> Float32:
    """CIELAB (D65; L 0..100) of sRGB colours, both float32 (H, W, 3)."""
    return cast("Float32", cv2.cvtColor(rgb, cv2.COLOR_RGB2LAB))


def brushed(plane: UInt8, points: NDArray[np.float64], radius: float, value: int) -> None:
    """Set the pixels of `plane`, in place, under a round brush that moves along points (n, 2) of x and y.

    radius: in pixels, as the points, which are rounded to a sixteenth.
    """
    fixed = np.rint(points * 16).astype(np.int32).reshape(-1, 1, 2)
    if len(points) == 1:
        fixed = np.repeat(fixed, 2, axis=0)
    cv2.polylines(plane, [fixed], isClosed=False, color=value, thickness=max(1, round(2 * radius)), shift=4)


def bounds(mask: np.ndarray) -> Box | None:
    """The smallest box around the True pixels of a mask, bool (H, W); None if there are none."""
    left, top, width, height = cv2.boundingRect(mask.view(np.uint8))
    return Box(left, top, width, height) if width else None


def grown(mask: np.ndarray, reach: int) -> np.ndarray:
    """The mask, bool (H, W), and all pixels within `reach` of it, along rows, columns and diagonals."""
    kernel = np.ones((2 * reach + 1, 2 * reach + 1), np.uint8)
    return np.asarray(cv2.dilate(mask.astype(np.uint8), kernel) > 0)


def largest(mask: np.ndarray, *, near: int = 0) -> np.ndarray:
    """The largest connected part of a mask, bool (H, W), where pieces within `near` pixels of each other are one."""
    labels = cv2.connectedComponents(grown(mask, near).view(np.uint8), connectivity=8)[1]
    areas = np.bincount(labels[mask], minlength=1)
    return np.asarray(mask & (labels == areas.argmax()))


def checks(shape: tuple[int, int], square: int) -> UInt8:
    """A grey checkerboard, uint8 of `shape`, (H, W), with squares of `square` pixels."""
    y, x = np.indices(shape)
    return np.where((y // square + x // square) % 2, np.uint8(255), np.uint8(190))
