"""Cutout, Matte -> Canvas: the cutout as `placement` places it, on transparency, a colour or an image.

Colours are resampled premultiplied, so that transparent black never darkens an edge. Compositing is out = alpha F +
(1 - alpha) B (Porter and Duff 1984, "over"), by default in linear light, as in a camera. With sRGB values, hair
would be too dark on white.
"""

import cv2
import numpy as np

from pipeline import raster
from pipeline.box import Box
from pipeline.compose.placement import Placement, place
from pipeline.compose.shadow import cast_shadow
from pipeline.geometry import Colour
from pipeline.options import Options
from pipeline.raster import Plane
from pipeline.types import Canvas, Cutout, Float32, Matte, Picture, UInt8, check_same_size, to_uint8

STRIP = 256
"""Rows to composite at a time, so that float copies stay small."""
WHITE = (255, 255, 255)


def compose(
    cutout: Cutout, matte: Matte, options: Options, background: Picture | None, *, least: float = 0.0
) -> Canvas:
    """The canvas that `options` describe by crop, margin, scale, position, canvas, channels, background, blend, shadow.

    background: the decoded image of `options.background`, if that is an image. It is centred, fills the canvas, and is
    put on white where it is transparent. least: alpha below this is set to 0 on the canvas.

    With a background the canvas is opaque: its pixels are exactly the cutout's where alpha rounds to 255, and exactly
    the background's where alpha rounds to 0. If nothing is scaled, the cutout's pixels and the matte's alpha do not
    change. A shadow darkens the background; on transparency it is black with the shadow's opacity.
    Raises NoSubject if nothing is visible, and BadOptions if the margin makes the canvas too large.
    """
    check_same_size(cutout.rgba, matte.alpha)
    placement = place(matte.alpha, options)
    cropped = matte.alpha[placement.source.slices]
    resized = raster.resampled(cropped, placement.target.size)
    clipped = cropped if resized is cropped else np.clip(resized, 0, 1)  # bicubic overshoots
    if least:
        clipped = np.where(clipped < least, np.float32(0), clipped)
    alpha = _pasted(clipped, placement)
    if options.channels == "alpha":
        return Canvas(None, alpha, placement.subject)
    rgb = _pasted(_colours(cutout.rgba[placement.source.slices], cropped, resized), placement)
    behind = _behind(options, background, placement.size)
    linear = options.blend == "linear"
    if options.shadow != "none":
        shade = cast_shadow(alpha, options.shadow, options.shadow_opacity)
        if behind is None:
            rgb, alpha = _on_shadow(rgb, alpha, shade)
        else:
            behind = over(np.zeros_like(behind), shade, behind, linear=linear)
    if behind is None:
        return Canvas(rgb, alpha, placement.subject)
    return Canvas(over(rgb, alpha, behind, linear=linear), None, placement.subject)


def over(rgb: UInt8, alpha: Float32, behind: UInt8, *, linear: bool) -> UInt8:
    """`rgb` over `behind`, both uint8 (H, W, 3) sRGB, by alpha, float32 (H, W) of 0..1. Rounded to nearest.

    linear: mix in linear light, by the transfer function of IEC 61966-2-1; if False, mix sRGB values.
    """
    opacity = to_uint8(alpha)
    out = behind.copy()
    cv2.copyTo(rgb, (opacity == 255).view(np.uint8), out)
    for top in range(0, opacity.shape[0], STRIP):
        rows = slice(top, top + STRIP)
        where = np.flatnonzero(opacity[rows] - np.uint8(1) < 254)  # 1 to 254, because 0 - 1 wraps to 255
        a = alpha[rows].reshape(-1)[where, None]
        front, back = (plane[rows].reshape(-1, 3).take(where, axis=0) for plane in (rgb, behind))
        if linear:
            light = a * _LIGHT.take(front) + (1 - a) * _LIGHT.take(back)
            mixed = _CODE.take((light * np.float32(_STEPS) + np.float32(0.5)).astype(np.uint16))
        else:
            mixed = np.rint(a * front + (1 - a) * back).astype(np.uint8)
        out[rows].reshape(-1, 3)[where] = mixed
    return out


def _on_shadow(rgb: UInt8, alpha: Float32, shade: Float32) -> tuple[UInt8, Float32]:
    """Straight colour and alpha of `rgb`, `alpha` over black of opacity `shade`. Mixes sRGB values, as viewers do."""
    combined = alpha + shade * (1 - alpha)
    rgb = rgb.copy()
    opacity = to_uint8(alpha)
    where = np.nonzero((opacity > 0) & (opacity < 255) & (shade > 0))
    share = (alpha[where] / combined[where])[:, None]
    rgb[where] = np.rint(rgb[where] * share)
    return rgb, np.minimum(combined, 1)


def _colours(rgba: UInt8, alpha: Float32, resized: Float32) -> UInt8:
    """The colours of `rgba`, (H, W, 4), at the size of `resized`, the resampled `alpha`; 0 where that rounds to 0."""
    if resized.shape == alpha.shape:
        return raster.opaque(rgba)
    return raster.resampled_colours(rgba, alpha, resized, resized * 255 > 0.5)


def _pasted(plane: Plane, placement: Placement) -> Plane:
    """`plane`, which has the target's size, on an empty canvas and clipped to it."""
    width, height = placement.size
    target = placement.target
    if target == Box(0, 0, width, height):
        return plane
    canvas = np.zeros((height, width, *plane.shape[2:]), plane.dtype)
    kept = target.within(Box(0, 0, width, height))
    canvas[kept.slices] = plane[kept.moved(-target.left, -target.top).slices]
    return canvas


def _behind(options: Options, background: Picture | None, size: tuple[int, int]) -> UInt8 | None:
    """The background at the canvas's size, uint8 (H, W, 3); None if it is transparent."""
    if background is not None:
        return _filling(background, size)
    if isinstance(options.background, Colour):
        return np.full((size[1], size[0], 3), options.background.rgb, np.uint8)
    return None


def _filling(background: Picture, size: tuple[int, int]) -> UInt8:
    """The largest centred part of `background` with the canvas's aspect ratio, at the canvas's size."""
    rgb = background.rgb
    if background.alpha is not None:
        share = raster.unit(background.alpha)
        rgb = over(rgb, share, np.full_like(rgb, WHITE), linear=True)
    height, width = rgb.shape[:2]
    factor = max(size[0] / width, size[1] / height)
    part = min(width, max(1, round(size[0] / factor))), min(height, max(1, round(size[1] / factor)))
    left, top = (width - part[0]) // 2, (height - part[1]) // 2
    return raster.resampled(rgb[top : top + part[1], left : left + part[0]], size)


def _light() -> Float32:
    """The linear light, 0..1, of each of the 256 sRGB values."""
    code = np.arange(256) / 255
    light: Float32 = np.where(code <= 0.04045, code / 12.92, ((code + 0.055) / 1.055) ** 2.4).astype(np.float32)
    return light


def _code() -> UInt8:
    """The nearest sRGB value of each of `_STEPS` + 1 evenly spaced amounts of linear light."""
    light = np.arange(_STEPS + 1) / _STEPS
    code = np.where(light <= 0.0031308, light * 12.92, 1.055 * light ** (1 / 2.4) - 0.055)
    rounded: UInt8 = np.rint(code * 255).astype(np.uint8)
    return rounded


_STEPS = 65535
"""The darkest sRGB values are 20 steps apart, so each one survives the conversion to linear light and back."""
_LIGHT = _light()
_CODE = _code()
