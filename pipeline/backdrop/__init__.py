"""Picture, ProbabilityMap -> Evidence: what a plain backdrop shows of parts that the model missed, and of holes.

A studio's backdrop is smooth: each channel is close to a quadratic surface over the image. If the image's border fits
such a surface, these rules hold:

- What differs clearly from the surface, has a sharp outline and adjoins the subject belongs to the subject, whatever
  its probability. If its outline is not sharp, a closer look of the model must agree.
- What looks like the surface inside the subject, and is walled in on all sides, may be a hole. By colour alone, white
  labels would be cut out of dark bottles. So the model must not be certain that the place is subject, and a closer look
  must see background there.

If only three quarters of the border fit, and the rest is something else, such as a shadow, one rule is left: sharp
parts that do not touch the border belong to a subject that the model found.

All of this is computed on a small copy. Matting decides the outlines afterwards.
"""

from dataclasses import replace
from typing import NamedTuple

import numpy as np

from pipeline import raster
from pipeline.backdrop import closer
from pipeline.backdrop.closer import Look
from pipeline.backdrop.holes import pockets
from pipeline.backdrop.masks import Mask, enlarged
from pipeline.backdrop.missed import missed
from pipeline.backdrop.surface import fit
from pipeline.doubt import LIKELY
from pipeline.options import Holes as HolesMode
from pipeline.report import BackdropFacts, TrimapFacts
from pipeline.types import BACKGROUND, FOREGROUND, UNKNOWN, Picture, ProbabilityMap, Trimap

SIDE = 480
"""The small copy's longest side, in pixels."""
LEAST_SIDE = 32
"""An image whose small copy is narrower is not examined, because its border has too few pixels."""
MOST_LOOKS = 8
"""At most this many pockets get a closer look, the largest first; the others are not cut."""
PART, POCKET = 2.2, 3.5
"""The width of a closer look, relative to that of the missed part or the pocket."""
NOTABLE = 0.05
"""A smaller share left out is clutter in a corner, and is not reported."""
OUTLINE = 1.5
"""Alpha is unknown this far around the evidence's outlines, in pixels of the small copy."""


class Evidence(NamedTuple):
    """What the backdrop shows.

    added: bool (H, W), parts of the subject that the model missed. holes: bool (H, W), background inside the subject.
    Both at the image's size. reach: pixels around their outlines that matting has to decide. facts: for the report.
    """

    added: Mask
    holes: Mask
    reach: int
    facts: BackdropFacts


def examine(picture: Picture, probability: ProbabilityMap, look: Look, mode: HolesMode = "auto") -> Evidence | None:
    """The backdrop's evidence; None if the backdrop is not plain or shows nothing notable.

    look: runs the model on a part of the picture. mode: which pockets become holes: those in which the model and a
    closer look see background ("auto"), none ("keep"), or all that look like the backdrop and are walled in ("cut").
    """
    height, width = probability.values.shape
    size = raster.size_within((height, width), SIDE)
    rgb = raster.averaged(picture.rgb, size).astype(np.float32)
    values = raster.averaged(probability.values, size)
    found = values >= LIKELY
    if min(size) < LEAST_SIDE or (surface := fit(rgb, found)) is None:
        return None
    added = missed(found, surface, lambda part: closer.probability(part, picture, look, PART))
    wanted = surface.plain and mode != "keep"
    proposed = list(pockets(values, found | added, surface, certain=mode == "auto")) if wanted else []
    if mode == "cut":
        cut = proposed
    else:
        largest = sorted(proposed, key=np.count_nonzero, reverse=True)[:MOST_LOOKS]
        cut = [pocket for pocket in largest if closer.probability(pocket, picture, look, POCKET) < LIKELY]
    subject = found | added
    outside = surface.stands_out & ~subject & surface.plain
    left_out = float(outside.sum() / max(1, (outside | subject).sum()))
    if not added.any() and not proposed and left_out < NOTABLE:
        return None
    judged = [] if mode == "cut" else proposed
    holes = np.any(cut, axis=0) if cut else np.zeros_like(added)
    facts: BackdropFacts = {
        "added_share": float(added.mean()),
        "holes": len(cut),
        "holes_rejected": len(proposed) - len(cut),
        "pockets_judged": len(judged),
        "pocket_box": _place(max(judged, key=np.count_nonzero), (width, height)) if judged else None,
        "left_out": left_out,
        "left_out_box": _place(raster.largest(outside), (width, height)),
    }
    reach = max(1, round(OUTLINE * max(height, width) / max(size)))
    return Evidence(enlarged(added, (width, height)), enlarged(holes, (width, height)), reach, facts)


def _place(part: Mask, size: tuple[int, int]) -> list[int] | None:
    """The box around a part of the small copy, in pixels of the image of that size; None if the part is empty."""
    box = raster.bounds(part)
    return None if box is None else box.resized(part.shape, size).described()


def revised(probability: ProbabilityMap, evidence: Evidence) -> ProbabilityMap:
    """The map corrected by the evidence: 1 in added parts, 0 in holes."""
    values = probability.values.copy()
    values[evidence.added], values[evidence.holes] = 1, 0
    return replace(probability, values=values)


def confirmed(evidence: Evidence, probability: ProbabilityMap) -> Evidence:
    """The evidence without what a person's strokes have changed since. probability: the map with the strokes."""
    subject = probability.values >= LIKELY
    return evidence._replace(added=evidence.added & subject, holes=evidence.holes & ~subject)


def marked(known: Trimap, evidence: Evidence) -> Trimap:
    """The trimap with the evidence: known inside its outlines, and unknown around them."""
    values, reach = known.values.copy(), evidence.reach
    for part, inside, outside in ((evidence.added, FOREGROUND, BACKGROUND), (evidence.holes, BACKGROUND, FOREGROUND)):
        values[raster.grown(part, reach) & (values == outside)] = UNKNOWN
        values[part] = UNKNOWN
        values[~raster.grown(~part, reach)] = inside
    facts: TrimapFacts = {**known.facts, "backdrop": evidence.facts}
    facts["unknown_share"] = float((values == UNKNOWN).mean())
    return Trimap(values, facts)
