"""ProbabilityMap -> ProbabilityMap: a stroke counts for the whole part that it marks, not only for its own pixels.

If a person marks as subject what the model took for background, the model was wrong about a whole part, such as the cap
of a tube or the jacket of a bear. A random walk with priors finds how far that part reaches (Grady, "Multilabel Random
Walker Image Segmentation Using Prior Models", CVPR 2005). A pixel belongs to it if a walk from there is likelier to end
at the stroke or the subject than elsewhere, and a walk seldom crosses a change of colour. By the prior, pixels that are
near the stroke and look like it belong to it. Strokes that remove work the same way, with subject and background
exchanged.

All of this is computed on a small copy. Pixels that are not connected with the stroke keep the model's probability, to
the bit. The trimap and matting decide the outlines afterwards.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline import raster
from pipeline.doubt import LIKELY
from pipeline.types import BACKGROUND, FOREGROUND, Float32, Picture, ProbabilityMap, UInt8, check_same_size

Mask = NDArray[np.bool_]
Float = NDArray[np.float64]

SIDE = 256
"""The small copy's longest side, in pixels."""
COVERED = 0.3
"""A pixel of the small copy belongs to a stroke that covers more than this share of it."""
MOST_PARTS = 16
"""At most this many marked parts are grown, the largest first. Of the others, only the strokes' own pixels count."""
BINS = 16
"""The bins of a colour histogram, for each channel of CIELAB."""
NEAR, AT_STROKE = 0.17, 0.75
"""The prior that a pixel belongs to the stroke: AT_STROKE beside the stroke, before colours count, and smaller by a
factor of e at the distance NEAR, as a share of the longest side."""
FAR = 0.2
"""A stroke changes nothing beyond this distance, as a share of the longest side."""
SHARPER = 2.0
"""The walk's probabilities are made steeper around LIKELY by this factor, so that the inside of a part is certain."""
CRUMB = 0.1
"""The largest area of an island that is removed together with a part, relative to that of the part."""
UNSEEN = 0.02
"""The share of all other colours in the stroke's histogram, because a few pixels do not show all colours of a part."""
CONTRAST, PRIOR = 0.15, 0.5
"""The squared colour difference, relative to the mean one, at which an edge is weaker by a factor of e; and the weight
of the prior relative to an edge between equal colours. Measured, as are NEAR and AT_STROKE, in bench/RESULTS.md."""
_NEIGHBOURS = np.ones((5, 5), np.uint8)
CYCLES, TOLERANCE = 150, 1e-3
"""The limits of the conjugate gradients: their number, and the relative residual."""


def revised(picture: Picture, probability: ProbabilityMap, strokes: UInt8) -> ProbabilityMap:
    """The map corrected by the strokes, uint8 (H, W), as `trimap.drawn` gives them. All have the same size."""
    check_same_size(picture.rgb, probability.values, strokes)
    size = raster.size_within(strokes.shape, SIDE)
    lab = raster.lab(raster.unit(raster.averaged(picture.rgb, size))).astype(np.float64)
    small, values = raster.averaged(probability.values, size), probability.values.copy()
    keep, remove = (_covered(strokes == value, size) for value in (FOREGROUND, BACKGROUND))
    for part in _parts(keep & (small < LIKELY)):
        grown = _grown(lab, small >= LIKELY, part, remove)
        small = np.maximum(small, grown)
        values = np.maximum(values, raster.bilinear(grown, values.shape[::-1]))
    for part in _parts(remove & (small >= LIKELY)):
        grown = _with_crumbs(_grown(lab, small < LIKELY, part, keep), small >= LIKELY)
        small = np.minimum(small, 1 - grown)
        values = np.minimum(values, 1 - raster.bilinear(grown, values.shape[::-1]))
    values[strokes == FOREGROUND], values[strokes == BACKGROUND] = 1, 0
    return replace(probability, values=values)


def _covered(strokes: Mask, size: tuple[int, int]) -> Mask:
    plane = strokes.astype(np.float32)
    thin = cv2.resize(plane, size, interpolation=cv2.INTER_NEAREST) > 0  # because a thin stroke covers no pixel enough
    return np.asarray((raster.averaged(plane, size) > COVERED) | thin)


def _parts(wrong: Mask) -> Iterator[Mask]:
    count, labels, stats, _ = cv2.connectedComponentsWithStats(wrong.astype(np.uint8), connectivity=8)
    for label in sorted(range(1, count), key=lambda label: -stats[label, cv2.CC_STAT_AREA])[:MOST_PARTS]:
        yield labels == label


