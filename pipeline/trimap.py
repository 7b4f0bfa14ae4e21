"""ProbabilityMap -> Trimap: certain pixels stay as they are, doubtful ones become unknown and are left to matting."""

from collections.abc import Iterable
from typing import NamedTuple

import cv2
import numpy as np

from pipeline import raster
from pipeline.box import Box
from pipeline.doubt import SURE, doubt
from pipeline.errors import BadOptions, NoSubject
from pipeline.report import TrimapFacts
from pipeline.strokes import Stroke
from pipeline.types import (
    BACKGROUND,
    FOREGROUND,
    UNKNOWN,
    Picture,
    ProbabilityMap,
    Trimap,
    UInt8,
    check_same_size,
)


class Zone(NamedTuple):
    """What is in doubt: what the network holds for neither foreground nor background, and what lies `band` around it.

    foreground, background: the probabilities, 0..1, from which on and up to which a pixel is known. band: in the
    network's own pixels, as no outline of its is finer.
    """

    foreground: float
    background: float
    band: float


WIDE = Zone(foreground=0.95, background=0.05, band=2.5)
UNSURE, TIGHT = 0.2, Zone(foreground=0.65, background=0.2, band=1.0)
"""The zone at and below a doubt of SURE bits for each pixel of the subject, and at and above UNSURE; between them it
is in proportion. Where a network is sure, what it leaves in doubt is a thin line, and a broad zone around it finds the
hair that the line is too thin for. Where it is not, whole areas are in doubt already: the more is left to matting then,
the more it gives away of what the network was right about. Measured in bench/RESULTS.md.
"""
SPREAD = 0.1
"""How far a stroke may carry in a trimap of the user's own, as a share of the picture's longest side."""
NOTHING, MATTING = 128, 64
"""What a pixel of the strokes holds besides FOREGROUND and BACKGROUND: no stroke, and one that makes it unknown."""
_VALUES = {"keep": FOREGROUND, "remove": BACKGROUND, "matting": MATTING, "erase": NOTHING}


def build(picture: Picture, probability: ProbabilityMap, bits: float | None = None) -> Trimap:
    """The trimap of `picture`. Raises NoSubject where no pixel is more likely foreground than not.

    bits: the doubt that its zone goes by; by default that of `probability`.
    """
    check_same_size(picture.rgb, probability.values)
    if not likely(probability):
        raise NoSubject(
            "No subject was found in this image. Use a photo with one clear subject, or mark the subject's rectangle "
            "with roi."
        )
    zone = zone_of(doubt(probability.values) if bits is None else bits)
    reach = max(1, round(zone.band * probability.cell))
    values = np.full(probability.values.shape, UNKNOWN, np.uint8)
    values[_shrunk(probability.values >= zone.foreground, reach)] = FOREGROUND
    values[_shrunk(probability.values <= zone.background, reach)] = BACKGROUND
    return Trimap(values, {"unknown_share": _unknown_share(values), "origin": "model"})


def likely(probability: ProbabilityMap) -> bool:
    """Whether any pixel is more likely foreground than not."""
    return bool((probability.values >= 0.5).any())


def blank(picture: Picture) -> Trimap:
    """Background alone, for a person to mark the subject on."""
    values = np.full(picture.rgb.shape[:2], BACKGROUND, np.uint8)
    return Trimap(values, {"unknown_share": 0.0, "origin": "user"})


def zone_of(bits: float) -> Zone:
    """The zone for a map of so much doubt, as `pipeline.doubt.doubt` counts it."""
    return Zone(*(float(np.interp(bits, (SURE, UNSURE), ends)) for ends in zip(WIDE, TIGHT, strict=True)))


