"""Carry alpha one octave up by the local linear model alpha = a . I + b, not by alpha itself.

Where a window's colours lie on a line, closed-form matting makes alpha a linear function of colour (Levin et al. 2008,
equation 2). That function holds for the finer picture too, and so brings hair back that the coarse one has blurred.
As He and Sun's "Fast Guided Filter" (arXiv:1505.00996) has it, with the coarse alpha for the filter's input.
"""

from concurrent.futures import Executor

import cv2
import numpy as np

from pipeline.matting.laplacian import Float
from pipeline.matting.pyramid import Level

EPSILON = 1e-6
"""Keeps `a` small where a window has one colour; in squared units of 0..1 colour."""
_TILE = 96
"""Side of a coarse tile: its planes stay in the cache."""
_HALO = 3
"""How far a fine pixel's alpha sees on the coarse level: the window, the mean over windows, the interpolation."""


def carry_up(coarse: Level, alpha: Float, fine: Level, pool: Executor) -> Float:
    """The alpha of `fine`, float32 (H, W), from the (H / 2, W / 2) of `coarse`; 0 or 1 where `fine` is known.

    Only tiles with unknown pixels cost time, 20 to 40 ns a pixel.
    """
    carried = fine.foreground.astype(np.float32)

    def fill(corner: tuple[int, int]) -> None:
        top, left = corner
        target = np.s_[2 * top : 2 * (top + _TILE), 2 * left : 2 * (left + _TILE)]
        unknown = fine.unknown[target]
        if not unknown.any():
            return
        first = max(0, top - _HALO), max(0, left - _HALO)
        source = np.s_[first[0] : top + _TILE + _HALO, first[1] : left + _TILE + _HALO]
        slope, offset = _linear_model(coarse.picture[source] / np.float64(255), alpha[source].astype(np.float64))
        skip = 2 * (top - first[0]), 2 * (left - first[1])
        inner = np.s_[skip[0] : skip[0] + unknown.shape[0], skip[1] : skip[1] + unknown.shape[1]]
        slope, offset = (_doubled(plane)[inner] for plane in (slope, offset))
        modelled = offset + np.einsum("ijk,ijk->ij", slope, fine.picture[target], dtype=np.float32) / 255
        carried[target][unknown] = np.clip(modelled[unknown], 0, 1)

    height, width = alpha.shape
    list(pool.map(fill, ((top, left) for top in range(0, height, _TILE) for left in range(0, width, _TILE))))
    return carried


def _linear_model(picture: Float, alpha: Float) -> tuple[Float, Float]:
    """Slope a (h, w, 3) and offset b (h, w), float32: each the mean over the 3x3 windows that hold the pixel."""
    mean, mean_alpha = _blur(picture), _blur(alpha)
    covariance = _blur(picture * alpha[..., None]) - mean * mean_alpha[..., None]
    # float64: the determinant of a colour line is a small difference of products.
    xx, yy, zz = (_covariance(picture, mean, i, i) + EPSILON for i in range(3))
    xy, xz, yz = (_covariance(picture, mean, i, j) for i, j in ((0, 1), (0, 2), (1, 2)))
    # The inverse of a symmetric 3x3 matrix: its cofactors over its determinant.
    cxx, cxy, cxz = yy * zz - yz * yz, xz * yz - xy * zz, xy * yz - xz * yy
    cyy, cyz, czz = xx * zz - xz * xz, xy * xz - xx * yz, xx * yy - xy * xy
    u, v, w = np.moveaxis(covariance / (xx * cxx + xy * cxy + xz * cxz)[..., None], -1, 0)
    slope = np.stack([cxx * u + cxy * v + cxz * w, cxy * u + cyy * v + cyz * w, cxz * u + cyz * v + czz * w], axis=-1)
    offset = mean_alpha - np.einsum("ijk,ijk->ij", slope, mean)
    return _blur(slope).astype(np.float32), _blur(offset).astype(np.float32)


def _covariance(picture: Float, mean: Float, i: int, j: int) -> Float:
    return _blur(picture[..., i] * picture[..., j]) - mean[..., i] * mean[..., j]


def _blur(plane: Float) -> Float:
    blurred: Float = cv2.blur(plane, (3, 3), borderType=cv2.BORDER_REFLECT)  # type: ignore[assignment]
    return blurred


def _doubled(plane: Float) -> Float:
    size = 2 * plane.shape[1], 2 * plane.shape[0]
    doubled: Float = cv2.resize(plane, size, interpolation=cv2.INTER_LINEAR)  # type: ignore[assignment]
    return doubled
