"""The largest form of a result that fits into a response."""

import io
import math
import zipfile

import numpy as np
from PIL import Image

from pipeline import encode, raster
from pipeline.types import Canvas, Encoded

MAX_TRIES = 6
AIM, ENOUGH = 0.98, 0.9
"""Shares of `max_bytes`: the size that each try aims at, and the size from which a try is good enough."""
_FORMATS = {"image/png": "png", "image/jpeg": "jpeg", "image/webp": "webp", "application/zip": "zip"}


def shrunk_to_fit(made: Encoded, max_bytes: int, *, quality: int | None, depth: int) -> tuple[Encoded, tuple[int, int]]:
    """The image with fewer pixels, so that its file has at most `max_bytes`, and its (width, height).

    made: PNG, JPEG, WebP or ZIP, larger than that. quality, depth: as in Options. If no try fits, the last one is
    returned. The caller must check its size.
    """
    canvas = _canvas(made)
    scale = too_large = 1.0
    fits, tried, best = 0.0, made, None
    for _ in range(MAX_TRIES):
        scale *= AIM * math.sqrt(max_bytes / len(tried.data))
        if scale >= too_large:
            scale = (fits + too_large) / 2
        size = max(1, int(canvas.size[0] * scale)), max(1, int(canvas.size[1] * scale))
        small = _resized(canvas, size)
        tried = encode.encode(small, format=_FORMATS[made.content_type], quality=quality, depth=depth)
        if len(tried.data) > max_bytes:
            too_large = scale
            continue
        fits, best = scale, (tried, size)
        if len(tried.data) >= ENOUGH * max_bytes:
            break
    return best or (tried, size)


def _canvas(made: Encoded) -> Canvas:
    """The pixels of the file."""
    if made.extension == "zip":
        with zipfile.ZipFile(io.BytesIO(made.data)) as archive:
            rgb, alpha = (np.array(Image.open(io.BytesIO(archive.read(name)))) for name in ("color.jpg", "alpha.png"))
        return Canvas(rgb, raster.unit(alpha))
    pixels = made.to_numpy()
    if pixels.ndim == 2:
        return Canvas(None, (pixels / np.iinfo(pixels.dtype).max).astype(np.float32))
    if pixels.shape[2] == 3:
        return Canvas(pixels, None)
    return Canvas(raster.opaque(pixels), raster.unit(np.ascontiguousarray(pixels[..., 3])))


def _resized(canvas: Canvas, size: tuple[int, int]) -> Canvas:
    """Means over areas, of premultiplied colours where the canvas is transparent."""
    alpha = None if canvas.alpha is None else np.minimum(raster.averaged(canvas.alpha, size), 1)  # floats round
    if canvas.rgb is None or alpha is None or canvas.alpha is None:
        return Canvas(None if canvas.rgb is None else raster.averaged(canvas.rgb, size), alpha)
    return Canvas(raster.resampled_colours(canvas.rgb, canvas.alpha, alpha, alpha * 255 > 0.5), alpha)
