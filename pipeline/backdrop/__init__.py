"""Picture, ProbabilityMap -> Evidence: what a plain backdrop says about parts that the model missed, and about holes.

A studio's backdrop is smooth: each channel is close to a quadratic surface over the image. Where the image's border
fits one, everything that differs from it clearly, sharply and beside the subject belongs to the subject, whatever the
model made of it. What is not sharp does where a closer look of the model agrees. What equals the backdrop inside the
subject, walled in on all sides, may be a hole. Colour alone would cut white labels out of dark bottles, so a hole needs
the model's consent as well: it must have had a doubt there, and a closer look at the place must see background.

Where three quarters of the border are clean and the rest is something else, such as a shadow, sharp parts that lie
wholly inside the image still belong to a subject that the model found. Nothing else is concluded there.

All of it happens on a small copy. Matting decides the outlines afterwards.
"""

from dataclasses import replace
from typing import NamedTuple

import numpy as np

from pipeline import raster
from pipeline.backdrop import closer
from pipeline.backdrop.closer import Look
from pipeline.backdrop.holes import pockets
from pipeline.backdrop.masks import Mask, enlarged, grown
from pipeline.backdrop.missed import missed
from pipeline.backdrop.surface import fit
from pipeline.doubt import LIKELY
from pipeline.options import Holes as HolesMode
from pipeline.report import BackdropFacts, TrimapFacts
from pipeline.types import BACKGROUND, FOREGROUND, UNKNOWN, Picture, ProbabilityMap, Trimap

SIDE = 480
"""The small copy's longest side, in pixels."""
LEAST_SIDE = 32
"""An image whose small copy is narrower has no border to speak of."""
MOST_LOOKS = 8
"""Pockets that get a closer look, the largest first; the rest stay. Each look takes as long as a small image."""
PART, POCKET = 2.2, 3.5
"""A closer look at a missed part or at a pocket is so many times as wide as that."""
NOTABLE = 0.05
"""Less that is left out is clutter in a corner, and not worth a word."""
OUTLINE = 1.5
"""How far around the evidence's outlines alpha is unknown, in pixels of the small copy."""


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
    """The backdrop's evidence; None where the backdrop is not plain or shows nothing worth a word.

    look: the model's probability map of a part of the picture, float32 (h, w), for a second opinion on a hole.
    mode: which pockets become holes: those that the model and a closer look agree on ("auto"), none ("keep"), or all
    that look like the backdrop and are walled in ("cut").
    """
    height, width = probability.values.shape
    size = raster.size_within((height, width), SIDE)
    rgb = raster.averaged(picture.rgb, size).astype(np.float32)
    values = raster.averaged(probability.values, size)
    found = values >= LIKELY
    if min(size) < LEAST_SIDE or (surface := fit(rgb, found)) is None:
        return None
    added = missed(found, surface, lambda part: closer.probability(part, picture, look, PART))
    asked = surface.plain and mode != "keep"
    proposed = list(pockets(values, found | added, surface, certain=mode == "auto")) if asked else []
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
    """The box around a part of the small copy in the image of that size, None where there is nothing."""
    box = raster.bounds(part)
    return None if box is None else box.resized(part.shape, size).described()


def revised(probability: ProbabilityMap, evidence: Evidence) -> ProbabilityMap:
    """The map with the evidence in it: 1 where something was added, 0 in holes."""
    values = probability.values.copy()
    values[evidence.added], values[evidence.holes] = 1, 0
    return replace(probability, values=values)


def confirmed(evidence: Evidence, probability: ProbabilityMap) -> Evidence:
    """What is left of the evidence where a person's strokes have changed the map that it went into."""
    subject = probability.values >= LIKELY
    return evidence._replace(added=evidence.added & subject, holes=evidence.holes & ~subject)


def marked(known: Trimap, evidence: Evidence) -> Trimap:
    """The trimap with the evidence known inside its outlines, and unknown around them."""
    values, reach = known.values.copy(), evidence.reach
    for part, inside, outside in ((evidence.added, FOREGROUND, BACKGROUND), (evidence.holes, BACKGROUND, FOREGROUND)):
        values[grown(part, reach) & (values == outside)] = UNKNOWN
        values[part] = UNKNOWN
        values[~grown(~part, reach)] = inside
    facts: TrimapFacts = {**known.facts, "backdrop": evidence.facts}
    facts["unknown_share"] = float((values == UNKNOWN).mean())
    return Trimap(values, facts)
