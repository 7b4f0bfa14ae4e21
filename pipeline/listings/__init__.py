"""Cutout, Matte -> a marketplace's listing image, checked against the marketplace's rules."""

from dataclasses import dataclass, replace

import numpy as np

from pipeline import compose, encode
from pipeline.box import Box
from pipeline.compose.placement import VISIBLE, place
from pipeline.geometry import Position
from pipeline.listings.compliance import Compliance, check
from pipeline.marketplaces import MARKETPLACES, QUALITY, WHITE, Marketplace
from pipeline.options import Options
from pipeline.report import ListingFacts
from pipeline.types import Cutout, Encoded, Float32, Matte

_CUT_OFF = 0.5
"""Where alpha is larger than this at the source's edge, the edge cuts the product off."""


@dataclass(frozen=True, slots=True)
class Listing:
    """A listing image.

    size: (width, height) in pixels. subject: the box of the product's visible part. quality: of the JPEG, 1 to 100.
    """

    encoded: Encoded
    size: tuple[int, int]
    subject: Box | None
    quality: int
    compliance: Compliance

    def described(self) -> ListingFacts:
        """The facts about the file for the report."""
        return {
            "content_type": self.encoded.content_type,
            "width": self.size[0],
            "height": self.size[1],
            "bytes": len(self.encoded.data),
            "subject": self.subject.described() if self.subject else None,
            "quality": self.quality,
        }


def make(cutout: Cutout, matte: Matte, options: Options, name: str) -> Listing:
    """The listing image of the marketplace `name`. options: those that the marketplace does not set itself are used.

    A product that an edge of the source cuts off touches the same edge of the listing image, rather than floating with
    a straight cut; of two opposite edges, the one that cuts off more. The compliance says that it is cut off. Alpha
    below `VISIBLE` is set to 0, so that white is exact. Raises NoSubject if nothing is visible.
    """
    marketplace = MARKETPLACES[name]
    options = _with_rules(options, marketplace, matte.alpha)
    canvas = compose.compose(cutout, matte, options, None, least=VISIBLE)
    encoded, quality = encode.encode_within(
        canvas, format=options.format, most_bytes=marketplace.most_bytes(), least=QUALITY[0], best=QUALITY[1]
    )
    alpha_only = replace(options, channels="alpha", background=None, format="png", shadow="none")
    alpha = compose.compose(cutout, matte, alpha_only, None, least=VISIBLE).alpha
    assert alpha is not None  # for mypy: channels=alpha has one
    placed = place(matte.alpha, options)
    compliance = check(
        encoded,
        marketplace,
        alpha,
        touches_edge=float(np.concatenate(_edges(matte.alpha)).mean()),
        enlarged=placed.target.width / placed.source.width,
    )
    return Listing(encoded, canvas.size, canvas.subject, quality, compliance)


def _with_rules(options: Options, marketplace: Marketplace, alpha: Float32) -> Options:
    """`options` with the canvas, size and position that the marketplace's rules and the cut-off edges ask for."""
    top, bottom, left, right = (int(np.count_nonzero(edge)) for edge in _edges(alpha))
    across, down = (0.5 + 0.5 * float(np.sign(far - near)) for near, far in ((left, right), (top, bottom)))
    spans = (top and bottom) or (left and right)  # cut off at two opposite edges, so it must touch both
    return replace(
        options,
        marketplaces=(),
        format="jpeg",
        background=WHITE,
        canvas=marketplace.canvas,
        scale=100 if spans else marketplace.fill,
        position=Position(across, down),
    )


def _edges(alpha: Float32) -> list[np.ndarray]:
    """For the source's top, bottom, left and right edge, the pixels at which the edge cuts the product off."""
    return [edge > _CUT_OFF for edge in (alpha[0], alpha[-1], alpha[:, 0], alpha[:, -1])]