def from_grey(grey: UInt8, picture: Picture) -> Trimap:
    """The user's own trimap, uint8 (H, W): 0 background, 255 foreground, anything else unknown. Raises BadOptions."""
    _check_size("trimap", grey, picture.rgb)
    values = np.where((grey == BACKGROUND) | (grey == FOREGROUND), grey, np.uint8(UNKNOWN))
    if not (values != BACKGROUND).any():
        raise BadOptions("trimap is background (0) everywhere. Mark the subject with 255 and its edges with 128.")
    if (values == UNKNOWN).all():
        raise BadOptions(
            f"trimap is unknown everywhere: its values are {grey.min()} to {grey.max()}, and only exactly 255 marks "
            "subject and exactly 0 background. Mark some of both."
        )
    return Trimap(values, {"unknown_share": _unknown_share(values), "origin": "user"})


def drawn(strokes: Iterable[Stroke], shape: tuple[int, int], scale: float, scribbles: UInt8 | None) -> UInt8:
    """Strokes over scribbles, uint8 of `shape` (H, W): 255 is subject, 0 background, MATTING unknown, NOTHING neither.

    scale: pixels of the image for each pixel of its source. scribbles: uint8 (H, W). Raises BadOptions.
    """
    plane = np.full(shape, NOTHING, np.uint8)
    if scribbles is not None:
        _check_size("scribbles", scribbles, plane)
        sure = (scribbles == FOREGROUND) | (scribbles == BACKGROUND)
        plane[sure] = scribbles[sure]
    for stroke in strokes:
        # A stroke counts from the corner of the first pixel, OpenCV from its centre.
        raster.brushed(plane, np.array(stroke.points) * scale - 0.5, stroke.radius * scale, _VALUES[stroke.tool])
    return plane


def marked(trimap: Trimap, strokes: UInt8) -> Trimap:
    """`trimap` with the user's strokes, uint8 (H, W), as `drawn` gives them.

    Where a stroke contradicts what was known, that is unknown within SPREAD around the stroke, so that matting carries
    the stroke on to what looks alike. Raises BadOptions.
    """
    _check_size("scribbles", strokes, trimap.values)
    values = trimap.values.copy()
    reach = max(1, round(SPREAD * max(values.shape)))
    for value, other in ((FOREGROUND, BACKGROUND), (BACKGROUND, FOREGROUND)):
        against = (strokes == value) & (trimap.values == other)
        if not against.any():
            continue
        near = cv2.distanceTransform((~against).astype(np.uint8), cv2.DIST_L2, 3) <= reach
        values[near & (trimap.values == other)] = UNKNOWN
    for value in (FOREGROUND, BACKGROUND):
        values[strokes == value] = value
    values[strokes == MATTING] = UNKNOWN
    return _counted(values, {**trimap.facts, "scribbled_share": float((strokes != NOTHING).mean())})


def within(trimap: Trimap, box: Box) -> Trimap:
    """`trimap` with background alone outside the box."""
    values = np.full_like(trimap.values, BACKGROUND)
    values[box.slices] = trimap.values[box.slices]
    return _counted(values, {**trimap.facts, "roi": box.described()})


def _check_size(option: str, given: UInt8, image: UInt8) -> None:
    if given.shape != image.shape[:2]:
        (height, width), (rows, columns) = given.shape, image.shape[:2]
        raise BadOptions(
            f"{option} is {width} x {height} pixels, but the image is {columns} x {rows}. Resize {option} to match."
        )


def _counted(values: UInt8, facts: TrimapFacts) -> Trimap:
    return Trimap(values, {**facts, "unknown_share": _unknown_share(values)})


def _unknown_share(values: UInt8) -> float:
    return np.count_nonzero(values == UNKNOWN) / values.size


def _shrunk(mask: np.ndarray, reach: int) -> np.ndarray:
    """`mask` without what lies within `reach` pixels of its outline; the picture's own edge is no outline."""
    inside, outside = raster.bounds(mask), raster.bounds(~mask)
    if inside is None or outside is None:
        return mask
    # The outline lies where both boxes meet; further away nothing changes.
    near = inside.widened(reach + 1).within(outside.widened(reach + 1)).within(Box.whole(mask.shape)).slices
    distance = cv2.distanceTransform(np.pad(mask[near], 1, mode="edge").view(np.uint8), cv2.DIST_L2, 3)
    shrunk = mask.copy()
    shrunk[near] = distance[1:-1, 1:-1] > reach
    return shrunk
