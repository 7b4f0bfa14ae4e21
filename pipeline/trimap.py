"""ProbabilityMap -> Trimap: certain pixels become subject or background; the others become unknown, for matting."""

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
    """Which pixels become unknown: those between two probabilities, and a band around them.

    foreground, background: a pixel is foreground at or above the one probability, and background at or below the other,
    0..1. band: its width, in pixels of the model's input, because the map shows no finer outline.
    """

    foreground: float
    background: float
    band: float


WIDE = Zone(foreground=0.95, background=0.05, band=2.5)
UNSURE, TIGHT = 0.2, Zone(foreground=0.65, background=0.2, band=1.0)
"""WIDE is the zone at a doubt of at most SURE bits for each pixel of the subject, TIGHT that at UNSURE bits or more.
Between the two, the zone is interpolated. If the model is sure, only a thin line is in doubt, and a wide zone around it
catches the hair that the line misses. If it is unsure, whole areas are in doubt already, and a wider zone would only
leave to matting what the model got right. Measured in bench/RESULTS.md.
"""
SPREAD = 0.1
"""How far around a stroke matting may follow it, as a share of the picture's longest side."""
NOTHING, MATTING = 128, 64
"""Further values of a pixel of the strokes: no stroke, and a stroke that makes the pixel unknown."""
_VALUES = {"keep": FOREGROUND, "remove": BACKGROUND, "matting": MATTING, "erase": NOTHING}


def build(picture: Picture, probability: ProbabilityMap, bits: float | None = None) -> Trimap:
    """The trimap of `picture`. Raises NoSubject where no pixel is more likely foreground than not.

    bits: the doubt that selects the zone; by default that of `probability`.
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
    """A trimap of background only, on which a person then marks the subject."""
    values = np.full(picture.rgb.shape[:2], BACKGROUND, np.uint8)
    return Trimap(values, {"unknown_share": 0.0, "origin": "user"})


def zone_of(bits: float) -> Zone:
    """The zone for a map with that doubt, in bits: see `pipeline.doubt.doubt`."""
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
    """Strokes over scribbles, uint8 (H, W): 255 subject, 0 background, MATTING unknown, NOTHING where nothing is drawn.

    shape: (H, W). scale: pixels of the picture for each pixel of its source. scribbles: uint8 (H, W). Raises
    BadOptions.
    """
    plane = np.full(shape, NOTHING, np.uint8)
    if scribbles is not None:
        _check_size("scribbles", scribbles, plane)
        sure = (scribbles == FOREGROUND) | (scribbles == BACKGROUND)
        plane[sure] = scribbles[sure]
    for stroke in strokes:
        # A stroke's origin is the corner of the first pixel; OpenCV's is its centre.
        raster.brushed(plane, np.array(stroke.points) * scale - 0.5, stroke.radius * scale, _VALUES[stroke.tool])
    return plane


def marked(trimap: Trimap, strokes: UInt8) -> Trimap:
    """`trimap` with the user's strokes, uint8 (H, W), as `drawn` gives them.

    Where a stroke contradicts the trimap, the contradicted value becomes unknown within SPREAD of the stroke, so that
    matting extends the stroke to what looks like it. Raises BadOptions.
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
    """`trimap` with background everywhere outside the box."""
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
    """`mask` without the pixels within `reach` of its outline. The edge of the picture is not an outline."""
    inside, outside = raster.bounds(mask), raster.bounds(~mask)
    if inside is None or outside is None:
        return mask
    # The outline is in both boxes; further away nothing changes.
    near = inside.widened(reach + 1).within(outside.widened(reach + 1)).within(Box.whole(mask.shape)).slices
    distance = cv2.distanceTransform(np.pad(mask[near], 1, mode="edge").view(np.uint8), cv2.DIST_L2, 3)
    shrunk = mask.copy()
    shrunk[near] = distance[1:-1, 1:-1] > reach
    return shrunk
