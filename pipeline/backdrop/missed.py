"""Parts of the subject that the model missed: they stand out from a plain backdrop, beside what it found."""

from collections.abc import Callable, Iterator, Sequence

import cv2
import numpy as np

from pipeline import raster
from pipeline.backdrop.masks import Mask, enclosed, frame
from pipeline.backdrop.surface import CLEAN, Surface
from pipeline.doubt import LIKELY
from pipeline.types import Float32

SHARP = 12.0
"""The least slope of a thing's outline, in levels for each pixel. A shadow's outline is less steep."""
SMALL = 0.0015
"""The least area of a missed part, as a share of the image; smaller ones are texture and noise."""
MOST_LOOKS = 4
"""At most this many parts get a closer look, the largest first."""


def missed(subject: Mask, surface: Surface, probability: Callable[[Mask], float]) -> Mask:
    """The parts that differ from the backdrop and its shadow, adjoin the subject, and are things: bool (H, W).

    subject: bool (H, W). probability: takes a closer look, and returns the model's mean probability in a part. A part
    is a thing if its outline is sharp and the image looks like a studio's, or if the closer look sees the subject in
    it.
    """
    different = surface.stands_out
    beside = sorted(_beside(different & ~subject, subject), key=np.count_nonzero, reverse=True)
    steepness = _steepness(surface.difference)
    sharp = [part for part in beside if _sharp(part, subject, surface, steepness)]
    if not surface.plain:
        within = [part for part in sharp if not (part & frame(subject.shape)).any()]
        return np.any(within, axis=0) if within and subject.any() else np.zeros_like(subject)
    parts = _filled(sharp, subject, surface)
    if _crosses(parts) or _framed(subject | parts) or not _alone(subject | parts, different, surface):
        parts = np.zeros_like(subject)
    others = [part for part in beside if not (part & parts).any()]
    confirmed = [part for part in others[:MOST_LOOKS] if probability(part) > LIKELY]
    return parts | _filled(confirmed, subject | parts, surface)


def _filled(parts: Sequence[Mask], subject: Mask, surface: Surface) -> Mask:
    """The parts, and what they and the subject enclose, except what looks like the backdrop."""
    if not parts:
        return np.zeros_like(subject)
    joined = np.any(parts, axis=0)
    return np.asarray((joined | (enclosed(subject | joined) & (surface.difference >= surface.alike))) & ~subject)


def _crosses(mask: Mask) -> bool:
    return bool((mask[0].any() and mask[-1].any()) or (mask[:, 0].any() and mask[:, -1].any()))


def _framed(mask: Mask) -> bool:
    """Whether the mask is a rectangle nearly as large as the image, which is a photograph within a frame."""
    box = raster.bounds(mask)
    if box is None:
        return False
    inside = mask[box.slices]
    return bool(inside.size >= 0.8 * mask.size and inside.mean() >= 0.97)


def _alone(things: Mask, different: Mask, surface: Surface) -> bool:
    """Whether the rest of the image is backdrop. A meadow may be plain at the image's border, but full of sheep."""
    far = ~raster.grown(things | enclosed(things), 12)
    alike = surface.difference < max(4 * surface.noise, 8.0)
    return not far.any() or bool(alike[far].mean() >= 0.86 and different[far].mean() <= 0.035)


def _beside(mask: Mask, subject: Mask) -> Iterator[Mask]:
    """The connected parts of the mask that touch the subject; all parts if the model found no subject."""
    count, labels, stats, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=8)
    near = raster.grown(subject, 1) if subject.any() else np.ones_like(subject)
    for label in range(1, count):
        if stats[label, cv2.CC_STAT_AREA] < SMALL * subject.size:  # first, as a busy image has thousands of small ones
            continue
        part = labels == label
        if (part & near).any():
            yield part


def _sharp(part: Mask, subject: Mask, surface: Surface, steepness: Float32) -> bool:
    edge = frame(subject.shape)
    outline = raster.grown(part, 1) & ~part & ~subject & ~edge
    # In a clean studio's image, a part that touches the border may be an arm. In a noisier one it is probably scenery.
    leaves = surface.noise >= CLEAN and (part & edge).sum() > 0.25 * np.sqrt(np.count_nonzero(part))
    return bool(outline.any() and np.median(steepness[outline]) >= SHARP and not leaves)


def _steepness(plane: Float32) -> Float32:
    smooth = cv2.GaussianBlur(plane, (0, 0), 0.8)
    slopes = [cv2.Sobel(smooth, cv2.CV_32F, dx, 1 - dx, scale=1 / 8) for dx in (1, 0)]
    return np.asarray(cv2.dilate(np.hypot(*slopes), np.ones((3, 3), np.uint8)), np.float32)
