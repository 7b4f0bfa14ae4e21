"""The backdrop as a smooth surface, fitted to the image's border if that is plain."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pipeline.backdrop.masks import Mask, frame
from pipeline.types import Float32

RINGS = (0.04, 0.004)
"""The width of the border to which the surface is fitted, as a share of the longest side: a broad one, which shows the
backdrop's gradient best, or a narrow one if the subject covers too much of that."""
LEAST_RING = 0.3
"""The least share of the border that must be outside the subject, so that enough of the backdrop is visible."""
TYPICAL = 0.75
"""The share of the border's pixels to which the surface is fitted; the rest may be subject or shadow."""
PLAIN, NOISE = 0.85, 7.0
"""A backdrop is plain if this share of the border is close to the surface, with at most this noise, in levels."""
CLEAN = 3.0
"""The noise, in levels, below which a backdrop looks like a clean studio's."""
DARKEST, TINT, TINTED = 0.4, 14.0, 0.25
"""A shadow keeps at least the share DARKEST of the backdrop's light. Its colour may differ from the backdrop's by TINT
levels, or by the share TINTED of the missing light, because the light in a shadow comes from the room.
"""


class Surface(NamedTuple):
    """A fitted backdrop.

    difference: float32 (H, W), between image and surface in the channel that differs most, in levels of 255. shadow:
    bool (H, W), where the image may be the backdrop in shadow. noise: the standard deviation of the border around the
    surface, in levels, at least 1. plain: whether the whole border is plain; if not, the share TYPICAL of it is clean,
    and the rest may be a shadow or the edge of a table.
    """

    difference: Float32
    shadow: Mask
    noise: float
    plain: bool

    @property
    def clear(self) -> float:
        """The difference, in levels, above which a pixel is certainly not backdrop."""
        return max(8 * self.noise, 30.0)

    @property
    def stands_out(self) -> Mask:
        """Where the image is certainly neither the backdrop nor its shadow: bool (H, W)."""
        return np.asarray((self.difference > self.clear) & ~self.shadow)

    @property
    def alike(self) -> float:
        """The difference, in levels, below which a pixel cannot be distinguished from the backdrop."""
        return max(3 * self.noise, 6.0)


def fit(rgb: Float32, subject: Mask) -> Surface | None:
    """The quadratic surface through the border, by least trimmed squares (Rousseeuw 1984).

    None if the border is neither plain nor clean in the share TYPICAL of it.
    rgb: float32 (H, W, 3), 0..255. subject: bool (H, W), where the model sees the subject.
    """
    height, width = subject.shape
    y, x = np.meshgrid(np.linspace(-1, 1, height), np.linspace(-1, 1, width), indexing="ij")
    terms = np.stack([np.ones_like(x), x, y, x * x, x * y, y * y], axis=-1)
    best = None
    for share in RINGS:
        ring = frame(subject.shape, max(2, round(share * max(height, width))))
        used = ring & ~subject
        if used.sum() < LEAST_RING * ring.sum():
            continue
        fitted = _fit(terms[used], rgb[used].astype(np.float64))
        if fitted.plain or (best is None and fitted.noise < CLEAN):
            best = fitted
        if fitted.plain:
            break
    if best is None:
        return None
    colour = (terms @ best.weights).astype(np.float32)
    return Surface(np.abs(rgb - colour).max(axis=-1), _shadow(rgb, colour, best.noise), best.noise, best.plain)


class _Fit(NamedTuple):
    weights: NDArray[np.float64]
    noise: float
    plain: bool


def _fit(points: NDArray[np.float64], colours: NDArray[np.float64]) -> _Fit:
    """The surface through colours (n, 3). points: the terms at their pixels, (n, 6)."""
    residual = np.abs(colours - np.median(colours, axis=0)).max(axis=1)
    for _ in range(7):
        kept = residual <= np.quantile(residual, TYPICAL)
        weights = _least_squares(points[kept], colours[kept])
        residual = np.abs(colours - np.einsum("nt,tc->nc", points, weights)).max(axis=1)
    noise = max(
        1.0, float(np.sqrt(((colours - np.einsum("nt,tc->nc", points, weights))[kept] ** 2).mean(axis=0)).max())
    )
    return _Fit(weights, noise, bool(noise <= NOISE and (residual <= max(4 * noise, 8.0)).mean() >= PLAIN))


def _least_squares(points: NDArray[np.float64], colours: NDArray[np.float64]) -> NDArray[np.float64]:
    """The weights (6, 3), by the normal equations, which are accurate enough because all terms are within -1..1.

    By einsum, because BLAS would start threads for so many points, and waiting for them takes longer than all the rest
    of `examine`.
    """
    normal, target = np.einsum("nt,nu->tu", points, points), np.einsum("nt,nc->tc", points, colours)
    weights: NDArray[np.float64] = np.linalg.lstsq(normal, target, rcond=1e-13)[0]
    return weights


def _shadow(rgb: Float32, colour: Float32, noise: float) -> Mask:
    """Where `rgb` is the backdrop's colour with less light."""
    light, full = rgb.mean(axis=-1), colour.mean(axis=-1)
    share = light / np.maximum(full, 1)
    tint = np.abs(rgb - share[..., None] * colour).max(axis=-1)
    tolerance = np.maximum(max(4 * noise, TINT), TINTED * (full - light))
    return np.asarray((share > DARKEST) & (share < 1.02) & (tint < tolerance))
