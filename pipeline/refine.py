"""Picture, Trimap, Matte -> Matte: removes the specks and pinholes that the solver left, then moves and blurs the edge.

Both flaws are tiny islands of unknown pixels: specks are weak alpha in pure background, pinholes slight dips in pure
foreground. Nothing else changes. Soft alpha is not hardened. A strand that touches the subject stays, and so does a
second subject and anything else that is solid or large.
"""

import cv2
import numpy as np

from pipeline import raster
from pipeline.box import Box
from pipeline.report import IslandFacts
from pipeline.types import UNKNOWN, Float32, Matte, Picture, Trimap, UInt8, check_same_size

LARGEST = 2e-5
"""The largest area of an island that is removed, as a share of the picture: about 16 x 16 pixels at 12 megapixels."""
AT_LEAST = 4
"""Islands of up to this many pixels are removed from small pictures, too."""
GAP = 0.001
"""A share of the picture's longest side. An island with three times as much clear space around it is isolated; one with
up to twice as much is not."""
WEAK = 0.5
"""An island whose alpha (a pinhole's 1 - alpha) reaches this anywhere is not noise, and stays."""
PURE = 0.5 / 255
"""Alpha this close to 0 or 1 is pure background or foreground, because it rounds to that in 8 bits."""


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
        room = 2 * gap + 1  # so that the box holds whatever is near an island at its edge
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

    By grey-scale morphology, which moves soft alpha without hardening it. feather: the Gaussian's sigma in pixels.
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
    if visible.all():  # then there is nothing pure around an island
        return {"count": 0, "pixels": 0}
    # Dilated by the gap, neighbours become one island: a hair's tip that the sensor broke into dots is not dust. An
    # island that is so thick is also visible in every gap-th row and column, where islands less than a gap apart become
    # one.
    thick = cv2.dilate(visible.view(np.uint8), np.ones((2 * gap + 1, 2 * gap + 1), np.uint8))
    _, labels, stats, _ = cv2.connectedComponentsWithStats(np.ascontiguousarray(thick[::gap, ::gap]), connectivity=8)
    # A pixel is visible in at most 3 x 3 of those, so an island that covers more of them is too large. Most islands
    # are.
    stays = stats[:, cv2.CC_STAT_AREA] > largest * 9
    small = np.repeat(np.repeat(~stays[labels], gap, axis=0), gap, axis=1)[: alpha.shape[0], : alpha.shape[1]]
    where = np.nonzero(visible & small)
    island = labels[where[0] // gap, where[1] // gap]
    stays |= np.bincount(island.astype(np.intp), minlength=stays.size) > largest
    stays[island[(np.abs(alpha[where] - np.float32(to)) >= WEAK) | (unknown[where] == 0)]] = True
    goes = ~stays[island]
    alpha[where[0][goes], where[1][goes]] = to
    return {"count": np.unique(island[goes]).size, "pixels": int(np.count_nonzero(goes))}
