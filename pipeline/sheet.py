"""Picture, ProbabilityMap, Trimap, Matte, Cutout, Quality -> Canvas: a contact sheet, to check a cutout by eye.

It shows the source, the probability, the trimap, alpha, the cutout on black, on white and on a checkerboard, and the
confidence with its reasons.
"""

import math
import textwrap
from collections.abc import Iterator

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from pipeline import raster
from pipeline.compose import over
from pipeline.quality import Quality
from pipeline.types import Canvas, Cutout, Matte, Picture, ProbabilityMap, Trimap, UInt8, to_uint8

PANEL = 480
"""The longest side of a panel, in pixels. A smaller image is not enlarged."""
NARROWEST = 240
"""The least width and height of a cell, in pixels, to leave room for text."""
COLUMNS = 4
GAP = 12
"""Pixels between cells and around them."""
CAPTION = 22
"""Pixels above each panel, for its name."""
SQUARE = 12
"""The checkerboard's squares, in pixels."""
PAPER, INK = (245, 245, 245), (20, 20, 20)
_SPACING = 4
"""Pixels between lines of text."""


def draw(
    picture: Picture, probability: ProbabilityMap, trimap: Trimap, matte: Matte, cutout: Cutout, quality: Quality
) -> Canvas:
    """An opaque contact sheet of eight cells in two rows, at most 1,980 pixels wide; taller if the reasons need it.

    All arrays have the same height and width. The cutout is composited in linear light, as `compose` does by default.
    """
    panels = list(_panels(picture, probability, trimap, matte, cutout))
    height, width = panels[0][1].shape[:2]
    cell = max(width, NARROWEST), max(height, NARROWEST) + CAPTION
    corners = [
        (GAP + column * (cell[0] + GAP), GAP + row * (cell[1] + GAP)) for row in range(2) for column in range(COLUMNS)
    ]
    words = _words(quality, cell[0])
    sheet_width = COLUMNS * (cell[0] + GAP) + GAP
    sheet_height = max(corners[-1][1] + cell[1], _bottom(corners[-1], words)) + GAP
    sheet = Image.new("RGB", (sheet_width, sheet_height), PAPER)
    pen = ImageDraw.Draw(sheet)
    for (name, panel), (left, top) in zip(panels, corners, strict=False):
        pen.text((left, top), name, INK, _font(15))
        sheet.paste(Image.fromarray(panel), (left, top + CAPTION))
    pen.multiline_text(corners[-1], words, INK, _font(13), spacing=_SPACING)
    return Canvas(np.array(sheet), None)


def _panels(
    picture: Picture, probability: ProbabilityMap, trimap: Trimap, matte: Matte, cutout: Cutout
) -> Iterator[tuple[str, UInt8]]:
    yield "source", _reduced(picture.rgb)
    for name, grey in (
        ("probability", to_uint8(probability.values)),
        ("trimap", trimap.values),
        ("alpha", to_uint8(matte.alpha)),
    ):
        yield name, np.repeat(_reduced(grey)[..., None], 3, axis=2)
    # Reduced premultiplied, so that colours count by their alpha.
    alpha = np.ascontiguousarray(cutout.rgba[..., 3])
    premultiplied = _reduced(raster.premultiplied(cutout.rgba))
    opacity = raster.unit(_reduced(alpha)[..., None])
    rgb = np.rint(np.clip(premultiplied / np.maximum(opacity, np.float32(1 / 255)), 0, 255)).astype(np.uint8)
    for name, behind in _grounds(rgb.shape[:2]):
        yield f"on {name}", over(rgb, opacity[..., 0], behind, linear=True)


def _grounds(size: tuple[int, int]) -> Iterator[tuple[str, UInt8]]:
    for name, grey in (
        ("black", np.zeros(size, np.uint8)),
        ("white", np.full(size, 255, np.uint8)),
        ("checks", raster.checks(size, SQUARE)),
    ):
        yield name, np.repeat(grey[..., None], 3, axis=2)


def _reduced(plane: UInt8) -> UInt8:
    """`plane`, (H, W) or (H, W, 3), with a longest side of at most PANEL; means over areas."""
    return raster.shrunk(plane, PANEL)


def _font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size)


def _bottom(corner: tuple[int, int], text: str) -> int:
    """The row below `text`, whose top left corner is at (x, y)."""
    pen = ImageDraw.Draw(Image.new("RGB", (1, 1)))
    return math.ceil(pen.multiline_textbbox(corner, text, _font(13), spacing=_SPACING)[3])


def _words(quality: Quality, width: int) -> str:
    lines = [f"confidence {quality.confidence:.2f}", "needs review" if quality.needs_review else "no review needed"]
    for reason in quality.reasons:
        lines += ["", *textwrap.wrap(f"{reason.code} {reason.value:g}: {reason.advice}", width // 7)]
    return "\n".join(lines)