def _grown(lab: Float, side: Mask, part: Mask, against: Mask) -> Float32:
    """The probability of each pixel to belong to a marked part, float32 (h, w); 0 where it is not connected with it.

    lab: CIELAB, float64 (h, w, 3). The others are bool (h, w). side: the pixels that are on the stroke's side already.
    part: the stroke's pixels that are not. against: the pixels of strokes that say the opposite.
    """
    distance = cv2.distanceTransform((~part).astype(np.uint8), cv2.DIST_L2, 3).astype(np.float64) / max(part.shape)
    free = ~side | part
    fixed = part | against | side
    prior = _prior(lab, part, free & ~part, np.exp(-distance / NEAR))
    x = _walked(lab, np.where(fixed, (part | side) & ~against, prior), np.where(fixed, 1e3, PRIOR))
    belongs = ((x > LIKELY) & (distance < FAR)) | part
    _, labels = cv2.connectedComponents(belongs.astype(np.uint8), connectivity=4)
    reached = np.isin(labels, np.unique(labels[part])) & free
    beside = cv2.dilate(reached.astype(np.uint8), _NEIGHBOURS) > 0
    sharp = np.clip((x - LIKELY) * SHARPER + LIKELY, 0, 1)
    return np.where(beside & free, sharp, 0).astype(np.float32)


def _with_crumbs(grown: Float32, subject: Mask) -> Float32:
    """`grown`, extended to the small islands of the subject that would be left beside it."""
    removed = grown > LIKELY
    left = subject & ~removed
    _, labels, stats, _ = cv2.connectedComponentsWithStats(left.astype(np.uint8), connectivity=8)
    beside = np.unique(labels[left & (cv2.dilate(removed.astype(np.uint8), _NEIGHBOURS) > 0)])
    small = stats[:, cv2.CC_STAT_AREA] <= CRUMB * np.count_nonzero(removed)
    return np.where(left & np.isin(labels, beside) & small[labels], np.float32(1), grown)


def _prior(lab: Float, part: Mask, others: Mask, near: Float) -> Float:
    """The chance of each pixel to belong to the part, by its colour and its distance, float64 (h, w)."""
    scale, shift = np.array([BINS / 100, BINS / 128, BINS / 128]), np.array([0, BINS / 2, BINS / 2])
    bins = np.clip((lab * scale + shift).astype(np.intp), 0, BINS - 1)
    colour = (bins[..., 0] * BINS + bins[..., 1]) * BINS + bins[..., 2]
    theirs = _histogram(colour, others * (1 - near))[colour]
    alike = (1 - UNSEEN) * _histogram(colour, part)[colour] + UNSEEN * theirs
    chance = AT_STROKE * near
    return np.asarray(chance * alike / np.maximum(chance * alike + (1 - chance) * theirs, 1e-12))


def _histogram(colour: NDArray[np.intp], weight: NDArray[np.generic]) -> Float:
    """The share of each colour, smoothed over neighbouring ones."""
    counts = np.bincount(colour.ravel(), weight.ravel(), BINS**3).astype(np.float64).reshape(BINS, BINS, BINS)
    for axis in range(3):
        counts = (np.roll(counts, 1, axis) + 2 * counts + np.roll(counts, -1, axis)) / 4
    return np.asarray(counts.ravel() / max(counts.sum(), 1e-12))


def _walked(lab: Float, prior: Float, trust: Float) -> Float:
    """The x that minimises the sum of trust (x - prior)^2, and of w (x - x')^2 over neighbours."""
    across, down = (((np.diff(lab, axis=axis)) ** 2).sum(axis=-1) for axis in (1, 0))
    typical = CONTRAST * (across.sum() + down.sum()) / (2 * prior.size) + 1e-6
    across, down = (np.exp(-difference / typical) + 1e-4 for difference in (across, down))
    total = trust.copy()
    for weight, (before, after) in ((across, _BESIDE), (down, _BELOW)):
        total[before] += weight
        total[after] += weight
    scale = 1 / np.sqrt(total)  # Jacobi's preconditioner

    def system(scaled: Float) -> Float:
        x = scale * scaled
        pulled = total * x
        for weight, (before, after) in ((across, _BESIDE), (down, _BELOW)):
            pulled[before] -= weight * x[after]
            pulled[after] -= weight * x[before]
        return np.asarray(scale * pulled)

    return scale * _solved(system, scale * trust * prior, prior / scale)


_BESIDE = np.s_[:, :-1], np.s_[:, 1:]
_BELOW = np.s_[:-1], np.s_[1:]


def _solved(system: Callable[[Float], Float], target: Float, x: Float) -> Float:
    """Conjugate gradients (Hestenes and Stiefel 1952), from x on."""
    residual = target - system(x)
    direction, length = residual, float((residual**2).sum())
    enough = TOLERANCE**2 * length
    for _ in range(CYCLES):
        if length <= enough:
            break
        image = system(direction)
        step = length / float((direction * image).sum())
        x, residual = x + step * direction, residual - step * image
        before, length = length, float((residual**2).sum())
        direction = residual + length / before * direction
    return x
