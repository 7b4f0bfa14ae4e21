"""Picture, Trimap, Matte -> Matte: removes the specks and pinholes that the solver left, then moves and blurs the edge.

Both flaws are tiny islands of unknown pixels: specks are weak alpha amid pure background, pinholes slight dips amid
pure foreground. Nothing else changes: no soft alpha is hardened, and a strand that touches the subject at all, a second
subject, or anything solid or large enough to be meant, stays.
"""

import cv2
import numpy as np

from pipeline import raster
from pipeline.box import Box
from pipeline.report import IslandFacts
from pipeline.types import UNKNOWN, Float32, Matte, Picture, Trimap, UInt8, check_same_size

LARGEST = 2e-5
"""The area of an island that may go, as a share of the picture: 16 pixels square at 12 megapixels, a grain of dust."""
AT_LEAST = 4
"""The same in pixels, for small pictures."""
GAP = 0.001
"""A share of the picture's longest side. With three times as much clear room around it an island is isolated, with up
to twice as much it is not."""
WEAK = 0.5
"""An island whose alpha (a pinhole's 1 - alpha) gets there anywhere is something rather than noise."""
PURE = 0.5 / 255
"""What rounds to nothing in 8 bits is pure background or foreground."""


def refine(picture: Picture, trimap: Trimap, matte: Matte) -> Matte:
    """`matte` without specks and pinholes; all of one size. Pixels that the trimap knows keep their alpha, to the bit.

    Facts: those of `matte`, with "specks" and "pinholes" {"count", "pixels"}, and "source_alpha", whether the picture
    has an alpha of its own, for `with_source_alpha`.
    """
    check_same_size(picture.rgb, trimap.values, matte.alpha)
    alpha = matte.alpha.copy()
    facts = matte.facts.copy()
    unknown = (trimap.values == UNKNOWN).view(np.uint8)
    islands = raster.bounds(unknown)
    if islands is not None:
        gap = max(1, round(GAP * max(alpha.shape)))
        room = 2 * gap + 1  # so that an island at the box's edge sees the subject beyond it
        box = islands.widened(room).within(Box.whole(alpha.shape)).slices
        largest = max(AT_LEAST, int(LARGEST * alpha.size))
        facts["specks"] = _clear(alpha[box], unknown[box], largest, gap, to=0.0)
        facts["pinholes"] = _clear(alpha[box], unknown[box], largest, gap, to=1.0)
    else:
        facts["specks"] = facts["pinholes"] = {"count": 0, "pixels": 0}
    facts["source_alpha"] = picture.alpha is not None
    return Matte(alpha, facts)


def with_source_alpha(picture: Picture, matte: Matte) -> Matte:
    """`matte` times the source's own alpha; `matte` itself where the source is opaque."""
    if picture.alpha is None:
        return matte
    return Matte(matte.alpha * raster.unit(picture.alpha), matte.facts)  # exactly 1 where it is opaque


def edged(matte: Matte, shift: float, feather: float) -> Matte:
    """`matte` with its edge moved outwards by `shift` pixels (inwards if negative), then blurred by a Gaussian.

    Grey-scale morphology, so that soft alpha moves along and nothing is hardened. feather: the sigma in pixels.
    """
    alpha = matte.alpha
    if shift:
        moved = cv2.dilate if shift > 0 else cv2.erode
        whole, part = divmod(abs(shift), 1)
        near, far = (moved(alpha, _disc(int(whole) + more)) for more in (0, 1))
        alpha = ((1 - part) * near + part * far).astype(np.float32)
    if feather:
        alpha = np.clip(raster.blurred(alpha, feather), 0, 1)
    return Matte(alpha, {**matte.facts, "shift": shift, "feather": feather})


def _disc(radius: int) -> UInt8:
    side = 2 * radius + 1
    return cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side)).astype(np.uint8)


def _clear(alpha: Float32, unknown: UInt8, largest: int, gap: int, *, to: float) -> IslandFacts:
    """Set to `to`, in place, the isolated islands of at most `largest` unknown pixels that deviate from it little."""
    visible = alpha > PURE if to == 0 else alpha < 1 - PURE
    if visible.all():  # an island lies in something
        return {"count": 0, "pixels": 0}
    # Thickened by the gap, neighbours become one island: a hair's tip that the sensor broke into dots is no dust. What
    # is so thick shows in every gap-th row and column as well, where islands less than a gap apart become one, too.
    thick = cv2.dilate(visible.view(np.uint8), np.ones((2 * gap + 1, 2 * gap + 1), np.uint8))
    _, labels, stats, _ = cv2.connectedComponentsWithStats(np.ascontiguousarray(thick[::gap, ::gap]), connectivity=8)
    # No pixel shows in more than 3 x 3 of them, so whatever covers more than that is too large; mostly all.
    stays = stats[:, cv2.CC_STAT_AREA] > largest * 9
    small = np.repeat(np.repeat(~stays[labels], gap, axis=0), gap, axis=1)[: alpha.shape[0], : alpha.shape[1]]
    where = np.nonzero(visible & small)
    island = labels[where[0] // gap, where[1] // gap]
    stays |= np.bincount(island.astype(np.intp), minlength=stays.size) > largest
    stays[island[(np.abs(alpha[where] - np.float32(to)) >= WEAK) | (unknown[where] == 0)]] = True
    goes = ~stays[island]
    alpha[where[0][goes], where[1][goes]] = to
    return {"count": np.unique(island[goes]).size, "pixels": int(np.count_nonzero(goes))}
